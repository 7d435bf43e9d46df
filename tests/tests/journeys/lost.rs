//! Calls to stores and queues that are throttled, or whose request or answer is lost: the client makes them again, and the
//! ledger is the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use local::faults::{Call, Fault, Faults};

use crate::campaign::ends_alike_despite;

/// One in so many calls goes wrong: the client waits up to a second of real time before it makes one again.
const ONE_IN: u64 = 100;

#[derive(Default)]
struct Lossy {
    wrong: AtomicU32,
}

impl Faults for Lossy {
    fn on(&self, call: &Call) -> Fault {
        let ours =
            ["advance", "callback", "ingest", "link", "recompute", "schedule", "send-email", "send-sms"];
        let mut hasher = DefaultHasher::new();
        call.hash(&mut hasher);
        let hash = hasher.finish();
        if call.nth > 0 || !hash.is_multiple_of(ONE_IN) || !ours.contains(&call.function.as_str()) {
            return Fault::None;
        }
        self.wrong.fetch_add(1, Ordering::Relaxed);
        [Fault::Throttle, Fault::LoseRequest, Fault::LoseResponse][(hash / ONE_IN % 3) as usize]
    }
}

#[test]
fn calls_that_are_throttled_or_lost() -> Result<()> {
    let lossy = Arc::new(Lossy::default());
    ends_alike_despite(Arc::clone(&lossy) as Arc<dyn Faults>)?;
    let wrong = lossy.wrong.load(Ordering::Relaxed);
    ensure!(wrong > 15, "only {wrong} calls went wrong");
    println!("{wrong} calls went wrong");
    Ok(())
}
