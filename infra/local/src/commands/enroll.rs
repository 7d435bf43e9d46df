//! `tsunagi journeys enroll` and `remove`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use cloud::clock::Clock;
use cloud::table::customers::Stored;
use cloud::table::{Reading, Table};
use domain::names::{CustomerId, JourneyName};
use domain::spelling::counted;
use serde_json::{Value, json};

use super::intake::Intake;
use super::journeys::known;
use super::place;
use super::text::say;
use crate::definitions::{self, list_file};

/// Calls in one request: as many as stay below its bytes, with ids and keys of any length.
const BATCH: usize = 500;

/// Customers that are read at once.
const READ: usize = 1_000;

/// Customers that are named where something is wrong with many.
const NAMED: usize = 5;

/// Customers, and a journey.
#[derive(Debug, Args)]
pub struct Asked {
    /// The journey's name.
    journey: String,
    /// The customers' ids.
    #[arg(required_unless_present = "file")]
    customers: Vec<String>,
    /// A file of ids: one on each line, or in the first column of a *.csv.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// That they begin the journey, told from other times by a key.
    Enroll(Option<String>),
    /// That they leave it.
    Remove,
}

/// Asks, once everything is known to be there.
pub async fn ask(data: &Path, asked: &Asked, what: &What) -> Result<()> {
    let reader = place::reader(data)?;
    let definitions = definitions::current(&reader.table).await?;
    let journey = known(&definitions, &asked.journey)?;
    ensure!(
        *what == What::Remove || definitions.current(&journey).is_some(),
        "{journey} has ended: nobody begins it; apply it again first"
    );
    let ids = ids(asked)?;
    let stored = stored(&reader.table, &ids).await?;
    let several = definitions.current(&journey).is_some_and(|(_, journey)| journey.has_several());
    let (inside, outside): (Vec<_>, Vec<_>) =
        stored.iter().partition(|stored| is_in(stored, &journey, several, what));
    let wanted = match what {
        What::Enroll(_) => &outside,
        What::Remove => &inside,
    };
    let now = Clock::system().now();
    let calls: Vec<Value> = wanted.iter().map(|stored| call(&stored.customer.id, &journey, what)).collect();
    for call in &calls {
        let read = ingest::parse(call, now).map(drop);
        read.map_err(|why| anyhow::anyhow!("{}: {}", why.field, why.error))?;
    }
    // The tables are opened again, by what handles the calls.
    drop(reader);
    let intake = Intake::open(data, now).await?;
    for batch in calls.chunks(BATCH) {
        intake.deliver(batch).await?;
    }
    let (inside, asked) = (inside.len() as u64, calls.len() as u64);
    say(&told(&journey, what, asked, ids.len() as u64 - asked, inside));
    if definitions.is_paused(&journey) {
        say(&format!("{journey} is paused; `tsunagi journeys resume {journey}` lets it go on"));
    }
    if asked > 0 {
        let more = if intake.is_up() { "" } else { " Messages leave once `tsunagi up` runs." };
        say(&format!("`tsunagi explain CUSTOMER` tells what became of each.{more}"));
    }
    Ok(())
}

fn told(journey: &JourneyName, what: &What, asked: u64, others: u64, inside: u64) -> String {
    match what {
        What::Enroll(_) if inside == 0 => format!("{journey}: asked for {}", counted(asked, "customer")),
        What::Enroll(_) => {
            format!("{journey}: asked for {}; not for {others} who are in it", counted(asked, "customer"))
        }
        What::Remove => {
            let leave = if asked == 1 { "leaves" } else { "leave" };
            let were = if others == 1 { "was" } else { "were" };
            let others = if others == 0 { String::new() } else { format!("; {others} {were} not in it") };
            format!("{journey}: {} {leave} it{others}", counted(asked, "customer"))
        }
    }
}

/// The ids that are named, each once.
fn ids(asked: &Asked) -> Result<BTreeSet<CustomerId>> {
    let mut ids = match &asked.file {
        Some(path) => list_file::ids(path)?,
        None => BTreeSet::new(),
    };
    for id in &asked.customers {
        ids.insert(CustomerId::parse(id)?);
    }
    ensure!(!ids.is_empty(), "there are no ids in the file");
    Ok(ids)
}

/// The customers as they are stored; it is an error when one is not, so that nothing is done by halves.
async fn stored(table: &Table, ids: &BTreeSet<CustomerId>) -> Result<Vec<Stored>> {
    let ids: Vec<CustomerId> = ids.iter().cloned().collect();
    let (mut stored, mut unknown) = (Vec::new(), Vec::new());
    for ids in ids.chunks(READ) {
        for (id, read) in table.customers(ids, Reading::Eventual).await? {
            let read = read.with_context(|| format!("reading customer `{id}`"))?;
            if read.revision == 0 { unknown.push(id) } else { stored.push(read) }
        }
    }
    if let [first, ..] = unknown.as_slice() {
        let some: Vec<String> = unknown.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
        let more = if unknown.len() > NAMED { ", …" } else { "" };
        match unknown.len() {
            1 => bail!("there is no customer `{first}`; nobody was asked for"),
            count => bail!(
                "there are no customers {}{more}, {count} in all; nobody was asked for",
                some.join(", ")
            ),
        }
    }
    Ok(stored)
}

/// Whether the customer is in the journey; where several at once are possible, under the key that is asked for.
fn is_in(stored: &Stored, journey: &JourneyName, several: bool, what: &What) -> bool {
    let mut live = stored.customer.enrollments.iter().filter(|it| it.is_live() && it.journey == *journey);
    match what {
        What::Enroll(key) if several => live.any(|it| key.is_some() && it.key == *key),
        What::Enroll(_) | What::Remove => live.next().is_some(),
    }
}

fn call(customer: &CustomerId, journey: &JourneyName, what: &What) -> Value {
    match what {
        What::Enroll(Some(key)) => {
            json!({ "type": "enroll", "userId": customer, "journey": journey, "key": key })
        }
        What::Enroll(None) => json!({ "type": "enroll", "userId": customer, "journey": journey }),
        What::Remove => json!({ "type": "remove", "userId": customer, "journey": journey }),
    }
}
