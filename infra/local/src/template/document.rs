//! A template's YAML as plain values: `!Ref X` becomes `{"Ref": "X"}`, `!Sub X` becomes `{"Fn::Sub": "X"}`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Tagged;

use super::TemplateError;

/// The parts of a template that say what exists.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Document {
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) globals: Value,
    pub(super) resources: BTreeMap<String, Resource>,
}

/// What a stack is asked for.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parameter {
    pub(super) default: Option<Value>,
    #[serde(default)]
    pub(super) allowed_values: Vec<Value>,
}

/// One thing that a stack creates.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Resource {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    /// The condition without which it does not exist.
    pub(super) condition: Option<String>,
    #[serde(default)]
    pub(super) properties: Value,
    #[serde(rename = "DeletionPolicy")]
    _deletion_policy: Option<String>,
    #[serde(rename = "UpdateReplacePolicy")]
    _update_replace_policy: Option<String>,
    #[serde(rename = "DependsOn")]
    _depends_on: Option<Value>,
    #[serde(rename = "Metadata")]
    _metadata: Option<Value>,
}

/// Reads a template's text.
pub(super) fn read(text: &str) -> Result<Document, TemplateError> {
    // As AWS reads it, the attribute type `N` is no boolean.
    let options = serde_saphyr::options! { strict_booleans: true };
    let Plain(value) = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| TemplateError::new("template", error.to_string(), "write it as YAML"))?;
    serde_json::from_value(value)
        .map_err(|error| TemplateError::new("template", error.to_string(), "write it as a SAM template"))
}

struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Untagged(value), tag) = Tagged::deserialize(deserializer)?;
        Ok(Self(match tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            None => value,
            Some(name @ ("Ref" | "Condition")) => Map::from_iter([(name.to_owned(), value)]).into(),
            Some(name) => Map::from_iter([(format!("Fn::{name}"), value)]).into(),
        }))
    }
}

struct Untagged(Value);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Plain(value))) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(map.into())
    }
}
