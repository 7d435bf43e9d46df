//! Calls to stores and queues that are throttled, or whose request or answer is lost: the client makes them again, and the
//! ledger is the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use local::faults::{Call, Fault, Faults};
use tests::picture::differences;
use tests::shop::{Opening, Shop, alone};

use crate::campaign::{START, check, live};

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
    let baseline = alone(async {
        let mut shop = Shop::open(Opening::at(START)).await?;
        live(&mut shop).await?;
        check(&shop).await
    })?;
    let lossy = Arc::new(Lossy::default());
    let faults = Some(Arc::clone(&lossy) as Arc<dyn Faults>);
    let picture = alone(async {
        let mut shop = Shop::open(Opening { faults, ..Opening::at(START) }).await?;
        live(&mut shop).await?;
        check(&shop).await
    })?;
    let different = differences(&baseline, &picture);
    ensure!(different.is_empty(), "{}", different.join("\n"));
    let wrong = lossy.wrong.load(Ordering::Relaxed);
    ensure!(wrong > 15, "only {wrong} calls went wrong");
    println!("{wrong} calls went wrong");
    Ok(())
}
