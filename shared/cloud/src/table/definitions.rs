//! Definitions: immutable versions, all in one partition.

use anyhow::{Context, Result};
use domain::definitions::{Kind, Version};

use super::customers::refused;
use super::{Item, Table, read_text, text};

const PARTITION: &str = "D#";

impl Table {
    /// Every version of every definition.
    pub async fn definitions(&self) -> Result<Vec<Version>> {
        self.partition(PARTITION).await?.iter().map(read).collect()
    }

    /// Adds a version. `false` when it is there already: someone else applied one in the meantime.
    pub async fn put_definition(&self, version: &Version) -> Result<bool> {
        let request = self.client.put_item().table_name(&self.name);
        let request = request
            .item("pk", text(PARTITION))
            .item("sk", text(format!("{}#{}#{:06}", version.kind.name(), version.name, version.number)))
            .item("yaml", text(&version.yaml))
            .condition_expression("attribute_not_exists(pk)");
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => refused(error).map(|_| false),
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
