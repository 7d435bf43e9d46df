//! What the table holds, without what differs between two runs that come to the same: revisions, attempts, instants.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ledger::{Row, Sent};
use serde_json::{Value, json};

use crate::shop::Shop;

/// Items by a key that is the same in every run.
pub type Picture = BTreeMap<String, Value>;

type Item = HashMap<String, AttributeValue>;

/// Items of one page.
const PAGE: i32 = 1_000;

/// The picture of a shop's table: ledger rows, messages, members, aliases, consents, suppressions and definitions.
/// Customers are left out: all that they decide stands in these.
pub async fn picture(shop: &Shop) -> Result<Picture> {
    let mut picture = Picture::new();
    for item in items(shop).await? {
        if let Some((key, value)) = part(&item)? {
            anyhow::ensure!(picture.insert(key.clone(), value).is_none(), "two items come to one: {key}");
        }
    }
    Ok(picture)
}

/// All that a shop's table holds, with revisions and instants: of two moments it is the same if nothing was written.
pub async fn everything(shop: &Shop) -> Result<Vec<String>> {
    let items = items(shop).await?.into_iter();
    let mut items: Vec<String> = items.map(|item| format!("{:?}", BTreeMap::from_iter(item))).collect();
    items.sort();
    Ok(items)
}

async fn items(shop: &Shop) -> Result<Vec<Item>> {
    let region = shop.stack.runtime.region();
    let client = aws_sdk_dynamodb::Client::new(&region.sdk_config("test"));
    let table = shop.stack.runtime.template().tables.keys().next().context("the template has no table")?;
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let scan = client.scan().table_name(table).limit(PAGE).set_exclusive_start_key(start);
        let page = scan.send().await.context("scanning the table")?;
        items.extend(page.items().iter().cloned());
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(items);
        }
    }
}

/// Where two pictures differ, in lines.
pub fn differences(one: &Picture, other: &Picture) -> Vec<String> {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    keys.filter(|key| one.get(*key) != other.get(*key))
        .map(|key| format!("{key}: {} became {}", show(one.get(key)), show(other.get(key))))
        .collect()
}

fn part(item: &Item) -> Result<Option<(String, Value)>> {
    let (pk, sk) = (text(item, "pk")?, text(item, "sk")?);
    let kind = pk.split_once('#').map_or(pk, |(kind, _)| kind);
    Ok(match kind {
        "J" => {
            let (journey, _) = pk.rsplit_once('#').context("a ledger key")?;
            let (_, customer) = sk.split_once('#').context("a ledger key")?;
            let row: Row = serde_json::from_str(text(item, "doc")?)?;
            Some((format!("{journey} {customer}"), outcome(&row)))
        }
        "M" => {
            let recorded = text(item, "outcome").ok().map(serde_json::from_str::<Value>).transpose()?;
            let status = recorded.map(|recorded| recorded["status"].clone());
            let links = text(item, "links")?;
            Some((format!("M {} {} {links}", text(item, "customer")?, text(item, "channel")?), json!(status)))
        }
        // How many there were on a day follows from when they came.
        "G" if pk.ends_with("#days") => None,
        "G" | "L" => Some((format!("{pk} {sk}"), json!(item.get("member").and_then(|it| it.as_bool().ok())))),
        "A" => Some((pk.to_owned(), json!(text(item, "customer")?))),
        "D" => Some((format!("{pk} {sk}"), json!(text(item, "yaml")?))),
        "S" => Some((pk.to_owned(), json!(text(item, "why")?))),
        "C" if sk.starts_with("consent#") => Some((format!("{pk} {sk}"), json!(text(item, "said")?))),
        _ => None,
    })
}

/// What became of an enrollment, without instants.
fn outcome(row: &Row) -> Value {
    let sent = |sent: &Sent| {
        let Sent { step, channel, status, parts, yen, .. } = sent;
        let (clicked, opened, replied) =
            (sent.clicked.is_some(), sent.opened.is_some(), sent.replied.is_some());
        json!([step, channel, status, parts, yen, clicked, opened, replied])
    };
    json!({
        "ended": row.ended.map(|(_, why)| why),
        "messages": row.messages.iter().map(sent).collect::<Vec<_>>(),
        "took": row.took,
        "goal": row.goal.map(|goal| goal.yen),
    })
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    let value = item.get(name).with_context(|| format!("an item has no `{name}`"))?;
    value.as_s().map(String::as_str).map_err(|_| anyhow::anyhow!("`{name}` is no text"))
}
