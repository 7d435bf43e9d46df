//! A summary of many whole numbers from which quantiles are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bits of a number that are kept.
const BITS: u32 = 10;

/// Buckets of one octave.
const OCTAVE: u64 = 1 << (BITS - 1);

/// How often each number came, by its leading ten bits: exact below 1,024, within 0.2 % above (the buckets of
/// `HdrHistogram`; of two numbers in one bucket the greater is at most 1/512 more). Negative numbers count as zero.
///
/// There is nothing but whole numbers in it: the same numbers make the same sketch, in whatever order they are added
/// and in however many parts they are merged. It keeps the buckets that are not empty, at most 512 an octave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sketch(BTreeMap<u16, u64>);

impl Sketch {
    /// Adds a number.
    pub fn add(&mut self, number: i64) {
        self.add_to(bucket(number.max(0).unsigned_abs()), 1);
    }

    /// Adds all that is in `other`.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.add_to(*bucket, *count);
        }
    }

    /// How many numbers were added.
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The four boundaries of the fifths, ascending; `None` while there is no number. Each is the greatest number of
    /// its bucket, so how many numbers are not above it is known exactly: at least 1, 2, 3, 4 fifths of all.
    pub fn fifths(&self) -> Option<[i64; 4]> {
        let count = u128::from(self.count());
        let boundary = |fifths: u128| {
            let mut so_far = 0_u128;
            let (bucket, _) = self.0.iter().find(|(_, numbers)| {
                so_far += u128::from(**numbers);
                so_far * 5 >= count * fifths
            })?;
            Some(greatest(*bucket))
        };
        Some([boundary(1)?, boundary(2)?, boundary(3)?, boundary(4)?])
    }

    fn add_to(&mut self, bucket: u16, count: u64) {
        let kept = self.0.entry(bucket).or_insert(0);
        *kept = kept.saturating_add(count);
    }
}

/// The bucket of a number: they are counted from zero upwards, with as many for each further octave as the first has
/// in its upper half.
fn bucket(number: u64) -> u16 {
    let dropped = (u64::BITS - number.leading_zeros()).saturating_sub(BITS);
    u16::try_from(u64::from(dropped) * OCTAVE + (number >> dropped)).unwrap_or(u16::MAX)
}

/// The greatest number of a bucket.
fn greatest(bucket: u16) -> i64 {
    let bucket = u64::from(bucket);
    let dropped = (bucket / OCTAVE).saturating_sub(1);
    let leading = u128::from(bucket - dropped * OCTAVE) + 1;
    // No bucket of a number is beyond 64 octaves; one that was read could be.
    i64::try_from((leading << dropped.min(64)) - 1).unwrap_or(i64::MAX)
}
