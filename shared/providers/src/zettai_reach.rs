//! 絶対リーチ!SMS of AI CROSS (<https://doc.aossms.com/zettai-reach/openapi.html>, version 1.47).
//!
//! `clientTag` is our message code. The provider takes a tag once and answers a second request with 400, "duplicate":
//! a repeat sends nothing, and says that the message was taken. HTTP is 200 whatever became of a request; `responseCode`
//! tells. What a message is billed as comes with its receipt.

use std::fmt;

use domain::message::CODE_LENGTH;
use domain::parts::{Route, parts};
use domain::time::Timestamp;
use reqwest::Url;
use serde_json::Value;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError, inconclusive, sort_status};
use crate::exchange::{Answer, exchange, with_form};
use crate::post::Post;
use crate::reading::{self, Item, japan_time, word};
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};
use crate::segment::Segment;
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call it.
pub const NAME: &str = "zettai-reach";
/// A request that is repeated after its fate was not known sends no second message.
pub const REPEATABLE: bool = true;

const USUAL_URL: &str = "https://sms-api.aossms.com";
const SEND: &str = "/p5/api/mt.json";
const STATUS: &str = "/p5/api/status.json";
/// A tag that no message has: [`CODE_LENGTH`] differs.
const NO_TAG: &str = "tsunagi-check";
/// The most characters that are put behind a tag where one message goes out as several.
const TAG_SUFFIX_LIMIT: usize = 3;

/// Fields of the account: nothing can be sent while one of them is refused.
const ACCOUNT_FIELDS: [&str; 3] = ["token", "clientId", "smsCode"];
/// Fields of the message.
const MESSAGE_FIELDS: [&str; 3] = ["phoneNumber", "message", "clientTag"];

/// Carriers by `carrierId`.
const CARRIERS: [(&str, &str); 4] =
    [("101", "au"), ("103", "docomo"), ("105", "SoftBank"), ("106", "Rakuten")];
/// Why a message was not delivered, by the last three digits of `detailedStatusId`.
const FAILURES: [(&str, &str); 7] = [
    ("721", "congestion"),
    ("732", "number not in use"),
    ("821", "congestion"),
    ("823", "unreachable"),
    ("824", "unreachable"),
    ("833", "unreachable or busy"),
    ("834", "refused by the phone"),
];

/// An account at 絶対リーチ!SMS.
#[derive(Clone)]
pub struct ZettaiReach {
    client: reqwest::Client,
    base_url: String,
    client_id: String,
    sms_code: String,
    token: String,
    segment: Segment,
}

impl fmt::Debug for ZettaiReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZettaiReach")
            .field("base_url", &self.base_url)
            .field("client_id", &self.client_id)
            .field("sms_code", &self.sms_code)
            .finish_non_exhaustive()
    }
}

impl ZettaiReach {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        Ok(Self {
            client: crate::http::client(),
            base_url: account.base_url(USUAL_URL)?,
            client_id: account.setting("client_id", "the contract's client id, of digits")?.to_owned(),
            sms_code: account.setting("sms_code", "the sender's SMS code, of 5 or 6 digits")?.to_owned(),
            token: account.secret("token", "the access key, of 32 letters and digits")?.to_owned(),
            segment: Segment::of(account)?,
        })
    }

    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let number = request.within_japan()?;
        let fields = [
            ("token", self.token.as_str()),
            ("clientId", &self.client_id),
            ("smsCode", &self.sms_code),
            ("message", request.text),
            ("phoneNumber", &number),
            ("clientTag", request.reference),
        ];
        let answer =
            exchange(with_form(self.client.post(format!("{}{SEND}", self.base_url)), fields)).await?;
        match Told::by(&answer)? {
            Told { code: 0 | 400, .. } => Ok(accepted(request.reference, request.text)),
            told => Err(told.error()),
        }
    }

    /// Asks for the status of a tag.
    pub(crate) async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        let body = self.status(reference).await.map_err(inconclusive)?;
        let Some(Value::Array(found)) = body.get("status") else {
            return Err(SendError::Unknown { reason: "an unreadable status" });
        };
        let ours = |status: &&Value| tag_of(status).is_some_and(|tag| code_of(&tag) == reference);
        match found.iter().find(ours) {
            Some(status) => Ok(LookUp::Accepted(known(reference, status))),
            None if found.is_empty() => Ok(LookUp::NotAccepted),
            None => Err(SendError::Unknown { reason: "the status of another message" }),
        }
    }

    /// Reads `json=…`, as the provider posts it.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.segment.verify(post)?;
        let fields = reading::form(post.body);
        let told = match fields.get("json") {
            Some(Value::String(told)) => told.as_bytes(),
            _ => post.body,
        };
        let told = reading::json(told)?;
        reading::each(&told, "/eventNotifications", |item| receipt(item, now))
    }

    /// Asks for the status of a message that never was. The SMS code is not part of that.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        self.status(NO_TAG).await?;
        Ok(format!("絶対リーチ!SMS takes the token and client id {}", self.client_id))
    }

    async fn status(&self, tag: &str) -> Result<Value, SendError> {
        let mut url = Url::parse(&format!("{}{STATUS}", self.base_url))
            .map_err(|_| SendError::Configuration { reason: "the URL cannot be read".to_owned() })?;
        url.query_pairs_mut()
            .append_pair("token", &self.token)
            .append_pair("clientId", &self.client_id)
            .append_pair("clientTag", tag);
        let answer = exchange(self.client.get(url)).await?;
        match Told::by(&answer)? {
            Told { code: 0, body, .. } => Ok(body),
            told => Err(told.error()),
        }
    }
}

