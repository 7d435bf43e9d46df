//! Runs of `recompute`: how far each has come, and one begun by hand.

use std::sync::Arc;

use anyhow::{Context, Result};
use cloud::bus::Bus;
use cloud::table::Table;
use cloud::table::runs::{Part, PartState, Run, RunId, RunKind};
use domain::time::Timestamp;
use recompute::{RECOMPUTE_ASKED, RecomputeAsked, survey_of};
use serde::{Deserialize, Serialize};

use crate::definitions;
use crate::runtime::Runtime;

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What it is for.
    pub kind: RunKind,
    /// Of a recomputation, the number of the definitions it brings.
    pub number: Option<u32>,
    /// How often it was begun again by hand before.
    pub again: u32,
    /// When it began, in UTC.
    pub begun: String,
    /// Where it stands.
    pub state: State,
    /// Parts that are over.
    pub parts_over: u32,
    /// Parts it has.
    pub parts: u32,
    /// Customers it read, the second time left out.
    pub read: u64,
    /// Customers it found changed.
    pub changed: u64,
    /// How much of the table it went over, the second time left out: from 0 to 1, about.
    pub share: Option<f64>,
    /// How often its parts waited for a full inbox.
    pub waits: u32,
    /// Seconds by which its latest part is behind: what it waits for should have come.
    pub late_seconds: i64,
    /// When it was over, in UTC.
    pub finished: Option<String>,
    /// What it came to.
    pub result: Option<String>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It reads everyone.
    Reading,
    /// Everyone was read; who was written meanwhile by a process that knew earlier definitions is looked for.
    Again,
    /// It is over.
    Done,
    /// It stopped, for a later run covers it.
    Superseded,
}

impl State {
    /// Whether everyone was read, or nobody needs to be any more.
    pub const fn is_through(self) -> bool {
        match self {
            Self::Again | Self::Done | Self::Superseded => true,
            Self::Reading => false,
        }
    }
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The recomputation.
    pub run: RunId,
    /// Whether it began by that; otherwise it was under way, and reads everyone still.
    pub began: bool,
    /// The survey beside it, begun or under way; none where definitions ask nothing of all customers together.
    pub survey: Option<RunId>,
}

/// How far every run that is kept has come, the latest first.
pub async fn list(table: &Table, now: Timestamp) -> Result<Vec<Progress>> {
    let mut runs = Vec::new();
    for run in table.runs().await? {
        let parts = table.parts(run.id).await?;
        runs.push((run, parts));
    }
    runs.sort_by_key(|(run, _)| (run.begun, run.id));
    let items = items(table).await?;
    Ok(runs.iter().rev().map(|(run, parts)| progress(run, parts, items, now)).collect())
}

/// How far one run has come; none before it began.
pub async fn look(table: &Table, id: RunId, items: u64, now: Timestamp) -> Result<Option<Progress>> {
    let Some(run) = table.run(id).await? else { return Ok(None) };
    Ok(Some(progress(&run, &table.parts(id).await?, items, now)))
}

/// How many items a run goes over, about: as many as the last whole one did, or as the table says that it holds.
pub async fn items(table: &Table) -> Result<u64> {
    for run in table.runs().await?.iter().rev() {
        let parts = table.parts(run.id).await?;
        if is_whole(&parts) {
            return Ok(parts.iter().map(|part| part.items).sum());
        }
    }
    table.about_items().await
}

fn is_whole(parts: &[Part]) -> bool {
    !parts.is_empty() && parts.iter().all(|part| part.state == PartState::Done)
}

fn progress(run: &Run, parts: &[Part], items: u64, now: Timestamp) -> Progress {
    let sum = |count: fn(&Part) -> u64| parts.iter().map(count).sum::<u64>();
    let over = parts.iter().filter(|part| part.state.is_over()).count();
    let state = state(run, parts);
    let share =
        if state.is_through() { 1.0 } else { (sum(|part| part.items) as f64 / items as f64).min(1.0) };
    // A part without a row has been waiting since the run began.
    let missing = (parts.len() < run.parts as usize).then_some(run.begun);
    let waiting = parts.iter().filter(|part| !part.state.is_over()).map(|part| part.due).chain(missing);
    let late = waiting.map(|due| now.since(due)).max().unwrap_or(0).max(0);
    Progress {
        kind: run.id.kind,
        number: (run.id.kind == RunKind::Recompute).then_some(run.id.number),
        again: run.id.again,
        begun: run.begun.to_string(),
        state,
        parts_over: u32::try_from(over).unwrap_or(u32::MAX),
        parts: run.parts,
        read: sum(|part| part.read),
        changed: sum(|part| part.changed),
        share: share.is_finite().then_some(share),
        waits: parts.iter().map(|part| part.waits).sum(),
        late_seconds: if run.finished.is_some() { 0 } else { late },
        finished: run.finished.map(|at| at.to_string()),
        result: run.result.clone(),
    }
}

fn state(run: &Run, parts: &[Part]) -> State {
    let everyone = parts.len() == run.parts as usize;
    if parts.iter().any(|part| part.state == PartState::Superseded) {
        State::Superseded
    } else if run.finished.is_some() {
        State::Done
    } else if everyone && parts.iter().all(|part| part.state != PartState::Reading) {
        State::Again
    } else {
        State::Reading
    }
}

/// Begins a recomputation for the definitions as they are, and a survey where they ask for what it learns; either unless
/// one of it is under way.
pub async fn ask(runtime: &Arc<Runtime>) -> Result<Asked> {
    let table = runtime.table("tsunagi")?;
    let definitions = definitions::current(&table).await?;
    let first = RunId { kind: RunKind::Recompute, number: definitions.number, again: 0 };
    let (run, began) = next(&table, first).await?;
    let survey = if definitions.asks_population() {
        let today = survey_of(runtime.region().clock().now(), &definitions)?;
        Some(next(&table, today).await?)
    } else {
        None
    };
    let runs = survey.into_iter().chain([(run, began)]);
    let asked: Vec<_> = runs
        .filter(|(_, begins)| *begins)
        .map(|(run, _)| (RECOMPUTE_ASKED, RecomputeAsked { run }))
        .collect();
    let bus = runtime.template().buses.first().context("the template has no bus")?.clone();
    let bus = Bus::new(aws_sdk_eventbridge::Client::new(&runtime.region().sdk_config("tsunagi")), bus);
    bus.put(&asked).await?;
    Ok(Asked { run, began, survey: survey.map(|(survey, _)| survey) })
}

/// The run that is to begin, or one that is under way and does as much; and whether it is to begin.
async fn next(table: &Table, first: RunId) -> Result<(RunId, bool)> {
    let Some(begun) = table.begun(first.kind).await?.filter(|begun| *begun >= first) else {
        return Ok((first, true));
    };
    let Some(run) = table.run(begun).await? else { return Ok((begun.once_more(), true)) };
    let joined = match (begun.kind, state(&run, &table.parts(begun).await?)) {
        // A recomputation that read everyone does not look again at who was written since; a survey that did has yet to
        // conclude.
        (RunKind::Recompute | RunKind::Survey, State::Reading) | (RunKind::Survey, State::Again) => true,
        (RunKind::Recompute, State::Again) | (_, State::Done | State::Superseded) => false,
    };
    Ok(if joined { (begun, false) } else { (begun.once_more(), true) })
}
