//! A summary of many whole numbers from which quantiles are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bits of a number that are kept.
const BITS: u32 = 10;

/// How often each number came, by its leading ten bits: exact below 1,024, within 0.2 % above (the buckets of
/// `HdrHistogram`; of two numbers in one bucket the greater is at most 1/512 more). Negative numbers count as zero.
///
/// There is nothing but whole numbers in it: the same numbers make the same sketch, in whatever order they are added and in
/// however many parts they are merged. At most 512 counts an octave are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sketch(BTreeMap<u64, u64>);

impl Sketch {
    /// Adds a number.
    pub fn add(&mut self, number: i64) {
        self.add_bucket(bucket(number.max(0).unsigned_abs()), 1);
    }

    /// Adds all that is in `other`.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.add_bucket(*bucket, *count);
        }
    }

    /// How many numbers were added.
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The four boundaries of the fifths, ascending; `None` while there is no number. Each is the greatest number of its
    /// bucket: exactly as many numbers as the sketch says are not above it, at least 1, 2, 3, 4 fifths of all.
    pub fn fifths(&self) -> Option<[i64; 4]> {
        let count = u128::from(self.count());
        let boundary = |fifths: u128| {
            let mut so_far = 0_u128;
            let (bucket, _) = self.0.iter().find(|(_, numbers)| {
                so_far += u128::from(**numbers);
                so_far * 5 >= count * fifths
            })?;
            i64::try_from(*bucket).ok()
        };
        Some([boundary(1)?, boundary(2)?, boundary(3)?, boundary(4)?])
    }

    fn add_bucket(&mut self, bucket: u64, count: u64) {
        let kept = self.0.entry(bucket).or_insert(0);
        *kept = kept.saturating_add(count);
    }
}

/// The greatest number with the same leading bits.
const fn bucket(number: u64) -> u64 {
    let dropped = (u64::BITS - number.leading_zeros()).saturating_sub(BITS);
    number | ((1 << dropped) - 1)
}
