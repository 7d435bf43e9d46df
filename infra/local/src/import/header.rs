//! The line that names the columns.

use anyhow::bail;
use csv::StringRecord;
use domain::spelling;

/// What the file of rejected rows adds; a corrected one can be imported as it is.
pub(super) const ADDED: [&str; 2] = ["line", "reason"];

pub(super) struct Header {
    file: String,
    line: u64,
    names: Vec<String>,
}

impl Header {
    pub fn new(file: &str, line: u64, cells: &StringRecord) -> anyhow::Result<Self> {
        let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        for (at, name) in names.iter().enumerate() {
            if name.contains('\r') {
                bail!("{file}:{line}: the line breaks are CR alone; save the file with LF or CRLF");
            }
            if !name.is_empty() && names[..at].iter().any(|other| other.eq_ignore_ascii_case(name)) {
                bail!("{file}: column `{name}` is twice in line {line}; rename one of them");
            }
        }
        Ok(Self { file: file.to_owned(), line, names })
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The columns of the shop's own file: without those that an earlier import added at the end.
    pub fn own(&self) -> &[String] {
        match self.names.as_slice() {
            [own @ .., line, reason] if [line, reason] == ADDED => own,
            all => all,
        }
    }

    /// Where the column with this name is.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.own().iter().position(|own| own.eq_ignore_ascii_case(name))
    }

    /// Where the column with this name is; without it the file means nothing. `known` are all columns such a file may have.
    pub fn require(&self, name: &str, known: &[&str]) -> anyhow::Result<usize> {
        if let Some(at) = self.find(name) {
            return Ok(at);
        }
        self.refuse_misspelt(known)?;
        bail!(
            "{}: no column `{name}` in line {}; the columns are: {}",
            self.file,
            self.line,
            known.join(", ")
        )
    }

    /// Fails at a column that is nearly one of `known`.
    pub fn refuse_misspelt(&self, known: &[&str]) -> anyhow::Result<()> {
        match self.others(known).find_map(|(_, name)| Some((name, self.nearly(name, known)?))) {
            Some((name, meant)) => {
                bail!("{}: unknown column `{name}` in line {}: did you mean `{meant}`?", self.file, self.line)
            }
            None => Ok(()),
        }
    }

    /// The columns that are not among `known`, with their places.
    pub fn others(&self, known: &[&str]) -> impl Iterator<Item = (usize, &str)> {
        let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        let named = self.own().iter().map(String::as_str).enumerate();
        named.filter(move |(_, name)| !name.is_empty() && !is_known(name))
    }

    /// The column of `known` that is missing and that `name` was likely meant to be.
    pub fn nearly<'a>(&self, name: &str, known: &[&'a str]) -> Option<&'a str> {
        spelling::nearest(name, known.iter().copied().filter(|known| self.find(known).is_none()))
    }

    /// The beginning of a message about this file's columns.
    pub fn file(&self) -> &str {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_column_is_suggested() {
        let header = |names: &[&str]| Header::new("f.csv", 1, &StringRecord::from(names.to_vec())).unwrap();
        let known = ["id", "phone", "order_id"];
        assert_eq!(header(&["ID", "phnoe"]).nearly("phnoe", &known), Some("phone"));
        assert_eq!(header(&["id", "phone", "phone2"]).nearly("phone2", &known), None);
        assert_eq!(header(&["no"]).nearly("no", &known), None);
        assert_eq!(header(&["order_no"]).nearly("order_no", &known), Some("order_id"));
    }
}
