//! Scores of recency, frequency and money from 1 to 5 among all who bought.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Subject, Verdict, all};
use crate::event::ORDER_COMPLETED;
use crate::population::Rfm;
use crate::time::Timestamp;

/// A test of scores; everything that is given must hold. Nobody has scores who never bought, nor does anyone before the
/// boundaries between fifths of the customers were learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RfmTest {
    /// How lately the customer bought: 5 is the fifth who bought last.
    #[serde(default)]
    pub recency: Option<Scores>,
    /// How often the customer bought: 5 is the fifth who bought most often.
    #[serde(default)]
    pub frequency: Option<Scores>,
    /// What the customer spent: 5 is the fifth who spent most.
    #[serde(default)]
    pub money: Option<Scores>,
}

/// Scores, the bounds included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The least; 1 when it is not said.
    #[serde(default = "lowest")]
    pub at_least: u8,
    /// The most; 5 when it is not said.
    #[serde(default = "highest")]
    pub at_most: u8,
}

const fn lowest() -> u8 {
    1
}

const fn highest() -> u8 {
    5
}

impl Scores {
    const fn have(self, score: u8) -> bool {
        self.at_least <= score && score <= self.at_most
    }
}

impl RfmTest {
    /// Evaluates the test at `now`.
    pub fn evaluate(self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        let quintiles =
            subject.definitions.population.as_ref().and_then(|population| population.rfm.as_ref());
        let Some(history) = subject.customer.events.get(ORDER_COMPLETED) else {
            return Verdict::fixed(false);
        };
        let ahead = history.ahead(now);
        let (Some(quintiles), Some(rfm)) = (quintiles, Rfm::of(subject.customer, now)) else {
            return Verdict::fixed(false).no_later_than(ahead);
        };
        let last = now.plus(-rfm.recency);
        let recency = self.recency.map(|wanted| {
            let holds = wanted.have(quintiles.recency_score(rfm.recency));
            // A score falls when the time since the last purchase passes a boundary.
            let passing =
                quintiles.recency.iter().map(|boundary| last.plus(boundary + 1)).filter(|at| *at > now);
            let changes = passing.filter(|at| wanted.have(quintiles.recency_score(at.since(last))) != holds);
            Verdict { holds, next: changes.min() }
        });
        let frequency = self
            .frequency
            .map(|wanted| Verdict::fixed(wanted.have(quintiles.frequency_score(rfm.frequency))));
        let money = self.money.map(|wanted| Verdict::fixed(wanted.have(quintiles.money_score(rfm.money))));
        all([recency, frequency, money].into_iter().flatten()).no_later_than(ahead)
    }
}
