//! What customers do, and what is kept of it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::money::Yen;
use crate::time::Timestamp;

/// The name of a completed purchase in the Segment e-commerce specification.
pub const ORDER_COMPLETED: &str = "Order Completed";

/// How many occurrences of one event name a customer keeps; older ones are kept as count, sum and first.
pub const RECENT_LIMIT: usize = 100;

/// How many event names a customer keeps.
pub const NAMES_LIMIT: usize = 50;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// One occurrence that is kept: when, which, worth how much.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Occurrence(pub Timestamp, pub EventId, pub Yen);

/// All occurrences of one event name: aggregates over all, and the most recent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        let occurrence = Occurrence(event.at, event.id.clone(), event.yen);
        if self.recent.iter().any(|kept| kept.1 == occurrence.1) {
            return Added::Duplicate;
        }
        if self.folded.is_some_and(|folded| event.at <= folded) {
            return Added::TooOld;
        }
        self.first = if self.count == 0 { event.at } else { self.first.min(event.at) };
        self.count = self.count.saturating_add(1);
        self.total += event.yen;
        let place = self.recent.partition_point(|kept| *kept < occurrence);
        self.recent.insert(place, occurrence);
        if self.recent.len() > RECENT_LIMIT {
            self.folded = Some(self.recent.remove(0).0);
        }
        Added::Counted
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
