//! The commands.

mod apply;
mod bench;
mod budget;
mod cards;
mod change;
mod cost;
mod dead_letters;
mod demo;
mod enroll;
mod explain;
mod import;
mod intake;
mod journeys;
mod learnt;
mod people_list;
mod person;
mod place;
mod plan;
mod preview;
mod providers;
mod real_cases;
mod recompute;
mod report;
mod sandbox;
mod scenarios;
pub mod schema;
mod segments;
mod simulate;
mod spending;
mod text;
mod told;
mod up;
mod validate;
mod withdraw;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use domain::time::Timestamp;

pub use demo::{Demo, DemoFigures, run as run_demo};
pub use explain::describe;
pub use import::takes;
pub use report::{figures, read as read_report};
pub use text::FORMULA;

/// Customer journeys by SMS and e-mail, in your own AWS account or on this machine.
///
/// On one machine the very functions that run on Lambda run in this process, over an embedded database, queues and a bus
/// that are wired from `infra/template.yaml`. Nothing leaves the machine: messages go to a sandbox that you can look at.
///
/// Begin with `tsunagi demo`, then look at what it left: `tsunagi report win-back --data .tsunagi/demo` and
/// `tsunagi explain 00042 --data .tsunagi/demo`.
#[derive(Debug, Parser)]
#[command(name = "tsunagi", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ninety days of a win-back campaign on the CDNOW purchase records, in a minute.
    ///
    /// 23,570 customers with their real purchases and fictional names are taken in; on 1998-07-01 those who have not
    /// bought for 180 days enter the journey `win-back`; seeded people receive, click, reply and buy; the clock jumps
    /// from event to event. At the end stand the funnel, the money and what it used of AWS.
    Demo(Demo),
    /// Serves the HTTP API, runs the functions by the clock, and plays the provider.
    Up(up::Up),
    /// Finds every mistake of the definitions in a directory or a file, and changes nothing.
    ///
    /// Each is shown as file, line and column, with the line and the nearest right word. It needs no installation; where
    /// there is one, the definitions are checked together with what is live. Ends with 1 when there is a mistake.
    Validate(validate::Validate),
    /// Shows what applying the definitions in a directory would do, and changes nothing.
    ///
    /// What differs from what is live, line by line, and who would enter and leave segments and begin journeys: how many,
    /// and some of them; and names of events and traits that no customer has. It looks at every customer, whether
    /// `tsunagi up` runs or not.
    Plan(plan::PlanArgs),
    /// Checks the definitions in a directory and makes them current.
    ///
    /// Every *.yaml file holds one segment, one journey or the shop; NAME.csv and NAME.txt hold customers' ids, which
    /// become the list NAME. Nothing is applied while any file has a mistake; each is shown as file, line and column. A
    /// definition that did not change keeps its version.
    Apply(apply::Apply),
    /// Takes a segment, a journey, a list or the accounts at providers out of force.
    ///
    /// Members leave the segment; nobody begins the journey any more, and who is in it finishes; without accounts messages go
    /// through the configured provider again. What something else refers
    /// to stays. Nothing is deleted: applied again, it is in force again.
    Withdraw(withdraw::Withdraw),
    /// The library of segments and journeys to start from: `scenarios list`, `show NAME`, `add NAME [DIR]`.
    Scenarios(scenarios::Scenarios),
    /// Prints the JSON Schema of definitions, by which editors complete and check them.
    Schema,
    /// Takes customers, orders or events from a CSV file of any size.
    ///
    /// Rows that can't be taken are written to FILE.rejected.csv with all reasons; the rest are taken. Importing the same
    /// file again changes nothing. A row that repeats an earlier one of the file is counted as that; one that says
    /// otherwise of the same customer or order is rejected. An order that was imported stays a purchase, whatever becomes
    /// of it later.
    ///
    /// Ends with 0 when no row was rejected, 2 when some were and others were taken, 1 when none was taken or the import
    /// failed.
    Import(import::Import),
    /// The segments: how many are in each, and how that went over time.
    ///
    /// Members are counted as of now; days are those on which they were counted at night, or after a recomputation.
    Segments(segments::SegmentsArgs),
    /// Goes through all customers and brings memberships up to date; tells how far that has come.
    ///
    /// It begins by itself when definitions are applied. By hand it is for when you do not trust what you see: it finds
    /// nobody unless something went wrong. Where definitions ask for scores or predictions, those are learnt anew. Whoever it
    /// changes goes through the inbox like everything else, and it waits while the inbox is full. A run that has yet to read
    /// everyone is joined; otherwise another begins.
    Recompute(recompute::RecomputeArgs),
    /// What a journey would have done: a dry run over real histories, by which nothing is sent or written.
    ///
    /// The customers that are stored (or those of CSV files) are taken as they were on the first day; what they did after
    /// it happens again on a virtual clock, and the journeys decide as they would have. Told are entries, messages by day
    /// and hour, holds, what is left out and why, parts, yen, and people to whom several journeys wrote.
    ///
    /// Everyone begins outside of all journeys, whatever they are in: enrollments under way are not played on, and messages
    /// from before the first day count against no cap. Traits, consents and audiences are as they are stored; what they
    /// said before is not kept. Segments by scores and predictions are learnt as of the first day. Journeys that are paused
    /// or stopped are played as if they ran. A message costs what the dearest route does; a budget of the month stops nothing here, and it is told
    /// when it would.
    Simulate(simulate::Simulate),
    /// The journeys: which run, and how many are in them; `pause`, `resume`, `stop --finish` or `stop --now`,
    /// `enroll` and `remove`.
    Journeys(journeys::Journeys),
    /// What a journey did: funnel, money, and that everyone is accounted for; with --list, the people behind a figure.
    ///
    /// Clicks are of people as far as can be told: a link that a program follows (a preview, a mail gateway, whoever is there
    /// within three seconds of the message) is answered and counted apart, as `bots`.
    Report(report::ReportArgs),
    /// The cards that journeys' steps `card: NAME` ask for, as CSV for whoever prints and posts them.
    ///
    /// A row for each card: the customer's id, name and address as they are known by now (the traits `name` and `address_…`), the
    /// journey, when, and the key of its event. Spreadsheets open it as it is. It works whether `tsunagi up` runs or not.
    Cards(cards::Cards),
    /// What happened to one customer, and what did not and why.
    Explain(explain::Explain),
    /// All that is kept of one person, as one JSON document; and its erasure: `person export ID`, `person erase ID`.
    Person(person::PersonArgs),
    /// Messages that no function could handle: from which queue, why, since when, and about whom.
    ///
    /// A message ends here when it can't be read, when its handling failed nine times, or when its function died of it
    /// ten times. It works whether `tsunagi up` runs or not. Of a message's text only the customer's id is shown:
    /// `tsunagi explain CUSTOMER` tells what became of that customer otherwise.
    DeadLetters(dead_letters::DeadLettersArgs),
    /// The accounts at providers that messages go through, and what they cost this month; `providers check` asks each whether
    /// it works.
    ///
    /// Of each account are told: messages handed over, the most they cost (by which a monthly limit is held), and, of those of
    /// which the provider told it, parts, the estimate, the actual price and by how much they part.
    Providers(providers::ProvidersArgs),
    /// Measures this machine: import, events, recomputation, messages end to end, clicks.
    Bench(bench::Bench),
    /// What a stack on AWS costs: idle, per message, and for 10,000 and 1,000,000 messages a month.
    ///
    /// A small win-back campaign runs on this machine, in a few seconds, and what the functions ask of AWS is counted: units of
    /// the table, requests, invocations, events, bytes of log. What costs while nothing happens is counted from the template.
    /// Both are taken by a dated price file. A function's time can't be measured here: it is assumed from its calls and its
    /// memory, as the price file says. Table storage is left out: it grows by what is kept.
    ///
    /// Beside it stand the same journey on Step Functions' standard workflows and what AWS charges for the SMS.
    Cost(cost::Cost),
    /// Only the provider: a process of its own that outlives `tsunagi up --provider URL`.
    Sandbox(sandbox::SandboxArgs),
}

