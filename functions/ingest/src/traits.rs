//! What the shop says of a person: traits, and the person's word on messages.

use std::collections::BTreeMap;

use domain::calendar;
use domain::consent::ConsentSaid;
use domain::contact::{Email, LineId, Phone, PhoneError};
use domain::customer::Value as Trait;
use domain::time::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::Offset;
use serde_json::Value;

use crate::consent;
use crate::parse::Rejection;
use crate::value::{entries, kind, nested, text};

/// The most traits of one call.
const TRAITS_LIMIT: usize = 50;

/// The most characters of a trait's name.
const NAME_LIMIT: usize = 40;

/// The most characters of a text.
const TEXT_LIMIT: usize = 1_000;

/// The most texts of a list.
const LIST_LIMIT: usize = 100;

/// The earliest birthday.
const EARLIEST: Date = date(1900, 1, 1);

/// Parts of an `address`, and the traits they are kept as.
const ADDRESS: [(&str, &str); 5] = [
    ("city", "address_city"),
    ("state", "address_state"),
    ("postalCode", "address_postal_code"),
    ("country", "address_country"),
    ("street", "address_street"),
];

type Read = (BTreeMap<String, Trait>, Vec<ConsentSaid>);

/// Reads the traits of an `identify` call.
pub(crate) fn read(value: Option<&Value>, now: Timestamp) -> Result<Read, Rejection> {
    let fields = match value {
        Some(Value::Object(fields)) => fields,
        Some(other) => return Err(Rejection::new("traits", format!("{}; write an object", kind(other)))),
        None => return Ok(Read::default()),
    };
    let (mut traits, mut consents) = Read::default();
    for (name, value) in fields {
        match name.as_str() {
            "consents" => consents = consent::read(value)?,
            "address" => traits.extend(address(value)?),
            _ => {
                traits.insert(checked(name)?.to_owned(), one(name, value, now)?);
            }
        }
    }
    if traits.len() > TRAITS_LIMIT {
        let error = format!("{} traits; at most {TRAITS_LIMIT} a call", traits.len());
        return Err(Rejection::new("traits", error));
    }
    Ok((traits, consents))
}

fn checked(name: &str) -> Result<&str, Rejection> {
    let length = name.chars().count();
    if length == 0 || length > NAME_LIMIT || name.chars().any(char::is_control) {
        let error = format!(
            "a trait's name of {length} characters; write 1 to {NAME_LIMIT}, without control characters"
        );
        return Err(Rejection::new("traits", error));
    }
    Ok(name)
}

fn one(name: &str, value: &Value, now: Timestamp) -> Result<Trait, Rejection> {
    let field = format!("traits.{name}");
    let wrong = |error: String| Rejection::new(&field, error);
    match name {
        "phone" => known(&field, value, |text| match Phone::parse(text) {
            Ok(phone) => Ok(Some(phone.as_str().to_owned())),
            Err(PhoneError::Placeholder) => Ok(None),
            Err(error @ (PhoneError::NotANumber | PhoneError::NotMobile)) => Err(wrong(error.to_string())),
        }),
        "email" => known(&field, value, |text| match Email::parse(text) {
            Ok(email) => Ok(Some(email.as_str().to_owned())),
            Err(error) => Err(wrong(error.to_string())),
        }),
        "line_id" => known(&field, value, |text| match LineId::parse(text) {
            Ok(id) => Ok(Some(id.as_str().to_owned())),
            Err(error) => Err(wrong(error.to_string())),
        }),
        "birthday" => known(&field, value, |text| birthday(text, now).map(Some).map_err(wrong)),
        "time_zone" => known(&field, value, |text| match calendar::zone(text) {
            Ok(_) => Ok(Some(text.to_owned())),
            Err(error) => Err(wrong(error.to_string())),
        }),
        "name" | "firstName" | "lastName" => known(&field, value, |text| Ok(Some(text.to_owned()))),
        _ => own(&field, value),
    }
}

/// A trait that has a meaning here, and so is a text. A blank one says that there is none, as exports do.
fn known(
    field: &str,
    value: &Value,
    read: impl FnOnce(&str) -> Result<Option<String>, Rejection>,
) -> Result<Trait, Rejection> {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Trait::Absent);
    }
    Ok(read(text(value, field, TEXT_LIMIT)?)?.map_or(Trait::Absent, Trait::Text))
}

/// A trait of the shop's own.
fn own(field: &str, value: &Value) -> Result<Trait, Rejection> {
    match value {
        Value::Null => Ok(Trait::Absent),
        Value::Bool(value) => Ok(Trait::Boolean(*value)),
        Value::Number(number) => {
            let number = number.as_i64().map(Trait::Integer).or_else(|| number.as_f64().map(Trait::Number));
            number.ok_or_else(|| Rejection::new(field, "a number that is too large; write it as a text"))
        }
        Value::String(empty) if empty.is_empty() => Ok(Trait::Text(String::new())),
        Value::String(_) => text(value, field, TEXT_LIMIT).map(|text| Trait::Text(text.to_owned())),
        Value::Array(list) if list.len() > LIST_LIMIT => {
            Err(Rejection::new(field, format!("a list of {}; at most {LIST_LIMIT} texts", list.len())))
        }
        Value::Array(list) => {
            let texts = list.iter().enumerate().map(|(index, value)| {
                text(value, &format!("{field}[{index}]"), TEXT_LIMIT).map(str::to_owned)
            });
            Ok(Trait::List(texts.collect::<Result<_, _>>()?))
        }
        Value::Object(_) => Err(Rejection::new(
            field,
            "an object; write a text, a number, true or false, a list of texts, or null",
        )),
    }
}

fn birthday(text: &str, now: Timestamp) -> Result<String, String> {
    let wrong = || "not a date; write it as 1990-04-01".to_owned();
    let birthday: Date = text.parse().map_err(|_| wrong())?;
    if birthday.to_string() != text {
        return Err(wrong());
    }
    let instant = jiff::Timestamp::from_second(now.seconds()).unwrap_or(jiff::Timestamp::MAX);
    let today = Offset::constant(9).to_datetime(instant).date();
    if birthday < EARLIEST || birthday > today {
        return Err(format!("not between {EARLIEST} and today; leave it out when it is not known"));
    }
    Ok(birthday.to_string())
}

/// An address, flat. To take away the whole of it takes away its parts.
fn address(value: &Value) -> Result<BTreeMap<String, Trait>, Rejection> {
    if value.is_null() {
        return Ok(ADDRESS.iter().map(|(_, kept_as)| ((*kept_as).to_owned(), Trait::Absent)).collect());
    }
    let parts = entries(value, "traits.address", "{\"state\": \"東京都\"}")?;
    let mut traits = BTreeMap::new();
    for (part, value) in parts {
        let Some((_, kept_as)) = ADDRESS.iter().find(|(known, _)| known == part) else {
            return Err(nested("traits.address", part, &ADDRESS.map(|(known, _)| known)));
        };
        let text = known(&format!("traits.address.{part}"), value, |text| Ok(Some(text.to_owned())))?;
        traits.insert((*kept_as).to_owned(), text);
    }
    Ok(traits)
}
