//! `tsunagi demo`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use domain::input::List;
use domain::names::{JourneyName, SegmentName};
use domain::report::Report;
use domain::time::{DAY, Timestamp};
use sandbox::PeopleSettings;
use serde::Serialize;
use serde_json::Value;

use super::report;
use super::text::{bar, complain, peak_memory_mb, say};
use crate::definitions;
use crate::demo::{calls, win_back};
use crate::meter::{Counts, Snapshot};
use crate::private;
use crate::region::Durability;
use crate::stack::{Particulars, Provider, SandboxSetup, Secrets, Setup, Stack};
use crate::virtual_time::{Driver, VirtualClock};

/// When the campaign begins.
pub(super) const START: &str = "1998-07-01T00:00:00+09:00";

/// Calls in one request, as the API takes them at most.
const BATCH: usize = 2_500;

/// Bytes in one request, below the API's 500 KB.
const BATCH_BYTES: usize = 480_000;

/// Customers of the record.
const CUSTOMERS: u64 = 23_570;

/// Ninety days of a win-back campaign.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// What people, names and consents follow from; the same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many days the campaign runs.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// One JSON object, alone on standard output.
    #[arg(long)]
    pub json: bool,
    /// Where its data goes; what was there of an earlier demo is replaced.
    #[arg(long, default_value = ".tsunagi/demo", value_name = "DIR")]
    pub data: PathBuf,
}

/// The figures of a demo.
#[derive(Clone, Debug, Serialize)]
pub struct DemoFigures {
    /// Customers taken in.
    pub customers: u64,
    /// Purchases taken in.
    pub purchases: u64,
    /// Customers in the segment `lapsed` when it was computed.
    pub lapsed: u64,
    /// Customers who lapsed later and entered the journey as well.
    pub entered_later: u64,
    /// What the journey did; see [`report::figures`].
    #[serde(flatten)]
    pub report: Value,
    /// Messages the sandbox accepted.
    pub messages: u64,
    /// References the sandbox accepted more than once: there must be none.
    pub duplicates: u64,
    /// Write request units of the campaign per message.
    pub wru_per_message: f64,
    /// Read request units of the campaign per message.
    pub rru_per_message: f64,
    /// Messages per second of the campaign, receipts, clicks and purchases included.
    pub messages_per_second: f64,
    /// Seconds of the whole demo.
    pub wall_seconds: f64,
    /// The most memory the process held, in MB.
    pub peak_memory_mb: f64,
    /// What each function used during the campaign.
    pub meter: Snapshot,
}

impl Demo {
    pub(super) async fn run(self) -> Result<()> {
        complain(&format!("{} days of a campaign for {CUSTOMERS} customers: about a minute", self.days));
        let (figures, report) = run(&self).await?;
        if self.json {
            say(&serde_json::to_string(&figures)?);
            return Ok(());
        }
        say(&report::describe(&JourneyName::parse("win-back")?, "", &report));
        say(&describe(&figures));
        let data = self.data.display();
        say(&format!(
            "\nWhat happened stays in {data}. Look at it:\n  tsunagi report win-back --data {data}\n  tsunagi explain 00001 --data {data}"
        ));
        Ok(())
    }
}

/// Runs the demo.
pub async fn run(demo: &Demo) -> Result<(DemoFigures, Report)> {
    let began = Instant::now();
    clear(&demo.data)?;
    let start = Timestamp::parse(START)?;
    let clock = VirtualClock::at(start);
    let stack = Stack::start(setup(&demo.data, demo.seed, &clock)).await?;
    let mut driver = Driver::new(stack.runtime.clone(), stack.sandbox.clone(), clock)?;
    let purchases = take_in(demo.seed, &stack, &driver).await?;

    definitions::apply(&stack.runtime, &win_back()).await?;
    let waiting = bar("segment", 1, "run");
    driver.settle().await?;
    waiting.finish_and_clear();
    let table = stack.runtime.table("tsunagi")?;
    let lapsed = table.count_members(&List::Segment(SegmentName::parse("lapsed")?)).await?;

    let before = stack.runtime.region().meter().snapshot();
    let campaign = Instant::now();
    let days = bar("campaign", u64::from(demo.days), "days");
    let end = start.plus(i64::from(demo.days) * DAY);
    let passed = |now: Timestamp| days.set_position(u64::try_from(now.since(start) / DAY).unwrap_or(0));
    driver.run_until(end, passed).await?;
    days.finish_and_clear();
    let campaign = campaign.elapsed().as_secs_f64();

    let meter = stack.runtime.region().meter().snapshot().since(&before);
    let functions = &stack.runtime.template().functions;
    let meter = Snapshot(meter.0.into_iter().filter(|(name, _)| functions.contains_key(name)).collect());
    let current = definitions::current(&table).await?;
    let report = report::read(&table, &current, &JourneyName::parse("win-back")?).await?;
    let stats = stack.sandbox.as_ref().context("the demo has a sandbox")?.stats();
    let total: Counts = meter.total();
    let messages = stats.accepted;
    let per_message = |units: f64| if messages == 0 { 0.0 } else { units / messages as f64 };
    let figures = DemoFigures {
        customers: CUSTOMERS,
        purchases,
        lapsed,
        entered_later: report.total.entered.saturating_sub(lapsed),
        report: report::figures(&report),
        messages,
        duplicates: stats.duplicates,
        wru_per_message: per_message(total.write_units),
        rru_per_message: per_message(total.read_units),
        messages_per_second: messages as f64 / campaign,
        wall_seconds: began.elapsed().as_secs_f64(),
        peak_memory_mb: peak_memory_mb(),
        meter,
    };
    Ok((figures, report))
}

