//! Reads that lag behind by any number of writes: what they make the functions decide does not stand.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use local::faults::{Call, Fault, Faults, Service};

use crate::campaign::ends_alike_despite;

/// By how many writes of an item a read lags behind at most.
const LAGS: u64 = 3;

#[derive(Default)]
struct Lagging {
    behind: AtomicU32,
}

impl Faults for Lagging {
    fn on(&self, call: &Call) -> Fault {
        let reads = call.service == Service::DynamoDb && call.operation.ends_with("GetItem");
        let ours = ["advance", "callback", "link", "send-email", "send-sms"];
        // Whoever asks the same again finds the reader up to date. Were it not so, timers that come to nothing would add up:
        // each waits for the next sweep, and the last groups would get their SMS after the day on which they answer.
        let caught_up = !call.nth.is_multiple_of(2);
        if !reads || caught_up || !ours.contains(&call.function.as_str()) {
            return Fault::None;
        }
        let mut hasher = DefaultHasher::new();
        call.hash(&mut hasher);
        self.behind.fetch_add(1, Ordering::Relaxed);
        Fault::Stale(1 + (hasher.finish() % LAGS) as usize)
    }
}

#[test]
fn reads_that_lag_behind() -> Result<()> {
    let lagging = Arc::new(Lagging::default());
    ends_alike_despite(Arc::clone(&lagging) as Arc<dyn Faults>)?;
    let behind = lagging.behind.load(Ordering::Relaxed);
    ensure!(behind > 300, "only {behind} reads lagged behind");
    println!("{behind} reads lagged behind");
    Ok(())
}
