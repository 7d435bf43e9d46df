//! メディアSMS, MediaSMS-CONSOLE of Media4u (<https://media-sms.net/developer>).
//!
//! `smsid` is our message code. The provider takes an id once and answers a second request with 587 or 624, "not
//! unique": a repeat sends nothing, and says that the message was taken. It tries a message several times, so a failure
//! may be followed by a delivery; only what is delivered is billed. It signs no callback.

use std::fmt;

use domain::contact::Phone;
use domain::parts::{Route, parts};
use domain::time::Timestamp;
use http::Method;
use reqwest::{RequestBuilder, Url};
use serde::Serialize;
use serde_json::Value;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError, inconclusive, sort_status};
use crate::exchange::{Answer, exchange};
use crate::post::Post;
use crate::reading::{self, Item, japan_time, word};
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};
use crate::segment::Segment;
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call it.
pub const NAME: &str = "media-sms";
/// A request that is repeated after its fate was not known sends no second message.
pub const REPEATABLE: bool = true;

const USUAL_URL: &str = "https://www.sms-console.jp";
/// An id that no message has.
const NO_ID: &str = "tsunagicheck";
/// The text by which an opt-out at the provider is told as a reply.
const STOP: &str = "停止";
/// Yes, in requests.
const YES: &str = "1";

const FAILURES: [(&str, &str); 34] = [
    ("0", "not delivered"),
    ("5", "number not in use"),
    ("7", "au: unreachable"),
    ("8", "au: network failure"),
    ("9", "au: takes no SMS"),
    ("10", "au: line suspended"),
    ("12", "au: not delivered"),
    ("13", "docomo: not delivered"),
    ("14", "docomo: unreachable"),
    ("15", "docomo: network failure"),
    ("16", "docomo: takes no SMS"),
    ("17", "invalid number"),
    ("18", "SoftBank: not delivered"),
    ("19", "SoftBank: unreachable"),
    ("20", "SoftBank: network failure"),
    ("21", "SoftBank: takes no SMS"),
    ("22", "SoftBank: refused by the phone"),
    ("23", "takes no SMS"),
    ("27", "outside the account's hours"),
    ("28", "two-way is off"),
    ("29", "docomo: not delivered"),
    ("30", "the same text within a minute"),
    ("31", "chat id"),
    ("32", "docomo: delivered in part"),
    ("33", "no connection"),
    ("34", "canceled"),
    ("35", "the account's limit"),
    ("36", "forbidden word"),
    ("37", "unsubscribed"),
    ("38", "delivered in part"),
    ("40", "Rakuten: not delivered"),
    ("41", "Rakuten: takes no SMS"),
    ("42", "Rakuten: delivered in part"),
    ("43", "Rakuten: unreachable"),
];

/// An account at メディアSMS.
#[derive(Clone)]
pub struct MediaSms {
    client: reqwest::Client,
    base_url: String,
    username: String,
    password: String,
    two_way: bool,
    segment: Segment,
}

impl fmt::Debug for MediaSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaSms")
            .field("base_url", &self.base_url)
            .field("username", &self.username)
            .field("two_way", &self.two_way)
            .finish_non_exhaustive()
    }
}

impl MediaSms {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        let two_way = match account.settings.get("two_way").map(|value| value.trim()) {
            None | Some("" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(account.error("settings.two_way", "is wrong: true, or false")),
        };
        Ok(Self {
            client: crate::http::client(),
            base_url: account.base_url(USUAL_URL)?,
            username: account.setting("username", "the user of the API")?.to_owned(),
            password: account.secret("password", "the password of the API")?.to_owned(),
            two_way,
            segment: Segment::of(account)?,
        })
    }

    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let number = request.within_japan()?;
        let message = Message {
            mobilenumber: &number,
            smstext: request.text,
            smsid: request.reference,
            status: YES,
            returnsms: self.two_way.then_some(YES),
        };
        let answer = self.call(self.client.post(format!("{}/api/", self.base_url)).json(&message)).await?;
        match told(&answer)? {
            200 | 587 | 624 => Ok(accepted(request.reference, parts(request.text, Route::Docomo))),
            result => Err(refusal(result)),
        }
    }

    /// Asks for the state of an id: a first line of 200 and more of it in the next, or JSON with `result`.
    pub(crate) async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self.state(reference).await.map_err(inconclusive)? {
            200 => Ok(LookUp::Accepted(accepted(reference, 1))),
            514 => Ok(LookUp::NotAccepted),
            result => Err(inconclusive(refusal(result))),
        }
    }

    /// Reads the state of one message: JSON, a form, or a query.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.segment.verify(post)?;
        let told = match serde_json::from_slice(post.body) {
            Ok(told @ (Value::Object(_) | Value::Array(_))) => told,
            Ok(_) | Err(_) if post.method == Method::GET => {
                let query = post.url.split_once('?').map_or("", |(_, query)| query);
                Value::Object(reading::form(query.as_bytes()))
            }
            Ok(_) | Err(_) => Value::Object(reading::form(post.body)),
        };
        reading::each(&told, "", |item| read(item, now))
    }

    /// Asks for the state of a message that never was.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        match self.state(NO_ID).await? {
            200 | 514 => Ok(format!("メディアSMS takes the password of {}", self.username)),
            result => Err(refusal(result)),
        }
    }

    async fn state(&self, id: &str) -> Result<u32, SendError> {
        let mut url = Url::parse(&format!("{}/api5/", self.base_url))
            .map_err(|_| SendError::Configuration { reason: "the URL cannot be read".to_owned() })?;
        url.query_pairs_mut().append_pair("smsid", id);
        told(&self.call(self.client.get(url)).await?)
    }

    async fn call(&self, request: RequestBuilder) -> Result<Answer, SendError> {
        exchange(request.basic_auth(&self.username, Some(&self.password))).await
    }
}

