//! Ledger rows: one per enrollment, spread over shards.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::EventId;
use domain::ledger::Row;
use domain::names::{CustomerId, JourneyName};
use domain::time::Timestamp;

use super::people::unless_later;
use super::{Item, Reading, Table, number, read_text, shard, text};
use crate::concurrent;

/// Over how many partitions the rows of one version of a journey are spread.
pub const LEDGER_SHARDS: u32 = 16;

/// Rows in one page of a query.
const PAGE: i32 = 1_000;

/// A row with what names it.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Whose it is.
    pub customer: CustomerId,
    /// When the enrollment began.
    pub entered: Timestamp,
    /// What it says.
    pub row: Row,
}

impl Table {
    /// Writes a row, unless a later revision of the customer wrote it.
    pub async fn put_row(&self, journey: &JourneyName, row: &LedgerRow, revision: u64) -> Result<()> {
        let shard = shard(row.customer.as_str(), LEDGER_SHARDS);
        let request = self.client.put_item().table_name(&self.name);
        let request = request
            .item("pk", text(partition(journey, row.row.version, shard)))
            .item("sk", text(sort_key(row)))
            .item("rev", number(revision))
            .item("doc", text(serde_json::to_string(&row.row)?))
            .condition_expression("attribute_not_exists(pk) OR rev < :rev")
            .expression_attribute_values(":rev", number(revision));
        unless_later(request.send().await.err())
    }

    /// Calls `take` on every row of one version of a journey, shard by shard and in the order of entry within each.
    pub async fn rows(
        &self,
        journey: &JourneyName,
        version: u32,
        mut take: impl FnMut(LedgerRow),
    ) -> Result<()> {
        let table = self.clone();
        let journey = journey.clone();
        let shards = concurrent::map(4, (0..LEDGER_SHARDS).collect(), move |shard| {
            let table = table.clone();
            let partition = partition(&journey, version, shard);
            async move { table.partition(&partition, Reading::Eventual).await }
        });
        for rows in shards.await {
            for item in rows?? {
                take(read(&item)?);
            }
        }
        Ok(())
    }

    /// All items of one partition.
    pub(crate) async fn partition(&self, partition: &str, reading: Reading) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let request = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk");
            let request = request.expression_attribute_values(":pk", text(partition)).limit(PAGE);
            let request = request.consistent_read(reading == Reading::Consistent);
            let page = request.set_exclusive_start_key(start).send().await.context("reading a partition")?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

fn partition(journey: &JourneyName, version: u32, shard: u32) -> String {
    format!("J#{journey}#{version}#{shard}")
}

/// When it began, what tells it from others that began at the same second, and whose it is.
fn sort_key(row: &LedgerRow) -> String {
    let key = row.row.key.as_ref().map(|key| format!("~{}", EventId::of(key).as_str())).unwrap_or_default();
    format!("{:012}{key}#{}", row.entered.seconds(), row.customer)
}

fn read(item: &Item) -> Result<LedgerRow> {
    let Some(AttributeValue::S(key)) = item.get("sk") else { anyhow::bail!("a ledger row has no key") };
    let (entered, customer) = key.split_once('#').context("a ledger row's key does not read")?;
    let entered = entered.split('~').next().unwrap_or(entered);
    Ok(LedgerRow {
        customer: CustomerId::parse(customer)?,
        entered: Timestamp::from_seconds(entered.parse().context("a ledger row's key does not read")?),
        row: serde_json::from_str(read_text(item, "doc")?).context("reading a ledger row")?,
    })
}
