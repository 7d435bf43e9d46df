//! Lists of customers by their ids, such as a file of those who were invited.

use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{CustomerId, ListName};

/// The most ids of one list: it is read whole wherever a condition is evaluated.
pub const IDS_LIMIT: usize = 10_000;

/// A list as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSource {
    /// Its name.
    pub name: ListName,
    /// The ids of the customers who are on it, at most [`IDS_LIMIT`].
    #[schemars(length(max = 10_000))]
    pub ids: Vec<CustomerId>,
}

/// The ids of a list, to ask whether one is among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids(Hashed);

#[expect(
    clippy::disallowed_types,
    reason = "it is asked and never gone through, so its order reaches nothing; and its hashes hold no chance"
)]
type Hashed = std::collections::HashSet<CustomerId, BuildHasherDefault<DefaultHasher>>;

impl Ids {
    /// Whether the customer is on the list.
    pub fn contains(&self, id: &CustomerId) -> bool {
        self.0.contains(id)
    }

    /// How many customers are on it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<CustomerId> for Ids {
    fn from_iter<T: IntoIterator<Item = CustomerId>>(ids: T) -> Self {
        Self(ids.into_iter().collect())
    }
}
