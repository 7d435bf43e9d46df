//! `recompute`: goes through all customers when definitions change, and puts those in the inbox whom that changes.
//!
//! A run is a scan in parts. Each part is a message in a queue: an invocation reads some pages, writes how far it came,
//! and hands the rest on in a new message. A part whose invocation dies is delivered again and goes on from where the
//! message says; customers it finds twice are evaluated twice, which changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::definitions::{Cache, code_key};
use cloud::inbox::Inbox;
use cloud::payload::Payload;
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::customers::{Stored, due_key};
use cloud::table::due::ScanKey;
use domain::definitions::Definitions;
use domain::input::Input;
use domain::step::step;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Into how many parts a scan is split.
pub const PARTS: i32 = 8;

/// Seconds until the second time: longer than definitions are kept in memory and an invocation lasts together.
const AGAIN_SECONDS: i32 = 90;

/// Pages an invocation reads before it hands the rest on.
const PAGES_LIMIT: usize = 20;

/// What the function needs.
#[derive(Debug)]
pub struct Recompute {
    table: Table,
    definitions: Cache,
    parts: Queue,
    inbox: Queue,
    dead_letters: Queue,
    clock: Clock,
}

/// One part of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The run: the number of the definitions it brings, and when it began.
    pub run: String,
    /// The number of the definitions it needs at least.
    pub definitions: u32,
    /// Which part.
    pub part: i32,
    /// Of how many.
    pub parts: i32,
    /// Where it goes on.
    #[serde(default)]
    pub after: Option<ScanKey>,
    /// Whether this is its second time.
    #[serde(default)]
    pub again: bool,
    /// Customers it read so far.
    #[serde(default)]
    pub read: u64,
    /// Customers it found changed so far.
    #[serde(default)]
    pub changed: u64,
}

impl Payload for Part {
    const VERSION: u32 = 1;
}

/// What `tsunagi` and others put on the bus when definitions were applied.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DefinitionApplied {
    /// The number of the definitions afterwards.
    pub number: u32,
}

/// The detail type of that event.
pub const DEFINITION_APPLIED: &str = "Definition Applied";

impl Recompute {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::from_vars(aws_sdk_dynamodb::Client::new(config), vars)?;
        let sqs = aws_sdk_sqs::Client::new(config);
        Ok(Self {
            definitions: Cache::new(table.clone(), clock.clone(), code_key(vars)?),
            table,
            parts: Queue::new(sqs.clone(), vars.required("RECOMPUTE_QUEUE_URL")?),
            inbox: Queue::new(sqs.clone(), vars.required("INBOX_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            clock,
        })
    }

    /// Handles whatever triggers it: parts from its queue, an event from the bus, or the daily schedule.
    pub async fn handle(&self, event: Value) -> Result<Value> {
        if event.get("Records").is_some() {
            let event = serde_json::from_value(event).context("reading a batch")?;
            return Ok(serde_json::to_value(self.parts(event).await)?);
        }
        let applied = event.get("detail").and_then(|detail| DefinitionApplied::deserialize(detail).ok());
        if let Some(applied) = applied {
            self.begin(applied.number).await?;
            return Ok(Value::Null);
        }
        // The daily look: time alone needs no scan; only a run that was never begun is made up for.
        let number = self.definitions.at_least(0).await?.number;
        if number > self.table.begun().await? {
            self.begin(number).await?;
        }
        Ok(Value::Null)
    }

    /// Begins a run that needs at least the definitions of this number.
    async fn begin(&self, number: u32) -> Result<()> {
        let definitions = self.definitions.at_least(number).await?;
        let number = definitions.number.max(number);
        let run = format!("{number}-{}", self.clock.now().seconds());
        let part = |part| Part {
            run: run.clone(),
            definitions: number,
            part,
            parts: PARTS,
            after: None,
            again: false,
            read: 0,
            changed: 0,
        };
        let parts: Vec<Part> = (0..PARTS).map(part).collect();
        tracing::info!(recompute.run = run, recompute.parts = PARTS, "a recomputation begins");
        self.parts.send(&parts).await?;
        self.table.put_begun(number).await
    }

    async fn parts(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::run(event, &self.dead_letters, |messages| async move {
            let mut outcomes = Vec::new();
            for message in messages {
                outcomes.push((message.index, self.part(message.body).await.map_err(Failure::Retry)));
            }
            outcomes
        })
        .await
    }

    async fn part(&self, mut part: Part) -> Result<()> {
        let definitions = self.definitions.at_least(part.definitions).await?;
        for _ in 0..PAGES_LIMIT {
            let (customers, next) = self.table.scan(part.part, part.parts, part.after.as_ref()).await?;
            part.read += customers.len() as u64;
            let now = self.clock.now();
            let number = definitions.number;
            let affected = customers.into_iter().filter(|stored| affected(stored, &definitions, now));
            let inputs = |stored: Stored| {
                Inbox::new(stored.customer.id, vec![Input::Evaluate { definitions: number }])
            };
            let messages: Vec<Inbox> = affected.map(inputs).collect();
            self.inbox.send(&messages).await?;
            part.changed += messages.len() as u64;
            part.after = next;
            if part.after.is_none() {
                return self.finish(part).await;
            }
        }
        self.progress(&part, false).await?;
        self.parts.send(&[part]).await
    }

    /// A part ends after its second time: whoever was written after the first had passed, by a process that still knew
    /// the definitions before, is found by the second, which begins when no such process can be left.
    async fn finish(&self, mut part: Part) -> Result<()> {
        if part.again {
            return self.progress(&part, true).await;
        }
        part.again = true;
        self.progress(&part, false).await?;
        self.parts.send_later(&[part], AGAIN_SECONDS).await
    }

    async fn progress(&self, part: &Part, done: bool) -> Result<()> {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let progress = BTreeMap::from([
            ("done", i64::from(done)),
            ("read", count(part.read)),
            ("changed", count(part.changed)),
        ]);
        self.table.put_progress(&part.run, &format!("{:04}", part.part), &progress).await
    }
}

/// Whether the definitions change anything about a customer, or when it must be looked at.
fn affected(stored: &Stored, definitions: &Arc<Definitions>, now: Timestamp) -> bool {
    let stepped = step(&stored.customer, &[], now, definitions);
    stepped.changed || due_key(stored.due_at, stepped.next.as_ref(), now) != stored.due_at
}
