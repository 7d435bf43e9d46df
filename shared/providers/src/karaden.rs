//! 空電プッシュ Karaden of NTT Com Online (<https://prg-support.karaden.jp>, API version 2023-01-01).
//!
//! Our message code travels as a tag. The provider has no key against repeats, and lists messages by their tag: so one
//! that failed without saying whether it took a message is asked. A request that was not answered is left to its
//! receipt. It signs no callback.

use std::fmt;

use domain::message::Code;
use domain::parts::{Route, parts};
use domain::time::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde_json::Value;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError, inconclusive, sort_status};
use crate::exchange::{Answer, exchange, with_form};
use crate::post::Post;
use crate::reading::{self, Item, word};
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};
use crate::segment::Segment;
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call it.
pub const NAME: &str = "karaden";
/// A request that is repeated sends a second message.
pub const REPEATABLE: bool = false;

const USUAL_URL: &str = "https://prg.karaden.jp/api";
const VERSION: (&str, &str) = ("Karaden-Version", "2023-01-01");
/// A tag that no message has.
const NO_TAG: &str = "tsunagi-check";
/// The field of a request that is the account's and not the message's.
const ACCOUNT_FIELD: &str = "service_id";

/// An account at Karaden.
#[derive(Clone)]
pub struct Karaden {
    client: reqwest::Client,
    messages: Url,
    service_id: String,
    token: String,
    segment: Segment,
}

impl fmt::Debug for Karaden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Karaden")
            .field("messages", &self.messages.as_str())
            .field("service_id", &self.service_id)
            .finish_non_exhaustive()
    }
}

impl Karaden {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        let tenant = account.setting("tenant_id", "the tenant's id, as in the API's address")?;
        let mut messages = Url::parse(&account.base_url(USUAL_URL)?)
            .map_err(|_| account.error("url", "is wrong: an https:// URL"))?;
        if let Ok(mut path) = messages.path_segments_mut() {
            path.pop_if_empty().extend([tenant, "messages"]);
        }
        Ok(Self {
            client: crate::http::client(),
            messages,
            service_id: account.setting(ACCOUNT_FIELD, "the id of the service setting, a number")?.to_owned(),
            token: account.secret("token", "the API token")?.to_owned(),
            segment: Segment::of(account)?,
        })
    }

    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let number = request.within_japan()?;
        let fields = [
            (ACCOUNT_FIELD, self.service_id.as_str()),
            ("to", &number),
            ("body", request.text),
            ("tags[]", request.reference),
        ];
        let answer = self.call(with_form(self.client.post(self.messages.clone()), fields)).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let unreadable = SendError::Unclear { reason: "unreadable acceptance" };
        accepted(&answer.json(), parts(request.text, Route::Docomo)).ok_or(unreadable)
    }

    /// Lists the messages that have the tag.
    pub(crate) async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        let listed = self.tagged(reference).await.map_err(inconclusive)?;
        let Some(found) = listed.as_array() else {
            return Err(SendError::Unknown { reason: "an unreadable list" });
        };
        let ours = |message: &&Value| tags(message).any(|tag| tag == reference);
        match found.iter().find(ours) {
            Some(message) => accepted(message, 1)
                .map(LookUp::Accepted)
                .ok_or(SendError::Unknown { reason: "an unreadable message" }),
            None if found.is_empty() => Ok(LookUp::NotAccepted),
            None => Err(SendError::Unknown { reason: "a list of other messages" }),
        }
    }

    /// Reads the result of one message.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.segment.verify(post)?;
        let told = reading::json(post.body)?;
        reading::each(&told, "", |item| receipt(item, now))
    }

    /// Lists the messages with a tag that none has.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        self.tagged(NO_TAG).await?;
        Ok(format!("Karaden takes the token for service {}", self.service_id))
    }

    async fn tagged(&self, tag: &str) -> Result<Value, SendError> {
        let mut url = self.messages.clone();
        url.query_pairs_mut().append_pair(ACCOUNT_FIELD, &self.service_id).append_pair("tag", tag);
        let answer = self.call(self.client.get(url)).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        Ok(answer.json().get_mut("data").map(Value::take).unwrap_or_default())
    }

    async fn call(&self, request: RequestBuilder) -> Result<Answer, SendError> {
        exchange(request.bearer_auth(&self.token).header(VERSION.0, VERSION.1)).await
    }
}

/// A message as the provider shows it; `estimate` is its parts where it does not say them.
fn accepted(message: &Value, estimate: u32) -> Option<Accepted> {
    let at = |name: &str| message.get(name).and_then(word);
    let parts = at("charged_count_per_sent").and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    Some(Accepted { provider_id: at("id")?, parts: parts.unwrap_or(estimate), price: None })
}

/// What a refusal proves: `errors` names the fields that are wrong, and one of them is the account's.
fn refusal(answer: &Answer) -> SendError {
    let body = answer.json();
    let code = body.get("code").and_then(word);
    let of_the_account = body.pointer(&format!("/errors/{ACCOUNT_FIELD}")).is_some();
    let sorted = sort_status(answer.status, code.as_deref());
    if of_the_account && matches!(sorted, SendError::Permanent { .. }) {
        return SendError::Configuration { reason: format!("{ACCOUNT_FIELD} is refused") };
    }
    sorted
}

fn tags(message: &Value) -> impl Iterator<Item = &str> {
    message.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn receipt(item: Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    match item.needed("/result")?.as_str() {
        "processing" => return Ok(None),
        "done" => {}
        _ => return Err(item.malformed("/result")),
    }
    let undelivered = |word: &str| -> Result<ReceiptStatus, ReceiptError> {
        let carrier = item.text("/carrier")?.filter(|carrier| carrier != "unknown");
        let reason = carrier.map_or_else(|| word.to_owned(), |carrier| format!("{carrier}: {word}"));
        Ok(ReceiptStatus::Undelivered { reason })
    };
    let (status, sent) = (item.needed("/status")?, item.text("/sent_result")?.unwrap_or_default());
    let status = match (status.as_str(), sent.as_str()) {
        ("done", "received") => ReceiptStatus::Delivered,
        ("done", "unconnected") => undelivered("unreachable")?,
        ("done", "error") => undelivered("not delivered")?,
        // Not sent yet; or sent, and nobody will ever know.
        ("waiting", _) | ("done", "none" | "unknown" | "") => return Ok(None),
        ("error", _) => undelivered("not sent")?,
        ("canceled", _) => undelivered("canceled")?,
        ("done", _) => return Err(item.malformed("/sent_result")),
        _ => return Err(item.malformed("/status")),
    };
    let reference = tags(item.value).find(|tag| Code::parse(tag).is_some());
    let reference = reference.ok_or_else(|| item.malformed("/tags"))?.to_owned();
    let when = if item.text("/received_at")?.is_some() { "/received_at" } else { "/updated_at" };
    let at = item.time(when, |text| Timestamp::parse(text).ok(), now)?;
    let parts = match status {
        ReceiptStatus::Delivered => item.count("/charged_count_per_sent")?,
        ReceiptStatus::Undelivered { .. } | ReceiptStatus::Invalid { .. } | ReceiptStatus::Bounced { .. } => {
            None
        }
    };
    Ok(Some(Notice::Receipt { reference, status, at, parts, price: None }))
}

#[cfg(test)]
mod tests;
