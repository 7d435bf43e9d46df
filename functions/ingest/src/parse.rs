//! One call, read: what is common to all, then by its type.

use domain::event::EventId;
use domain::input::{Input, UNNAMED};
use domain::names::{CustomerId, JourneyName};
use domain::time::{DAY, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::value::{kind, text, unknown};
use crate::{track, traits};

/// The most bytes of one call, written without spaces: 32 KB, as Segment has it.
const ITEM_LIMIT: usize = 32 * 1024;

/// The most characters of a `messageId`.
const MESSAGE_ID_LIMIT: usize = 256;

/// The most bytes of a key that is kept as it is.
const KEY_LIMIT: usize = 64;

/// How far ahead of our clock a call may say it happened.
const AHEAD_LIMIT_SECONDS: i64 = DAY;

/// 1990-01-01T00:00:00Z. What lies before is an empty cell that some program took for a date.
const EARLIEST: Timestamp = Timestamp::from_seconds(631_152_000);

/// Every field of a call in the specification. `type`, `userId`, `messageId`, `timestamp`, `originalTimestamp`, `event`,
/// `properties` and `traits` are used; the others may be there. `journey` and `key` are ours.
const KEYS: [&str; 21] = [
    "type",
    "userId",
    "messageId",
    "timestamp",
    "traits",
    "event",
    "properties",
    "anonymousId",
    "previousId",
    "originalTimestamp",
    "sentAt",
    "receivedAt",
    "context",
    "integrations",
    "channel",
    "version",
    "writeKey",
    "library",
    "_metadata",
    "journey",
    "key",
];

/// Why a call can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The field, such as `traits.phone`; empty for the call as a whole.
    pub field: String,
    /// What is wrong with it; what would be right. Never its value.
    pub error: String,
}

impl Rejection {
    pub(crate) fn new(field: impl Into<String>, error: impl Into<String>) -> Self {
        Self { field: field.into(), error: error.into() }
    }
}

/// Reads a call: whom it is about, and what it says. `now` is when it came; the first mistake is reported.
pub fn parse(item: &Value, now: Timestamp) -> Result<(CustomerId, Input), Rejection> {
    let Value::Object(fields) = item else {
        let error = format!("{}; a call is an object such as {{\"type\": \"track\", …}}", kind(item));
        return Err(Rejection::new("", error));
    };
    fits(&item.to_string())?;
    if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let (key, error) = unknown(key, &KEYS);
        return Err(Rejection::new(key, error));
    }
    let named = Type::read(fields.get("type"))?;
    let customer = customer(fields.get("userId"))?;
    let message_id = match given(fields, "messageId") {
        Some(value) => Some(text(value, "messageId", MESSAGE_ID_LIMIT)?),
        None => None,
    };
    let at = at(fields, now)?;
    if matches!(named, Type::Identify | Type::Track) {
        stray(fields, "journey", "enroll")?;
        stray(fields, "key", "enroll")?;
    }
    let input = match named {
        Type::Identify => {
            stray(fields, "event", "track")?;
            stray(fields, "properties", "track")?;
            let (traits, consents) = traits::read(given(fields, "traits"), now)?;
            // A word dated ahead would outrank the one that takes it back.
            Input::Identify { traits, consents, at: at.min(now) }
        }
        Type::Track => {
            stray(fields, "traits", "identify")?;
            let message_id = message_id.map_or_else(|| derived(fields, now), str::to_owned);
            Input::Track { event: track::read(fields, &message_id, at)? }
        }
        Type::Enroll => {
            stray(fields, "event", "track")?;
            stray(fields, "traits", "identify")?;
            let key = if let Some(key) = given(fields, "key") {
                let key = text(key, "key", MESSAGE_ID_LIMIT)?;
                // A key is kept with the customer: a long one by its hash.
                if key.len() > KEY_LIMIT { EventId::of(key).as_str().to_owned() } else { key.to_owned() }
            } else {
                let id = message_id.map_or_else(|| derived(fields, now), ToOwned::to_owned);
                format!("{UNNAMED}{}", EventId::of(&id).as_str())
            };
            Input::Enroll {
                journey: journey(fields)?,
                key,
                at: at.min(now),
                event: track::properties(fields)?,
            }
        }
        Type::Remove => {
            stray(fields, "event", "track")?;
            stray(fields, "properties", "track")?;
            stray(fields, "traits", "identify")?;
            stray(fields, "key", "enroll")?;
            Input::Remove { journey: journey(fields)?, until: at.min(now) }
        }
    };
    Ok((customer, input))
}

