//! What is learnt of all customers at once: the fifths of recency, frequency and money, and how purchases come and what
//! they are worth.
//!
//! A [`Survey`] looks at every customer; what it concludes is a [`Population`], which conditions read. All of it is
//! computed with `libm` and integers: the same customers give the same bits on every machine.

mod bgnbd;
mod bgnbd_fit;
mod digamma;
mod fit;
mod gamma_gamma;
mod gamma_gamma_fit;
mod matrix;
mod nelder_mead;
mod newton;
mod purchases;
mod quintiles;
mod sketch;
mod survey;

pub use bgnbd::BgNbd;
pub use fit::{Fit, LEAST_CUSTOMERS, LEAST_REPEATS};
pub use gamma_gamma::GammaGamma;
pub use purchases::{Purchases, Rfm};
pub use quintiles::Quintiles;
pub use sketch::Sketch;
pub use survey::{SAMPLE_LIMIT, Survey, SurveyError};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What was learnt of all customers at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// When the customers were looked at.
    pub as_of: Timestamp,
    /// How many of them had bought.
    #[serde(default)]
    pub customers: u64,
    /// The fifths; none while nobody has bought.
    #[serde(default)]
    pub rfm: Option<Quintiles>,
    /// How purchases come: the last fit that succeeded.
    #[serde(default)]
    pub purchases: Option<BgNbd>,
    /// What purchases are worth: the last fit that succeeded.
    #[serde(default)]
    pub value: Option<GammaGamma>,
    /// What the latest fit of `purchases` said; when it did not succeed, the parameters are those from before.
    #[serde(default)]
    pub purchases_fit: Option<Fit>,
    /// What the latest fit of `value` said; when it did not succeed, the parameters are those from before.
    #[serde(default)]
    pub value_fit: Option<Fit>,
}

impl Population {
    /// Whether anything was learnt: of customers of whom nobody has bought there is nothing to learn.
    pub const fn is_learnt(&self) -> bool {
        self.customers > 0 || self.rfm.is_some()
    }
}

/// What is asked of all customers together and is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Unlearnt {
    /// The fifths, without which nobody has scores.
    Scores,
    /// How purchases come; what the latest fit said, if there was one.
    Purchases(Option<Fit>),
    /// What purchases are worth; what the latest fit said, if there was one.
    Value(Option<Fit>),
}
