//! Any bytes as a file of a shop: every row is taken or rejected with a reason, and no batch is too large.
//!
//! The first byte tells what the file holds, the second its encoding.
#![no_main]

use std::io::sink;
use std::path::PathBuf;

use domain::time::Timestamp;
use import::{Calls, Encoding, Import, Kind, detect, stream};
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
        as_of: Timestamp::from_seconds(1_795_305_600),
        rejected: PathBuf::from("f.rejected.csv"),
    };
    let to = Calls {
        check: |_: &_| Ok(()),
        progress: |_| (),
        open: |_: &_| Ok(sink()),
        deliver: |calls: Vec<_>, _| {
            assert!(calls.len() <= 2_500, "{} calls at a time", calls.len());
            Ok(())
        },
    };
    if let Ok(summary) = stream(&import, file, to) {
        assert_eq!(summary.rejected > 0, !summary.reasons.is_empty(), "rejected without a reason");
    }
});
