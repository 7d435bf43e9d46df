//! Reports: folds over ledger rows, exact whatever was delivered twice.

mod experiments;
mod figures;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use self::experiments::Outcome;
pub use self::experiments::{Holdout, Split, Variant};
pub use self::figures::Figures;
use self::places::Places;
use crate::contact::Channel;
use crate::enrollment::{Goal, Status};
use crate::journey::Journey;
use crate::ledger::{Row, Sent};
use crate::message::SkipReason;
use crate::names::CustomerId;
use crate::time::Timestamp;

/// What a journey did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// What came of it: those who entered are its audience.
    pub total: Figures,
    /// Of those to whom no message left: a provider refused one.
    pub failed: u64,
    /// None was sent to them, by the reason of the first.
    pub skipped: BTreeMap<String, u64>,
    /// One may or may not have been accepted.
    pub unknown: u64,
    /// The first is still to come.
    pub waiting: u64,
    /// SMS parts, over all messages.
    pub sms_parts: u64,
    /// Enrollments that ended, by reason.
    pub ended: BTreeMap<String, u64>,
    /// Each message step, in the order of the journey.
    pub steps: Vec<StepReport>,
    /// Each branch, split and wait for something, by the way that was taken; each webhook and card that was passed.
    pub branches: Vec<BranchReport>,
    /// What the messages brought, where some customers were held out.
    pub holdout: Option<Holdout>,
    /// Each split: which variant does better.
    pub splits: Vec<Split>,
}

/// What one message step did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// The step's name.
    pub step: String,
    /// The channel.
    pub channel: Option<Channel>,
    /// Refused by the provider.
    pub failed: u64,
    /// Not sent.
    pub skipped: u64,
    /// Unknown.
    pub unknown: u64,
    /// SMS parts.
    pub parts: u64,
    /// What came of it. A conversion is of the last message that left before it, so that each counts once.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The ways of one branch. Versions of a journey are taken together as long as its ways have the same names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BranchReport {
    /// What it is and where it stands, such as `branch after hello` or `wait for Order Completed at the beginning`.
    pub step: String,
    /// What came of those who took each way, from there on; those who were held out are in none.
    pub ways: BTreeMap<String, Figures>,
}

/// What became of someone who entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A message left that its provider accepted.
    Sent,
    /// None did, and of one that is not known.
    Unknown,
    /// A provider refused each that was handed to it.
    Failed,
    /// None was handed to a provider, the first for this reason.
    Skipped(SkipReason),
    /// The first is still to come, or is with its sender.
    Waiting,
}

impl Fate {
    /// What became of the person of a row; notices to somebody else are no messages to them.
    pub fn of(row: &Row, journey: Option<&Journey>) -> Self {
        let to_them = || to_the_person(row, journey).map(|sent| &sent.status);
        let rank = |status: &Status| match status {
            Status::Accepted | Status::Undelivered(_) | Status::Delivered => Some(Self::Sent),
            Status::Unknown => Some(Self::Unknown),
            Status::Failed(_) => Some(Self::Failed),
            Status::Skipped(reason) => Some(Self::Skipped(*reason)),
            Status::Pending => None,
        };
        let known: Vec<Self> = to_them().filter_map(rank).collect();
        let best = [Self::Sent, Self::Unknown, Self::Failed].into_iter().find(|fate| known.contains(fate));
        best.or(known.first().copied()).unwrap_or(if row.held_out {
            Self::Skipped(SkipReason::HeldOut)
        } else if row.ended.is_some() && !row.outstanding {
            Self::Skipped(SkipReason::Ended)
        } else {
            Self::Waiting
        })
    }
}

impl Report {
    /// People to whom nothing was sent, whatever the reason.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Whether everyone is accounted for.
    pub fn is_complete(&self) -> bool {
        let Self { total, failed, unknown, waiting, .. } = self;
        total.entered == total.sent + failed + self.skipped_total() + unknown + waiting
    }
}

/// The messages of a row that were for its own person.
fn to_the_person<'a>(row: &'a Row, journey: Option<&'a Journey>) -> impl Iterator<Item = &'a Sent> {
    let notice = move |sent: &Sent| journey?.message(sent.step)?.to.as_ref();
    row.messages.iter().filter(move |sent| notice(sent).is_none())
}

/// A row of the ledger, with whose it is and when the enrollment began.
pub type Entry = (CustomerId, Timestamp, Row);

/// Which of the entries count the goal they reached. An event that is the goal of several enrollments of a customer counts
/// once, for the one that wrote to them last: it is one sale.
pub fn converting(entries: &[Entry], versions: &BTreeMap<u32, Arc<Journey>>) -> BTreeSet<usize> {
    // By the customer and the sale: the last message before it, when the enrollment began, and which it is.
    let mut latest = BTreeMap::new();
    for (index, (customer, entered, row)) in entries.iter().enumerate() {
        let Some(goal) = row.goal else { continue };
        let journey = versions.get(&row.version).map(Arc::as_ref);
        let one = (last_before(goal, row, journey).map(|sent| sent.at), *entered, index);
        let kept = latest.entry((customer, goal.at, goal.yen)).or_insert(one);
        *kept = one.max(*kept);
    }
    latest.into_values().map(|(_, _, index)| index).collect()
}

