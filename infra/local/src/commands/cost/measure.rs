//! What an idle stack and a campaign use, counted on a stack of this machine by a virtual clock.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use cloud::telemetry;
use domain::time::{DAY, Timestamp};
use sandbox::{Sandbox, Stats};
use serde_json::Value;

use crate::commands::demo;
use crate::cost::{Ticked, Used, transitions};
use crate::definitions;
use crate::demo::{calls, win_back};
use crate::meter::Snapshot;
use crate::schedule::Schedule;
use crate::stack::Stack;
use crate::template::Template;
use crate::virtual_time::{Driver, VirtualClock};

/// What people do follows from it: the same figures each time.
const SEED: u64 = 1;

/// Whoever bought nothing for so long has lapsed, by the campaign's segment.
const LAPSED_SECONDS: i64 = 180 * DAY;

/// How long the campaign takes for everyone, at most: 28 days, and some for what comes late.
const CAMPAIGN_DAYS: i64 = 35;

/// By when `recompute` has gone through everyone for the second time after definitions were applied.
const APPLIED_SECONDS: i64 = 5 * 60;

/// Ticks of what comes every so many seconds: a quarter of an hour of minutes holds each of their kinds.
const TICKS: u32 = 15;

/// Calls in one post to the API, which takes 500 KB.
const POST: usize = 800;

/// What was counted.
pub(super) struct Measured {
    /// The template of the stack.
    pub(super) template: Template,
    /// Customers of the campaign.
    pub(super) customers: u32,
    /// What each function that the clock invokes used while nobody was there, by its folder.
    pub(super) empty: BTreeMap<String, Ticked>,
    /// The same, with all customers there and nothing to do for them.
    pub(super) peopled: BTreeMap<String, Ticked>,
    /// What the campaign used: first to begin for everyone, then to run, the clock's work included.
    pub(super) campaign: [Used; 2],
    /// How often the clock invoked each function meanwhile.
    pub(super) ticks: BTreeMap<String, u64>,
    /// What the provider accepted.
    pub(super) accepted: Stats,
    /// Steps that enrollments came to.
    pub(super) transitions: u64,
}

impl Measured {
    /// Messages that the provider accepted.
    pub(super) const fn messages(&self) -> u64 {
        self.accepted.accepted
    }
}

/// Measures on this thread alone, whose logs are counted.
pub(super) fn alone(customers: u32) -> Result<Measured> {
    let logged = Logged::default();
    let lines = logged.clone();
    let subscriber = telemetry::lines("info", move || lines.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let directory = tempfile::tempdir()?;
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(measure(directory.path(), customers, logged))
    })
}

async fn measure(data: &Path, customers: u32, logged: Logged) -> Result<Measured> {
    let start = Timestamp::parse(demo::START)?;
    let clock = VirtualClock::at(start);
    let stack = Stack::start(demo::setup(data, SEED, &clock)).await?;
    let sandbox = stack.sandbox.clone().context("the stack has a sandbox")?;
    let driver = Driver::new(Arc::clone(&stack.runtime), Some(Arc::clone(&sandbox)), clock.clone())?;
    let mut shop = Shop { stack, sandbox, clock, driver, logged };

    let empty = shop.ticked().await?;
    shop.take_in(&lapsed(customers, start)?).await?;

    let before = shop.used();
    definitions::apply(&shop.stack.runtime, &win_back()).await?;
    shop.pass(APPLIED_SECONDS).await?;
    let mut beginning = shop.used().since(&before);
    // That everyone is looked at is what applying definitions costs, not a message.
    beginning.meter.0.remove("recompute");
    let peopled = shop.ticked().await?;

    let (before, began) = (shop.used(), shop.clock.now());
    shop.pass(CAMPAIGN_DAYS * DAY).await?;
    let campaign = [beginning, shop.used().since(&before)];
    let ticks = ticks(&shop.stack.runtime.schedules()?, &campaign, began, shop.clock.now());
    let accepted = shop.sandbox.stats();
    ensure!(accepted.accepted > 0, "nobody got a message, so nothing was measured; take more --customers");
    let transitions = shop.transitions().await?;
    let template = shop.stack.runtime.template().clone();
    Ok(Measured { template, customers, empty, peopled, campaign, ticks, accepted, transitions })
}

