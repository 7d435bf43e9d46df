//! Infobip's SMS API, version 3 (<https://www.infobip.com/docs/api/channels/sms>).
//!
//! The account has the setting `sender`, the secret `key` (an API key) and the `url` that Infobip gave it. Infobip signs
//! nothing that it posts, so posts are known by the secret segment of their path.
//!
//! Our code is the message's id at Infobip, which takes an id once: a repetition is refused as such
//! (`REJECTED_DUPLICATE_MESSAGE_ID`), so a request may be repeated. Its log is asked after a message, for 48 hours; its
//! reports would be used up by asking.

use std::fmt;

use domain::tariff::Price;
use domain::time::Timestamp;
use reqwest::{RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};

use crate::abroad::{digits, e164, estimated_parts, utc};
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError, inconclusive, safe_code, sort_status};
use crate::exchange::exchange;
use crate::post::Post;
use crate::reading::{self, Item, word};
use crate::receipts::{MAX_NOTICES, Notice, ReceiptError, ReceiptStatus};
use crate::segment::Segment;
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call Infobip.
pub const NAME: &str = "infobip";
/// Whether a repeated request is one message.
pub(crate) const REPEATABLE: bool = true;

const USUAL_URL: &str = "https://api.infobip.com";
const KEY: &str = "an API key that may send SMS";
const SENDER: &str = "a number without +, or a name";

/// What a message is called that has the id of another.
const DUPLICATE: &str = "REJECTED_DUPLICATE_MESSAGE_ID";
/// Refusals that pass.
const TEMPORARY: [&str; 1] = ["REJECTED_SYSTEM_ERROR"];
/// Refusals of the account: its credit, its sender, what it may send to while it is on trial.
const CONFIGURATION: [&str; 5] = [
    "REJECTED_NOT_ENOUGH_CREDITS",
    "REJECTED_PREPAID_PACKAGE_EXPIRED",
    "REJECTED_SENDER",
    "REJECTED_SOURCE",
    "REJECTED_DESTINATION_NOT_REGISTERED",
];

/// An account at Infobip.
#[derive(Clone)]
pub struct Infobip {
    client: reqwest::Client,
    base_url: String,
    key: String,
    sender: String,
    callback: Option<String>,
    segment: Segment,
}

impl fmt::Debug for Infobip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Infobip").field("sender", &self.sender).finish_non_exhaustive()
    }
}

impl Infobip {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        Ok(Self {
            client: crate::http::client(),
            base_url: account.base_url(USUAL_URL)?,
            key: account.secret("key", KEY)?.to_owned(),
            sender: account.setting("sender", SENDER)?.to_owned(),
            callback: account.callback.clone(),
            segment: Segment::of(account)?,
        })
    }

    /// Sends one SMS.
    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let mut message = json!({
            "sender": digits(&self.sender),
            "destinations": [{ "to": digits(request.to), "messageId": request.reference }],
            "content": { "text": request.text },
        });
        if let Some(callback) = &self.callback {
            message["webhooks"] =
                json!({ "delivery": { "url": callback }, "contentType": "application/json" });
        }
        let body = json!({ "messages": [message], "options": { "includeSmsCountInResponse": true } });
        let post = self.client.post(format!("{}/sms/3/messages", self.base_url)).json(&body);
        let answer = exchange(self.authorized(post)).await?;
        let body = answer.json();
        if answer.status.is_success() {
            accepted(answer.status, &body, request.text)
        } else {
            Err(sort_status(answer.status, error_code(&body).as_deref()))
        }
    }

    /// Looks for a message in the log. That it is not there is proof enough, because the id is taken once: if the log was
    /// late, the message is refused as a duplicate.
    pub(crate) async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        let url =
            Url::parse_with_params(&format!("{}/sms/3/logs", self.base_url), &[("messageId", reference)])
                .map_err(|_| SendError::Configuration { reason: "the URL cannot be read".to_owned() })?;
        let answer = exchange(self.authorized(self.client.get(url))).await.map_err(inconclusive)?;
        let body = answer.json();
        match body.get("results").and_then(Value::as_array) {
            Some(rows) if answer.status.is_success() => found(rows, reference),
            Some(_) | None => Err(inconclusive(sort_status(answer.status, error_code(&body).as_deref()))),
        }
    }

    /// Reads receipts or messages to us.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.segment.verify(post)?;
        let body = reading::json(post.body)?;
        let malformed = |place: &str| ReceiptError::Malformed { place: place.to_owned() };
        let results = body.get("results").and_then(Value::as_array).ok_or_else(|| malformed("/results"))?;
        if results.len() > MAX_NOTICES {
            return Err(malformed(&format!("/results/{MAX_NOTICES}")));
        }
        let mut notices = Vec::new();
        for (index, value) in results.iter().enumerate() {
            let item = Item { value, place: &format!("/results/{index}") };
            if value.get("status").is_some() {
                notices.extend(receipt(&item, now)?);
            } else {
                notices.push(reply(&item, now)?);
            }
        }
        Ok(notices)
    }

    /// Reads the balance, which sends nothing.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let get = self.client.get(format!("{}/account/1/balance", self.base_url));
        let answer = exchange(self.authorized(get)).await?;
        let body = answer.json();
        let currency = safe_code(body.get("currency").and_then(Value::as_str));
        match body.get("balance").and_then(Value::as_f64) {
            Some(balance) if answer.status.is_success() => {
                Ok(format!("a balance of {balance:.2} {currency}; messages are from {}", self.sender))
            }
            Some(_) | None => Err(sort_status(answer.status, error_code(&body).as_deref())),
        }
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("authorization", format!("App {}", self.key))
    }
}

