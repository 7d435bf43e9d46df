//! What was accepted, kept in a file beyond the end of the process. A provider that forgets would answer a look-up with
//! "not found", which counts as proof that it took nothing, and the message would be sent to it again.

use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::listing::Channel;

/// One acceptance, as a line of JSON. How often a reference was accepted is how many lines it has; id and price follow
/// from the reference and the parts. Texts are not kept.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line<'a> {
    pub(crate) channel: Channel,
    pub(crate) reference: Cow<'a, str>,
    pub(crate) to: Cow<'a, str>,
    pub(crate) parts: u32,
    /// In milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) accepted_at: i64,
}

/// The file, open for the next acceptance. One process at a time has it.
pub(crate) struct Kept {
    file: File,
    /// The bytes of whole lines.
    length: u64,
}

impl Kept {
    /// Opens or creates the file, readable by its owner only, and hands over each line. A last line that breaks off is
    /// of an acceptance that was never answered: it is removed.
    pub(crate) fn open(path: &Path, mut each: impl FnMut(Line<'_>)) -> anyhow::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another sandbox writes to {}; stop it, or use another directory", path.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
        let mut lines = BufReader::new(&file);
        let (mut text, mut number, mut length) = (Vec::new(), 0_u32, 0);
        while lines.read_until(b'\n', &mut text).with_context(|| format!("reading {}", path.display()))? > 0 {
            number += 1;
            if text.last() != Some(&b'\n') {
                file.set_len(length).with_context(|| format!("shortening {}", path.display()))?;
                break;
            }
            each(serde_json::from_slice(&text).with_context(|| {
                let path = path.display();
                format!(
                    "{path}, line {number}: no acceptance; move the file away to begin with an empty inbox"
                )
            })?);
            length += text.len() as u64;
            text.clear();
        }
        Ok(Self { file, length })
    }

    /// Adds a line. It is with the operating system when this returns: it outlives the process, not a power cut.
    pub(crate) fn add(&mut self, line: &Line<'_>) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if let Err(error) = self.file.write_all(&text) {
            // What was written of it must not be read as the beginning of the next line.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(reference: &str) -> Line<'_> {
        let to = "+819012345678".into();
        Line { channel: Channel::Sms, reference: reference.into(), to, parts: 2, accepted_at: 1 }
    }

    fn references(path: &Path) -> anyhow::Result<Vec<String>> {
        let mut references = Vec::new();
        Kept::open(path, |line| references.push(line.reference.into_owned()))?;
        Ok(references)
    }

    #[test]
    fn a_line_that_breaks_off_is_removed_and_the_next_one_stands_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.jsonl");
        let mut kept = Kept::open(&path, |_| panic!("it is empty")).unwrap();
        kept.add(&line("m1")).unwrap();
        kept.file.write_all(br#"{"channel":"sms","refer"#).unwrap();
        drop(kept);
        Kept::open(&path, |read| assert_eq!(read, line("m1"))).unwrap().add(&line("m2\n\"")).unwrap();
        assert_eq!(references(&path).unwrap(), ["m1", "m2\n\""]);
    }

    #[test]
    fn a_line_that_is_no_acceptance_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.jsonl");
        Kept::open(&path, |_| {}).unwrap().add(&line("m1")).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{}\n").unwrap();
        let error = references(&path).unwrap_err().to_string();
        assert!(error.contains("sandbox.jsonl, line 2") && error.contains("move the file away"), "{error}");
    }

    #[test]
    fn two_sandboxes_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.jsonl");
        let _kept = Kept::open(&path, |_| {}).unwrap();
        let error = references(&path).unwrap_err().to_string();
        assert!(error.starts_with("another sandbox writes to"), "{error}");
    }
}
