//! `tsunagi import`: CSV files of customers and orders as calls of Segment's HTTP tracking API.
//!
//! A file of any size passes through in constant memory. Rows that cannot be taken are kept in a file of their own, with
//! the reason, and the rest go on. Whether the API takes a row's calls is known before they leave. An order's `messageId`
//! follows from its content, so importing a file again, or the rest of one that was cut short, counts nothing twice.

mod batch;
mod cells;
mod customers;
mod header;
mod message_id;
mod orders;
mod rejected;
mod rows;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::Context;
use csv::StringRecord;
use domain::time::Timestamp;
use serde_json::Value;

use batch::Batch;
use cells::Reject;
use customers::CustomerColumns;
use header::Header;
use orders::OrderColumns;
use rejected::Rejected;
use rows::{Row, Rows};

/// Characters in a cell.
pub const CELL_CHARACTERS: usize = 1_000;
/// Reasons that a [`Summary`] shows in full; the file of rejected rows has them all.
pub const FIRST_REASONS: usize = 5;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One customer a row: an `identify` call of the traits, and one of the consents where the row has any.
    Customers,
    /// One order a row: a `track` call of `Order Completed` each.
    Orders,
}

/// How to import a file.
#[derive(Clone, Debug)]
pub struct Import {
    /// What the file holds.
    pub kind: Kind,
    /// The file's name in messages.
    pub name: String,
    /// Where rows that cannot be taken are written. Made (and an older one overwritten) at the first such row.
    pub rejected: PathBuf,
    /// When the calls are said to come: the API refuses what lies too far ahead of it.
    pub now: Timestamp,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows handed over as calls.
    pub taken: u64,
    /// Rows written to the file of rejected rows.
    pub rejected: u64,
    /// That file, when there is one.
    pub kept: Option<PathBuf>,
    /// The first [`FIRST_REASONS`] reasons, as `FILE:LINE: column: what was wrong; what would be right`.
    pub reasons: Vec<String>,
    /// Columns that look like a slip of the pen, or are not used.
    pub warnings: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} taken, {} rejected", rows(self.taken), rows(self.rejected))?;
        if let Some(kept) = &self.kept {
            write!(f, "; see {}", kept.display())?;
        }
        for line in self.warnings.iter().chain(&self.reasons) {
            write!(f, "\n{line}")?;
        }
        match self.rejected.saturating_sub(self.reasons.len() as u64) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// Imports the file at `path`; rejected rows of `FILE.csv` go to `FILE.rejected.csv` beside it.
///
/// See [`stream`] for the callbacks.
pub fn file(
    kind: Kind,
    path: &Path,
    now: Timestamp,
    progress: impl FnMut(u64),
    deliver: impl FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let name = path.display().to_string();
    let reader = File::open(path).with_context(|| format!("{name}: cannot be opened"))?;
    let rejected = path.with_extension("rejected.csv");
    stream(&Import { kind, name, rejected, now }, reader, progress, deliver)
}

/// Imports what `reader` yields.
///
/// `progress` gets the bytes read so far, about every 64 KB. `deliver` gets the calls in the order of the file, at most
/// 2,500 and 480 KB at a time and those of a row together, with the lines of the first and the last row. An error of
/// `deliver`, a file that is not UTF-8 and a record of more than 1 MB end the import; what was delivered stays delivered.
pub fn stream(
    import: &Import,
    reader: impl Read,
    progress: impl FnMut(u64),
    deliver: impl FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let mut rows = Rows::new(&import.name, reader, progress)?;
    let mut cells = StringRecord::new();
    let Some(first) = rows.next(&mut cells)? else {
        anyhow::bail!("{}: the file is empty; its first line names the columns", import.name);
    };
    let header = Header::new(&import.name, first.line, &cells)?;
    let mut summary = Summary::default();
    let columns = Columns::new(import.kind, &header, &mut summary.warnings)?;
    let mut rejected = Rejected::new(&import.rejected, &header);
    let mut batch = Batch::new(deliver);
    while let Some(row) = rows.next(&mut cells)? {
        let said = fits(row, &cells, &header).and_then(|()| columns.calls(&cells));
        match said.and_then(|said| taken(said, import.now)) {
            Ok(said) => {
                batch.push(said, row.line).with_context(|| batch.lines(&import.name))?;
                summary.taken += 1;
            }
            Err(reject) => {
                rejected.write(row.line, &cells, &reject)?;
                summary.rejected += 1;
                summary.kept.get_or_insert_with(|| import.rejected.clone());
                if summary.reasons.len() < FIRST_REASONS {
                    summary.reasons.push(format!("{}:{}: {reject}", import.name, row.line));
                }
            }
        }
    }
    batch.flush().with_context(|| batch.lines(&import.name))?;
    rejected.close()?;
    Ok(summary)
}

enum Columns {
    Customers(CustomerColumns),
    Orders(OrderColumns),
}

impl Columns {
    fn new(kind: Kind, header: &Header, warnings: &mut Vec<String>) -> anyhow::Result<Self> {
        Ok(match kind {
            Kind::Customers => Self::Customers(CustomerColumns::new(header, warnings)?),
            Kind::Orders => Self::Orders(OrderColumns::new(header, warnings)?),
        })
    }

    fn calls(&self, cells: &StringRecord) -> Result<Vec<Value>, Reject> {
        match self {
            Self::Customers(columns) => columns.calls(cells),
            Self::Orders(columns) => Ok(vec![columns.call(cells)?]),
        }
    }
}

/// The calls of a row, if the API takes all of them.
fn taken(calls: Vec<Value>, now: Timestamp) -> Result<Vec<Value>, Reject> {
    for call in &calls {
        ingest::parse(call, now).map_err(|ingest::Rejection { field, error }| match field.as_str() {
            "" => Reject::row(error),
            field => Reject::new(field, error),
        })?;
    }
    Ok(calls)
}

/// Checks the shape of a row, whatever it means.
fn fits(row: Row, cells: &StringRecord, header: &Header) -> Result<(), Reject> {
    if row.open_quote {
        return Err(Reject::row(
            "a quotation mark is open to the end of the file; close it, and double one inside a cell",
        ));
    }
    if cells.len() != header.width() {
        let hint =
            if row.lines > 1 { ", and check the quotation marks: the row spans several lines" } else { "" };
        return Err(Reject::row(format!(
            "{}; line {} names {} columns, quote a cell that has a comma in it{hint}",
            if cells.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", cells.len()) },
            header.line(),
            header.width(),
        )));
    }
    for (name, cell) in header.names().zip(cells) {
        // A character is at least one byte, so short cells need no counting.
        if cell.len() > CELL_CHARACTERS && cell.chars().count() > CELL_CHARACTERS {
            return Err(Reject::new(
                name,
                format!("{} characters; at most {CELL_CHARACTERS}", cell.chars().count()),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
