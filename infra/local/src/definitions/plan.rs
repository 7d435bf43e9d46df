//! What definitions would do to those who are there: who would enter and leave segments, and who would begin journeys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use cloud::table::Table;
use cloud::table::customers::Stored;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::names::{CustomerId, JourneyName, SegmentName};
use domain::step::{Decided, step};
use domain::time::Timestamp;

/// How many people are named.
const SAMPLE: usize = 5;

/// People: how many, and some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// How many.
    pub count: u64,
    /// Those with the lowest hashes of their ids: the same whatever the order in which they are read.
    sample: BTreeSet<(u64, CustomerId)>,
}

impl People {
    fn add(&mut self, id: &CustomerId) {
        self.count += 1;
        self.sample.insert((hash(id), id.clone()));
        if self.sample.len() > SAMPLE {
            self.sample.pop_last();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sample.extend(other.sample);
        while self.sample.len() > SAMPLE {
            self.sample.pop_last();
        }
    }

    /// Some of them, in the order of their ids.
    pub fn some(&self) -> Vec<&CustomerId> {
        let mut some: Vec<&CustomerId> = self.sample.iter().map(|(_, id)| id).collect();
        some.sort();
        some
    }
}

/// FNV-1a, 64 bits.
fn hash(id: &CustomerId) -> u64 {
    let bytes = id.as_str().bytes();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// What would happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Customers that were looked at.
    pub customers: u64,
    /// Those among them who are due by time already: what that does is in the figures.
    pub due: u64,
    /// Who would enter each segment.
    pub enter: BTreeMap<SegmentName, People>,
    /// Who would leave each segment.
    pub leave: BTreeMap<SegmentName, People>,
    /// Who would begin each journey.
    pub begin: BTreeMap<JourneyName, People>,
    /// What customers have, so that a name that nobody has is noticed.
    pub names: Names,
}

/// The most names of one kind that are remembered: more are no vocabulary but data.
const NAMES_LIMIT: usize = 10_000;

/// Names of events and traits that some customer has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Of events, each with how many customers have it.
    pub events: BTreeMap<String, u64>,
    /// Of traits.
    pub traits: BTreeMap<String, u64>,
    /// Whether there were more than are remembered: then that one is missing says nothing.
    pub more: bool,
}

impl Names {
    fn look(&mut self, customer: &Customer) {
        for name in customer.events.keys() {
            self.more |= !count(&mut self.events, name, 1);
        }
        for name in customer.traits.keys().filter(|name| customer.value(name).is_some()) {
            self.more |= !count(&mut self.traits, name, 1);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.more |= other.more;
        for (into, from) in [(&mut self.events, &other.events), (&mut self.traits, &other.traits)] {
            for (name, more) in from {
                self.more |= !count(into, name, *more);
            }
        }
    }
}

/// Counts a name; `false` when there is no room for it.
fn count(names: &mut BTreeMap<String, u64>, name: &str, more: u64) -> bool {
    if let Some(count) = names.get_mut(name) {
        *count += more;
        return true;
    }
    let room = names.len() < NAMES_LIMIT;
    if room {
        names.insert(name.to_owned(), more);
    }
    room
}

impl Plan {
    fn merge(&mut self, other: Self) {
        self.customers += other.customers;
        self.due += other.due;
        merge(&mut self.enter, other.enter);
        merge(&mut self.leave, other.leave);
        merge(&mut self.begin, other.begin);
        self.names.merge(&other.names);
    }

    fn look(&mut self, stored: &Stored, definitions: &Definitions, now: Timestamp) {
        let before = &stored.customer;
        self.customers += 1;
        self.names.look(before);
        self.due += u64::from(stored.due_at.is_some_and(|at| at <= now));
        let stepped = step(before, &[], now, definitions);
        for (name, after) in &stepped.customer.segments {
            match (before.is_member(name), after.member) {
                (false, true) => self.enter.entry(name.clone()).or_default().add(&before.id),
                (true, false) => self.leave.entry(name.clone()).or_default().add(&before.id),
                (true, true) | (false, false) => {}
            }
        }
        let entered = stepped.decisions.iter().filter(|decision| decision.what == Decided::Entered);
        let begun: BTreeSet<&JourneyName> = entered.map(|decision| &decision.journey).collect();
        for journey in begun {
            self.begin.entry(journey.clone()).or_default().add(&before.id);
        }
    }
}

fn merge<K: Ord>(into: &mut BTreeMap<K, People>, from: BTreeMap<K, People>) {
    for (key, people) in from {
        into.entry(key).or_default().merge(people);
    }
}

/// Looks at every customer of a table as these definitions would have it `now`; nothing is written. Two pages are in memory
/// at once. `seen` is told how many items each page went over.
pub async fn plan(
    table: &Table,
    definitions: Definitions,
    now: Timestamp,
    seen: impl Fn(u64),
) -> Result<Plan> {
    let definitions = Arc::new(definitions);
    let mut plan = Plan::default();
    let mut looking: Option<tokio::task::JoinHandle<Plan>> = None;
    let mut after = None;
    loop {
        let read = table.scan(0, 1, after.as_ref()).await?;
        if let Some(looked) = looking.take() {
            plan.merge(looked.await?);
        }
        after.clone_from(&read.next);
        seen(read.items);
        let definitions = Arc::clone(&definitions);
        looking = Some(tokio::task::spawn_blocking(move || {
            let mut page = Plan::default();
            read.customers().for_each(|stored| page.look(&stored, &definitions, now));
            page
        }));
        if after.is_none() {
            break;
        }
    }
    if let Some(looked) = looking {
        plan.merge(looked.await?);
    }
    Ok(plan)
}
