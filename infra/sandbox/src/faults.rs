//! What goes wrong, chosen for each message by its reference: the same whatever the order and the concurrency.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// The most refusals in a row that a temporary fault gives one message.
const MAX_REFUSALS: i64 = 3;

/// What goes wrong. Fractions are of messages, from 0 to 1; the six of them that concern the answer exclude each
/// other, so together they are at most 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How long every answer takes, in milliseconds.
    pub latency_ms: u64,
    /// The status with which every request is refused, look-ups too, such as 429 or 503; 0 while the provider works.
    pub down: u16,
    /// Messages refused with 503 one to three times before they are accepted.
    pub unavailable: f64,
    /// Messages refused with 429 one to three times before they are accepted.
    pub throttled: f64,
    /// Messages refused with 400 for good.
    pub refused: f64,
    /// Messages that are accepted and answered with 503 all the same.
    pub misreported: f64,
    /// Messages that are accepted and never answered.
    pub unanswered: f64,
    /// Messages that are accepted with an answer that breaks off.
    pub cut_off: f64,
    /// Messages whose receipt is posted twice.
    pub receipts_twice: f64,
    /// Messages whose receipt is never posted.
    pub receipts_never: f64,
    /// Whether receipts come up to ten minutes late and in another order.
    pub receipts_shuffled: bool,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    Unavailable { refusals: i64 },
    Throttled { refusals: i64 },
    Refused,
    Misreported,
    Unanswered,
    CutOff,
}

impl Faults {
    /// Whether the fractions can all hold.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.down == 0 || (400..600).contains(&self.down),
            "down is 0, or a status from 400 to 599, not {}",
            self.down
        );
        let answers =
            [self.unavailable, self.throttled, self.refused, self.misreported, self.unanswered, self.cut_off];
        let all = answers.iter().chain([&self.receipts_twice, &self.receipts_never]);
        for fraction in all {
            ensure!((0.0..=1.0).contains(fraction), "a fraction of messages is from 0 to 1, not {fraction}");
        }
        let sum: f64 = answers.iter().sum();
        ensure!(
            sum <= 1.0 + f64::EPSILON,
            "unavailable, throttled, refused, misreported, unanswered and cut_off exceed 1"
        );
        Ok(())
    }

    pub(crate) fn fate(&self, seed: u64, reference: &str) -> Fate {
        let mut chance = Chance::about(seed, &["fate", reference]);
        let mut draw = chance.fraction();
        let refusals = chance.between(1, MAX_REFUSALS);
        let fates = [
            (self.unavailable, Fate::Unavailable { refusals }),
            (self.throttled, Fate::Throttled { refusals }),
            (self.refused, Fate::Refused),
            (self.misreported, Fate::Misreported),
            (self.unanswered, Fate::Unanswered),
            (self.cut_off, Fate::CutOff),
        ];
        for (fraction, fate) in fates {
            if draw < fraction {
                return fate;
            }
            draw -= fraction;
        }
        Fate::Accepted
    }

    /// How long after their time the receipts of a message are posted, in seconds: none, one or two of them.
    pub(crate) fn receipt_delays(&self, seed: u64, reference: &str) -> Vec<i64> {
        let mut chance = Chance::about(seed, &["receipts", reference]);
        let never = chance.happens(self.receipts_never);
        let twice = chance.happens(self.receipts_twice);
        let late = chance.between(0, 600);
        let again = chance.between(1, 60);
        let first = if self.receipts_shuffled { late } else { 0 };
        match (never, twice) {
            (true, _) => Vec::new(),
            (false, true) => vec![first, first + again],
            (false, false) => vec![first],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_come_in_their_fractions_and_stay() {
        let faults = Faults { unavailable: 0.2, refused: 0.1, unanswered: 0.05, ..Faults::default() };
        let fates: Vec<Fate> = (0..2000).map(|n| faults.fate(7, &format!("m{n}"))).collect();
        let again: Vec<Fate> = (0..2000).map(|n| faults.fate(7, &format!("m{n}"))).collect();
        assert_eq!(fates, again);
        let share = |wanted: fn(&Fate) -> bool| fates.iter().filter(|fate| wanted(fate)).count();
        assert!((340..460).contains(&share(|fate| matches!(fate, Fate::Unavailable { .. }))));
        assert!((150..250).contains(&share(|fate| *fate == Fate::Refused)));
        assert!((60..140).contains(&share(|fate| *fate == Fate::Unanswered)));
    }

    #[test]
    fn fractions_that_cannot_hold_are_refused() {
        assert!(Faults { refused: 1.1, ..Faults::default() }.check().is_err());
        assert!(Faults { refused: 0.6, unanswered: 0.6, ..Faults::default() }.check().is_err());
        assert!(Faults { refused: 1.0, receipts_twice: 1.0, ..Faults::default() }.check().is_ok());
    }
}
