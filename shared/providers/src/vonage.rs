//! Vonage's SMS API (<https://developer.vonage.com/en/api/sms>).
//!
//! The account has the settings `api_key` and `sender` and the secret `secret`, the API secret. Posts are known to be
//! Vonage's by their signature, if the setting `signature_method` (as the dashboard has it) and the secret `signature` are
//! there, and by the secret segment of the path otherwise. A long text is told of part by part: the receipts of one message
//! are as many as its parts.
//!
//! Vonage takes no idempotency key, and its search for a message by our reference ended in 2022: what left and was not
//! answered stays unknown until a receipt names it. Prices are in the currency of the account, which is not named, so none
//! is taken.

use std::collections::BTreeMap;
use std::fmt;

use domain::parts::{Encoding, Network};
use domain::time::Timestamp;
use hmac::Hmac;
use http::Method;
use http::header::CONTENT_TYPE;
use md5::{Digest, Md5};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use crate::abroad::{digits, e164, hex, mac, utc, with_form};
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError, sort_status};
use crate::exchange::exchange;
use crate::post::Post;
use crate::reading::word;
use crate::receipts::{Notice, ReceiptError, ReceiptStatus, TOLERANCE_SECONDS};
use crate::segment::Segment;
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call Vonage.
pub const NAME: &str = "vonage";
/// Whether a repeated request is one message.
pub(crate) const REPEATABLE: bool = false;

const USUAL_URL: &str = "https://rest.nexmo.com";
const API_KEY: &str = "the account's API key";
const API_SECRET: &str = "the account's API secret";
const SENDER: &str = "a number without +, or a name";
const SIGNATURE: &str = "the signature secret, as the dashboard shows it";
const METHODS: &str = "md5hash, hmac-md5, hmac-sha1, hmac-sha256 or hmac-sha512, as in the dashboard";

/// The `err-code` of a message to someone who opted out at Vonage.
const OPTED_OUT: u32 = 9;

/// A part's status when it was taken.
const TAKEN: &str = "0";

/// An account at Vonage.
#[derive(Clone)]
pub struct Vonage {
    client: reqwest::Client,
    base_url: String,
    key: String,
    secret: String,
    sender: String,
    callback: Option<String>,
    proof: Proof,
}

impl fmt::Debug for Vonage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vonage").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// How a post is known to be Vonage's.
#[derive(Clone)]
enum Proof {
    Signature(Algorithm, String),
    Segment(Segment),
}

#[derive(Clone, Copy)]
enum Algorithm {
    Md5Hash,
    HmacMd5,
    HmacSha1,
    HmacSha256,
    HmacSha512,
}

/// The fields of a post, by name.
type Fields = BTreeMap<String, String>;

impl Vonage {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        Ok(Self {
            client: crate::http::client(),
            base_url: account.base_url(USUAL_URL)?,
            key: account.setting("api_key", API_KEY)?.to_owned(),
            secret: account.secret("secret", API_SECRET)?.to_owned(),
            sender: account.setting("sender", SENDER)?.to_owned(),
            callback: account.callback.clone(),
            proof: Proof::of(account)?,
        })
    }

    /// Sends one SMS.
    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let mut fields = vec![
            ("api_key", self.key.as_str()),
            ("api_secret", self.secret.as_str()),
            ("from", digits(&self.sender)),
            ("to", digits(request.to)),
            ("text", request.text),
            ("client-ref", request.reference),
        ];
        if Encoding::of(request.text, Network::International) == Encoding::Ucs2 {
            fields.push(("type", "unicode"));
        }
        fields.extend(self.callback.as_deref().map(|callback| ("callback", callback)));
        let post = self.client.post(format!("{}/sms/json", self.base_url));
        let answer = exchange(with_form(post, &fields)).await?;
        if answer.status.is_success() {
            accepted(answer.status, &answer.json())
        } else {
            Err(sort_status(answer.status, None))
        }
    }

    /// Vonage cannot be asked.
    #[expect(clippy::unused_async, reason = "as with the providers that can be asked")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Reads a receipt or a message to us, which come by GET or by POST, as a form or as JSON.
    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        if let Proof::Segment(segment) = &self.proof {
            segment.verify(post)?;
        }
        let fields = fields(post);
        if let Proof::Signature(method, secret) = &self.proof {
            method.verify(secret, fields.as_ref().ok_or(ReceiptError::Forged)?, now)?;
        }
        let fields = fields.ok_or_else(|| malformed("body"))?;
        if let Some(status) = fields.get("status") {
            return Ok(receipt(&fields, status, now));
        }
        reply(&fields, now).map(|reply| reply.into_iter().collect())
    }

    /// Reads the balance, which sends nothing.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let mut url = Url::parse(&format!("{}/account/get-balance", self.base_url))
            .map_err(|_| SendError::Configuration { reason: "the URL cannot be read".to_owned() })?;
        url.query_pairs_mut().append_pair("api_key", &self.key).append_pair("api_secret", &self.secret);
        let answer = exchange(self.client.get(url)).await?;
        let balance = answer.json().get("value").and_then(Value::as_f64);
        match balance {
            Some(balance) if answer.status.is_success() => {
                Ok(format!("a balance of {balance:.2}; messages are from {}", self.sender))
            }
            Some(_) | None => Err(sort_status(answer.status, None)),
        }
    }
}

