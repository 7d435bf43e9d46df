//! The life of one message from its task to its recorded outcome: check, claim, call the provider, record, report.
//!
//! Of all deliveries of a task, one at most calls the provider: the one whose claim goes through. A claim without an
//! outcome belongs to an invocation that died; whether its call was made is for the provider to say, and only its
//! proof that it took nothing lets the call be made again.

mod circuit;
mod pace;
mod render;
mod spending;
mod task;
pub mod ways;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use anyhow::Result;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure, Received};
use cloud::clock::Clock;
use cloud::concurrent;
use cloud::config::Vars;
use cloud::definitions::Cache;
use cloud::inbox::Inbox;
use cloud::lambda::{self, Batches};
use cloud::queue::Queue;
use cloud::table::{Reading, Table};
use domain::contact::Channel;
use domain::input::{Input, SendTask};
use domain::message::CodeKey;
use domain::names::CustomerId;
use providers::account::{Account, AccountError};
use providers::answer::{Accepted, LookUp, SendError};

pub use render::Rendered;
pub use task::SETTLE_SECONDS;

use self::pace::Late;
use self::task::Done;
use self::ways::Ways;

/// Messages under way at once in one invocation.
const CONCURRENCY: usize = 16;

/// The longest that SQS delays a message, in seconds.
const DELAY_LIMIT_SECONDS: i32 = 900;

/// A way to a provider.
pub trait Transport: Debug + Send + Sync + 'static {
    /// The channel it serves.
    const CHANNEL: Channel;

    /// The way through an account at a provider of this name.
    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError>
    where
        Self: Sized;

    /// Whether a message that may have left may be sent again: the provider knows it by its code.
    fn is_repeatable(&self) -> bool;

    /// For how many seconds after the first request the provider knows it; for ever where nothing is said.
    fn known_seconds(&self) -> i64 {
        i64::MAX
    }

    /// Whether a refusal says that the address is none, or none any longer: nothing more is sent there.
    fn is_gone(&self, _refusal: &str) -> bool {
        false
    }

    /// Makes exactly one request.
    fn send(&self, message: &Rendered) -> impl Future<Output = Result<Accepted, SendError>> + Send;

    /// Asks whether the provider took a message.
    fn look_up(&self, code: &str) -> impl Future<Output = Result<LookUp, SendError>> + Send;
}

/// What a sending function needs.
#[derive(Debug)]
pub struct Sender<T> {
    ways: Ways<T>,
    table: Table,
    definitions: Cache,
    /// Where its tasks come from.
    tasks: Option<Queue>,
    inbox: Queue,
    dead_letters: Queue,
    clock: Clock,
    link_base: String,
    /// The shop's name in messages.
    signature: String,
}