#[derive(Serialize)]
struct Message<'a> {
    mobilenumber: &'a str,
    smstext: &'a str,
    smsid: &'a str,
    /// Whether the provider posts what becomes of it.
    status: &'a str,
    /// Whether the person can answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    returnsms: Option<&'a str>,
}

fn accepted(reference: &str, parts: u32) -> Accepted {
    Accepted { provider_id: reference.to_owned(), parts, price: None }
}

/// The provider's result: `result` in JSON, or the first line. It counts before the status of HTTP.
fn told(answer: &Answer) -> Result<u32, SendError> {
    let body = answer.json();
    let result = match &body {
        Value::Object(fields) => fields.get("result").and_then(word),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            std::str::from_utf8(&answer.body)
                .ok()
                .and_then(|body| body.lines().next())
                .map(|line| line.trim().to_owned())
        }
    };
    match result.and_then(|result| result.parse().ok()) {
        Some(result) => Ok(result),
        None if answer.status.is_success() => Err(SendError::Unclear { reason: "unreadable acceptance" }),
        None => Err(sort_status(answer.status, None)),
    }
}

fn refusal(result: u32) -> SendError {
    let configuration = |what: &str| SendError::Configuration { reason: format!("{what} ({result})") };
    match result {
        // The number, the text, the id; a text that is too long for one of the carriers.
        560 | 574 | 585 | 586 | 588 | 589 | 618..=623 | 633..=635 => {
            SendError::Permanent { code: result.to_string() }
        }
        503 | 666 => SendError::Temporary { reason: "too many requests" },
        592 => SendError::Temporary { reason: "outside the account's hours" },
        401 => configuration("the user or password is refused"),
        555 => configuration("this address is blocked"),
        405 | 414 | 615 => configuration("the request is not understood"),
        // Options that the account does not have, or has set otherwise.
        561..=632 | 636..=699 => configuration("an option of the account is in the way"),
        502 | 550 => SendError::Unclear { reason: "the provider failed" },
        _ => SendError::Unclear { reason: "a result that is not documented" },
    }
}

fn read(item: Item<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
    let code = item.needed("/status")?;
    let status = match code.as_str() {
        // Delivered, and a link in it clicked.
        "1" | "3" => ReceiptStatus::Delivered,
        // Being sent, waiting, at the carrier, scheduled, paused, not yet approved.
        "2" | "4" | "11" | "24" | "25" | "39" => return Ok(Vec::new()),
        "26" => return Ok(vec![reply(item, now)?]),
        _ => match FAILURES.iter().find(|(failure, _)| *failure == code) {
            Some((_, reason)) => ReceiptStatus::Undelivered { reason: (*reason).to_owned() },
            None if code.parse::<u32>().is_ok() => {
                ReceiptStatus::Undelivered { reason: format!("not delivered ({code})") }
            }
            None => return Err(item.malformed("/status")),
        },
    };
    let reference = item.needed("/smsid")?;
    let mut notices = Vec::new();
    // The provider keeps a list of its own of those who opted out, by its page.
    if code == "37" {
        let (from, id) = (number(item)?, format!("unsubscribed-{reference}"));
        let to_reference = Some(reference.clone());
        notices.push(Notice::Reply { from, to_reference, text: STOP.to_owned(), at: now, id });
    }
    notices.push(Notice::Receipt { reference, status, at: now, parts: None, price: None });
    Ok(notices)
}

/// What a person answered stands in `returnsms`; where that is no more than the request's own yes or no, in `smstext`.
fn reply(item: Item<'_>, now: Timestamp) -> Result<Notice, ReceiptError> {
    let flag = matches!(item.text("/returnsms")?.as_deref(), None | Some("0" | "1"));
    let elsewhere = item.text("/smstext")?.is_some();
    let text = item.prose(if flag && elsewhere { "/smstext" } else { "/returnsms" })?;
    let at = item.time("/returnsmsdatetime", japan_time, now)?;
    let (from, to_reference, id) = (number(item)?, item.text("/smsid")?, item.needed("/replyid")?);
    Ok(Notice::Reply { from, to_reference, text, at, id })
}

/// The person's number in E.164.
fn number(item: Item<'_>) -> Result<String, ReceiptError> {
    let number = item.needed("/mobilenumber")?;
    Phone::parse(&number).map(|phone| phone.as_str().to_owned()).map_err(|_| item.malformed("/mobilenumber"))
}

#[cfg(test)]
mod tests;
