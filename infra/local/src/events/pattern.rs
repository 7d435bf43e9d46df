//! Event patterns.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>

use anyhow::bail;
use serde_json::Value;

/// Checks that a pattern holds only what is understood here: lists of exact values, nested objects, `prefix`,
/// `exists` and `anything-but` (of values, or of a prefix).
pub fn check(pattern: &Value) -> anyhow::Result<()> {
    let Value::Object(fields) = pattern else { bail!("a pattern is an object, and this is {pattern}") };
    for (name, field) in fields {
        match field {
            Value::Object(_) => check(field).map_err(|error| error.context(format!("in {name:?}")))?,
            Value::Array(alternatives) if !alternatives.is_empty() => {
                for alternative in alternatives {
                    if !is_known(alternative) {
                        bail!(
                            "{name:?}: {alternative} is not understood; known: values, prefix, exists, anything-but"
                        );
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                bail!("{name:?} is {field}, and should be a list of alternatives")
            }
        }
    }
    Ok(())
}

fn is_known(alternative: &Value) -> bool {
    let Value::Object(matcher) = alternative else { return !alternative.is_array() };
    let (Some((kind, argument)), 1) = (matcher.iter().next(), matcher.len()) else { return false };
    match kind.as_str() {
        "prefix" => argument.is_string(),
        "exists" => argument.is_boolean(),
        "anything-but" => match argument {
            Value::Object(inner) => inner.len() == 1 && inner.get("prefix").is_some_and(Value::is_string),
            Value::Array(list) => list.iter().all(is_scalar),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => is_scalar(argument),
        },
        _ => false,
    }
}

fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

/// Whether `event` has all that `pattern` asks for.
pub(super) fn matches(pattern: &Value, event: &Value) -> bool {
    let Value::Object(fields) = pattern else { return false };
    fields.iter().all(|(name, field)| {
        let value = event.get(name);
        match field.as_array() {
            Some(alternatives) => alternatives.iter().any(|alternative| admits(alternative, value)),
            // An absent object may still be what is asked for: {"exists": false} within it.
            None => matches(field, value.unwrap_or(&Value::Null)),
        }
    })
}

fn admits(alternative: &Value, value: Option<&Value>) -> bool {
    if let Some(exists) = alternative.get("exists").and_then(Value::as_bool) {
        // Only leaves exist.
        return value.is_some_and(|value| !value.is_object()) == exists;
    }
    match value {
        None | Some(Value::Object(_)) => false,
        Some(Value::Array(elements)) => elements.iter().any(|element| admits_leaf(alternative, element)),
        Some(leaf) => admits_leaf(alternative, leaf),
    }
}

fn admits_leaf(alternative: &Value, leaf: &Value) -> bool {
    let has_prefix = |prefix: &Value| {
        leaf.as_str().zip(prefix.as_str()).is_some_and(|(leaf, prefix)| leaf.starts_with(prefix))
    };
    if let Some(prefix) = alternative.get("prefix") {
        return has_prefix(prefix);
    }
    match alternative.get("anything-but") {
        Some(Value::Array(list)) => !list.iter().any(|value| same(value, leaf)),
        Some(Value::Object(inner)) => leaf.is_string() && !inner.get("prefix").is_some_and(has_prefix),
        Some(value) => !same(value, leaf),
        None => same(alternative, leaf),
    }
}

/// Numbers are compared by value: 300, 300.0 and 3.0e2 are one.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < f64::EPSILON,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_match_as_eventbridge_documents_them() {
        let event = json!({
            "source": "tsunagi", "detail-type": "customer.entered",
            "detail": {"segment": "drifting", "amount": 300, "tags": ["a", "vip"], "gone": null, "at": {"hour": 9}},
        });
        let table = [
            (json!({"source": ["other", "tsunagi"]}), true),
            (json!({"source": ["other"]}), false),
            (json!({"source": ["tsunagi"], "detail": {"segment": ["loyal"]}}), false),
            (json!({"detail-type": [{"prefix": "customer."}]}), true),
            (json!({"detail": {"amount": [300.0]}}), true),
            (json!({"detail": {"amount": ["300"]}}), false),
            (json!({"detail": {"tags": ["vip"]}}), true),
            (json!({"detail": {"gone": [null]}}), true),
            (json!({"detail": {"segment": [{"exists": true}]}}), true),
            (json!({"detail": {"missing": [{"exists": false}]}}), true),
            (json!({"detail": {"missing": {"deep": [{"exists": false}]}}}), true),
            (json!({"detail": {"missing": [{"anything-but": "x"}]}}), false),
            (json!({"detail": {"segment": [{"anything-but": ["loyal", "drifting"]}]}}), false),
            (json!({"detail": {"segment": [{"anything-but": {"prefix": "loy"}}]}}), true),
            (json!({"detail": {"at": {"hour": [9]}}}), true),
        ];
        for (pattern, expected) in table {
            check(&pattern).unwrap();
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pattern in [
            json!("x"),
            json!({"source": "tsunagi"}),
            json!({"source": []}),
            json!({"detail": {"amount": [{"numeric": [">", 0]}]}}),
        ] {
            assert!(check(&pattern).is_err(), "{pattern}");
        }
    }
}
