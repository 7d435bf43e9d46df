//! What a customer did: the event, its worth, and what makes it the same event when it comes again.

use domain::event::{Event, EventId, ORDER_COMPLETED};
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
    let properties = match given(fields, "properties") {
        Some(Value::Object(properties)) => properties,
        Some(other) => return Err(Rejection::new("properties", format!("{}; write an object", kind(other)))),
        None => &none,
    };
    let order = if name == ORDER_COMPLETED { order_id(properties)? } else { None };
    let id = EventId::of(&order.map_or_else(|| message_id.to_owned(), |order| format!("order:{order}")));
    Ok(Event { id, name: name.to_owned(), at, yen: worth(properties)? })
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
