//! The simplex search of Nelder and Mead: finds the neighbourhood of a maximum from the values alone.
//!
//! Nelder and Mead, "A Simplex Method for Function Minimization", The Computer Journal 7(4), 1965; the steps as in
//! Lagarias, Reeds, Wright and Wright, SIAM Journal on Optimization 9(1), 1998; their lengths by the number of
//! parameters as in Gao and Han, Computational Optimization and Applications 51(1), 2012.

/// Steps of one search at the most, for each parameter.
const STEPS_PER_PARAMETER: usize = 100;

type Point<const N: usize> = ([f64; N], f64);

/// Searches from `start`, whose simplex reaches `reach` along each axis, until the values at its corners differ by no
/// more than `tolerance`. Returns the best corner and its value; a value that is no number counts as the worst.
pub fn search<const N: usize>(
    start: [f64; N],
    reach: f64,
    tolerance: f64,
    value: impl Fn(&[f64; N]) -> f64,
) -> Point<N> {
    let at = |point: [f64; N]| {
        let value = value(&point);
        (point, if value.is_nan() { f64::NEG_INFINITY } else { value })
    };
    let mut best = at(start);
    let mut others: [Point<N>; N] = std::array::from_fn(|axis| {
        let mut corner = start;
        corner[axis] += reach;
        at(corner)
    });
    for _ in 0..STEPS_PER_PARAMETER * N {
        order(&mut best, &mut others);
        let Some(worst) = others.last().copied() else { break };
        if best.1 - worst.1 <= tolerance {
            break;
        }
        step(&mut best, &mut others, &at);
    }
    order(&mut best, &mut others);
    best
}

/// The best first; `others` from good to bad.
fn order<const N: usize>(best: &mut Point<N>, others: &mut [Point<N>; N]) {
    others.sort_by(|a, b| b.1.total_cmp(&a.1));
    if let Some(first) = others.first_mut()
        && first.1 > best.1
    {
        std::mem::swap(best, first);
        others.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
}

/// Reflects the worst corner in the middle of the others, going further where that is good and less far where it is
/// not; where all that fails, draws all corners towards the best.
fn step<const N: usize>(best: &mut Point<N>, others: &mut [Point<N>; N], at: &impl Fn([f64; N]) -> Point<N>) {
    let n = N as f64;
    let (further, nearer, shrunk) = (1.0 + 2.0 / n, 0.75 - 0.5 / n, 1.0 - 1.0 / n);
    let worst = others[N - 1];
    let second_worst = if N > 1 { others[N - 2].1 } else { best.1 };
    let middle: [f64; N] = std::array::from_fn(|axis| {
        let sum: f64 = others[..N - 1].iter().map(|corner| corner.0[axis]).sum();
        (best.0[axis] + sum) / n
    });
    let along =
        |length: f64| at(std::array::from_fn(|axis| middle[axis] + length * (middle[axis] - worst.0[axis])));
    let reflected = along(1.0);
    let taken = if reflected.1 > best.1 {
        let expanded = along(further);
        Some(if expanded.1 > reflected.1 { expanded } else { reflected })
    } else if reflected.1 > second_worst {
        Some(reflected)
    } else if reflected.1 > worst.1 {
        Some(along(nearer)).filter(|contracted| contracted.1 >= reflected.1)
    } else {
        Some(along(-nearer)).filter(|contracted| contracted.1 > worst.1)
    };
    if let Some(taken) = taken {
        others[N - 1] = taken;
        return;
    }
    for corner in others.iter_mut() {
        *corner = at(std::array::from_fn(|axis| best.0[axis] + shrunk * (corner.0[axis] - best.0[axis])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbs_a_bent_ridge() {
        // Rosenbrock's valley, turned over: the top is at 1, 1.
        let value = |p: &[f64; 2]| {
            let (short, off) = (1.0 - p[0], p[1] - p[0] * p[0]);
            -(short * short + 100.0 * off * off)
        };
        let (point, top) = search([-1.2, 1.0], 0.5, 1e-14, value);
        assert!(top > -1e-10 && (point[0] - 1.0).abs() < 1e-4, "{point:?} {top}");
    }

    #[test]
    fn ends_where_there_is_no_top() {
        let (_, top) = search([0.0; 3], 1.0, 1e-9, |p| p.iter().sum());
        assert!(top.is_finite() && top > 1.0);
        assert!(search([0.0; 3], 1.0, 1e-9, |_| f64::NAN).1.is_infinite());
    }
}
