//! What functions used, as the meter counted it, in units that are paid for.

use std::collections::BTreeMap;

use super::{Architecture, Basis, Item, Line};
use crate::meter::{Counts, Snapshot};

/// What Lambda's poller asks of a queue on a function's behalf.
const POLLER: [&str; 2] = ["ReceiveMessage", "DeleteMessageBatch"];

/// What functions used and wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Used {
    /// What each asked of AWS; functions of the template alone.
    pub meter: Snapshot,
    /// Calls to providers, by the function that made them.
    pub provider_calls: BTreeMap<String, u64>,
    /// What all of them logged.
    pub log_bytes: u64,
}

impl Used {
    /// What was used after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let calls = self.provider_calls.iter().map(|(function, calls)| {
            (function.clone(), calls - earlier.provider_calls.get(function).unwrap_or(&0))
        });
        Self {
            meter: self.meter.since(&earlier.meter),
            provider_calls: calls.collect(),
            log_bytes: self.log_bytes - earlier.log_bytes,
        }
    }

    /// Times a function was invoked.
    pub fn invocations(&self, function: &str) -> u64 {
        self.meter.0.get(function).map_or(0, |counts| counts.invocations)
    }

    /// What it comes to.
    pub fn lines(&self, basis: Basis<'_>) -> Vec<Line> {
        let total = self.meter.total();
        let (mut gb_seconds, mut requests) = (0.0, 0);
        for (folder, function) in &basis.template.functions {
            let Some(counts) = self.meter.0.get(folder) else { continue };
            let memory_gb = f64::from(function.memory_mb) / 1024.0;
            gb_seconds += memory_gb * self.seconds(folder, counts, basis);
            if basis.template.routes.iter().any(|route| route.function == *folder) {
                // What a queue brought did not come through the API.
                requests += counts.invocations.saturating_sub(batches(counts));
            }
        }
        let seconds = match basis.architecture {
            Architecture::X86 => Item::LambdaSecondsX86,
            Architecture::Arm => Item::LambdaSecondsArm,
        };
        let assumed = basis.prices.assumptions;
        let bytes = self.log_bytes as f64
            + total.invocations as f64 * assumed.invocation_log_bytes
            + requests as f64 * assumed.request_log_bytes;
        vec![
            Line::new("table, written", Item::TableWrites, total.write_units),
            Line::new("table, read", Item::TableReads, total.read_units),
            Line::new("queues", Item::QueueRequests, total.sqs_requests() as f64),
            Line::new("functions, invoked", Item::LambdaRequests, total.invocations as f64),
            Line::new("functions, time", seconds, gb_seconds),
            Line::new("HTTP API", Item::ApiRequests, requests as f64),
            Line::new("bus", Item::BusEvents, total.events as f64),
            Line::new("logs", Item::LogGigabytes, bytes / 1e9),
        ]
    }

    /// How long a function ran, as is assumed of what it did.
    fn seconds(&self, folder: &str, counts: &Counts, basis: Basis<'_>) -> f64 {
        let assumed = basis.prices.assumptions;
        let polled: u64 = POLLER.iter().filter_map(|operation| counts.sqs.get(*operation)).sum();
        let calls = counts.dynamodb_calls() + (counts.sqs_requests() - polled) + counts.events;
        let provider_calls = self.provider_calls.get(folder).copied().unwrap_or(0);
        let ms = counts.invocations as f64 * assumed.invocation_ms
            + calls as f64 * assumed.aws_call_ms
            + provider_calls as f64 * assumed.provider_call_ms;
        ms / 1e3
    }
}

/// Batches that came from a queue.
fn batches(counts: &Counts) -> u64 {
    counts.sqs.get("ReceiveMessage").copied().unwrap_or(0)
}
