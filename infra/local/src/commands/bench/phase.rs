//! One thing that is done many times over, and what it takes each time.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::meter::{Counts, Snapshot};
use crate::runtime::Runtime;

/// Ticks of the processor's time in /proc, a second: the same on every Linux.
const TICKS: f64 = 100.0;

/// What was measured of one phase. Units and requests are those of the functions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Phase {
    /// How often it was done.
    pub(super) count: u32,
    /// Seconds it took.
    pub(super) wall_seconds: f64,
    /// Seconds of processors that this process used meanwhile, the system's work for it included.
    pub(super) cpu_seconds: f64,
    /// Seconds for which its threads were ready and had no processor, summed: what others, and more threads than cores,
    /// cost.
    pub(super) queued_seconds: f64,
    /// Times a second.
    pub(super) per_second: f64,
    /// Write request units, each time.
    pub(super) write_units: f64,
    /// Read request units, each time.
    pub(super) read_units: f64,
    /// SQS requests, each time.
    pub(super) sqs_requests: f64,
    /// Invocations of functions, each time.
    pub(super) invocations: f64,
}

/// A phase under way.
pub(super) struct Watch {
    began: Instant,
    cpu_seconds: f64,
    queued_seconds: f64,
    used: Snapshot,
}

impl Watch {
    pub(super) fn start(runtime: &Runtime) -> Self {
        let used = runtime.region().meter().snapshot();
        Self { used, cpu_seconds: cpu_seconds(), queued_seconds: queued_seconds(), began: Instant::now() }
    }

    /// Inputs that `advance` is done with since the start: what it deleted from the inbox, ten in a request.
    pub(super) fn inputs(&self, runtime: &Runtime) -> u64 {
        10 * self.requests(runtime, "advance", "DeleteMessageBatch")
    }

    /// Requests with which a function sent messages since the start.
    pub(super) fn sent(&self, runtime: &Runtime, function: &str) -> u64 {
        self.requests(runtime, function, "SendMessageBatch")
    }

    fn requests(&self, runtime: &Runtime, function: &str, operation: &str) -> u64 {
        let used = runtime.region().meter().snapshot().since(&self.used);
        used.0.get(function).and_then(|counts| counts.sqs.get(operation)).copied().unwrap_or(0)
    }

    pub(super) fn stop(self, runtime: &Runtime, count: u32) -> Phase {
        let (wall_seconds, cpu_seconds) =
            (self.began.elapsed().as_secs_f64(), cpu_seconds() - self.cpu_seconds);
        let used = runtime.region().meter().snapshot().since(&self.used);
        let functions = &runtime.template().functions;
        let used: Counts =
            Snapshot(used.0.into_iter().filter(|(name, _)| functions.contains_key(name)).collect()).total();
        let times = f64::from(count);
        Phase {
            count,
            wall_seconds,
            cpu_seconds,
            queued_seconds: queued_seconds() - self.queued_seconds,
            per_second: times / wall_seconds,
            write_units: used.write_units / times,
            read_units: used.read_units / times,
            sqs_requests: used.sqs_requests() as f64 / times,
            invocations: used.invocations as f64 / times,
        }
    }
}

/// Seconds for which the threads of this process waited for a processor; 0 where the system does not tell.
fn queued_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let waited = threads.filter_map(|thread| {
        // Nanoseconds: on a processor, and waiting for one.
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    waited.sum::<f64>() / 1e9
}

/// Seconds of processors that this process has used, in user and system mode; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process comes second and may hold anything; the 14th and 15th field are the times.
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}
