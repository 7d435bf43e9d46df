//! CM.com's Business Messaging API, for SMS (<https://developers.cm.com/messaging/docs>).
//!
//! The account has the setting `sender` and the secret `token`, the product token. CM.com signs nothing that it posts, so
//! posts are known by the secret segment of their path. The address of the callback is entered at CM.com, for status reports
//! in the documented JSON and for incoming messages.
//!
//! CM.com has neither an idempotency key nor a way to ask after a message: what left and was not answered stays unknown
//! until a status report names it.

use std::fmt;

use domain::time::Timestamp;
use hmac::Hmac;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::abroad::{dialled, e164, estimated_parts, hex, mac, utc};
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError, sort_status};
use crate::exchange::{Answer, exchange};
use crate::post::Post;
use crate::reading::{self, Item, word};
use crate::receipts::{MAX_NOTICES, Notice, ReceiptError, ReceiptStatus};
use crate::segment::Segment;
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call CM.com.
pub const NAME: &str = "cm";
/// Whether a repeated request is one message.
pub(crate) const REPEATABLE: bool = false;

const USUAL_URL: &str = "https://gw.messaging.cm.com";
const TOKEN_HEADER: &str = "x-cm-producttoken";
const TOKEN: &str = "the product token of the gateway, with its hyphens";
const SENDER: &str = "at most 16 digits or 11 letters and digits";

/// The most parts of a message. What becomes of the rest of a longer one is not documented, so it is not sent.
const MAX_PARTS: u32 = 8;

/// Bytes of the id that is made for a message to us.
const ID_BYTES: usize = 16;

/// What the answer to a list of no messages may say.
const NO_MESSAGES: [i64; 4] = [0, 201, 202, 203];

/// An account at CM.com.
#[derive(Clone)]
pub struct Cm {
    client: reqwest::Client,
    base_url: String,
    token: String,
    sender: String,
    segment: Segment,
}

impl fmt::Debug for Cm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cm").field("sender", &self.sender).finish_non_exhaustive()
    }
}

impl Cm {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        Ok(Self {
            client: crate::http::client(),
            base_url: account.base_url(USUAL_URL)?,
            token: account.secret("token", TOKEN)?.to_owned(),
            sender: account.setting("sender", SENDER)?.to_owned(),
            segment: Segment::of(account)?,
        })
    }

    /// Sends one SMS.
    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        if estimated_parts(request.text) > MAX_PARTS {
            return Err(SendError::Permanent { code: "more-than-8-parts".to_owned() });
        }
        let answer = self
            .call(&json!([{
                "from": self.sender,
                "to": [{ "number": dialled(request.to) }],
                "body": { "type": "auto", "content": request.text },
                "reference": request.reference,
                "allowedChannels": ["SMS"],
                "minimumNumberOfMessageParts": 1,
                "maximumNumberOfMessageParts": MAX_PARTS,
            }]))
            .await?;
        accepted(answer.status, &answer.json(), request)
    }

    /// CM.com cannot be asked.
    #[expect(clippy::unused_async, reason = "as with the providers that can be asked")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Reads status reports or a message to us.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.segment.verify(post)?;
        let body = reading::json(post.body)?;
        let reports = match body.pointer("/messages/msg") {
            Some(Value::Array(reports)) => reports.as_slice(),
            Some(report) => std::slice::from_ref(report),
            None => return self.reply(&body, now).map(|reply| reply.into_iter().collect()),
        };
        if reports.len() > MAX_NOTICES {
            return Err(ReceiptError::Malformed { place: format!("/messages/msg/{MAX_NOTICES}") });
        }
        let mut notices = Vec::new();
        for (index, value) in reports.iter().enumerate() {
            notices.extend(receipt(&Item { value, place: &format!("/messages/msg/{index}") }, now)?);
        }
        Ok(notices)
    }

    /// Posts a list of no messages, which sends nothing. CM.com has no request that only checks: it refuses this one for its
    /// list if it takes the product token.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let answer = self.call(&json!([])).await?;
        let code = answer.json().get("errorCode").and_then(Value::as_i64);
        match code {
            Some(code) if NO_MESSAGES.contains(&code) => {
                Ok(format!("the product token was not refused; messages are from {}", self.sender))
            }
            Some(code) => Err(refusal(answer.status, code)),
            None => Err(sort_status(answer.status, None)),
        }
    }

    async fn call(&self, messages: &Value) -> Result<Answer, SendError> {
        let body = json!({ "messages": { "msg": messages } });
        let post = self.client.post(format!("{}/v1.0/message", self.base_url));
        exchange(post.header(TOKEN_HEADER, &self.token).json(&body)).await
    }

    /// A message to us, which has no id of its own: one is made of what it says, the same when it is posted again.
    fn reply(&self, body: &Value, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
        let item = Item { value: body, place: "" };
        let sms = item.text("/channel")?.is_none_or(|channel| channel == "SMS");
        if !sms || item.value.pointer("/message/text").is_none_or(Value::is_null) {
            return if item.value.get("message").is_some() {
                Ok(None)
            } else {
                Err(item.malformed("/message"))
            };
        }
        let (from, text) = (item.needed("/from/number")?, item.prose("/message/text")?);
        let (reference, time) = (item.text("/reference")?, item.text("/timeUtc")?);
        let said = json!([&from, &text, &reference, &time]).to_string();
        let digest = mac::<Hmac<Sha256>>(self.token.as_bytes(), said.as_bytes());
        Ok(Some(Notice::Reply {
            from: e164(&from),
            to_reference: reference,
            text,
            at: item.time("/timeUtc", utc, now)?,
            id: hex(&digest[..ID_BYTES]),
        }))
    }
}

