//! Square matrices of a few rows.

use libm::sqrt;

/// N rows of N.
pub type Matrix<const N: usize> = [[f64; N]; N];

/// The lower triangle L with L Lᵀ = `matrix`; `None` when that is not positive definite.
pub fn cholesky<const N: usize>(matrix: &Matrix<N>) -> Option<Matrix<N>> {
    let mut lower = [[0.0; N]; N];
    for row in 0..N {
        for column in 0..=row {
            let sum: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - sum;
            if row == column {
                // What rounding leaves of a zero counts as zero.
                if !rest.is_finite() || rest <= matrix[row][row] * 1e-12 {
                    return None;
                }
                lower[row][row] = sqrt(rest);
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    Some(lower)
}

/// The x with L Lᵀ x = `right`.
pub fn solve<const N: usize>(lower: &Matrix<N>, right: &[f64; N]) -> [f64; N] {
    let mut x = *right;
    for row in 0..N {
        let sum: f64 = (0..row).map(|k| lower[row][k] * x[k]).sum();
        x[row] = (x[row] - sum) / lower[row][row];
    }
    for row in (0..N).rev() {
        let sum: f64 = (row + 1..N).map(|k| lower[k][row] * x[k]).sum();
        x[row] = (x[row] - sum) / lower[row][row];
    }
    x
}

/// The diagonal of the inverse of L Lᵀ.
pub fn inverse_diagonal<const N: usize>(lower: &Matrix<N>) -> [f64; N] {
    std::array::from_fn(|index| {
        let unit = std::array::from_fn(|row| if row == index { 1.0 } else { 0.0 });
        solve(lower, &unit)[index]
    })
}
