//! What is learnt of all customers: against the literature's figures, independent formulas, and simulated shops.

pub mod cdnow;
mod degenerate;
mod fits;
mod models;
mod naive;
mod purchases;
mod simulated;
mod surveys;

use domain::population::{BgNbd, GammaGamma, Purchases};

/// CDNOW's as published, in days: Fader, Hardie and Lee (2005), table 2.
pub const CDNOW: BgNbd = BgNbd { r: 0.243, alpha: 4.414 * 7.0, a: 0.793, b: 2.426 };

/// CDNOW's as published: Fader and Hardie (2013).
const CDNOW_VALUE: GammaGamma = GammaGamma { p: 6.25, q: 3.74, gamma: 15.44 };

fn bought(repeats: u32, last_days: f64, age_days: f64) -> Purchases {
    Purchases { repeats, last_days, age_days, mean_yen: 3_000.0, count: repeats + 1 }
}

#[track_caller]
fn close(value: f64, expected: f64, relative: f64) {
    let error = (value - expected).abs();
    assert!(
        error <= relative * expected.abs(),
        "{value} is not {expected}: off by {:e}",
        error / expected.abs()
    );
}
