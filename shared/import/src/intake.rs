//! Rows on their way: checked, turned into calls, and handed over or rejected.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::Context;
use csv::StringRecord;
use serde_json::Value;

use crate::batch::Batch;
use crate::cells::Reject;
use crate::columns::Columns;
use crate::formats::Field;
use crate::groups::{Group, Line, ROWS_LIMIT};
use crate::header::Header;
use crate::orders::{Order, order};
use crate::rejected::Rejected;
use crate::rows::Row;
use crate::summary::{FIRST_REASONS, Summary};
use crate::{CELL_CHARACTERS, Import, Kind, customers, events};

pub(crate) struct Intake<'a, C, O, W: Write, D> {
    import: &'a Import,
    header: &'a Header,
    columns: &'a Columns,
    summary: Summary,
    check: C,
    rejected: Rejected<O, W>,
    batch: Batch<D>,
    group: Group,
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
        Self { import, header, columns, summary, check, rejected, batch, group }
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
        Ok(self.summary)
    }

    /// A customer or an event.
    fn alone(&mut self, line: &Line) -> anyhow::Result<()> {
        let said = match &line.problem {
            Some(problem) => Err(problem.clone()),
            None => self.said(&line.cells),
        };
        match said.and_then(|calls| self.checked(calls)) {
            Ok(calls) => self.deliver(calls, line.number, 1),
            Err(reject) => self.reject(line, &reject),
        }
    }

    fn said(&mut self, cells: &StringRecord) -> Result<Vec<Value>, Reject> {
        match self.import.kind {
            Kind::Customers => customers::calls(self.columns, cells, self.import.as_of, &mut self.summary),
            Kind::Events => events::calls(self.columns, cells, &mut self.summary),
            Kind::Orders => Ok(Vec::new()),
        }
    }

    /// The rows of an order, all of them or none: then a corrected file has the whole order.
    fn together(&mut self, next: Group) -> anyhow::Result<()> {
        let group = std::mem::replace(&mut self.group, next);
        let Some(first) = group.lines.first().filter(|_| !group.too_long) else { return Ok(()) };
        let misfit = group.lines.iter().enumerate().find_map(|(at, line)| Some((at, line.problem.clone()?)));
        let rows: Vec<&StringRecord> = group.lines.iter().map(|line| &line.cells).collect();
        let read = match misfit {
            Some(misfit) => Err(misfit),
            None => order(self.columns, &rows, &mut self.summary),
        };
        let read = read.and_then(|order| match order {
            Order::Purchase(calls) => self.checked(calls).map(Order::Purchase).map_err(|reject| (0, reject)),
            Order::NoPurchase(state) => Ok(Order::NoPurchase(state)),
        });
        match read {
            Ok(Order::Purchase(calls)) => self.deliver(calls, first.number, rows.len() as u64),
            Ok(Order::NoPurchase(state)) => {
                *self.summary.no_purchase.entry(state).or_default() += 1;
                self.summary.left_out += rows.len() as u64;
                Ok(())
            }
            Err((wrong, reject)) => {
                let number = group.lines.get(wrong).map_or(first.number, |line| line.number);
                let goes_along =
                    Reject::row(format!("of the same order as line {number}, which can't be taken"));
                for (at, line) in group.lines.iter().enumerate() {
                    self.reject(line, if at == wrong { &reject } else { &goes_along })?;
                }
                Ok(())
            }
        }
    }

    fn checked(&mut self, calls: Vec<Value>) -> Result<Vec<Value>, Reject> {
        calls.iter().try_for_each(&mut self.check)?;
        Ok(calls)
    }

    fn deliver(&mut self, calls: Vec<Value>, line: u64, rows: u64) -> anyhow::Result<()> {
        let name = &self.import.name;
        self.batch.push(calls, line).with_context(|| self.batch.lines(name))?;
        self.summary.taken += rows;
        self.summary.taken_as += 1;
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
                "{}; line {} names {} columns, quote a cell that has a comma in it{hint}",
                if cells.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", cells.len()) },
                self.header.line(),
                self.header.width(),
            )));
        }
        self.columns.used().find_map(|(at, name)| {
            // A character is at least one byte, so short cells need no counting.
            let cell = cells.get(at).filter(|cell| cell.len() > CELL_CHARACTERS)?;
            let length = cell.chars().count();
            let problem = || format!("{length} characters; at most {CELL_CHARACTERS}");
            (length > CELL_CHARACTERS).then(|| Reject::new(name, problem()))
        })
    }
}

fn too_long() -> Reject {
    Reject::row(format!(
        "an order of more than {ROWS_LIMIT} rows or 1 MB; the rows of an order say one order id"
    ))
}
