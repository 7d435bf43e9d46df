//! What the caller says of columns.

use std::fmt;

/// A column of the file, and what it is to be read as: `THEIRS=OURS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) theirs: String,
    pub(crate) ours: String,
}

impl Mapping {
    /// Reads `THEIRS=OURS`; `THEIRS=` leaves the column out.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let (theirs, ours) = text.rsplit_once('=').ok_or(MappingError)?;
        if theirs.trim().is_empty() {
            return Err(MappingError);
        }
        Ok(Self { theirs: theirs.trim().to_owned(), ours: ours.trim().to_owned() })
    }
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--map {}={}", self.theirs, self.ours)
    }
}

/// The text is no mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a mapping; write the file's column, = and ours, such as 会員No=id, or 備考= to leave a column out"
)]
pub struct MappingError;