impl<T: Transport> Sender<T> {
    /// Wires a sending function; `usual` is the way of all messages where the shop defines no accounts.
    pub fn new(usual: Option<T>, config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?;
        let sqs = aws_sdk_sqs::Client::new(config);
        Ok(Self {
            ways: Ways::new(usual, vars)?,
            definitions: Cache::new(table.clone(), clock.clone(), CodeKey::none()),
            table,
            tasks: vars.get("QUEUE_URL").map(|url| Queue::new(sqs.clone(), url)),
            inbox: Queue::new(sqs.clone(), vars.required("INBOX_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            clock,
            link_base: vars.required("LINK_BASE_URL")?.trim_end_matches('/').to_owned(),
            signature: vars.required("SENDER_NAME")?,
        })
    }

    /// Takes batches of its queue.
    pub fn batches(self) -> Batches
    where
        T: 'static,
    {
        lambda::batches(self, Self::handle)
    }

    async fn handle(self: Arc<Self>, event: SqsEvent) -> SqsBatchResponse {
        let dead_letters = self.dead_letters.clone();
        batch::run(event, &dead_letters, |messages| self.send_all(messages)).await
    }

    /// Where links lead, and who sends.
    fn sender(&self) -> domain::rendering::Sender<'_> {
        domain::rendering::Sender { base: &self.link_base, name: &self.signature }
    }

    async fn send_all(
        self: Arc<Self>,
        messages: Vec<Received<SendTask>>,
    ) -> Vec<(usize, Result<(), Failure>)> {
        let checks = match self.check(messages).await {
            Ok(checks) => checks,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "messages could not be checked");
                return Vec::new();
            }
        };
        let mut outcomes = Vec::new();
        let (mut indexes, mut ready) = (Vec::new(), Vec::new());
        for (index, checked) in checks {
            match checked {
                Ok(checked) => {
                    indexes.push(index);
                    ready.push(checked);
                }
                Err(error) => outcomes.push((index, Err(Failure::Retry(error)))),
            }
        }
        let tasks: Vec<SendTask> = ready.iter().map(|checked| checked.task.clone()).collect();
        let sender = Arc::clone(&self);
        let results = concurrent::map(CONCURRENCY, ready, move |checked| {
            let sender = Arc::clone(&sender);
            async move { sender.task(checked).await }
        });
        let mut reports = Vec::new();
        let mut reported = Vec::new();
        let mut late = Vec::new();
        for ((result, index), task) in results.await.into_iter().zip(indexes).zip(tasks) {
            match result.and_then(|result| result) {
                Ok(Done::Settled(outcome)) => {
                    reports
                        .push(Inbox::new(task.customer, vec![Input::Outcome { code: task.code, outcome }]));
                    reported.push(index);
                }
                Ok(Done::Late(found)) => late.push((index, task, found)),
                Err(error) => outcomes.push((index, Err(Failure::Retry(error)))),
            }
        }
        outcomes.extend(self.hand_back(late).await);
        let sent = self.inbox.send(&reports).await.map_err(|error| format!("{error:#}"));
        outcomes.extend(
            reported
                .into_iter()
                .map(|index| (index, sent.clone().map_err(|error| Failure::Retry(anyhow::anyhow!(error))))),
        );
        outcomes
    }

    /// Puts tasks back in their queue whose turn comes too late to wait for: as new messages, since the queue gives up one that
    /// was delivered too often.
    async fn hand_back(&self, late: Vec<(usize, SendTask, Late)>) -> Vec<(usize, Result<(), Failure>)> {
        let Some(seconds) = late.iter().map(|(_, _, late)| late.again_in.as_secs() + 1).max() else {
            return Vec::new();
        };
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX).min(DELAY_LIMIT_SECONDS);
        let (indexes, tasks): (Vec<usize>, Vec<SendTask>) =
            late.into_iter().map(|(index, task, _)| (index, task)).unzip();
        let sent = match &self.tasks {
            Some(queue) => queue.send_later(&tasks, seconds).await.map_err(|error| format!("{error:#}")),
            None => Err("its turn comes too late, and QUEUE_URL does not say where it came from".to_owned()),
        };
        let outcome = |index| (index, sent.clone().map_err(|error| Failure::Retry(anyhow::anyhow!(error))));
        indexes.into_iter().map(outcome).collect()
    }

    /// Reads, in two requests, all that the checks of a batch need: customers and suppressions, both consistently. A
    /// customer whose document does not read fails alone.
    async fn check(&self, messages: Vec<Received<SendTask>>) -> Result<Vec<(usize, Result<task::Checked>)>> {
        let read_at = self.clock.now_millis();
        let ids: Vec<CustomerId> = messages.iter().map(|message| message.body.customer.clone()).collect();
        let ids: Vec<CustomerId> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let customers = self.table.customers(&ids, Reading::Consistent).await?;
        let addresses = customers
            .values()
            .flatten()
            .filter_map(|stored| stored.customer.address(T::CHANNEL).map(ToOwned::to_owned));
        let suppressed = self.table.suppressed(T::CHANNEL, &addresses.collect::<Vec<_>>()).await?;
        let checked = messages.into_iter().filter_map(|message| {
            let customer = match customers.get(&message.body.customer)? {
                Ok(stored) => stored.customer.clone(),
                Err(error) => return Some((message.index, Err(anyhow::anyhow!("{error:#}")))),
            };
            let stopped = customer.address(T::CHANNEL).and_then(|address| suppressed.get(address)).copied();
            Some((message.index, Ok(task::Checked { task: message.body, customer, stopped, read_at })))
        });
        Ok(checked.collect())
    }
}