/// The journey that a call names. Whether it is there, the customer tells when the call is handled.
fn journey(fields: &Map<String, Value>) -> Result<JourneyName, Rejection> {
    let Some(value) = given(fields, "journey") else {
        return Err(Rejection::new("journey", "missing; write the name of the journey"));
    };
    JourneyName::parse(text(value, "journey", MESSAGE_ID_LIMIT)?)
        .map_err(|error| Rejection::new("journey", error.to_string()))
}

/// Whether a call, written without spaces, can travel in a queue: SQS refuses a whole request for one code point that is
/// no character (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>).
fn fits(item: &str) -> Result<(), Rejection> {
    if item.len() > ITEM_LIMIT {
        return Err(Rejection::new("", format!("a call of {} bytes; at most {ITEM_LIMIT}", item.len())));
    }
    if item.contains(['\u{fffe}', '\u{ffff}']) {
        return Err(Rejection::new("", "holds U+FFFE or U+FFFF, which are no characters; take them out"));
    }
    Ok(())
}

/// The calls that are taken.
#[derive(Clone, Copy)]
enum Type {
    Identify,
    Track,
    /// Ours: the customer is to begin a journey.
    Enroll,
    /// Ours: the customer is to be taken out of a journey.
    Remove,
}

/// The names of the calls that are taken.
const TYPES: [&str; 4] = ["identify", "track", "enroll", "remove"];

impl Type {
    fn read(value: Option<&Value>) -> Result<Self, Rejection> {
        let error = match value {
            Some(Value::String(named)) => match named.as_str() {
                "identify" => return Ok(Self::Identify),
                "track" => return Ok(Self::Track),
                "enroll" => return Ok(Self::Enroll),
                "remove" => return Ok(Self::Remove),
                "page" | "screen" | "group" | "alias" => {
                    format!("`{named}` calls are not taken; identify, track, enroll and remove are")
                }
                _ => unknown(named, &TYPES).1,
            },
            Some(other) => {
                format!("{}; write \"identify\", \"track\", \"enroll\" or \"remove\"", kind(other))
            }
            None => "missing; write \"identify\", \"track\", \"enroll\" or \"remove\"".to_owned(),
        };
        Err(Rejection::new("type", error))
    }
}

/// A field that is there and not null.
pub(crate) fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn customer(value: Option<&Value>) -> Result<CustomerId, Rejection> {
    let error = match value {
        Some(Value::String(id)) => match CustomerId::parse(id) {
            Ok(id) => return Ok(id),
            Err(error) => error.to_string(),
        },
        Some(Value::Null) | None => {
            "missing; write the shop's own id of the customer (`anonymousId` alone leads to nobody)"
                .to_owned()
        }
        Some(other) => format!("{}; write a text, in quotation marks", kind(other)),
    };
    Err(Rejection::new("userId", error))
}

/// When it happened: `timestamp`, else what a library noted of its own, else when it came.
fn at(fields: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, Rejection> {
    let names = ["timestamp", "originalTimestamp"];
    let Some((name, value)) = names.iter().find_map(|name| Some((*name, given(fields, name)?))) else {
        return Ok(now);
    };
    let Value::String(text) = value else {
        let error = format!("{}; write a text such as \"2026-11-22T09:00:00+09:00\"", kind(value));
        return Err(Rejection::new(name, error));
    };
    let at = Timestamp::parse(text).map_err(|error| Rejection::new(name, error.to_string()))?;
    if at < EARLIEST {
        let error =
            format!("{at}: looks like an empty date; write an instant from {EARLIEST} on, or leave it out");
        return Err(Rejection::new(name, error));
    }
    if at.since(now) > AHEAD_LIMIT_SECONDS {
        let error =
            format!("{at}: more than 24 hours ahead of our clock ({now}); check the sender's clock and zone");
        return Err(Rejection::new(name, error));
    }
    Ok(at)
}

/// A field that would be lost without a word.
fn stray(fields: &Map<String, Value>, name: &str, belongs_to: &str) -> Result<(), Rejection> {
    match given(fields, name) {
        Some(_) => {
            Err(Rejection::new(name, format!("belongs to a call of type `{belongs_to}`; send one for it")))
        }
        None => Ok(()),
    }
}

/// What a call without a `messageId` is known by: all it says but when it was sent, so that a second sending is the same.
/// One that does not say when it happened is the same within a minute: what happens again later happened twice.
fn derived(fields: &Map<String, Value>, now: Timestamp) -> String {
    let mut fields = fields.clone();
    fields.retain(|name, _| name != "sentAt" && name != "receivedAt");
    if given(&fields, "timestamp").or_else(|| given(&fields, "originalTimestamp")).is_none() {
        fields.insert("minute".to_owned(), now.seconds().div_euclid(60).into());
    }
    Value::Object(fields).to_string()
}

#[cfg(test)]
mod tests;
