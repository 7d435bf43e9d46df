//! The rows that could not be taken, with the reason.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use csv::StringRecord;

use super::cells::Reject;
use super::header::{ADDED, Header};

pub(super) struct Rejected {
    path: PathBuf,
    columns: Vec<String>,
    /// Cells in a row of the file, with those that an earlier import added.
    width: usize,
    file: Option<csv::Writer<File>>,
}

impl Rejected {
    pub fn new(path: &Path, header: &Header) -> Self {
        Self { path: path.to_owned(), columns: header.own().to_vec(), width: header.width(), file: None }
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
        self.open()?.write_record(&row).with_context(|| format!("{path}: cannot be written"))
    }

    /// Makes sure that all of it is in the file.
    pub fn close(mut self) -> anyhow::Result<()> {
        let path = self.path.display();
        self.file
            .as_mut()
            .map_or(Ok(()), csv::Writer::flush)
            .with_context(|| format!("{path}: cannot be written"))
    }

    fn open(&mut self) -> anyhow::Result<&mut csv::Writer<File>> {
        let file = if let Some(file) = self.file.take() {
            file
        } else {
            let path = self.path.display();
            let mut file = csv::Writer::from_path(&self.path)
                .with_context(|| format!("{path}: cannot be made for the rejected rows"))?;
            let names = self.columns.iter().map(String::as_str).chain(ADDED);
            file.write_record(names).with_context(|| format!("{path}: cannot be written"))?;
            file
        };
        Ok(self.file.insert(file))
    }
}