/// What an answer says of its one message. CM.com gives it no id beside our reference.
fn accepted(status: StatusCode, body: &Value, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
    let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_i64);
    let of_message = number("/messages/0/messageErrorCode");
    let state = body.pointer("/messages/0/status").and_then(word);
    if status.is_success() && of_message == Some(0) && state.as_deref() == Some("Accepted") {
        let parts = number("/messages/0/parts").and_then(|parts| u32::try_from(parts).ok());
        return Ok(Accepted {
            provider_id: request.reference.to_owned(),
            parts: parts.filter(|parts| *parts > 0).unwrap_or_else(|| estimated_parts(request.text)),
            price: None,
        });
    }
    let code = of_message.filter(|code| *code != 0).or_else(|| number("/errorCode"));
    Err(code.map_or_else(|| sort_status(status, None), |code| refusal(status, code)))
}

/// Error codes (<https://developers.cm.com/messaging/docs/responses-errors-json>). An answer that is not about the request,
/// such as 429 or 503, is sorted by its status.
fn refusal(status: StatusCode, code: i64) -> SendError {
    let about_the_request = status.is_success() || status == StatusCode::BAD_REQUEST;
    match code {
        _ if !about_the_request => sort_status(status, Some(&code.to_string())),
        // The account, its balance, its token; the sender.
        101..=103 | 301 => SendError::Configuration { reason: format!("CM.com's error {code}") },
        // The request; the number, the text or another field; spam, on a list, refused.
        201..=203 | 302..=305 | 401..=403 => SendError::Permanent { code: code.to_string() },
        500 => SendError::Unclear { reason: "the provider failed" },
        _ => sort_status(status, Some(&code.to_string())),
    }
}

/// A status report. One without our reference is of a message that someone else sent.
fn receipt(item: &Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    let code = item.needed("/status/code")?;
    let Some(reference) = item.text("/reference")? else { return Ok(None) };
    let undelivered = |how: &str| -> Result<ReceiptStatus, ReceiptError> {
        let error = item.text("/status/errorCode")?.and_then(|error| error.parse::<u32>().ok());
        let reason =
            error.filter(|error| *error > 0).map_or_else(|| how.to_owned(), |e| format!("{how}-{e}"));
        Ok(ReceiptStatus::Undelivered { reason })
    };
    let status = match code.as_str() {
        "1" => undelivered("rejected")?,
        // Delivered, read.
        "2" | "4" => ReceiptStatus::Delivered,
        "3" => undelivered("failed")?,
        // 0: the carrier took it.
        _ => return Ok(None),
    };
    // The shape of the time is the shop's to choose at CM.com.
    let at = item.text("/received")?.and_then(|at| utc(&at)).unwrap_or(now);
    Ok(Some(Notice::Receipt { reference, status, at, parts: None, price: None }))
}

#[cfg(test)]
mod tests;
