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
use indicatif::ProgressBar;

use super::Data;
use super::place::{self, Holder, Up};
use super::text::{bar, percent, say, thousands};
use crate::control;
use crate::region::Durability;
use crate::runs::{self, Asked, Progress, State};
use crate::runtime::{Feed, Runtime};

/// How often it is looked how far a run has come.
const LOOK: Duration = Duration::from_millis(300);

/// Seconds after which a run that does not go on is said to be late.
const LATE_SECONDS: i64 = 60;

/// What takes a run to its end: the function itself, and the one that writes whom it changes.
const AT_WORK: [&str; 2] = ["recompute", "advance"];

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
                follow(data, begun).await
            }
            (Holder::We(_), true) => {
                bail!("nothing is at work here: start `tsunagi up`, or let `tsunagi recompute` do it")
            }
            (Holder::Up(up), false) => {
                let Asked { run, .. } = ask(&up, &place::secrets(data)?.write_key).await?;
                follow(data, run).await
            }
            (Holder::We(_held), false) => {
                let stack = place::stack(data, Durability::Durable).await?;
                let Asked { run, .. } = runs::ask(&stack.runtime).await?;
                work(&stack.runtime, run).await?;
                say("What follows for whom it changed is done once `tsunagi up` runs.");
                Ok(())
            }
        }
    }
}

/// Follows the run that was begun last where someone sees that: a script need not wait for it.
pub(super) async fn follow_if_seen(data: &Path) -> Result<()> {
    if !std::io::stderr().is_terminal() {
        return Ok(());
    }
    match place::reader(data)?.table.begun(RunKind::Recompute).await? {
        Some(run) => follow(data, run).await,
        None => Ok(()),
    }
}

/// Follows a run that an installation which is up is at work on, until everyone was read.
async fn follow(data: &Path, run: RunId) -> Result<()> {
    let reader = place::reader(data)?;
    let shown = Shown::new(&reader.table, run).await?;
    loop {
        if let Some(progress) = shown.look(&reader.table).await? {
            if progress.state.is_through() {
                shown.end(&progress);
                return Ok(());
            }
            if progress.late_seconds > LATE_SECONDS {
                shown.bar.finish_and_clear();
                bail!(
                    "the run is {} s late; see whether `tsunagi up` still runs, and `tsunagi dead-letters`",
                    progress.late_seconds
                );
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Takes a run to its end in this process, until everyone was read and whoever changed is written.
async fn work(runtime: &Runtime, run: RunId) -> Result<()> {
    let table = runtime.table("tsunagi")?;
    let shown = Shown::new(&table, run).await?;
    let feeds: Vec<Feed> =
        runtime.feeds().into_iter().filter(|feed| AT_WORK.contains(&feed.function.as_str())).collect();
    loop {
        let mut worked = 0;
        for feed in &feeds {
            worked += runtime.poll(feed).await?;
        }
        let progress = shown.look(&table).await?;
        match progress.filter(|progress| worked == 0 && progress.state.is_through()) {
            Some(through) => {
                shown.end(&through);
                return Ok(());
            }
            None if worked == 0 => tokio::time::sleep(LOOK).await,
            None => {}
        }
    }
}

async fn ask(up: &Up, write_key: &str) -> Result<Asked> {
    let request = providers::http::client().post(format!("{}{}", up.url, control::RECOMPUTE));
    let answer = request.basic_auth(write_key, Some("")).send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let answer = answer.context("asking `tsunagi up`; stop it, and this command does without it")?;
    Ok(answer.json().await?)
}

/// A run whose progress is shown.
struct Shown {
    run: RunId,
    items: u64,
    bar: ProgressBar,
}

impl Shown {
    async fn new(table: &Table, run: RunId) -> Result<Self> {
        let items = runs::items(table).await?;
        Ok(Self { run, items, bar: bar("recompute", 0, "customers") })
    }

    async fn look(&self, table: &Table) -> Result<Option<Progress>> {
        let progress = runs::look(table, self.run, self.items, Clock::system().now()).await?;
        if let Some(progress) = &progress {
            self.bar.set_position(progress.read);
            let all = progress.share.filter(|share| *share > 0.0).map(|share| progress.read as f64 / share);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of customers"
            )]
            self.bar.set_length(all.unwrap_or(0.0).round() as u64);
        }
        Ok(progress)
    }

    fn end(&self, progress: &Progress) {
        self.bar.finish_and_clear();
        say(&match progress.state {
            State::Superseded => {
                "A later run covers this one; `tsunagi recompute --watch` follows it.".to_owned()
            }
            State::Reading | State::Again | State::Done => {
                format!(
                    "{} customers read, {} changed",
                    thousands(progress.read),
                    thousands(progress.changed)
                )
            }
        });
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
        if run.waits > 0 {
            let _ = write!(text, "  waited {} times for the inbox", run.waits);
        }
        if run.late_seconds > LATE_SECONDS {
            let late = run.late_seconds;
            let _ = write!(
                text,
                "  {late} s late: it goes on while `tsunagi up` runs; see `tsunagi dead-letters`"
            );
        }
        if let Some(result) = &run.result {
            let _ = write!(text, "  {result}");
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
        insta::assert_snapshot!(describe(&[reading, done, superseded]), @"
        run                begun                 state        parts      read    customers    changed
        definitions 4 (2)  2026-11-22T00:00:00Z  reading        0/8   25.00 %       25,000          0  waited 3 times for the inbox  7200 s late: it goes on while `tsunagi up` runs; see `tsunagi dead-letters`
        definitions 4      2026-11-22T00:00:00Z  done           8/8  100.00 %      100,000      1,234
        definitions 4      2026-11-22T00:00:00Z  superseded     8/8  100.00 %      100,000      1,234
        ");
        assert!(describe(&[]).starts_with("There was no run yet"));
    }
}
