//! What SQS refuses, and in which words.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::QueueError;

/// Entries per batch, and messages per receive by the SDK.
pub(super) const MAX_BATCH: usize = 10;
/// Bytes per message, and per batch.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub(super) const MAX_BYTES: usize = 1024 * 1024;
const MAX_DELAY_SECONDS: u32 = 900;
const MAX_VISIBILITY_SECONDS: i64 = 43_200;
const MAX_ID_LENGTH: usize = 80;

/// A refusal, by the error's name in the JSON protocol.
pub(super) struct Refusal {
    pub(super) shape: &'static str,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(shape: &'static str, text: impl Into<String>) -> Self {
        Self { shape, text: text.into() }
    }

    pub(super) fn invalid(reason: impl std::fmt::Display) -> Self {
        Self::new("InvalidParameterValue", format!("One or more parameters are invalid. Reason: {reason}"))
    }

    /// The error's name in the older query protocol, by which the SDK knows it.
    pub(super) fn code(&self) -> &'static str {
        match self.shape {
            "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
            "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight",
            "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
            "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
            "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
            "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
            same => same,
        }
    }

    pub(super) fn of_entry(&self, id: &str) -> Value {
        json!({"Id": id, "SenderFault": true, "Code": self.code(), "Message": self.text})
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        let shape = match &error {
            QueueError::NoSuchQueue => "QueueDoesNotExist",
            QueueError::BadReceipt => "ReceiptHandleIsInvalid",
            QueueError::NotInFlight => "MessageNotInflight",
            QueueError::Store(_) => "InternalError",
        };
        Self::new(shape, error.to_string())
    }
}

/// Checks a batch by the ids of its entries.
pub(super) fn check_batch<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Refusal> {
    let count = ids.len();
    if count == 0 {
        return Err(Refusal::new("EmptyBatchRequest", "There should be at least one entry in the request."));
    }
    if count > MAX_BATCH {
        let text = format!("Maximum number of entries per request are {MAX_BATCH}. You have sent {count}.");
        return Err(Refusal::new("TooManyEntriesInBatchRequest", text));
    }
    let ids: BTreeSet<_> = ids.collect();
    if ids.len() < count {
        return Err(Refusal::new("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id."));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if ids.iter().any(|id| id.is_empty() || id.len() > MAX_ID_LENGTH || !id.chars().all(allowed)) {
        let text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
            It can be at most 80 letters long.";
        return Err(Refusal::new("InvalidBatchEntryId", text));
    }
    Ok(())
}

/// Checks a message's text, and its size with attributes.
pub(super) fn check_message(body: &str, bytes: usize) -> Result<(), Refusal> {
    if body.is_empty() {
        let text = "The request must contain the parameter MessageBody.";
        return Err(Refusal::new("MissingParameter", text));
    }
    if bytes > MAX_BYTES {
        return Err(Refusal::invalid(format_args!("Message must be shorter than {MAX_BYTES} bytes.")));
    }
    let allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') || c > '\u{ffff}'
    };
    if !body.chars().all(allowed) {
        let text = "Invalid characters found. Valid unicode characters are \
            #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.";
        return Err(Refusal::new("InvalidMessageContents", text));
    }
    Ok(())
}

pub(super) fn delay(seconds: i64) -> Result<u32, Refusal> {
    let within = u32::try_from(seconds).ok().filter(|seconds| *seconds <= MAX_DELAY_SECONDS);
    let reason = format_args!("DelaySeconds must be between 0 and {MAX_DELAY_SECONDS}.");
    within.ok_or_else(|| Refusal::invalid(reason))
}

pub(super) fn visibility_ms(seconds: i64) -> Result<i64, Refusal> {
    if (0..=MAX_VISIBILITY_SECONDS).contains(&seconds) {
        return Ok(seconds * 1000);
    }
    let reason = format_args!("VisibilityTimeout must be between 0 and {MAX_VISIBILITY_SECONDS}.");
    Err(Refusal::invalid(reason))
}
