//! The models written straight from the papers, with nothing done for speed or for extreme values.

use domain::population::{BgNbd, GammaGamma, Purchases};
use libm::{exp, lgamma, log, pow};

/// Fader, Hardie and Lee (2008): the probability of being alive.
pub fn alive(model: &BgNbd, one: &Purchases) -> f64 {
    let BgNbd { r, alpha, a, b } = *model;
    let x = f64::from(one.repeats);
    let silence = (alpha + one.age_days) / (alpha + one.last_days);
    let ended = if x > 0.0 { a / (b + x - 1.0) * pow(silence, r + x) } else { 0.0 };
    1.0 / (1.0 + ended)
}

/// Fader, Hardie and Lee (2005), equation 6, customer by customer.
pub fn log_likelihood(model: &BgNbd, customers: &[Purchases]) -> f64 {
    let BgNbd { r, alpha, a, b } = *model;
    let log_beta = |a: f64, b: f64| lgamma(a) + lgamma(b) - lgamma(a + b);
    customers
        .iter()
        .map(|one| {
            let x = f64::from(one.repeats);
            let purchases = lgamma(r + x) - lgamma(r) + r * log(alpha);
            let alive = log_beta(a, b + x) - log_beta(a, b) - (r + x) * log(alpha + one.age_days);
            if one.repeats == 0 {
                return purchases + alive;
            }
            let ended =
                log_beta(a + 1.0, b + x - 1.0) - log_beta(a, b) - (r + x) * log(alpha + one.last_days);
            let greater = alive.max(ended);
            purchases + greater + log(exp(alive - greater) + exp(ended - greater))
        })
        .sum()
}

/// Fader, Hardie and Lee (2005), equation 10, with Gauss's series as it is defined.
pub fn expected(model: &BgNbd, one: &Purchases, days: f64) -> f64 {
    let BgNbd { r, alpha, a, b } = *model;
    let x = f64::from(one.repeats);
    let z = days / (alpha + one.age_days + days);
    let gauss = hypergeometric([r + x, b + x, a + b + x - 1.0], z);
    let left = pow((alpha + one.age_days) / (alpha + one.age_days + days), r + x);
    (a + b + x - 1.0) / (a - 1.0) * (1.0 - left * gauss) * alive(model, one)
}

fn hypergeometric([a, b, c]: [f64; 3], argument: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for index in 0..1_000_000 {
        let n = f64::from(index);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * argument;
        sum += term;
        if term.abs() < 1e-17 * sum.abs() {
            break;
        }
    }
    sum
}

/// The same from the model's story: over how the probability p that a tie ends can be, given that it is alive, the
/// integral of what a gamma-distributed rate brings in the time: `(1 - (1 + p t / (alpha + T))^-(r + x)) / p`.
pub fn expected_by_integral(model: &BgNbd, one: &Purchases, days: f64) -> f64 {
    let BgNbd { r, alpha, a, b } = *model;
    let x = f64::from(one.repeats);
    let log_beta = lgamma(a) + lgamma(b + x) - lgamma(a + b + x);
    let share = days / (alpha + one.age_days);
    let density = |p: f64, rest: f64| exp((a - 1.0) * log(p) + (b + x - 1.0) * log(rest) - log_beta);
    let brought = |p: f64| -libm::expm1(-(r + x) * libm::log1p(p * share)) / p;
    alive(model, one) * double_exponential(|p, rest| density(p, rest) * brought(p))
}

/// The integral from 0 to 1 of a function of p and 1 - p (Takahasi and Mori, 1974).
fn double_exponential(of: impl Fn(f64, f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 64.0;
    (-384..=384)
        .map(|n| {
            let t = f64::from(n) * STEP;
            let u = std::f64::consts::PI * t.sinh();
            let (p, rest) = (1.0 / (1.0 + exp(-u)), 1.0 / (1.0 + exp(u)));
            let weight = STEP * std::f64::consts::PI * t.cosh() * p * rest;
            if weight > 1e-300 { weight * of(p, rest) } else { 0.0 }
        })
        .sum()
}

/// Fader and Hardie (2013), equation 1a, customer by customer.
pub fn value_log_likelihood(model: &GammaGamma, customers: &[Purchases]) -> f64 {
    let GammaGamma { p, q, gamma } = *model;
    customers
        .iter()
        .map(|one| {
            let (x, mean) = (f64::from(one.repeats + 1), one.mean_yen);
            lgamma(p * x + q) - lgamma(p * x) - lgamma(q)
                + q * log(gamma)
                + (p * x - 1.0) * log(mean)
                + p * x * log(x)
                - (p * x + q) * log(gamma + x * mean)
        })
        .sum()
}
