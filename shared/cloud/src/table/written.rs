//! The versions of items: the attribute `v` of whatever holds a document or is read as a whole. Counters, flags and what leads
//! from a key to an id have none: what is more to be said of them gets an attribute of its own.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::{Item, number, read_number, read_text};
use crate::version::{FIRST, NAME, Shape, Unread};

/// The version that an item is written in.
fn version(item: &Item) -> u32 {
    read_number(item, NAME).map_or(FIRST, |version| u32::try_from(version).unwrap_or(0))
}

impl<W> Shape<W> {
    /// The attribute that says the version that is written.
    pub(super) fn mark(&self) -> (String, AttributeValue) {
        (NAME.to_owned(), number(self.version()))
    }

    /// Whether an item is of a version that is known.
    pub(super) fn check_item(&self, item: &Item) -> Result<(), Unread> {
        self.check(version(item))
    }
}

impl Shape {
    /// Reads the document in an attribute of an item.
    pub(super) fn document<T: DeserializeOwned>(&self, item: &Item, attribute: &str) -> anyhow::Result<T> {
        // Before anything else: what a later version calls the attribute is not known.
        self.check_item(item)?;
        Ok(self.read(read_text(item, attribute)?, version(item))?)
    }
}

impl Shape<Item> {
    /// An item as the current version would have written it.
    pub(super) fn item<'a>(&self, item: &'a Item) -> Result<Cow<'a, Item>, Unread> {
        self.raised(item, version(item))
    }
}

#[cfg(test)]
mod tests;
