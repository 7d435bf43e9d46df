//! Rows of events as `track` calls.

use csv::StringRecord;
use serde_json::{Map, Value, json};

use crate::cells::{Reject, currency, property, required, yen};
use crate::columns::Columns;
use crate::customer_id::customer_id;
use crate::dates::instant;
use crate::formats::Field;
use crate::message_id::message_id;
use crate::summary::Summary;

/// The event of a row. Its `messageId` follows from `event_id`, or from all that the row says where there is none: two rows
/// that say the same are one event.
pub(crate) fn calls(
    columns: &Columns,
    cells: &StringRecord,
    summary: &mut Summary,
) -> Result<Vec<Value>, Reject> {
    let (customer, known_by) = customer_id(columns, cells)?;
    let (event, _) = needed(columns, cells, Field::Event)?;
    let (at, at_name) = needed(columns, cells, Field::At)?;
    let at = required(at_name, at, instant)?;
    let named: Vec<(&str, &str)> = columns.named(cells).collect();
    let mut properties: Map<String, Value> =
        named.iter().map(|(name, text)| ((*name).to_owned(), property(text))).collect();
    if let Some((text, name)) = columns.cell(cells, Field::Currency) {
        required(name, text, currency)?;
    }
    if let Some((text, name)) = columns.cell(cells, Field::Total) {
        properties.insert("total".to_owned(), required(name, text, yen)?.into());
        properties.insert("currency".to_owned(), "JPY".into());
    }
    let all = || json!([customer, event, at, properties.get("total"), named]).to_string();
    let id = columns.cell(cells, Field::EventId);
    let id = id.map_or_else(|| message_id("row", &all()), |(id, _)| message_id("event", id));
    summary.known(known_by);
    Ok(vec![json!({
        "type": "track",
        "event": event,
        "userId": customer,
        "messageId": id,
        "timestamp": at,
        "properties": properties,
    })])
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
