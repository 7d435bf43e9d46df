//! A person's word on messages: `{"sms": {"marketing": true}}`, or with what there is to show for it.

use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use serde_json::{Map, Value};

use crate::parse::{Rejection, given};
use crate::value::{entries, kind, nested, text, unknown};

/// The most characters of the words that the person was shown.
const WORDING_LIMIT: usize = 1_000;

/// The most characters of where a word can be looked up.
const EVIDENCE_LIMIT: usize = 500;

/// What is said of a word.
const KEYS: [&str; 4] = ["given", "wording", "source", "evidence"];

/// Reads the consents of an `identify` call.
pub(crate) fn read(value: &Value) -> Result<Vec<ConsentSaid>, Rejection> {
    let mut consents = Vec::new();
    for (named, purposes) in entries(value, "traits.consents", "{\"sms\": {\"marketing\": true}}")? {
        let Some(channel) = Channel::ALL.into_iter().find(|channel| channel.name() == named) else {
            return Err(nested("traits.consents", named, &Channel::ALL.map(Channel::name)));
        };
        let field = format!("traits.consents.{named}");
        for (named, said) in entries(purposes, &field, "{\"marketing\": true}")? {
            let Some(purpose) = Purpose::ALL.into_iter().find(|purpose| purpose.name() == named) else {
                return Err(nested(&field, named, &Purpose::ALL.map(Purpose::name)));
            };
            let (given, proof) = word(said, &format!("{field}.{named}"))?;
            consents.push(ConsentSaid { proof, ..ConsentSaid::new(channel, purpose, given) });
        }
    }
    Ok(consents)
}

/// Yes or no, and how it was said.
fn word(value: &Value, field: &str) -> Result<(bool, Proof), Rejection> {
    match value {
        Value::Bool(given) => Ok((*given, Proof::default())),
        Value::Object(said) => proven(said, field),
        other @ (Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            let example =
                "{\"given\": true, \"source\": \"form\", \"wording\": \"…\", \"evidence\": \"https://…\"}";
            let error = format!("{}; write true or false, or an object such as {example}", kind(other));
            Err(Rejection::new(field, error))
        }
    }
}

fn proven(said: &Map<String, Value>, field: &str) -> Result<(bool, Proof), Rejection> {
    if let Some(key) = said.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(nested(field, key, &KEYS));
    }
    let agreed = match given(said, "given") {
        Some(Value::Bool(agreed)) => *agreed,
        Some(other) => {
            let error = format!("{}; write true or false", kind(other));
            return Err(Rejection::new(format!("{field}.given"), error));
        }
        None => {
            return Err(Rejection::new(format!("{field}.given"), "missing; write true or false"));
        }
    };
    let kept = |name: &str, limit: usize| {
        let read = |value| text(value, &format!("{field}.{name}"), limit).map(ToOwned::to_owned);
        given(said, name).map(read).transpose()
    };
    let source = match given(said, "source") {
        Some(value) => source(value, &format!("{field}.source"))?,
        None => Source::Api,
    };
    let (wording, evidence) = (kept("wording", WORDING_LIMIT)?, kept("evidence", EVIDENCE_LIMIT)?);
    if agreed && source == Source::DoubleOptIn && evidence.is_none() {
        let error = "missing; say when and how the address was confirmed, or leave `source` out";
        return Err(Rejection::new(format!("{field}.evidence"), error));
    }
    Ok((agreed, Proof { source, wording, evidence, address: None }))
}

fn source(value: &Value, field: &str) -> Result<Source, Rejection> {
    let known = Source::ALL.map(Source::name);
    let Value::String(named) = value else {
        let error = format!("{}; write one of {}", kind(value), known.join(", "));
        return Err(Rejection::new(field, error));
    };
    let found = Source::ALL.into_iter().find(|source| source.name() == named);
    found.ok_or_else(|| Rejection::new(field, unknown(named, &known).1))
}
