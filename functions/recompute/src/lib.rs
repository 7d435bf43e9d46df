//! `recompute`: goes through all customers when definitions change, and puts those in the inbox whom that changes; every
//! night it counts the members of segments and, where definitions ask for that, learns of all customers together.
//!
//! A run is a scan in parts that are handed on through a queue (`part.rs`). It goes through everyone twice: whoever was
//! written after the first time had passed, by a process that still knew the definitions before, is found by the second,
//! which begins when no such process can be left and ends where the first had come to by then.

mod begin;
mod close;
mod pages;
mod part;
mod read;
mod spending;
mod survey;
mod task;

use std::sync::Arc;

use anyhow::{Context, Result};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure};
use cloud::bus::Bus;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::definitions::{Cache, code_key};
use cloud::lambda::{self, Events};
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::runs::{RunId, RunKind};
use domain::definitions::Definitions;
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub use read::{BACKLOG_LIMIT, PAGES_LIMIT};
pub use spending::{SPEND_OFF, SpendOff};
pub use survey::survey_of;
pub use task::{DEFINITION_APPLIED, DefinitionApplied, RECOMPUTE_ASKED, RecomputeAsked, Task};

/// Into how many parts a run is split.
pub const PARTS: u32 = 8;

/// What the function needs.
#[derive(Debug)]
pub struct Recompute {
    table: Table,
    definitions: Cache,
    tasks: Queue,
    inbox: Queue,
    dead_letters: Queue,
    bus: Bus,
    clock: Clock,
}

impl Recompute {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::from_vars(aws_sdk_dynamodb::Client::new(config), vars)?;
        let sqs = aws_sdk_sqs::Client::new(config);
        Ok(Self {
            definitions: Cache::new(table.clone(), clock.clone(), code_key(vars)?),
            table,
            tasks: Queue::new(sqs.clone(), vars.required("RECOMPUTE_QUEUE_URL")?),
            inbox: Queue::new(sqs.clone(), vars.required("INBOX_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            bus: Bus::new(aws_sdk_eventbridge::Client::new(config), vars.required("BUS_NAME")?),
            clock,
        })
    }

    /// Takes whatever triggers it: tasks from its queue, an event from the bus, or the nightly schedule.
    pub fn events(self) -> Events {
        lambda::events(self, Self::handle)
    }

    async fn handle(self: Arc<Self>, event: Value) -> Result<Value> {
        if event.get("Records").is_some() {
            let event = serde_json::from_value(event).context("reading a batch")?;
            return Ok(serde_json::to_value(self.tasks(event).await)?);
        }
        match event.get("detail-type").and_then(Value::as_str) {
            Some(DEFINITION_APPLIED) => {
                let applied = DefinitionApplied::deserialize(&event["detail"]).context("reading an event")?;
                self.applied(applied.number).await?;
            }
            Some(RECOMPUTE_ASKED) => {
                let asked = RecomputeAsked::deserialize(&event["detail"]).context("reading an event")?;
                self.begin(asked.run).await?;
            }
            Some(_) | None => self.night().await?,
        }
        Ok(Value::Null)
    }

    /// Time alone needs no recomputation: only one that was never begun is made up for.
    async fn night(&self) -> Result<()> {
        let definitions = self.definitions.current(0).await?;
        if definitions.number > 0 {
            self.begin(RunId { kind: RunKind::Recompute, number: definitions.number, again: 0 }).await?;
        }
        self.survey(&definitions).await?;
        self.count_segments(&definitions).await?;
        self.watch_spending(&definitions).await
    }

    async fn tasks(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::run(event, &self.dead_letters, |messages| async move {
            let mut outcomes = Vec::new();
            for message in messages {
                let done = match message.body {
                    Task::Part { run, part, hop } => self.part(run, part, hop).await,
                    Task::Count { segment, day } => self.count(&segment, day).await,
                };
                outcomes.push((message.index, done.map_err(Failure::Retry)));
            }
            outcomes
        })
        .await
    }
}

/// The day it is in the shop's zone.
pub(crate) fn local_day(now: Timestamp, definitions: &Definitions) -> Result<jiff::civil::Date> {
    Ok(definitions.zone.to_datetime(jiff::Timestamp::from_second(now.seconds())?).date())
}
