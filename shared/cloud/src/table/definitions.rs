//! Definitions: immutable versions, all in one partition.

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::definitions::{Kind, Version};

use super::{Item, Reading, Table, read_text, text};

const PARTITION: &str = "D#";

/// The most items of one transaction.
const VERSIONS_LIMIT: usize = 100;

impl Table {
    /// Every version of every definition.
    pub async fn definitions(&self) -> Result<Vec<Version>> {
        self.partition(PARTITION, Reading::Consistent).await?.iter().map(read).collect()
    }

    /// Adds versions, all or none, so that nobody ever reads half of what belongs together. `false` when one of them is
    /// there already: someone else applied it in the meantime.
    pub async fn put_definitions(&self, versions: &[&Version]) -> Result<bool> {
        ensure!(
            versions.len() <= VERSIONS_LIMIT,
            "{} definitions at once; at most {VERSIONS_LIMIT}",
            versions.len()
        );
        let mut request = self.client.transact_write_items();
        for version in versions {
            let put = Put::builder()
                .table_name(&self.name)
                .item("pk", text(PARTITION))
                .item("sk", text(format!("{}#{}#{:06}", version.kind.name(), version.name, version.number)))
                .item("yaml", text(&version.yaml))
                .condition_expression("attribute_not_exists(pk)");
            request = request.transact_items(TransactWriteItem::builder().put(put.build()?).build());
        }
        match request.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(true),
            Err(error) if error.is_transaction_canceled_exception() => Ok(false),
            Err(error) => Err(error).context("writing definitions"),
        }
    }
}

fn read(item: &Item) -> Result<Version> {
    let key = read_text(item, "sk")?;
    let mut parts = key.splitn(3, '#');
    let (Some(kind), Some(name), Some(number)) = (parts.next(), parts.next(), parts.next()) else {
        anyhow::bail!("the key of a definition does not read: {key}")
    };
    Ok(Version {
        kind: Kind::parse(kind).with_context(|| format!("a definition of no known kind: {key}"))?,
        name: name.to_owned(),
        number: number.parse().with_context(|| format!("the key of a definition does not read: {key}"))?,
        yaml: read_text(item, "yaml")?.to_owned(),
    })
}
