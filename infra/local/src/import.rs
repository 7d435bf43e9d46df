//! `tsunagi import`: CSV files of customers and orders as calls of Segment's HTTP tracking API.
//!
//! A file of any size passes through in constant memory. Rows that cannot be taken are kept in a file of their own, with
//! the reason, and the rest go on. A call's `messageId` follows from its content, so importing a file again, or the
//! rest of one that was cut short, changes nothing.

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

/// Reads a telephone number into E.164, or says what is wrong and what would be right.
pub type Phones = fn(&str) -> Result<String, String>;
/// Reads an e-mail address into the form it is kept in, or says what is wrong and what would be right.
pub type Emails = fn(&str) -> Result<String, String>;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One customer a row: an `identify` call each.
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
    /// Reads telephone numbers.
    pub phones: Phones,
    /// Reads e-mail addresses.
    pub emails: Emails,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows handed over as calls.
    pub taken: u64,
    /// Rows written to the file of rejected rows.
    pub rejected: u64,
    /// The first [`FIRST_REASONS`] reasons, as `FILE:LINE: column: what was wrong; what would be right`.
    pub reasons: Vec<String>,
    /// Columns that look like a slip of the pen, or are not used.
    pub warnings: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows taken, {} rejected", self.taken, self.rejected)?;
        for line in self.warnings.iter().chain(&self.reasons) {
            write!(f, "\n{line}")?;
        }
        match self.rejected.saturating_sub(self.reasons.len() as u64) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

/// Imports the file at `path`; rejected rows of `FILE.csv` go to `FILE.rejected.csv` beside it.
///
/// See [`stream`] for the callbacks.
pub fn file(
    kind: Kind,
    path: &Path,
    (phones, emails): (Phones, Emails),
    progress: impl FnMut(u64),
    deliver: impl FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let name = path.display().to_string();
    let reader = File::open(path).with_context(|| format!("{name}: cannot be opened"))?;
    let rejected = path.with_extension("rejected.csv");
    stream(&Import { kind, name, rejected, phones, emails }, reader, progress, deliver)
}

/// Imports what `reader` yields.
///
/// `progress` gets the bytes read so far, about every 64 KB. `deliver` gets the calls in the order of the file, at most
/// 2,500 and 480 KB at a time, with the lines of the first and the last of them. An error of `deliver`, a file that is not UTF-8
/// and a record of more than 1 MB end the import; what was delivered before stays delivered.
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
        let call = fits(row, &cells, &header).and_then(|()| columns.call(&cells, import));
        match call.and_then(|call| Ok((batch::bytes(&call)?, call))) {
            Ok((bytes, call)) => {
                batch.push(call, bytes, row.line).with_context(|| batch.lines(&import.name))?;
                summary.taken += 1;
            }
            Err(reject) => {
                rejected.write(row.line, &cells, &reject)?;
                summary.rejected += 1;
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

    fn call(&self, cells: &StringRecord, import: &Import) -> Result<Value, Reject> {
        match self {
            Self::Customers(columns) => columns.call(cells, import),
            Self::Orders(columns) => columns.call(cells),
        }
    }
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
            "{} cells; line {} names {} columns, quote a cell that has a comma in it{hint}",
            cells.len(),
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