/// The demo's shop: its people click, reply and buy as the seed has it.
pub(super) fn setup(data: &Path, seed: u64, clock: &VirtualClock) -> Setup {
    Setup {
        data: data.to_owned(),
        durability: Durability::Fast,
        clock: clock.clock(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        // A name of fixed length: the port's digits would change the parts of a text.
        link_base: Some("https://t.example.jp".to_owned()),
        sender: "つなぎ書店".to_owned(),
        particulars: Particulars::default(),
        secrets: Secrets::from_seed(seed),
        provider: Provider::Sandbox(Box::new(SandboxSetup {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            kept_in: None,
            seed,
            people: PeopleSettings::default(),
            faults: sandbox::Faults::default(),
            concurrency: 1,
            keep_texts: true,
            on_request: None,
        })),
        faults: None,
    }
}

/// Takes the shop's customers and purchases in through the ingest API; returns how many purchases there were.
async fn take_in(seed: u64, stack: &Stack, driver: &Driver) -> Result<u64> {
    let bar = bar("customers", CUSTOMERS, "customers");
    let (mut batch, mut bytes, mut purchases) = (Vec::new(), 0, 0);
    for call in calls::calls(seed)? {
        let size = call.to_string().len() + 1;
        if batch.len() == BATCH || bytes + size > BATCH_BYTES {
            post(stack, driver, &batch).await?;
            batch.clear();
            bytes = 0;
        }
        match call["type"].as_str() {
            Some("track") => purchases += 1,
            _ => bar.inc(1),
        }
        bytes += size;
        batch.push(call);
    }
    post(stack, driver, &batch).await?;
    bar.finish_and_clear();
    Ok(purchases)
}

async fn post(stack: &Stack, driver: &Driver, batch: &[Value]) -> Result<()> {
    let answer = stack.ingest(batch).await?;
    ensure!(answer["accepted"] == batch.len(), "the API did not take everything: {}", answer["rejected"][0]);
    driver.settle().await
}

/// Removes what an earlier demo left, and nothing else.
fn clear(data: &Path) -> Result<()> {
    private::directory(data)?;
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ours = ["tables.sqlite", "queues.sqlite", "sandbox.jsonl"];
        if ours.iter().any(|ours| name.starts_with(ours)) {
            std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

fn describe(figures: &DemoFigures) -> String {
    let DemoFigures { customers, purchases, lapsed, entered_later, messages, duplicates, .. } = figures;
    let total = figures.meter.total();
    let per_message = |count: u64| count as f64 / (*messages).max(1) as f64;
    let mut lines = vec![
        format!(
            "\n{customers} customers, {purchases} purchases; {lapsed} had lapsed on 1998-07-01, {entered_later} lapsed later and entered as well"
        ),
        format!(
            "\nUsed by the campaign, per message of {messages}: {:.2} WRU, {:.2} RRU, {:.2} SQS requests, {:.3} invocations; {duplicates} messages twice",
            figures.wru_per_message,
            figures.rru_per_message,
            per_message(total.sqs_requests()),
            per_message(total.invocations),
        ),
    ];
    for (function, counts) in &figures.meter.0 {
        lines.push(format!(
            "  {function:<11} {:>8} invocations {:>10.0} WRU {:>10.0} RRU {:>8} SQS {:>7} events",
            counts.invocations,
            counts.write_units,
            counts.read_units,
            counts.sqs_requests(),
            counts.events
        ));
    }
    lines.push(format!(
        "\n{:.0} messages/s, {:.1} s in all, {:.0} MB at most",
        figures.messages_per_second, figures.wall_seconds, figures.peak_memory_mb
    ));
    lines.join("\n")
}
