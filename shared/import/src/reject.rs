//! Why a row is not taken. Messages never repeat a cell: it may be personal data.

use std::fmt;

use crate::columns::Columns;

/// Why a row is not taken: all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Columns, and what is wrong with each; what would be right.
    reasons: Vec<(String, String)>,
}

impl Reject {
    /// For what is wrong with a column, or with a field of a call.
    pub fn new(column: &str, problem: impl Into<String>) -> Self {
        Self { reasons: vec![(column.to_owned(), problem.into())] }
    }

    /// For what is wrong with a row as a whole.
    pub fn row(problem: impl Into<String>) -> Self {
        Self::new("row", problem)
    }

    /// With the fields of calls under the names of the file's columns.
    pub(crate) fn of_columns(self, columns: &Columns) -> Self {
        let reasons = self.reasons.into_iter();
        let named = reasons.map(|(field, problem)| (columns.of_field(&field).to_owned(), problem));
        Self { reasons: named.collect() }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (column, problem)) in self.reasons.iter().enumerate() {
            let apart = if index == 0 { "" } else { "; " };
            write!(f, "{apart}{column}: {problem}")?;
        }
        Ok(())
    }
}

/// What is wrong with a row, as far as it has been read.
#[derive(Default)]
pub(crate) struct Wrong(Vec<(String, String)>);

impl Wrong {
    /// What was read, if it could be; else the reason is kept, once.
    pub fn sort<T>(&mut self, read: Result<T, Reject>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(reject) => {
                for reason in reject.reasons {
                    if !self.0.contains(&reason) {
                        self.0.push(reason);
                    }
                }
                None
            }
        }
    }

    /// Why the row is not taken, if there is anything.
    pub fn reject(self) -> Option<Reject> {
        (!self.0.is_empty()).then_some(Reject { reasons: self.0 })
    }

    /// All that was read, unless something is wrong.
    pub fn all<T>(self, read: Option<T>) -> Result<T, Reject> {
        match (self.reject(), read) {
            (None, Some(read)) => Ok(read),
            (Some(reject), _) => Err(reject),
            (None, None) => Err(Reject::row("says nothing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_reasons_of_a_row_each_once() {
        let mut wrong = Wrong::default();
        assert_eq!(wrong.sort(Ok(1)), Some(1));
        for (column, problem) in [("a", "no"), ("b", "no; yes"), ("a", "no")] {
            assert_eq!(wrong.sort::<()>(Err(Reject::new(column, problem))), None);
        }
        assert_eq!(wrong.all(Some(1)).unwrap_err().to_string(), "a: no; b: no; yes");
        assert_eq!(Wrong::default().all(Some(1)), Ok(1));
    }
}
