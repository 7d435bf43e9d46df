//! `schedule`: every minute, puts the customers that are due in the inbox.
//!
//! It remembers in memory how far it read in each shard, so that a customer is usually put there once per due instant.
//! Every quarter of an hour, and whenever the process is new, it reads from the beginning: that finds what was lost on
//! the way, and customers whose key was left in the past on purpose. Whoever is found twice is looked at twice, which
//! changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::inbox::Inbox;
use cloud::lambda::{self, Events};
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::customers::SWEEP_SECONDS;
use cloud::table::due::{DueKey, PAGE};
use domain::input::Input;
use domain::time::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The most customers put in the inbox by one invocation and shard; the next one goes on from there.
const SHARD_LIMIT: usize = 20_000;

/// How long an invocation goes on to read: well below the function's time-out, for one that is ended forgets how far it
/// came, and the next would put the same customers in the inbox.
const READING: Duration = Duration::from_secs(15);

/// What the function needs.
#[derive(Debug)]
pub struct Schedule {
    table: Table,
    inbox: Queue,
    clock: Clock,
    reading: Mutex<Reading>,
}

#[derive(Debug, Default)]
struct Reading {
    /// When it last began from the beginning.
    swept: Option<Timestamp>,
    /// The last customer read in each shard since.
    reached: BTreeMap<u32, DueKey>,
}

/// What an invocation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// Customers put in the inbox.
    pub due: usize,
    /// Seconds by which the one that waited longest was late.
    pub late_seconds: i64,
}

impl Schedule {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        Ok(Self {
            table: Table::from_vars(aws_sdk_dynamodb::Client::new(config), vars)?,
            inbox: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("INBOX_QUEUE_URL")?),
            clock,
            reading: Mutex::default(),
        })
    }

    /// Tells the inbox what a customer said while it was down. To tell it twice is harmless.
    async fn tell(&self, key: &DueKey) -> Result<()> {
        let Some(sort) = &key.untold else { return Ok(()) };
        if let Some(inputs) = self.table.untold(&key.customer, sort).await? {
            self.inbox.send(&[Inbox::new(key.customer.clone(), inputs)]).await?;
            self.table.told(&key.customer, sort).await?;
        }
        Ok(())
    }

    /// Takes ticks.
    pub fn events(self) -> Events {
        lambda::events(self, |function, _| async move { Ok(serde_json::to_value(function.look().await?)?) })
    }

    async fn look(&self) -> Result<Looked> {
        let now = self.clock.now();
        let mut reading = self.reading.lock().await;
        if reading.swept.is_none_or(|swept| now.since(swept) >= SWEEP_SECONDS || now < swept) {
            *reading = Reading { swept: Some(now), reached: BTreeMap::new() };
        }
        let mut looked = Looked { due: 0, late_seconds: 0 };
        let began = Instant::now();
        for shard in 0..self.table.due_shards() {
            for _ in 0..SHARD_LIMIT.div_ceil(PAGE.unsigned_abs() as usize) {
                let page = self.table.due(shard, reading.reached.get(&shard), now).await?;
                let (said, due): (Vec<&DueKey>, Vec<&DueKey>) =
                    page.iter().partition(|key| key.untold.is_some());
                let timer = |key: &DueKey| Inbox::new(key.customer.clone(), vec![Input::Timer]);
                self.inbox.send(&due.into_iter().map(timer).collect::<Vec<_>>()).await?;
                // One that can't be told keeps nobody else waiting: it is found again.
                for key in said {
                    if let Err(error) = self.tell(key).await {
                        tracing::error!(error = format!("{error:#}"), "what was said on a page was not told");
                    }
                }
                looked.due += page.len();
                if let Some(first) = page.first() {
                    looked.late_seconds = looked.late_seconds.max(now.since(first.at));
                }
                let full = page.len() >= PAGE.unsigned_abs() as usize;
                if let Some(last) = page.into_iter().next_back() {
                    reading.reached.insert(shard, last);
                }
                if !full || began.elapsed() >= READING {
                    break;
                }
            }
        }
        if looked.due > 0 {
            tracing::info!(
                due.count = looked.due,
                due.late_seconds = looked.late_seconds,
                "customers are due"
            );
        }
        Ok(looked)
    }
}
