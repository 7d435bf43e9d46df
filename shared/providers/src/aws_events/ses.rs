//! Events of Amazon SES.
//! <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>

use std::collections::BTreeSet;

use domain::time::Timestamp;
use serde_json::Value;

use super::CODE;
use crate::abroad::utc;
use crate::answer::safe_code;
use crate::reading::Item;
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};

/// The source of its events on `EventBridge`.
pub(super) const SOURCE: &str = "aws.ses";

/// What an event tells. `Send` and `DeliveryDelay` are passing states. A `Click` is of a link that SES put in the place of
/// ours: it leads on to ours, which counts it and tells people from programs.
pub(super) fn event(event: &Item<'_>, at: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    let Some(reference) = event.text(&format!("/mail/tags/{CODE}/0"))? else { return Ok(None) };
    let kind = match event.text("/eventType")? {
        Some(kind) => kind,
        // What an identity's feedback is called, which SES posts to topics without a configuration set.
        None => event.needed("/notificationType")?,
    };
    let receipt = |reference, status, at| Notice::Receipt { reference, status, at, parts: None, price: None };
    Ok(match kind.as_str() {
        "Delivery" => {
            let at = event.time("/delivery/timestamp", utc, at)?;
            Some(receipt(reference, ReceiptStatus::Delivered, at))
        }
        "Bounce" => {
            let permanent = event.needed("/bounce/bounceType")? == "Permanent";
            let at = event.time("/bounce/timestamp", utc, at)?;
            Some(receipt(reference, ReceiptStatus::Bounced { permanent }, at))
        }
        // `reason` is prose, such as "Bad content".
        "Reject" => Some(receipt(reference, undelivered("rejected"), at)),
        "Rendering Failure" | "RenderingFailure" => {
            Some(receipt(reference, undelivered("rendering-failure"), at))
        }
        "Complaint" => {
            // Mailbox providers report as well that someone took a message out of the spam folder.
            let feedback = event.text("/complaint/complaintFeedbackType")?;
            let at = event.time("/complaint/timestamp", utc, at)?;
            (feedback.as_deref() != Some("not-spam")).then_some(Notice::Complaint { reference, at })
        }
        "Open" => Some(Notice::Open { reference, at: event.time("/open/timestamp", utc, at)? }),
        "Subscription" => {
            let at = event.time("/subscription/timestamp", utc, at)?;
            let stopped = |which: &str| left(event.value.pointer(&format!("/subscription/{which}")));
            let all_now = stopped("newTopicPreferences");
            let left_now = all_now.difference(&stopped("oldTopicPreferences")).next().is_some();
            left_now.then_some(Notice::OptOut { reference, at })
        }
        _ => None,
    })
}

fn undelivered(reason: &str) -> ReceiptStatus {
    ReceiptStatus::Undelivered { reason: safe_code(Some(reason)) }
}

/// The topics of a contact list that someone has opted out of; an empty name stands for all.
fn left(preferences: Option<&Value>) -> BTreeSet<&str> {
    let field = |name: &str| preferences.and_then(|preferences| preferences.get(name));
    let all = (field("unsubscribeAll").and_then(Value::as_bool) == Some(true)).then_some("");
    let topics = field("topicSubscriptionStatus").and_then(Value::as_array).into_iter().flatten();
    let topics = topics.filter(|topic| topic["subscriptionStatus"] == "OptOut");
    topics.filter_map(|topic| topic["topicName"].as_str()).chain(all).collect()
}
