//! How often Newcombe-Wilson intervals contain the true difference.

use domain::experiment::{Confidence, newcombe};
use libm::{exp, log, log1p};

use super::counts;
use crate::chance::Chance;

const EXPERIMENTS: u32 = 10_000;

/// Customers and conversion rate, of the baseline and of the variant.
const SETTINGS: [[(u32, f64); 2]; 12] = [
    [(500, 0.02), (500, 0.03)],
    [(500, 0.05), (500, 0.05)],
    [(500, 0.08), (500, 0.10)],
    [(1_000, 0.02), (1_000, 0.02)],
    [(1_000, 0.05), (1_000, 0.07)],
    [(2_000, 0.02), (2_000, 0.03)],
    [(2_000, 0.05), (2_000, 0.05)],
    [(5_000, 0.02), (5_000, 0.02)],
    [(5_000, 0.10), (5_000, 0.09)],
    [(500, 0.02), (4_500, 0.03)],
    [(500, 0.05), (4_500, 0.05)],
    [(1_000, 0.10), (5_000, 0.12)],
];

#[test]
fn of_100_intervals_94_to_96_contain_the_truth() {
    let mut chance = Chance::new(1998);
    for [baseline, variant] in SETTINGS {
        let (base_law, law) = (binomial(baseline), binomial(variant));
        let truth = variant.1 - baseline.1;
        let covers = |base_converted: u64, converted: u64| {
            let (base, own) =
                (counts(base_converted, baseline.0.into()), counts(converted, variant.0.into()));
            newcombe(base, own, Confidence::NINETY_FIVE).interval.contains(truth)
        };
        let covered = (0..EXPERIMENTS)
            .filter(|_| covers(draw(&base_law, &mut chance), draw(&law, &mut chance)))
            .count();
        let seen = covered as f64 / f64::from(EXPERIMENTS);
        let exact: f64 = likely(&base_law)
            .map(|(base, weight)| {
                likely(&law).filter(|(own, _)| covers(base, *own)).map(|(_, own)| weight * own).sum::<f64>()
            })
            .sum();
        eprintln!("coverage {baseline:?} and {variant:?}: {seen:.4} seen, {exact:.4} exact");
        assert!((0.94..=0.96).contains(&seen), "{baseline:?} {variant:?}: {seen}");
        assert!((0.945..=0.96).contains(&exact), "{baseline:?} {variant:?}: {exact}");
    }
}

/// The probability of each count.
fn binomial((customers, rate): (u32, f64)) -> Vec<f64> {
    let (size, odds) = (f64::from(customers), log(rate) - log1p(-rate));
    let mut log_weight = size * log1p(-rate);
    let mut law = vec![exp(log_weight)];
    for converted in 1..=customers {
        let converted = f64::from(converted);
        log_weight += log(size - converted + 1.0) - log(converted) + odds;
        law.push(exp(log_weight));
    }
    law
}

fn draw(law: &[f64], chance: &mut Chance) -> u64 {
    let mut left = (chance.below(1 << 52) as f64 + 0.5) / (1_u64 << 52) as f64;
    let drawn = (0..).zip(law).find(|(_, weight)| {
        left -= **weight;
        left < 0.0
    });
    drawn.unwrap().0
}

/// The counts that are not next to impossible: what is left out comes less than once in a thousand million.
fn likely(law: &[f64]) -> impl Iterator<Item = (u64, f64)> {
    (0..).zip(law.iter().copied()).filter(|(_, weight)| *weight > 1e-12)
}
