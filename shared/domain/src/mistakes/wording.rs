//! What the parser found, in the words of someone who writes definitions.

use crate::spelling::nearest;

/// The message without its position and without the quoted source, which the caller shows itself.
pub fn plain(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    if what == "missing field `reentry`" {
        return format!("{what}: {REENTRY}");
    }
    if let Some((_, clear)) = CLEAR.iter().find(|(theirs, _)| *theirs == what) {
        return (*clear).to_owned();
    }
    match meant(what) {
        Some(word) => format!("{what}; did you mean `{word}`?"),
        None => what.to_owned(),
    }
}

const REENTRY: &str = "say how often a customer may begin the journey: `never`, `{ after_days: 365 }` or \
                       `{ at_most: { times: 3, within_days: 365 } }`";

/// What the parser says in its own words, and how someone who writes definitions would say it.
const CLEAR: [(&str, &str); 18] = [
    (
        "multiple YAML documents detected; use from_str_multiple or from_str_multiple_with_options",
        "a second definition; move it to a file of its own",
    ),
    ("expected string scalar", "a text belongs here"),
    ("expected sequence start", "a list belongs here; begin each item with `- `"),
    ("expected mapping start", "keys belong here, each with its value, such as `name: …`"),
    ("externally tagged enum expected scalar or mapping", "a word, or a key with its value, belongs here"),
    ("expected string key for externally tagged enum", "a key with its value belongs here"),
    (
        "expected end of mapping after enum variant value",
        "a second key where one belongs; give each an item of a list",
    ),
    ("unexpected value for unit enum variant", "this word stands alone; nothing belongs after it"),
    (
        "cannot deserialize null into string; use Option<String>",
        "nothing is written here; a text belongs here",
    ),
    (
        "data did not match any variant of untagged enum Value",
        "a text, a number, true or false, or a list of texts belongs here",
    ),
    (
        "unexpected end of input",
        "nothing is written here; a definition begins with `segment:`, `journey:`, `shop:` or `list:`",
    ),
    ("invalid u32", "a whole number from 0 on belongs here"),
    ("invalid u64", "a whole number from 0 on belongs here"),
    ("invalid i32", "a whole number belongs here"),
    ("invalid i64", "a whole number belongs here"),
    ("invalid f64", "a number belongs here"),
    ("invalid floating point", "a number belongs here"),
    ("invalid bool", "`true` or `false` belongs here"),
];

/// The nearest word of those that were expected: "unknown field `setps`, expected one of name, steps".
fn meant(what: &str) -> Option<&str> {
    let (found, expected) = what.split_once(", expected ")?;
    let (_, word) = found.split_once('`')?;
    let words = expected.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    nearest(word.trim_end_matches('`'), words)
}
