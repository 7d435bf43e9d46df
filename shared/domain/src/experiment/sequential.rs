//! A comparison that may be looked at after every customer.
//!
//! The mixture sequential probability ratio test: Johari, Pekelis and Walsh, "Always Valid Inference: Bringing
//! Sequential Analysis to A/B Testing", arXiv:1512.04922, 2015; "Always Valid Inference: Continuous Monitoring of A/B
//! Tests", Operations Research 70(3), 2022. With d the difference of the rates so far, V its variance and the mixture
//! N(0, tau²) over true differences, the likelihood ratio against a true difference of t is
//!
//! `sqrt(V / (V + tau²)) * exp(tau² * (d - t)² / (2 * V * (V + tau²)))`.
//!
//! It exceeds 1 / e at any time with a probability of e at the most, if V is right and d is normal. The paper puts the
//! rates so far into V, which is right in the limit. Early on they are what misleads: with 2 % converting, a holdout of
//! a tenth and no minimum, a third of all comparisons without a difference "find" one. Three things keep that from
//! happening, and the tests measure it: V counts one more conversion and one more customer without on each side
//! (Laplace's rule); it is no less than what it would be if all customers were one group, which a small holdout that
//! happens to have few conversions would otherwise fall below; and nothing is concluded from
//! fewer customers than [`LEAST_CUSTOMERS_PER_SIDE`] and [`LEAST_OF_EACH_OUTCOME`] say.

use libm::{exp, log};

use super::{Confidence, Counts, Difference, Interval, Verdict};

/// Customers each side needs before anything is concluded.
pub const LEAST_CUSTOMERS_PER_SIDE: u64 = 100;

/// Customers who converted, and as many who did not, that both sides need together before anything is concluded. They
/// need not be on both: a side on which nobody converts says much.
pub const LEAST_OF_EACH_OUTCOME: u64 = 10;

/// The smallest difference worth noticing, unless another is given: one percentage point.
///
/// It is the scale of the mixture (tau). The test needs the fewest customers for true differences of about this size to
/// a few times as large; where they are seven times as large it needs about twice as many as it could (measured in the
/// tests). Campaigns convert a few percent, and move that by a few tenths of a point to a few points.
pub const WORTH_NOTICING: f64 = 0.01;

/// What is set before the first customer; changing it along the way makes the verdict invalid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    confidence: Confidence,
    worth_noticing: f64,
}

impl Plan {
    /// `None` unless `worth_noticing`, a difference of rates, is above 0 and at most 1.
    pub fn new(confidence: Confidence, worth_noticing: f64) -> Option<Self> {
        (worth_noticing > 0.0 && worth_noticing <= 1.0).then_some(Self { confidence, worth_noticing })
    }

    /// The same, for one of several comparisons (see [`Confidence::shared_by`]).
    #[must_use]
    pub fn shared_by(self, comparisons: usize) -> Self {
        Self { confidence: self.confidence.shared_by(comparisons), ..self }
    }
}

impl Default for Plan {
    /// 95 %, [`WORTH_NOTICING`].
    fn default() -> Self {
        Self { confidence: Confidence::NINETY_FIVE, worth_noticing: WORTH_NOTICING }
    }
}

/// Which side of a comparison a customer was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The holdout, or the first variant: what is compared with.
    Baseline,
    /// The treatment, or another variant: what the verdict is about.
    Variant,
}

/// A comparison under way.
///
/// Outcomes come in the order of entering, and each is final: the fold stops at the first customer who may still
/// convert. (To leave that one out and go on would count early conversions and not yet those who do not convert.) Then
/// every report sees more of the same sequence, and what one said, the next repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequential {
    plan: Plan,
    /// 2 ln(1 / error), of which intervals are made.
    bar: f64,
    baseline: Counts,
    variant: Counts,
    /// The logarithm of the greatest likelihood ratio so far against there being no difference.
    evidence: f64,
    /// What all intervals so far have in common.
    interval: Interval,
    decided_after: Option<u64>,
}

