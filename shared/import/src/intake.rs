//! Rows on their way: checked, turned into calls, and handed over or rejected.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::Context;
use csv::StringRecord;
use serde_json::Value;

use crate::batch::Batch;
use crate::columns::Columns;
use crate::formats::Field;
use crate::groups::{Group, Line, ROWS_LIMIT};
use crate::header::Header;
use crate::orders::{Order, is_further, order, order_name};
use crate::reject::{Reject, Wrong};
use crate::rejected::Rejected;
use crate::rows::Row;
use crate::said::{Said, no_purchase};
use crate::seen::{Look, Seen};
use crate::summary::{FIRST_REASONS, Summary};
use crate::{CELL_CHARACTERS, Import, Kind, customers, events};

/// The most characters of a file's name that are kept as evidence.
const NAME_CHARACTERS: usize = 200;

pub(crate) struct Intake<'a, C, O, W: Write, D> {
    import: &'a Import,
    header: &'a Header,
    columns: &'a Columns,
    summary: Summary,
    check: C,
    rejected: Rejected<O, W>,
    batch: Batch<D>,
    group: Group,
    seen: Seen,
}

/// What becomes of a row, or of the rows of an order.
enum Fate {
    /// It is handed over.
    Taken(Said),
    /// An earlier row said it.
    Repeated,
    /// An earlier row of the file gave the order.
    Further,
    /// In this state the order is no purchase; whether it is the first that is heard of it.
    LeftOut(String, bool),
}

