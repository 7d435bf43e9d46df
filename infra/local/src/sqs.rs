//! SQS in this process: queues in a file of their own, under the SDK's protocol and under the runtime that polls.

mod limits;
mod protocol;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;

use cloud::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

pub(crate) use self::protocol::key;
use self::store::Store;
use self::writer::Writer;
use crate::region::Durability;

/// Messages per [`Queues::receive`], at most.
pub const MAX_RECEIVE: usize = 10_000;

/// The queues of a region. Standard queues: at least once, and here in the order in which messages become visible.
pub struct Queues {
    writer: Writer,
    clock: Clock,
    arrivals: watch::Receiver<u64>,
}

/// How a queue behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a received message stays hidden.
    pub visibility_seconds: u32,
    /// How long a sent message stays hidden, where it does not say so itself.
    pub delay_seconds: u32,
    /// Where messages go that were received so many times without being deleted.
    pub dead_letter: Option<(String, u32)>,
}

impl Default for QueueSettings {
    /// As in SQS.
    fn default() -> Self {
        Self { visibility_seconds: 30, delay_seconds: 0, dead_letter: None }
    }
}

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// The text.
    pub body: String,
    /// Hidden for so long; by default the queue's delay.
    pub delay_seconds: Option<u32>,
    /// Message attributes as in the JSON protocol: name → `{"DataType": …, "StringValue": …}`.
    pub attributes: Option<Value>,
}

/// A message received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The same at each delivery, and in the dead-letter queue.
    pub message_id: String,
    /// What deletes this delivery. Empty for a message that was only looked at.
    pub receipt: String,
    /// The text.
    pub body: String,
    /// Message attributes as in the JSON protocol.
    pub attributes: BTreeMap<String, Value>,
    /// Deliveries from this queue, this one included.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at_ms: i64,
    /// When it was received first, in milliseconds since 1970.
    pub first_received_ms: Option<i64>,
    /// Why it failed, of a message that did.
    pub cause: Option<String>,
    /// The queue it failed in, of a message in a dead-letter queue.
    pub source: Option<String>,
}

/// The messages of a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// That a receive would find.
    pub visible: u64,
    /// Received, and neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

/// Why an operation on a queue was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// There is no queue of this name.
    #[error("The specified queue does not exist.")]
    NoSuchQueue,
    /// The receipt is none that this queue gave out.
    #[error("The input receipt handle is invalid.")]
    BadReceipt,
    /// The message is visible again, or deleted.
    #[error("The message referred to is not in flight.")]
    NotInFlight,
    /// The file could not be read or written; nothing of the operation was done.
    #[error("the queues' file: {0}")]
    Store(String),
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}

type Result<T> = std::result::Result<T, QueueError>;

impl Queues {
    /// Opens or creates the queues in the file at `path`.
    pub fn open(path: &Path, durability: Durability, clock: Clock) -> anyhow::Result<Self> {
        let store = Store::open(path, durability)?;
        let (sender, arrivals) = watch::channel(0);
        let writer = Writer::start(store, sender)?;
        Ok(Self { writer, clock, arrivals })
    }

    /// Creates a queue, or gives it these settings. Its dead-letter queue is created with it.
    pub async fn create(&self, queue: &str, settings: QueueSettings) -> Result<()> {
        let queue = queue.to_owned();
        self.writer.run(move |store| store.create(&queue, settings)).await
    }

    /// The queues' names.
    pub async fn names(&self) -> Result<Vec<String>> {
        self.writer.run(|store| Ok(store.names())).await
    }

    /// The settings of a queue.
    pub async fn settings(&self, queue: &str) -> Result<QueueSettings> {
        let queue = queue.to_owned();
        self.writer.run(move |store| store.settings(&queue)).await
    }

    /// Sends messages, all or none; answers their ids.
    pub async fn send(&self, queue: &str, messages: Vec<Outgoing>) -> Result<Vec<String>> {
        let (queue, now) = (queue.to_owned(), self.clock.now_millis());
        self.writer.run(move |store| store.send(&queue, &messages, now)).await
    }

    /// Receives up to `max` messages (at most [`MAX_RECEIVE`]), in the order in which they became visible.
    pub async fn receive(&self, queue: &str, max: usize) -> Result<Vec<Received>> {
        self.receive_for(queue, max, None).await
    }

    async fn receive_for(
        &self,
        queue: &str,
        max: usize,
        visible_in_ms: Option<i64>,
    ) -> Result<Vec<Received>> {
        let (queue, now, max) = (queue.to_owned(), self.clock.now_millis(), max.min(MAX_RECEIVE));
        self.writer.run(move |store| store.receive(&queue, max, visible_in_ms, now)).await
    }

    /// The first `max` messages as they are, neither received nor counted.
    pub async fn peek(&self, queue: &str, max: usize) -> Result<Vec<Received>> {
        let queue = queue.to_owned();
        self.writer.run(move |store| store.peek(&queue, max)).await
    }

    /// Deletes what the receipts were given for. A receipt of an earlier delivery deletes nothing.
    pub async fn delete(&self, queue: &str, receipts: Vec<String>) -> Result<()> {
        let queue = queue.to_owned();
        let delete = move |store: &mut Store| {
            receipts.iter().try_for_each(|receipt| store.delete(&queue, receipt).map(|_| ()))
        };
        self.writer.run(delete).await
    }

    /// Makes a received message visible in `ms` milliseconds; 0 gives it back.
    pub async fn change_visibility(&self, queue: &str, receipt: &str, ms: i64) -> Result<()> {
        let (queue, receipt, now) = (queue.to_owned(), receipt.to_owned(), self.clock.now_millis());
        self.writer.run(move |store| store.change_visibility(&queue, &receipt, ms, now)).await
    }

    /// Notes why a received message failed, so that it says so in the dead-letter queue.
    pub async fn set_cause(&self, queue: &str, receipt: &str, cause: &str) -> Result<()> {
        let (queue, receipt, cause) = (queue.to_owned(), receipt.to_owned(), cause.to_owned());
        self.writer.run(move |store| store.set_cause(&queue, &receipt, &cause)).await
    }

    /// The earliest instant (ms since 1970) at which a message is or becomes visible.
    pub async fn next_visible_at(&self, queue: &str) -> Result<Option<i64>> {
        let queue = queue.to_owned();
        self.writer.run(move |store| store.next_visible_at(&queue)).await
    }

    /// How many messages a queue holds.
    pub async fn counts(&self, queue: &str) -> Result<Counts> {
        let (queue, now) = (queue.to_owned(), self.clock.now_millis());
        self.writer.run(move |store| store.counts(&queue, now)).await
    }

    /// Deletes all messages of a queue.
    pub async fn purge(&self, queue: &str) -> Result<()> {
        let queue = queue.to_owned();
        self.writer.run(move |store| store.purge(&queue)).await
    }

    /// Makes a queue's received messages visible in `ms` milliseconds, where they are not visible earlier: whoever held
    /// them is dead.
    pub async fn release(&self, queue: &str, ms: i64) -> Result<()> {
        let (queue, now) = (queue.to_owned(), self.clock.now_millis());
        self.writer.run(move |store| store.release(&queue, ms, now)).await
    }

    /// Sends what a dead-letter queue holds back to where it failed; answers how many messages that was.
    pub async fn redrive(&self, dead_letter: &str) -> Result<usize> {
        let (queue, now) = (dead_letter.to_owned(), self.clock.now_millis());
        self.writer.run(move |store| store.redrive(&queue, now)).await
    }

    /// Changes whenever messages were sent or given back, to any queue: a reason for whoever polls to look again.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.clone()
    }
}
