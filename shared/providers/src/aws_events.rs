//! What AWS tells of messages: events of End User Messaging and of SES, as `EventBridge` hands them over and as topics of SNS
//! post them. The events are the same in both; `EventBridge`'s have them as their `detail`.
//!
//! Every message we send carries our code in what both services repeat: an SMS in its context, an e-mail in its tag
//! `code`. An event without it is of a message that someone else in the account sent.

mod ses;
mod sms_voice;

use domain::time::Timestamp;
use serde_json::Value;

use crate::abroad::utc;
use crate::reading::Item;
use crate::receipts::{Notice, ReceiptError};

/// The key of an SMS's context, and the name of an e-mail's tag, that holds our message code.
pub const CODE: &str = "code";

/// Milliseconds of a second.
const MILLIS: i64 = 1000;

/// Reads an event of `EventBridge`: what its rule let through is AWS's, since nobody else may put events of such a source.
pub fn from_bus(event: &Value, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
    let envelope = Item { value: event, place: "" };
    let source = envelope.needed("/source")?;
    let kind = envelope.needed("/detail-type")?;
    let at = envelope.time("/time", utc, now)?;
    let detail = event.get("detail").unwrap_or(&Value::Null);
    let detail = Item { value: detail, place: "/detail" };
    let notice = match source.as_str() {
        sms_voice::SOURCE if kind == sms_voice::STATUS => sms_voice::receipt(&detail, at)?,
        ses::SOURCE => ses::event(&detail, at)?,
        _ => None,
    };
    Ok(notice.into_iter().collect())
}

/// Reads what a topic posted, `at` the instant of its publication and under the id it has there. A text that is no event,
/// such as the one by which SES tries a topic out, tells nothing.
pub(crate) fn from_topic(message: &str, id: &str, at: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
    let Ok(value) = serde_json::from_str::<Value>(message) else { return Ok(Vec::new()) };
    let item = Item { value: &value, place: "/Message" };
    let notice = if value.get("inboundMessageId").is_some() {
        Some(sms_voice::reply(&item, id, at)?)
    } else if value.get("mail").is_some() {
        ses::event(&item, at)?
    } else {
        sms_voice::receipt(&item, at)?
    };
    Ok(notice.into_iter().collect())
}

#[cfg(test)]
mod tests;
