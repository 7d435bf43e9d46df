//! LINE, the Messaging API's push messages (<https://developers.line.biz/en/reference/messaging-api/>): a further channel
//! for customers whose LINE user id is known.
//!
//! `X-Line-Retry-Key` is a UUID made of our message code. For 24 hours LINE takes a key once and answers a repeat with
//! 409: a repeat sends nothing, and says that the message was taken. LINE tells nothing of delivery; a message to someone
//! who has blocked the account is taken, and lost.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::contact::LineId;
use domain::message::LINE_LIMIT;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError, sort_status};
use crate::exchange::{Answer, exchange};
use crate::post::Post;
use crate::push::LineRequest;
use crate::reading::{self, Item, word};
use crate::receipts::{LineDid, Notice, ReceiptError};

/// The name by which configuration and callbacks call it.
pub const NAME: &str = "line";
/// A request that is repeated within 24 hours sends no second message.
pub const REPEATABLE: bool = true;

const USUAL_URL: &str = "https://api.line.me";
const RETRY_KEY: &str = "X-Line-Retry-Key";
const ACCEPTED_BEFORE: &str = "x-line-accepted-request-id";
const SIGNATURE: &str = "x-line-signature";
/// The namespace of retry keys, a random UUID.
const NAMESPACE: [u8; 16] =
    [0x6d, 0x1f, 0x0c, 0x52, 0x9b, 0x3e, 0x4a, 0x77, 0x8e, 0x05, 0xc4, 0x2a, 0xd1, 0x93, 0x5b, 0xe8];

/// A LINE official account.
#[derive(Clone)]
pub struct Line {
    client: reqwest::Client,
    base_url: String,
    token: String,
    channel_secret: String,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Line {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        let secret = "the channel secret, which signs what LINE posts";
        Ok(Self {
            client: crate::http::client(),
            base_url: account.base_url(USUAL_URL)?,
            token: account.secret("token", "the channel access token")?.to_owned(),
            channel_secret: account.secret("channel_secret", secret)?.to_owned(),
        })
    }

    pub(crate) async fn send(&self, request: &LineRequest<'_>) -> Result<Accepted, SendError> {
        let permanent = |code: &str| Err(SendError::Permanent { code: code.to_owned() });
        let Ok(to) = LineId::parse(request.to) else { return permanent("not-a-user-id") };
        if request.text.encode_utf16().count() > LINE_LIMIT {
            return permanent("text-too-long");
        }
        let message = json!({ "to": to.as_str(), "messages": [{ "type": "text", "text": request.text }] });
        let url = format!("{}/v2/bot/message/push", self.base_url);
        let call = self.client.post(url).bearer_auth(&self.token);
        let answer = exchange(call.header(RETRY_KEY, retry_key(request.reference)).json(&message)).await?;
        let body = answer.json();
        let before = answer.headers.contains_key(ACCEPTED_BEFORE) || body.get("sentMessages").is_some();
        match answer.status {
            StatusCode::OK if body.is_object() => Ok(accepted(&body, request.reference)),
            StatusCode::CONFLICT if before => Ok(accepted(&body, request.reference)),
            status if status.is_success() => Err(SendError::Unclear { reason: "unreadable acceptance" }),
            _ => Err(refusal(&answer, &body)),
        }
    }

    /// LINE tells nothing of one message; within 24 hours, sending it once more is how to ask.
    #[expect(clippy::unused_async, reason = "every provider is asked alike")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Reads what people did. LINE signs no time, and posts again hours later what was not taken: none is too old.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.verify(post)?;
        let told = reading::json(post.body)?;
        reading::each(&told, "/events", |item| event(item, now))
    }

    /// Asks who the account is.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let call = self.client.get(format!("{}/v2/bot/info", self.base_url)).bearer_auth(&self.token);
        let answer = exchange(call).await?;
        let body = answer.json();
        match body.get("basicId").and_then(word) {
            Some(id) if answer.status.is_success() => Ok(format!("LINE takes the token of {id}")),
            Some(_) | None if answer.status.is_success() => {
                Err(SendError::Unclear { reason: "an unreadable account" })
            }
            Some(_) | None => Err(refusal(&answer, &body)),
        }
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn verify(&self, post: &Post<'_>) -> Result<(), ReceiptError> {
        let came = post.headers.get(SIGNATURE).ok_or(ReceiptError::Forged)?;
        let came = STANDARD.decode(came.as_bytes()).map_err(|_| ReceiptError::Forged)?;
        let mac = Hmac::<Sha256>::new_from_slice(self.channel_secret.as_bytes());
        let expected = mac.expect("HMAC takes keys of any length").chain_update(post.body).finalize();
        if bool::from(came.ct_eq(&expected.into_bytes())) { Ok(()) } else { Err(ReceiptError::Forged) }
    }
}

/// A UUID of version 5 (RFC 9562): the same for the same code.
fn retry_key(reference: &str) -> String {
    let digest = Sha1::new().chain_update(NAMESPACE).chain_update(reference.as_bytes()).finalize();
    let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xf << 76) | 5 << 76;
    let number = number & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{number:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn accepted(body: &Value, reference: &str) -> Accepted {
    let id = body.pointer("/sentMessages/0/id").and_then(word);
    Accepted { provider_id: id.unwrap_or_else(|| reference.to_owned()), parts: 1, price: None }
}

/// LINE's errors have words and no codes.
fn refusal(answer: &Answer, body: &Value) -> SendError {
    let message = body.get("message").and_then(word).unwrap_or_default();
    let code = match answer.status {
        StatusCode::TOO_MANY_REQUESTS if message.contains("monthly limit") => {
            return SendError::Configuration { reason: "the month's messages are used up".to_owned() };
        }
        StatusCode::BAD_REQUEST if message.starts_with("Failed to send") => Some("no-such-user"),
        StatusCode::BAD_REQUEST if message.contains("'to'") => Some("not-a-user-id"),
        StatusCode::BAD_REQUEST => Some("bad-request"),
        _ => None,
    };
    sort_status(answer.status, code)
}

/// An event of one person, if it is of a kind that is read; groups and rooms are nobody.
fn event(item: Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    let did = match item.needed("/type")?.as_str() {
        "follow" => LineDid::Followed,
        "unfollow" => LineDid::Blocked,
        "message" if item.needed("/message/type")? == "text" => LineDid::Wrote(item.prose("/message/text")?),
        _ => return Ok(None),
    };
    if item.text("/source/type")?.as_deref() != Some("user") {
        return Ok(None);
    }
    let at = item.count::<i64>("/timestamp")?.map_or(now, |millis| Timestamp::from_seconds(millis / 1000));
    let (user, id) = (item.needed("/source/userId")?, item.needed("/webhookEventId")?);
    Ok(Some(Notice::Line { user, did, at, id }))
}

#[cfg(test)]
mod tests;