/// What an answer tells.
struct Told {
    code: u64,
    /// The field that it is about, when it is one of ours.
    field: Option<&'static str>,
    body: Value,
}

impl Told {
    fn by(answer: &Answer) -> Result<Self, SendError> {
        if !answer.status.is_success() {
            return Err(sort_status(answer.status, None));
        }
        let body = answer.json();
        let code = body.get("responseCode").and_then(word).and_then(|code| code.parse().ok());
        let Some(code) = code else { return Err(SendError::Unclear { reason: "unreadable acceptance" }) };
        let message = body.get("responseMessage").and_then(word).unwrap_or_default().to_ascii_lowercase();
        let named = |field: &&&str| {
            let field = field.to_ascii_lowercase();
            message.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == field)
        };
        let field = ACCOUNT_FIELDS.iter().chain(&MESSAGE_FIELDS).find(named).copied();
        Ok(Self { code, field, body })
    }

    fn error(&self) -> SendError {
        let Self { code, field, .. } = self;
        match (code, field) {
            (100 | 110 | 120, Some(field)) if ACCOUNT_FIELDS.contains(field) => {
                SendError::Configuration { reason: format!("{field} is refused ({code})") }
            }
            (100 | 110 | 120, Some(field)) => SendError::Permanent { code: format!("{code}-{field}") },
            (100 | 110 | 120, None) => SendError::Permanent { code: code.to_string() },
            (300, _) => {
                SendError::Configuration { reason: "the contract's messages are used up (300)".to_owned() }
            }
            (500, _) => SendError::Unclear { reason: "the provider failed" },
            _ => SendError::Unclear { reason: "a response code that is not documented" },
        }
    }
}

/// The provider has no id that it tells at once, and no parts before the receipt: these are docomo's, who counts most.
fn accepted(reference: &str, text: &str) -> Accepted {
    Accepted { provider_id: reference.to_owned(), parts: parts(text, Route::Docomo), price: None }
}

/// What a look-up knows: the parts billed once the carrier has answered, and until then those of the text.
fn known(reference: &str, status: &Value) -> Accepted {
    let at = |name: &str| status.get(name).and_then(word);
    let settled = matches!(at("statusId").as_deref(), Some("2" | "3"));
    let billed = at("separatedSuccessCount").and_then(|count| count.parse().ok()).filter(|_| settled);
    let estimate = accepted(reference, &at("message").unwrap_or_default());
    Accepted { parts: billed.unwrap_or(estimate.parts), ..estimate }
}

fn tag_of(status: &Value) -> Option<String> {
    status.get("clientTag").and_then(word)
}

/// Our code out of a tag, which comes back longer where a message went out as several.
fn code_of(tag: &str) -> &str {
    match tag.get(..CODE_LENGTH) {
        Some(code) if tag.len() <= CODE_LENGTH + TAG_SUFFIX_LIMIT => code,
        _ => tag,
    }
}

fn receipt(item: Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    if item.needed("/type")? != "DLR" {
        return Err(item.malformed("/type"));
    }
    let (status, parts) = match item.needed("/statusId")?.as_str() {
        // Not known, and on its way.
        "0" | "1" => return Ok(None),
        "2" => (ReceiptStatus::Delivered, item.count("/separatedSuccessCount")?),
        "3" => (ReceiptStatus::Undelivered { reason: reason(item)? }, None),
        _ => return Err(item.malformed("/statusId")),
    };
    let tag = item.needed("/clientTag")?;
    let at = item.time("/dateTime", japan_time, now)?;
    Ok(Some(Notice::Receipt { reference: code_of(&tag).to_owned(), status, at, parts, price: None }))
}

/// `docomo: unreachable (31824)`: as much of it as is known. The codes may change without notice.
fn reason(item: Item<'_>) -> Result<String, ReceiptError> {
    let named = |table: &[(&str, &'static str)], key: &str| {
        table.iter().find_map(|(known, name)| (*known == key).then_some(*name))
    };
    let carrier = item.text("/carrierId")?.and_then(|id| named(&CARRIERS, &id));
    let code = item.count::<u32>("/detailedStatusId")?.map(|code| code.to_string());
    let failure = code.as_deref().and_then(|code| named(&FAILURES, code.get(2..)?));
    let carrier = carrier.map(|carrier| format!("{carrier}: ")).unwrap_or_default();
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    Ok(format!("{carrier}{}{code}", failure.unwrap_or("not delivered")))
}

#[cfg(test)]
mod tests;
