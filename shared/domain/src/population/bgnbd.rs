//! How purchases come: the BG/NBD model.

use libm::{exp, log, log1p};
use serde::{Deserialize, Serialize};

use super::purchases::Purchases;

/// The BG/NBD model of Fader, Hardie and Lee, "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD
/// Model", Marketing Science 24(2), 2005. Time is in days.
///
/// While the tie is alive, purchases come as a Poisson process; rates differ between customers as Gamma(r, alpha).
/// After any purchase the tie may end, with a probability that differs as Beta(a, b).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BgNbd {
    /// The shape of the rates.
    pub r: f64,
    /// The rate of the rates, in days: customers buy `r / alpha` times a day on average.
    pub alpha: f64,
    /// Of the ending: it is `a / (a + b)` likely after a purchase, on average.
    pub a: f64,
    /// Of going on.
    pub b: f64,
}

/// The longest time ahead that purchases are expected in: a hundred years.
const DAYS_LIMIT: f64 = 36_500.0;

/// Terms that are summed at the most. They are about 40 times as many as purchases that could come within the time
/// asked about; what lies beyond is bounded from below.
const TERMS_LIMIT: u32 = 100_000;

/// The share of the sum that the terms left out have together at the most.
const NEGLIGIBLE: f64 = 1e-15;

/// Sums are scaled down when a term passes this, so that they neither overflow nor begin at zero.
const SCALE: f64 = 1e200;

impl BgNbd {
    /// The probability that the tie is alive (Fader, Hardie and Lee, "Computing P(alive) Using the BG/NBD Model",
    /// 2008).
    ///
    /// It is 1 for one who bought once only, however long ago: in this model a tie ends right after a repeat purchase
    /// or never. Pair it with recency.
    pub fn alive(&self, purchases: &Purchases) -> f64 {
        if purchases.repeats == 0 {
            return 1.0;
        }
        let x = f64::from(purchases.repeats);
        let silence = log(self.alpha + purchases.age_days.max(purchases.last_days))
            - log(self.alpha + purchases.last_days);
        1.0 / (1.0 + self.a / (self.b + x - 1.0) * exp((self.r + x) * silence))
    }

    /// How many purchases (days with one) are expected within the next `days`, at most a hundred years (equation 10 of
    /// the paper of 2005).
    pub fn expected(&self, purchases: &Purchases, days: f64) -> f64 {
        if days.is_nan() || days <= 0.0 {
            return 0.0;
        }
        self.alive(purchases) * self.expected_alive(purchases, days.min(DAYS_LIMIT))
    }

    /// What is expected of a tie that is alive.
    ///
    /// The paper gives, with R = r + x, B = b + x and z = t / (alpha + T + t),
    /// `(a + B - 1) / (a - 1) * (1 - (1 - z)^R * 2F1(R, B; a + B - 1; z))`, which is 0 / 0 at a = 1 and loses its
    /// digits near it. Writing 1 as `(1 - z)^R * 2F1(R, B; B; z)` and subtracting term by term leaves a sum of what is
    /// positive: over k, the probability that k purchases would come if no tie ever ended (negative binomial), times
    /// how many of k come before this one ends (the running sum of `(B)_j / (a + B)_j` for j below k).
    fn expected_alive(&self, purchases: &Purchases, days: f64) -> f64 {
        let x = f64::from(purchases.repeats);
        let (shape, going_on) = (self.r + x, self.b + x);
        let per_rate = days / (self.alpha + purchases.age_days);
        let z = per_rate / (1.0 + per_rate);
        let mut scale = -shape * log1p(per_rate);
        let (mut weight, mut weights, mut sum) = (1.0, 1.0, 0.0);
        let (mut next, mut before_end) = (1.0, 0.0);
        for term in 0..TERMS_LIMIT {
            let k = f64::from(term);
            weight *= z * (shape + k) / (k + 1.0);
            weights += weight;
            before_end += next;
            next *= (going_on + k) / (self.a + going_on + k);
            sum += weight * before_end;
            let ratio = z * (shape + k + 1.0) / (k + 2.0);
            if ratio < 1.0 && weight * before_end * ratio <= NEGLIGIBLE * (1.0 - ratio) * sum {
                return sum * exp(scale);
            }
            if weight > SCALE {
                (weight, weights, sum) = (weight / SCALE, weights / SCALE, sum / SCALE);
                scale += log(SCALE);
            }
        }
        let beyond = (1.0 - weights * exp(scale)).max(0.0);
        sum * exp(scale) + beyond * before_end
    }
}