impl Proof {
    fn of(account: &Account) -> Result<Self, AccountError> {
        let signed =
            account.settings.contains_key("signature_method") || account.secrets.contains_key("signature");
        if !signed {
            return Segment::of(account).map(Self::Segment);
        }
        let method = Algorithm::parse(account.setting("signature_method", METHODS)?)
            .ok_or_else(|| account.error("settings.signature_method", &format!("is wrong: {METHODS}")))?;
        Ok(Self::Signature(method, account.secret("signature", SIGNATURE)?.to_owned()))
    }
}

impl Algorithm {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "md5hash" => Some(Self::Md5Hash),
            "hmac-md5" => Some(Self::HmacMd5),
            "hmac-sha1" => Some(Self::HmacSha1),
            "hmac-sha256" => Some(Self::HmacSha256),
            "hmac-sha512" => Some(Self::HmacSha512),
            _ => None,
        }
    }

    /// The signature of a post in hexadecimal: of every field but the signature, by name, as `&name=value`, where `&` and
    /// `=` in a value are `_`.
    fn sign(self, secret: &str, fields: &Fields) -> String {
        let signed = fields.iter().filter(|(name, _)| *name != "sig");
        let text = signed.fold(String::new(), |text, (name, value)| {
            text + "&" + name + "=" + &value.replace(['&', '='], "_")
        });
        let (key, text) = (secret.as_bytes(), text.as_bytes());
        let digest = match self {
            Self::Md5Hash => Md5::new().chain_update(text).chain_update(key).finalize().to_vec(),
            Self::HmacMd5 => mac::<Hmac<Md5>>(key, text),
            Self::HmacSha1 => mac::<Hmac<Sha1>>(key, text),
            Self::HmacSha256 => mac::<Hmac<Sha256>>(key, text),
            Self::HmacSha512 => mac::<Hmac<Sha512>>(key, text),
        };
        hex(&digest)
    }

    /// Checks a post's signature, then its age.
    fn verify(self, secret: &str, fields: &Fields, now: Timestamp) -> Result<(), ReceiptError> {
        let signature = fields.get("sig").ok_or(ReceiptError::Forged)?.to_ascii_lowercase();
        let expected = self.sign(secret, fields);
        if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
            return Err(ReceiptError::Forged);
        }
        let at = fields.get("timestamp").and_then(|at| at.parse().ok()).map(Timestamp::from_seconds);
        let age = now.since(at.ok_or(ReceiptError::Forged)?);
        if age.unsigned_abs() > TOLERANCE_SECONDS.unsigned_abs() { Err(ReceiptError::Stale) } else { Ok(()) }
    }
}

