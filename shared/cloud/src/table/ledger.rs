//! Ledger rows: one per enrollment, spread over shards.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::customer::Past;
use domain::event::EventId;
use domain::ledger::Row;
use domain::names::{CustomerId, JourneyName};
use domain::time::Timestamp;

use super::customers::refused;
use super::{Item, Reading, Table, number, read_text, shard, text};
use crate::call::Call;
use crate::concurrent;
use crate::version::Shape;

pub(super) const ROW: Shape = Shape { kind: "a ledger row", steps: &[] };

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
    /// Writes a row, unless a later revision of the customer wrote it; one of a later version is not written over.
    pub async fn put_row(&self, journey: &JourneyName, row: &LedgerRow, revision: u64) -> Result<()> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(journey, row, revision)?))
            .condition_expression(
                "attribute_not_exists(pk) OR (rev < :rev AND (attribute_not_exists(v) OR v <= :known))",
            )
            .expression_attribute_values(":rev", number(revision))
            .expression_attribute_values(":known", number(ROW.version()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.call().await {
            Ok(_) => Ok(()),
            Err(error) => Ok(ROW.check_item(&refused(error)?)?),
        }
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

    /// The rows of one customer of enrollments that began at an instant under a key, whichever version it was on.
    pub(crate) async fn rows_begun(
        &self,
        customer: &CustomerId,
        begun: &BTreeSet<(JourneyName, u32, Past)>,
    ) -> Result<Vec<(JourneyName, LedgerRow)>> {
        let shard = shard(customer.as_str(), LEDGER_SHARDS);
        let keys = begun.iter().map(|(journey, version, Past(entered, key))| {
            (partition(journey, *version, shard), sort(*entered, key.as_deref(), customer))
        });
        let items = self.get_all(keys.collect(), Reading::Consistent).await?;
        items.iter().map(|item| Ok((journey_of(item)?, read(item)?))).collect()
    }

    /// All rows of one customer in one version of a journey: reads every row of the customer's shard.
    pub(crate) async fn rows_of(
        &self,
        customer: &CustomerId,
        journey: &JourneyName,
        version: u32,
    ) -> Result<Vec<(JourneyName, LedgerRow)>> {
        let shard = shard(customer.as_str(), LEDGER_SHARDS);
        let items = self.partition(&partition(journey, version, shard), Reading::Consistent).await?;
        let rows = items.iter().map(|item| Ok((journey.clone(), read(item)?)));
        let theirs = |row: &Result<(JourneyName, LedgerRow)>| !matches!(row, Ok((_, row)) if row.customer != *customer);
        rows.filter(theirs).collect()
    }

    /// All items of one partition.
    pub(crate) async fn partition(&self, partition: &str, reading: Reading) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let request = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk");
            let request = request.expression_attribute_values(":pk", text(partition)).limit(PAGE);
            let request = request.consistent_read(reading == Reading::Consistent);
            let page = request.set_exclusive_start_key(start).call().await.context("reading a partition")?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// The item of a row that a revision of the customer writes.
pub(super) fn item(journey: &JourneyName, row: &LedgerRow, revision: u64) -> Result<Item> {
    let (pk, sk) = row_key(journey, row);
    Ok(Item::from([
        ("pk".to_owned(), text(pk)),
        ("sk".to_owned(), text(sk)),
        ("rev".to_owned(), number(revision)),
        ("doc".to_owned(), text(serde_json::to_string(&row.row)?)),
        ROW.mark(),
    ]))
}

/// The key of a row.
pub(super) fn row_key(journey: &JourneyName, row: &LedgerRow) -> (String, String) {
    let shard = shard(row.customer.as_str(), LEDGER_SHARDS);
    (partition(journey, row.row.version, shard), sort_key(row))
}

fn partition(journey: &JourneyName, version: u32, shard: u32) -> String {
    format!("J#{journey}#{version}#{shard}")
}

/// When it began, what tells it from others that began at the same second, and whose it is.
fn sort_key(row: &LedgerRow) -> String {
    sort(row.entered, row.row.key.as_deref(), &row.customer)
}

fn sort(entered: Timestamp, key: Option<&str>, customer: &CustomerId) -> String {
    let key = key.map(|key| format!("~{}", EventId::of(key).as_str())).unwrap_or_default();
    format!("{:012}{key}#{customer}", entered.seconds())
}

pub(super) fn journey_of(item: &Item) -> Result<JourneyName> {
    let name = read_text(item, "pk")?.split('#').nth(1).context("a ledger row's key does not read")?;
    Ok(JourneyName::parse(name)?)
}

pub(super) fn read(item: &Item) -> Result<LedgerRow> {
    let key = read_text(item, "sk")?;
    let (entered, customer) = key.split_once('#').context("a ledger row's key does not read")?;
    let entered = entered.split('~').next().unwrap_or(entered);
    Ok(LedgerRow {
        customer: CustomerId::kept(customer)?,
        entered: Timestamp::from_seconds(entered.parse().context("a ledger row's key does not read")?),
        row: ROW.document(item, "doc")?,
    })
}
