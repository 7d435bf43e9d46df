//! An import of any size takes the same memory. Alone in its process, so that the peak is its own.

#![expect(clippy::unwrap_used, reason = "this file is a test as a whole")]

use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use domain::time::Timestamp;
use import::{Calls, Encoding, Import, Kind, Reject, Summary, stream};
use serde_json::Value;

/// 2026-11-22T00:00:00Z
const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);

/// Bytes that the process may hold at its peak: the buffers, a batch and the test itself, many times over.
const PEAK: u64 = 64 << 20;

/// Rows of orders without an end, one in a thousand of them broken.
#[derive(Default)]
struct Orders {
    row: u64,
    left: Vec<u8>,
}

impl Read for Orders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left.len() < buffer.len() {
            if self.row == 0 {
                self.left.extend(b"order_id,customer_id,ordered_at,total,memo\r\n");
            } else {
                let total = if self.row.is_multiple_of(1_000) { "-1" } else { "\"1,980\"" };
                let customer = self.row % 100_000;
                write!(
                    self.left,
                    "A{},{customer},2026/1/{} 9:05,{total},お届けは\r\n",
                    self.row,
                    self.row % 31 + 1
                )?;
            }
            self.row += 1;
        }
        let rest = self.left.split_off(buffer.len());
        buffer.copy_from_slice(&self.left);
        self.left = rest;
        Ok(buffer.len())
    }
}

fn import(reader: impl Read) -> Summary {
    let folder = tempfile::tempdir().unwrap();
    let import = Import {
        kind: Kind::Orders,
        name: "orders.csv".to_owned(),
        encoding: Encoding::Utf8,
        maps: Vec::new(),
        as_of: NOW,
        rejected: folder.path().join("orders.rejected.csv"),
    };
    let mut calls = 0;
    let check = |call: &Value| match ingest::parse(call, NOW) {
        Ok(_) => Ok(()),
        Err(ingest::Rejection { field, error }) => Err(Reject::new(&field, error)),
    };
    let deliver = |batch: Vec<Value>, _| {
        calls += batch.len() as u64;
        Ok(())
    };
    let open = |path: &Path| fs::File::create(path);
    let summary = stream(&import, reader, Calls { check, progress: |_| (), open, deliver }).unwrap();
    assert_eq!(summary.taken, calls);
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
fn a_file_of_64_mb_is_imported_in_flat_memory() {
    let mut file = tempfile::tempfile().unwrap();
    io::copy(&mut Orders::default().take(64_000_000), &mut file).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let summary = import(file);
    assert!(summary.taken > 900_000 && summary.rejected > 900, "{summary}");
    assert!(peak() < PEAK, "{} bytes at the peak", peak());
}

#[test]
#[ignore = "long: 2 GB"]
fn a_stream_of_2_gb_is_imported_in_flat_memory() {
    let summary = import(BufReader::new(Orders::default().take(2_000_000_000)));
    assert!(summary.taken > 28_000_000 && summary.rejected > 28_000, "{summary}");
    assert!(peak() < PEAK, "{} bytes at the peak", peak());
}
