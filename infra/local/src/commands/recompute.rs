//! `tsunagi recompute`.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use cloud::clock::Clock;
use cloud::table::Table;
use cloud::table::runs::{RunId, RunKind};
use domain::spelling::counted;
use indicatif::ProgressBar;

use super::Data;
use super::place::{self, Holder, Up};
use super::text::{bar, percent, say, thousands};
use crate::control;
use crate::region::Durability;
use crate::runs::{self, Asked, Progress, State};
use crate::runtime::Runtime;

/// How often it is looked how far a run has come.
const LOOK: Duration = Duration::from_millis(300);

/// Seconds after which a run that does not go on is said to be late.
const LATE_SECONDS: i64 = 60;

/// Goes through all customers.
#[derive(Debug, Args)]
pub struct RecomputeArgs {
    /// Tell how far every run has come, and begin none.
    #[arg(long)]
    status: bool,
    /// Follow the run that is under way, and begin none.
    #[arg(long, conflicts_with = "status")]
    watch: bool,
    /// One JSON object a run, in an array.
    #[arg(long, requires = "status")]
    json: bool,
    #[command(flatten)]
    data: Data,
}

impl RecomputeArgs {
    pub(super) async fn run(self) -> Result<()> {
        let data = &self.data.data;
        place::check_exists(data)?;
        if self.status {
            let reader = place::reader(data)?;
            let runs = runs::list(&reader.table, Clock::system().now()).await?;
            say(&if self.json { serde_json::to_string_pretty(&runs)? } else { describe(&runs) });
            return Ok(());
        }
        match (place::hold(data)?, self.watch) {
            (Holder::Up(_), true) => {
                let reader = place::reader(data)?;
                let begun = reader.table.begun(RunKind::Recompute).await?;
                let begun = begun.context("there was no run yet; `tsunagi apply DIR` begins one")?;
                follow(&reader.table, begun).await
            }
            (Holder::We(_), true) => {
                bail!("nothing is at work here: start `tsunagi up`, or let `tsunagi recompute` do it")
            }
            (Holder::Up(up), false) => {
                let asked = ask(&up, &place::secrets(data)?.write_key).await?;
                tell_of_joining(&asked);
                follow(&place::reader(data)?.table, asked.run).await
            }
            (Holder::We(_held), false) => {
                let stack = place::stack(data, Durability::Durable).await?;
                let asked = runs::ask(&stack.runtime).await?;
                tell_of_joining(&asked);
                work(&stack.runtime, asked.run).await?;
                say("What follows for whom it changed is done once `tsunagi up` runs.");
                Ok(())
            }
        }
    }
}

fn tell_of_joining(asked: &Asked) {
    if !asked.began {
        say("A run that reads everyone was under way; this follows it.");
    }
}

/// Follows the run that was begun last where someone sees that: a script need not wait for it.
pub(super) async fn follow_if_seen(data: &Path) -> Result<()> {
    if !std::io::stderr().is_terminal() {
        return Ok(());
    }
    let reader = place::reader(data)?;
    match reader.table.begun(RunKind::Recompute).await? {
        Some(run) => follow(&reader.table, run).await,
        None => Ok(()),
    }
}

