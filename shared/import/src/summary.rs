//! What became of a file, as a person reads it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::Kind;
use crate::formats::KnownBy;
use crate::said::Said;

/// Reasons that a [`Summary`] shows in full; the file of rejected rows has them all.
pub const FIRST_REASONS: usize = 5;

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// What it holds.
    pub kind: Option<Kind>,
    /// How its bytes were read, such as `Shift_JIS (windows-31j)`.
    pub read_as: String,
    /// Whose format it is in, such as `EC-CUBE`; nothing for this program's own.
    pub format: String,
    /// Rows handed over as calls.
    pub taken: u64,
    /// Orders that those rows are; as many as [`Self::taken`] for other files.
    pub taken_as: u64,
    /// Rows that say what an earlier row of the file said, and are not handed over again.
    pub repeated: u64,
    /// Rows among [`Self::taken`] of orders that earlier rows gave, other rows between them.
    pub further: u64,
    /// Rows written to the file of rejected rows.
    pub rejected: u64,
    /// Orders that are no purchase, by their state.
    pub no_purchase: BTreeMap<String, u64>,
    /// Rows of those.
    pub left_out: u64,
    /// Rows or orders whose customer has no id and is known by the e-mail address.
    pub by_email: u64,
    /// Rows or orders whose customer has no id and is known by the phone number.
    pub by_phone: u64,
    /// Customers whose phone number is kept as `fixed_line`: no SMS goes there.
    pub fixed_lines: u64,
    /// Rows whose column looks like consent and says neither yes nor no clearly, by column.
    pub unclear: BTreeMap<String, u64>,
    /// The line from which on what rows are about is not kept any more: later rows are compared with those before it alone.
    pub looked_until: Option<u64>,
    /// Orders of which only the first products are kept.
    pub long_orders: u64,
    /// The file of rejected rows, when there is one.
    pub kept: Option<PathBuf>,
    /// The first [`FIRST_REASONS`] reasons, as `FILE:LINE: column: what was wrong; what would be right`.
    pub reasons: Vec<String>,
    /// Columns that look like a slip of the pen, or are not used.
    pub notes: Vec<String>,
}

impl Summary {
    /// Counts what a row or an order says that is handed over.
    pub(crate) fn says(&mut self, said: &Said) {
        match said.known_by {
            Some(KnownBy::Email) => self.by_email += 1,
            Some(KnownBy::Phone) => self.by_phone += 1,
            None => {}
        }
        self.fixed_lines += u64::from(said.fixed_line);
        self.long_orders += u64::from(said.long);
        for column in &said.unclear {
            *self.unclear.entry(column.clone()).or_default() += 1;
        }
    }

    fn lines(&self) -> Vec<String> {
        let noun = match self.kind {
            Some(Kind::Orders) => "order",
            Some(Kind::Customers | Kind::Events) | None => "row",
        };
        let mut lines = Vec::new();
        let of = if self.format.is_empty() { String::new() } else { format!(", columns of {}", self.format) };
        lines.push(format!("read as {}{of}", self.read_as));
        let states: Vec<String> =
            self.no_purchase.iter().map(|(state, count)| format!("{count} {state}")).collect();
        if !states.is_empty() {
            let orders: u64 = self.no_purchase.values().sum();
            let of =
                if self.left_out == orders { String::new() } else { format!(" ({})", rows(self.left_out)) };
            let (whose, still) = match orders {
                1 => ("its", "it was imported as a purchase before, it still counts"),
                _ => ("their", "they were imported as purchases before, they still count"),
            };
            let (orders, states) = (counted(orders, "order"), states.join(", "));
            lines.push(format!("{orders}{of} left out for {whose} status ({states}); if {still}"));
        }
        lines.extend(self.doubles());
        for (count, known_by) in [(self.by_email, "e-mail address"), (self.by_phone, "phone number")] {
            if count > 0 {
                lines.push(format!("{} without a customer's id, known by {known_by}", counted(count, noun)));
            }
        }
        if self.fixed_lines > 0 {
            let what = "not of a mobile phone, kept as `fixed_line`: no SMS goes there";
            lines.push(format!("{} {what}", counted(self.fixed_lines, "phone number")));
        }
        for (column, count) in &self.unclear {
            let what = "neither yes nor no in words, and no consent is taken from there; if 1 means yes and 0 no, name the \
                        column by --map";
            lines.push(format!("{} of `{column}` with {what}", counted(*count, "cell")));
        }
        if self.long_orders > 0 {
            let what = "more than 20 products: the first 20 are kept";
            lines.push(format!("{} of {what}", counted(self.long_orders, "order")));
        }
        lines
    }
}

impl Summary {
    /// What was said twice.
    fn doubles(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.repeated > 0 {
            let what = if self.repeated == 1 { "repeats an earlier one" } else { "repeat earlier ones" };
            lines.push(format!("{} {what}", rows(self.repeated)));
        }
        if self.further > 0 {
            let what = "whose first rows stand further up: each order counts once, with the products of its first rows";
            lines.push(format!("{} of orders {what}", rows(self.further)));
        }
        if let Some(line) = self.looked_until {
            lines.push(format!("from line {line} on, rows are compared with those before it alone"));
        }
        lines
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} taken", rows(self.taken))?;
        if self.taken_as != self.taken {
            write!(f, " as {}", counted(self.taken_as, "order"))?;
        }
        write!(f, ", {} rejected", rows(self.rejected))?;
        if let Some(kept) = &self.kept {
            write!(f, "; see {}", kept.display())?;
        }
        for line in self.lines().iter().chain(&self.notes).chain(&self.reasons) {
            write!(f, "\n{line}")?;
        }
        match self.rejected.saturating_sub(self.reasons.len() as u64) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

fn rows(count: u64) -> String {
    counted(count, "row")
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
