//! What an account at a provider costs in a month, as it was estimated and as it is.

use crate::money::Yen;

/// By how many percent actual and estimate may differ.
const PERCENT: i64 = 5;

/// Parts of which the actual price is known before the two are compared: among fewer, chance alone (which carriers the phones
/// happen to be of) parts them by as much.
const LEAST_PARTS: u64 = 100;

/// What went through an account in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Messages that were handed over and not refused.
    pub messages: u64,
    /// What they cost: of each what is known of it, else the most it may cost. A limit is held against this.
    pub yen: Yen,
    /// Messages of which the provider told what they cost.
    pub known: u64,
    /// Their parts.
    pub parts: u64,
    /// What they were likely to cost, in hundredths of a yen.
    pub estimated_sen: i64,
    /// What they did cost.
    pub actual: Yen,
}

impl Spent {
    /// What the messages whose price is known were likely to cost.
    pub fn estimated(&self) -> Yen {
        Yen(self.estimated_sen.saturating_add(50).div_euclid(100))
    }

    /// By how many percent the actual price is above (or, negative, below) the estimate, to the nearest one. None while
    /// nothing was estimated.
    pub fn difference_percent(&self) -> Option<i64> {
        (self.estimated_sen > 0).then(|| {
            let difference = self.difference_sen().saturating_mul(100);
            let half = self.estimated_sen / 2 * difference.signum();
            difference.saturating_add(half) / self.estimated_sen
        })
    }

    /// The difference in percent, when it is one to be told of: 5 % or more, of at least a hundred parts. What was estimated
    /// at nothing and cost something is off by a hundred.
    pub fn off_by_percent(&self) -> Option<i64> {
        if self.parts < LEAST_PARTS {
            return None;
        }
        let difference = self.difference_sen();
        if difference == 0
            || difference.saturating_abs().saturating_mul(100) < self.estimated_sen.saturating_mul(PERCENT)
        {
            return None;
        }
        Some(self.difference_percent().unwrap_or(100))
    }

    const fn difference_sen(&self) -> i64 {
        self.actual.0.saturating_mul(100).saturating_sub(self.estimated_sen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(parts: u64, estimated: i64, actual: i64) -> Spent {
        Spent { parts, estimated_sen: estimated * 100, actual: Yen(actual), ..Spent::default() }
    }

    #[test]
    fn five_percent_of_a_hundred_parts_are_told_of() {
        for (parts, estimated, actual, expected) in [
            (100, 1_000, 1_049, None),
            (100, 1_000, 1_050, Some(5)),
            (100, 1_000, 951, None),
            (100, 1_000, 950, Some(-5)),
            (99, 1_000, 2_000, None),
            (100, 1_000, 2_000, Some(100)),
            (100, 1_000, 0, Some(-100)),
            (100, 0, 900, Some(100)),
            (100, 0, 0, None),
            (0, 0, 0, None),
        ] {
            assert_eq!(spent(parts, estimated, actual).off_by_percent(), expected, "{estimated} {actual}");
        }
        assert_eq!(spent(1, 1_000, 1_014).difference_percent(), Some(1));
        assert_eq!(spent(1, 1_000, 985).difference_percent(), Some(-2));
    }
}
