//! What was used, by function: the figures the budgets are checked against and a month's bill is estimated from.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// SQS bills one request per 64 KiB of payload.
/// <https://aws.amazon.com/sqs/pricing/>
const SQS_CHUNK_BYTES: u64 = 64 * 1024;

/// Counts what each function uses; shared by all connectors of a region.
#[derive(Debug, Default)]
pub struct Meter(Mutex<BTreeMap<String, Counts>>);

/// What one function used.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Times it was invoked.
    pub invocations: u64,
    /// `DynamoDB` calls, by operation.
    pub dynamodb: BTreeMap<String, u64>,
    /// `DynamoDB` read request units, indexes included.
    pub read_units: f64,
    /// `DynamoDB` write request units, indexes included.
    pub write_units: f64,
    /// SQS requests as billed (one per 64 KiB), by operation.
    pub sqs: BTreeMap<String, u64>,
    /// `EventBridge` entries put.
    pub events: u64,
}

/// Everything counted up to one moment, by function.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Snapshot(pub BTreeMap<String, Counts>);

impl Meter {
    /// Counts an invocation of `function`.
    pub fn invoked(&self, function: &str) {
        self.add(function, |counts| counts.invocations += 1);
    }

    /// Counts an SQS request that carried `bytes`. The runtime counts here what Lambda's poller would send.
    pub fn sqs(&self, function: &str, operation: &str, bytes: u64) {
        let requests = bytes.div_ceil(SQS_CHUNK_BYTES).max(1);
        self.add(function, |counts| bump(&mut counts.sqs, operation, requests));
    }

    /// Counts a `DynamoDB` call and the units it consumed.
    pub fn dynamodb(&self, function: &str, operation: &str, read_units: f64, write_units: f64) {
        self.add(function, |counts| {
            bump(&mut counts.dynamodb, operation, 1);
            counts.read_units += read_units;
            counts.write_units += write_units;
        });
    }

    /// Counts entries put on the bus.
    pub fn events(&self, function: &str, entries: u64) {
        self.add(function, |counts| counts.events += entries);
    }

    /// The counts so far.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.lock().clone())
    }

    fn add(&self, function: &str, change: impl FnOnce(&mut Counts)) {
        let mut all = self.lock();
        match all.get_mut(function) {
            Some(counts) => change(counts),
            None => change(all.entry(function.to_owned()).or_default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// What was used after `earlier`. Functions that used nothing are left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let nothing = Counts::default();
        let used = self.0.iter().filter_map(|(function, counts)| {
            let difference = counts.since(earlier.0.get(function).unwrap_or(&nothing));
            (difference != nothing).then(|| (function.clone(), difference))
        });
        Self(used.collect())
    }

    /// All functions together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.0.values() {
            total.add(counts);
        }
        total
    }
}

impl Counts {
    /// `DynamoDB` calls of all operations.
    pub fn dynamodb_calls(&self) -> u64 {
        self.dynamodb.values().sum()
    }

    /// SQS requests of all operations.
    pub fn sqs_requests(&self) -> u64 {
        self.sqs.values().sum()
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            invocations: self.invocations - earlier.invocations,
            dynamodb: difference(&self.dynamodb, &earlier.dynamodb),
            read_units: self.read_units - earlier.read_units,
            write_units: self.write_units - earlier.write_units,
            sqs: difference(&self.sqs, &earlier.sqs),
            events: self.events - earlier.events,
        }
    }

    fn add(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.read_units += other.read_units;
        self.write_units += other.write_units;
        self.events += other.events;
        for (operation, count) in &other.dynamodb {
            bump(&mut self.dynamodb, operation, *count);
        }
        for (operation, count) in &other.sqs {
            bump(&mut self.sqs, operation, *count);
        }
    }
}

fn bump(counts: &mut BTreeMap<String, u64>, operation: &str, by: u64) {
    match counts.get_mut(operation) {
        Some(count) => *count += by,
        None => {
            counts.insert(operation.to_owned(), by);
        }
    }
}

fn difference(later: &BTreeMap<String, u64>, earlier: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let grown = later.iter().map(|(key, count)| (key.clone(), count - earlier.get(key).unwrap_or(&0)));
    grown.filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_leaves_out_what_did_not_change() {
        let meter = Meter::default();
        meter.invoked("link");
        meter.dynamodb("advance", "GetItem", 0.5, 0.0);
        let earlier = meter.snapshot();
        meter.dynamodb("advance", "PutItem", 0.0, 2.0);
        meter.sqs("advance", "SendMessageBatch", 65 * 1024);

        let used = meter.snapshot().since(&earlier);
        assert_eq!(
            serde_json::to_value(&used).unwrap(),
            serde_json::json!({"advance": {
                "invocations": 0, "events": 0,
                "dynamodb": {"PutItem": 1}, "read_units": 0.0, "write_units": 2.0,
                "sqs": {"SendMessageBatch": 2},
            }})
        );
        assert_eq!(meter.snapshot().total().dynamodb_calls(), 2);
    }
}
