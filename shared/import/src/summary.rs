//! What became of a file, as a person reads it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::Kind;
use crate::formats::KnownBy;

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
    pub(crate) fn known(&mut self, known_by: Option<KnownBy>) {
        match known_by {
            Some(KnownBy::Email) => self.by_email += 1,
            Some(KnownBy::Phone) => self.by_phone += 1,
            None => {}
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
            lines.push(format!("{} left out, no purchase: {}", rows(self.left_out), states.join(", ")));
        }
        for (count, known_by) in [(self.by_email, "e-mail address"), (self.by_phone, "phone number")] {
            if count > 0 {
                lines.push(format!("{} without a customer's id, known by {known_by}", counted(count, noun)));
            }
        }
        if self.fixed_lines > 0 {
            let what = "not of a mobile phone, kept as `fixed_line`: no SMS goes there";
            lines.push(format!("{} {what}", counted(self.fixed_lines, "phone number")));
        }
        if self.long_orders > 0 {
            let what = "more than 20 products: the first 20 are kept";
            lines.push(format!("{} of {what}", counted(self.long_orders, "order")));
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
