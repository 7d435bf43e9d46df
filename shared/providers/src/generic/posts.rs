//! What the provider posts, read as the settings say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::contact::Phone;
use domain::time::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::settings::{
    Otherwise, PostFormat, ReceiptItem, ReceiptSettings, ReplyItem, TimeFormat, TimeSettings,
};
use super::setup::{Holds, PriceAt, Setup};
use super::signed::Signed;
use crate::account::AccountError;
use crate::post::Post;
use crate::reading::{self, Item, japan_time};
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};
use crate::segment::Segment;

/// Posts that are ready to be read.
#[derive(Clone, Debug)]
pub(super) struct Posts {
    proof: Proof,
    format: PostFormat,
    json_field: Option<String>,
    list: String,
    receipt: Option<Receipt>,
    reply: Option<Reply>,
}

/// How a post is known to be the provider's.
#[derive(Clone, Debug)]
enum Proof {
    Signature(Signed),
    Segment(Segment),
}

#[derive(Clone, Debug)]
struct Receipt {
    tests: Vec<Holds>,
    reference: String,
    status: String,
    delivered: Vec<String>,
    undelivered: Vec<String>,
    invalid: Vec<String>,
    on_its_way: Vec<String>,
    otherwise: Option<Otherwise>,
    reason: Option<String>,
    time: Option<Time>,
    parts: Option<String>,
    price: Option<PriceAt>,
}

#[derive(Clone, Debug)]
struct Reply {
    tests: Vec<Holds>,
    from: String,
    text: String,
    reference: Option<String>,
    time: Option<Time>,
    id: Option<String>,
}

#[derive(Clone, Debug)]
struct Time {
    at: String,
    read: fn(&str) -> Option<Timestamp>,
}

impl Posts {
    pub(super) fn new(setup: &Setup<'_>, settings: &ReceiptSettings) -> Result<Self, AccountError> {
        let place = "generic.receipts";
        if settings.receipt.is_none() && settings.reply.is_none() {
            return Err(setup
                .account
                .error(place, "says how to read neither a receipt nor a reply; add `receipt`"));
        }
        if settings.json_field.is_some() && settings.format == PostFormat::Json {
            let what = "is for the format form or query, where one field holds JSON; leave it out";
            return Err(setup.account.error(&format!("{place}.json_field"), what));
        }
        let proof = match &settings.signature {
            Some(_) if settings.format == PostFormat::Query => {
                let what = "is over the body, and the format query reads the address, which it does not cover; leave \
                            it out, and the secret segment of the address stands in its place";
                return Err(setup.account.error(&format!("{place}.signature"), what));
            }
            Some(signature) => {
                Proof::Signature(Signed::new(setup, &format!("{place}.signature"), signature)?)
            }
            None => Proof::Segment(Segment::of(setup.account)?),
        };
        Ok(Self {
            proof,
            format: settings.format,
            json_field: settings.json_field.clone(),
            list: setup.pointer_if(&format!("{place}.list"), settings.list.as_ref())?.unwrap_or_default(),
            receipt: settings.receipt.as_ref().map(|item| Receipt::new(setup, item)).transpose()?,
            reply: settings.reply.as_ref().map(|item| Reply::new(setup, item)).transpose()?,
        })
    }

    pub(super) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        match &self.proof {
            Proof::Signature(signed) => signed.verify(post)?,
            Proof::Segment(segment) => segment.verify(post)?,
        }
        let told = self.told(post)?;
        reading::each(&told, &self.list, |item| self.notice(item, now))
    }

    fn told(&self, post: &Post<'_>) -> Result<Value, ReceiptError> {
        let fields = match self.format {
            PostFormat::Json => return reading::json(post.body),
            PostFormat::Form => reading::form(post.body),
            PostFormat::Query => {
                let query = post.url.split_once('?').map_or("", |(_, query)| query);
                reading::form(query.as_bytes())
            }
        };
        let Some(name) = &self.json_field else { return Ok(Value::Object(fields)) };
        let told = fields.get(name).and_then(Value::as_str).and_then(|told| serde_json::from_str(told).ok());
        told.ok_or_else(|| ReceiptError::Malformed { place: name.clone() })
    }

    fn notice(&self, item: Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
        let meant = |tests: &[Holds]| tests.iter().all(|test| test.of(item.value));
        if let Some(reply) = self.reply.as_ref().filter(|reply| meant(&reply.tests)) {
            return reply.read(item, now).map(Some);
        }
        match self.receipt.as_ref().filter(|receipt| meant(&receipt.tests)) {
            Some(receipt) => receipt.read(item, now),
            None => Ok(None),
        }
    }
}

