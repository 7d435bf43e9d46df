//! Reports: folds over ledger rows, exact whatever was delivered twice.

mod experiments;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use self::experiments::Outcome;
pub use self::experiments::{Holdout, Split, Variant};
use crate::contact::Channel;
use crate::enrollment::{EndReason, Status};
use crate::journey::{Awaited, Journey, Step};
use crate::ledger::{Row, Sent};
use crate::message::SkipReason;
use crate::money::Yen;
use crate::time::Timestamp;

/// What a journey did: people are counted by the first message they reached, money over all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// People who entered.
    pub audience: u64,
    /// Of them: the provider accepted the first message.
    pub sent: u64,
    /// The provider refused it.
    pub failed: u64,
    /// It was not sent, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// It may or may not have been accepted.
    pub unknown: u64,
    /// It is still to come.
    pub waiting: u64,
    /// It reached them.
    pub delivered: u64,
    /// They clicked a link in it.
    pub clicked: u64,
    /// They reached the goal.
    pub converted: u64,
    /// What the events of the goal were worth.
    pub revenue_yen: Yen,
    /// SMS parts, over all messages.
    pub sms_parts: u64,
    /// What all messages cost.
    pub cost_yen: Yen,
    /// Enrollments that ended, by reason.
    pub ended: BTreeMap<String, u64>,
    /// Each message step, in the order of the journey.
    pub steps: Vec<StepReport>,
    /// Each branch and wait for an event: people by the way they took; each webhook and card: who passed it.
    pub branches: Vec<BranchReport>,
    /// What the messages brought, where some customers were held out.
    pub holdout: Option<Holdout>,
    /// Each split: which variant does better.
    pub splits: Vec<Split>,
}

/// What one message step did, in people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// The step's name.
    pub step: String,
    /// The channel.
    pub channel: Option<Channel>,
    /// Reached it.
    pub reached: u64,
    /// Accepted by the provider.
    pub sent: u64,
    /// Refused by the provider.
    pub failed: u64,
    /// Not sent.
    pub skipped: u64,
    /// Unknown.
    pub unknown: u64,
    /// Delivered.
    pub delivered: u64,
    /// Loaded its picture: opened or prefetched.
    pub opened: u64,
    /// Clicked.
    pub clicked: u64,
    /// Replied.
    pub replied: u64,
    /// Parts.
    pub parts: u64,
    /// Cost.
    pub cost_yen: Yen,
}

/// The ways of one branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BranchReport {
    /// `branch` or `wait for EVENT`.
    pub step: String,
    /// People by way.
    pub ways: BTreeMap<String, u64>,
}

impl Report {
    /// People skipped, whatever the reason.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Click-through rate: of those the first message was sent to, how many clicked.
    pub fn ctr(&self) -> Option<f64> {
        ratio(self.clicked, self.sent)
    }

    /// Conversion rate: conversions per click.
    pub fn cvr(&self) -> Option<f64> {
        ratio(self.converted, self.clicked)
    }

    /// Cost per acquisition: all that was spent, by conversions, to the nearest yen.
    pub fn cpa_yen(&self) -> Option<Yen> {
        self.cost_yen.per(self.converted)
    }

    /// Return on spend: what the events of the goal were worth, for each yen that was spent.
    pub fn return_on_spend(&self) -> Option<f64> {
        (self.cost_yen > Yen::ZERO).then(|| self.revenue_yen.0 as f64 / self.cost_yen.0 as f64)
    }

    /// Whether everyone is accounted for.
    pub fn is_complete(&self) -> bool {
        self.audience == self.sent + self.failed + self.skipped_total() + self.unknown + self.waiting
    }
}

/// What a webhook or a card is called.
fn passed(step: usize, journey: Option<&Journey>) -> String {
    let webhook = || journey?.webhook(step).map(|webhook| format!("webhook {}", webhook.name));
    let card = || journey?.cards().find(|(at, _)| *at == step).map(|(_, card)| format!("card {card}"));
    format!("{step:03} {}", webhook().or_else(card).unwrap_or_else(|| "step".to_owned()))
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Folds the rows of all versions of a journey, each with when its enrollment began.
pub fn fold(
    rows: impl IntoIterator<Item = (Timestamp, Row)>,
    versions: &BTreeMap<u32, Arc<Journey>>,
) -> Report {
    let mut fold = Fold {
        versions,
        report: Report::default(),
        steps: BTreeMap::new(),
        branches: BTreeMap::new(),
        outcomes: Vec::new(),
    };
    for (entered, row) in rows {
        fold.row(entered, &row);
    }
    fold.finish()
}

struct Fold<'a> {
    versions: &'a BTreeMap<u32, Arc<Journey>>,
    report: Report,
    steps: BTreeMap<String, StepReport>,
    branches: BTreeMap<String, BTreeMap<String, u64>>,
    outcomes: Vec<Outcome>,
}

