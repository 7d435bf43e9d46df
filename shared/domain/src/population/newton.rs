//! Newton's method: from the neighbourhood of a maximum to where the gradient is zero.

use super::fit::{BOUND, Likelihood};
use super::matrix::{Matrix, cholesky, inverse_diagonal, solve};

/// Steps at the most; near the maximum each doubles the digits, before it they climb.
const STEPS: usize = 60;

/// Halvings of one step at the most.
const HALVINGS: usize = 30;

/// Over how much of a parameter's logarithm the gradient is differenced.
const SPACING: f64 = 1e-4;

/// The longest step along one axis.
const LONGEST: f64 = 1.0;

/// Where a step would gain less log-likelihood than this, steps are taken whole: rounding hides such gains.
const CLOSE: f64 = 1e-6;

/// Where a step would gain less log-likelihood than this, the gradient is practically zero: the maximum is within a
/// millionth of a standard error.
const REACHED: f64 = 1e-12;

/// What became of the climb.
pub enum Climb<const N: usize> {
    /// The maximum, and the standard errors of the parameters' logarithms from the observed information.
    Reached([f64; N], [f64; N]),
    /// This parameter left [`BOUND`].
    Left(usize),
    /// Neither within [`STEPS`].
    Lost,
}

/// Climbs from `point`.
pub fn climb<const N: usize>(likelihood: &impl Likelihood<N>, mut point: [f64; N]) -> Climb<N> {
    let mut value = likelihood.value(&point);
    for _ in 0..STEPS {
        let gradient = likelihood.gradient(&point);
        let information = information(likelihood, &point);
        if !value.is_finite() || gradient.iter().chain(information.iter().flatten()).any(|n| !n.is_finite()) {
            return Climb::Lost;
        }
        let definite = cholesky(&information);
        let step = match &definite {
            Some(lower) => solve(lower, &gradient),
            None => steepened(&information, &gradient),
        };
        let gain: f64 = 0.5 * dot(&gradient, &step);
        if let Some(lower) = &definite
            && gain <= REACHED
        {
            return Climb::Reached(point, inverse_diagonal(lower).map(libm::sqrt));
        }
        let longest = step.iter().fold(0.0_f64, |longest, part| longest.max(part.abs()));
        let mut length = if longest > LONGEST { LONGEST / longest } else { 1.0 };
        let mut next = along(&point, &step, length);
        let mut reached = likelihood.value(&next);
        for _ in 0..HALVINGS {
            if gain <= CLOSE || reached > value {
                break;
            }
            length *= 0.5;
            next = along(&point, &step, length);
            reached = likelihood.value(&next);
        }
        if let Some(left) = next.iter().position(|part| part.abs() > BOUND) {
            return Climb::Left(left);
        }
        (point, value) = (next, reached);
    }
    Climb::Lost
}

/// The observed information: the second derivatives of the log-likelihood, negative, from differences of its gradient.
fn information<const N: usize>(likelihood: &impl Likelihood<N>, point: &[f64; N]) -> Matrix<N> {
    let rows: Matrix<N> = std::array::from_fn(|axis| {
        let shifted = |by: f64| {
            let mut shifted = *point;
            shifted[axis] += by;
            likelihood.gradient(&shifted)
        };
        let (above, below) = (shifted(SPACING), shifted(-SPACING));
        std::array::from_fn(|other| (below[other] - above[other]) / (2.0 * SPACING))
    });
    std::array::from_fn(|row| std::array::from_fn(|column| 0.5 * (rows[row][column] + rows[column][row])))
}

/// A step uphill where the surface does not curve down in every direction: as much is added to the curvature along
/// each axis as makes it do so (Levenberg and Marquardt).
fn steepened<const N: usize>(information: &Matrix<N>, gradient: &[f64; N]) -> [f64; N] {
    let largest = information.iter().flatten().fold(f64::MIN_POSITIVE, |most, part| most.max(part.abs()));
    let mut added = largest * 1e-6;
    while added.is_finite() {
        let mut steep = *information;
        for (axis, row) in steep.iter_mut().enumerate() {
            row[axis] += added;
        }
        if let Some(lower) = cholesky(&steep) {
            return solve(&lower, gradient);
        }
        added *= 10.0;
    }
    *gradient
}

fn along<const N: usize>(point: &[f64; N], step: &[f64; N], length: f64) -> [f64; N] {
    std::array::from_fn(|axis| point[axis] + length * step[axis])
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
