//! TEMP until branch population is merged.
use crate::customer::Customer;
use crate::money::Yen;
use crate::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

/// x
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    #[expect(missing_docs)]
    pub as_of: Timestamp,
    #[expect(missing_docs)]
    pub customers: u64,
    #[expect(missing_docs)]
    pub rfm: Option<Quintiles>,
    #[expect(missing_docs)]
    pub purchases: Option<BgNbd>,
    #[expect(missing_docs)]
    pub value: Option<GammaGamma>,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs)]
pub struct Quintiles {
    pub recency: [i64; 4],
    pub frequency: [u32; 4],
    pub money: [Yen; 4],
}
#[expect(missing_docs)]
impl Quintiles {
    pub fn recency_score(&self, s: i64) -> u8 {
        5 - self.recency.iter().filter(|b| s > **b).count() as u8
    }
    pub fn frequency_score(&self, n: u32) -> u8 {
        1 + self.frequency.iter().filter(|b| n > **b).count() as u8
    }
    pub fn money_score(&self, y: Yen) -> u8 {
        1 + self.money.iter().filter(|b| y > **b).count() as u8
    }
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs)]
pub struct BgNbd {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs)]
pub struct GammaGamma {
    pub p: f64,
    pub q: f64,
    pub v: f64,
}
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs)]
pub struct Purchases {
    pub repeats: u32,
    pub last_seconds: i64,
    pub age_seconds: i64,
    pub count: u32,
    pub mean_yen: f64,
}
#[expect(missing_docs)]
impl Purchases {
    pub fn of(customer: &Customer, now: Timestamp) -> Option<Self> {
        let h = customer.events.get("Order Completed")?;
        let (count, total) = h.until(now);
        let last = h.last_at(now)?;
        Some(Self {
            repeats: count.checked_sub(1)?,
            last_seconds: last.since(h.first),
            age_seconds: now.since(h.first),
            count,
            mean_yen: total.0 as f64 / f64::from(count),
        })
    }
    pub fn later(&self, seconds: i64) -> Self {
        Self { age_seconds: self.age_seconds + seconds, ..*self }
    }
}
#[expect(missing_docs)]
impl BgNbd {
    pub fn alive(&self, p: &Purchases) -> f64 {
        if p.repeats == 0 {
            return 1.0;
        }
        let (t, tx, x) =
            (p.age_seconds as f64 / DAY as f64, p.last_seconds as f64 / DAY as f64, f64::from(p.repeats));
        1.0 / (1.0 + self.a / (self.b + x - 1.0) * ((self.alpha + t) / (self.alpha + tx)).powf(self.r + x))
    }
    pub fn expected(&self, p: &Purchases, days: f64) -> f64 {
        self.alive(p) * days * (self.r + f64::from(p.repeats))
            / (self.alpha + p.age_seconds as f64 / DAY as f64)
    }
}
#[expect(missing_docs)]
impl GammaGamma {
    pub fn mean_yen(&self, p: &Purchases) -> f64 {
        p.mean_yen
    }
}
