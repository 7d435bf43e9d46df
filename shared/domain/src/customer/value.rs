//! Reading values. By hand: `serde` would try one form of a value after the other and word an error for each that it is
//! not, which takes longer than all else there is to read of a customer.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Value;

/// As `serde` says it of an enum without tags; [`crate::mistakes`] has other words for it.
const NO_VALUE: &str = "data did not match any variant of untagged enum Value";

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true or false, or a list of texts")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Absent)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Absent)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Number(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = seq.next_element()? {
            match item {
                Value::Text(text) => texts.push(text),
                Value::Absent | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::List(_) => {
                    return Err(A::Error::custom(NO_VALUE));
                }
            }
        }
        Ok(Value::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom(NO_VALUE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        let large = u64::MAX.to_string();
        let table = [
            ("null", Value::Absent),
            ("true", Value::Boolean(true)),
            ("-3", Value::Integer(-3)),
            ("3", Value::Integer(3)),
            (large.as_str(), Value::Number(u64::MAX as f64)),
            ("3.0", Value::Number(3.0)),
            (r#""花""#, Value::Text("花".to_owned())),
            (r#"["a","b"]"#, Value::List(vec!["a".to_owned(), "b".to_owned()])),
            ("[]", Value::List(Vec::new())),
        ];
        for (text, value) in table {
            assert_eq!(serde_json::from_str::<Value>(text).unwrap(), value, "{text}");
        }
        for text in ["{}", "[1]", "[[\"a\"]]", "[null]"] {
            let error = serde_json::from_str::<Value>(text).unwrap_err().to_string();
            assert!(error.starts_with(NO_VALUE), "{text}: {error}");
        }
    }
}
