//! Who is due, and all customers in parts.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use domain::names::CustomerId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::customers::{Stored, is_customer};
use super::{Item, Reading, Table, number, read_number, read_text, text};

/// Keys in one page of the index, and items in one page of a scan.
pub const PAGE: i32 = 1_000;

/// A customer in the due index. Its order is the order of reading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueKey {
    /// When it is due.
    pub at: Timestamp,
    /// Who is.
    pub customer: CustomerId,
}

/// Where a scan goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanKey {
    /// Partition and sort key of the last item that was read.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl Table {
    /// How many shards the due index has.
    pub const fn due_shards(&self) -> u32 {
        self.due_shards
    }

    /// A page of who is due in one shard by `until`, after `after`, earliest first. Shorter than [`PAGE`] when it is
    /// the last.
    pub async fn due(&self, shard: u32, after: Option<&DueKey>, until: Timestamp) -> Result<Vec<DueKey>> {
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", text(shard.to_string()))
            .expression_attribute_values(":until", number(until.seconds()))
            .limit(PAGE);
        if let Some(after) = after {
            request = request
                .exclusive_start_key("pk", text(format!("C#{}", after.customer)))
                .exclusive_start_key("sk", text(super::customers::SORT))
                .exclusive_start_key("due_shard", text(shard.to_string()))
                .exclusive_start_key("due_at", number(after.at.seconds()));
        }
        let page = request.send().await.context("reading the due index")?;
        page.items().iter().map(read).collect()
    }

    /// The first instant after `after` at which anyone in the shard is due.
    pub async fn first_due(&self, shard: u32, after: Timestamp) -> Result<Option<Timestamp>> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at > :after")
            .expression_attribute_values(":shard", text(shard.to_string()))
            .expression_attribute_values(":after", number(after.seconds()))
            .limit(1);
        let page = request.send().await.context("reading the due index")?;
        Ok(page.items().first().and_then(|item| read_number(item, "due_at")).map(Timestamp::from_seconds))
    }

    /// A page of one segment of a scan over all items: the customers in it that read, and where it goes on.
    pub async fn scan(
        &self,
        segment: i32,
        segments: i32,
        after: Option<&ScanKey>,
    ) -> Result<(Vec<Stored>, Option<ScanKey>)> {
        let mut request =
            self.client.scan().table_name(&self.name).limit(PAGE).segment(segment).total_segments(segments);
        if let Some(after) = after {
            request =
                request.exclusive_start_key("pk", text(&after.pk)).exclusive_start_key("sk", text(&after.sk));
        }
        let page = request.send().await.context("scanning the table")?;
        let customers = page.items().iter().filter(|item| is_customer(item)).filter_map(|item| {
            // One that does not read must not keep the scan from the others; what comes for it says so again.
            Stored::read(item)
                .inspect_err(|error| {
                    tracing::error!(error = format!("{error:#}"), "a scan leaves a customer out");
                })
                .ok()
        });
        let customers = customers.collect();
        let next = page.last_evaluated_key.as_ref().map(|key| {
            Ok::<_, anyhow::Error>(ScanKey {
                pk: read_text(key, "pk")?.to_owned(),
                sk: read_text(key, "sk")?.to_owned(),
            })
        });
        Ok((customers, next.transpose()?))
    }

    /// The number of the definitions that the latest recomputation was begun for; 0 when there was none.
    pub async fn begun(&self) -> Result<u32> {
        let item = self.get("R#begun", "run", Reading::Consistent).await?;
        Ok(item
            .and_then(|item| read_number(&item, "number"))
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(0))
    }

    /// Remembers that a recomputation was begun for the definitions of this number.
    pub async fn put_begun(&self, number: u32) -> Result<()> {
        self.put_progress("begun", "run", &BTreeMap::from([("number", i64::from(number))])).await
    }

    /// Writes how far a part of a recomputation has come.
    pub async fn put_progress(&self, run: &str, part: &str, progress: &BTreeMap<&str, i64>) -> Result<()> {
        let mut request = self.client.put_item().table_name(&self.name);
        request = request.item("pk", text(format!("R#{run}"))).item("sk", text(part));
        for (name, value) in progress {
            request = request.item(*name, number(value));
        }
        request.send().await.context("writing progress")?;
        Ok(())
    }

    /// How far each part of a recomputation has come.
    pub async fn progress(&self, run: &str) -> Result<Vec<BTreeMap<String, i64>>> {
        let numbers = |item: &Item| {
            let numbers = item.keys().filter_map(|name| Some((name.clone(), read_number(item, name)?)));
            numbers.collect()
        };
        Ok(self.partition(&format!("R#{run}"), Reading::Consistent).await?.iter().map(numbers).collect())
    }
}

fn read(item: &Item) -> Result<DueKey> {
    Ok(DueKey {
        at: read_number(item, "due_at")
            .map(Timestamp::from_seconds)
            .context("a key of the due index has no time")?,
        customer: CustomerId::parse(read_text(item, "pk")?.trim_start_matches("C#"))?,
    })
}
