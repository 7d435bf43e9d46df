//! One shop, from its first customer to the clicks on its messages.
//!
//! Pollers run side by side as under `tsunagi up`. The clock stands still within a phase, so that what is measured is
//! work and not waiting: a receipt comes when all messages have left, as if its 20 seconds were over.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use domain::names::JourneyName;
use domain::time::{DAY, Timestamp};
use futures_util::{StreamExt, TryStreamExt, stream};
use sandbox::{InboxQuery, PeopleSettings, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::load;
use super::phase::{Phase, Watch};
use crate::commands::report;
use crate::commands::text::{bar, peak_memory_mb};
use crate::region::Durability;
use crate::stack::{Provider, SandboxSetup, Secrets, Setup, Stack};
use crate::virtual_time::VirtualClock;

/// When the shops begin.
const START: &str = "2026-04-01T10:00:00+09:00";

/// By when `recompute` has begun its second time.
const AGAIN_SECONDS: i64 = 120;

/// By when every receipt of a message comes.
const RECEIPTS_SECONDS: i64 = 60;

/// Customers in one post: two calls each, of 500 KB at most.
const CUSTOMERS_A_POST: u32 = 800;

/// Events in one post.
const EVENTS_A_POST: u32 = 2_000;

/// Posts under way at once.
const POSTS: usize = 2;

/// Clicks under way at once.
const CLICKS: usize = 32;

/// Of so many messages one is clicked.
const MESSAGES_A_CLICK: u32 = 4;

/// How often it is looked whether a phase has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How long nothing may be done before the benchmark gives up: what failed stays hidden, for the clock stands still.
const STUCK: Duration = Duration::from_mins(1);

/// What was measured of one shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shop {
    /// Its customers.
    pub(super) customers: u32,
    /// A customer with an order, from the post to the table.
    pub(super) import: Phase,
    /// A customer whom a new definition changes, from its application until the customer is written.
    pub(super) recompute: Phase,
    /// A customer whom a new definition does not change: read and evaluated.
    pub(super) scan: Phase,
    /// An event that changes no journey, from the post to the table.
    pub(super) events: Phase,
    /// A message, from the timer to the receipt in the ledger.
    pub(super) messages: Phase,
    /// A click, from the request to the ledger.
    pub(super) clicks: Phase,
    /// The most memory the process held, in MB, the sandbox's included.
    pub(super) peak_memory_mb: f64,
    /// The tables' and queues' files at the end, in MB.
    pub(super) disk_mb: f64,
}

struct Measure {
    stack: Stack,
    sandbox: Arc<Sandbox>,
    clock: VirtualClock,
    customers: u32,
}

/// Measures a shop of so many customers in an empty directory.
pub(super) async fn shop(data: &Path, customers: u32, durability: Durability) -> Result<Shop> {
    let start = Timestamp::parse(START)?;
    let clock = VirtualClock::at(start);
    let stack = Stack::start(setup(data, &clock, durability)).await?;
    let sandbox = stack.sandbox.clone().context("the benchmark has a sandbox")?;
    stack.runtime.run();
    let measure = Measure { stack, sandbox, clock, customers };
    // A day before all of them lapse.
    let bought = start.plus(DAY - load::LAPSE_SECONDS);
    let import =
        measure.post("import", CUSTOMERS_A_POST, |number| load::customer(number, bought).to_vec()).await?;
    let recompute = measure.apply("recompute", &load::DEFINITIONS, customers).await?;
    let scan = measure.apply("scan", &[load::NOBODY], 0).await?;
    let events = measure.post("events", EVENTS_A_POST, |number| vec![load::event(number, start)]).await?;
    let messages = measure.messages(start.plus(DAY)).await?;
    let clicks = measure.clicks().await?;
    let peak_memory_mb = peak_memory_mb();
    measure.check(clicks.count).await?;
    Ok(Shop {
        customers,
        import,
        recompute,
        scan,
        events,
        messages,
        clicks,
        peak_memory_mb,
        disk_mb: disk_mb(data)?,
    })
}

