//! All that is kept of one person, as one JSON document.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use cloud::table::messages::MessageItem;
use cloud::table::{Item, Table};
use cloud::trail::Trail;
use cloud::version;
use domain::contact::Channel;
use domain::names::CustomerId;
use domain::time::Timestamp;
use serde_json::{Map, Value, json};

/// All that is kept of a person; `None` where that is nothing. Times are in seconds since 1970-01-01T00:00:00Z.
///
/// `customer` is the customer as it is decided about: what the shop said, what the person said and did, segments,
/// audiences, journeys with every step taken and why not, and decisions beside them. `told` is the record of what was said
/// about messages, as it is stored; `ledger` what reports count; `messages` where each went and what became of it;
/// `addresses` whether anything is stopped to them; `lists` files of ids with this one in them.
pub async fn export(table: &Table, id: &CustomerId, now: Timestamp) -> Result<Option<Value>> {
    let trail = Trail::read(table, id).await?;
    let lists = table.lists_with(id).await?;
    if trail.is_empty() && lists.is_empty() {
        return Ok(None);
    }
    let told = trail.beside.iter().map(plain);
    let told = told.filter(|item| item["sk"].as_str().is_some_and(|sk| sk.starts_with("consent#")));
    let ledger = trail
        .rows
        .iter()
        .map(|(journey, row)| json!({ "journey": journey, "entered": row.entered, "row": row.row }));
    Ok(Some(json!({
        "id": id,
        "as_of": now.to_string(),
        "customer": trail.customer,
        "told": told.collect::<Vec<_>>(),
        "ledger": ledger.collect::<Vec<_>>(),
        "messages": trail.messages.values().map(message).collect::<Vec<_>>(),
        "addresses": addresses(table, &trail).await?,
        "lists": lists,
    })))
}

fn message(message: &MessageItem) -> Value {
    let MessageItem { code, channel, to, links, claimed_at, account, outcome, expires, .. } = message;
    json!({
        "code": code, "channel": channel, "to": to, "links": links, "at": claimed_at, "account": account,
        "outcome": outcome, "kept_until": expires,
    })
}

/// The person's addresses, in plain where they are known so, with what is stopped to each.
async fn addresses(table: &Table, trail: &Trail) -> Result<Vec<Value>> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    if let Ok(key) = table.address_key() {
        let current = trail.customer.iter().flat_map(|customer| {
            Channel::ALL
                .into_iter()
                .filter_map(|channel| Some((channel, customer.address(channel)?.to_owned())))
        });
        let sent = trail.messages.values().map(|message| (message.channel, message.to.clone()));
        known.extend(current.chain(sent).map(|(channel, to)| (key.address(channel, &to), to)));
    }
    let suppressions: Vec<Map<String, Value>> = trail.suppressions(table).await?.iter().map(plain).collect();
    let stopped = |hash: &str| suppressions.iter().find(|item| item.values().any(|it| ends(it, hash)));
    let address = |(channel, hash): (Channel, String)| {
        let mut stopped = stopped(&hash).cloned();
        if let Some(item) = &mut stopped {
            item.retain(|name, _| !["pk", "sk"].contains(&name.as_str()));
        }
        json!({ "channel": channel, "hash": hash, "address": known.get(&hash), "suppressed": stopped })
    };
    Ok(trail.addresses()?.into_iter().map(address).collect())
}

fn ends(value: &Value, hash: &str) -> bool {
    value.as_str().is_some_and(|text| text.ends_with(hash))
}

/// An item as JSON, without the version it is written in; its sort key says what it is.
fn plain(item: &Item) -> Map<String, Value> {
    let said = item.iter().filter(|(name, _)| *name != version::NAME);
    said.map(|(name, value)| (name.clone(), of(value))).collect()
}

fn of(value: &AttributeValue) -> Value {
    if let AttributeValue::N(number) = value {
        return number.parse::<i64>().map_or_else(|_| json!(number), |number| json!(number));
    }
    if let AttributeValue::Bool(truth) = value {
        return json!(truth);
    }
    // A document within an item is written out.
    let text = value.as_s().map(String::as_str).unwrap_or_default();
    serde_json::from_str::<Map<String, Value>>(text).map_or_else(|_| json!(text), Value::Object)
}
