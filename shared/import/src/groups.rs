//! Rows that belong together: an order's lines, which follow each other.

use csv::StringRecord;

use crate::reject::Reject;

/// Rows of an order.
pub(crate) const ROWS_LIMIT: usize = 1_000;
/// Bytes of an order's rows.
const BYTES_LIMIT: usize = 1_000_000;

/// A row, and what is wrong with its shape.
pub(crate) struct Line {
    pub number: u64,
    pub cells: StringRecord,
    pub problem: Option<Reject>,
}

/// The rows of one order, as far as they have been read.
#[derive(Default)]
pub(crate) struct Group {
    /// What they have in common; nothing for a row that says nothing of it.
    id: Option<String>,
    pub lines: Vec<Line>,
    bytes: usize,
    /// There are more rows than are kept: none of them is taken.
    pub too_long: bool,
}

impl Group {
    pub fn new(id: Option<&str>) -> Self {
        Self { id: id.map(str::to_owned), ..Self::default() }
    }

    /// Whether a row with this id belongs to it.
    pub fn continues_with(&self, id: Option<&str>) -> bool {
        !self.lines.is_empty() && id.is_some() && self.id.as_deref() == id
    }

    /// Keeps a row.
    pub fn push(&mut self, line: Line) {
        self.bytes += line.cells.as_slice().len();
        self.lines.push(line);
        self.too_long |= self.lines.len() > ROWS_LIMIT || self.bytes > BYTES_LIMIT;
    }
}
