//! Reading JSON values, and saying what is wrong with them without repeating what may be personal.

use domain::spelling::nearest;
use serde_json::{Map, Value};

use crate::parse::Rejection;

/// The most characters of an unknown key that are repeated in an error.
const SHOWN_LIMIT: usize = 40;

/// What a value is.
pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A text of at most `limit` characters.
pub(crate) fn text<'a>(value: &'a Value, field: &str, limit: usize) -> Result<&'a str, Rejection> {
    let Value::String(text) = value else {
        return Err(Rejection::new(field, format!("{}; write a text, in quotation marks", kind(value))));
    };
    match text.chars().count() {
        0 => Err(Rejection::new(
            field,
            format!("an empty text; write 1 to {limit} characters, or leave it out"),
        )),
        length if length > limit => {
            Err(Rejection::new(field, format!("a text of {length} characters; write at most {limit}")))
        }
        _ => Ok(text),
    }
}

/// A key that is none of `known`: as much of it as is shown, and the error.
pub(crate) fn unknown(key: &str, known: &[&str]) -> (String, String) {
    let mut shown: String = key.chars().take(SHOWN_LIMIT).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    let error = match nearest(key, known.iter().copied()) {
        Some(near) => format!("unknown; did you mean `{near}`?"),
        None => format!("unknown; known are {}", known.join(", ")),
    };
    (shown, error)
}

/// The entries of an object.
pub(crate) fn entries<'a>(
    value: &'a Value,
    field: &str,
    example: &str,
) -> Result<&'a Map<String, Value>, Rejection> {
    value
        .as_object()
        .ok_or_else(|| Rejection::new(field, format!("{}; write an object such as {example}", kind(value))))
}

/// A key within `field` that is none of `known`.
pub(crate) fn nested(field: &str, key: &str, known: &[&str]) -> Rejection {
    let (key, error) = unknown(key, known);
    Rejection::new(format!("{field}.{key}"), error)
}
