//! Orders as `track` calls: of one row each, or of a row per line.

use csv::StringRecord;
use serde_json::{Map, Value, json};

use crate::cells::{currency, narrow, property, required, yen};
use crate::columns::Columns;
use crate::customer_id::customer_id;
use crate::dates::{instant, instant_of};
use crate::events::{needed, three};
use crate::formats::{Field, KnownBy, plain};
use crate::message_id::message_id;
use crate::reject::{Reject, Wrong};
use crate::said::{Said, name_of};

/// Products of an order that are kept.
const PRODUCTS_LIMIT: usize = 20;
/// Characters of a product's name that are kept.
const PRODUCT_CHARACTERS: usize = 100;

/// What an order comes to.
pub(crate) enum Order {
    /// A purchase.
    Purchase(Said),
    /// In this state it is none.
    NoPurchase(String),
}

/// The order that these rows are, or what is wrong with which of them. What is of the whole order stands in the first row.
/// Its `messageId` follows from its id alone: an order that was imported stays as it was.
pub(crate) fn order(
    columns: &Columns,
    first: &StringRecord,
    further: &[&StringRecord],
) -> Result<Order, Vec<(usize, Reject)>> {
    if let Some(state) = no_purchase(columns, first) {
        return Ok(Order::NoPurchase(state));
    }
    let call = call(columns, first);
    let differ = further.iter().map(|row| same(columns, first, row));
    let said = call.as_ref().err().cloned().map_or(Ok(()), Err);
    let wrong = std::iter::once(said).chain(differ).enumerate();
    let wrong: Vec<(usize, Reject)> = wrong.filter_map(|(index, said)| Some((index, said.err()?))).collect();
    let (Ok((mut call, known_by)), true) = (call, wrong.is_empty()) else { return Err(wrong) };
    let (products, long) = products(columns, std::iter::once(first).chain(further.iter().copied()));
    if !products.is_empty() {
        call["properties"]["products"] = products.into();
    }
    Ok(Order::Purchase(Said { calls: vec![call], known_by, long, ..Said::default() }))
}

/// The name of the order of a row among those of the file, if it has an id.
pub(crate) fn order_name(columns: &Columns, cells: &StringRecord) -> Option<u64> {
    columns.cell(cells, Field::OrderId).map(|(id, _)| name_of(&message_id("order", &narrow(id))))
}

/// Whether a row says nothing of the whole of its order: it is a further line, wherever the first one stands.
pub(crate) fn is_further(columns: &Columns, cells: &StringRecord) -> bool {
    let of_the_whole = [Field::Total, Field::At, Field::Date];
    of_the_whole.iter().all(|field| columns.cell(cells, *field).is_none())
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

type Call = (Value, Option<KnownBy>);

fn call(columns: &Columns, cells: &StringRecord) -> Result<Call, Reject> {
    let mut wrong = Wrong::default();
    let order = wrong.sort(needed(columns, cells, Field::OrderId)).map(|(order, _)| narrow(order));
    let customer = wrong.sort(customer_id(columns, cells));
    let at = wrong.sort(at(columns, cells));
    let total = needed(columns, cells, Field::Total).and_then(|(total, name)| required(name, total, yen));
    let total = wrong.sort(total);
    if let Some((text, name)) = columns.cell(cells, Field::Currency) {
        wrong.sort(required(name, text, currency));
    }
    let ((order, (customer, known_by), at), total) = wrong.all(three(order, customer, at).zip(total))?;
    let mut properties: Map<String, Value> =
        columns.named(cells).map(|(name, text)| (name.to_owned(), property(text))).collect();
    let message_id = message_id("order", &order);
    properties.insert("order_id".to_owned(), order.into());
    properties.insert("total".to_owned(), total.into());
    properties.insert("currency".to_owned(), "JPY".into());
    let call = json!({
        "type": "track",
        "event": "Order Completed",
        "userId": customer,
        "messageId": message_id,
        "timestamp": at,
        "properties": properties,
    });
    Ok((call, known_by))
}

/// When the order was made.
pub(crate) fn at(columns: &Columns, cells: &StringRecord) -> Result<String, Reject> {
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
    let mut wrong = Wrong::default();
    for field in [Field::Total, Field::Id] {
        let (one, other) = (columns.cell(first, field), columns.cell(row, field));
        if let Some((other, name)) = other
            && one.is_none_or(|(one, _)| narrow(one) != narrow(other))
        {
            let problem = "not what the first row of the order says; what is of the whole order is the same in all its rows, \
                           or in the first alone";
            wrong.sort::<()>(Err(Reject::new(name, problem)));
        }
    }
    wrong.all(Some(()))
}

/// What was bought, each once, and whether there is more than is kept.
fn products<'a>(columns: &Columns, rows: impl Iterator<Item = &'a StringRecord>) -> (Vec<String>, bool) {
    let kinds = columns.format.product_lines;
    let is_product = |row: &StringRecord| {
        let kind = columns.cell(row, Field::LineKind).map(|(text, _)| narrow(text));
        kinds.is_empty() || kind.is_none_or(|kind| kinds.contains(&kind.as_str()))
    };
    let mut products: Vec<String> = Vec::new();
    for row in rows.filter(|row| is_product(row)) {
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
