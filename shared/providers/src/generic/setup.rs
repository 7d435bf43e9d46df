//! From settings as they are written to what cannot fail for their shape: templates that were filled in once, places that
//! are pointers, values that can be compared.

use domain::tariff::{Currency, Price};
use domain::text::Text;
use liquid::model::{Object, Value as Variable};
use serde_json::Value;

use super::settings::{PriceSettings, Test};
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

    pub(super) fn price(
        &self,
        place: &str,
        price: Option<&PriceSettings>,
    ) -> Result<Option<PriceAt>, AccountError> {
        let ready = |price: &PriceSettings| {
            Ok(PriceAt {
                at: self.pointer(&format!("{place}.at"), &price.at)?,
                currency_at: self.pointer_if(&format!("{place}.currency_at"), price.currency_at.as_ref())?,
                currency: price.currency.clone(),
            })
        };
        price.map(ready).transpose()
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

/// Where a price stands.
#[derive(Clone, Debug)]
pub(super) struct PriceAt {
    pub(super) at: String,
    currency_at: Option<String>,
    currency: Currency,
}

impl PriceAt {
    /// The price that stands in a body; none where no amount does, and for what is no price.
    pub(super) fn of(&self, body: &Value) -> Option<Price> {
        let found = |at: &str| body.pointer(at).and_then(word);
        let amount = found(&self.at)?.parse().ok()?;
        let currency = self.currency_at.as_ref().and_then(|at| found(at));
        Price::read(amount, currency.as_deref().unwrap_or(self.currency.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_price_is_in_the_currency_that_stands_there_or_in_the_usual_one() {
        let at = |currency_at: Option<&str>| PriceAt {
            at: "/cost".to_owned(),
            currency_at: currency_at.map(ToOwned::to_owned),
            currency: Currency::yen(),
        };
        let (named, usual) = (at(Some("/unit")), at(None));
        assert_eq!(named.of(&json!({ "cost": "0.08", "unit": "eur" })), Price::read(0.08, "EUR"));
        assert_eq!(named.of(&json!({ "cost": 9.49 })), Price::read(9.49, "JPY"));
        assert_eq!(usual.of(&json!({ "cost": 9, "unit": "EUR" })), Price::of_yen(9));
        for body in
            [json!({}), json!({ "cost": "" }), json!({ "cost": "9 yen" }), json!({ "cost": 9, "unit": "円" })]
        {
            assert_eq!(named.of(&body), None, "{body}");
        }
    }
}
