//! Calls on their way, so many at a time.

use std::ops::RangeInclusive;

use serde_json::Value;

/// Calls in a batch.
const CALLS: usize = 2_500;
/// Bytes of JSON in a batch: Segment takes 500 KB, and the frame around the calls needs a little.
const BYTES: usize = 480_000;

pub(crate) struct Batch<D> {
    deliver: D,
    calls: Vec<Value>,
    bytes: usize,
    lines: RangeInclusive<u64>,
}

impl<D: FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>> Batch<D> {
    pub fn new(deliver: D) -> Self {
        Self { deliver, calls: Vec::new(), bytes: 0, lines: 0..=0 }
    }

    /// Adds the calls of a row, after delivering those they have no room beside.
    pub fn push(&mut self, calls: Vec<Value>, line: u64) -> anyhow::Result<()> {
        // Each with the comma after it.
        let bytes: usize = calls.iter().map(|call| call.to_string().len() + 1).sum();
        if self.calls.len() + calls.len() > CALLS || self.bytes + bytes > BYTES {
            self.flush()?;
        }
        let first = if self.calls.is_empty() { line } else { *self.lines.start() };
        self.lines = first..=line;
        self.bytes += bytes;
        self.calls.extend(calls);
        Ok(())
    }

    /// Delivers what is left.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        if self.calls.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        (self.deliver)(std::mem::take(&mut self.calls), self.lines.clone())
    }

    /// Which lines were delivered last, for a message.
    pub fn lines(&self, name: &str) -> String {
        let (first, last) = self.lines.clone().into_inner();
        format!("{name}: lines {first} to {last} could not be handed over; importing the file again is safe")
    }
}
