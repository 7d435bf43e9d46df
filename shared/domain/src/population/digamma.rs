//! The derivative of the logarithm of the gamma function.

use libm::log;

/// From here on the asymptotic series is exact to the last digits.
const ASYMPTOTIC: f64 = 10.0;

/// ψ(x) for x > 0: recurrence up to where the asymptotic series holds (Abramowitz and Stegun, 6.3.5 and 6.3.18).
pub fn digamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < ASYMPTOTIC {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = square
        * (1.0 / 12.0
            - square
                * (1.0 / 120.0
                    - square
                        * (1.0 / 252.0
                            - square
                                * (1.0 / 240.0
                                    - square
                                        * (1.0 / 132.0 - square * (691.0 / 32_760.0 - square / 12.0))))));
    sum + log(x) - 0.5 / x - series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_what_the_tables_say() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        for (x, expected) in [
            (1.0, -EULER),
            (0.5, -EULER - 2.0 * std::f64::consts::LN_2),
            (2.0, 1.0 - EULER),
            (10.0, 2.251_752_589_066_721),
            (0.001, -1_000.575_571_931_873),
            (1e6, 13.815_510_057_964_191),
        ] {
            let error = (digamma(x) - expected).abs();
            assert!(error <= 1e-13 * expected.abs().max(1.0), "{x}: {error:e}");
        }
    }
}
