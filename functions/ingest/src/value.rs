//! Reading JSON values, and saying what is wrong with them without repeating what may be personal.

use serde_json::Value;

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
    let error = match nearest(key, known) {
        Some(near) => format!("unknown; did you mean `{near}`?"),
        None => format!("unknown; known are {}", known.join(", ")),
    };
    (shown, error)
}

/// The known word that was meant, if one is near, whatever its case and separators.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |word: &str| -> String {
        word.chars()
            .filter(|c| c.is_alphanumeric())
            .map(|c| c.to_ascii_lowercase())
            .take(SHOWN_LIMIT)
            .collect()
    };
    let meant = plain(word);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&meant, &plain(candidate));
    let near = known.iter().copied().min_by_key(|candidate| distance(candidate))?;
    (distance(near) <= meant.chars().count() / 3).then_some(near)
}
