//! Batches from a queue: each message succeeds, is retried, or goes to the dead-letter queue, by itself.

use std::fmt;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};

use domain::time::Timestamp;

use crate::payload::{self, Payload};
use crate::queue::{CAUSE, Queue};

/// How often a message is received before it is given up with its cause: once less than the queues' own limit, beyond
/// which they put it aside without one.
pub const RECEIVES_LIMIT: u32 = 9;

fn receives(message: &SqsMessage) -> u32 {
    message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1)
}

fn sent(message: &SqsMessage) -> Option<Timestamp> {
    let millis: i64 = message.attributes.get("SentTimestamp")?.parse().ok()?;
    Some(Timestamp::from_seconds(millis.div_euclid(1000)))
}

/// Why a message was not handled.
#[derive(Debug)]
pub enum Failure {
    /// It may go better later: the queue delivers it again.
    Retry(anyhow::Error),
    /// It never will: it goes to the dead-letter queue with this cause.
    Fail(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(error) => write!(f, "to be retried: {error:#}"),
            Self::Fail(error) => write!(f, "given up: {error:#}"),
        }
    }
}

/// A message of a batch.
#[derive(Clone, Debug)]
pub struct Received<T> {
    /// Its place in the batch, by which its outcome is reported.
    pub index: usize,
    /// Whether the queue delivered it before: what its first handling did may be done or not.
    pub redelivered: bool,
    /// When it was sent, if its queue says so.
    pub sent: Option<Timestamp>,
    /// What it says.
    pub body: T,
}

/// Handles a batch: `handle` gets the messages that can be read and returns an outcome for each by its index; one
/// without an outcome is retried, and so is one of a later version.
pub async fn run<T, F, Fut>(event: SqsEvent, dead_letters: &Queue, handle: F) -> SqsBatchResponse
where
    T: Payload,
    F: FnOnce(Vec<Received<T>>) -> Fut,
    Fut: Future<Output = Vec<(usize, Result<(), Failure>)>>,
{
    let mut outcomes: Vec<Option<Result<(), Failure>>> = Vec::new();
    let mut readable = Vec::new();
    for (index, message) in event.records.iter().enumerate() {
        let body = message.body.as_deref().unwrap_or_default();
        match payload::read(body) {
            Ok(body) => {
                // A letter that was driven back carries its cause: it was handled before, however far that went.
                let redelivered = receives(message) > 1 || message.message_attributes.contains_key(CAUSE);
                readable.push(Received { index, redelivered, sent: sent(message), body });
                outcomes.push(None);
            }
            // What a later release wrote is for its processes, which take this one's place within minutes.
            Err(error) if error.is_later() => outcomes.push(Some(Err(Failure::Retry(error.into())))),
            Err(error) => outcomes.push(Some(Err(Failure::Fail(error.into())))),
        }
    }
    for (index, outcome) in handle(readable).await {
        outcomes[index] = Some(outcome);
    }
    let mut response = SqsBatchResponse::default();
    for (message, outcome) in event.records.into_iter().zip(outcomes) {
        let last = receives(&message) >= RECEIVES_LIMIT;
        let failed = match outcome {
            Some(Ok(())) => None,
            Some(Err(Failure::Retry(cause))) if last => bury(dead_letters, &message, &cause).await.err(),
            Some(Err(Failure::Fail(cause))) => bury(dead_letters, &message, &cause).await.err(),
            Some(Err(Failure::Retry(error))) => Some(error),
            None => Some(anyhow::anyhow!("no outcome")),
        };
        if let Some(error) = failed {
            tracing::warn!(message.id = message.message_id, error = format!("{error:#}"), "to be retried");
            let mut item = BatchItemFailure::default();
            item.item_identifier = message.message_id.unwrap_or_default();
            response.batch_item_failures.push(item);
        }
    }
    response
}

/// Gives a message up.
async fn bury(dead_letters: &Queue, message: &SqsMessage, cause: &anyhow::Error) -> anyhow::Result<()> {
    let cause = format!("{cause:#}");
    tracing::error!(message.id = message.message_id, error = cause, "to the dead letters");
    // An ARN ends with the queue's name.
    let source = message.event_source_arn.as_deref().and_then(|arn| arn.rsplit(':').next());
    dead_letters.bury(message.body.clone().unwrap_or_default(), &cause, source).await
}
