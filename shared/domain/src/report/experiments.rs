//! What a holdout and splits tell: what the messages brought, and which variant does better.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Figures;
use crate::enrollment::Goal;
use crate::experiment::{Confidence, Counts, Group, Lift, Plan, Sequential, Side, Verdict, compare_in_order};
use crate::ledger::Row;
use crate::money::Yen;
use crate::time::Timestamp;

/// What one enrollment came to, as far as experiments ask.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    entered: Timestamp,
    held_out: bool,
    /// The places of the splits it passed, each with the way it went.
    ways: Vec<(usize, String)>,
    /// Whether it is over: one that goes on may still convert.
    over: bool,
    converted: bool,
    revenue: Yen,
    cost: Yen,
}

/// The journey against those who were held out of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holdout {
    /// Those who got its messages.
    pub treated: Group,
    /// Those who were held out.
    pub held_out: Group,
    /// What it brought beyond what would have come without it, at one look.
    pub lift: Lift,
    /// What can be said however often one looks, from those who entered before the first who is still in it.
    pub verdict: Verdict,
}

/// A split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Split {
    /// What it is called.
    pub step: String,
    /// Its variants, in the order of their names.
    pub variants: Vec<Variant>,
}

/// One variant of a split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Those who went this way, and those of them who converted, with what they spent.
    pub group: Group,
    /// What came of those who went this way, from there on.
    pub figures: Figures,
    /// Against the first variant, however often one looks; nothing for the first.
    pub verdict: Option<Verdict>,
}

impl Outcome {
    pub(super) fn of(entered: Timestamp, row: &Row, goal: Option<Goal>, ways: Vec<(usize, String)>) -> Self {
        let cost = row.messages.iter().filter_map(|sent| sent.yen).sum();
        Self {
            entered,
            held_out: row.held_out,
            ways,
            over: row.ended.is_some(),
            converted: goal.is_some(),
            revenue: goal.map(|goal| goal.yen).unwrap_or_default(),
            cost,
        }
    }

    /// Whether it has a part in an experiment.
    pub(super) fn counts(&self) -> bool {
        self.held_out || !self.ways.is_empty()
    }
}

fn group<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> (Group, Yen) {
    let (mut group, mut cost) = (Group::default(), Yen::ZERO);
    for outcome in outcomes {
        group.counts.add(outcome.converted);
        group.revenue_yen += outcome.revenue;
        cost += outcome.cost;
    }
    (group, cost)
}

/// What the holdout tells; none where nobody was held out.
pub(super) fn holdout(outcomes: &[Outcome]) -> Option<Holdout> {
    let (held_out, _) = group(outcomes.iter().filter(|it| it.held_out));
    if held_out.counts == Counts::default() {
        return None;
    }
    let (treated, cost) = group(outcomes.iter().filter(|it| !it.held_out));
    let sides =
        in_order(outcomes).map(|it| (if it.held_out { Side::Baseline } else { Side::Variant }, it.converted));
    Some(Holdout {
        treated,
        held_out,
        lift: Lift::of(&treated, &held_out, cost, Confidence::NINETY_FIVE),
        verdict: Sequential::of(Plan::default(), sides.collect::<Vec<_>>()).verdict(),
    })
}

/// What the split at a place tells, of which `figures` has what came of its ways; none where the place is no split.
pub(super) fn split(
    (place, called): (usize, &str),
    figures: &BTreeMap<String, Figures>,
    outcomes: &[Outcome],
) -> Option<Split> {
    let way =
        |outcome: &'_ Outcome| outcome.ways.iter().find(|(at, _)| *at == place).map(|(_, way)| way.clone());
    let mut ways: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|it| !it.held_out) {
        if let Some(way) = way(outcome) {
            ways.entry(way).or_default().push(outcome);
        }
    }
    let names: Vec<&String> = ways.keys().collect();
    let (first, others) = names.split_first()?;
    let went = |outcome: &Outcome| way(outcome).map(|way| (way, outcome.converted));
    let in_order: Vec<(String, bool)> =
        in_order(outcomes).filter(|it| !it.held_out).filter_map(went).collect();
    let others = others.iter().map(|name| (*name).clone());
    let compared = compare_in_order(*first, others, Plan::default(), in_order);
    let variant = |(name, went): (&String, &Vec<&Outcome>)| Variant {
        name: name.clone(),
        group: group(went.iter().copied()).0,
        figures: figures.get(name).copied().unwrap_or_default(),
        verdict: compared.get(name).map(Sequential::verdict),
    };
    Some(Split { step: called.to_owned(), variants: ways.iter().map(variant).collect() })
}

/// Outcomes by when they entered, until the first that may still change: to pass over that one would count those who
/// convert soon and leave out the others.
fn in_order(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by_key(|it| it.entered);
    sorted.into_iter().take_while(|it| it.over || it.converted)
}
