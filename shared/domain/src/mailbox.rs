//! How a person's mailbox does: one that keeps refusing mail, each time only for the moment, gets no more.
//!
//! Providers of e-mail count such soft bounces against whoever goes on (Google's and Yahoo's guidelines for senders ask for
//! lists without dead addresses), and those who send for others commonly give an address up after several in a row: here
//! [`BOUNCES`] messages in a row, over at least [`SECONDS`], so that a mailbox that was full for a weekend is none of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::chance::draw;
use crate::message::Code;
use crate::time::{DAY, Timestamp};

/// Messages in a row that bounced softly, after which a mailbox is given up.
pub const BOUNCES: usize = 5;

/// Seconds that lie at least between the first and the last of them.
pub const SECONDS: i64 = 7 * DAY;

/// The most bounces that are kept.
const KEPT: usize = 20;

/// What is known of a person's mailbox by what became of e-mails. In whatever order it is heard, it comes to the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// When the latest e-mail left that was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivered: Option<Timestamp>,
    /// E-mails since then that bounced softly: when each left, its code, and the address it went to, as a hash.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    bounces: BTreeSet<(Timestamp, Code, u32)>,
}

impl Mailbox {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// An e-mail that left at an instant was delivered.
    pub fn delivered(&mut self, left: Timestamp) {
        let latest = self.delivered.map_or(left, |known| known.max(left));
        self.delivered = Some(latest);
        self.bounces.retain(|(at, ..)| *at > latest);
    }

    /// An e-mail that left at an instant for an address bounced softly.
    pub fn bounced(&mut self, left: Timestamp, code: &Code, address: u32) {
        if self.delivered.is_none_or(|delivered| left > delivered) {
            self.bounces.insert((left, code.clone(), address));
            if self.bounces.len() > KEPT {
                self.bounces.pop_last();
            }
        }
    }

    /// Whether the mailbox of an address is given up.
    pub fn is_given_up(&self, address: &str) -> bool {
        let address = fingerprint(address);
        let left: Vec<Timestamp> =
            self.bounces.iter().filter(|(.., to)| *to == address).map(|(at, ..)| *at).collect();
        left.len() >= BOUNCES
            && left.first().zip(left.last()).is_some_and(|(first, last)| last.since(*first) >= SECONDS)
    }
}

/// What an address is known by here.
pub fn fingerprint(address: &str) -> u32 {
    draw(&[address, "mailbox"], u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "hana@example.jp";

    fn day(day: i64) -> Timestamp {
        Timestamp::from_seconds(1_772_413_200 + day * DAY)
    }

    fn code(number: i64) -> Code {
        Code::parse(&format!("{number:012}")).unwrap()
    }

    fn after(days: &[i64], delivered: &[i64]) -> Mailbox {
        let mut mailbox = Mailbox::default();
        for number in days {
            mailbox.bounced(day(*number), &code(*number), fingerprint(ADDRESS));
        }
        for number in delivered {
            mailbox.delivered(day(*number));
        }
        mailbox
    }

    #[test]
    fn five_in_a_row_over_a_week_are_too_many() {
        assert!(after(&[0, 1, 2, 3, 7], &[]).is_given_up(ADDRESS));
        assert!(!after(&[0, 1, 2, 3, 7], &[]).is_given_up("hanako@example.jp"), "another address");
        for (bounces, delivered) in [
            (&[0, 1, 2, 7][..], &[][..]),
            (&[0, 1, 2, 3, 6], &[]),
            (&[0, 1, 2, 3, 7, 8], &[2]),
            (&[0, 1, 2, 3, 7], &[7]),
        ] {
            assert!(!after(bounces, delivered).is_given_up(ADDRESS), "{bounces:?} {delivered:?}");
        }
    }

    #[test]
    fn what_is_heard_twice_or_in_another_order_comes_to_the_same() {
        let mut shuffled = Mailbox::default();
        for number in [8, 2, 9, 2, 4, 8, 30, 16] {
            shuffled.bounced(day(number), &code(number), fingerprint(ADDRESS));
            if number == 9 {
                shuffled.delivered(day(3));
                shuffled.delivered(day(1));
            }
        }
        assert_eq!(shuffled, after(&[2, 4, 8, 9, 16, 30], &[1, 3]));
        assert!(shuffled.is_given_up(ADDRESS));
        let many: Vec<i64> = (0..100).collect();
        let backwards: Vec<i64> = (0..100).rev().collect();
        assert_eq!(after(&many, &[]), after(&backwards, &[]));
    }
}
