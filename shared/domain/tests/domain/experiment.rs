//! Experiments: against published examples, and over simulated ones.

mod coverage;
mod looking;
mod rules;

use domain::experiment::{Counts, Difference};

fn counts(converted: u64, customers: u64) -> Counts {
    Counts::new(customers, converted).unwrap()
}

fn rounded(difference: Difference) -> (String, String) {
    (format!("{:.4}", difference.interval.low), format!("{:.4}", difference.interval.high))
}
