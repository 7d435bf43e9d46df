//! Where a journey parts: the same place in several versions of it is one place.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::journey::{Awaited, Journey, Step};

/// The places of all versions, by their numbers.
pub(super) struct Places {
    /// By version and step.
    at: BTreeMap<(u32, usize), usize>,
    places: Vec<Place>,
}

struct Place {
    called: String,
    is_split: bool,
    /// The latest version that has it, and where.
    stands: (u32, usize),
}

/// What makes a place the same in another version: its kind, the names of its ways, and how many of the same stand before it.
type Same = (String, Vec<String>, usize);

impl Places {
    pub(super) fn of(versions: &BTreeMap<u32, Arc<Journey>>) -> Self {
        let (mut at, mut places) = (BTreeMap::new(), Vec::new());
        let mut known: BTreeMap<Same, usize> = BTreeMap::new();
        for (version, journey) in versions {
            let mut before: BTreeMap<(String, Vec<String>), usize> = BTreeMap::new();
            for (position, step) in journey.steps.iter().enumerate() {
                let Some(kind) = kind(step) else { continue };
                let ways = ways(step);
                let nth = before.entry((kind.clone(), ways.clone())).or_default();
                let place = Place {
                    called: called(journey, position, &kind),
                    is_split: matches!(step, Step::Split { .. }),
                    stands: (*version, position),
                };
                let number = *known.entry((kind, ways, *nth)).or_insert(places.len());
                *nth += 1;
                at.insert((*version, position), number);
                if number == places.len() {
                    places.push(place);
                } else {
                    places[number] = place;
                }
            }
        }
        Self { at, places }
    }

    /// The number of the place at a step.
    pub(super) fn at(&self, version: u32, step: usize) -> Option<usize> {
        self.at.get(&(version, step)).copied()
    }

    /// All of them: those of the latest version in its order, then those that are gone.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.places.len()).collect();
        numbers.sort_by_key(|number| {
            let (version, position) = self.places[*number].stands;
            (Reverse(version), position)
        });
        numbers
    }

    /// What it is and where it stands.
    pub(super) fn called(&self, place: usize) -> &str {
        &self.places[place].called
    }

    pub(super) fn is_split(&self, place: usize) -> bool {
        self.places[place].is_split
    }
}

/// What a step is that people pass or that parts their ways; none for the others.
fn kind(step: &Step) -> Option<String> {
    match step {
        Step::Listen { awaited: Awaited::Event(event), .. } => Some(format!("wait for {}", event.name)),
        Step::Listen { awaited: Awaited::When(_), .. } => Some("wait".to_owned()),
        Step::Split { .. } => Some("split".to_owned()),
        Step::Branch { .. } => Some("branch".to_owned()),
        Step::Webhook(webhook) => Some(format!("webhook {}", webhook.name)),
        Step::Card { card, .. } => Some(format!("card {card}")),
        Step::Message(_) | Step::Wait { .. } | Step::Audience { .. } | Step::Set { .. } | Step::Exit => None,
    }
}

/// The names of the ways that a journey gives.
fn ways(step: &Step) -> Vec<String> {
    match step {
        Step::Branch { ways, .. } => ways.iter().map(|way| way.name.clone()).collect(),
        Step::Split { ways } => ways.iter().map(|way| way.name.clone()).collect(),
        Step::Message(_)
        | Step::Wait { .. }
        | Step::Listen { .. }
        | Step::Audience { .. }
        | Step::Set { .. }
        | Step::Webhook(_)
        | Step::Card { .. }
        | Step::Exit => Vec::new(),
    }
}

/// A webhook and a card have names of their own; the others are told by the message before them.
fn called(journey: &Journey, position: usize, kind: &str) -> String {
    match &journey.steps[position] {
        Step::Webhook(_) | Step::Card { .. } => kind.to_owned(),
        Step::Message(_)
        | Step::Wait { .. }
        | Step::Listen { .. }
        | Step::Branch { .. }
        | Step::Split { .. }
        | Step::Audience { .. }
        | Step::Set { .. }
        | Step::Exit => match (0..position).rev().find_map(|step| journey.message(step)) {
            Some(message) => format!("{kind} after {}", message.name),
            None => format!("{kind} at the beginning"),
        },
    }
}
