//! Taking one customer's id out of the lists that files of ids became.

use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::error::SdkError;
use domain::definition::{Definition, parse};
use domain::definitions::Kind;
use domain::names::CustomerId;
use serde_json::json;

use super::definitions::{DEFINITION, PARTITION};
use super::{Item, Reading, Table, read_text, text};
use crate::call::Call;

impl Table {
    /// The lists with a customer on them, in any of their versions.
    pub async fn lists_with(&self, id: &CustomerId) -> Result<Vec<String>> {
        Ok(self.versions_with(id).await?.into_iter().map(|(name, ..)| name).collect())
    }

    /// Takes a customer's id out of every version of every list; answers how many versions had it.
    pub async fn strike(&self, id: &CustomerId) -> Result<usize> {
        let versions = self.versions_with(id).await?;
        for (_, item, without) in &versions {
            let request = self.client.update_item().table_name(&self.name);
            let request = request
                .key("pk", text(read_text(item, "pk")?))
                .key("sk", text(read_text(item, "sk")?))
                .update_expression("SET yaml = :without")
                .condition_expression("yaml = :before")
                .expression_attribute_values(":without", text(without))
                .expression_attribute_values(":before", text(read_text(item, "yaml")?));
            request.call().await.map_err(SdkError::into_service_error).context("writing a list")?;
        }
        Ok(versions.len())
    }

    /// Versions of lists that have a customer on them, and their text without.
    async fn versions_with(&self, id: &CustomerId) -> Result<Vec<(String, Item, String)>> {
        let all = self.partition(PARTITION, Reading::Consistent).await?;
        let prefix = format!("{}#", Kind::List.name());
        let mut names: Vec<&str> = all
            .iter()
            .filter_map(|item| read_text(item, "sk").ok()?.strip_prefix(&prefix)?.split('#').next())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut found = Vec::new();
        for name in names {
            let partition = format!("{PARTITION}{prefix}{name}");
            for item in self.partition(&partition, Reading::Consistent).await? {
                // It is written over as it stands.
                DEFINITION.check_item(&item)?;
                let yaml = read_text(&item, "yaml")?;
                // Most versions are of other people: to look for the id is cheaper than to read them.
                if !yaml.contains(&plain(id)) {
                    continue;
                }
                let read = parse(yaml).map_err(|_| anyhow!("a version of the list {name} does not read"))?;
                let Definition::List(mut source) = read else { continue };
                let ids = source.ids.len();
                source.ids.retain(|listed| listed != id);
                if source.ids.len() < ids {
                    let without = json!({ "list": source }).to_string();
                    found.push((name.to_owned(), item, without));
                }
            }
        }
        Ok(found)
    }
}

/// The part of an id that stands in a text whichever way the text is quoted.
fn plain(id: &CustomerId) -> String {
    let parts = id.as_str().split(['"', '\'', '\\']);
    parts.max_by_key(|part| part.len()).unwrap_or_default().to_owned()
}
