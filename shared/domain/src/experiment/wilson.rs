//! Intervals of a rate and of the difference of two, for one look at the counts.

use super::normal::two_sided_quantile;
use super::{Confidence, Counts, Difference, Interval};

/// Where the true rate is: the score interval (Wilson, "Probable Inference, the Law of Succession, and Statistical
/// Inference", Journal of the American Statistical Association 22, 1927). From 0 to 1 when there was nobody.
pub fn wilson(counts: Counts, confidence: Confidence) -> Interval {
    score(counts, two_sided_quantile(confidence.error()))
}

/// By how much the rate of `variant` is above that of `baseline`: method 10 of Newcombe, "Interval Estimation for the
/// Difference between Independent Proportions: Comparison of Eleven Methods", Statistics in Medicine 17, 1998 (from two
/// score intervals, without continuity correction). From -1 to 1 while there is nobody on one of the sides.
pub fn newcombe(baseline: Counts, variant: Counts, confidence: Confidence) -> Difference {
    let (Some(base_rate), Some(rate)) = (baseline.rate(), variant.rate()) else {
        return Difference { value: None, interval: Interval::ANY_DIFFERENCE };
    };
    let z = two_sided_quantile(confidence.error());
    let (base, own) = (score(baseline, z), score(variant, z));
    let value = rate - base_rate;
    let down = length(rate - own.low, base.high - base_rate);
    let up = length(own.high - rate, base_rate - base.low);
    let interval = Interval { low: (value - down).max(-1.0), high: (value + up).min(1.0) };
    Difference { value: Some(value), interval }
}

fn score(counts: Counts, z: f64) -> Interval {
    if counts.customers == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (customers, converted) = (counts.customers as f64, counts.converted as f64);
    let squared = z * z;
    let middle = (converted + squared / 2.0) / (customers + squared);
    let spread = converted * ((customers - converted) / customers) + squared / 4.0;
    let reach = z * spread.sqrt() / (customers + squared);
    Interval { low: (middle - reach).max(0.0), high: (middle + reach).min(1.0) }
}

fn length(a: f64, b: f64) -> f64 {
    (a * a + b * b).sqrt()
}
