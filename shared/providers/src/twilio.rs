//! Twilio's Programmable Messaging, version 2010-04-01 (<https://www.twilio.com/docs/messaging/api/message-resource>).
//!
//! The account has the settings `account_sid` and `sender` (a number in E.164, a name, or the SID of a messaging service)
//! and the secret `token`, the auth token, which signs callbacks as well.
//!
//! Twilio takes no idempotency key. Its list of messages can be searched by number and day, and not by anything of ours;
//! two messages to a person on a day could not be told apart. So it cannot be asked after a message: one that left and was
//! not answered is unknown until a receipt names it, which every receipt does by the `reference` in the address it is
//! posted to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::tariff::Price;
use domain::time::Timestamp;
use hmac::Hmac;
use http::Method;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use sha1::Sha1;
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;

use crate::abroad::{encoded, estimated_parts, mac, with_form};
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError, safe_code, sort_status};
use crate::exchange::exchange;
use crate::post::Post;
use crate::reading::{Item, form, word};
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call Twilio.
pub const NAME: &str = "twilio";
/// Whether a repeated request is one message.
pub(crate) const REPEATABLE: bool = false;

const USUAL_URL: &str = "https://api.twilio.com";
const SIGNATURE_HEADER: &str = "x-twilio-signature";
/// The parameter of a status callback's address that names our message.
const REFERENCE: &str = "reference";

const ACCOUNT_SID: &str = "AC and 32 hexadecimal digits, as the console shows it";
const TOKEN: &str = "the account's auth token";
const SENDER: &str = "a number in E.164, a name, or MG and 32 hexadecimal digits for a messaging service";

/// Statuses after which there is no other, and whether the message arrived.
const FINAL: [(&str, bool); 5] =
    [("delivered", true), ("read", true), ("undelivered", false), ("failed", false), ("canceled", false)];
/// Statuses on the way, of which nothing is told, and those of messages to us.
#[cfg(test)]
const PASSING: [&str; 8] =
    ["accepted", "scheduled", "queued", "sending", "sent", "partially_delivered", "receiving", "received"];

/// Errors that pass: too many requests, a queue that is full, a number or a carrier out of reach.
const TEMPORARY: [u32; 6] = [14107, 20429, 21611, 30001, 30003, 30008];
/// Errors of this message: no such number, unsubscribed, no route to it, too long, filtered.
const PERMANENT: [u32; 10] = [21211, 21408, 21610, 21612, 21614, 21617, 30004, 30005, 30006, 30007];
/// Errors of the account, its key, its sender or its callback.
const CONFIGURATION: [u32; 14] =
    [20003, 20005, 20404, 21212, 21603, 21606, 21608, 21609, 21659, 21660, 21701, 21703, 21704, 30002];

/// An account at Twilio.
#[derive(Clone)]
pub struct Twilio {
    client: reqwest::Client,
    account_url: String,
    account_sid: String,
    token: String,
    sender: String,
    callback: Option<String>,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("sender", &self.sender).finish_non_exhaustive()
    }
}

impl Twilio {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        let account_sid = account.setting("account_sid", ACCOUNT_SID)?.to_owned();
        if !is_sid(&account_sid, "AC") {
            return Err(account.error("settings.account_sid", &format!("is wrong: {ACCOUNT_SID}")));
        }
        let base_url = account.base_url(USUAL_URL)?;
        Ok(Self {
            client: crate::http::client(),
            account_url: format!("{base_url}/2010-04-01/Accounts/{account_sid}"),
            account_sid,
            token: account.secret("token", TOKEN)?.to_owned(),
            sender: account.setting("sender", SENDER)?.to_owned(),
            callback: account.callback.clone(),
        })
    }

    /// Sends one SMS.
    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let sender = if is_sid(&self.sender, "MG") { "MessagingServiceSid" } else { "From" };
        let mut fields = vec![("To", request.to), (sender, self.sender.as_str()), ("Body", request.text)];
        let callback = self.callback.as_deref().map(|callback| naming(callback, request.reference));
        fields.extend(callback.as_deref().map(|callback| ("StatusCallback", callback)));
        let post = self.client.post(format!("{}/Messages.json", self.account_url));
        let answer = exchange(self.authorized(with_form(post, &fields))).await?;
        let body = answer.json();
        if answer.status.is_success() {
            accepted(answer.status, &body, request.text)
        } else {
            Err(refusal(answer.status, &body))
        }
    }

    /// Twilio cannot be asked.
    #[expect(clippy::unused_async, reason = "as with the providers that can be asked")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Reads a status callback or a message to us. Neither tells when it was signed, so an old one cannot be told from a
    /// new one: a reply that is posted again counts as of then.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.verify(post)?;
        let query = form(query(post.url));
        let reference = query.get(REFERENCE).and_then(word);
        let fields = if post.method == Method::GET { query } else { form(post.body) };
        let fields = Value::Object(fields);
        let item = Item { value: &fields, place: "" };
        if let Some(status) = item.text("/MessageStatus")? {
            return receipt(&item, &status, reference, now);
        }
        let (from, id, text) = (item.needed("/From")?, item.needed("/MessageSid")?, item.prose("/Body")?);
        // `whatsapp:+81…`: not by SMS.
        if from.contains(':') {
            return Ok(Vec::new());
        }
        Ok(vec![Notice::Reply { from, to_reference: None, text, at: now, id }])
    }

    /// Reads the account, which sends nothing.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let answer = exchange(self.authorized(self.client.get(format!("{}.json", self.account_url)))).await?;
        let body = answer.json();
        if !answer.status.is_success() {
            return Err(refusal(answer.status, &body));
        }
        match body.get("status").and_then(word).as_deref() {
            Some("active") => Ok(format!("the account is active; messages are from {}", self.sender)),
            status => {
                Err(SendError::Configuration { reason: format!("the account is {}", safe_code(status)) })
            }
        }
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.account_sid, Some(&self.token))
    }

    /// Whether Twilio signed a post: HMAC-SHA1 of the address and every field after its name, by name; of a name that comes
    /// more than once, every value once, in order. The address may have been signed with its port or without.
    fn verify(&self, post: &Post<'_>) -> Result<(), ReceiptError> {
        let signature = post.headers.get(SIGNATURE_HEADER).ok_or(ReceiptError::Forged)?;
        let signature = STANDARD.decode(signature.as_bytes()).map_err(|_| ReceiptError::Forged)?;
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if post.method != Method::GET {
            for (name, value) in form_urlencoded::parse(post.body) {
                fields.entry(name.into_owned()).or_default().insert(value.into_owned());
            }
        }
        let pairs = fields.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let fields = pairs.fold(String::new(), |text, (name, value)| text + name + value);
        let mut matched = Choice::from(0);
        for url in spellings(post.url) {
            let expected = mac::<Hmac<Sha1>>(self.token.as_bytes(), format!("{url}{fields}").as_bytes());
            matched |= expected.ct_eq(&signature);
        }
        if bool::from(matched) { Ok(()) } else { Err(ReceiptError::Forged) }
    }
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The address of a callback that names our message.
fn naming(callback: &str, reference: &str) -> String {
    let joint = if callback.contains('?') { '&' } else { '?' };
    format!("{callback}{joint}{}", encoded(&[(REFERENCE, reference)]))
}

