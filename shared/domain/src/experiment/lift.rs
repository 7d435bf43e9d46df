//! What a treatment brought that would not have come without it.

use serde::Serialize;

use super::wilson::newcombe;
use super::{Confidence, Counts, Difference, Verdict};
use crate::money::Yen;

/// What one side of a holdout did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Customers, and those who converted.
    pub counts: Counts,
    /// What they spent.
    pub revenue_yen: Yen,
}

/// A treatment against its holdout.
///
/// What is incremental is what the treated did beyond what as many customers of the holdout would have done, in
/// proportion. It may be negative, and while the verdict is [`Verdict::CannotTellYet`] it may be nothing but chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lift {
    /// By how much the conversion rate is above the holdout's, with its Newcombe-Wilson interval.
    pub difference: Difference,
    /// What that says, at one look: where the report is looked at along the way, the verdict of
    /// [`super::Sequential`] is the one to show.
    pub verdict: Verdict,
    /// The difference as a part of the holdout's rate: 0.5 is half as much again. `None` while nobody of the holdout
    /// has converted.
    pub relative: Option<f64>,
    /// Conversions, to the nearest whole one. `None` while there is nobody in the holdout.
    pub incremental_conversions: Option<i64>,
    /// Revenue, to the nearest yen. `None` while there is nobody in the holdout. There is no interval for it, and
    /// single large purchases move it much.
    pub incremental_revenue_yen: Option<Yen>,
    /// Cost by incremental conversion, to the nearest yen; only where the treatment is [`Verdict::Better`], as there
    /// is no bound to it otherwise.
    pub cost_per_incremental_conversion_yen: Option<Yen>,
}

impl Lift {
    /// What `treated` did beyond `holdout`, for `cost`.
    pub fn of(treated: &Group, holdout: &Group, cost: Yen, confidence: Confidence) -> Self {
        let difference = newcombe(holdout.counts, treated.counts, confidence);
        let verdict = difference.verdict();
        let (many, few) = (i128::from(treated.counts.customers), i128::from(holdout.counts.customers));
        let beyond = |treated: i128, holdout: i128| {
            treated.saturating_mul(few).saturating_sub(holdout.saturating_mul(many))
        };
        let conversions = beyond(i128::from(treated.counts.converted), i128::from(holdout.counts.converted));
        let revenue = beyond(i128::from(treated.revenue_yen.0), i128::from(holdout.revenue_yen.0));
        let base_rate = holdout.counts.rate().filter(|rate| *rate > 0.0);
        let cost_per = match verdict {
            Verdict::Better { .. } => nearest(i128::from(cost.0).saturating_mul(few), conversions).map(Yen),
            Verdict::CannotTellYet | Verdict::Worse { .. } => None,
        };
        Self {
            difference,
            verdict,
            relative: difference.value.zip(base_rate).map(|(value, rate)| value / rate),
            incremental_conversions: nearest(conversions, few),
            incremental_revenue_yen: nearest(revenue, few).map(Yen),
            cost_per_incremental_conversion_yen: cost_per,
        }
    }
}

/// The whole number nearest to `part / whole`, halves up, as [`Yen::per`] has it; `None` unless `whole` is positive.
fn nearest(part: i128, whole: i128) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    let rounded = part.saturating_add(whole / 2).div_euclid(whole);
    Some(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
}
