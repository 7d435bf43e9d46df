//! A check that grew old before the call: more than two seconds lie between what it read and the request to the
//! provider. It is made again, and only what is found then counts.

#![expect(clippy::expect_used, reason = "an opt-out that can't be stored ends the test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use anyhow::{Context, Result, ensure};
use cloud::table::people::Stopped;
use domain::contact::Channel;
use domain::message::SkipReason;
use domain::time::DAY;
use local::faults::{Call, Fault, Faults, Service};
use local::runtime::Runtime;
use local::virtual_time::VirtualClock;
use tests::customers::Someone;
use tests::picture::picture;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop};

/// Longer than a check holds, in seconds.
const LONG: i64 = 3;

/// Lets time pass before calls that `send-sms` makes to the table.
struct Slow {
    clock: VirtualClock,
    /// The calls that take long.
    which: fn(&Call) -> bool,
    /// Whether they do.
    on: AtomicBool,
    /// How often each operation was called by `send-sms`.
    calls: Mutex<BTreeMap<String, u32>>,
    /// Whether the customer opts out during the first long call, and where.
    opts_out: Option<OnceLock<Weak<Runtime>>>,
}

impl Slow {
    fn new(which: fn(&Call) -> bool) -> Self {
        let (clock, on) = (VirtualClock::at(MORNING), AtomicBool::new(true));
        Self { clock, which, on, calls: Mutex::default(), opts_out: None }
    }

    async fn shop(self: &Arc<Self>) -> Result<Shop> {
        let faults = Some(Arc::clone(self) as Arc<dyn Faults>);
        let clock = Some(self.clock.clone());
        let shop = lapsed_shop(Opening { faults, clock, ..Opening::at(MORNING) }, 1).await?;
        if let Some(place) = &self.opts_out {
            ensure!(place.set(Arc::downgrade(&shop.stack.runtime)).is_ok(), "one shop for each test");
        }
        Ok(shop)
    }

    fn called(&self, operation: &str) -> u32 {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(operation).copied().unwrap_or(0)
    }
}

impl Faults for Slow {
    fn on(&self, call: &Call) -> Fault {
        if call.function != "send-sms" || call.service != Service::DynamoDb {
            return Fault::None;
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(call.operation.clone()).or_default() += 1;
        drop(calls);
        if self.on.load(Ordering::Relaxed) && (self.which)(call) {
            self.clock.set(self.clock.now().plus(LONG));
            if let Some(runtime) = self.opts_out.as_ref().and_then(OnceLock::get) {
                opt_out(runtime).expect("the opt-out is stored");
            }
        }
        Fault::None
    }
}

/// Stores an opt-out as the opt-out page does before it answers. Whoever injects faults can't wait for a task of its own
/// thread, so another one does it.
fn opt_out(runtime: &Weak<Runtime>) -> Result<()> {
    let runtime = runtime.upgrade().context("the shop is open")?;
    let now = runtime.region().clock().now();
    let write = || {
        alone(async {
            let (table, address) = (runtime.table("test")?, Someone::willing(0).e164());
            table.suppress(Channel::Sms, &address, Stopped::Marketing, "opted out on the page", now).await
        })
    };
    std::thread::scope(|scope| scope.spawn(write).join()).expect("the thread ends")
}

/// The put that lets one delivery call the provider.
fn claim(call: &Call) -> bool {
    call.operation == "PutItem" && call.key.contains("M#")
}

/// Claims that stand, whether their message was sent or not.
async fn claims(shop: &Shop) -> Result<usize> {
    Ok(picture(shop).await?.keys().filter(|key| key.starts_with("M ")).count())
}

#[test]
fn an_opt_out_between_the_check_and_the_call_holds() -> Result<()> {
    let slow = Arc::new(Slow { opts_out: Some(OnceLock::new()), ..Slow::new(claim) });
    alone(async {
        let mut shop = slow.shop().await?;
        shop.pass(DAY + 3600).await?;
        ensure!(slow.called("PutItem") == 1, "the message was claimed {} times", slow.called("PutItem"));
        ensure!(shop.accepted()?.is_empty(), "a message left after the opt-out was acknowledged");
        let report = shop.report("one-sms").await?;
        ensure!(
            report.skipped == BTreeMap::from([(SkipReason::Suppressed.describe().to_owned(), 1)]),
            "{report:?}"
        );
        ensure!((report.total.entered, report.total.sent, report.unknown) == (1, 0, 0), "{report:?}");
        ensure!(claims(&shop).await? == 0, "the claim was not given back");
        Ok(())
    })
}

#[test]
fn what_may_still_leave_after_a_second_check_leaves_once() -> Result<()> {
    let slow = Arc::new(Slow::new(claim));
    alone(async {
        let mut shop = slow.shop().await?;
        shop.pass(DAY + 3600).await?;
        // Only a second check reads one customer alone.
        ensure!(slow.called("GetItem") == 1, "{} checks were made again", slow.called("GetItem"));
        let accepted = shop.accepted()?;
        ensure!(accepted.len() == 1 && accepted[0].times == 1, "{} messages", accepted.len());
        let report = shop.report("one-sms").await?;
        ensure!((report.total.entered, report.total.sent, report.total.delivered) == (1, 1, 1), "{report:?}");
        Ok(())
    })
}

#[test]
fn a_table_that_is_always_too_slow_sends_nothing_until_it_is_quicker() -> Result<()> {
    let slow = Arc::new(Slow::new(|call| claim(call) || call.operation.ends_with("GetItem")));
    alone(async {
        let mut shop = slow.shop().await?;
        shop.pass(DAY + 600).await?;
        let deliveries = slow.called("PutItem");
        ensure!(deliveries > 1, "the task was not delivered again");
        ensure!(shop.accepted()?.is_empty(), "a message left on a check that was too old");
        ensure!(claims(&shop).await? == 0, "a claim was not given back");
        ensure!(shop.report("one-sms").await?.total.sent == 0);
        slow.on.store(false, Ordering::Relaxed);
        shop.pass(3600).await?;
        let accepted = shop.accepted()?;
        ensure!(accepted.len() == 1 && accepted[0].times == 1, "{} messages", accepted.len());
        let report = shop.report("one-sms").await?;
        ensure!((report.total.entered, report.total.sent, report.total.delivered) == (1, 1, 1), "{report:?}");
        ensure!(shop.dead_letters().await?.is_empty());
        Ok(())
    })
}
