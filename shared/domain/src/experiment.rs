//! Experiments: what a difference between conversion rates says, and when it says nothing yet.
//!
//! Two intervals answer two questions. [`newcombe`] is for one look at counts, at an end that was set beforehand.
//! [`Sequential`] is for looking as often as one likes: whoever looks at the first again and again until it pleases
//! finds differences where there are none. Rates and differences are fractions: 0.01 is one percentage point.

mod lift;
mod normal;
mod sequential;
mod variants;
mod wilson;

pub use lift::{Group, Lift};
pub use normal::two_sided_quantile;
pub use sequential::{
    LEAST_CUSTOMERS_PER_SIDE, LEAST_OF_EACH_OUTCOME, Plan, Sequential, Side, WORTH_NOTICING,
};
pub use variants::{compare_counts, compare_in_order};
pub use wilson::{newcombe, wilson};

use serde::{Deserialize, Serialize};

/// How many customers there were, and how many of them converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    customers: u64,
    converted: u64,
}

impl Counts {
    /// `None` when more converted than there were.
    pub fn new(customers: u64, converted: u64) -> Option<Self> {
        (converted <= customers).then_some(Self { customers, converted })
    }

    /// Counts one more customer.
    pub fn add(&mut self, converted: bool) {
        self.customers = self.customers.saturating_add(1);
        self.converted = self.converted.saturating_add(u64::from(converted));
    }

    /// How many there were.
    pub fn customers(self) -> u64 {
        self.customers
    }

    /// How many converted.
    pub fn converted(self) -> u64 {
        self.converted
    }

    /// The share that converted; `None` when there was nobody.
    pub fn rate(self) -> Option<f64> {
        (self.customers > 0).then(|| self.converted as f64 / self.customers as f64)
    }
}

/// How sure an interval is to contain the truth, as 1 minus the chance of error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Confidence(f64);

impl Confidence {
    /// Wrong at most 1 time in 20.
    pub const NINETY_FIVE: Self = Self(0.95);

    /// `None` unless it is between 0 and 1, neither included.
    pub fn new(confidence: f64) -> Option<Self> {
        (confidence > 0.0 && confidence < 1.0).then_some(Self(confidence))
    }

    /// The chance of error.
    pub fn error(self) -> f64 {
        1.0 - self.0
    }

    /// The confidence each of `comparisons` needs so that all of them are right together with this one (Bonferroni:
    /// each gets an equal share of the error). It holds however the comparisons depend on one another, as they do when
    /// all are against the same customers; when they depend much, it is more careful than need be.
    #[must_use]
    pub fn shared_by(self, comparisons: usize) -> Self {
        Self(1.0 - self.error() / comparisons.max(1) as f64)
    }
}

/// From `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Interval {
    /// Every difference that two rates can have: nothing is known.
    pub const ANY_DIFFERENCE: Self = Self { low: -1.0, high: 1.0 };

    /// Whether `value` is in it.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// What is in both; `None` when nothing is.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }
}

/// By how much the rate of one side is above that of the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// As counted; `None` while there is nobody on one of the sides.
    pub value: Option<f64>,
    /// Where the true difference is.
    pub interval: Interval,
}

impl Difference {
    /// What it says: something, once zero is not in the interval.
    pub fn verdict(&self) -> Verdict {
        let interval = self.interval;
        match self.value {
            Some(difference) if interval.low > 0.0 => Verdict::Better { difference, interval },
            Some(difference) if interval.high < 0.0 => Verdict::Worse { difference, interval },
            Some(_) | None => Verdict::CannotTellYet,
        }
    }
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Either may be the better, or neither.
    CannotTellYet,
    /// It converts more than what it is compared with.
    Better {
        /// As counted.
        difference: f64,
        /// Where the true difference is, above zero.
        interval: Interval,
    },
    /// It converts less.
    Worse {
        /// As counted.
        difference: f64,
        /// Where the true difference is, below zero.
        interval: Interval,
    },
}
