//! The pure core, tried with tables, with random worlds against naive models, and with the real win-back journey.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test builds is known to be right; if not, the test fails"
)]

mod chance;
mod conditions;
mod double_opt_in;
mod experiment;
mod hours;
mod journeys;
mod language;
mod library;
mod line;
mod mistakes;
mod model;
mod moments;
mod plan;
mod policies;
mod population;
mod quotes;
mod reference;
mod refusals;
mod report;
mod slips;
mod story;
mod texts;
mod ties;
mod win_back;
mod withdrawal;
mod world;
mod wrong_journeys;

use domain::definitions::{Definitions, Kind, Version, read};
use domain::message::CodeKey;
use domain::time::Timestamp;
use proptest::test_runner::{Config, RngSeed};

/// The same cases at every run: a failure is found by whoever makes the change that causes it.
fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_122),
        max_shrink_iters: 400,
        ..Config::default()
    }
}

/// Definitions from YAML, each of which has been accepted.
fn definitions(yamls: &[String]) -> Definitions {
    let versions: Vec<Version> = yamls.iter().map(|yaml| version(yaml, 1)).collect();
    Definitions::new(&versions, key()).unwrap()
}

fn version(yaml: &str, number: u32) -> Version {
    let (kind, name): (Kind, String) = read(yaml).unwrap_or_else(|mistakes| panic!("{mistakes:?} in {yaml}"));
    Version { kind, name, number, yaml: yaml.to_owned() }
}

fn key() -> CodeKey {
    CodeKey::parse("a key for the tests of the domain").unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}
