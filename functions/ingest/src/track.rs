//! What a customer did: the event, its worth, and what makes it the same event when it comes again.

use std::collections::{BTreeMap, BTreeSet};

use domain::customer::Value as Property;
use domain::event::{Event, EventId, ORDER_COMPLETED, PROPERTIES_BYTES, Properties, properties_bytes};
use domain::money::Yen;
use domain::time::Timestamp;
use serde_json::{Map, Number, Value};

use crate::parse::{Rejection, given};
use crate::value::{kind, text};

/// The most characters of an event's name.
const NAME_LIMIT: usize = 100;

/// The most characters of an order's id.
const ORDER_ID_LIMIT: usize = 256;

/// The most that one event may be worth.
const YEN_LIMIT: i64 = 1_000_000_000_000;

/// Where an event says what it was worth; the first one that is there counts.
const WORTH: [&str; 3] = ["total", "revenue", "value"];

/// Reads the event of a `track` call. `message_id` is what the sender calls the call.
pub(crate) fn read(fields: &Map<String, Value>, message_id: &str, at: Timestamp) -> Result<Event, Rejection> {
    let name = match fields.get("event") {
        Some(value) => text(value, "event", NAME_LIMIT)?,
        None => {
            return Err(Rejection::new(
                "event",
                format!("missing; write what was done, such as \"{ORDER_COMPLETED}\""),
            ));
        }
    };
    if name.chars().any(char::is_control) {
        return Err(Rejection::new("event", "holds control characters; write one line of text"));
    }
    let none = Map::new();
    let properties = object(fields)?.unwrap_or(&none);
    let order = if name == ORDER_COMPLETED { order_id(properties)? } else { None };
    let id = EventId::of(&order.map_or_else(|| message_id.to_owned(), |order| format!("order:{order}")));
    Ok(Event { id, name: name.to_owned(), at, yen: worth(properties)?, properties: kept(properties) })
}

/// The properties of a call that are kept.
pub(crate) fn properties(fields: &Map<String, Value>) -> Result<Properties, Rejection> {
    Ok(object(fields)?.map(kept).unwrap_or_default())
}

fn object(fields: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, Rejection> {
    match given(fields, "properties") {
        Some(Value::Object(properties)) => Ok(Some(properties)),
        Some(other) => Err(Rejection::new("properties", format!("{}; write an object", kind(other)))),
        None => Ok(None),
    }
}

/// What conditions may ask of an event later: its texts, numbers, yes or no and lists of texts, and those within an object
/// or a list of objects as `products.name`. Properties come as they like in the specification, so what does not fit is
/// left out, in the order of names, those of ids first: journeys are told apart by them. What an event is worth is not kept
/// twice.
fn kept(properties: &Map<String, Value>) -> Properties {
    let mut flat: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    for (name, value) in properties.iter().filter(|(name, _)| !OWN_PLACE.contains(&name.as_str())) {
        let list = value.as_array().map_or(&[][..], Vec::as_slice);
        let objects: Vec<_> = std::iter::once(value).chain(list).filter_map(Value::as_object).collect();
        if objects.is_empty() {
            flat.insert(name.clone(), vec![value]);
        }
        for (inner, within) in objects.into_iter().flatten() {
            let name = format!("{name}.{inner}");
            if value.is_array() {
                listed.insert(name.clone());
            }
            flat.entry(name).or_default().push(within);
        }
    }
    let mut properties = Properties::new();
    let mut flat: Vec<_> = flat.into_iter().collect();
    flat.sort_by_key(|(name, _)| !name.ends_with("id"));
    for (name, values) in flat {
        let kept = if listed.contains(&name) {
            let texts: BTreeSet<String> = values.into_iter().flat_map(texts).collect();
            Some(Property::List(texts.into_iter().collect()))
        } else {
            values.first().and_then(|value| property(value))
        };
        let Some(kept) = kept.filter(|kept| *kept != Property::List(Vec::new())) else { continue };
        if properties_bytes(&properties) + name.len() + kept.bytes() <= PROPERTIES_BYTES {
            properties.insert(name, kept);
        }
    }
    properties
}

/// Properties that an event holds as its worth.
const OWN_PLACE: [&str; 5] = ["total", "revenue", "value", "currency", "yen"];

fn property(value: &Value) -> Option<Property> {
    match value {
        Value::Bool(value) => Some(Property::Boolean(*value)),
        Value::Number(number) => {
            number.as_i64().map(Property::Integer).or_else(|| number.as_f64().map(Property::Number))
        }
        Value::String(text) => Some(Property::Text(text.clone())),
        Value::Array(_) => Some(Property::List(texts(value))),
        Value::Null | Value::Object(_) => None,
    }
}

/// The texts in a value; numbers in a list, such as ids of products, are read as texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Object(_) => Vec::new(),
    }
}

/// The shop's own id of an order: the same order sent by two programs is one order.
fn order_id(properties: &Map<String, Value>) -> Result<Option<String>, Rejection> {
    let field = "properties.order_id";
    match given(properties, "order_id") {
        None => Ok(None),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string())),
        Some(Value::Number(_)) => Err(Rejection::new(field, "a fraction; write a text or a whole number")),
        Some(value) => text(value, field, ORDER_ID_LIMIT).map(|id| Some(id.to_owned())),
    }
}

fn worth(properties: &Map<String, Value>) -> Result<Yen, Rejection> {
    match given(properties, "currency") {
        Some(Value::String(currency)) if currency == "JPY" => {}
        None => {}
        Some(_) => {
            return Err(Rejection::new("properties.currency", "not \"JPY\"; amounts are taken in yen only"));
        }
    }
    let Some((name, value)) = WORTH.iter().find_map(|name| Some((*name, given(properties, name)?))) else {
        return Ok(Yen::ZERO);
    };
    let wrong = |error: String| Rejection::new(format!("properties.{name}"), error);
    let Value::Number(number) = value else {
        return Err(wrong(format!("{}; write a number in whole yen, such as 1980", kind(value))));
    };
    whole_yen(number).map_err(|error| wrong(error.to_owned()))
}

#[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
fn whole_yen(number: &Number) -> Result<Yen, &'static str> {
    let amount = number.as_f64().unwrap_or(f64::INFINITY);
    if amount < 0.0 {
        return Err("negative; write 0 or more, in whole yen");
    }
    if amount > YEN_LIMIT as f64 {
        return Err("more than 1,000,000,000,000; write the amount in whole yen");
    }
    if amount.fract() != 0.0 {
        return Err("a fraction; write whole yen, such as 1980");
    }
    Ok(Yen(amount as i64))
}
