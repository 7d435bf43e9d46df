//! An import of any size takes bounded memory. Alone in its process, and one at a time, so that the peak is its own.

#![expect(clippy::unwrap_used, reason = "this file is a test as a whole")]

use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::Mutex;

use domain::time::Timestamp;
use import::{Calls, Encoding, Import, Kind, Summary, detect, stream};
use local::commands::takes;
use serde_json::Value;

/// 2026-11-22T00:00:00Z
const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);

/// Bytes that the process may hold at its peak: hashes of 1,750,000 orders, the buffers, a batch and the test itself.
const PEAK: u64 = 64 << 20;

/// Rows of orders without an end, one in a thousand of them broken.
#[derive(Default)]
struct Orders {
    row: u64,
    left: Vec<u8>,
    /// In `Shift_JIS` (windows-31j), as EC-CUBE writes them: three rows to an order.
    ec_cube: bool,
}

/// お届けは in windows-31j.
const SHIFT_JIS: &[u8] = b"\x82\xa8\x93\xcd\x82\xaf\x82\xcd";
/// 注文ID,会員ID,受注日,支払合計,商品名 in windows-31j.
const EC_CUBE: &[u8] = b"\x92\x8d\x95\xb6ID,\x89\xef\x88\xf5ID,\x8e\xf3\x92\x8d\x93\xfa,\
    \x8ex\x95\xa5\x8d\x87\x8cv,\x8f\xa4\x95i\x96\xbc\r\n";

impl Read for Orders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left.len() < buffer.len() {
            if self.row == 0 {
                let own: &[u8] = b"order_id,customer_id,ordered_at,total,memo\r\n";
                self.left.extend(if self.ec_cube { EC_CUBE } else { own });
            } else {
                let total = if self.row.is_multiple_of(1_000) { "-1" } else { "\"1,980\"" };
                let (customer, day) = (self.row % 100_000, self.row % 31 + 1);
                for _ in 0..if self.ec_cube { 3 } else { 1 } {
                    write!(self.left, "A{},{customer},2026/1/{day} 9:05,{total},", self.row)?;
                    self.left.extend(if self.ec_cube { SHIFT_JIS } else { "お届けは".as_bytes() });
                    self.left.extend(b"\r\n");
                }
            }
            self.row += 1;
        }
        let rest = self.left.split_off(buffer.len());
        buffer.copy_from_slice(&self.left);
        self.left = rest;
        Ok(buffer.len())
    }
}

/// Held by the import that is on its way.
static ALONE: Mutex<()> = Mutex::new(());

fn import(encoding: Encoding, reader: impl Read) -> Summary {
    let _alone = ALONE.lock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let import = Import {
        kind: Kind::Orders,
        name: "orders.csv".to_owned(),
        encoding,
        maps: Vec::new(),
        wording: None,
        as_of: NOW,
        rejected: folder.path().join("orders.rejected.csv"),
    };
    let mut calls = 0;
    let check = |call: &Value| takes(call, NOW);
    let deliver = |batch: Vec<Value>, _| {
        calls += batch.len() as u64;
        Ok(())
    };
    let open = |path: &Path| fs::File::create(path);
    let summary = stream(&import, reader, Calls { check, progress: |_| (), open, deliver }).unwrap();
    assert_eq!(summary.taken_as, calls);
    let kept = fs::read_to_string(import.rejected).unwrap();
    assert_eq!(kept.lines().count() as u64, summary.rejected + 1);
    summary
}

/// The most memory that this process has held, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1_024
}

#[test]
fn a_file_of_64_mb_is_imported_in_bounded_memory() {
    let mut file = tempfile::tempfile().unwrap();
    io::copy(&mut Orders::default().take(64_000_000), &mut file).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let summary = import(Encoding::Utf8, file);
    assert!(summary.taken > 900_000 && summary.rejected > 900, "{summary}");
    assert!(peak() < PEAK, "{} bytes at the peak", peak());
}

#[test]
fn a_file_of_64_mb_in_shift_jis_is_imported_in_bounded_memory() {
    let orders = || BufReader::new(Orders { ec_cube: true, ..Orders::default() }.take(64_000_000));
    let encoding = detect("orders.csv", orders()).unwrap();
    assert_eq!(encoding, Encoding::ShiftJis);
    let summary = import(encoding, orders());
    assert!(summary.taken_as > 300_000 && summary.taken >= 3 * summary.taken_as - 2, "{summary}");
    assert!(summary.rejected > 900 && summary.format == "EC-CUBE", "{summary}");
    assert!(peak() < PEAK, "{} bytes at the peak", peak());
}

#[test]
#[ignore = "long: 2 GB"]
fn a_stream_of_2_gb_is_imported_in_bounded_memory() {
    let summary = import(Encoding::Utf8, BufReader::new(Orders::default().take(2_000_000_000)));
    assert!(summary.taken > 28_000_000 && summary.rejected > 28_000, "{summary}");
    assert!(summary.looked_until.is_some_and(|line| line > 1_750_000), "{summary}");
    assert!(peak() < PEAK, "{} bytes at the peak", peak());
}