fn setup(data: &Path, clock: &VirtualClock, durability: Durability) -> Setup {
    Setup {
        data: data.to_owned(),
        durability,
        clock: clock.clock(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        link_base: Some("https://t.example.jp".to_owned()),
        sender: "つなぎ書店".to_owned(),
        secrets: Secrets::from_seed(1),
        provider: Provider::Sandbox(Box::new(SandboxSetup {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            kept_in: None,
            seed: 1,
            people: PeopleSettings::quiet(),
            faults: sandbox::Faults::default(),
            concurrency: 4,
            keep_texts: false,
            on_request: None,
        })),
        faults: None,
    }
}

impl Measure {
    /// Posts calls about every customer, and waits until they are stored.
    async fn post(
        &self,
        what: &str,
        customers_a_post: u32,
        calls: impl Fn(u32) -> Vec<Value>,
    ) -> Result<Phase> {
        let watch = Watch::start(&self.stack.runtime);
        let first = (1..=self.customers).step_by(customers_a_post as usize);
        let posts = first.map(|first| {
            let last = self.customers.min(first + customers_a_post - 1);
            let calls: Vec<Value> = (first..=last).flat_map(&calls).collect();
            async move {
                let answer = self.stack.ingest(&calls).await?;
                ensure!(
                    answer["accepted"] == calls.len(),
                    "the API did not take everything: {}",
                    answer["rejected"][0]
                );
                Ok(())
            }
        });
        let posted = stream::iter(posts).buffer_unordered(POSTS).try_collect::<Vec<()>>();
        let stored = self.drained(what, &watch, u64::from(self.customers), posted);
        stored.await?;
        Ok(watch.stop(&self.stack.runtime, self.customers))
    }

    /// Applies definitions that change so many customers, and waits until those are stored. The second time that
    /// `recompute` goes through all is waited for and not measured: it is one more `scan`.
    async fn apply(&self, what: &str, files: &[(&str, &str)], changed: u32) -> Result<Phase> {
        let files: Vec<(String, String)> =
            files.iter().map(|(file, yaml)| ((*file).to_owned(), (*yaml).to_owned())).collect();
        let watch = Watch::start(&self.stack.runtime);
        let applied = crate::definitions::apply(&self.stack.runtime, &files);
        self.drained(what, &watch, u64::from(changed), applied).await?;
        let phase = watch.stop(&self.stack.runtime, self.customers);
        let again = self.clock.now().plus(AGAIN_SECONDS);
        self.clock.set(again);
        let watch = Watch::start(&self.stack.runtime);
        self.drained("again", &watch, 0, async { Ok(()) }).await?;
        Ok(phase)
    }

    /// Lets all customers lapse at `now`, and waits until all that follows is stored.
    async fn messages(&self, now: Timestamp) -> Result<Phase> {
        // Of each a timer, an outcome and a receipt.
        let inputs = 3 * u64::from(self.customers);
        let watch = Watch::start(&self.stack.runtime);
        self.clock.set(now);
        self.drained("messages", &watch, inputs, self.timers()).await?;
        let then = now.plus(RECEIPTS_SECONDS);
        self.clock.set(then);
        let receipts = async { Ok(self.sandbox.act(then.seconds() * 1000).await) };
        self.drained("receipts", &watch, inputs, receipts).await?;
        Ok(watch.stop(&self.stack.runtime, self.customers))
    }

    /// Ticks until everyone who is due is in the inbox: one tick is not enough for all of a large shop.
    async fn timers(&self) -> Result<()> {
        loop {
            let watch = Watch::start(&self.stack.runtime);
            self.stack.runtime.tick("schedule").await?;
            if watch.sent(&self.stack.runtime, "schedule") == 0 {
                return Ok(());
            }
        }
    }

    /// Clicks the link in some of the messages, and waits until that is stored.
    async fn clicks(&self) -> Result<Phase> {
        let count = self.customers / MESSAGES_A_CLICK;
        let codes = self.codes(count);
        let client = providers::http::client();
        let watch = Watch::start(&self.stack.runtime);
        let clicks = codes.into_iter().map(|code| {
            let request = client.get(format!("{}/l/{code}", self.stack.base_url));
            async move {
                let status = request.send().await?.status();
                ensure!(status.is_redirection(), "a link led nowhere: {status}");
                Ok(())
            }
        });
        let clicked = stream::iter(clicks).buffer_unordered(CLICKS).try_collect::<Vec<()>>();
        self.drained("clicks", &watch, u64::from(count), clicked).await?;
        Ok(watch.stop(&self.stack.runtime, count))
    }

    /// The codes of the first messages.
    fn codes(&self, count: u32) -> Vec<String> {
        let mut codes = Vec::new();
        while codes.len() < count as usize {
            let after = u32::try_from(codes.len()).ok();
            let limit = Some(count as usize - codes.len());
            let listed = self.sandbox.inbox(&InboxQuery { after, limit, ..InboxQuery::default() });
            if listed.is_empty() {
                break;
            }
            codes.extend(listed.into_iter().map(|entry| entry.reference));
        }
        codes
    }

    /// Does `work`, and returns when all queues are empty again.
    async fn drained<T>(
        &self,
        what: &str,
        watch: &Watch,
        inputs: u64,
        work: impl Future<Output = Result<T>>,
    ) -> Result<()> {
        let bar = bar(what, inputs, "inputs");
        let mut work = std::pin::pin!(work);
        let mut working = true;
        let (mut done, mut changed) = (0, Instant::now());
        loop {
            tokio::select! {
                worked = &mut work, if working => {
                    worked?;
                    working = false;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            let inputs = watch.inputs(&self.stack.runtime);
            bar.set_position(inputs);
            if inputs > done {
                (done, changed) = (inputs, Instant::now());
            }
            if !working && self.idle().await? {
                bar.finish_and_clear();
                return Ok(());
            }
            if changed.elapsed() > STUCK {
                bail!("{what}: nothing was done for {} s; see the log with LOG_LEVEL=warn", STUCK.as_secs());
            }
        }
    }

    /// Whether there is nothing to do in any queue, and nothing was sent while they were looked at.
    async fn idle(&self) -> Result<bool> {
        let queues = self.stack.runtime.region().queues();
        let now = self.clock.now().seconds() * 1000;
        let mut arrivals = queues.arrivals();
        arrivals.mark_unchanged();
        for feed in self.stack.runtime.feeds() {
            let Some(next) = queues.next_visible_at(&feed.queue).await? else { continue };
            // What was sent for later is not of this phase.
            if next <= now || queues.counts(&feed.queue).await?.in_flight > 0 {
                return Ok(false);
            }
        }
        Ok(!arrivals.has_changed()?)
    }

    /// Figures of a run that lost something would be worth nothing.
    async fn check(&self, clicks: u32) -> Result<()> {
        let table = self.stack.runtime.table("bench")?;
        let definitions = crate::definitions::current(&table).await?;
        let report = report::read(&table, &definitions, &JourneyName::parse("notice")?).await?;
        let stats = self.sandbox.stats();
        let all = u64::from(self.customers);
        ensure!(
            report.audience == all
                && report.delivered == all
                && stats.accepted == all
                && stats.distinct == all
                && report.clicked == u64::from(clicks),
            "of {all} customers {} were delivered, {} accepted, {} clicked",
            report.delivered,
            stats.accepted,
            report.clicked
        );
        Ok(())
    }
}

fn disk_mb(data: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(data)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes as f64 / 1e6)
}
