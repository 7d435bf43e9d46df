//! Any bytes as a file of a shop: every row is taken or rejected with a reason, no batch is too large, calls are as many as
//! what was taken asks for, and the file of rejected rows holds them all and can be imported as it is.
//!
//! The first byte tells what the file holds, the second its encoding.
#![no_main]

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;

use domain::time::Timestamp;
use import::{Calls, Encoding, Import, Kind, Summary, detect, stream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [kind, encoding, file @ ..] = bytes else { return };
    let kind = [Kind::Customers, Kind::Orders, Kind::Events][usize::from(*kind) % 3];
    let named = ["utf-8", "shift_jis", "euc-jp"].get(usize::from(*encoding) % 4);
    let encoding = match named {
        Some(name) => Encoding::parse(name).ok(),
        None => detect("f.csv", file).ok(),
    };
    let Some(encoding) = encoding else { return };
    let import = Import {
        kind,
        name: "f.csv".to_owned(),
        encoding,
        maps: Vec::new(),
        wording: None,
        as_of: Timestamp::from_seconds(1_795_305_600),
        rejected: PathBuf::from("f.rejected.csv"),
    };
    let Some((summary, rejected)) = imported(&import, file) else { return };
    assert_eq!(summary.rejected > 0, !summary.reasons.is_empty(), "rejected without a reason");
    if plain(file) {
        assert_eq!(rows(&summary), lines(file).saturating_sub(1), "rows of the file");
    }
    assert_eq!(summary.rejected > 0, !rejected.is_empty(), "rejected and not kept");
    let Ok(encoding) = Encoding::parse("utf-8") else { return };
    let again = Import { encoding, ..import };
    if let Some((again, _)) = imported(&again, &rejected) {
        assert_eq!(rows(&again), summary.rejected, "rows of the file of rejected rows");
    }
});

/// Imports a file; what was said of it, and the file of rejected rows.
fn imported(import: &Import, file: &[u8]) -> Option<(Summary, Vec<u8>)> {
    let (rejected, mut delivered) = (RefCell::new(Vec::new()), 0);
    let to = Calls {
        check: |_: &_| Ok(()),
        progress: |_| (),
        open: |_: &_| Ok(Kept(&rejected)),
        deliver: |calls: Vec<_>, _| {
            assert!(calls.len() <= 2_500, "{} calls at a time", calls.len());
            delivered += calls.len() as u64;
            Ok(())
        },
    };
    let summary = stream(import, file, to).ok()?;
    let taken = summary.taken_as;
    match import.kind {
        // What a customer is, and what the customer said of messages.
        Kind::Customers => assert!((taken..=2 * taken).contains(&delivered), "{delivered} calls of {taken}"),
        Kind::Orders | Kind::Events => assert_eq!(delivered, taken, "calls"),
    }
    Some((summary, rejected.into_inner()))
}

fn rows(summary: &Summary) -> u64 {
    summary.taken + summary.repeated + summary.rejected + summary.left_out
}

/// Whether each line of a file is one row or, when nothing is in it, none.
fn plain(file: &[u8]) -> bool {
    file.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n')) && !file.contains(&b'"')
}

fn lines(file: &[u8]) -> u64 {
    let says = |line: &&[u8]| line.iter().any(|byte| !b", ".contains(byte));
    file.split(|byte| *byte == b'\n').filter(says).count() as u64
}

/// Keeps what is written.
struct Kept<'a>(&'a RefCell<Vec<u8>>);

impl Write for Kept<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
