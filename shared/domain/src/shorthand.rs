//! What is written as a name alone, or as a map that says more.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Reads a name, which `of_name` makes into what a map with nothing else would say, or a map. `expected` is what a mistake
/// says belongs here. By hand: an untagged enum would not say which key is misspelt.
pub fn name_or_map<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
    of_name: fn(String) -> T,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(NameOrMap { expected, of_name })
}

struct NameOrMap<T> {
    expected: &'static str,
    of_name: fn(String) -> T,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for NameOrMap<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        Ok((self.of_name)(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
