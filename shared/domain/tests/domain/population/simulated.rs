//! Shops whose customers do what the models say they do.

use domain::population::{BgNbd, GammaGamma, Purchases};
use libm::{cos, log, pow, sqrt};

use crate::chance::Chance;

/// Between 0 and 1, neither included.
fn uniform(chance: &mut Chance) -> f64 {
    (chance.below(1 << 52) as f64 + 0.5) / (1_u64 << 52) as f64
}

fn normal(chance: &mut Chance) -> f64 {
    let radius = sqrt(-2.0 * log(uniform(chance)));
    radius * cos(2.0 * std::f64::consts::PI * uniform(chance))
}

/// Marsaglia and Tsang (2000); a shape below 1 is raised by 1 and taken back by a power of chance.
fn gamma(chance: &mut Chance, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(chance, shape + 1.0) * pow(uniform(chance), 1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let x = normal(chance);
        let v = pow(1.0 + x / sqrt(9.0 * d), 3.0);
        if v > 0.0 && log(uniform(chance)) < 0.5 * x * x + d - d * v + d * log(v) {
            return d * v;
        }
    }
}

fn beta(chance: &mut Chance, a: f64, b: f64) -> f64 {
    let (one, other) = (gamma(chance, a), gamma(chance, b));
    one / (one + other)
}

/// A customer, and whether the tie is alive at the end.
pub fn customer(model: &BgNbd, value: &GammaGamma, age_days: f64, chance: &mut Chance) -> (Purchases, bool) {
    let rate = gamma(chance, model.r) / model.alpha;
    let ends = beta(chance, model.a, model.b);
    let (mut repeats, mut last_days, mut alive) = (0, 0.0, true);
    while alive {
        let next = last_days - log(uniform(chance)) / rate;
        if next > age_days {
            break;
        }
        (repeats, last_days) = (repeats + 1, next);
        alive = uniform(chance) >= ends;
    }
    let days = f64::from(repeats + 1);
    let scale = gamma(chance, value.q) / value.gamma;
    let mean_yen = gamma(chance, value.p * days) / scale / days;
    (Purchases { repeats, last_days, age_days, mean_yen, count: repeats + 1 }, alive)
}

/// Customers who came one after another over `window` days, the last of them `least` days ago.
pub fn shop(
    model: &BgNbd,
    value: &GammaGamma,
    customers: u32,
    ages: (f64, f64),
    seed: u64,
) -> Vec<Purchases> {
    let mut chance = Chance::new(seed);
    (0..customers)
        .map(|n| {
            let age = ages.0 + (ages.1 - ages.0) * f64::from(n) / f64::from(customers);
            customer(model, value, age, &mut chance).0
        })
        .collect()
}

/// A direction in N dimensions, of length 1.
pub fn direction<const N: usize>(chance: &mut Chance) -> [f64; N] {
    let direction: [f64; N] = std::array::from_fn(|_| normal(chance));
    let length = sqrt(direction.iter().map(|part| part * part).sum());
    direction.map(|part| part / length)
}

#[test]
fn variates_have_the_moments_they_should() {
    let mut chance = Chance::new(1);
    for shape in [0.2, 0.9, 1.0, 4.0] {
        let drawn: Vec<f64> = (0..100_000).map(|_| gamma(&mut chance, shape)).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / drawn.len() as f64;
        super::close(mean, shape, 0.03);
        super::close(variance, shape, 0.06);
    }
    let mean = (0..100_000).map(|_| beta(&mut chance, 0.5, 2.0)).sum::<f64>() / 100_000.0;
    super::close(mean, 0.2, 0.02);
}
