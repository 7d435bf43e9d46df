//! What a row or an order says, before it is handed over.

use serde_json::{Map, Value, json};

use crate::Kind;
use crate::formats::KnownBy;
use crate::seen::hash;

/// What a row or an order says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// At least one call.
    pub calls: Vec<Value>,
    /// By what the customer is known who has no id.
    pub known_by: Option<KnownBy>,
    /// The phone number is of no mobile phone.
    pub fixed_line: bool,
    /// The order has more products than are kept.
    pub long: bool,
    /// Columns of consent that say neither yes nor no.
    pub unclear: Vec<String>,
}

impl Said {
    /// What it is about: a customer as of a time, an order, an event.
    pub fn name(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Customers => self.hash(&["/userId", "/timestamp"]),
            Kind::Orders | Kind::Events => self.hash(&["/messageId"]),
        }
    }

    /// What it says of that. Further rows of an order have other products.
    pub fn what(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Customers | Kind::Events => hash(&self.calls),
            Kind::Orders => self.hash(&["/userId", "/timestamp", "/properties/total"]),
        }
    }

    /// Writes beside each consent where it stands and what was agreed to. It is no part of what the row says: the same row
    /// further down says the same.
    pub fn prove(&mut self, evidence: &str, wording: Option<&str>) {
        let consents = self.calls.iter_mut().filter_map(|call| call.pointer_mut("/traits/consents"));
        let purposes = consents.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
        for said in purposes.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
            let mut proven = json!({ "given": said.take(), "source": "file", "evidence": evidence });
            if let (Some(proven), Some(wording)) = (proven.as_object_mut(), wording) {
                proven.insert("wording".to_owned(), wording.into());
            }
            *said = proven;
        }
    }

    fn hash(&self, places: &[&str]) -> u64 {
        let first = self.calls.first();
        hash(places.iter().filter_map(|place| first?.pointer(place)))
    }
}

/// The name of an order or an event whose call has this `messageId`.
pub(crate) fn name_of(message_id: &str) -> u64 {
    hash([&json!(message_id)])
}

/// What is said of an order that is no purchase.
pub(crate) fn no_purchase(state: &str) -> u64 {
    hash([&json!({ "no_purchase": state })])
}
