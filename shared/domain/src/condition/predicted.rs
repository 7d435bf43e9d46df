//! Predictions from the shop's own orders: whether the tie is alive, and what the next days may bring.
//!
//! All of them fall while a customer does not buy, so the instant at which one passes a bound is found by bisection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Subject, Verdict, all};
use crate::event::ORDER_COMPLETED;
use crate::population::Purchases;
use crate::time::{DAY, Timestamp};

/// How far ahead a prediction is followed: a change beyond is looked at again then.
const AHEAD_SECONDS: i64 = 20 * 365 * DAY;

/// A test of predictions; everything that is given must hold. Nothing is predicted of who never bought, nor before the
/// models were fitted to the shop's orders.
///
/// Who bought once only is alive for certain by the model's own convention: pair `alive` with how long ago that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictedTest {
    /// The probability that the customer will ever buy again, from 0 to 1.
    #[serde(default)]
    pub alive: Option<Bounds>,
    /// How many purchases are to be expected within `within_days`.
    #[serde(default)]
    pub purchases: Option<Bounds>,
    /// How many yen are to be expected within `within_days`.
    #[serde(default)]
    pub yen: Option<Bounds>,
    /// The days ahead that `purchases` and `yen` speak of.
    #[serde(default)]
    pub within_days: Option<u32>,
}

/// Bounds of a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// It is this or more.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// It is less than this.
    #[serde(default)]
    pub below: Option<f64>,
}

impl PredictedTest {
    /// Evaluates the test at `now`.
    pub fn evaluate(self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        let Some(history) = subject.customer.events.get(ORDER_COMPLETED) else {
            return Verdict::fixed(false);
        };
        let ahead = history.ahead(now);
        let purchases = Purchases::of(subject.customer, now);
        let (Some(population), Some(purchases)) = (&subject.definitions.population, purchases) else {
            return Verdict::fixed(false).no_later_than(ahead);
        };
        let days = f64::from(self.within_days.unwrap_or(0));
        // The same purchases, looked at some seconds later.
        let later = |seconds| Purchases {
            age_days: now.plus(seconds).since(history.first) as f64 / DAY as f64,
            ..purchases
        };
        let alive = |seconds| Some(population.purchases.as_ref()?.alive(&later(seconds)));
        let count = |seconds| Some(population.purchases.as_ref()?.expected(&later(seconds), days));
        let yen = |seconds| Some(count(seconds)? * population.value.as_ref()?.mean_yen(&purchases));
        let verdicts = [
            self.alive.map(|bounds| bounds.evaluate(now, &alive)),
            self.purchases.map(|bounds| bounds.evaluate(now, &count)),
            self.yen.map(|bounds| bounds.evaluate(now, &yen)),
        ];
        all(verdicts.into_iter().flatten()).no_later_than(ahead)
    }
}

impl Bounds {
    /// `predict` tells what is predicted so many seconds from now if nothing is bought until then; it never rises.
    fn evaluate(self, now: Timestamp, predict: &dyn Fn(i64) -> Option<f64>) -> Verdict {
        let at_least = |bound: Option<f64>, seconds: i64| {
            bound.is_none_or(|bound| predict(seconds).is_some_and(|predicted| predicted >= bound))
        };
        if predict(0).is_none() {
            return Verdict::fixed(false);
        }
        // Until when it is at least as much; for ever when nothing is asked.
        let until = |bound: Option<f64>| {
            bound?;
            if at_least(bound, AHEAD_SECONDS) {
                return Some(now.plus(AHEAD_SECONDS));
            }
            let (mut holds, mut fails) = (0, AHEAD_SECONDS);
            while fails - holds > 1 {
                let middle = holds + (fails - holds) / 2;
                if at_least(bound, middle) { holds = middle } else { fails = middle }
            }
            Some(now.plus(fails))
        };
        if !at_least(self.at_least, 0) {
            return Verdict::fixed(false);
        }
        match self.below {
            Some(_) if at_least(self.below, 0) => Verdict { holds: false, next: until(self.below) },
            Some(_) | None => Verdict { holds: true, next: until(self.at_least) },
        }
    }
}
