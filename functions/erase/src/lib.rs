//! `erase`: takes away all that is kept of a person, and leaves what is counted.
//!
//! It begins with a fence: a note under a hash of the id keeps out what was told before, and a mark on the customer lets no
//! write through that rests on an earlier read. Whoever read the person before that may still be at work, so the task
//! comes back when nobody is; from then on nothing is added. Every step can be made again and nothing is forgotten that a
//! later step needs, so an erasure that dies anywhere is finished by the next delivery of its task.

mod letters;
mod remove;

use std::sync::Arc;

use anyhow::Result;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure, Received};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::erasure::EraseTask;
use cloud::lambda::{self, Batches};
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::erasures::Fence;

pub use crate::remove::Removed;

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Erase {
    table: Table,
    tasks: Queue,
    dead_letters: Queue,
    /// Where messages about a person may lie for two weeks.
    letters: Vec<Queue>,
    clock: Clock,
}

impl Erase {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let sqs = aws_sdk_sqs::Client::new(config);
        let letters = vars.required("DEAD_LETTER_QUEUE_URLS")?;
        let letters = letters.split_whitespace().map(|url| Queue::new(sqs.clone(), url.to_owned()));
        Ok(Self {
            table: Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?,
            letters: letters.collect(),
            tasks: Queue::new(sqs.clone(), vars.required("ERASE_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            clock,
        })
    }

    /// Takes batches of its queue.
    pub fn batches(self) -> Batches {
        lambda::batches(self, Self::handle)
    }

    async fn handle(self: Arc<Self>, event: SqsEvent) -> SqsBatchResponse {
        let dead_letters = self.dead_letters.clone();
        batch::run(event, &dead_letters, |messages| self.tasks(messages)).await
    }

    async fn tasks(self: Arc<Self>, messages: Vec<Received<EraseTask>>) -> Vec<(usize, Result<(), Failure>)> {
        let mut outcomes = Vec::new();
        for Received { index, body, .. } in messages {
            outcomes.push((index, self.task(&body).await.map_err(Failure::Retry)));
        }
        outcomes
    }

    async fn task(&self, task: &EraseTask) -> Result<()> {
        match self.table.fence(&task.customer, task.at, self.clock.now()).await? {
            Fence::Open(seconds) => {
                self.tasks.send_later(std::slice::from_ref(task), i32::try_from(seconds)?).await
            }
            Fence::Closed(erasure) => self.remove(&task.customer, &erasure).await.map(|_| ()),
            Fence::Over => Ok(()),
        }
    }

    /// Erases a person while no other function runs: nobody is to be waited for.
    pub async fn at_rest(&self, task: &EraseTask) -> Result<Removed> {
        self.table.fence(&task.customer, task.at, self.clock.now()).await?;
        match self.table.erasure(&task.customer).await? {
            Some(erasure) if erasure.finished.is_none() => self.remove(&task.customer, &erasure).await,
            Some(_) | None => Ok(Removed::default()),
        }
    }
}
