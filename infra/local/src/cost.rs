//! What a stack costs: quantities, from the template and the meter, by the prices of a dated file.
//!
//! A message costs thousandths of a yen, so yen are fractions here: `f64` tells a millionth of a yen in a bill of a million.

mod idle;
mod prices;
#[cfg(test)]
mod tests;
mod transitions;
mod used;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::template::Template;

pub use idle::{MONTH_SECONDS, Ticked, idle, per_month};
pub use prices::{Assumptions, Item, Price, Prices, Rate, TOKYO};
pub use transitions::transitions;
pub use used::Used;

/// What a message may cost, in yen.
pub const YEN_PER_MESSAGE_AIM: f64 = 0.003;

/// What a stack may cost in a month in which nothing happens, in yen.
pub const YEN_IDLE_MONTH_AIM: f64 = 300.0;

/// What functions are built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub enum Architecture {
    /// Intel and AMD.
    #[default]
    #[value(name = "x86_64")]
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton.
    #[value(name = "arm64")]
    #[serde(rename = "arm64")]
    Arm,
}

/// What a cost is reckoned by.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// What there is.
    pub template: &'a Template,
    /// What it is paid by.
    pub prices: &'a Prices,
    /// What functions are built for.
    pub architecture: Architecture,
}

/// So much of something that is paid for.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is for.
    pub what: String,
    /// What is paid.
    pub item: Item,
    /// How many units of it.
    pub quantity: f64,
}

impl Line {
    fn new(what: impl Into<String>, item: Item, quantity: f64) -> Self {
        Self { what: what.into(), item, quantity }
    }
}

/// A line with its price.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Priced {
    /// What it is for.
    pub what: String,
    /// How many units.
    pub quantity: f64,
    /// What is counted.
    pub unit: String,
    /// At list prices.
    pub yen: f64,
    /// Beyond what every account gets each month for nothing, when nothing else in the account uses that up.
    pub yen_beyond_free: f64,
}

/// Every line so many times.
pub fn times(lines: &[Line], factor: f64) -> Vec<Line> {
    lines.iter().map(|line| Line { quantity: line.quantity * factor, ..line.clone() }).collect()
}

/// Lines of the same purpose added up, in the order in which each first came; what comes to nothing is left out.
pub fn sum(lines: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    for line in lines {
        match all.iter_mut().find(|one| one.what == line.what && one.item == line.item) {
            Some(one) => one.quantity += line.quantity,
            None => all.push(line),
        }
    }
    all.retain(|line| line.quantity != 0.0);
    all
}

/// What one of so many comes to, when `without` is paid anyway.
pub fn each(all: &[Line], without: &[Line], count: u64) -> Vec<Line> {
    let own = sum(all.iter().cloned().chain(times(without, -1.0)));
    times(&own, 1.0 / count.max(1) as f64)
}

/// A month's lines with their prices. What is free of an item goes to its lines in their order.
pub fn bill(lines: &[Line], prices: &Prices) -> Vec<Priced> {
    let mut taken: BTreeMap<Item, f64> = BTreeMap::new();
    let one = |line: &Line| {
        let price = prices.of(line.item);
        let taken = taken.entry(line.item).or_default();
        let free = (price.free - *taken).clamp(0.0, line.quantity.max(0.0));
        *taken += free;
        Priced {
            what: line.what.clone(),
            quantity: line.quantity,
            unit: price.unit.clone(),
            yen: prices.yen(line.item, line.quantity),
            yen_beyond_free: prices.yen(line.item, line.quantity - free),
        }
    };
    lines.iter().map(one).collect()
}

/// What lines come to at list prices, in yen.
pub fn yen(bill: &[Priced]) -> f64 {
    bill.iter().map(|priced| priced.yen).sum()
}

/// What lines come to beyond what is free, in yen.
pub fn yen_beyond_free(bill: &[Priced]) -> f64 {
    bill.iter().map(|priced| priced.yen_beyond_free).sum()
}
