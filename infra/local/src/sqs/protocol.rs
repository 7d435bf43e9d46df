//! The SQS JSON protocol.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::limits::{self, MAX_BATCH, MAX_BYTES, Refusal, visibility_ms};
use super::{Outgoing, QueueError, Queues, Received};
use crate::faults::canonical;
use crate::region::Answer;

type Outcome = Result<Value, Refusal>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ToQueue<T> {
    queue_url: String,
    #[serde(flatten)]
    rest: T,
}

#[derive(Deserialize)]
struct Batch<T> {
    #[serde(rename = "Entries", default = "Vec::new")]
    entries: Vec<Entry<T>>,
}

#[derive(Deserialize)]
struct Entry<T> {
    #[serde(rename = "Id")]
    id: String,
    #[serde(flatten)]
    rest: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    message_body: String,
    delay_seconds: Option<i64>,
    message_attributes: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeVisibility {
    receipt_handle: String,
    visibility_timeout: i64,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueName {
    queue_name: String,
}

impl Queues {
    /// Answers one request of the SDK.
    pub(crate) async fn call(&self, operation: &str, body: &[u8]) -> Answer {
        let outcome = match operation {
            "SendMessage" => self.send_one(body).await,
            "SendMessageBatch" => self.send_batch(body).await,
            "ReceiveMessage" => self.receive_some(body).await,
            "DeleteMessage" => self.delete_one(body).await,
            "DeleteMessageBatch" => self.delete_batch(body).await,
            "ChangeMessageVisibility" => self.change_one(body).await,
            "ChangeMessageVisibilityBatch" => self.change_batch(body).await,
            "GetQueueUrl" => self.url(body).await,
            "GetQueueAttributes" => self.attributes(body).await,
            "PurgeQueue" => self.purge_all(body).await,
            _ => Err(Refusal::new("UnsupportedOperation", format!("{operation} is not supported here."))),
        };
        match outcome {
            Ok(value) => Answer { status: 200, body: value.to_string().into_bytes(), code: None },
            Err(refusal) => {
                let kind = format!("com.amazonaws.sqs#{}", refusal.shape);
                let body = json!({"__type": kind, "message": refusal.text}).to_string().into_bytes();
                let status = if refusal.shape == "InternalError" { 500 } else { 400 };
                Answer { status, body, code: Some(refusal.code()) }
            }
        }
    }

    async fn send_one(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Send> = read(body)?;
        let digest = md5_hex(&request.rest.message_body);
        let message = outgoing(request.rest)?;
        let ids = self.send(name(&request.queue_url), vec![message]).await?;
        Ok(json!({"MessageId": ids.first(), "MD5OfMessageBody": digest}))
    }

    async fn send_batch(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Batch<Send>> = read(body)?;
        let entries = checked(request.rest)?;
        if entries.iter().map(|entry| size(&entry.rest)).sum::<usize>() > MAX_BYTES {
            let text = format!("Batch requests cannot be longer than {MAX_BYTES} bytes.");
            return Err(Refusal::new("BatchRequestTooLong", text));
        }
        let (mut good, mut messages, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for Entry { id, rest } in entries {
            let digest = md5_hex(&rest.message_body);
            match outgoing(rest) {
                Ok(message) => {
                    good.push((id, digest));
                    messages.push(message);
                }
                Err(refusal) => failed.push(refusal.of_entry(&id)),
            }
        }
        let ids = self.send(name(&request.queue_url), messages).await?;
        let done = good.iter().zip(&ids);
        let done = done.map(
            |((id, digest), message)| json!({"Id": id, "MessageId": message, "MD5OfMessageBody": digest}),
        );
        Ok(json!({"Successful": done.collect::<Vec<_>>(), "Failed": failed}))
    }

    async fn receive_some(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Receive> = read(body)?;
        let max = request.rest.max_number_of_messages.unwrap_or(1);
        let max = usize::try_from(max).ok().filter(|max| (1..=MAX_BATCH).contains(max));
        let max = max.ok_or_else(|| Refusal::invalid("MaxNumberOfMessages must be between 1 and 10."))?;
        let visible_in = request.rest.visibility_timeout.map(visibility_ms).transpose()?;
        let found = self.receive_for(name(&request.queue_url), max, visible_in).await?;
        Ok(json!({"Messages": found.iter().map(wire_message).collect::<Vec<_>>()}))
    }

    async fn delete_one(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Delete> = read(body)?;
        self.delete(name(&request.queue_url), vec![request.rest.receipt_handle]).await?;
        Ok(json!({}))
    }

    async fn delete_batch(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Batch<Delete>> = read(body)?;
        let entries = checked(request.rest)?;
        let queue = name(&request.queue_url).to_owned();
        let delete = move |store: &mut super::Store| {
            let each = entries.into_iter().map(|entry| {
                let done = store.delete(&queue, &entry.rest.receipt_handle).map(|_| ());
                per_entry(entry.id, done)
            });
            each.collect()
        };
        Ok(batch_answer(self.writer.run(delete).await?))
    }

    async fn change_one(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<ChangeVisibility> = read(body)?;
        let ms = visibility_ms(request.rest.visibility_timeout)?;
        self.change_visibility(name(&request.queue_url), &request.rest.receipt_handle, ms).await?;
        Ok(json!({}))
    }

    async fn change_batch(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Batch<ChangeVisibility>> = read(body)?;
        let entries = checked(request.rest)?;
        let (queue, now) = (name(&request.queue_url).to_owned(), self.clock.now_millis());
        let change = move |store: &mut super::Store| {
            let each =
                entries.into_iter().map(|Entry { id, rest }| match visibility_ms(rest.visibility_timeout) {
                    Ok(ms) => per_entry(id, store.change_visibility(&queue, &rest.receipt_handle, ms, now)),
                    Err(refusal) => Ok((id, Err(refusal))),
                });
            each.collect()
        };
        Ok(batch_answer(self.writer.run(change).await?))
    }

    async fn url(&self, body: &[u8]) -> Outcome {
        let request: QueueName = read(body)?;
        self.settings(&request.queue_name).await?;
        Ok(json!({"QueueUrl": crate::region::queue_url(&request.queue_name)}))
    }

    async fn attributes(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Nothing> = read(body)?;
        let queue = name(&request.queue_url);
        let (settings, counts) = (self.settings(queue).await?, self.counts(queue).await?);
        let mut attributes = json!({
            "QueueArn": arn(queue),
            "ApproximateNumberOfMessages": counts.visible.to_string(),
            "ApproximateNumberOfMessagesNotVisible": counts.in_flight.to_string(),
            "ApproximateNumberOfMessagesDelayed": counts.delayed.to_string(),
            "VisibilityTimeout": settings.visibility_seconds.to_string(),
            "DelaySeconds": settings.delay_seconds.to_string(),
        });
        if let Some((dead_letter, max)) = &settings.dead_letter {
            let policy = json!({"deadLetterTargetArn": arn(dead_letter), "maxReceiveCount": max});
            attributes["RedrivePolicy"] = policy.to_string().into();
        }
        Ok(json!({"Attributes": attributes}))
    }

    async fn purge_all(&self, body: &[u8]) -> Outcome {
        let request: ToQueue<Nothing> = read(body)?;
        self.purge(name(&request.queue_url)).await?;
        Ok(json!({}))
    }
}

/// What identifies a request from run to run: its queue, and a digest of what it asks.
pub(crate) fn key(body: &[u8]) -> String {
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let queue = request["QueueUrl"].take();
    let queue = queue.as_str().map_or("", name);
    format!("{queue}/{}", md5_hex(&canonical(&request)))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::new("MissingParameter", error.to_string()))
}

/// A queue's name: the end of its URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{queue}", crate::region::NAME, crate::region::ACCOUNT)
}

fn checked<T>(batch: Batch<T>) -> Result<Vec<Entry<T>>, Refusal> {
    limits::check_batch(batch.entries.iter().map(|entry| entry.id.as_str()))?;
    Ok(batch.entries)
}

fn outgoing(message: Send) -> Result<Outgoing, Refusal> {
    limits::check_message(&message.message_body, size(&message))?;
    let delay_seconds = message.delay_seconds.map(limits::delay).transpose()?;
    Ok(Outgoing { body: message.message_body, delay_seconds, attributes: message.message_attributes })
}

/// Bytes of a message as SQS counts them: the body, and its attributes' names, types and values.
fn size(message: &Send) -> usize {
    let attributes = message.message_attributes.as_ref().and_then(Value::as_object);
    let attributes = attributes.into_iter().flatten().map(|(name, value)| {
        let parts = value.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
        name.len() + parts.map(str::len).sum::<usize>()
    });
    message.message_body.len() + attributes.sum::<usize>()
}

fn wire_message(message: &Received) -> Value {
    let mut system = json!({
        "ApproximateReceiveCount": message.receive_count.to_string(),
        "SentTimestamp": message.sent_at_ms.to_string(),
        "SenderId": crate::region::ACCOUNT,
    });
    if let Some(first) = message.first_received_ms {
        system["ApproximateFirstReceiveTimestamp"] = first.to_string().into();
    }
    if let Some(source) = &message.source {
        system["DeadLetterQueueSourceArn"] = arn(source).into();
    }
    let mut attributes = message.attributes.clone();
    if let (Some(cause), Some(_)) = (&message.cause, &message.source) {
        attributes.insert("cause".to_owned(), json!({"DataType": "String", "StringValue": cause}));
    }
    json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5_hex(&message.body),
        "Body": message.body,
        "Attributes": system,
        "MessageAttributes": attributes,
    })
}

fn per_entry(id: String, done: Result<(), QueueError>) -> Result<(String, Result<(), Refusal>), QueueError> {
    match done {
        Err(error @ (QueueError::Store(_) | QueueError::NoSuchQueue)) => Err(error),
        done => Ok((id, done.map_err(Refusal::from))),
    }
}

fn batch_answer(entries: Vec<(String, Result<(), Refusal>)>) -> Value {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (id, outcome) in entries {
        match outcome {
            Ok(()) => done.push(json!({"Id": id})),
            Err(refusal) => failed.push(refusal.of_entry(&id)),
        }
    }
    json!({"Successful": done, "Failed": failed})
}

fn md5_hex(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}
