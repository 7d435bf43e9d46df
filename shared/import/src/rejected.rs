//! The rows that could not be taken, with the reason.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use csv::{ByteRecord, StringRecord};

use crate::encoding::BOM;
use crate::header::{ADDED, Header};
use crate::reject::Reject;

/// Bytes within which a file that may be of rejected rows names its columns.
const HEADER_BYTES: u64 = 1_000_000;

/// A file that is made at the first row. It is UTF-8, which holds every row whatever it came in, with a byte order mark, by
/// which Excel in Japan knows it (a file without one it takes for windows-31j). However Excel saves it, it can be imported.
pub(crate) struct Rejected<O, W: Write> {
    path: PathBuf,
    open: O,
    columns: Vec<String>,
    /// Cells in a row of the file, with those that an earlier import added.
    width: usize,
    file: Option<csv::Writer<W>>,
}

/// Whether the file at `path` is one of rejected rows, however it was saved since: no other one ends its columns so.
pub(crate) fn is_ours(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let file = BufReader::new(file.take(HEADER_BYTES));
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let mut names = ByteRecord::new();
    let read = rows.read_byte_record(&mut names).unwrap_or(false);
    read && names.len() > ADDED.len()
        && names.iter().rev().zip(ADDED.iter().rev()).all(|(name, added)| name == added.as_bytes())
}

impl<O: FnMut(&Path) -> io::Result<W>, W: Write> Rejected<O, W> {
    pub fn new(path: &Path, open: O, header: &Header) -> Self {
        Self {
            path: path.to_owned(),
            open,
            columns: header.own().to_vec(),
            width: header.width(),
            file: None,
        }
    }

    /// Writes the row as it came, its line and the reason. Cells beyond the columns are joined to the last one, so that
    /// `line` and `reason` stand where the header says.
    pub fn write(&mut self, line: u64, cells: &StringRecord, reject: &Reject) -> anyhow::Result<()> {
        let width = self.columns.len();
        let mut row: Vec<String> = cells.iter().map(|cell| cell.trim_end_matches('\r').to_owned()).collect();
        if row.len() == self.width {
            row.truncate(width);
        }
        if row.len() > width && width > 0 {
            let rest = row.split_off(width - 1).join(",");
            row.push(rest);
        }
        row.resize(width, String::new());
        row.extend([line.to_string(), reject.to_string()]);
        let path = self.path.display().to_string();
        self.file()?.write_record(&row).with_context(|| format!("{path}: cannot be written"))
    }

    /// Makes sure that all of it is in the file; where that is, if there is one.
    pub fn close(mut self) -> anyhow::Result<Option<PathBuf>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        file.flush().with_context(|| format!("{}: cannot be written", self.path.display()))?;
        Ok(Some(self.path))
    }

    fn file(&mut self) -> anyhow::Result<&mut csv::Writer<W>> {
        let file = if let Some(file) = self.file.take() {
            file
        } else {
            let path = self.path.display();
            let mut bytes = (self.open)(&self.path)
                .with_context(|| format!("{path}: cannot be made for the rejected rows"))?;
            bytes.write_all(BOM).with_context(|| format!("{path}: cannot be written"))?;
            let mut file = csv::Writer::from_writer(bytes);
            let names = self.columns.iter().map(String::as_str).chain(ADDED);
            file.write_record(names).with_context(|| format!("{path}: cannot be written"))?;
            file
        };
        Ok(self.file.insert(file))
    }
}