/// Where the data is.
#[derive(Clone, Debug, Args)]
pub struct Data {
    /// The directory of this installation's data.
    #[arg(long, default_value = ".tsunagi", env = "TSUNAGI_DATA", value_name = "DIR")]
    pub data: PathBuf,
}

/// Runs a command; what went wrong goes to standard error.
pub fn run(cli: Cli) -> ExitCode {
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "error".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(level).unwrap_or_default();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            text::complain(&format!("tsunagi: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(command) => command.run().await,
            Command::Up(command) => command.run().await,
            Command::Validate(command) => command.run().await,
            Command::Plan(command) => command.run().await,
            Command::Apply(command) => command.run().await,
            Command::Withdraw(command) => command.run().await,
            Command::Scenarios(command) => command.run(),
            Command::Schema => schema::run(),
            Command::Import(command) => return command.run().await,
            Command::Segments(command) => command.run().await,
            Command::Recompute(command) => command.run().await,
            Command::Simulate(command) => command.run().await,
            Command::Journeys(command) => command.run().await,
            Command::Report(command) => command.run().await,
            Command::Cards(command) => command.run().await,
            Command::Explain(command) => command.run().await,
            Command::Person(command) => command.run().await,
            Command::DeadLetters(command) => command.run().await,
            Command::Providers(command) => command.run().await,
            Command::Bench(command) => command.run().await,
            Command::Cost(command) => command.run().await,
            Command::Sandbox(command) => command.run().await,
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

/// The time on this machine's clock.
fn now() -> Result<Timestamp> {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    Ok(Timestamp::from_seconds(i64::try_from(seconds)?))
}
