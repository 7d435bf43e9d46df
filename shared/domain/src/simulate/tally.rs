//! What a dry run came to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use jiff::civil::Date;

use crate::money::Yen;
use crate::names::JourneyName;

/// What a dry run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Customers that were played.
    pub customers: u64,
    /// Calls of [`crate::step::step`].
    pub steps: u64,
    /// What each journey did; those that did nothing are not in it.
    pub journeys: BTreeMap<JourneyName, JourneyTally>,
    /// People by the number of journeys that wrote to them.
    pub reached_by: BTreeMap<usize, u64>,
    /// Customers that were given up: something keeps them busy without end.
    pub endless: u64,
}

/// What one journey did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JourneyTally {
    /// Enrollments that began.
    pub entries: u64,
    /// Enrollments that did not begin, by reason.
    pub not_entered: BTreeMap<&'static str, u64>,
    /// Messages that left, by step.
    pub sends: BTreeMap<String, u64>,
    /// Messages that left, by day and hour of the receivers' clocks.
    pub hours: BTreeMap<(Date, i8), u64>,
    /// How often a message was held, by reason.
    pub held: BTreeMap<&'static str, u64>,
    /// Messages that were left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// SMS parts, on the route with most of them.
    pub parts: u64,
    /// What the messages cost, on the dearest route.
    pub yen: Yen,
    /// The same by month of the shop's calendar, such as `2026-03`.
    pub months: BTreeMap<String, Yen>,
    /// Messages that were clicked, by assumption.
    pub clicks: u64,
    /// Enrollments that reached their goal, by what happened or by assumption.
    pub conversions: u64,
    /// Those of them that reached it by assumption.
    pub assumed_conversions: u64,
    /// What the events of the goals were worth.
    pub revenue: Yen,
    /// People it wrote to.
    pub people: u64,
    /// Of them, those to whom another journey wrote as well, by that one.
    pub shared: BTreeMap<JourneyName, u64>,
}

impl JourneyTally {
    /// Messages that left.
    pub fn sent(&self) -> u64 {
        self.sends.values().sum()
    }

    /// Cost by conversion, to the nearest yen; none without a conversion.
    pub fn cpa_yen(&self) -> Option<Yen> {
        self.yen.per(self.conversions)
    }
}

impl AddAssign for JourneyTally {
    fn add_assign(&mut self, other: Self) {
        self.entries += other.entries;
        merge(&mut self.not_entered, other.not_entered);
        merge(&mut self.sends, other.sends);
        merge(&mut self.hours, other.hours);
        merge(&mut self.held, other.held);
        merge(&mut self.skipped, other.skipped);
        self.parts += other.parts;
        self.yen += other.yen;
        merge(&mut self.months, other.months);
        self.clicks += other.clicks;
        self.conversions += other.conversions;
        self.assumed_conversions += other.assumed_conversions;
        self.revenue += other.revenue;
        self.people += other.people;
        merge(&mut self.shared, other.shared);
    }
}

impl Tally {
    /// The sum over all journeys. Its people are counted once for each journey that wrote to them.
    pub fn total(&self) -> JourneyTally {
        self.journeys.values().fold(JourneyTally::default(), |mut total, journey| {
            total += journey.clone();
            total
        })
    }

    /// Adds what other customers came to; in whatever order that is done, the sum is the same.
    pub fn merge(&mut self, other: Self) {
        self.customers += other.customers;
        self.steps += other.steps;
        merge(&mut self.journeys, other.journeys);
        merge(&mut self.reached_by, other.reached_by);
        self.endless += other.endless;
    }

    /// Counts a customer to whom these journeys wrote.
    pub(super) fn count(&mut self, reached: &BTreeSet<JourneyName>) {
        self.customers += 1;
        if !reached.is_empty() {
            *self.reached_by.entry(reached.len()).or_default() += 1;
        }
        for journey in reached {
            let of = self.of(journey);
            of.people += 1;
            for other in reached.iter().filter(|other| *other != journey) {
                *of.shared.entry(other.clone()).or_default() += 1;
            }
        }
    }

    /// What a journey did, to add to.
    pub(super) fn of(&mut self, journey: &JourneyName) -> &mut JourneyTally {
        self.journeys.entry(journey.clone()).or_default()
    }
}

fn merge<K: Ord, V: AddAssign + Default>(into: &mut BTreeMap<K, V>, from: BTreeMap<K, V>) {
    for (key, more) in from {
        *into.entry(key).or_default() += more;
    }
}
