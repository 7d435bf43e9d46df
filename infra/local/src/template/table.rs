//! The properties of a table, as `CloudFormation` writes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::resource::properties;
use super::{AttributeType, Index, Key, Projection, Table, TemplateError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    attribute_definitions: Vec<AttributeDefinition>,
    key_schema: Vec<KeyElement>,
    #[serde(default)]
    global_secondary_indexes: Vec<IndexProperties>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeDefinition {
    attribute_name: String,
    attribute_type: AttributeType,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyElement {
    attribute_name: String,
    key_type: KeyType,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum KeyType {
    Hash,
    Range,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexProperties {
    index_name: String,
    key_schema: Vec<KeyElement>,
    projection: ProjectionProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProjectionProperties {
    projection_type: Projection,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

pub(super) fn table(id: &str, value: Value) -> Result<Table, TemplateError> {
    let table: TableProperties = properties(id, "AWS::DynamoDB::Table", value)?;
    let attributes: BTreeMap<_, _> =
        table.attribute_definitions.into_iter().map(|a| (a.attribute_name, a.attribute_type)).collect();
    let key = key(id, table.key_schema, &attributes)?;
    let mut indexes = BTreeMap::new();
    for index in table.global_secondary_indexes {
        let key = self::key(id, index.key_schema, &attributes)?;
        indexes.insert(index.index_name, Index { key, projection: index.projection.projection_type });
    }
    let expires = table.time_to_live_specification.filter(|ttl| ttl.enabled).map(|ttl| ttl.attribute_name);
    Ok(Table { key, attributes, indexes, expires })
}

fn key(
    id: &str,
    schema: Vec<KeyElement>,
    attributes: &BTreeMap<String, AttributeType>,
) -> Result<Key, TemplateError> {
    if let Some(element) = schema.iter().find(|element| !attributes.contains_key(&element.attribute_name)) {
        return Err(TemplateError::new(
            id,
            format!("the key attribute {} has no type", element.attribute_name),
            "add it to AttributeDefinitions",
        ));
    }
    let (mut partition, mut sort) = (None, None);
    for element in schema {
        let part = if element.key_type == KeyType::Hash { &mut partition } else { &mut sort };
        *part = Some(element.attribute_name);
    }
    let partition = partition
        .ok_or_else(|| TemplateError::new(id, "a key has no HASH attribute", "add it to KeySchema"))?;
    Ok(Key { partition, sort })
}