impl<'a, C, O, W, D> Intake<'a, C, O, W, D>
where
    C: FnMut(&Value) -> Result<(), Reject>,
    O: FnMut(&Path) -> io::Result<W>,
    W: Write,
    D: FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
{
    pub fn new(
        import: &'a Import,
        header: &'a Header,
        columns: &'a Columns,
        summary: Summary,
        check: C,
        open: O,
        deliver: D,
    ) -> Self {
        let rejected = Rejected::new(&import.rejected, open, header);
        let (batch, group) = (Batch::new(deliver), Group::default());
        Self { import, header, columns, summary, check, rejected, batch, group, seen: Seen::new() }
    }

    /// Takes a row; `invalid` says which byte in it means nothing.
    pub fn row(&mut self, row: Row, invalid: Option<String>, cells: &StringRecord) -> anyhow::Result<()> {
        let problem = self.misfit(row, invalid, cells);
        let line = Line { number: row.line, cells: cells.clone(), problem };
        if self.import.kind != Kind::Orders {
            return self.alone(&line);
        }
        let id = self.columns.cell(cells, Field::OrderId).map(|(id, _)| id);
        if !self.group.continues_with(id) {
            let next = Group::new(id);
            self.together(next)?;
        }
        if self.group.too_long {
            return self.reject(&line, &too_long());
        }
        self.group.push(line);
        if self.group.too_long {
            for line in std::mem::take(&mut self.group.lines) {
                self.reject(&line, &too_long())?;
                // What the next row belongs to is still known.
                if self.group.lines.is_empty() {
                    self.group.lines.push(line);
                }
            }
        }
        Ok(())
    }

    /// Hands over what is left.
    pub fn end(mut self) -> anyhow::Result<Summary> {
        self.together(Group::default())?;
        let name = &self.import.name;
        self.batch.flush().with_context(|| self.batch.lines(name))?;
        self.summary.kept = self.rejected.close()?;
        self.summary.looked_until = self.seen.full();
        Ok(self.summary)
    }

    /// A customer or an event.
    fn alone(&mut self, line: &Line) -> anyhow::Result<()> {
        let said = match (&line.problem, self.import.kind) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Kind::Events) => events::event(self.columns, &line.cells),
            // Orders do not come alone.
            (None, Kind::Customers | Kind::Orders) => {
                customers::customer(self.columns, &line.cells, self.import.as_of)
            }
        };
        match said.and_then(|said| self.weigh(said, line.number)) {
            Ok(fate) => self.settle(fate, line.number, 1),
            Err(reject) => self.reject(line, &reject),
        }
    }

    /// The rows of an order, all of them or none: then a corrected file has the whole order.
    fn together(&mut self, next: Group) -> anyhow::Result<()> {
        let group = std::mem::replace(&mut self.group, next);
        let Some(first) = group.lines.first().filter(|_| !group.too_long) else { return Ok(()) };
        let wrong = match self.order(first, &group.lines) {
            Ok(fate) => return self.settle(fate, first.number, group.lines.len() as u64),
            Err(wrong) => wrong,
        };
        let number = wrong.first().and_then(|(at, _)| group.lines.get(*at)).map_or(0, |line| line.number);
        let goes_along = Reject::row(format!("of the same order as line {number}, which can't be taken"));
        for (at, line) in group.lines.iter().enumerate() {
            let own = wrong.iter().find(|(wrong, _)| *wrong == at);
            self.reject(line, own.map_or(&goes_along, |(_, reject)| reject))?;
        }
        Ok(())
    }

    /// What becomes of the rows of an order, or what is wrong with which of them.
    fn order(&mut self, first: &Line, lines: &[Line]) -> Result<Fate, Vec<(usize, Reject)>> {
        let misfits = lines.iter().enumerate();
        let misfits: Vec<_> = misfits.filter_map(|(at, line)| Some((at, line.problem.clone()?))).collect();
        if !misfits.is_empty() {
            return Err(misfits);
        }
        let name = order_name(self.columns, &first.cells);
        if let Some(name) = name
            && is_further(self.columns, &first.cells)
            && self.seen.knows(name)
        {
            return Ok(Fate::Further);
        }
        let further: Vec<&StringRecord> = lines.iter().skip(1).map(|line| &line.cells).collect();
        let of_first = |reject| vec![(0, reject)];
        match order(self.columns, &first.cells, &further)? {
            Order::Purchase(said) => self.weigh(said, first.number).map_err(of_first),
            Order::NoPurchase(state) => {
                let Some(name) = name else { return Ok(Fate::LeftOut(state, true)) };
                let heard = self.look(name, no_purchase(&state), first.number).map_err(of_first)?;
                Ok(Fate::LeftOut(state, heard == Look::First))
            }
        }
    }

    /// What becomes of what a row or an order says.
    fn weigh(&mut self, mut said: Said, line: u64) -> Result<Fate, Reject> {
        let kind = self.import.kind;
        let (name, what) = (said.name(kind), said.what(kind));
        said.prove(&self.evidence(line), self.import.wording.as_deref());
        let mut wrong = Wrong::default();
        for call in &said.calls {
            wrong.sort((self.check)(call).map_err(|reject| reject.of_columns(self.columns)));
        }
        let said = wrong.all(Some(said))?;
        Ok(match self.look(name, what, line)? {
            Look::First => Fate::Taken(said),
            // Programs write the lines of an order, and sort them as they like.
            _ if kind == Kind::Orders && self.columns.has_lines() => Fate::Further,
            Look::Same | Look::Otherwise(_) => Fate::Repeated,
        })
    }

    /// Where what a row says can be looked up.
    fn evidence(&self, line: u64) -> String {
        let name = Path::new(&self.import.name).file_name().unwrap_or_default().to_string_lossy();
        let name: String = name.chars().take(NAME_CHARACTERS).collect();
        format!("{name} line {line}")
    }

    /// Whether something was given before; an error where it was given as something else.
    fn look(&mut self, name: u64, what: u64, line: u64) -> Result<Look, Reject> {
        let look = self.seen.look(name, what);
        match look {
            Look::First => self.seen.keep(name, what, line),
            Look::Same => {}
            Look::Otherwise(line) => {
                return Err(Reject::row(match self.import.kind {
                    Kind::Customers => format!("line {line} says otherwise of this customer"),
                    Kind::Orders => format!(
                        "line {line} already gave this order, with another total, time, customer or status"
                    ),
                    Kind::Events => format!("line {line} already gave this event, and says otherwise of it"),
                }));
            }
        }
        Ok(look)
    }

    fn settle(&mut self, fate: Fate, line: u64, rows: u64) -> anyhow::Result<()> {
        match fate {
            Fate::Taken(said) => {
                self.summary.says(&said);
                let name = &self.import.name;
                self.batch.push(said.calls, line).with_context(|| self.batch.lines(name))?;
                self.summary.taken += rows;
                self.summary.taken_as += 1;
            }
            Fate::Repeated => self.summary.repeated += rows,
            Fate::Further => {
                self.summary.taken += rows;
                self.summary.further += rows;
            }
            Fate::LeftOut(state, first) => {
                *self.summary.no_purchase.entry(state).or_default() += u64::from(first);
                self.summary.left_out += rows;
            }
        }
        Ok(())
    }

    fn reject(&mut self, line: &Line, reject: &Reject) -> anyhow::Result<()> {
        self.rejected.write(line.number, &line.cells, reject)?;
        self.summary.rejected += 1;
        if self.summary.reasons.len() < FIRST_REASONS {
            self.summary.reasons.push(format!("{}:{}: {reject}", self.import.name, line.number));
        }
        Ok(())
    }

    /// What is wrong with the shape of a row, whatever it means.
    fn misfit(&self, row: Row, invalid: Option<String>, cells: &StringRecord) -> Option<Reject> {
        if row.open_quote {
            return Some(Reject::row(
                "a quotation mark is open to the end of the file; close it, and double one inside a cell",
            ));
        }
        if let Some(invalid) = invalid {
            return Some(Reject::row(format!("{invalid}; correct what stands as \u{fffd} here")));
        }
        if cells.len() != self.header.width() {
            let hint = if row.lines > 1 {
                ", and check the quotation marks: the row spans several lines"
            } else {
                ""
            };
            return Some(Reject::row(format!(
                "{}; line {} names {} columns, quote a cell that has {} in it{hint}",
                if cells.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", cells.len()) },
                self.header.line(),
                self.header.width(),
                self.header.separator().one(),
            )));
        }
        let mut wrong = Wrong::default();
        for (at, name) in self.columns.used() {
            // A character is at least one byte, so short cells need no counting.
            let Some(cell) = cells.get(at).filter(|cell| cell.len() > CELL_CHARACTERS) else { continue };
            let length = cell.chars().count();
            if length > CELL_CHARACTERS {
                let problem = format!("{length} characters; at most {CELL_CHARACTERS}");
                wrong.sort::<()>(Err(Reject::new(name, problem)));
            }
        }
        wrong.reject()
    }
}

fn too_long() -> Reject {
    Reject::row(format!(
        "an order of more than {ROWS_LIMIT} rows or 1 MB; the rows of an order say one order id"
    ))
}
