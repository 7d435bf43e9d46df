//! How many are on a list: as of now, and on each day.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use domain::input::List;
use domain::names::SegmentName;
use domain::time::{DAY, Timestamp};

use super::people::{LIST_SHARDS, list_partition, unless_later};
use super::{Item, Reading, Table, number, read_number, read_text, text};
use crate::call::Call;
use crate::concurrent;

/// How long the count of a day is kept: a day and the same day of the years before can be compared.
pub const COUNTS_KEPT_SECONDS: i64 = 3 * 366 * DAY;

/// Rows in one page of a count.
const PAGE: i32 = 1_000;

/// Shards counted at once.
const CONCURRENCY: usize = 8;

/// How many members a segment had on a day.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DayCount {
    /// The day in the shop's zone, as 2026-11-22.
    pub day: String,
    /// Members.
    pub members: u64,
    /// When they were counted.
    pub at: Timestamp,
}

impl Table {
    /// How many customers are on a list.
    pub async fn count_members(&self, list: &List) -> Result<u64> {
        let (table, name) = (self.clone(), list_partition(list));
        let shards = concurrent::map(CONCURRENCY, (0..LIST_SHARDS).collect(), move |shard| {
            let (table, partition) = (table.clone(), format!("{name}#{shard}"));
            async move { table.count_shard(&partition).await }
        });
        let mut members = 0;
        for count in shards.await {
            members += count??;
        }
        Ok(members)
    }

    async fn count_shard(&self, partition: &str) -> Result<u64> {
        let (mut count, mut start) = (0, None);
        loop {
            let request = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk");
            let request = request
                .select(Select::Count)
                .filter_expression("#member = :member")
                .expression_attribute_names("#member", "member")
                .expression_attribute_values(":pk", text(partition))
                .expression_attribute_values(":member", AttributeValue::Bool(true))
                .limit(PAGE);
            let page = request.set_exclusive_start_key(start).call().await.context("counting members")?;
            count += u64::try_from(page.count).unwrap_or(0);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    /// How many items the table holds, about: `DynamoDB` counts them every six hours.
    pub async fn about_items(&self) -> Result<u64> {
        let answer = self.client.describe_table().table_name(&self.name).call().await;
        let table = answer.context("asking how large the table is")?.table;
        Ok(table.and_then(|table| table.item_count).and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Keeps how many members a segment had on a day; of several counts the latest stands.
    pub async fn put_count(&self, segment: &SegmentName, count: &DayCount) -> Result<()> {
        let request = self.client.put_item().table_name(&self.name);
        let request = request
            .item("pk", text(partition(segment)))
            .item("sk", text(&count.day))
            .item("members", number(count.members))
            .item("counted", number(count.at.seconds()))
            .item("expires", number(count.at.plus(COUNTS_KEPT_SECONDS).seconds()))
            .condition_expression("attribute_not_exists(pk) OR counted <= :at")
            .expression_attribute_values(":at", number(count.at.seconds()));
        unless_later(request.call().await.err())
    }

    /// How many members a segment had on each day that is kept, in order.
    pub async fn counts(&self, segment: &SegmentName) -> Result<Vec<DayCount>> {
        self.partition(&partition(segment), Reading::Eventual).await?.iter().map(read).collect()
    }
}

/// The partition beside those of the segment's members.
fn partition(segment: &SegmentName) -> String {
    format!("{}#days", list_partition(&List::Segment(segment.clone())))
}

fn read(item: &Item) -> Result<DayCount> {
    let count = |name: &str| read_number(item, name).context("the count of a day does not read");
    Ok(DayCount {
        day: read_text(item, "sk")?.to_owned(),
        members: u64::try_from(count("members")?).unwrap_or(0),
        at: Timestamp::from_seconds(count("counted")?),
    })
}
