//! Dead letters: messages that no function could handle, to look at and to send back to where they failed.

use std::collections::BTreeSet;

use cloud::queue::{CAUSE, SOURCE};
use domain::names::CustomerId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sqs::{QueueError, Queues, Received};

/// The most letters that are shown of one queue.
pub const SHOWN_LIMIT: usize = 1_000;

/// The dead letters of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// How many there are.
    pub count: u64,
    /// At most [`SHOWN_LIMIT`] of each queue.
    pub letters: Vec<DeadLetter>,
}

/// A dead letter, without what it says of a person: of its text only the customer's id is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The queue it failed in; none if nobody noted it, and then it can't be sent back.
    pub queue: Option<String>,
    /// Why it failed.
    pub cause: String,
    /// When it was sent, in UTC: by whoever gave it up with a cause, or first, if its function died each time.
    pub sent_at: String,
    /// Whom it is about, where its text can be read that far.
    pub customer: Option<CustomerId>,
}

/// What was sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// Letters that wait in the queue they had failed in.
    pub moved: usize,
}

/// Lists the dead letters of all queues.
///
/// # Errors
/// When the queues' file cannot be read.
pub async fn list(queues: &Queues) -> Result<DeadLetters, QueueError> {
    let mut found = DeadLetters::default();
    for queue in dead_letter_queues(queues).await? {
        let counts = queues.counts(&queue).await?;
        found.count += counts.visible + counts.in_flight + counts.delayed;
        found.letters.extend(queues.peek(&queue, SHOWN_LIMIT).await?.iter().map(describe));
    }
    Ok(found)
}

/// Sends the dead letters of all queues back to where they failed; those without an origin stay.
///
/// # Errors
/// When the queues' file cannot be written; what was sent back from other queues before is.
pub async fn redrive(queues: &Queues) -> Result<Redriven, QueueError> {
    let mut moved = 0;
    for queue in dead_letter_queues(queues).await? {
        moved += queues.redrive(&queue).await?;
    }
    Ok(Redriven { moved })
}

async fn dead_letter_queues(queues: &Queues) -> Result<BTreeSet<String>, QueueError> {
    let mut found = BTreeSet::new();
    for queue in queues.names().await? {
        found.extend(queues.settings(&queue).await?.dead_letter.map(|(name, _)| name));
    }
    Ok(found)
}

fn describe(letter: &Received) -> DeadLetter {
    #[derive(Deserialize)]
    struct Body {
        customer: CustomerId,
    }
    let attribute = |name| letter.attributes.get(name)?["StringValue"].as_str().map(ToOwned::to_owned);
    DeadLetter {
        cause: letter.cause.clone().or_else(|| attribute(CAUSE)).unwrap_or_else(|| "not noted".to_owned()),
        sent_at: Timestamp::from_seconds(letter.sent_at_ms.div_euclid(1000)).to_string(),
        customer: serde_json::from_str(&letter.body).ok().map(|body: Body| body.customer),
        queue: letter.source.clone().or_else(|| attribute(SOURCE)),
    }
}
