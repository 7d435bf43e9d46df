//! Rows of events as `track` calls.

use csv::StringRecord;
use serde_json::{Map, Value, json};

use crate::cells::{currency, narrow, property, required, yen};
use crate::columns::Columns;
use crate::customer_id::customer_id;
use crate::dates::instant;
use crate::formats::Field;
use crate::message_id::message_id;
use crate::reject::{Reject, Wrong};
use crate::said::Said;

/// The event of a row. Its `messageId` follows from `event_id`, or from all that the row says where there is none: two rows
/// that say the same are one event.
pub(crate) fn event(columns: &Columns, cells: &StringRecord) -> Result<Said, Reject> {
    let mut wrong = Wrong::default();
    let customer = wrong.sort(customer_id(columns, cells));
    let event = wrong.sort(needed(columns, cells, Field::Event));
    let at = wrong.sort(needed(columns, cells, Field::At).and_then(|(at, name)| required(name, at, instant)));
    let named: Vec<(&str, &str)> = columns.named(cells).collect();
    let mut properties: Map<String, Value> =
        named.iter().map(|(name, text)| ((*name).to_owned(), property(text))).collect();
    if let Some((text, name)) = columns.cell(cells, Field::Currency) {
        wrong.sort(required(name, text, currency));
    }
    if let Some((text, name)) = columns.cell(cells, Field::Total)
        && let Some(total) = wrong.sort(required(name, text, yen))
    {
        properties.insert("total".to_owned(), total.into());
        properties.insert("currency".to_owned(), "JPY".into());
    }
    let ((customer, known_by), (event, _), at) = wrong.all(three(customer, event, at))?;
    let all = || json!([customer, event, at, properties.get("total"), named]).to_string();
    let id = columns.cell(cells, Field::EventId);
    let id = id.map_or_else(|| message_id("row", &all()), |(id, _)| message_id("event", &narrow(id)));
    let call = json!({
        "type": "track",
        "event": event,
        "userId": customer,
        "messageId": id,
        "timestamp": at,
        "properties": properties,
    });
    Ok(Said { calls: vec![call], known_by, ..Said::default() })
}

/// All three, or nothing.
pub(crate) fn three<A, B, C>(a: Option<A>, b: Option<B>, c: Option<C>) -> Option<(A, B, C)> {
    Some((a?, b?, c?))
}

/// A cell that must be there, and its header.
pub(crate) fn needed<'a>(
    columns: &'a Columns,
    cells: &'a StringRecord,
    field: Field,
) -> Result<(&'a str, &'a str), Reject> {
    let missing = || Reject::new(columns.name(field), "missing; every row needs one");
    columns.cell(cells, field).ok_or_else(missing)
}