/// The last message that left before a goal was reached.
fn last_before<'a>(goal: Goal, row: &'a Row, journey: Option<&'a Journey>) -> Option<&'a Sent> {
    let left = to_the_person(row, journey).filter(|sent| sent.status.left() && sent.at <= goal.at);
    left.max_by_key(|sent| sent.step)
}

/// Folds the rows of all versions of a journey.
pub fn fold(entries: &[Entry], versions: &BTreeMap<u32, Arc<Journey>>) -> Report {
    let converting = converting(entries, versions);
    let mut fold = Fold {
        versions,
        places: Places::of(versions),
        report: Report::default(),
        steps: BTreeMap::new(),
        ways: BTreeMap::new(),
        outcomes: Vec::new(),
    };
    for (index, (_, entered, row)) in entries.iter().enumerate() {
        let goal = row.goal.filter(|_| converting.contains(&index));
        fold.row(*entered, row, goal);
    }
    fold.finish()
}

struct Fold<'a> {
    versions: &'a BTreeMap<u32, Arc<Journey>>,
    places: Places,
    report: Report,
    steps: BTreeMap<String, StepReport>,
    /// By the number of the place.
    ways: BTreeMap<usize, BTreeMap<String, Figures>>,
    outcomes: Vec<Outcome>,
}

impl Fold<'_> {
    fn row(&mut self, entered: Timestamp, row: &Row, reached: Option<Goal>) {
        let journey = self.versions.get(&row.version).map(Arc::clone);
        let journey = journey.as_deref();
        // Those who were held out tell what would have come anyway.
        let goal = reached.filter(|_| !row.held_out);
        let report = &mut self.report;
        report.total.add(to_the_person(row, journey), goal);
        match Fate::of(row, journey) {
            Fate::Sent => {}
            Fate::Unknown => report.unknown += 1,
            Fate::Failed => report.failed += 1,
            Fate::Skipped(reason) => *report.skipped.entry(reason.describe().to_owned()).or_default() += 1,
            Fate::Waiting => report.waiting += 1,
        }
        if let Some((_, why)) = row.ended {
            *report.ended.entry(why.describe().to_owned()).or_default() += 1;
        }
        let last = goal.and_then(|goal| last_before(goal, row, journey));
        for sent in &row.messages {
            let name = journey.and_then(|journey| journey.step_name(sent.step));
            let name = name.map_or_else(|| sent.step.to_string(), ToString::to_string);
            self.message(name, sent, goal.filter(|_| last == Some(sent)));
        }
        let mut splits = Vec::new();
        let took = row.took.iter().filter(|_| !row.held_out).map(|(step, way)| (*step, way.as_str()));
        for (step, way) in took.chain(row.passed.iter().map(|(step, _)| (*step, "passed"))) {
            let Some(place) = self.places.at(row.version, step) else { continue };
            if self.places.is_split(place) {
                splits.push((place, way.to_owned()));
            }
            // Steps lead forwards only: what stands after it in the list came after it.
            let after = to_the_person(row, journey).filter(|sent| sent.step > step);
            self.ways.entry(place).or_default().entry(way.to_owned()).or_default().add(after, goal);
        }
        let holds_out = journey.is_some_and(|journey| journey.holdout_percent > 0);
        let outcome = Outcome::of(entered, row, reached, splits);
        if holds_out || outcome.counts() {
            self.outcomes.push(outcome);
        }
    }

    fn message(&mut self, name: String, sent: &Sent, goal: Option<Goal>) {
        let step = self.steps.entry(name).or_default();
        step.channel = Some(sent.channel);
        match &sent.status {
            Status::Unknown => step.unknown += 1,
            Status::Skipped(_) => step.skipped += 1,
            Status::Failed(_) => step.failed += 1,
            Status::Pending | Status::Accepted | Status::Undelivered(_) | Status::Delivered => {}
        }
        step.figures.add([sent], goal);
        let parts = u64::from(sent.parts.unwrap_or(0));
        step.parts += parts;
        match sent.channel {
            Channel::Sms => self.report.sms_parts += parts,
            Channel::Email | Channel::Line => {}
        }
    }

    /// Puts steps in the order of the current version; steps of earlier versions that are gone come last.
    fn finish(mut self) -> Report {
        let latest = self.versions.last_key_value().map(|(_, journey)| Arc::clone(journey));
        let mut order: Vec<String> = Vec::new();
        if let Some(journey) = latest {
            let messages = (0..journey.steps.len()).filter(|step| journey.message(*step).is_some());
            let names = messages.filter_map(|step| journey.step_name(step));
            order.extend(names.map(ToString::to_string));
        }
        let placed: BTreeSet<String> = order.iter().cloned().collect();
        order.extend(self.steps.keys().filter(|name| !placed.contains(*name)).cloned());
        for name in order {
            let mut step = self.steps.remove(&name).unwrap_or_default();
            step.step = name;
            self.report.steps.push(step);
        }
        self.report.holdout = experiments::holdout(&self.outcomes);
        for place in self.places.in_order() {
            let Some(ways) = self.ways.remove(&place) else { continue };
            let step = self.places.called(place).to_owned();
            self.report.splits.extend(experiments::split((place, &step), &ways, &self.outcomes));
            self.report.branches.push(BranchReport { step, ways });
        }
        self.report
    }
}
