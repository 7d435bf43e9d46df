//! Words for people, in Japanese and English.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A text for people: the same for all, or one in each language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Words {
    /// One text, whatever its language.
    Same(String),
    /// One in each language; either may be left out.
    Each(Languages),
}

/// A text in each language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Languages {
    /// Japanese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ja: String,
    /// English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl Words {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.texts().next().is_none()
    }

    /// What is said, in each language that there is.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::Same(text) => [text.as_str(), ""],
            Self::Each(Languages { ja, en }) => [ja.as_str(), en.as_str()],
        };
        texts.into_iter().map(str::trim).filter(|text| !text.is_empty())
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::Same(String::new())
    }
}

impl fmt::Display for Words {
    /// Japanese first, then English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, text) in self.texts().enumerate() {
            let between = if index == 0 { "" } else { " / " };
            write!(f, "{between}{text}")?;
        }
        Ok(())
    }
}

/// By hand: an untagged enum would not say which key is misspelt.
impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or one in each language as `{ ja: …, en: … }`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
        Ok(Words::Same(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Words, E> {
        Ok(Words::Same(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Words, E> {
        Ok(Words::Same(number.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Words, A::Error> {
        Languages::deserialize(MapAccessDeserializer::new(map)).map(Words::Each)
    }
}

impl JsonSchema for Words {
    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let each = generator.subschema_for::<Languages>();
        json_schema!({ "anyOf": [{ "type": "string" }, each] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_or_one_in_each_language() {
        for (yaml, shown) in [
            ("離反 / Lapsed", "離反 / Lapsed"),
            ("{ ja: 離反, en: Lapsed }", "離反 / Lapsed"),
            ("{ en: Lapsed }", "Lapsed"),
            ("2026", "2026"),
            ("~", ""),
        ] {
            let words: Words = serde_saphyr::from_str(yaml).unwrap();
            assert_eq!(words.to_string(), shown, "{yaml}");
            let again: Words = serde_saphyr::from_str(&serde_json::to_string(&words).unwrap()).unwrap();
            assert_eq!(again, words);
        }
        assert!(serde_saphyr::from_str::<Words>("{ jp: 離反 }").is_err());
    }
}
