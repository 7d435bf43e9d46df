//! The fifths of a shop's customers by recency, frequency and money.

use serde::{Deserialize, Serialize};

use super::sketch::Sketch;
use crate::money::Yen;

/// Four boundaries each, ascending, of those who have bought. Within 0.2 % of the exact ones, and exact below 1,024:
/// see [`Sketch`].
///
/// A score is 1 and one more for each boundary that is strictly exceeded. So equal customers score equally, and where
/// many are equal the scores between go to nobody: when half of all bought once, those score 1 for frequency, and who
/// bought twice scores 3 at the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quintiles {
    /// Seconds since the last purchase.
    pub recency: [i64; 4],
    /// Orders.
    pub frequency: [u32; 4],
    /// What orders were worth together.
    pub money: [Yen; 4],
}

impl Quintiles {
    /// The fifths of what is in the sketches; `None` while one is empty.
    pub(super) fn of(recency: &Sketch, frequency: &Sketch, money: &Sketch) -> Option<Self> {
        Some(Self {
            recency: recency.fifths()?,
            frequency: frequency.fifths()?.map(|boundary| u32::try_from(boundary).unwrap_or(u32::MAX)),
            money: money.fifths()?.map(Yen),
        })
    }

    /// 5 for the most recent. Time alone lowers it, right after each boundary.
    pub fn recency_score(&self, seconds_since_last: i64) -> u8 {
        6 - score(&self.recency, &seconds_since_last)
    }

    /// 5 for those who ordered most often.
    pub fn frequency_score(&self, purchases: u32) -> u8 {
        score(&self.frequency, &purchases)
    }

    /// 5 for those who spent most.
    pub fn money_score(&self, yen: Yen) -> u8 {
        score(&self.money, &yen)
    }
}

fn score<T: Ord>(boundaries: &[T; 4], value: &T) -> u8 {
    boundaries.iter().fold(1, |score, boundary| if value > boundary { score + 1 } else { score })
}
