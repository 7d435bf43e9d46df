//! A value of whatever type is asked for, to stand where something can't be read: what surrounds it is read on.

use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, VariantAccess, Visitor,
    value::{MapDeserializer, SeqDeserializer},
};
use serde::forward_to_deserialize_any;

/// Texts that one type or another takes where it does not take a name.
const TEXTS: [&str; 6] =
    ["1d", "09:00", "2026-01-01", "12-31", "2026-01-01T00:00:00Z", "https://shop.example.jp/"];

/// How many attempts there are.
pub const ATTEMPTS: usize = TEXTS.len() + 1;

/// Ways of an enum that hold nothing a check could find fault with; without one of them, the first way is taken.
const HARMLESS: [&str; 5] = ["in_audience", "add_to_audience", "never", "transactional", "segment"];

/// A made value: texts are `name` at the first attempt, and one of [`TEXTS`] after it; numbers are 1; lists and maps are
/// empty; what may be left out within it is.
pub struct Made<'n, E> {
    name: &'n str,
    attempt: usize,
    inner: bool,
    error: PhantomData<E>,
}

impl<'n, E> Made<'n, E> {
    /// The value of one attempt.
    pub const fn new(name: &'n str, attempt: usize) -> Self {
        Self { name, attempt, inner: false, error: PhantomData }
    }

    const fn within(self) -> Self {
        Self { inner: true, ..self }
    }

    fn text(&self) -> &'n str {
        self.attempt.checked_sub(1).and_then(|index| TEXTS.get(index)).copied().unwrap_or(self.name)
    }
}

impl<'de, E: Error> Deserializer<'de> for Made<'_, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_str(self.text())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_bool(true)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_i64(1)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_u64(1)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_f64(1.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        if self.inner { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<&str>()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        visitor.visit_map(Fields { fields, value: self.within() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let harmless = variants.iter().find(|variant| HARMLESS.contains(variant));
        let Some(variant) = harmless.or(variants.first()).copied() else {
            return Err(E::custom("an enum without variants"));
        };
        visitor.visit_enum(Way { variant, value: self.within() })
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_f64(visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf tuple tuple_struct identifier ignored_any
    }
}

/// Every field of a struct, each made.
struct Fields<'n, E> {
    fields: &'static [&'static str],
    value: Made<'n, E>,
}

impl<'de, E: Error> MapAccess<'de> for Fields<'_, E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        let Some((first, rest)) = self.fields.split_first() else { return Ok(None) };
        self.fields = rest;
        seed.deserialize((*first).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, E> {
        seed.deserialize(Made { error: PhantomData, ..self.value })
    }
}

/// One way of an enum.
struct Way<'n, E> {
    variant: &'static str,
    value: Made<'n, E>,
}

impl<'de, 'n, E: Error> EnumAccess<'de> for Way<'n, E> {
    type Error = E;
    type Variant = Made<'n, E>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), E> {
        Ok((seed.deserialize(self.variant.into_deserializer())?, self.value))
    }
}

impl<'de, E: Error> VariantAccess<'de> for Made<'_, E> {
    type Error = E;

    fn unit_variant(self) -> Result<(), E> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, E> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, E> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        self.deserialize_struct("", fields, visitor)
    }
}
