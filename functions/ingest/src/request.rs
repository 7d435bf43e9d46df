//! From a request to the calls in it: the key, the body, the batch around the calls.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use cloud::write_key::WriteKey;
use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::value::{kind, unknown};

/// The most bytes of a request: 500 KB, as Segment has it.
pub(crate) const BODY_LIMIT: usize = 500 * 1024;

/// The most calls in a batch, as Segment has it.
pub(crate) const ITEMS_LIMIT: usize = 2_500;

/// What may stand beside `batch`. Only `batch` is used.
const BATCH_KEYS: [&str; 5] = ["batch", "context", "sentAt", "integrations", "writeKey"];

/// Whether the sender knows the write key.
pub(crate) fn authorize(key: &WriteKey, headers: &HeaderMap) -> Result<(), Refusal> {
    if key.is_known(headers) {
        return Ok(());
    }
    tracing::warn!(ingest.unauthorized = 1, "a request without the write key");
    Err(Refusal::Unauthorized)
}

/// The body, once it is known to be whole and plain.
pub(crate) fn body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    let plain = |value: &header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get(header::CONTENT_ENCODING).is_none_or(plain) {
        return Err(Refusal::Encoded);
    }
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::CutOff,
    })
}

/// The calls of a batch.
pub(crate) fn batch(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    let mut batch = object(body)?;
    if let Some(key) = batch.keys().find(|key| !BATCH_KEYS.contains(&key.as_str())) {
        let (key, error) = unknown(key, &BATCH_KEYS);
        return Err(Refusal::Malformed(format!("`{key}`: {error}")));
    }
    let items = match batch.remove("batch") {
        Some(Value::Array(items)) => items,
        Some(other) => {
            return Err(Refusal::Malformed(format!("`batch` is {}; it is a list of calls", kind(&other))));
        }
        None => return Err(Refusal::Malformed("`batch` is missing; it is a list of calls".to_owned())),
    };
    if items.len() > ITEMS_LIMIT { Err(Refusal::TooMany) } else { Ok(items) }
}

/// The one call of a body. Its type is the path's, so it need not say it again.
pub(crate) fn one(named: &str, body: &[u8]) -> Result<Vec<Value>, Refusal> {
    let mut item = object(body)?;
    let said = item.entry("type").or_insert_with(|| named.into());
    if said != named {
        return Err(Refusal::Malformed(format!("`type` is not `{named}`, as the path says; leave it out")));
    }
    Ok(vec![Value::Object(item)])
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Refusal::Malformed(format!("the body is {}; it is an object", kind(&other)))),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let error = error.to_string();
            // serde ends its message with the place, which has fields of its own here.
            let error = error.rsplit_once(" at line ").map_or(error.as_str(), |(what, _)| what).to_owned();
            Err(Refusal::NotJson { error, line, column })
        }
    }
}