/// How often the clock invoked each function. What comes at times of the day is invoked by its queue as well, so it is
/// counted by the calendar.
fn ticks(
    schedules: &[(String, Schedule)],
    campaign: &[Used],
    began: Timestamp,
    end: Timestamp,
) -> BTreeMap<String, u64> {
    let of = |(function, schedule): &(String, Schedule)| {
        let count = match schedule {
            Schedule::Rate(_) => campaign.iter().map(|used| used.invocations(function)).sum(),
            Schedule::Cron(..) => {
                let times = std::iter::successors(schedule.next(began), |time| schedule.next(*time));
                times.take_while(|time| *time < end).count() as u64
            }
        };
        (function.clone(), count)
    };
    schedules.iter().map(of).collect()
}

/// Calls of the first customers of the record who had lapsed by an instant, as many as asked for.
fn lapsed(customers: u32, at: Timestamp) -> Result<Vec<Value>> {
    let last = at.plus(-LAPSED_SECONDS);
    let (mut taken, mut theirs, mut count) = (Vec::new(), Vec::new(), 0);
    for call in calls::calls(SEED)? {
        if call["type"] == "identify" {
            if bought_until(&theirs)?.is_some_and(|time| time <= last) {
                taken.append(&mut theirs);
                count += 1;
            }
            theirs.clear();
            if count == customers {
                break;
            }
        }
        theirs.push(call);
    }
    Ok(taken)
}

/// When someone bought for the last time, by calls in the order of time.
fn bought_until(calls: &[Value]) -> Result<Option<Timestamp>> {
    let last = calls.last().and_then(|call| call["timestamp"].as_str());
    Ok(last.map(Timestamp::parse).transpose()?)
}

/// A stack and what is counted of it.
struct Shop {
    stack: Stack,
    sandbox: Arc<Sandbox>,
    clock: VirtualClock,
    driver: Driver,
    logged: Logged,
}

impl Shop {
    /// What was used so far.
    fn used(&self) -> Used {
        let functions = &self.stack.runtime.template().functions;
        let meter = self.stack.runtime.region().meter().snapshot().0.into_iter();
        let stats = self.sandbox.stats();
        let calls = [("send-sms", stats.sms), ("send-email", stats.email), ("send-line", stats.line)];
        Used {
            meter: Snapshot(meter.filter(|(name, _)| functions.contains_key(name)).collect()),
            provider_calls: calls.map(|(sender, stats)| (sender.to_owned(), stats.accepted)).into(),
            log_bytes: self.logged.bytes(),
        }
    }

    /// Lets so many seconds pass.
    async fn pass(&mut self, seconds: i64) -> Result<()> {
        let end = self.clock.now().plus(seconds);
        self.driver.run_until(end, |_| {}).await
    }

    /// What each function that the clock invokes uses when it finds nothing to do.
    async fn ticked(&self) -> Result<BTreeMap<String, Ticked>> {
        let mut all = BTreeMap::new();
        for (function, schedule) in self.stack.runtime.schedules()? {
            let (ticks, seconds) = match schedule {
                Schedule::Rate(seconds) => (TICKS, seconds),
                Schedule::Cron(..) => (1, 0),
            };
            let before = self.used();
            for _ in 0..ticks {
                self.clock.set(self.clock.now().plus(i64::from(seconds)));
                self.stack.runtime.tick(&function).await?;
                self.driver.settle().await?;
            }
            all.insert(function, Ticked { used: self.used().since(&before), ticks });
        }
        Ok(all)
    }

    async fn take_in(&self, calls: &[Value]) -> Result<()> {
        for post in calls.chunks(POST) {
            let answer = self.stack.ingest(post).await?;
            ensure!(
                answer["accepted"] == post.len(),
                "the API did not take everything: {}",
                answer["rejected"][0]
            );
            self.driver.settle().await?;
        }
        Ok(())
    }

    /// The steps that all enrollments came to.
    async fn transitions(&self) -> Result<u64> {
        let table = self.stack.runtime.table("tsunagi")?;
        let mut count = 0;
        for (name, versions) in definitions::current(&table).await?.journeys {
            for (version, journey) in versions {
                table.rows(&name, version, |row| count += transitions(&row.row, &journey)).await?;
            }
        }
        Ok(count)
    }
}

/// Counts what is logged.
#[derive(Clone, Default)]
struct Logged(Arc<AtomicU64>);

impl Logged {
    fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