fn query(url: &str) -> &[u8] {
    url.split_once('?').map_or("", |(_, query)| query).as_bytes()
}

/// An address as it stands, and with its usual port put in or left out.
fn spellings(url: &str) -> Vec<String> {
    let mut spellings = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return spellings };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let port = if scheme == "https" { ":443" } else { ":80" };
    match host.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            spellings.push(format!("{scheme}://{name}{path}"));
        }
        _ => spellings.push(format!("{scheme}://{host}{port}{path}")),
    }
    spellings
}

/// What a created message is. A messaging service counts no parts before it has chosen a sender.
fn accepted(status: StatusCode, body: &Value, text: &str) -> Result<Accepted, SendError> {
    let field = |name: &str| body.get(name).and_then(word);
    let provider_id = field("sid").ok_or_else(|| sort_status(status, None))?;
    let state = field("status").unwrap_or_default();
    if FINAL.contains(&(state.as_str(), false)) {
        let code = field("error_code").unwrap_or(state);
        return Err(SendError::Permanent { code: safe_code(Some(&code)) });
    }
    let parts = field("num_segments").and_then(|parts| parts.parse().ok()).filter(|parts| *parts > 0);
    Ok(Accepted {
        provider_id,
        parts: parts.unwrap_or_else(|| estimated_parts(text)),
        price: price(field("price"), field("price_unit")),
    })
}

fn price(price: Option<String>, unit: Option<String>) -> Option<Price> {
    Price::read(price?.parse().ok()?, &unit?)
}

/// A status callback. One without our reference is of a message that someone else sent.
fn receipt(
    item: &Item<'_>,
    status: &str,
    reference: Option<String>,
    now: Timestamp,
) -> Result<Vec<Notice>, ReceiptError> {
    let Some(reference) = reference else { return Ok(Vec::new()) };
    let Some((_, arrived)) = FINAL.iter().find(|(name, _)| *name == status) else {
        return Ok(Vec::new());
    };
    let status = if *arrived {
        ReceiptStatus::Delivered
    } else {
        let error: Option<u32> = item.count("/ErrorCode")?;
        ReceiptStatus::Undelivered {
            reason: error.map_or_else(|| status.to_owned(), |error| error.to_string()),
        }
    };
    let parts: Option<u32> = item.count("/NumSegments")?;
    let price = price(item.text("/Price")?, item.text("/PriceUnit")?);
    let parts = parts.filter(|parts| *parts > 0);
    Ok(vec![Notice::Receipt { reference, status, at: now, parts, price }])
}

fn refusal(status: StatusCode, body: &Value) -> SendError {
    let code = body.get("code").and_then(word);
    let number = code.as_deref().and_then(|code| code.parse().ok()).filter(|_| status.is_client_error());
    match number {
        Some(number) if TEMPORARY.contains(&number) => {
            SendError::Temporary { reason: "Twilio asks to try again later" }
        }
        Some(number) if PERMANENT.contains(&number) => SendError::Permanent { code: number.to_string() },
        Some(number) if CONFIGURATION.contains(&number) => {
            SendError::Configuration { reason: format!("Twilio's error {number}") }
        }
        Some(_) | None => sort_status(status, code.as_deref()),
    }
}

#[cfg(test)]
mod tests;
