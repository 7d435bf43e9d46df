//! The ways of an enum, and what they hold.

use std::marker::PhantomData;

use serde::de::{DeserializeSeed, EnumAccess, Error, IgnoredAny, IntoDeserializer, VariantAccess, Visitor};

use super::made::Made;
use super::{Amended, Amendment, Over};
use crate::place::Part;

impl<'de, 'r, A: EnumAccess<'de>> EnumAccess<'de> for Amended<'r, A> {
    type Error = A::Error;
    type Variant = Amended<'r, A::Variant>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), A::Error> {
        let reading = self.reading;
        let (key, variant) = self.inner.variant_seed(PhantomData::<String>)?;
        reading.enter(Part::Key(key.clone(), 0));
        let read = seed.deserialize(reading.renamed(key).into_deserializer());
        let read = read.inspect_err(|_: &A::Error| reading.fail(Over::Key))?;
        Ok((read, Amended { inner: variant, reading }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Amended<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant().inspect_err(|_| self.reading.fail(Over::Value))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let reading = self.reading;
        let read = match (reading.amendment(), reading.is_bare()) {
            (Some(Amendment::Make(attempt, name)), bare) => {
                let skipped = if bare {
                    self.inner.unit_variant()
                } else {
                    self.inner.newtype_variant::<IgnoredAny>().map(|_| ())
                };
                skipped.and_then(|()| seed.deserialize(Made::new(name, *attempt)))
            }
            (Some(Amendment::Add(_) | Amendment::Cut) | None, true) => Err(A::Error::custom(BARE)),
            (Some(Amendment::Add(_) | Amendment::Cut) | None, false) => {
                self.inner.newtype_variant_seed(Amended { inner: seed, reading })
            }
        };
        read.inspect_err(|_| reading.fail(Over::Value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let reading = self.reading;
        let read = self.inner.tuple_variant(len, Amended { inner: visitor, reading });
        read.inspect_err(|_| reading.fail(Over::Value))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let reading = self.reading;
        let read = match (reading.amendment(), reading.is_bare()) {
            (Some(Amendment::Make(attempt, name)), bare) => {
                let skipped = if bare {
                    self.inner.unit_variant()
                } else {
                    self.inner.struct_variant(fields, IgnoredAny).map(|_| ())
                };
                skipped.and_then(|()| Made::new(name, *attempt).struct_variant(fields, visitor))
            }
            (Some(Amendment::Add(_) | Amendment::Cut) | None, true) => Err(A::Error::custom(BARE)),
            (Some(Amendment::Add(_) | Amendment::Cut) | None, false) => {
                self.inner.struct_variant(fields, Amended { inner: visitor, reading })
            }
        };
        read.inspect_err(|_| reading.fail(Over::Value))
    }
}

const BARE: &str = "this word stands alone; write what it holds after it, as in `word: …`";
