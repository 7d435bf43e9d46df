//! What the parser found, in the words of someone who writes definitions.

use serde_saphyr::Error;

use super::{Found, bare};
use crate::spelling::nearest;

/// The message without its position and without the quoted source, which the caller shows itself.
pub fn plain(error: &Error) -> String {
    if let Error::SerdeUnknownField { field: word, expected, .. }
    | Error::SerdeUnknownVariant { variant: word, expected, .. } = bare(error)
    {
        return unknown(word, expected);
    }
    let text = error.without_snippet().to_string();
    let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    if what == "missing field `reentry`" {
        return format!("{what}: {REENTRY}");
    }
    if let Some((_, clear)) = CLEAR.iter().find(|(theirs, _)| *theirs == what) {
        return (*clear).to_owned();
    }
    let begun = BEGUN.iter().find(|(theirs, _)| what.starts_with(theirs));
    begun.map_or_else(|| what.to_owned(), |(_, clear)| (*clear).to_owned())
}

/// What is said of a text that breaks off: by its line, whether a colon stands in a text or the line at a wrong place.
pub(super) fn broken((place, what): Found, yaml: &str) -> Found {
    if what != COLON {
        return (place, what);
    }
    let number = usize::try_from(place.line).unwrap_or(0).saturating_sub(1);
    let before = usize::try_from(place.column).unwrap_or(0).saturating_sub(1);
    let line: String = yaml.lines().nth(number).unwrap_or_default().chars().take(before).collect();
    let what = if line.contains(": ") {
        "a second `: ` on one line; put a text that holds one in quotes: \"…\""
    } else {
        "this line stands further in or out than its neighbours; begin it as far in as the keys beside it"
    };
    (place, what.to_owned())
}

/// The most words that are named beside the one that was meant.
const NAMED_LIMIT: usize = 8;

/// A word that is none of those that were expected, and the nearest of them.
fn unknown(word: &str, expected: &[&str]) -> String {
    let all = expected.join(", ");
    match nearest(word, expected.iter().copied()) {
        Some(near) if expected.len() <= NAMED_LIMIT => {
            format!("`{word}` is not known here; did you mean `{near}`? There are: {all}")
        }
        Some(near) => format!("`{word}` is not known here; did you mean `{near}`?"),
        None if expected.is_empty() => format!("`{word}` is not known here, and nothing else belongs here"),
        None => format!("`{word}` is not known here; there are: {all}"),
    }
}

/// What is said of a list where one condition belongs.
pub(super) const CONDITIONS: &str =
    "a list of conditions; begin with `all:` or `any:`, and put the list under it";

const REENTRY: &str = "say how often a customer may begin the journey: `never`, `{ after_days: 365 }`, \
                       `{ at_most: { times: 3, within_days: 365 } }` or `per_key`";

/// What the parser says in its own words, and how someone who writes definitions would say it.
const CLEAR: [(&str, &str); 21] = [
    ("mapping values are not allowed in this context", COLON),
    (
        "while parsing a flow mapping, did not find expected ',' or '}'",
        "a `,` or `}` is missing before this; put a text that holds `:` or `,` in quotes",
    ),
    ("simple key expected ':'", "a key is followed by `: `, which is missing here"),
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

/// What is said of a colon in a wrong place.
const COLON: &str = "a `:` cannot stand here; put a text that holds one in quotes, and begin keys as far in as those beside them";

/// How messages with figures begin, and how they would be said.
const BEGUN: [(&str, &str); 7] = [
    (
        "budget breached: Depth",
        "nested too deep; at most 64 levels. Make a segment of a part of it, and ask for that with `in_segment`",
    ),
    ("budget breached", "too much for one definition; make definitions of their own of parts of it"),
    ("alias references unknown", "a text cannot begin with `*`; put it in quotes"),
    ("alias ", "what `*name` repeats is too much; write out what is meant"),
    ("recursive references", "`*name` repeats itself without end; write out what is meant"),
    ("unexpected character", "a text cannot begin with this character; put it in quotes"),
    ("tabs disallowed", "a tab; indent with spaces"),
];
