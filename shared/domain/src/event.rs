//! What customers do, and what is kept of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::customer::Value;
use crate::money::Yen;
use crate::time::Timestamp;

/// The name of a completed purchase in the Segment e-commerce specification.
pub const ORDER_COMPLETED: &str = "Order Completed";

/// What is told after a customer filled in the form for an e-mail address.
pub const ADDRESS_UPDATED: &str = "Address Updated";

/// What is told after a customer confirmed an agreement to marketing by e-mail.
pub const CONSENT_CONFIRMED: &str = "Consent Confirmed";

/// How many occurrences of one event name a customer keeps; older ones are kept as count, sum and first.
pub const RECENT_LIMIT: usize = 100;

/// How many event names a customer keeps.
pub const NAMES_LIMIT: usize = 50;

/// Properties of an event by name: texts, numbers, yes or no, lists of texts.
pub type Properties = BTreeMap<String, Value>;

/// The most bytes of properties that are kept of one event.
pub const PROPERTIES_BYTES: usize = 1_000;

/// The most bytes of properties that are kept of all occurrences of an event name: the latest ones keep theirs. Purchases
/// are asked about most.
fn properties_limit(name: &str) -> usize {
    if name == ORDER_COMPLETED { 24_000 } else { 4_000 }
}

/// About as many bytes as properties take.
pub fn properties_bytes(properties: &Properties) -> usize {
    properties.iter().map(|(name, value)| name.len() + value.bytes()).sum()
}

/// An event's identity: eleven base62 characters of the SHA-256 of what the sender calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// The identity of the event that its sender calls `name`.
    pub fn of(name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let number = digest.iter().take(8).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self(base62(number, 11))
    }
}

impl EventId {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The last `length` digits of `number` in base 62.
pub fn base62(mut number: u128, length: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = vec!['0'; length];
    for place in text.iter_mut().rev() {
        *place = char::from(DIGITS[(number % 62) as usize]);
        number /= 62;
    }
    text.into_iter().collect()
}

/// Something a customer did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its identity; an event that comes twice counts once.
    pub id: EventId,
    /// What was done, in the sender's words.
    pub name: String,
    /// When it was done.
    pub at: Timestamp,
    /// What it was worth.
    #[serde(default, skip_serializing_if = "Yen::is_zero")]
    pub yen: Yen,
    /// What else is known of it, at most [`PROPERTIES_BYTES`].
    #[serde(default, skip_serializing_if = "Properties::is_empty")]
    pub properties: Properties,
}

/// One occurrence that is kept: when, which, worth how much, and its properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occurrence(
    pub Timestamp,
    pub EventId,
    pub Yen,
    #[serde(default, skip_serializing_if = "Properties::is_empty")] pub Properties,
);

/// All occurrences of one event name: aggregates over all, and the most recent ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// How many there were.
    pub count: u32,
    /// What they were worth together.
    #[serde(default, skip_serializing_if = "Yen::is_zero")]
    pub total: Yen,
    /// The earliest.
    pub first: Timestamp,
    /// The latest [`RECENT_LIMIT`], earliest first.
    pub recent: Vec<Occurrence>,
    /// Occurrences up to here are in the aggregates only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folded: Option<Timestamp>,
    /// Occurrences up to this one are kept without their properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare: Option<(Timestamp, EventId)>,
}

/// What became of an event that was added to a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It counts.
    Counted,
    /// It had been counted before.
    Duplicate,
    /// It is older than all that is kept one by one, so whether it was counted before can't be told: it is left out.
    TooOld,
}

impl History {
    /// Adds an occurrence, in whatever order they come.
    pub fn add(&mut self, event: &Event) -> Added {
        let occurrence = Occurrence(event.at, event.id.clone(), event.yen, event.properties.clone());
        if self.recent.iter().any(|kept| kept.1 == occurrence.1) {
            return Added::Duplicate;
        }
        if self.folded.is_some_and(|folded| event.at <= folded) {
            return Added::TooOld;
        }
        self.first = if self.count == 0 { event.at } else { self.first.min(event.at) };
        self.count = self.count.saturating_add(1);
        self.total += event.yen;
        let place = self.recent.partition_point(|kept| (kept.0, &kept.1) < (occurrence.0, &occurrence.1));
        self.recent.insert(place, occurrence);
        if self.recent.len() > RECENT_LIMIT {
            self.folded = Some(self.recent.remove(0).0);
        }
        self.forget_properties(properties_limit(&event.name));
        Added::Counted
    }

