//! The survey of all customers, made in any number of parts.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Population;
use super::bgnbd::BgNbd;
use super::gamma_gamma::GammaGamma;
use super::purchases::{Purchases, Rfm};
use super::quintiles::Quintiles;
use super::sketch::Sketch;
use crate::customer::Customer;
use crate::names::CustomerId;
use crate::time::Timestamp;

/// How many customers the models are fitted to at the most. Their standard errors are then about half of what a fit to
/// 2,000 has, and a survey takes at most about 270 KB as it is stored.
pub const SAMPLE_LIMIT: usize = 8_000;

/// Times are kept in minutes.
const MINUTES_A_DAY: f64 = 1_440.0;

/// What a look at some customers found; surveys of some and of others merge into one of all. The result does not
/// depend on the order or on how they are split, as long as every customer is added once.
///
/// It is stored as one short text (postcard in base64).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Survey(Found);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    customers: u64,
    recency: Sketch,
    frequency: Sketch,
    money: Sketch,
    sample: BTreeSet<Sampled>,
}

/// A customer in the sample, which is of those whose ids have the lowest hashes: at any time the same ones.
///
/// Each was looked at at an instant of its own, and the models take it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Sampled {
    hash: u64,
    repeats: u32,
    last_minutes: u32,
    age_minutes: u32,
    mean_yen: u64,
}

impl Survey {
    /// A survey of nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a customer as of `now`; one who never bought is left out.
    pub fn add(&mut self, customer: &Customer, now: Timestamp) {
        let (Some(purchases), Some(rfm)) = (Purchases::of(customer, now), Rfm::of(customer, now)) else {
            return;
        };
        self.0.customers = self.0.customers.saturating_add(1);
        self.0.recency.add(rfm.recency);
        self.0.frequency.add(i64::from(rfm.frequency));
        self.0.money.add(rfm.money.0);
        self.sample(Sampled::new(&customer.id, &purchases));
    }

    /// Adds what another survey found.
    pub fn merge(&mut self, other: Self) {
        self.0.customers = self.0.customers.saturating_add(other.0.customers);
        self.0.recency.merge(&other.0.recency);
        self.0.frequency.merge(&other.0.frequency);
        self.0.money.merge(&other.0.money);
        for sampled in other.0.sample {
            self.sample(sampled);
        }
    }

    /// What was learnt. Where a model can't be fitted its parameters stay what they were in `previous`, and so do the
    /// fifths while nobody has bought.
    pub fn conclude(&self, previous: Option<&Population>, now: Timestamp) -> Population {
        let sample: Vec<Purchases> = self.0.sample.iter().map(Sampled::purchases).collect();
        let (purchases, purchases_fit) = BgNbd::fit(&sample);
        let returned: Vec<Purchases> = sample.into_iter().filter(|customer| customer.repeats > 0).collect();
        let (value, value_fit) = GammaGamma::fit(&returned);
        Population {
            as_of: now,
            customers: self.0.customers,
            rfm: self.quintiles().or_else(|| previous?.rfm),
            purchases: purchases.or_else(|| previous?.purchases),
            value: value.or_else(|| previous?.value),
            purchases_fit: Some(purchases_fit),
            value_fit: Some(value_fit),
        }
    }

    /// The fifths; `None` while nobody has bought.
    pub fn quintiles(&self) -> Option<Quintiles> {
        Quintiles::of(&self.0.recency, &self.0.frequency, &self.0.money)
    }

    fn sample(&mut self, sampled: Sampled) {
        let sample = &mut self.0.sample;
        if sample.len() < SAMPLE_LIMIT || sample.last().is_some_and(|last| sampled < *last) {
            sample.insert(sampled);
        }
        if sample.len() > SAMPLE_LIMIT {
            sample.pop_last();
        }
    }
}

impl Sampled {
    fn new(id: &CustomerId, purchases: &Purchases) -> Self {
        Self {
            hash: hash(id),
            repeats: purchases.repeats,
            last_minutes: whole(purchases.last_days * MINUTES_A_DAY),
            age_minutes: whole(purchases.age_days * MINUTES_A_DAY),
            mean_yen: whole_yen(purchases.mean_yen),
        }
    }

    fn purchases(&self) -> Purchases {
        Purchases {
            repeats: self.repeats,
            last_days: f64::from(self.last_minutes) / MINUTES_A_DAY,
            age_days: f64::from(self.age_minutes) / MINUTES_A_DAY,
            mean_yen: self.mean_yen as f64,
            count: self.repeats.saturating_add(1),
        }
    }
}

/// Six bytes of the SHA-256 of the id: short to store, and two of the sample hardly ever have the same.
fn hash(id: &CustomerId) -> u64 {
    let digest = Sha256::digest(id.as_str().as_bytes());
    digest.iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast stops at the ends of the range"
)]
fn whole(number: f64) -> u32 {
    libm::round(number) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast stops at the ends of the range"
)]
fn whole_yen(number: f64) -> u64 {
    libm::round(number) as u64
}

impl From<Survey> for String {
    fn from(survey: Survey) -> Self {
        // Writing to memory has no way to fail; an empty text would be refused where it is read.
        STANDARD_NO_PAD.encode(postcard::to_allocvec(&survey.0).unwrap_or_default())
    }
}

impl TryFrom<String> for Survey {
    type Error = SurveyError;
    fn try_from(text: String) -> Result<Self, SurveyError> {
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| SurveyError)?;
        postcard::from_bytes(&bytes).map(Self).map_err(|_| SurveyError)
    }
}

/// The text is no survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a survey of this version; begin one anew")]
pub struct SurveyError;
