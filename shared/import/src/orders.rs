//! Orders as `track` calls: of one row each, or of a row per line.

use csv::StringRecord;
use serde_json::{Map, Value, json};

use crate::cells::{Reject, currency, narrow, property, required, yen};
use crate::columns::Columns;
use crate::customer_id::customer_id;
use crate::dates::{instant, instant_of};
use crate::events::needed;
use crate::formats::{Field, plain};
use crate::message_id::message_id;
use crate::summary::Summary;

/// Products of an order that are kept.
const PRODUCTS_LIMIT: usize = 20;
/// Characters of a product's name that are kept.
const PRODUCT_CHARACTERS: usize = 100;

/// What an order comes to.
pub(crate) enum Order {
    /// A purchase.
    Purchase(Vec<Value>),
    /// In this state it is none.
    NoPurchase(String),
}

/// The order that these rows are, or which of them can't be taken. What is of the whole order stands in the first row. Its
/// `messageId` follows from its id alone: an order that was imported stays as it was.
pub(crate) fn order(
    columns: &Columns,
    rows: &[&StringRecord],
    summary: &mut Summary,
) -> Result<Order, (usize, Reject)> {
    let Some(first) = rows.first() else { return Ok(Order::Purchase(Vec::new())) };
    if let Some(state) = no_purchase(columns, first) {
        return Ok(Order::NoPurchase(state));
    }
    let call = call(columns, first).map_err(|reject| (0, reject))?;
    let (mut call, known_by) = call;
    for (index, row) in rows.iter().enumerate().skip(1) {
        same(columns, first, row).map_err(|reject| (index, reject))?;
    }
    let (products, more) = products(columns, rows);
    if !products.is_empty() {
        call["properties"]["products"] = products.into();
    }
    summary.known(known_by);
    summary.long_orders += u64::from(more);
    Ok(Order::Purchase(vec![call]))
}

/// The state of an order that is no purchase.
fn no_purchase(columns: &Columns, cells: &StringRecord) -> Option<String> {
    if columns.cell(cells, Field::CancelledAt).is_some() {
        return Some("cancelled".to_owned());
    }
    columns.cells(cells, Field::Status).find_map(|(text, _)| {
        let state = plain(text);
        let mut table = columns.format.no_purchase.iter();
        table.find(|(named, _)| plain(named) == state).map(|(_, called)| (*called).to_owned())
    })
}

type Call = (Value, Option<crate::formats::KnownBy>);

fn call(columns: &Columns, cells: &StringRecord) -> Result<Call, Reject> {
    let (order, _) = needed(columns, cells, Field::OrderId)?;
    let (customer, known_by) = customer_id(columns, cells)?;
    let at = at(columns, cells)?;
    let (total, name) = needed(columns, cells, Field::Total)?;
    let total = required(name, total, yen)?;
    if let Some((text, name)) = columns.cell(cells, Field::Currency) {
        required(name, text, currency)?;
    }
    let mut properties: Map<String, Value> =
        columns.named(cells).map(|(name, text)| (name.to_owned(), property(text))).collect();
    properties.insert("order_id".to_owned(), order.into());
    properties.insert("total".to_owned(), total.into());
    properties.insert("currency".to_owned(), "JPY".into());
    let call = json!({
        "type": "track",
        "event": "Order Completed",
        "userId": customer,
        "messageId": message_id("order", order),
        "timestamp": at,
        "properties": properties,
    });
    Ok((call, known_by))
}

fn at(columns: &Columns, cells: &StringRecord) -> Result<String, Reject> {
    if let Some((text, name)) = columns.cell(cells, Field::At) {
        return required(name, text, instant);
    }
    let Some((day, day_name)) = columns.cell(cells, Field::Date) else {
        let field = if columns.has(Field::At) { Field::At } else { Field::Date };
        return Err(Reject::new(columns.name(field), "missing; every row needs one"));
    };
    let time = columns.cell(cells, Field::Time);
    instant_of(day, time.map(|(text, _)| text)).map_err(|(of_day, problem)| {
        Reject::new(if of_day { day_name } else { columns.name(Field::Time) }, problem)
    })
}

/// Whether a further row of an order says the same of the whole of it, or nothing: amounts of single lines would be lost.
fn same(columns: &Columns, first: &StringRecord, row: &StringRecord) -> Result<(), Reject> {
    for field in [Field::Total, Field::Id] {
        let (one, other) = (columns.cell(first, field), columns.cell(row, field));
        if let Some((other, name)) = other
            && one.is_none_or(|(one, _)| narrow(one) != narrow(other))
        {
            let problem = "not what the first row of the order says; what is of the whole order is the same in all its rows, \
                           or in the first alone";
            return Err(Reject::new(name, problem));
        }
    }
    Ok(())
}

/// What was bought, each once, and whether there is more than is kept.
fn products(columns: &Columns, rows: &[&StringRecord]) -> (Vec<String>, bool) {
    let kinds = columns.format.product_lines;
    let is_product = |row: &StringRecord| {
        let kind = columns.cell(row, Field::LineKind).map(|(text, _)| narrow(text));
        kinds.is_empty() || kind.is_none_or(|kind| kinds.contains(&kind.as_str()))
    };
    let mut products: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| is_product(row)) {
        let Some((name, _)) = columns.cell(row, Field::Product) else { continue };
        let name: String = name.chars().take(PRODUCT_CHARACTERS).collect();
        if products.contains(&name) {
            continue;
        }
        if products.len() == PRODUCTS_LIMIT {
            return (products, true);
        }
        products.push(name);
    }
    (products, false)
}
