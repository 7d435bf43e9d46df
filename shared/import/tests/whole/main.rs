//! Whole files, from their bytes to calls, summary and rejected rows.

#![expect(clippy::unwrap_used, reason = "these files are tests as a whole")]

mod bad;
mod batches;
mod columns;
mod examples;
mod lines;
mod same_text;
mod twice;

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use domain::time::Timestamp;
use import::{Calls, Encoding, Import, Kind, Mapping, Reject, Summary, detect, stream};
use serde_json::Value;

/// When the files were made: 2025-11-24T00:00:00Z.
const AS_OF: Timestamp = Timestamp::from_seconds(1_763_942_400);

struct Outcome {
    calls: Vec<Value>,
    summary: Summary,
    /// Without its byte order mark.
    rejected: Option<String>,
}

/// Imports a file whose calls are all fine with the API.
fn import(kind: Kind, text: impl AsRef<[u8]>) -> Result<Outcome, String> {
    import_with(kind, &[], text)
}

fn import_with(kind: Kind, maps: &[&str], text: impl AsRef<[u8]>) -> Result<Outcome, String> {
    let encoding = detect("f.csv", text.as_ref()).map_err(|e| format!("{e:#}"))?;
    import_as(kind, encoding, maps, text, |_| Ok(()))
}

/// Imports a file whose consents were all given by the same words.
fn import_worded(kind: Kind, text: impl AsRef<[u8]>, wording: &str) -> Result<Outcome, String> {
    let encoding = detect("f.csv", text.as_ref()).map_err(|e| format!("{e:#}"))?;
    import_so(kind, encoding, &[], Some(wording.to_owned()), text, |_| Ok(()))
}

fn import_as(
    kind: Kind,
    encoding: Encoding,
    maps: &[&str],
    text: impl AsRef<[u8]>,
    check: impl FnMut(&Value) -> Result<(), Reject>,
) -> Result<Outcome, String> {
    import_so(kind, encoding, maps, None, text, check)
}

fn import_so(
    kind: Kind,
    encoding: Encoding,
    maps: &[&str],
    wording: Option<String>,
    text: impl AsRef<[u8]>,
    check: impl FnMut(&Value) -> Result<(), Reject>,
) -> Result<Outcome, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.rejected.csv");
    let maps = maps.iter().map(|map| Mapping::parse(map).unwrap()).collect();
    let name = "f.csv".to_owned();
    let import = Import { kind, name, encoding, maps, wording, as_of: AS_OF, rejected: path.clone() };
    let calls = RefCell::new(Vec::new());
    let deliver = |batch: Vec<Value>, _| {
        calls.borrow_mut().extend(batch);
        Ok(())
    };
    let open = |path: &Path| fs::File::create(path);
    let summary = stream(&import, text.as_ref(), Calls { check, progress: |_| (), open, deliver });
    let mut summary = summary.map_err(|e| format!("{e:#}"))?;
    assert_eq!(summary.kept.take().is_some(), summary.rejected > 0);
    let rejected = fs::read_to_string(path).ok();
    let rejected = rejected.map(|text| text.strip_prefix('\u{feff}').unwrap().to_owned());
    Ok(Outcome { calls: calls.into_inner(), summary, rejected })
}

/// The reason for which the only row of a file is rejected.
fn reason(kind: Kind, text: &str) -> String {
    let outcome = import(kind, text).unwrap();
    assert_eq!((outcome.summary.taken, outcome.summary.rejected), (0, 1), "{text}");
    outcome.summary.reasons.concat()
}
