//! Runs through all customers: one row a run, and one for each of its parts.
//!
//! A part goes on by messages that name its hop; its row says at which hop it stands and is written on condition of the
//! hop before. So of all deliveries of all messages one alone takes a part from one hop to the next.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use domain::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

use super::customers::refused;
use super::due::ScanKey;
use super::people::unless_later;
use super::{Item, Reading, Table, new_attempt, number, read_number, read_text, text};
use crate::call::Call;
use crate::version::Shape;

const RUN: Shape = Shape { kind: "a run", steps: &[] };

const PART: Shape = Shape { kind: "a part of a run", steps: &[] };

/// How long the rows of a run are kept after it began.
pub const RUNS_KEPT_SECONDS: i64 = 90 * DAY;

/// The partition of the rows of runs.
const RUNS: &str = "R#";

/// The partition that says which run of each kind was begun last.
const BEGUN: &str = "R#begun";

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Brings memberships up to date with the definitions.
    Recompute,
    /// Learns what definitions ask of all customers together.
    Survey,
}

/// What names a run: there is one at most of each name. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId {
    /// What it is for.
    pub kind: RunKind,
    /// Of a recomputation, the number of the definitions it brings; of a survey, the day, in days since 1970-01-01.
    pub number: u32,
    /// 0, and one more each time it is begun again by hand.
    pub again: u32,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What names it.
    pub id: RunId,
    /// When it began.
    pub begun: Timestamp,
    /// In how many parts.
    pub parts: u32,
    /// When its last part ended and what follows from it was done.
    #[serde(default)]
    pub finished: Option<Timestamp>,
    /// What it came to, in words.
    #[serde(default)]
    pub result: Option<String>,
}

/// How far a part has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which one, from 0.
    pub part: u32,
    /// How often it was handed on.
    #[serde(skip)]
    pub hop: u32,
    /// Whether the message of this hop was sent, or none is needed.
    #[serde(skip)]
    pub handed: bool,
    /// Where it stands.
    pub state: PartState,
    /// When the next hop is to be handled, at the earliest; of one that is over, when it ended.
    pub due: Timestamp,
    /// Where it goes on.
    pub after: Option<ScanKey>,
    /// The key of the last customer whom a second time has to reach: who was read later was read late enough.
    pub settled: Option<String>,
    /// Items it went over so far, customers and others, the second time left out.
    pub items: u64,
    /// Customers it read so far, the second time left out.
    pub read: u64,
    /// Customers it found changed so far.
    pub changed: u64,
    /// How often it waited because the inbox was full.
    pub waits: u32,
    /// What it has learnt so far, as its kind of run writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learnt: Option<String>,
}

/// Where a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// It reads.
    Reading,
    /// It reads for the second time.
    Again,
    /// It is over.
    Done,
    /// It stopped, for a later run covers it.
    Superseded,
}

impl PartState {
    /// Whether nothing more comes of it.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Done | Self::Superseded => true,
            Self::Reading | Self::Again => false,
        }
    }
}

impl Part {
    /// A part of which nothing is read yet.
    pub const fn new(part: u32, begun: Timestamp) -> Self {
        Self {
            part,
            hop: 0,
            handed: true,
            state: PartState::Reading,
            due: begun,
            after: None,
            settled: None,
            items: 0,
            read: 0,
            changed: 0,
            waits: 0,
            learnt: None,
        }
    }
}

impl RunKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Recompute => "recompute",
            Self::Survey => "survey",
        }
    }
}

impl RunId {
    /// The same once more.
    #[must_use]
    pub const fn once_more(self) -> Self {
        Self { again: self.again.saturating_add(1), ..self }
    }
}

impl fmt::Display for RunId {
    /// Of one kind, in the order of the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:010}#{:04}", self.kind.name(), self.number, self.again)
    }
}

impl FromStr for RunId {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || anyhow!("{text:?} names no run; write it as recompute#0000000007#0000");
        let mut parts = text.splitn(3, '#');
        let (Some(kind), Some(number), Some(again)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let kind = [RunKind::Recompute, RunKind::Survey].into_iter().find(|known| known.name() == kind);
        Ok(Self {
            kind: kind.ok_or_else(wrong)?,
            number: number.parse().map_err(|_| wrong())?,
            again: again.parse().map_err(|_| wrong())?,
        })
    }
}

impl TryFrom<String> for RunId {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

impl Table {
    /// Writes the row of a run unless there is one.
    pub async fn put_run(&self, run: &Run) -> Result<()> {
        let request = self.client.put_item().table_name(&self.name).set_item(Some(run_item(run)?));
        unless_later(request.condition_expression("attribute_not_exists(pk)").call().await.err())
    }

    /// Writes that a run is finished.
    pub async fn finish_run(&self, run: &Run) -> Result<()> {
        let request = self.client.put_item().table_name(&self.name).set_item(Some(run_item(run)?));
        request.call().await.context("writing a run")?;
        Ok(())
    }

    /// A run.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>> {
        self.get(RUNS, &id.to_string(), Reading::Consistent).await?.as_ref().map(read_run).transpose()
    }

