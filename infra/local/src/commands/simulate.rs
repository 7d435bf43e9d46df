//! `tsunagi simulate`.

mod definitions;
mod figures;
mod files;
mod options;
mod shown;
mod span;

use anyhow::{Context, Result, bail};
use clap::Args;
use domain::definitions::Definitions;
use domain::population::Survey;
use domain::rendering::Sender;
use domain::simulate::{Assumed, BLOCK, Simulation, Tally, as_of};
use tokio::runtime::Handle;

use self::definitions::{Played, played};
use self::files::Files;
use self::options::{Assumption, assumed};
use self::span::{Day, Span};
use super::text::{bar, say};
use super::{Data, place};
use crate::simulation::{StoredBlocks, cores, play, without_journeys};

/// Plays customers through journeys.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The journey that is told of. The others are played with it: they share caps, groups and people.
    #[arg(required_unless_present = "all")]
    journey: Option<String>,
    /// Tell of all journeys.
    #[arg(long, conflicts_with_all = ["journey", "against", "enroll"])]
    all: bool,
    /// The first day, as 2026-01-31 in the shop's zone; a year before the last one, if none is given.
    #[arg(long, value_name = "DATE", value_parser = Day::parse)]
    from: Option<Day>,
    /// The last day, played to its end; the day of the latest event that is known, if none is given. A campaign is played
    /// from the day before its time on for 30 days, unless days are given.
    #[arg(long, value_name = "DATE", value_parser = Day::parse)]
    to: Option<Day>,
    /// What is assumed of people: ctr=0.1, the part of the messages with a link that is clicked; cvr=0.02, the part of those
    /// who clicked that reaches the goal; yen=3000, what that is worth. Parts may be written as 10%.
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_delimiter = ',', value_parser = Assumption::parse)]
    assume: Vec<Assumption>,
    /// Tell how the journey differs from another version of it.
    #[arg(long, value_name = "VERSION")]
    against: Option<u32>,
    /// A directory of definitions, or the file of one, that is played as if it had been applied.
    #[arg(long, value_name = "DIR")]
    definitions: Option<std::path::PathBuf>,
    #[command(flatten)]
    files: Files,
    /// Have everyone begin the journey on the first day, as a call of the API or a file would: the way into a journey with
    /// `enter: request`.
    #[arg(long)]
    enroll: bool,
    /// The shop's name in messages, which counts towards their length.
    #[arg(long, default_value = "つなぎ書店", env = "TSUNAGI_SENDER")]
    sender: String,
    /// What links in messages begin with, which counts towards their length.
    #[arg(long, default_value = "https://t.example.jp", value_name = "URL")]
    link_base: String,
    /// How many threads play; as many as there are cores, if none is given. It changes nothing but the time.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// One JSON object, alone on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

impl Simulate {
    pub(super) async fn run(self) -> Result<()> {
        let reader = place::check_exists(&self.data.data).and_then(|()| place::reader(&self.data.data));
        let stored = match &reader {
            Ok(reader) => reader.table.definitions().await?,
            Err(_) => Vec::new(),
        };
        let files = self.files.read()?;
        let table = match (&files, &reader) {
            (None, Ok(reader)) => Some(&reader.table),
            (None, Err(missing)) => bail!("{missing:#}; or name files of customers with --customers"),
            (Some(_), _) => None,
        };
        let mut played = played(stored, self.definitions.as_deref(), self.journey.as_deref(), self.against)?;
        let source = match (&files, table) {
            (Some(files), _) => Source::Files(&files.customers),
            (None, table) => Source::Table(table.context("the installation has a table")?),
        };
        // Threads of their own read and play: this one only waits for them.
        tokio::task::block_in_place(|| self.play(&source, &mut played))
    }

    fn play(&self, source: &Source<'_>, played: &mut Played) -> Result<()> {
        let span = Span::of(self.from, self.to, played.campaign(), &played.definitions.zone, || {
            source.latest("looking for the latest event")
        })?;
        source.learn(played, &span)?;
        let before: Vec<Definitions> = played.all().map(without_journeys).collect();
        let sender = Sender { base: &self.link_base, name: &self.sender };
        let assumed: Assumed = assumed(&self.assume)?;
        let asked = played.journey.as_ref().filter(|_| self.enroll);
        let simulations: Vec<Simulation<'_>> = played
            .all()
            .zip(&before)
            .map(|(definitions, before)| Simulation {
                definitions,
                before,
                from: span.from,
                until: span.until,
                assumed,
                sender,
                asked,
            })
            .collect();
        let threads = self.threads.map_or_else(cores, usize::from);
        let tallies = source.play(&simulations, threads)?;
        let told = shown::Told { played, span: &span, assumed, asked: self.enroll, tallies: &tallies };
        say(&if self.json {
            serde_json::to_string_pretty(&figures::json(&told)?)?
        } else {
            told.describe()?
        });
        Ok(())
    }
}

/// Where the customers come from.
enum Source<'a> {
    Table(&'a cloud::table::Table),
    Files(&'a [domain::customer::Customer]),
}

impl Source<'_> {
    /// Has every block looked at, in order.
    fn each(&self, what: &str, mut look: impl FnMut(&[domain::customer::Customer])) -> Result<()> {
        match self {
            Self::Files(customers) => look(customers),
            Self::Table(table) => {
                let bar = bar(what, Handle::current().block_on(table.about_items())?, "items");
                for block in StoredBlocks::new(Handle::current(), table, |items| bar.inc(items)) {
                    look(&block?);
                }
                bar.finish_and_clear();
            }
        }
        Ok(())
    }

    /// When the latest event happened of which the customers tell.
    fn latest(&self, what: &str) -> Result<Option<domain::time::Timestamp>> {
        let mut latest = None;
        self.each(what, |customers| {
            let events = customers.iter().flat_map(|customer| customer.events.values());
            latest = events.filter_map(|history| history.recent.last()).map(|last| last.0).max().max(latest);
        })?;
        Ok(latest)
    }

    /// Learns of all customers, as they were on the first day, what segments by scores and predictions ask.
    fn learn(&self, played: &mut Played, span: &Span) -> Result<()> {
        if !played.all().any(Definitions::asks_population) {
            return Ok(());
        }
        let mut survey = Survey::new();
        self.each("learning of all customers", |customers| {
            for customer in customers {
                survey.add(&as_of(customer, span.from).0, span.from);
            }
        })?;
        let population = survey.conclude(None, span.from);
        played.all_mut().for_each(|definitions| definitions.population = Some(population.clone()));
        Ok(())
    }

    fn play(&self, simulations: &[Simulation<'_>], threads: usize) -> Result<Vec<Tally>> {
        match self {
            Self::Files(customers) => play(simulations, customers.chunks(BLOCK).map(Ok), threads),
            Self::Table(table) => {
                let bar = bar("playing", Handle::current().block_on(table.about_items())?, "items");
                let blocks = StoredBlocks::new(Handle::current(), table, |items| bar.inc(items));
                let tallies = play(simulations, blocks, threads)?;
                bar.finish_and_clear();
                Ok(tallies)
            }
        }
    }
}
