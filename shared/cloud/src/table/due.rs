//! Who is due, and all customers in parts.

use anyhow::{Context, Result};
use domain::names::CustomerId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::customers::{CUSTOMER, SORT, Stored, customer_of};
use super::{Item, Table, number, read_number, read_text, text};
use crate::call::Call;

/// Keys in one page of the index, and items in one page of a scan.
pub const PAGE: i32 = 1_000;

/// A customer in the due index. Its order is the order of reading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueKey {
    /// When it is due.
    pub at: Timestamp,
    /// Who is.
    pub customer: CustomerId,
    /// The sort key of what the customer said and the inbox has not heard; none when the customer itself is due.
    pub untold: Option<String>,
}

/// Where a scan goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanKey {
    /// Partition and sort key of the last item that was read.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// A page of a scan.
#[derive(Debug)]
pub struct Page {
    /// Items it went over, customers and others.
    pub items: u64,
    /// Where the scan goes on; none at its end.
    pub next: Option<ScanKey>,
    customers: Vec<Item>,
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
                .exclusive_start_key("sk", text(after.untold.as_deref().unwrap_or(SORT)))
                .exclusive_start_key("due_shard", text(shard.to_string()))
                .exclusive_start_key("due_at", number(after.at.seconds()));
        }
        let page = request.call().await.context("reading the due index")?;
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
        let page = request.call().await.context("reading the due index")?;
        Ok(page.items().first().and_then(|item| read_number(item, "due_at")).map(Timestamp::from_seconds))
    }

    /// A page of one part of a scan over all items, of which the customers are answered; an error where one of them was
    /// written by a later release.
    pub async fn scan(&self, part: u32, parts: u32, after: Option<&ScanKey>) -> Result<Page> {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let mut request = self
            .client
            .scan()
            .table_name(&self.name)
            .limit(PAGE)
            .segment(count(part))
            .total_segments(count(parts))
            .filter_expression("sk = :customer")
            .expression_attribute_values(":customer", text(SORT));
        if let Some(after) = after {
            request =
                request.exclusive_start_key("pk", text(&after.pk)).exclusive_start_key("sk", text(&after.sk));
        }
        let page = request.call().await.context("scanning the table")?;
        let next = page.last_evaluated_key.as_ref().map(|key| {
            Ok::<_, anyhow::Error>(ScanKey {
                pk: read_text(key, "pk")?.to_owned(),
                sk: read_text(key, "sk")?.to_owned(),
            })
        });
        let customers = page.items.unwrap_or_default();
        // Unlike one that is broken, it reads once the release that wrote it is everywhere: nobody is to be left out.
        customers.iter().try_for_each(|item| CUSTOMER.check_item(item))?;
        Ok(Page { next: next.transpose()?, items: u64::try_from(page.scanned_count).unwrap_or(0), customers })
    }
}

impl Page {
    /// The key of the last customer of the page.
    pub fn last(&self) -> Option<&str> {
        self.customers.last().and_then(|item| read_text(item, "pk").ok())
    }

    /// Whether the customer of this key is on the page.
    pub fn holds(&self, pk: &str) -> bool {
        self.customers.iter().any(|item| read_text(item, "pk").is_ok_and(|key| key == pk))
    }

    /// Reads the customers of the page, in the order of the scan.
    pub fn customers(&self) -> impl Iterator<Item = Stored> {
        self.customers.iter().filter_map(|item| {
            // One that does not read must not keep the scan from the others; what comes for it says so again.
            Stored::read(item)
                .inspect_err(|error| {
                    tracing::error!(error = format!("{error:#}"), "a scan leaves a customer out");
                })
                .ok()
                .filter(|stored| stored.erasing.is_none())
        })
    }
}

fn read(item: &Item) -> Result<DueKey> {
    Ok(DueKey {
        at: read_number(item, "due_at")
            .map(Timestamp::from_seconds)
            .context("a key of the due index has no time")?,
        customer: customer_of(read_text(item, "pk")?)?,
        untold: Some(read_text(item, "sk")?).filter(|sort| *sort != SORT).map(ToOwned::to_owned),
    })
}
