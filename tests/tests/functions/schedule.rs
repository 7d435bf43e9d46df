//! `schedule` finds who is due: everyone, nobody else, and nobody twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::customers::{SWEEP_SECONDS, Stored};
use domain::input::Input;
use domain::names::CustomerId;
use domain::time::Timestamp;
use local::faults::{Call, Fault, Faults, Service};
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);
const INBOX: &str = "InboxQueue";
const SHARDS: u64 = 8;

/// Writes customers that are due at an instant.
async fn due(shop: &Shop, name: &str, count: usize, at: Timestamp) -> Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for number in 0..count {
        let stored = Stored::absent(CustomerId::parse(&format!("{name}{number:05}"))?);
        shop.table.commit(&stored, &stored.customer, Some(at)).await?;
        ids.insert(stored.customer.id.to_string());
    }
    Ok(ids)
}

/// Takes what lies in the inbox: whom `schedule` put there.
async fn put(shop: &Shop) -> Result<Vec<String>> {
    let queues = shop.stack.runtime.region().queues();
    let messages = queues.peek(INBOX, 100_000).await?;
    queues.purge(INBOX).await?;
    let customer = |body: &str| {
        let Inbox { customer, inputs, .. } = serde_json::from_str(body)?;
        ensure!(inputs == [Input::Timer], "{inputs:?}");
        Ok(customer.to_string())
    };
    messages.iter().map(|message| customer(&message.body)).collect()
}

/// Ticks, and checks that exactly `expected` are put in the inbox, each once.
async fn finds(shop: &Shop, expected: &BTreeSet<String>) -> Result<()> {
    shop.stack.runtime.tick("schedule").await?;
    let found = put(shop).await?;
    let unique: BTreeSet<String> = found.iter().cloned().collect();
    ensure!(unique.len() == found.len(), "{} were put there twice", found.len() - unique.len());
    let (missing, wrong) = (expected.difference(&unique).count(), unique.difference(expected).count());
    ensure!((missing, wrong) == (0, 0), "{missing} were not found, {wrong} were not due");
    Ok(())
}

/// More than a page in each shard, all at one instant, as before a campaign that leaves at ten.
#[test]
fn everyone_who_is_due_and_from_where_it_stopped() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let mut at_ten = due(&shop, "ten", 9_000, MORNING).await?;
        let later = due(&shop, "later", 40, MORNING.plus(60)).await?;
        finds(&shop, &at_ten).await?;
        finds(&shop, &BTreeSet::new()).await?;
        shop.clock.set(MORNING.plus(60));
        finds(&shop, &later).await?;
        // One whose key lies before those that were read already: the sweep finds it, and all that are still there.
        let behind = due(&shop, "behind", 1, MORNING.plus(-5)).await?;
        shop.clock.set(MORNING.plus(SWEEP_SECONDS - 1));
        finds(&shop, &BTreeSet::new()).await?;
        shop.clock.set(MORNING.plus(SWEEP_SECONDS));
        at_ten.extend(later);
        at_ten.extend(behind);
        finds(&shop, &at_ten).await
    })
}

#[test]
fn a_death_loses_nobody() -> Result<()> {
    alone(async {
        let deaths = AtCall::of("schedule");
        let shop = Shop::open(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }).await?;
        let everyone = due(&shop, "someone", 100, MORNING).await?;
        finds(&shop, &everyone).await?;
        let calls = deaths.made();
        ensure!(calls > 16, "only {calls} calls");
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            for call in 0..calls {
                // A process that remembers nothing, killed at its first tick, and the one that takes its place.
                shop.clock.set(shop.clock.now().plus(SWEEP_SECONDS));
                deaths.arm(call, fault);
                ensure!(shop.stack.runtime.tick("schedule").await.is_err(), "call {call} was not fatal");
                put(&shop).await?;
                finds(&shop, &everyone).await?;
            }
        }
        Ok(())
    })
}

/// An inbox that takes so many requests of `schedule`, and refuses those after.
struct InboxTakes(AtomicU32);

impl Faults for InboxTakes {
    fn on(&self, call: &Call) -> Fault {
        let sends = call.function == "schedule" && call.service == Service::Sqs;
        let taken = |left: u32| left.checked_sub(1);
        if sends && self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_err() {
            return Fault::Throttle;
        }
        Fault::None
    }
}

/// The tick fails, and the next one finds those that were not put there.
#[test]
fn an_inbox_that_is_down_loses_nobody() -> Result<()> {
    for takes in [0, 3] {
        alone(async {
            let inbox = Arc::new(InboxTakes(AtomicU32::new(takes)));
            let shop = Shop::open(Opening { faults: Some(inbox.clone()), ..Opening::at(MORNING) }).await?;
            let everyone = due(&shop, "someone", 100, MORNING).await?;
            ensure!(shop.stack.runtime.tick("schedule").await.is_err(), "the tick went well");
            let mut found: BTreeSet<String> = put(&shop).await?.into_iter().collect();
            ensure!(found.is_empty() == (takes == 0), "{} were put there", found.len());
            inbox.0.store(u32::MAX, Ordering::Relaxed);
            shop.stack.runtime.tick("schedule").await?;
            found.extend(put(&shop).await?);
            ensure!(found == everyone, "{} of {} were found", found.len(), everyone.len());
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn nobody_is_due_costs_the_same_however_many_there_are() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        for (name, more) in [("none", 0), ("some", 50), ("many", 2_000)] {
            due(&shop, name, more, MORNING.plus(3600)).await?;
            for minute in 1..3 {
                let before = shop.used();
                shop.stack.runtime.tick("schedule").await?;
                let used = shop.used().since(&before);
                let counts = &used.0["schedule"];
                assert_eq!(
                    counts.dynamodb.get("Query"),
                    Some(&SHARDS),
                    "{name}, minute {minute}: {counts:?}"
                );
                assert_eq!((counts.dynamodb_calls(), counts.sqs_requests()), (SHARDS, 0), "{counts:?}");
            }
        }
        Ok(())
    })
}
