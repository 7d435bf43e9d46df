//! Maximum likelihood: the search for parameters, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::nelder_mead::search;
use super::newton::{Climb, climb};
use crate::spelling::counted;

/// Customers that a fit needs at the least: 25 for each parameter of the larger model.
pub const LEAST_CUSTOMERS: u64 = 100;

/// Repeat purchases that a fit needs at the least, all customers together.
pub const LEAST_REPEATS: u64 = 100;

/// How far the logarithm of a parameter may be from that of its scale: a factor of 10,000 either way. Beyond, the
/// model's limit fits best (all customers alike, say), and no parameters describe it.
pub const BOUND: f64 = 4.0 * std::f64::consts::LN_10;

/// How far from a bound a search that gets nowhere is said to have run against it: a factor of 10.
const NEAR_BOUND: f64 = std::f64::consts::LN_10;

/// How far the first simplex reaches, and that of the search's second run.
const REACH: [f64; 2] = [1.0, 0.3];

/// The search ends when its corners' log-likelihoods differ by less; Newton's method finds the rest.
const TOLERANCE: f64 = 1e-3;

/// What a fit said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Fit {
    /// The parameters are those of the maximum.
    Fitted {
        /// How many customers it was fitted to.
        customers: u64,
        /// The log-likelihood at the maximum.
        log_likelihood: f64,
        /// The standard error of each parameter, from the observed information.
        standard_errors: BTreeMap<String, f64>,
    },
    /// There is too little to learn from.
    TooFew {
        /// Customers there are, and [`LEAST_CUSTOMERS`].
        customers: (u64, u64),
        /// Repeat purchases there are, and [`LEAST_REPEATS`].
        repeats: (u64, u64),
    },
    /// The best value of this parameter lies beyond its bound.
    AtBound {
        /// Its name.
        parameter: String,
    },
    /// No maximum was found.
    NotConverged,
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fitted { customers, .. } => write!(f, "fitted to {}", counted(*customers, "customer")),
            Self::TooFew { customers: (customers, least), repeats: (repeats, least_repeats) } => write!(
                f,
                "too little to learn from: {} with {}; at least {least} with {least_repeats} are needed; nothing was changed",
                counted(*customers, "customer"),
                counted(*repeats, "repeat purchase")
            ),
            Self::AtBound { parameter } => write!(
                f,
                "no fit: customers are too much alike, or too different, for the model to tell how \
                 ({parameter} has no best value); nothing was changed"
            ),
            Self::NotConverged => write!(
                f,
                "no fit: the purchases do not tell which parameters describe them best; nothing was changed"
            ),
        }
    }
}

/// A log-likelihood of N parameters, each as the logarithm of what it is over its scale.
pub trait Likelihood<const N: usize> {
    /// Its value; what is no number is impossible.
    fn value(&self, point: &[f64; N]) -> f64;
    /// Its derivatives.
    fn gradient(&self, point: &[f64; N]) -> [f64; N];
}

/// `Fit::TooFew` where that is so.
pub fn too_few(customers: u64, repeats: u64) -> Option<Fit> {
    (customers < LEAST_CUSTOMERS || repeats < LEAST_REPEATS)
        .then_some(Fit::TooFew { customers: (customers, LEAST_CUSTOMERS), repeats: (repeats, LEAST_REPEATS) })
}

/// The maximum, and the standard errors of the logarithms there.
pub struct Maximum<const N: usize> {
    pub point: [f64; N],
    pub errors: [f64; N],
    pub value: f64,
}

/// Searches from each of `starts` by Nelder and Mead's method, twice, and climbs from the best by Newton's.
pub fn maximise<const N: usize>(
    likelihood: &impl Likelihood<N>,
    starts: &[[f64; N]],
    names: [&str; N],
) -> Result<Maximum<N>, Fit> {
    let within = |point: &[f64; N]| {
        if point.iter().all(|part| part.abs() <= BOUND) { likelihood.value(point) } else { f64::NEG_INFINITY }
    };
    let found = starts.iter().map(|start| {
        REACH
            .iter()
            .fold((*start, f64::NEG_INFINITY), |(from, _), reach| search(from, *reach, TOLERANCE, within))
    });
    let Some((best, _)) = found.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Err(Fit::NotConverged) };
    let bound = |index: usize| Fit::AtBound { parameter: names[index].to_owned() };
    match climb(likelihood, best) {
        Climb::Reached(point, errors) => Ok(Maximum { point, errors, value: likelihood.value(&point) }),
        Climb::Left(index) => Err(bound(index)),
        Climb::Lost => {
            let near = best.iter().position(|part| part.abs() > BOUND - NEAR_BOUND);
            Err(near.map_or(Fit::NotConverged, bound))
        }
    }
}

impl<const N: usize> Maximum<N> {
    /// What is said of it. `parameters` are on their own scale: an error of the logarithm is one relative to them.
    pub fn fitted(&self, customers: u64, names: [&str; N], parameters: [f64; N]) -> Fit {
        let errors = parameters.iter().zip(self.errors).map(|(parameter, error)| parameter * error);
        Fit::Fitted {
            customers,
            log_likelihood: self.value,
            standard_errors: names.iter().map(|name| (*name).to_owned()).zip(errors).collect(),
        }
    }
}