/// The fields of a post; none where they cannot be read.
fn fields(post: &Post<'_>) -> Option<Fields> {
    if post.method == Method::GET {
        let query = post.url.split_once('?').map_or("", |(_, query)| query);
        return Some(form_urlencoded::parse(query.as_bytes()).into_owned().collect());
    }
    let json = post
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
    if !json {
        return Some(form_urlencoded::parse(post.body).into_owned().collect());
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(post.body) else { return None };
    // The signature is of a text as it is, spaces included.
    let text = |value: Value| value.as_str().map(ToOwned::to_owned).or_else(|| word(&value));
    Some(object.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

fn malformed(place: &str) -> ReceiptError {
    ReceiptError::Malformed { place: place.to_owned() }
}

/// What the parts of a message are. If only some were taken, the person has part of a text, and must not get all of it again.
fn accepted(status: StatusCode, body: &Value) -> Result<Accepted, SendError> {
    let parts = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let state = |part: &Value| part.get("status").and_then(word);
    let Some(first) = parts.first() else { return Err(sort_status(status, None)) };
    let taken = parts.iter().filter(|part| state(part).as_deref() == Some(TAKEN)).count();
    if taken == 0 {
        return Err(state(first).map_or_else(|| sort_status(status, None), |state| refusal(&state)));
    }
    if taken < parts.len() {
        return Err(SendError::Unknown { reason: "only some parts of the text were accepted" });
    }
    let provider_id = first.get("message-id").and_then(word).ok_or_else(|| sort_status(status, None))?;
    let parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    Ok(Accepted { provider_id, parts, price: None })
}

/// The statuses of a part that was not taken (<https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms>).
fn refusal(status: &str) -> SendError {
    match status {
        // Faster than the account may; more connections than it may.
        "1" | "10" => SendError::Temporary { reason: "too many requests" },
        // A parameter is missing or wrong; an unknown prefix; barred; too long; the wrong network; deactivated.
        "2" | "3" | "6" | "7" | "12" | "22" | "33" => SendError::Permanent { code: status.to_owned() },
        // The key; a suspended account; its quota; SMPP only; the signature; the sender; the callback; demo mode.
        "4" | "8" | "9" | "11" | "14" | "15" | "23" | "29" | "32" => {
            SendError::Configuration { reason: format!("Vonage's status {status}") }
        }
        _ => SendError::Unclear { reason: "the provider failed" },
    }
}

/// A receipt, and that the person opted out at Vonage when it says so. One without our reference is of a message that someone
/// else sent.
fn receipt(fields: &Fields, status: &str, now: Timestamp) -> Vec<Notice> {
    let reference = fields.get("client-ref").filter(|reference| !reference.is_empty());
    let Some(reference) = reference.cloned() else { return Vec::new() };
    let error: Option<u32> = fields.get("err-code").and_then(|error| error.parse().ok());
    let status = match status {
        "delivered" => ReceiptStatus::Delivered,
        "expired" | "failed" | "rejected" | "deleted" => {
            let reason = match error {
                Some(error) if error > 0 => format!("{status}-{error}"),
                Some(_) | None => status.to_owned(),
            };
            ReceiptStatus::Undelivered { reason }
        }
        // `accepted` and `buffered` are on the way; `unknown` is what the carrier said and Vonage did not understand.
        _ => return Vec::new(),
    };
    let at = fields.get("message-timestamp").and_then(|at| utc(at)).unwrap_or(now);
    let opted_out = (error == Some(OPTED_OUT)).then(|| Notice::OptOut { reference: reference.clone(), at });
    let receipt = Notice::Receipt { reference, status, at, parts: None, price: None };
    opted_out.into_iter().chain([receipt]).collect()
}

/// A message to us. A long one comes in parts, each of which has its id and is a reply. A binary one has no text.
fn reply(fields: &Fields, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    let needed = |name: &str| fields.get(name).cloned().ok_or_else(|| malformed(name));
    let (from, id) = (e164(&needed("msisdn")?), needed("messageId")?);
    if fields.get("type").is_some_and(|kind| kind == "binary") {
        return Ok(None);
    }
    let text = needed("text")?;
    let at = fields.get("message-timestamp").and_then(|at| utc(at)).unwrap_or(now);
    Ok(Some(Notice::Reply { from, to_reference: None, text, at, id }))
}

#[cfg(test)]
mod tests;