impl Sequential {
    /// Before the first customer.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            bar: -2.0 * log(plan.confidence.error()),
            baseline: Counts::default(),
            variant: Counts::default(),
            evidence: 0.0,
            interval: Interval::ANY_DIFFERENCE,
            decided_after: None,
        }
    }

    /// After all of `outcomes`: on which side a customer was, and whether they converted.
    pub fn of(plan: Plan, outcomes: impl IntoIterator<Item = (Side, bool)>) -> Self {
        let mut sequential = Self::new(plan);
        for (side, converted) in outcomes {
            sequential.observe(side, converted);
        }
        sequential
    }

    /// Takes the outcome of the next customer.
    pub fn observe(&mut self, side: Side, converted: bool) {
        match side {
            Side::Baseline => self.baseline.add(converted),
            Side::Variant => self.variant.add(converted),
        }
        if let (true, Some(value)) = (self.is_enough(), self.value()) {
            self.look(value);
        }
    }

    /// The chance that, were there no difference, what was seen at any time would have spoken as much for one; at most
    /// the chance of error of the plan once there is a verdict, and 1 while there are too few customers.
    pub fn p_value(&self) -> f64 {
        exp(-self.evidence)
    }

    /// The difference so far, and the interval that contains the true one: all intervals ever given do so together with
    /// the confidence of the plan.
    ///
    /// Intervals only narrow, until what is counted falls outside: that is rare unless the true difference has changed,
    /// and then the past is no guide. The comparison begins anew with the interval of what is counted so far, and a
    /// verdict may so become "cannot tell yet". (It may do that whenever it likes: the interval of each look, on its
    /// own, keeps the promise.)
    pub fn difference(&self) -> Difference {
        Difference { value: self.value(), interval: self.interval }
    }

    /// What can be said so far.
    pub fn verdict(&self) -> Verdict {
        self.difference().verdict()
    }

    /// How many customers, both sides together, the verdict took.
    pub fn decided_after(&self) -> Option<u64> {
        self.decided_after
    }

    /// What was counted on a side.
    pub fn counts(&self, side: Side) -> Counts {
        match side {
            Side::Baseline => self.baseline,
            Side::Variant => self.variant,
        }
    }

    fn value(&self) -> Option<f64> {
        Some(self.variant.rate()? - self.baseline.rate()?)
    }

    fn customers(&self) -> u64 {
        self.baseline.customers.saturating_add(self.variant.customers)
    }

    fn is_enough(&self) -> bool {
        let converted = self.baseline.converted.saturating_add(self.variant.converted);
        let not_converted = self.customers().saturating_sub(converted);
        self.baseline.customers.min(self.variant.customers) >= LEAST_CUSTOMERS_PER_SIDE
            && converted.min(not_converted) >= LEAST_OF_EACH_OUTCOME
    }

    fn look(&mut self, value: f64) {
        let mixture = self.plan.worth_noticing * self.plan.worth_noticing;
        let variance = variance(self.baseline, self.variant);
        let both = variance + mixture;
        let dilution = log(both / variance);
        let evidence = 0.5 * (mixture * value * value / (variance * both) - dilution);
        let reach = (variance * both / mixture * (self.bar + dilution)).sqrt();
        let seen = Interval { low: (value - reach).max(-1.0), high: (value + reach).min(1.0) };
        let common = self.interval.intersection(seen).filter(|common| common.contains(value));
        if let Some(common) = common {
            self.interval = common;
            self.evidence = self.evidence.max(evidence);
        } else {
            self.interval = seen;
            self.evidence = evidence.max(0.0);
            self.decided_after = None;
        }
        if self.interval.contains(0.0) {
            return;
        }
        self.decided_after = self.decided_after.or_else(|| Some(self.customers()));
    }
}

/// The variance of the difference, on the safe side.
fn variance(baseline: Counts, variant: Counts) -> f64 {
    let (base_size, size) = (baseline.customers as f64, variant.customers as f64);
    let apart = spread(baseline) / base_size + spread(variant) / size;
    let all = Counts {
        customers: baseline.customers.saturating_add(variant.customers),
        converted: baseline.converted.saturating_add(variant.converted),
    };
    apart.max(spread(all) * (1.0 / base_size + 1.0 / size))
}

/// The variance of whether one customer converts, with one more who does and one more who does not.
fn spread(counts: Counts) -> f64 {
    let rate = (counts.converted as f64 + 1.0) / (counts.customers as f64 + 2.0);
    rate * (1.0 - rate)
}