    /// Every run that is kept, the earlier ones of each kind first.
    pub async fn runs(&self) -> Result<Vec<Run>> {
        self.partition(RUNS, Reading::Consistent).await?.iter().map(read_run).collect()
    }

    /// The run of this kind that was begun last: all of its parts were handed to the queue.
    pub async fn begun(&self, kind: RunKind) -> Result<Option<RunId>> {
        let item = self.get(BEGUN, kind.name(), Reading::Consistent).await?;
        item.map(|item| read_text(&item, "run")?.parse()).transpose()
    }

    /// Remembers that a run was begun, unless a later one was.
    pub async fn put_begun(&self, id: RunId) -> Result<()> {
        let run = id.to_string();
        let request = self.client.put_item().table_name(&self.name);
        let request = request
            .item("pk", text(BEGUN))
            .item("sk", text(id.kind.name()))
            .item("run", text(&run))
            .condition_expression("attribute_not_exists(pk) OR run < :run")
            .expression_attribute_values(":run", text(run));
        unless_later(request.call().await.err())
    }

    /// A part of a run; none before its first hop is over.
    pub async fn part(&self, run: RunId, part: u32) -> Result<Option<Part>> {
        let item = self.get(&partition(run), &sort(part), Reading::Consistent).await?;
        item.as_ref().map(read_part).transpose()
    }

    /// The parts of a run that are past their first hop.
    pub async fn parts(&self, run: RunId) -> Result<Vec<Part>> {
        self.partition(&partition(run), Reading::Consistent).await?.iter().map(read_part).collect()
    }

    /// Writes a part if it still stands at the hop before. `false` when another delivery came first.
    pub async fn put_part(&self, run: &Run, part: &Part) -> Result<bool> {
        let attempt = new_attempt();
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(part_item(run, part, &attempt)?))
            .return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            );
        request = match part.hop.saturating_sub(1) {
            0 => request.condition_expression("attribute_not_exists(pk)"),
            before => request
                .condition_expression("hop = :before")
                .expression_attribute_values(":before", number(before)),
        };
        match request.call().await {
            Ok(_) => Ok(true),
            // A write whose answer was lost and that the client made again is known by its attempt.
            Err(error) => Ok(read_text(&refused(error)?, "by").is_ok_and(|by| by == attempt)),
        }
    }

    /// Notes that the message of a part's hop was sent; nothing, if the part is further by then.
    pub async fn put_handed(&self, run: &Run, part: &Part) -> Result<()> {
        let handed = Part { handed: true, ..part.clone() };
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(part_item(run, &handed, "")?))
            .condition_expression("hop = :hop")
            .expression_attribute_values(":hop", number(part.hop));
        unless_later(request.call().await.err())
    }
}

pub(super) fn run_item(run: &Run) -> Result<Item> {
    Ok(Item::from([
        ("pk".to_owned(), text(RUNS)),
        ("sk".to_owned(), text(run.id.to_string())),
        ("doc".to_owned(), text(serde_json::to_string(run)?)),
        RUN.mark(),
        ("expires".to_owned(), expires(run)),
    ]))
}

pub(super) fn part_item(run: &Run, part: &Part, attempt: &str) -> Result<Item> {
    Ok(Item::from([
        ("pk".to_owned(), text(partition(run.id))),
        ("sk".to_owned(), text(sort(part.part))),
        ("hop".to_owned(), number(part.hop)),
        ("handed".to_owned(), number(u8::from(part.handed))),
        ("by".to_owned(), text(attempt)),
        ("doc".to_owned(), text(serde_json::to_string(part)?)),
        PART.mark(),
        ("expires".to_owned(), expires(run)),
    ]))
}

fn expires(run: &Run) -> aws_sdk_dynamodb::types::AttributeValue {
    number(run.begun.plus(RUNS_KEPT_SECONDS).seconds())
}

fn partition(run: RunId) -> String {
    format!("{RUNS}{run}")
}

fn sort(part: u32) -> String {
    format!("{part:04}")
}

pub(super) fn read_run(item: &Item) -> Result<Run> {
    RUN.document(item, "doc")
}

pub(super) fn read_part(item: &Item) -> Result<Part> {
    let state = PART.document(item, "doc")?;
    let hop = read_number(item, "hop").and_then(|hop| u32::try_from(hop).ok());
    Ok(Part {
        hop: hop.context("a part of a run has no hop")?,
        handed: read_number(item, "handed") == Some(1),
        ..state
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_stand_in_order() {
        let id = |number, again| RunId { kind: RunKind::Recompute, number, again };
        let ids = [id(9, 0), id(9, 1), id(10, 0), id(4_000_000_000, 12)];
        let texts = ids.map(|id| id.to_string());
        assert!(ids.is_sorted() && texts.is_sorted(), "{texts:?}");
        for (id, text) in ids.iter().zip(&texts) {
            assert_eq!(text.parse::<RunId>().unwrap(), *id);
        }
        for wrong in ["", "recompute#7", "scan#0000000007#0000", "recompute#x#0000"] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
    }
}
