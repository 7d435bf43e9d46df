//! Fits to simulated shops.

use domain::population::{BgNbd, Fit, GammaGamma, Purchases};

use super::simulated::{direction, shop};
use super::{CDNOW, CDNOW_VALUE, close, naive};
use crate::chance::Chance;

/// How many customers, and for how long each has been one, at least and at most.
const SHOPS: [(BgNbd, u32, (f64, f64)); 4] = [
    (CDNOW, 6_000, (180.0, 540.0)),
    (BgNbd { r: 1.5, alpha: 60.0, a: 0.5, b: 2.0 }, 4_000, (30.0, 720.0)),
    (BgNbd { r: 0.6, alpha: 20.0, a: 1.5, b: 6.0 }, 4_000, (100.0, 400.0)),
    (BgNbd { r: 3.0, alpha: 300.0, a: 0.8, b: 1.0 }, 6_000, (300.0, 1_500.0)),
];

const VALUES: [GammaGamma; 3] = [
    CDNOW_VALUE,
    GammaGamma { p: 2.0, q: 5.0, gamma: 9_000.0 },
    GammaGamma { p: 12.0, q: 2.2, gamma: 400.0 },
];

const SEEDS: u64 = 5;

#[track_caller]
fn errors<const N: usize>(fit: &Fit, names: [&str; N]) -> [f64; N] {
    let Fit::Fitted { standard_errors, .. } = fit else { panic!("{fit}") };
    names.map(|name| standard_errors[name])
}

fn purchases(model: Option<BgNbd>) -> [f64; 4] {
    let BgNbd { r, alpha, a, b } = model.unwrap();
    [r, alpha, a, b]
}

fn value(model: Option<GammaGamma>) -> [f64; 3] {
    let GammaGamma { p, q, gamma } = model.unwrap();
    [p, q, gamma]
}

/// By how many standard errors the logarithms of the parameters are off: those are nearer to normal.
fn off<const N: usize>(found: [f64; N], truth: [f64; N], errors: [f64; N]) -> [f64; N] {
    std::array::from_fn(|n| libm::log(found[n] / truth[n]) / (errors[n] / found[n]))
}

/// None is off by more than 3, and all together as much as is usual: the errors are neither too small nor too large.
#[track_caller]
fn as_chance_has_it(off: &[f64]) {
    let worst = off.iter().fold(0.0_f64, |worst, part| worst.max(part.abs()));
    let mean_square = off.iter().map(|part| part * part).sum::<f64>() / off.len() as f64;
    assert!(worst <= 3.0, "{off:?}");
    assert!((0.5..1.6).contains(&mean_square), "{mean_square} of {off:?}");
}

#[test]
fn the_purchases_of_simulated_shops_are_recovered() {
    let mut all = Vec::new();
    for (model, customers, ages) in SHOPS {
        for seed in 0..SEEDS {
            let (found, fit) = BgNbd::fit(&shop(&model, &CDNOW_VALUE, customers, ages, seed));
            all.extend(off(purchases(found), purchases(Some(model)), errors(&fit, ["r", "alpha", "a", "b"])));
        }
    }
    as_chance_has_it(&all);
}

#[test]
fn the_spending_of_simulated_shops_is_recovered() {
    let mut all = Vec::new();
    for model in VALUES {
        for seed in 0..SEEDS {
            let (found, fit) = GammaGamma::fit(&shop(&CDNOW, &model, 4_000, (180.0, 540.0), 100 + seed));
            all.extend(off(value(found), value(Some(model)), errors(&fit, ["p", "q", "gamma"])));
        }
    }
    as_chance_has_it(&all);
}

/// At the fit the gradient is zero: one standard error of slope along an axis is next to nothing of log-likelihood. A
/// tenth of a standard error away in any direction the log-likelihood is lower.
#[track_caller]
pub fn stands_at_the_top<const N: usize>(found: [f64; N], errors: [f64; N], value: impl Fn([f64; N]) -> f64) {
    let top = value(found);
    let away = |direction: [f64; N], far: f64| {
        value(std::array::from_fn(|n| found[n] * libm::exp(far * direction[n] * errors[n] / found[n])))
    };
    for axis in 0..N {
        let unit = std::array::from_fn(|n| if n == axis { 1.0 } else { 0.0 });
        let slope = (away(unit, 1e-3) - away(unit, -1e-3)) / 2e-3;
        assert!(slope.abs() <= 1e-4, "{slope} along axis {axis} of {top}");
        assert!(away(unit, 0.1) < top && away(unit, -0.1) < top, "axis {axis}");
    }
    let mut chance = Chance::new(3);
    for _ in 0..200 {
        let direction = direction(&mut chance);
        for far in [0.1, 1.0, 5.0] {
            assert!(away(direction, far) < top, "{far} along {direction:?}");
        }
    }
}

/// Of the likelihoods as the papers write them, not as they are computed.
pub fn both_stand_at_the_top(customers: &[Purchases]) {
    let (found, fit) = BgNbd::fit(customers);
    let Fit::Fitted { log_likelihood, .. } = fit else { panic!("{fit}") };
    close(log_likelihood, naive::log_likelihood(&found.unwrap(), customers), 1e-10);
    stands_at_the_top(purchases(found), errors(&fit, ["r", "alpha", "a", "b"]), |[r, alpha, a, b]| {
        naive::log_likelihood(&BgNbd { r, alpha, a, b }, customers)
    });
    let paying: Vec<Purchases> = customers.iter().copied().filter(|one| one.mean_yen > 0.0).collect();
    let (found, fit) = GammaGamma::fit(customers);
    let Fit::Fitted { log_likelihood, .. } = fit else { panic!("{fit}") };
    close(log_likelihood, naive::value_log_likelihood(&found.unwrap(), &paying), 1e-10);
    stands_at_the_top(value(found), errors(&fit, ["p", "q", "gamma"]), |[p, q, gamma]| {
        naive::value_log_likelihood(&GammaGamma { p, q, gamma }, &paying)
    });
}

#[test]
fn the_gradient_is_zero_at_the_fit_and_moving_off_lowers_the_likelihood() {
    for (model, customers, ages) in SHOPS {
        both_stand_at_the_top(&shop(&model, &VALUES[1], customers / 2, ages, 42));
    }
}

#[test]
fn the_unit_of_money_and_the_order_of_customers_do_not_matter() {
    let mut customers = shop(&CDNOW, &CDNOW_VALUE, 1_500, (180.0, 540.0), 9);
    let (purchases_before, value_before) = (BgNbd::fit(&customers), value(GammaGamma::fit(&customers).0));
    Chance::new(1).shuffle(&mut customers);
    assert_eq!(BgNbd::fit(&customers), purchases_before);
    for one in &mut customers {
        one.mean_yen *= 120.0;
    }
    let value_after = value(GammaGamma::fit(&customers).0);
    close(value_after[0], value_before[0], 1e-6);
    close(value_after[2], value_before[2] * 120.0, 1e-6);
}
