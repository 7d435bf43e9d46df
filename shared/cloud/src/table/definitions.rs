//! Definitions: immutable versions, all in one partition, so that they are read as one set. The ids of a list are kept
//! apart and read of its current version alone: a list that is applied every morning would make the set ever larger.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::definitions::{Kind, Version};

use super::{CONCURRENCY, Item, Reading, Table, number, read_number, read_text, text};
use crate::call::Call;
use crate::concurrent;
use crate::version::Shape;

pub(super) const DEFINITION: Shape<Item> = Shape { kind: "a definition", steps: &[] };

pub(super) const PARTITION: &str = "D#";

/// The most items of one transaction.
const ITEMS_LIMIT: usize = 100;

/// The most bytes that are applied at once: a transaction holds 4 MB.
pub const DEFINITIONS_BYTES: usize = 4_000_000;

impl Table {
    /// The definitions: every version of each, but of lists the current one only.
    pub async fn definitions(&self) -> Result<Vec<Version>> {
        let items = self.partition(PARTITION, Reading::Consistent).await?;
        let mut versions = Vec::new();
        let mut lists: BTreeMap<String, Version> = BTreeMap::new();
        for item in &items {
            let version = read(item)?;
            match version.kind {
                // The items of a name are in the order of its versions.
                Kind::List => drop(lists.insert(version.name.clone(), version)),
                Kind::Segment
                | Kind::Journey
                | Kind::Shop
                | Kind::Providers
                | Kind::Switch
                | Kind::Population => {
                    versions.push(version);
                }
            }
        }
        let table = self.clone();
        let read = concurrent::map(CONCURRENCY, lists.into_values().collect(), move |list| {
            let table = table.clone();
            async move { table.with_ids(list).await }
        });
        for list in read.await {
            versions.push(list??);
        }
        Ok(versions)
    }

    async fn with_ids(&self, mut list: Version) -> Result<Version> {
        if list.yaml == APART {
            let (pk, sk) = apart(&list);
            let item = self.get(&pk, &sk, Reading::Consistent).await?;
            let item = item.with_context(|| format!("the ids of the list {} are not there", list.name))?;
            read_text(&*DEFINITION.item(&item)?, "yaml")?.clone_into(&mut list.yaml);
        }
        Ok(list)
    }

    /// Adds versions, all or none, so that nobody ever reads half of what belongs together. `false` when one of them is
    /// there already: someone else applied it in the meantime.
    pub async fn put_definitions(&self, versions: &[&Version]) -> Result<bool> {
        let mut puts = Vec::new();
        for version in versions {
            let key = format!("{}#{}#{:06}", version.kind.name(), version.name, version.number);
            let put = self.put_new(PARTITION, &key);
            if version.kind == Kind::List && !version.withdraws() {
                let (pk, sk) = apart(version);
                puts.push(put.item("yaml", text(APART)));
                puts.push(self.put_new(&pk, &sk).item("yaml", text(&version.yaml)));
            } else {
                puts.push(put.item("yaml", text(&version.yaml)));
            }
        }
        let bytes: usize = versions.iter().map(|version| version.yaml.len()).sum();
        ensure!(
            puts.len() <= ITEMS_LIMIT && bytes <= DEFINITIONS_BYTES,
            "{} changed definitions of {bytes} bytes at once; at most {ITEMS_LIMIT} (a list counts twice) and \
             {DEFINITIONS_BYTES} bytes are written together: move some to another directory and apply it after this one",
            versions.len()
        );
        let mut request = self.client.transact_write_items();
        for put in puts {
            request = request.transact_items(TransactWriteItem::builder().put(put.build()?).build());
        }
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(true),
            Err(error) if error.is_transaction_canceled_exception() => Ok(false),
            Err(error) => Err(error).context("writing definitions"),
        }
    }

    /// Writes the latest version of the population, in the place of the one before. `false` when that is another by now.
    pub async fn put_population(&self, version: &Version) -> Result<bool> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(Item::from([DEFINITION.mark()])))
            .item("pk", text(PARTITION))
            .item("sk", text(format!("{}#{}#{LATEST}", version.kind.name(), version.name)))
            .item("version", number(version.number))
            .item("yaml", text(&version.yaml));
        request = match version.number.saturating_sub(1) {
            0 => request.condition_expression("attribute_not_exists(pk)"),
            before => request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", number(before)),
        };
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(true),
            Err(error) if error.is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("writing the population"),
        }
    }

    fn put_new(&self, pk: &str, sk: &str) -> PutBuilder {
        let put = Put::builder().table_name(&self.name).set_item(Some(Item::from([DEFINITION.mark()])));
        let put = put.item("pk", text(pk)).item("sk", text(sk));
        put.condition_expression("attribute_not_exists(pk)")
    }
}

/// What stands in the place of the number in the key of what is kept in its latest version only.
const LATEST: &str = "latest";

/// What stands in the place of a list's text that is kept apart; no YAML that is accepted reads like it.
const APART: &str = "apart";

/// Where the ids of a version of a list are kept.
fn apart(list: &Version) -> (String, String) {
    (format!("{PARTITION}{}#{}", list.kind.name(), list.name), format!("{:06}", list.number))
}

fn read(item: &Item) -> Result<Version> {
    let item = &*DEFINITION.item(item)?;
    let key = read_text(item, "sk")?;
    let mut parts = key.splitn(3, '#');
    let (Some(kind), Some(name), Some(number)) = (parts.next(), parts.next(), parts.next()) else {
        anyhow::bail!("the key of a definition does not read: {key}")
    };
    let number = if number == LATEST {
        read_number(item, "version").and_then(|number| u32::try_from(number).ok())
    } else {
        number.parse().ok()
    };
    Ok(Version {
        kind: Kind::parse(kind).with_context(|| format!("a definition of no known kind: {key}"))?,
        name: name.to_owned(),
        number: number.with_context(|| format!("the key of a definition does not read: {key}"))?,
        yaml: read_text(item, "yaml")?.to_owned(),
    })
}