/// Follows what an installation which is up is at work on, from this run on, until everyone was read.
async fn follow(table: &Table, run: RunId) -> Result<()> {
    let mut shown = Shown::new(table, run).await?;
    loop {
        let Looked { through, late_seconds } = shown.look(table).await?;
        if through {
            return Ok(());
        }
        if late_seconds > LATE_SECONDS {
            shown.bar.finish_and_clear();
            bail!(
                "the run is {late_seconds} s late; see whether `tsunagi up` still runs, and `tsunagi dead-letters`"
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Takes what was begun, from this run on, to its end in this process, until everyone was read and whoever changed is
/// written. What customers did comes before each look at them.
async fn work(runtime: &Runtime, run: RunId) -> Result<()> {
    let table = runtime.table("tsunagi")?;
    let mut shown = Shown::new(&table, run).await?;
    let feeds = runtime.feeds();
    let feed = |function: &str| feeds.iter().find(|feed| feed.function == function);
    let inbox = feed("advance").context("nothing feeds `advance`")?;
    let tasks = feed("recompute").context("nothing feeds `recompute`")?;
    loop {
        while runtime.poll(inbox).await? > 0 {}
        if runtime.poll(tasks).await? > 0 {
            shown.show(&table).await?;
            continue;
        }
        if shown.look(&table).await?.through {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn ask(up: &Up, write_key: &str) -> Result<Asked> {
    let request = providers::http::client().post(format!("{}{}", up.url, control::RECOMPUTE));
    let answer = request.basic_auth(write_key, Some("")).send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let answer = answer.context("asking `tsunagi up`; stop it, and this command does without it")?;
    Ok(answer.json().await?)
}

/// What is shown of a run and of those that come after it.
struct Shown {
    /// The run that was begun last, as far as that was seen.
    run: RunId,
    items: u64,
    bar: ProgressBar,
}

/// What a look found.
struct Looked {
    /// Everyone was read, and no survey is under way that may have everyone read again. That was said.
    through: bool,
    /// Seconds by which what is under way is behind.
    late_seconds: i64,
}

impl Shown {
    async fn new(table: &Table, run: RunId) -> Result<Self> {
        let items = runs::items(table).await?;
        Ok(Self { run, items, bar: bar("recompute", 0, "customers") })
    }

    /// How far the recomputation and the survey have come that were begun last; the survey while it goes on. One that changes
    /// what is known begins a recomputation before it is over.
    async fn show(&mut self, table: &Table) -> Result<(Option<Progress>, Option<Progress>)> {
        let now = Clock::system().now();
        let survey = match table.begun(RunKind::Survey).await? {
            Some(survey) => runs::look(table, survey, self.items, now).await?,
            None => None,
        };
        let goes_on = |survey: &Progress| survey.finished.is_none() && survey.late_seconds <= LATE_SECONDS;
        let survey = survey.filter(goes_on);
        self.run = table.begun(RunKind::Recompute).await?.map_or(self.run, |begun| begun.max(self.run));
        let progress = runs::look(table, self.run, self.items, now).await?;
        let reading = progress.as_ref().filter(|progress| !progress.state.is_through());
        if let Some(shown) = reading.or(survey.as_ref()).or(progress.as_ref()) {
            self.bar.set_message(match shown.kind {
                RunKind::Recompute => "recompute",
                RunKind::Survey => "survey",
            });
            self.bar.set_position(shown.read);
            let all = shown.share.filter(|share| *share > 0.0).map(|share| shown.read as f64 / share);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of customers"
            )]
            self.bar.set_length(all.unwrap_or(0.0).round() as u64);
        }
        Ok((progress, survey))
    }

    async fn look(&mut self, table: &Table) -> Result<Looked> {
        let (progress, survey) = self.show(table).await?;
        let late_seconds = progress.as_ref().map_or(0, |progress| progress.late_seconds);
        let through = progress.filter(|progress| match progress.state {
            State::Again | State::Done => survey.is_none(),
            // One that is superseded is followed by the one that supersedes it.
            State::Reading | State::Superseded => false,
        });
        if let Some(progress) = &through {
            self.bar.finish_and_clear();
            say(&format!(
                "{} read, {} changed",
                counted(progress.read, "customer"),
                thousands(progress.changed)
            ));
        }
        Ok(Looked { through: through.is_some(), late_seconds })
    }
}

fn describe(runs: &[Progress]) -> String {
    if runs.is_empty() {
        return "There was no run yet; `tsunagi apply DIR` begins one.".to_owned();
    }
    let mut text = format!(
        "{:<18} {:<21} {:<11} {:>6} {:>9} {:>12} {:>10}",
        "run", "begun", "state", "parts", "read", "customers", "changed"
    );
    for run in runs {
        let name = match (run.kind, run.number) {
            (RunKind::Recompute, Some(number)) => format!("definitions {number}"),
            (RunKind::Recompute | RunKind::Survey, _) => "survey".to_owned(),
        };
        let again = if run.again == 0 { String::new() } else { format!(" ({})", run.again + 1) };
        let state = match run.state {
            State::Reading => "reading",
            State::Again => "second time",
            State::Done => "done",
            State::Superseded => "superseded",
        };
        let _ = write!(
            text,
            "\n{:<18} {:<21} {state:<11} {:>6} {:>9} {:>12} {:>10}",
            format!("{name}{again}"),
            run.begun,
            format!("{}/{}", run.parts_over, run.parts),
            percent(run.share),
            thousands(run.read),
            thousands(run.changed)
        );
        let mut told = Vec::new();
        if run.waits > 0 {
            told.push(format!("waited {} for the inbox", counted(run.waits.into(), "time")));
        }
        if run.late_seconds > LATE_SECONDS {
            let late = run.late_seconds;
            told.push(format!(
                "{late} s late: it goes on while `tsunagi up` runs; see `tsunagi dead-letters`"
            ));
        }
        told.extend(run.result.iter().flat_map(|result| result.lines()).map(ToOwned::to_owned));
        for line in told {
            let _ = write!(text, "\n  {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_in_a_line() {
        let done = Progress {
            kind: RunKind::Recompute,
            number: Some(4),
            again: 0,
            begun: "2026-11-22T00:00:00Z".to_owned(),
            state: State::Done,
            parts_over: 8,
            parts: 8,
            read: 100_000,
            changed: 1_234,
            share: Some(1.0),
            waits: 0,
            late_seconds: 0,
            finished: Some("2026-11-22T00:02:00Z".to_owned()),
            result: None,
        };
        let reading = Progress {
            again: 1,
            state: State::Reading,
            parts_over: 0,
            read: 25_000,
            changed: 0,
            share: Some(0.25),
            waits: 3,
            late_seconds: 7_200,
            finished: None,
            ..done.clone()
        };
        let superseded = Progress { state: State::Superseded, ..done.clone() };
        let survey = Progress {
            kind: RunKind::Survey,
            number: None,
            result: Some("1 customer had bought\npurchases: too little to learn from".to_owned()),
            changed: 0,
            ..done.clone()
        };
        insta::assert_snapshot!(describe(&[reading, done, superseded, survey]), @"
        run                begun                 state        parts      read    customers    changed
        definitions 4 (2)  2026-11-22T00:00:00Z  reading        0/8   25.00 %       25,000          0
          waited 3 times for the inbox
          7200 s late: it goes on while `tsunagi up` runs; see `tsunagi dead-letters`
        definitions 4      2026-11-22T00:00:00Z  done           8/8  100.00 %      100,000      1,234
        definitions 4      2026-11-22T00:00:00Z  superseded     8/8  100.00 %      100,000      1,234
        survey             2026-11-22T00:00:00Z  done           8/8  100.00 %      100,000          0
          1 customer had bought
          purchases: too little to learn from
        ");
        assert!(describe(&[]).starts_with("There was no run yet"));
    }
}