/// The code of an error, which older and newer answers have in different places.
fn error_code(body: &Value) -> Option<String> {
    let older = body.pointer("/requestError/serviceException/messageId");
    older.or_else(|| body.get("errorCode")).and_then(word)
}

/// What a message in an answer is. It stands in the group `PENDING`, unless it was refused at once.
fn accepted(status: StatusCode, body: &Value, text: &str) -> Result<Accepted, SendError> {
    let field = |pointer: &str| body.pointer(pointer).and_then(word);
    let unreadable = || sort_status(status, None);
    let group = field("/messages/0/status/groupName").ok_or_else(unreadable)?;
    let name = field("/messages/0/status/name").unwrap_or_default();
    match group.as_str() {
        "PENDING" | "ACCEPTED" | "DELIVERED" => {
            let parts = field("/messages/0/details/messageCount").and_then(|parts| parts.parse().ok());
            Ok(Accepted {
                provider_id: field("/messages/0/messageId").ok_or_else(unreadable)?,
                parts: parts.filter(|parts| *parts > 0).unwrap_or_else(|| estimated_parts(text)),
                price: None,
            })
        }
        "REJECTED" | "UNDELIVERABLE" | "EXPIRED" => Err(refusal(&name)),
        _ => Err(unreadable()),
    }
}

fn refusal(name: &str) -> SendError {
    if name == DUPLICATE {
        SendError::Unclear { reason: "a message of this id was accepted before" }
    } else if TEMPORARY.contains(&name) {
        SendError::Temporary { reason: "Infobip asks to try again later" }
    } else if CONFIGURATION.contains(&name) {
        SendError::Configuration { reason: name.to_owned() }
    } else {
        SendError::Permanent { code: safe_code(Some(name)) }
    }
}

/// What the log's rows say of a message. A repetition has a row as well, which says nothing of the message itself.
fn found(rows: &[Value], reference: &str) -> Result<LookUp, SendError> {
    let text = |row: &Value, pointer: &str| row.pointer(pointer).and_then(word);
    let ours: Vec<&Value> =
        rows.iter().filter(|row| text(row, "/messageId").as_deref() == Some(reference)).collect();
    let refused = |row: &&Value| text(row, "/status/groupName").as_deref() == Some("REJECTED");
    let repeated = |row: &&Value| text(row, "/status/name").as_deref() == Some(DUPLICATE);
    if let Some(row) = ours.iter().find(|row| !refused(row)) {
        let parts = text(row, "/messageCount").and_then(|parts| parts.parse().ok()).unwrap_or(1);
        return Ok(LookUp::Accepted(Accepted {
            provider_id: reference.to_owned(),
            parts,
            price: price(row, Some(parts)),
        }));
    }
    if !ours.is_empty() && ours.iter().all(repeated) {
        return Err(SendError::Unknown { reason: "the log has only a repetition of it" });
    }
    Ok(LookUp::NotAccepted)
}

/// The price of all parts; Infobip names that of one.
fn price(of: &Value, parts: Option<u32>) -> Option<Price> {
    let one = of.pointer("/price/pricePerMessage").and_then(Value::as_f64)?;
    let currency = of.pointer("/price/currency").and_then(Value::as_str)?;
    Price::read(one * f64::from(parts?), currency)
}

/// A delivery report. The refusal of a repetition says nothing of the message that has the id.
fn receipt(item: &Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    let reference = item.needed("/messageId")?;
    let group = item.needed("/status/groupName")?;
    let name = item.text("/status/name")?.unwrap_or_default();
    let status = match group.as_str() {
        // The carrier has it; what becomes of it may be told later.
        "DELIVERED" if name == "DELIVERED_TO_OPERATOR" => return Ok(None),
        "DELIVERED" => ReceiptStatus::Delivered,
        "UNDELIVERABLE" | "EXPIRED" | "REJECTED" if name != DUPLICATE => {
            let error = item.text("/error/name")?.filter(|error| error != "NO_ERROR");
            ReceiptStatus::Undelivered { reason: safe_code(Some(&error.unwrap_or(name))) }
        }
        _ => return Ok(None),
    };
    let parts = item.count("/messageCount")?;
    let at = item.time("/doneAt", utc, now)?;
    let price = price(item.value, parts);
    Ok(Some(Notice::Receipt { reference, status, at, parts, price }))
}

fn reply(item: &Item<'_>, now: Timestamp) -> Result<Notice, ReceiptError> {
    Ok(Notice::Reply {
        from: e164(&item.needed("/from")?),
        to_reference: None,
        text: item.prose("/text")?,
        at: item.time("/receivedAt", utc, now)?,
        id: item.needed("/messageId")?,
    })
}

#[cfg(test)]
mod tests;
