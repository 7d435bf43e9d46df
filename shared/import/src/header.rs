//! The line that names the columns.

use anyhow::bail;
use csv::StringRecord;

use crate::separator::Separator;

/// What the file of rejected rows adds; a corrected one can be imported as it is.
pub(crate) const ADDED: [&str; 2] = ["line", "reason"];

pub(crate) struct Header {
    file: String,
    line: u64,
    separator: Separator,
    names: Vec<String>,
}

impl Header {
    pub fn new(file: &str, line: u64, separator: Separator, cells: &StringRecord) -> anyhow::Result<Self> {
        let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        if names.iter().any(|name| name.contains('\r')) {
            bail!("{file}:{line}: the line breaks are CR alone; save the file with LF or CRLF");
        }
        Ok(Self { file: file.to_owned(), line, separator, names })
    }

    /// The beginning of a message about this file's columns.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// What stands between cells.
    pub fn separator(&self) -> Separator {
        self.separator
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// The columns of the shop's own file: without those that an earlier import added at the end.
    pub fn own(&self) -> &[String] {
        match self.names.as_slice() {
            [own @ .., line, reason] if [line, reason] == ADDED => own,
            all => all,
        }
    }
}
