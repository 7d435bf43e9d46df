//! What purchases are worth: the Gamma-Gamma model.

use serde::{Deserialize, Serialize};

use super::purchases::Purchases;

/// The Gamma-Gamma model of Fader and Hardie, "The Gamma-Gamma Model of Monetary Value", 2013 (note 025 at
/// brucehardie.com).
///
/// What a customer spends on a day varies as Gamma(p, ν); ν differs between customers as Gamma(q, gamma).
///
/// It is fitted to those who returned, as in the note's example. The example leaves a customer's first purchase out;
/// here it counts: it is all that is known of who bought once, and at CDNOW what customers spend later is foretold
/// better with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    /// The shape of what one customer spends: the greater, the more alike.
    pub p: f64,
    /// The shape of how customers differ: the greater, the more alike.
    pub q: f64,
    /// Its rate, in yen.
    pub gamma: f64,
}

impl GammaGamma {
    /// What a day of purchases of this customer will be worth on average, in yen (equation 5 of the note): between
    /// what it was so far and what all customers spend, the nearer to the first the more purchases there were.
    ///
    /// The customer's own mean where the model has none (p × days + q ≤ 1).
    pub fn mean_yen(&self, purchases: &Purchases) -> f64 {
        let days = f64::from(purchases.days());
        let weight = self.p * days + self.q - 1.0;
        if weight <= 0.0 {
            return purchases.mean_yen;
        }
        self.p * (self.gamma + days * purchases.mean_yen) / weight
    }
}
