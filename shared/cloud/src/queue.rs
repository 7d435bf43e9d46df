//! Queues.

use anyhow::{Context, Result, bail};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use futures_util::stream::{self, StreamExt};

use crate::call::Call;
use crate::payload::{self, Payload};

/// The most entries SQS takes in one request.
const ENTRIES_LIMIT: usize = 10;

/// The most bytes of a request, below SQS's own limit of 1 MiB for all entries together.
const BYTES_LIMIT: usize = 900_000;

/// Requests under way at once.
const CONCURRENCY: usize = 8;

/// The most messages of one queue that are looked at one by one.
pub const LOOKED_AT_LIMIT: usize = 2_000;

/// The attribute in which a dead letter carries its cause.
pub const CAUSE: &str = "cause";

/// The attribute in which a dead letter carries the name of the queue it came from. A letter that a function puts aside
/// is a message of its own, of which SQS doesn't know the origin.
pub const SOURCE: &str = "source";

/// A queue one can send to.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at `url`.
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends messages as JSON, ten in a request; returns when the queue has accepted every one.
    pub async fn send<T: Payload>(&self, messages: &[T]) -> Result<()> {
        self.send_later(messages, 0).await
    }

    /// The same, to be delivered after `delay_seconds`.
    pub async fn send_later<T: Payload>(&self, messages: &[T], delay_seconds: i32) -> Result<()> {
        let bodies = messages.iter().map(payload::write).collect::<Result<Vec<_>>>()?;
        let mut requests: Vec<Vec<String>> = Vec::new();
        let mut bytes = 0;
        for body in bodies {
            match requests.last_mut() {
                Some(request) if request.len() < ENTRIES_LIMIT && bytes + body.len() <= BYTES_LIMIT => {
                    bytes += body.len();
                    request.push(body);
                }
                _ => {
                    bytes = body.len();
                    requests.push(vec![body]);
                }
            }
        }
        // Begun in their order, so that a run on one machine puts the same messages into the same batches each time.
        let requests = requests.into_iter().map(|bodies| self.send_request(bodies, delay_seconds));
        let sent: Vec<Result<()>> = stream::iter(requests).buffered(CONCURRENCY).collect().await;
        sent.into_iter().collect()
    }

    async fn send_request(&self, bodies: Vec<String>, delay_seconds: i32) -> Result<()> {
        let entries = bodies.into_iter().enumerate().map(|(index, body)| {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body);
            entry.set_delay_seconds((delay_seconds > 0).then_some(delay_seconds)).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let answer =
            self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).call().await;
        let answer = answer.context("sending to a queue")?;
        if let Some(failed) = answer.failed().first() {
            bail!("the queue refused {} of a request's messages: {}", answer.failed().len(), failed.code());
        }
        Ok(())
    }

    /// Opens a connection, by a batch of nothing: SQS refuses it, and who may send needs no other permission for it.
    pub(crate) async fn connect(&self) -> Result<()> {
        let asked =
            self.client.send_message_batch().queue_url(&self.url).set_entries(Some(Vec::new())).call().await;
        match asked {
            Err(error) if error.as_service_error().is_none() => Err(error).context("connecting to a queue"),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// How many messages wait to be received, about: SQS counts them over many machines.
    pub async fn backlog(&self) -> Result<u64> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let answer = request.call().await.context("asking how full a queue is")?;
        let count = answer.attributes().and_then(|attributes| attributes.get(&name));
        count.and_then(|count| count.parse().ok()).context("a queue does not say how full it is")
    }

    /// Deletes the messages whose text `is_one`, out of the first [`LOOKED_AT_LIMIT`]; answers how many. The others are
    /// hidden for a minute.
    pub async fn delete_where(&self, is_one: impl Fn(&str) -> bool) -> Result<usize> {
        let mut deleted = 0;
        for _ in 0..LOOKED_AT_LIMIT / 10 {
            let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            // To wait a moment asks all of the machines that a queue is spread over.
            let answer = request.visibility_timeout(60).wait_time_seconds(1).call().await;
            let messages = answer.context("reading a queue")?.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages.iter().filter(|message| is_one(message.body().unwrap_or_default())) {
                let receipt = message.receipt_handle().context("a message without a receipt")?;
                let request = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
                request.call().await.context("deleting from a queue")?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Puts a message that can't be handled into a dead-letter queue, as it came, with the cause and, where it is known,
    /// the name of the queue it came from.
    pub async fn bury(&self, body: String, cause: &str, source: Option<&str>) -> Result<()> {
        let mut request = self.client.send_message().queue_url(&self.url).message_body(body);
        for (name, value) in [(CAUSE, Some(cause)), (SOURCE, source)] {
            if let Some(value) = value {
                let value =
                    MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
                request = request.message_attributes(name, value);
            }
        }
        request.call().await.context("sending to a dead-letter queue")?;
        Ok(())
    }
}