    /// Keeps the properties of the latest occurrences, as far as there is room for them without a gap: so the same ones
    /// are kept in whatever order the events come.
    fn forget_properties(&mut self, limit: usize) {
        let mut bytes = 0;
        for kept in self.recent.iter_mut().rev() {
            let named = (kept.0, kept.1.clone());
            bytes += properties_bytes(&kept.3);
            let full = bytes > limit;
            if full || self.bare.as_ref().is_some_and(|bare| named <= *bare) {
                self.bare = self.bare.take().max(full.then_some(named));
                kept.3 = Properties::new();
            }
        }
    }

    /// When the next occurrence is that is dated later than `now`.
    pub fn ahead(&self, now: Timestamp) -> Option<Timestamp> {
        // Nearly always none is: the last one tells.
        self.recent.last().filter(|last| last.0 > now)?;
        self.recent.iter().map(|kept| kept.0).find(|at| *at > now)
    }

    /// The latest occurrence that is not later than `now`.
    pub fn last(&self, now: Timestamp) -> Option<&Occurrence> {
        self.recent.iter().rev().find(|kept| kept.0 <= now)
    }

    /// When the latest occurrence was that is not later than `now`, be it kept one by one or not.
    pub fn last_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.last(now).map(|kept| kept.0).or(self.folded.filter(|folded| *folded <= now))
    }

    /// Whether there is an occurrence at `from` or later that is not later than `until`; the earliest of them.
    pub fn first_between(&self, from: Timestamp, until: Timestamp) -> Option<&Occurrence> {
        self.recent.iter().find(|kept| kept.0 >= from && kept.0 <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, at: i64) -> Event {
        Event {
            id: EventId::of(id),
            name: "Order Completed".into(),
            at: Timestamp::from_seconds(at),
            yen: Yen(100),
            properties: Properties::new(),
        }
    }

    #[test]
    fn counts_once_in_any_order() {
        let mut forward = History::default();
        let mut backward = History::default();
        for n in 0..10 {
            assert_eq!(forward.add(&event(&n.to_string(), n)), Added::Counted);
            assert_eq!(forward.add(&event(&n.to_string(), n)), Added::Duplicate);
            backward.add(&event(&(9 - n).to_string(), 9 - n));
        }
        assert_eq!(forward, backward);
        assert_eq!(
            (forward.count, forward.total, forward.first),
            (10, Yen(1_000), Timestamp::from_seconds(0))
        );
    }

    #[test]
    fn the_latest_properties_are_kept_in_any_order() {
        let told = |n: i64| Event {
            name: "Page Viewed".into(),
            properties: Properties::from([("page".to_owned(), Value::Text("x".repeat(300)))]),
            ..event(&n.to_string(), n)
        };
        let mut forward = History::default();
        let mut backward = History::default();
        for n in 0..40 {
            forward.add(&told(n));
            backward.add(&told(39 - n));
        }
        assert_eq!(forward, backward);
        let kept: Vec<bool> = forward.recent.iter().map(|kept| !kept.3.is_empty()).collect();
        assert!(!kept[0] && kept[39] && kept.is_sorted(), "{kept:?}");
    }

    #[test]
    fn an_occurrence_reads_back_with_and_without_properties() {
        for (text, properties) in [(r#"[1,"a",3]"#, 0), (r#"[1,"a",3,{"page":"x"}]"#, 1)] {
            let read: Occurrence = serde_json::from_str(text).unwrap();
            assert_eq!(read.3.len(), properties);
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn keeps_the_latest_one_by_one() {
        let mut history = History::default();
        for n in 0..250 {
            history.add(&event(&n.to_string(), n));
        }
        assert_eq!((history.count, history.recent.len()), (250, RECENT_LIMIT));
        assert_eq!(history.first, Timestamp::from_seconds(0));
        assert_eq!(history.add(&event("3", 3)), Added::TooOld);
    }
}
