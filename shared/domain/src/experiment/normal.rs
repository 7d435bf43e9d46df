//! Quantiles of the normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use libm::{erfc, exp, log};

/// Steps from the first approximation: each triples the digits that are right, of which it has three.
const STEPS: u32 = 3;

/// The distance that a standard normal variable exceeds, up or down, with the probability `error` (between 0 and 1):
/// 1.96 for 0.05.
///
/// The approximation of Hastings (Abramowitz and Stegun, 26.2.23, off by at most 4.5e-4), refined by Halley's method
/// on the error function; the last digits are those of `libm::erfc`.
pub fn two_sided_quantile(error: f64) -> f64 {
    let tail = error / 2.0;
    let t = (-2.0 * log(tail)).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - above / below;
    for _ in 0..STEPS {
        let density = exp(-0.5 * z * z) / (2.0 * PI).sqrt();
        let off = (0.5 * erfc(z * FRAC_1_SQRT_2) - tail) / density;
        z += off / (1.0 - 0.5 * z * off);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_what_the_tables_say() {
        for (error, expected) in [
            (0.5, 0.674_489_750_196_081_7),
            (0.2, 1.281_551_565_544_600_4),
            (0.1, 1.644_853_626_951_472_7),
            (0.05, 1.959_963_984_540_054),
            (0.025, 2.241_402_727_604_947),
            (0.01, 2.575_829_303_548_900_4),
            (0.001, 3.290_526_731_491_894_5),
            (2e-9, 5.997_807_015_007_686),
        ] {
            let off = (two_sided_quantile(error) - expected).abs();
            assert!(off <= 4e-15 * expected, "{error}: off by {off:e}");
        }
        assert!(two_sided_quantile(1.0 - 1e-9).abs() < 1.3e-9);
    }
}
