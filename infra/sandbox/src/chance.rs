//! Chance that depends on what it is about, never on when or in which order it is asked.

use std::f64::consts::TAU;

use sha2::{Digest, Sha256};

/// A stable number for `seed` and `about`.
pub(crate) fn hash(seed: u64, about: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    for piece in about {
        hasher.update(piece.len().to_le_bytes());
        hasher.update(piece.as_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Draws about one thing.
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    pub(crate) fn about(seed: u64, about: &[&str]) -> Self {
        Self(fastrand::Rng::with_seed(hash(seed, about)))
    }

    /// Evenly in 0 ≤ x < 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0.f64()
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// Evenly among the whole numbers from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.i64(low..=high)
    }

    /// From `low` to `high`, each tenfold equally likely: soon much more often than late.
    pub(crate) fn soon(&mut self, low: f64, high: f64) -> i64 {
        whole(low * (high / low).powf(self.fraction()))
    }

    /// Log-normal around `median`, kept within `low` and `high` (Box–Muller).
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64, low: f64, high: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        let normal = radius * (TAU * self.fraction()).cos();
        (median * (sigma * normal).exp()).clamp(low, high)
    }
}

/// The nearest whole number; the amounts and delays of this crate are far below 2⁵³.
#[expect(clippy::cast_possible_truncation, reason = "`as` stops at the ends of the range")]
pub(crate) fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_do_not_run_together() {
        assert_ne!(hash(1, &["ab", "c"]), hash(1, &["a", "bc"]));
        assert_ne!(hash(1, &["ab"]), hash(2, &["ab"]));
        assert_eq!(hash(1, &["ab"]), hash(1, &["ab"]));
    }
}
