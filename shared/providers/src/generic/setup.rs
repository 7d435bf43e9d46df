//! From settings as they are written to what cannot fail for their shape: templates that were filled in once, places that
//! are pointers, values that can be compared.

use domain::text::Text;
use liquid::model::{Object, Value as Variable};
use serde_json::Value;

use super::settings::Test;
use crate::account::{Account, AccountError};
use crate::answer::SendError;
use crate::reading::word;

/// What a message itself brings.
const OF_THE_MESSAGE: [&str; 5] = ["reference", "to", "to_domestic", "text", "purpose"];
/// A value for each of them, to fill in every template once.
const SAMPLE: &str = "0";

/// What an account's settings are read with.
pub(super) struct Setup<'a> {
    pub(super) account: &'a Account,
    /// Settings and secrets, by their names.
    pub(super) variables: Object,
}

impl<'a> Setup<'a> {
    pub(super) fn of(account: &'a Account) -> Result<Self, AccountError> {
        let mut variables = Object::new();
        for (of, known) in [("settings", &account.settings), ("secrets", &account.secrets)] {
            for (name, value) in known {
                let place = format!("{of}.{name}");
                if OF_THE_MESSAGE.contains(&name.as_str()) {
                    let what = "is a name that every message has; give it another, such as my_";
                    return Err(account.error(&place, &format!("{what}{name}")));
                }
                let value = Variable::scalar(value.trim().to_owned());
                if variables.insert(name.clone().into(), value).is_some() {
                    let what =
                        "is a setting as well, so that templates could mean either; rename one of them";
                    return Err(account.error(&place, what));
                }
            }
        }
        Ok(Self { account, variables })
    }

    /// A template, filled in once to know that all it names is there.
    pub(super) fn text(&self, place: &str, source: &str) -> Result<Text, AccountError> {
        let text = Text::parse(source)
            .map_err(|broken| self.account.error(place, &format!("is broken: {}", broken.what.join("; "))))?;
        match text.render(&self.sample()) {
            Ok(_) => Ok(text),
            Err(_) => Err(self
                .account
                .error(place, &format!("has a variable that is not known; there are {}", self.names()))),
        }
    }

    /// Variables of a message that never was.
    pub(super) fn sample(&self) -> Object {
        let mut sample = self.variables.clone();
        sample.extend(OF_THE_MESSAGE.map(|name| (name.into(), Variable::scalar(SAMPLE))));
        sample
    }

    fn names(&self) -> String {
        let own = OF_THE_MESSAGE.iter().map(|name| (*name).to_owned());
        own.chain(self.account.settings.keys().chain(self.account.secrets.keys()).cloned())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// A place as a JSON Pointer: it begins with `/`, or is the name of one field.
    pub(super) fn pointer(&self, place: &str, text: &str) -> Result<String, AccountError> {
        let text = text.trim();
        let what = "is no place: a JSON Pointer such as /messages/0/id, in which ~ is written ~0, or the name of a field";
        let escapes_fit = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        match text.chars().next() {
            Some('/') if escapes_fit => Ok(text.to_owned()),
            Some('/') | None => Err(self.account.error(place, what)),
            Some(_) => Ok(format!("/{}", text.replace('~', "~0").replace('/', "~1"))),
        }
    }

    pub(super) fn pointer_if(
        &self,
        place: &str,
        text: Option<&String>,
    ) -> Result<Option<String>, AccountError> {
        text.map(|text| self.pointer(place, text)).transpose()
    }

    /// Values as words that can be compared.
    pub(super) fn words(&self, place: &str, values: &[Value]) -> Result<Vec<String>, AccountError> {
        let what = "is no value to compare with: a text, a number, true or false";
        let read = |(index, value)| {
            word(value).ok_or_else(|| self.account.error(&format!("{place}[{index}]"), what))
        };
        values.iter().enumerate().map(read).collect()
    }

    pub(super) fn tests(&self, place: &str, tests: &[Test]) -> Result<Vec<Holds>, AccountError> {
        let numbered = tests.iter().enumerate();
        numbered.map(|(index, test)| self.test(&format!("{place}[{index}]"), test)).collect()
    }

    pub(super) fn test(&self, place: &str, test: &Test) -> Result<Holds, AccountError> {
        Ok(Holds {
            at: self.pointer(&format!("{place}.at"), &test.at)?,
            is: self.words(&format!("{place}.is"), &test.is)?,
            contains: test.contains.iter().map(|part| part.to_lowercase()).collect(),
        })
    }
}

/// Whether something stands at a place.
#[derive(Clone, Debug)]
pub(super) struct Holds {
    at: String,
    is: Vec<String>,
    contains: Vec<String>,
}

impl Holds {
    pub(super) fn of(&self, body: &Value) -> bool {
        let Some(found) = body.pointer(&self.at).filter(|found| !found.is_null()) else { return false };
        let Some(word) = word(found) else {
            return self.is.is_empty() && self.contains.is_empty() && !hollow(found);
        };
        let small = word.to_lowercase();
        (self.is.is_empty() || self.is.contains(&word))
            && (self.contains.is_empty() || self.contains.iter().any(|part| small.contains(part)))
    }
}

/// Whether what is no word is nothing: an empty text, list or object.
fn hollow(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Fills in a template. All it names was there when it was set up; only a number of Japan may be missing.
pub(super) fn fill(text: &Text, variables: &Object) -> Result<String, SendError> {
    text.render(variables).map_err(|_| SendError::Permanent { code: "number-not-of-japan".to_owned() })
}

/// An amount in whole yen, rounded; none for what is no amount.
pub(super) fn yen(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let up = fraction.chars().next().is_some_and(|first| ('5'..='9').contains(&first));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.parse::<i64>().ok().filter(|yen| *yen >= 0 && digits(fraction))?;
    whole.checked_add(i64::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_to_yen() {
        for (text, expected) in [("9", Some(9)), ("9.49", Some(9)), ("9.5", Some(10)), ("0.0", Some(0))] {
            assert_eq!(yen(text), expected, "{text}");
        }
        for text in ["", "-1", "9 yen", "9.x", "1e3"] {
            assert_eq!(yen(text), None, "{text}");
        }
    }
}