impl Receipt {
    fn new(setup: &Setup<'_>, item: &ReceiptItem) -> Result<Self, AccountError> {
        let place = |name: &str| format!("generic.receipts.receipt.{name}");
        let pointer = |name: &str, text: &Option<String>| setup.pointer_if(&place(name), text.as_ref());
        let status = &item.status;
        if status.delivered.is_empty() {
            return Err(setup.account.error(&place("status.delivered"), "names no value; name at least one"));
        }
        let receipt = Self {
            tests: setup.tests(&place("where"), &item.tests)?,
            reference: setup.pointer(&place("reference"), &item.reference)?,
            status: setup.pointer(&place("status.at"), &status.at)?,
            delivered: setup.words(&place("status.delivered"), &status.delivered)?,
            undelivered: setup.words(&place("status.undelivered"), &status.undelivered)?,
            invalid: setup.words(&place("status.invalid"), &status.invalid)?,
            on_its_way: setup.words(&place("status.on_its_way"), &status.on_its_way)?,
            otherwise: status.otherwise,
            reason: pointer("reason", &item.reason)?,
            time: item.time.as_ref().map(|time| Time::new(setup, &place("time"), time)).transpose()?,
            parts: pointer("parts", &item.parts)?,
            price: setup.price(&place("price"), item.price.as_ref())?,
        };
        let lists = [&receipt.delivered, &receipt.undelivered, &receipt.invalid, &receipt.on_its_way];
        for (index, list) in lists.iter().enumerate() {
            let others = lists.iter().skip(index + 1);
            if list.iter().any(|word| others.clone().any(|other| other.contains(word))) {
                return Err(setup
                    .account
                    .error(&place("status"), "has a value that means two things; leave it in one list"));
            }
        }
        Ok(receipt)
    }

    fn read(&self, item: Item<'_>, now: Timestamp) -> Result<Option<Notice>, ReceiptError> {
        let word = item.needed(&self.status)?;
        let otherwise = |meaning| self.otherwise == Some(meaning);
        let reason = |word| {
            let reason = self.reason.as_ref().map(|at| item.text(at)).transpose()?.flatten();
            Ok(reason.unwrap_or(word))
        };
        let status = if self.delivered.contains(&word) {
            ReceiptStatus::Delivered
        } else if self.invalid.contains(&word) {
            ReceiptStatus::Invalid { reason: reason(word)? }
        } else if self.on_its_way.contains(&word) {
            return Ok(None);
        } else if self.undelivered.contains(&word) || otherwise(Otherwise::Undelivered) {
            ReceiptStatus::Undelivered { reason: reason(word)? }
        } else if otherwise(Otherwise::OnItsWay) {
            return Ok(None);
        } else {
            return Err(item.malformed(&self.status));
        };
        let price = match &self.price {
            Some(price) if item.text(&price.at)?.is_some_and(|amount| amount.parse::<f64>().is_err()) => {
                return Err(item.malformed(&price.at));
            }
            price => price.as_ref().and_then(|price| price.of(item.value)),
        };
        Ok(Some(Notice::Receipt {
            reference: item.needed(&self.reference)?,
            status,
            at: when(self.time.as_ref(), item, now)?,
            parts: self.parts.as_ref().map(|at| item.count(at)).transpose()?.flatten(),
            price,
        }))
    }
}

impl Reply {
    fn new(setup: &Setup<'_>, item: &ReplyItem) -> Result<Self, AccountError> {
        let place = |name: &str| format!("generic.receipts.reply.{name}");
        if item.tests.is_empty() {
            let what = "is empty, so that everything would be a reply; say by what one is known, such as { at: text }";
            return Err(setup.account.error(&place("where"), what));
        }
        Ok(Self {
            tests: setup.tests(&place("where"), &item.tests)?,
            from: setup.pointer(&place("from"), &item.from)?,
            text: setup.pointer(&place("text"), &item.text)?,
            reference: setup.pointer_if(&place("reference"), item.reference.as_ref())?,
            time: item.time.as_ref().map(|time| Time::new(setup, &place("time"), time)).transpose()?,
            id: setup.pointer_if(&place("id"), item.id.as_ref())?,
        })
    }

    fn read(&self, item: Item<'_>, now: Timestamp) -> Result<Notice, ReceiptError> {
        let optional =
            |at: &Option<String>| at.as_ref().map(|at| item.text(at)).transpose().map(Option::flatten);
        let number = item.needed(&self.from)?;
        Ok(Notice::Reply {
            // What is no number is somebody, all the same.
            from: Phone::parse(&number).map_or(number, |phone| phone.as_str().to_owned()),
            to_reference: optional(&self.reference)?,
            text: item.prose(&self.text)?,
            at: when(self.time.as_ref(), item, now)?,
            id: optional(&self.id)?.unwrap_or_else(|| fingerprint(item.value)),
        })
    }
}

impl Time {
    fn new(setup: &Setup<'_>, place: &str, time: &TimeSettings) -> Result<Self, AccountError> {
        let read = match time.format {
            TimeFormat::Rfc3339 => |text: &str| Timestamp::parse(text).ok(),
            TimeFormat::Japan => japan_time,
            TimeFormat::Unix => |text: &str| text.parse().ok().map(Timestamp::from_seconds),
            TimeFormat::UnixMillis => |text: &str| {
                text.parse::<i64>().ok().map(|millis| Timestamp::from_seconds(millis.div_euclid(1000)))
            },
        };
        Ok(Self { at: setup.pointer(&format!("{place}.at"), &time.at)?, read })
    }
}

fn when(time: Option<&Time>, item: Item<'_>, now: Timestamp) -> Result<Timestamp, ReceiptError> {
    time.map_or(Ok(now), |time| item.time(&time.at, time.read, now))
}

/// What is the same when the same item is posted again.
fn fingerprint(value: &Value) -> String {
    STANDARD.encode(Sha256::digest(value.to_string().as_bytes()))
}
