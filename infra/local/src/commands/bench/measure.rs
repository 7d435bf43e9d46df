//! One shop, from its first customer to the clicks on its messages.
//!
//! Pollers run side by side as under `tsunagi up`. The clock stands still within a phase, so that what is measured is
//! work and not waiting: a receipt comes when all messages have left, as if its 20 seconds were over.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cloud::table::runs::RunKind;
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
use crate::runs;
use crate::stack::{Particulars, Provider, SandboxSetup, Secrets, Setup, Stack};
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

/// Items in a page of the bare scan: as many as `recompute` asks for.
const PAGE: i32 = 1_000;

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
    /// A customer whom a new definition does not change: read and evaluated.
    pub(super) scan: Phase,
    /// A customer with the items beside it, read and thrown away: what `scan` is measured by.
    pub(super) bare_scan: Phase,
    /// How fast `scan` is by `bare_scan`, from 0.
    pub(super) scan_share: f64,
    /// What is left out when only scans are measured.
    #[serde(flatten)]
    pub(super) rest: Option<Rest>,
    /// The most memory the process held, in MB, the sandbox's included.
    pub(super) peak_memory_mb: f64,
    /// The tables' and queues' files at the end, in MB.
    pub(super) disk_mb: f64,
}

/// What was measured besides scans.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rest {
    /// A customer whom a new definition changes, from its application until the customer is written.
    pub(super) recompute: Phase,
    /// An event that changes no journey, from the post to the table.
    pub(super) events: Phase,
    /// A message, from the timer to the receipt in the ledger.
    pub(super) messages: Phase,
    /// A click, from the request to the ledger.
    pub(super) clicks: Phase,
}

struct Measure {
    stack: Stack,
    sandbox: Arc<Sandbox>,
    clock: VirtualClock,
    customers: u32,
}

/// Measures a shop of so many customers in an empty directory; `all` is more than its scans.
pub(super) async fn shop(data: &Path, customers: u32, durability: Durability, all: bool) -> Result<Shop> {
    let start = Timestamp::parse(START)?;
    let clock = VirtualClock::at(start);
    let stack = Stack::start(setup(data, &clock, durability)).await?;
    let sandbox = stack.sandbox.clone().context("the benchmark has a sandbox")?;
    stack.runtime.run_pollers();
    let measure = Measure { stack, sandbox, clock, customers };
    // A day before all of them lapse.
    let bought = start.plus(DAY - load::LAPSE_SECONDS);
    let import =
        measure.post("import", CUSTOMERS_A_POST, |number| load::customer(number, bought).to_vec()).await?;
    let recompute =
        if all { Some(measure.apply("recompute", &load::DEFINITIONS, customers).await?) } else { None };
    let scan = measure.apply("scan", &[load::NOBODY], 0).await?;
    let bare_scan = measure.bare_scan().await?;
    let rest = match recompute {
        Some(recompute) => Some(measure.rest(start, recompute).await?),
        None => None,
    };
    Ok(Shop {
        customers,
        import,
        scan_share: scan.per_second / bare_scan.per_second,
        scan,
        bare_scan,
        rest,
        peak_memory_mb: peak_memory_mb(),
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
        particulars: Particulars::default(),
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
    /// Measures what begins when scans are over.
    async fn rest(&self, start: Timestamp, recompute: Phase) -> Result<Rest> {
        let events = self.post("events", EVENTS_A_POST, |number| vec![load::event(number, start)]).await?;
        let messages = self.messages(start.plus(DAY)).await?;
        let clicks = self.clicks().await?;
        self.check(clicks.count).await?;
        Ok(Rest { recompute, events, messages, clicks })
    }

    /// Reads the whole table, page by page, and does nothing with it.
    async fn bare_scan(&self) -> Result<Phase> {
        let runtime = &self.stack.runtime;
        let client = aws_sdk_dynamodb::Client::new(&runtime.region().sdk_config("bench"));
        let table = runtime.template().tables.keys().next().context("the template has no table")?;
        let watch = Watch::start(runtime);
        let mut start = None;
        loop {
            let scan = client.scan().table_name(table).limit(PAGE).set_exclusive_start_key(start);
            let page = scan.send().await.context("scanning the table")?;
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(watch.stop(runtime, self.customers));
            }
        }
    }

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

    /// Applies definitions that change so many customers, and waits until those are stored. While the inbox is full a run
    /// waits; waiting is not work, so the clock is put on by that much. The second time that `recompute` goes through all is
    /// waited for and not measured: it is one more `scan`.
    async fn apply(&self, what: &str, files: &[(&str, &str)], changed: u32) -> Result<Phase> {
        let files: Vec<(String, String)> =
            files.iter().map(|(file, yaml)| ((*file).to_owned(), (*yaml).to_owned())).collect();
        let watch = Watch::start(&self.stack.runtime);
        let applied = crate::definitions::apply(&self.stack.runtime, &files);
        self.drained(what, &watch, u64::from(changed), applied).await?;
        while !self.is_through().await? {
            self.clock.set(self.clock.now().plus(1));
            self.drained(what, &watch, u64::from(changed), async { Ok(()) }).await?;
        }
        let phase = watch.stop(&self.stack.runtime, self.customers);
        let again = self.clock.now().plus(AGAIN_SECONDS);
        self.clock.set(again);
        let watch = Watch::start(&self.stack.runtime);
        self.drained("again", &watch, 0, async { Ok(()) }).await?;
        Ok(phase)
    }

    /// Whether the run that was begun last has read everyone.
    async fn is_through(&self) -> Result<bool> {
        let table = self.stack.runtime.table("bench")?;
        let run = table.begun(RunKind::Recompute).await?.context("no run was begun")?;
        let progress = runs::look(&table, run, 0, self.clock.now()).await?;
        Ok(progress.is_some_and(|progress| progress.state.is_through()))
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
            report.total.entered == all
                && report.total.delivered == all
                && stats.accepted == all
                && stats.distinct == all
                && report.total.clicked == u64::from(clicks),
            "of {all} customers {} were delivered, {} accepted, {} clicked",
            report.total.delivered,
            stats.accepted,
            report.total.clicked
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
