//! `step` against a naive model of one journey in one life.
//!
//! The model shares no code with `step`: it reads the steps of the definition one within the other and lives through every
//! minute, asking of each what was told until then. Both say when the enrollment began, what it passed, what became of each
//! message, when messages were held and until when, and when and why it ended; a difference is a fault of one of the two.
//!
//! What it leaves to other tests: several journeys of a customer, and several enrollments of one; journeys that begin by
//! the calendar; pauses, versions, removals and budgets; replies that name no message; seconds that are no whole minutes.
//! That an enrollment is held out, and the number of a step that splits, it takes from the run; which way a split takes it
//! draws itself.

mod entry;
mod facts;
mod leaving;
mod life;
mod naive;
mod played;
mod trace;

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::names::JourneyName;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value as Json;

use self::leaving::SHOP;
use self::life::{Life, life};
use self::naive::model;
use self::played::played;
use self::trace::Trace;
use crate::plan::{Sketch, enters, sketch};
use crate::{cases, definitions};

/// Beginnings by the calendar are none of the model's.
const CALENDAR: [&str; 5] = ["birthday", "anniversary", "date", "schedule", "campaign"];

/// A journey that begins once, in one of the ways the model knows.
fn once() -> impl Strategy<Value = Sketch> {
    let known = enters()
        .into_iter()
        .enumerate()
        .filter(|(_, (enter, _))| CALENDAR.iter().all(|calendar| enter.get(*calendar).is_none()));
    let known: Vec<usize> = known.map(|(index, _)| index).collect();
    (sketch(), prop::sample::select(known)).prop_map(|(sketch, enter)| Sketch {
        enter,
        again: false,
        group: false,
        ..sketch
    })
}

/// The traces of `step` and of the model; `None` for an enrollment that never began.
fn both(sketch: &Sketch, life: &Life) -> (Option<Trace>, Option<Trace>) {
    let yaml = sketch.written("j0");
    let segments = [
        "segment: { name: fresh, when: { event: { name: Signed Up, within_days: 1 } } }",
        "segment: { name: drifting, when: { any: [{ in_segment: marked }, { all: [{ event: { name: Page Viewed } }, { no_event: { name: Page Viewed, for_days: 1 } }] }] } }",
        "segment: { name: marked, when: { in_audience: cards } }",
        SHOP,
    ];
    let yamls: Vec<String> = segments.map(ToOwned::to_owned).into_iter().chain([yaml.clone()]).collect();
    let (name, source): (_, Json) = (JourneyName::parse("j0").unwrap(), serde_json::from_str(&yaml).unwrap());
    let Some((trace, chances)) = played(&definitions(&yamls), &name, life) else {
        let chances = naive::Chances { held_out: false, steps: Vec::new() };
        return (None, model(&source["journey"], life, &chances));
    };
    (Some(trace), model(&source["journey"], life, &chances))
}

/// What `step` makes of a journey in a life is what the model makes of it, and the journeys and lives are such that
/// everything happens in them.
#[test]
fn step_does_as_the_model() {
    let seen: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let mut runner = TestRunner::new(cases(6000));
    runner
        .run(&(once(), life()), |(sketch, life)| {
            let (played, model) = both(&sketch, &life);
            let told = format!("{played:?}");
            for what in HAPPENS {
                *seen.borrow_mut().entry(what).or_default() += u32::from(told.contains(what));
            }
            prop_assert_eq!(played, model, "of {}", sketch.written("j0"));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let rare = HAPPENS.map(|what| (what, seen.borrow()[what])).into_iter().filter(|(_, times)| *times < 8);
    assert_eq!(rare.collect::<Vec<_>>(), [], "of {:?}", seen.borrow());
}

/// What traces say.
const HAPPENS: [&str; 26] = [
    "None",
    "Goal)",
    "Exit)",
    "Finished)",
    "DateMoved)",
    "DatePassed)",
    "QuietHours",
    "FrequencyCap",
    "Skipped(NoConsent)",
    "Skipped(NoAddress)",
    "Skipped(HeldOut)",
    "Skipped(Ended)",
    "status: Unknown",
    "status: Failed",
    "status: Accepted",
    "status: Undelivered",
    "status: Delivered",
    "\"came\"",
    "\"timed out\"",
    "\"way 0\"",
    "\"way 1\"",
    "\"variant 0\"",
    "\"variant 1\"",
    "\"held out\"",
    "Webhook",
    "Card",
];
