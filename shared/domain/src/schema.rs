//! The JSON Schema of definitions, by which editors complete and check them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::definition::Definition;

/// The schema, in the draft that editors know best. What only a whole definition or all of them together can tell is not
/// in it: `tsunagi validate` tells the rest.
pub fn schema() -> Value {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Definition>();
    let mut schema = schema.to_value();
    describe(&mut schema);
    schema
}

/// Puts descriptions into words that need no knowledge of this code: a link to an item becomes its name.
fn describe(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = unlinked(text);
            }
            map.values_mut().for_each(describe);
        }
        Value::Array(items) => items.iter_mut().for_each(describe),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn unlinked(text: &str) -> String {
    let mut parts = text.split("[`");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (link, rest) = part.split_once("`]").unwrap_or((part, ""));
        let name = link.rsplit("::").next().unwrap_or(link);
        plain.extend(["`", name, "`", rest]);
    }
    plain
}
