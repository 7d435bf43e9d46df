//! How fast `step` is: a year of real customers through all journeys of the library.

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::input::Input;
use domain::money::Yen;
use domain::names::CustomerId;
use domain::population::Survey;
use domain::rendering::Sender;
use domain::simulate::{Assumed, BLOCK, Simulation, as_of};
use domain::time::Timestamp;
use serde::Serialize;

use crate::commands::scenarios::library;
use crate::definitions::check::{Checked, check};
use crate::definitions::files::File;
use crate::demo::calls::calls;
use crate::simulation::{cores, customers, play, without_journeys};

/// The last year of the purchase records.
const FROM: &str = "1997-07-01T00:00:00+09:00";
const UNTIL: &str = "1998-06-30T23:59:59+09:00";

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Replay {
    cores: usize,
    customers: u64,
    journeys: usize,
    segments: usize,
    /// Files of the library with a mistake, or which refer to one that has: they are not played.
    left_out: Vec<String>,
    entries: u64,
    messages: u64,
    /// Calls of `step`.
    steps: u64,
    steps_per_message: f64,
    seconds: f64,
    /// On each of the cores that played, everything included: texts, lengths, and what people do.
    steps_per_second_and_core: f64,
    /// What a step takes, by writing a customer's document as JSON, as each change does when it is stored.
    step_by_document: f64,
    endless: u64,
}

/// Plays the year.
pub fn run() -> Result<Replay> {
    let (from, until) = (Timestamp::parse(FROM)?, Timestamp::parse(UNTIL)?);
    let (checked, left_out) = usable(library())?;
    let mut definitions = checked.definitions()?;
    let mut said: BTreeMap<CustomerId, Vec<Input>> = BTreeMap::new();
    for call in calls(1)? {
        let read = ingest::parse(&call, until);
        let (customer, input) = read.map_err(|why| anyhow::anyhow!("{}: {}", why.field, why.error))?;
        said.entry(customer).or_default().push(input);
    }
    let customers = customers(said, until)?;
    let mut survey = Survey::new();
    for customer in &customers {
        survey.add(&as_of(customer, from).0, from);
    }
    definitions.population = Some(survey.conclude(None, from));
    let before = without_journeys(&definitions);
    let simulation = Simulation {
        definitions: &definitions,
        before: &before,
        from,
        until,
        assumed: Assumed { click_rate: 0.1, conversion_rate: 0.02, goal_yen: Yen(3_000) },
        sender: Sender { base: "https://t.example.jp", name: "つなぎ書店" },
        asked: None,
    };

    let began = Instant::now();
    let documents: usize = customers
        .iter()
        .map(|customer| serde_json::to_string(black_box(customer)).map_or(0, |text| text.len()))
        .sum();
    let document = began.elapsed().as_secs_f64() / customers.len() as f64;
    ensure!(documents > 0, "customers have documents");

    let began = Instant::now();
    let tally = play(std::slice::from_ref(&simulation), customers.chunks(BLOCK).map(Ok), cores())?;
    let seconds = began.elapsed().as_secs_f64();
    let tally = tally.into_iter().next().context("a dry run comes to something")?;
    let total = tally.total();
    let each = seconds * cores() as f64 / tally.steps as f64;
    Ok(Replay {
        cores: cores(),
        customers: tally.customers,
        journeys: definitions.journeys.len(),
        segments: definitions.segments.len(),
        left_out,
        entries: total.entries,
        messages: total.sent(),
        steps: tally.steps,
        steps_per_message: tally.steps as f64 / total.sent().max(1) as f64,
        seconds,
        steps_per_second_and_core: each.recip(),
        step_by_document: each / document,
        endless: tally.endless,
    })
}

/// The definitions without those that have a mistake, and the paths of these.
fn usable(library: Vec<(String, String)>) -> Result<(Checked, Vec<String>)> {
    let mut files: Vec<File> =
        library.into_iter().map(|(path, text)| File::definition(&path, text)).collect();
    let mut left_out = Vec::new();
    // Each round leaves one out at least, and what refers to it in the next.
    loop {
        let checked = check(&files, Vec::new())?;
        if checked.mistakes.is_empty() {
            return Ok((checked, left_out));
        }
        let wrong = |file: &File| checked.mistakes.iter().any(|mistake| mistake.path == file.path);
        let (gone, rest): (Vec<File>, Vec<File>) = files.into_iter().partition(wrong);
        ensure!(!gone.is_empty(), "a mistake that is in none of the files: {:?}", checked.mistakes);
        left_out.extend(gone.into_iter().map(|file| file.path));
        files = rest;
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "A year of {} customers through {} journeys and {} segments of the library; {} of its files left out{}",
            self.customers,
            self.journeys,
            self.segments,
            self.left_out.len(),
            self.left_out.iter().fold(String::new(), |text, path| text + "\n  " + path)
        )?;
        writeln!(
            f,
            "  {} entries, {} messages, {} steps ({:.1} a message), {} customers given up",
            self.entries, self.messages, self.steps, self.steps_per_message, self.endless
        )?;
        write!(
            f,
            "  {:.1} s on {} cores: {:.0} steps/s and core; a step takes {:.2} times what writing a customer as JSON does",
            self.seconds, self.cores, self.steps_per_second_and_core, self.step_by_document
        )
    }
}
