//! The fit of Gamma-Gamma: equation 1a of Fader and Hardie's note (2013).

use libm::{exp, lgamma, log};

use super::digamma::digamma;
use super::fit::{Fit, Likelihood, maximise, too_few};
use super::gamma_gamma::GammaGamma;
use super::purchases::Purchases;

const NAMES: [&str; 3] = ["p", "q", "gamma"];

/// Where searches start: p, q, gamma over the scale.
const STARTS: [[f64; 3]; 2] = [[3.0, 3.0, 1.0], [1.0, 10.0, 10.0]];

impl GammaGamma {
    /// The parameters under which what `customers` spent is likeliest, where they can be told, and what the fit says.
    ///
    /// Give it those who returned: whether spending differs between customers or from day to day, one purchase does
    /// not tell. The model knows no purchase that is worth nothing: customers who never spent anything are left out.
    pub fn fit(customers: &[Purchases]) -> (Option<Self>, Fit) {
        let paying = customers.iter().filter(|customer| customer.mean_yen > 0.0);
        let (count, repeats) = paying.fold((0_u64, 0_u64), |(count, repeats), customer| {
            (count + 1, repeats + u64::from(customer.repeats))
        });
        if let Some(fit) = too_few(count, repeats) {
            return (None, fit);
        }
        let observed = Observed::new(customers);
        match maximise(&observed, &STARTS.map(|start| start.map(log)), NAMES) {
            Ok(maximum) => {
                let model = observed.model(&maximum.point);
                (Some(model), maximum.fitted(count, NAMES, [model.p, model.q, model.gamma]))
            }
            Err(fit) => (None, fit),
        }
    }

    /// The log-likelihood of what `customers` spent on average.
    pub fn log_likelihood(&self, customers: &[Purchases]) -> f64 {
        Observed::new(customers).value_of(self)
    }
}

/// Customers with the same number of days with a purchase.
struct Group {
    days: f64,
    /// What each spent in all.
    spent: Vec<f64>,
    /// The logarithms of that, added up.
    logs: f64,
}

/// What is known of all customers.
struct Observed {
    groups: Vec<Group>,
    /// The geometric mean of what a day was worth: gamma is searched relative to it.
    scale: f64,
}

impl Observed {
    fn new(customers: &[Purchases]) -> Self {
        let mut rows: Vec<(u32, f64)> = customers
            .iter()
            .filter(|customer| customer.mean_yen > 0.0)
            .map(|customer| (customer.days(), customer.mean_yen))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let logs: f64 = rows.iter().map(|row| log(row.1)).sum();
        let scale = if rows.is_empty() { 1.0 } else { exp(logs / rows.len() as f64) };
        let groups = rows
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|alike| {
                let days = f64::from(alike.first()?.0);
                let spent: Vec<f64> = alike.iter().map(|row| row.1 * days).collect();
                let logs = spent.iter().map(|spent| log(*spent)).sum();
                Some(Group { days, spent, logs })
            })
            .collect();
        Self { groups, scale }
    }

    fn model(&self, point: &[f64; 3]) -> GammaGamma {
        let [p, q, gamma] = point.map(exp);
        GammaGamma { p, q, gamma: gamma * self.scale }
    }

    fn value_of(&self, model: &GammaGamma) -> f64 {
        let GammaGamma { p, q, gamma } = *model;
        let each = q * log(gamma) - lgamma(q);
        let groups = self.groups.iter().map(|group| {
            let shape = p * group.days;
            let customers = group.spent.len() as f64;
            let sums: f64 = group.spent.iter().map(|spent| log(gamma + spent)).sum();
            customers * (each + lgamma(shape + q) - lgamma(shape) + log(group.days))
                + (shape - 1.0) * group.logs
                - (shape + q) * sums
        });
        groups.sum()
    }
}

impl Likelihood<3> for Observed {
    fn value(&self, point: &[f64; 3]) -> f64 {
        self.value_of(&self.model(point))
    }

    fn gradient(&self, point: &[f64; 3]) -> [f64; 3] {
        let GammaGamma { p, q, gamma } = self.model(point);
        let each = log(gamma) - digamma(q);
        let (mut by_p, mut by_q, mut by_gamma) = (0.0, 0.0, 0.0);
        for group in &self.groups {
            let shape = p * group.days;
            let customers = group.spent.len() as f64;
            let sums: f64 = group.spent.iter().map(|spent| log(gamma + spent)).sum();
            let inverses: f64 = group.spent.iter().map(|spent| 1.0 / (gamma + spent)).sum();
            let both = digamma(shape + q);
            by_p += group.days * (customers * (both - digamma(shape)) + group.logs - sums);
            by_q += customers * (each + both) - sums;
            by_gamma += customers * q / gamma - (shape + q) * inverses;
        }
        [by_p * p, by_q * q, by_gamma * gamma]
    }
}
