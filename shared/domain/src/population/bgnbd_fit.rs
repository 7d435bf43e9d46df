//! The fit of BG/NBD: equation 6 of Fader, Hardie and Lee (2005), arranged so that nothing overflows or cancels.

use libm::{exp, log, log1p};

use super::bgnbd::BgNbd;
use super::fit::{Fit, Likelihood, maximise, too_few};
use super::purchases::Purchases;

const NAMES: [&str; 4] = ["r", "alpha", "a", "b"];

/// Where searches start: r, alpha over the scale, a, b. Shops differ in whether few customers return often or many
/// seldom, and in whether ties end early.
const STARTS: [[f64; 4]; 2] = [[0.5, 0.5, 0.5, 2.0], [2.0, 1.0, 0.1, 1.0]];

impl BgNbd {
    /// The parameters under which what `customers` did is likeliest, where they can be told, and what the fit says.
    pub fn fit(customers: &[Purchases]) -> (Option<Self>, Fit) {
        let count = customers.len() as u64;
        let repeats = customers.iter().map(|customer| u64::from(customer.repeats)).sum();
        if let Some(fit) = too_few(count, repeats) {
            return (None, fit);
        }
        let observed = Observed::new(customers);
        match maximise(&observed, &STARTS.map(|start| start.map(log)), NAMES) {
            Ok(maximum) => {
                let model = observed.model(&maximum.point);
                (Some(model), maximum.fitted(count, NAMES, [model.r, model.alpha, model.a, model.b]))
            }
            Err(fit) => (None, fit),
        }
    }

    /// The log-likelihood of what `customers` did.
    pub fn log_likelihood(&self, customers: &[Purchases]) -> f64 {
        Observed::new(customers).value_of(self)
    }
}

/// Customers that are alike, taken together.
struct Group {
    x: f64,
    last: f64,
    age: f64,
    customers: f64,
}

/// What is known of all customers. As x is a whole number, each ratio of gamma functions is a product over k below x:
/// over all customers, the factor of k comes as often as there are customers with more than k repeats.
struct Observed {
    groups: Vec<Group>,
    /// How many customers have more than 0, 1, 2 … repeats.
    more_than: Vec<f64>,
    customers: f64,
    /// The mean age, in days: alpha is searched relative to it.
    scale: f64,
}

impl Observed {
    fn new(customers: &[Purchases]) -> Self {
        let mut rows: Vec<(u32, f64, f64)> =
            customers.iter().map(|one| (one.repeats, one.last_days, one.age_days)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        let groups: Vec<Group> = rows
            .chunk_by(|a, b| a == b)
            .filter_map(|alike| {
                let (x, last, age) = alike.first()?;
                Some(Group { x: f64::from(*x), last: *last, age: *age, customers: alike.len() as f64 })
            })
            .collect();
        let most = rows.last().map_or(0, |row| row.0);
        let more_than =
            (0..most).map(|k| (rows.len() - rows.partition_point(|row| row.0 <= k)) as f64).collect();
        let customers = rows.len() as f64;
        let age: f64 = groups.iter().map(|group| group.age * group.customers).sum();
        let scale = if age > 0.0 && customers > 0.0 { age / customers } else { 1.0 };
        Self { groups, more_than, customers, scale }
    }

    fn model(&self, point: &[f64; 4]) -> BgNbd {
        let [r, alpha, a, b] = point.map(exp);
        BgNbd { r, alpha: alpha * self.scale, a, b }
    }

    fn value_of(&self, model: &BgNbd) -> f64 {
        let BgNbd { r, alpha, a, b } = *model;
        let products: f64 = (0_u32..)
            .zip(&self.more_than)
            .map(|(k, customers)| {
                let k = f64::from(k);
                customers * (log(r + k) + log(b + k) - log(a + b + k))
            })
            .sum();
        let likely: f64 = self
            .groups
            .iter()
            .map(|group| {
                let alive = -(r + group.x) * log(alpha + group.age);
                let either =
                    if group.x > 0.0 { alive + log1p(exp(ended(model, group, alive))) } else { alive };
                group.customers * either
            })
            .sum();
        products + self.customers * r * log(alpha) + likely
    }
}

/// By how much likelier it is that the tie ended at the last purchase than that it is alive, as a logarithm.
///
/// It grows with the silence since, and could overflow only beyond 10^300 to 1.
fn ended(model: &BgNbd, group: &Group, alive: f64) -> f64 {
    let ended =
        log(model.a / (model.b + group.x - 1.0)) - (model.r + group.x) * log(model.alpha + group.last);
    (ended - alive).min(690.0)
}

impl Likelihood<4> for Observed {
    fn value(&self, point: &[f64; 4]) -> f64 {
        self.value_of(&self.model(point))
    }

    fn gradient(&self, point: &[f64; 4]) -> [f64; 4] {
        let model = self.model(point);
        let BgNbd { r, alpha, a, b } = model;
        let (mut by_r, mut by_alpha) = (self.customers * log(alpha), self.customers * r / alpha);
        let (mut by_a, mut by_b) = (0.0, 0.0);
        for (k, customers) in (0_u32..).zip(&self.more_than) {
            let k = f64::from(k);
            by_r += customers / (r + k);
            by_a -= customers / (a + b + k);
            by_b += customers * (1.0 / (b + k) - 1.0 / (a + b + k));
        }
        for group in &self.groups {
            let log_age = log(alpha + group.age);
            let alive = -(r + group.x) * log_age;
            let over = if group.x > 0.0 {
                let odds = exp(ended(&model, group, alive));
                odds / (1.0 + odds)
            } else {
                0.0
            };
            by_r -= group.customers * ((1.0 - over) * log_age + over * log(alpha + group.last));
            by_alpha -= group.customers
                * (r + group.x)
                * ((1.0 - over) / (alpha + group.age) + over / (alpha + group.last));
            if group.x > 0.0 {
                by_a += group.customers * over / a;
                by_b -= group.customers * over / (b + group.x - 1.0);
            }
        }
        [by_r * r, by_alpha * alpha, by_a * a, by_b * b]
    }
}
