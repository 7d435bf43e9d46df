//! Versions of what is stored and of what travels in queues.
//!
//! What is written says its version as `v`; what says none is of the first. A reader brings what is earlier to its own
//! version, step by step, and reads nothing of what is later: a process of the release before, still at work while another
//! one is deployed or put back after it, leaves that as it is for those who know it.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

/// What says the version: an attribute of an item, a member of a payload.
pub const NAME: &str = "v";

/// The version of what says none.
pub const FIRST: u32 = 1;

/// Makes of what one version wrote what the next one would have written. Pure, and takes whatever that version wrote.
pub type Step<W> = fn(&mut W);

/// How one kind of item or payload is written: `W` is what its steps change, a document or a whole item.
#[derive(Clone, Copy, Debug)]
pub struct Shape<W: 'static = Value> {
    /// What it is called in errors.
    pub kind: &'static str,
    /// From each earlier version to the next, beginning with the first. What is written is of the version after the last.
    pub steps: &'static [Step<W>],
}

/// Why something was not read. It quotes nothing of it, since serde's own errors might quote a value; a place is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unread {
    /// No version that is known.
    #[error(
        "{kind} of version {version}, and this release reads up to {known}: deploy a release that knows it, then drive \
         the dead letters back"
    )]
    Version {
        /// What it is.
        kind: &'static str,
        /// Its version.
        version: u32,
        /// The last version that is known.
        known: u32,
    },
    /// Its text is not what its version writes.
    #[error("{kind} does not read at line {line} column {column}")]
    Broken {
        /// What it is.
        kind: &'static str,
        /// Where, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
    },
    /// Its steps led to nothing that reads.
    #[error("{kind} of version {version} does not read as version {known}")]
    Earlier {
        /// What it is.
        kind: &'static str,
        /// Its version.
        version: u32,
        /// The version it was brought to.
        known: u32,
    },
}

impl Unread {
    /// Whether a later release wrote it.
    pub const fn is_later(self) -> bool {
        match self {
            Self::Version { version, known, .. } => version > known,
            Self::Broken { .. } | Self::Earlier { .. } => false,
        }
    }
}

impl<W> Shape<W> {
    /// The version that is written.
    pub fn version(&self) -> u32 {
        FIRST.saturating_add(u32::try_from(self.steps.len()).unwrap_or(u32::MAX))
    }

    /// Whether a version is one that is known.
    pub fn check(&self, version: u32) -> Result<(), Unread> {
        let known = self.version();
        if (FIRST..=known).contains(&version) {
            return Ok(());
        }
        Err(Unread::Version { kind: self.kind, version, known })
    }

    /// What a version wrote, as the current one would have written it.
    pub fn raised<'a>(&self, written: &'a W, version: u32) -> Result<Cow<'a, W>, Unread>
    where
        W: Clone,
    {
        self.check(version)?;
        let mut raised = Cow::Borrowed(written);
        for (step, from) in self.steps.iter().zip(FIRST..) {
            if from >= version {
                step(raised.to_mut());
            }
        }
        Ok(raised)
    }
}

impl Shape {
    /// Where and that a text does not read.
    pub(crate) fn broken(&self, error: &serde_json::Error) -> Unread {
        Unread::Broken { kind: self.kind, line: error.line(), column: error.column() }
    }

    /// Reads a document that a version wrote.
    pub fn read<T: DeserializeOwned>(&self, text: &str, version: u32) -> Result<T, Unread> {
        self.check(version)?;
        let known = self.version();
        if version == known {
            return serde_json::from_str(text).map_err(|error| self.broken(&error));
        }
        let written: Value = serde_json::from_str(text).map_err(|error| self.broken(&error))?;
        let raised = self.raised(&written, version)?.into_owned();
        serde_json::from_value(raised).map_err(|_| Unread::Earlier { kind: self.kind, version, known })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const THIRD: Shape = Shape {
        kind: "a list of a test",
        steps: &[
            |list| list["steps"] = json!(["first"]),
            |list| list["steps"].as_array_mut().unwrap().push(json!("second")),
        ],
    };

    fn steps(text: &str, version: u32) -> Result<Value, Unread> {
        THIRD.read::<Value>(text, version).map(|list| list["steps"].clone())
    }

    #[test]
    fn each_version_takes_the_steps_that_come_after_it() {
        assert_eq!(THIRD.version(), 3);
        assert_eq!(steps("{}", 1), Ok(json!(["first", "second"])));
        assert_eq!(steps(r#"{"steps":["one"]}"#, 2), Ok(json!(["one", "second"])));
        assert_eq!(steps(r#"{"steps":["one","two"]}"#, 3), Ok(json!(["one", "two"])));
    }

    #[test]
    fn a_version_that_is_not_known_is_named_and_not_read() {
        for (version, later) in [(4, true), (99, true), (0, false)] {
            let error = steps("not even JSON", version).unwrap_err();
            assert_eq!(error.is_later(), later, "{version}");
            let said = format!(
                "a list of a test of version {version}, and this release reads up to 3: deploy a release"
            );
            assert!(error.to_string().starts_with(&said), "{error}");
        }
    }

    #[test]
    fn what_does_not_read_is_not_quoted() {
        let told = |text, version| THIRD.read::<String>(text, version).unwrap_err();
        for (error, said) in [
            (told("\n[\"090-1234-5678\"]", 3), "a list of a test does not read at line 2 column "),
            (told("{\"090-1234-5678\"", 1), "a list of a test does not read at line 1 column "),
            (
                told("{\"of\":\"090-1234-5678\"}", 1),
                "a list of a test of version 1 does not read as version 3",
            ),
        ] {
            let told = error.to_string();
            assert!(told.starts_with(said) && !told.contains("090") && !error.is_later(), "{told}");
        }
    }
}