impl Fold<'_> {
    fn row(&mut self, entered: Timestamp, row: &Row) {
        let journey = self.versions.get(&row.version).map(Arc::clone);
        self.report.audience += 1;
        // Notices to somebody else are no messages to the person.
        let notice = |sent: &&Sent| {
            journey.as_ref().and_then(|it| it.message(sent.step)).is_some_and(|it| it.to.is_some())
        };
        self.first_message(row, row.messages.iter().find(|sent| !notice(sent)));
        for sent in &row.messages {
            let name = journey.as_ref().and_then(|journey| journey.step_name(sent.step));
            let name = name.map_or_else(|| sent.step.to_string(), ToString::to_string);
            self.message(name, sent);
        }
        let mut ways = Vec::new();
        for (step, way) in &row.took {
            let name = match journey.as_ref().and_then(|journey| journey.steps.get(*step)) {
                Some(Step::Listen { awaited: Awaited::Event(event), .. }) => {
                    format!("{step:03} wait for {}", event.name)
                }
                Some(Step::Listen { awaited: Awaited::When(_), .. }) => format!("{step:03} wait"),
                Some(Step::Split { .. }) => {
                    let name = format!("{step:03} split");
                    ways.push((name.clone(), way.clone()));
                    name
                }
                Some(Step::Card { card, .. }) => format!("{step:03} card {card}"),
                Some(
                    Step::Branch { .. }
                    | Step::Webhook(_)
                    | Step::Message(_)
                    | Step::Wait { .. }
                    | Step::Audience { .. }
                    | Step::Set { .. }
                    | Step::Exit,
                )
                | None => {
                    format!("{step:03} branch")
                }
            };
            *self.branches.entry(name).or_default().entry(way.clone()).or_default() += 1;
        }
        for (step, _) in &row.passed {
            let name = passed(*step, journey.as_deref());
            *self.branches.entry(name).or_default().entry("passed".to_owned()).or_default() += 1;
        }
        let holds_out = journey.is_some_and(|journey| journey.holdout_percent > 0);
        let outcome = Outcome::of(entered, row, ways);
        if holds_out || outcome.counts() {
            self.outcomes.push(outcome);
        }
        if let Some((_, why)) = row.ended {
            *self.report.ended.entry(why.describe().to_owned()).or_default() += 1;
        }
        // Those who were held out tell what would have come anyway.
        if let Some(goal) = row.goal.filter(|_| !row.held_out) {
            self.report.converted += 1;
            self.report.revenue_yen += goal.yen;
        }
    }

    /// Counts the person by the first message they reached; one whose journey ended before it was reached was skipped.
    fn first_message(&mut self, row: &Row, first: Option<&Sent>) {
        let report = &mut self.report;
        let Some(sent) = first else {
            match row.ended {
                Some((
                    _,
                    EndReason::Goal
                    | EndReason::Exit
                    | EndReason::Finished
                    | EndReason::VersionGone
                    | EndReason::DateMoved
                    | EndReason::DatePassed
                    | EndReason::Removed
                    | EndReason::Stopped,
                )) => {
                    *report.skipped.entry(SkipReason::Ended.describe().to_owned()).or_default() += 1;
                }
                None => report.waiting += 1,
            }
            return;
        };
        match &sent.status {
            Status::Pending => report.waiting += 1,
            Status::Unknown => report.unknown += 1,
            Status::Skipped(reason) => *report.skipped.entry(reason.describe().to_owned()).or_default() += 1,
            Status::Failed(_) => report.failed += 1,
            Status::Accepted | Status::Undelivered(_) => report.sent += 1,
            Status::Delivered => {
                report.sent += 1;
                report.delivered += 1;
            }
        }
        report.clicked += u64::from(sent.clicked.is_some());
    }

    fn message(&mut self, name: String, sent: &Sent) {
        let step = self.steps.entry(name).or_default();
        step.channel = Some(sent.channel);
        step.reached += 1;
        match &sent.status {
            Status::Pending => {}
            Status::Unknown => step.unknown += 1,
            Status::Skipped(_) => step.skipped += 1,
            Status::Failed(_) => step.failed += 1,
            Status::Accepted | Status::Undelivered(_) => step.sent += 1,
            Status::Delivered => {
                step.sent += 1;
                step.delivered += 1;
            }
        }
        step.opened += u64::from(sent.opened.is_some());
        step.clicked += u64::from(sent.clicked.is_some());
        step.replied += u64::from(sent.replied.is_some());
        let (parts, yen) = (u64::from(sent.parts.unwrap_or(0)), sent.yen.unwrap_or_default());
        step.parts += parts;
        step.cost_yen += yen;
        self.report.cost_yen += yen;
        match sent.channel {
            Channel::Sms => self.report.sms_parts += parts,
            Channel::Email => {}
        }
    }

    /// Puts steps in the order of the current version; steps of earlier versions that are gone come last.
    fn finish(mut self) -> Report {
        let latest = self.versions.last_key_value().map(|(_, journey)| Arc::clone(journey));
        let mut order: Vec<String> = Vec::new();
        if let Some(journey) = latest {
            let names = (0..journey.steps.len()).filter_map(|step| journey.step_name(step));
            order.extend(names.map(ToString::to_string));
        }
        let placed: BTreeSet<String> = order.iter().cloned().collect();
        order.extend(self.steps.keys().filter(|name| !placed.contains(*name)).cloned());
        for name in order {
            let mut step = self.steps.remove(&name).unwrap_or_default();
            step.step = name;
            self.report.steps.push(step);
        }
        for (name, ways) in self.branches {
            let step = name.split_once(' ').map_or(name.as_str(), |(_, name)| name).to_owned();
            self.report.branches.push(BranchReport { step, ways });
        }
        self.report.holdout = experiments::holdout(&self.outcomes);
        self.report.splits = experiments::splits(&self.outcomes);
        self.report
    }
}
