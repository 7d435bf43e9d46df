//! Money in whole yen.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// An amount in Japanese yen (JPY has no minor unit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Yen(pub i64);

impl Yen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whether the amount is nothing; keeps stored documents short.
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// This amount divided by `count`, to the nearest yen; `None` when there is nothing to divide by.
    pub fn per(self, count: u64) -> Option<Self> {
        let count = i64::try_from(count).ok().filter(|count| *count > 0)?;
        Some(Self(self.0.saturating_add(count / 2).div_euclid(count)))
    }

    /// The number with a separator every three digits: `-90,000`.
    pub fn separated(self) -> String {
        format!("{}{}", self.sign(), self.grouped())
    }

    const fn sign(self) -> &'static str {
        if self.0 < 0 { "-" } else { "" }
    }

    fn grouped(self) -> String {
        let digits = self.0.unsigned_abs().to_string();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

impl Add for Yen {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Yen {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Yen {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Yen {
    /// With a separator every three digits: `¥90,000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}¥{}", self.sign(), self.grouped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_with_separators() {
        assert_eq!(Yen(90_000).to_string(), "¥90,000");
        assert_eq!(Yen(-1_234_567).to_string(), "-¥1,234,567");
        assert_eq!(Yen(0).to_string(), "¥0");
        assert_eq!(Yen(-1_234_567).separated(), "-1,234,567");
        assert_eq!(Yen(90_000).per(20), Some(Yen(4_500)));
        assert_eq!(Yen(1).per(0), None);
    }
}
