//! `tsunagi journeys`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cloud::table::Table;
use domain::definitions::{self as all, Definitions, Kind, Switch, SwitchedTo, Version};
use domain::names::JourneyName;
use domain::spelling::nearest;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::budget::{self, Budget};
use super::change::change;
use super::enroll::{self, Asked, What};
use super::text::say;
use super::{now, place, read_report};
use crate::definitions;

/// The journeys.
#[derive(Debug, Args)]
pub struct Journeys {
    #[command(subcommand)]
    command: Option<Command>,
    /// The directory of this installation's data.
    #[arg(long, global = true, default_value = ".tsunagi", env = "TSUNAGI_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Of the list: one JSON array, alone on standard output.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which there are, whether they run, and how many are in them.
    List,
    /// Lets a journey stand still: who is in it, and who begins it meanwhile, goes on when it is resumed.
    Pause {
        /// Its name.
        name: String,
    },
    /// Lets a paused journey go on. A message whose time came meanwhile is sent or left out as its definition says.
    Resume {
        /// Its name.
        name: String,
    },
    /// Ends a journey.
    Stop {
        /// Its name.
        name: String,
        #[command(flatten)]
        how: How,
    },
    /// Has customers begin a journey, whatever it begins with. Its re-entry rule, its group and its `allowed` hold as always.
    ///
    /// Nothing is asked while one of the ids is unknown. The same asked again within a minute is one; with a key the same
    /// customer is asked for once with each.
    Enroll {
        #[command(flatten)]
        asked: Asked,
        /// What tells this time from others, such as the id of an order. Without one, to ask again a minute later is to ask for
        /// another time.
        #[arg(long)]
        key: Option<String>,
    },
    /// Takes customers out of a journey, wherever in it they are. A message that was handed to its provider has left.
    Remove {
        #[command(flatten)]
        asked: Asked,
    },
}

/// How a journey is stopped.
#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
struct How {
    /// Nobody begins it any more; who is in it goes on to its end.
    #[arg(long)]
    finish: bool,
    /// Who is in it leaves it at once. Applied again as a new version, it begins anew.
    #[arg(long)]
    now: bool,
}

impl Journeys {
    pub(super) async fn run(self) -> Result<()> {
        place::check_exists(&self.data)?;
        let data = &self.data;
        let (name, to) = match self.command {
            None | Some(Command::List) => return list(data, self.json).await,
            Some(Command::Enroll { asked, key }) => {
                return enroll::ask(data, &asked, &What::Enroll(key)).await;
            }
            Some(Command::Remove { asked }) => return enroll::ask(data, &asked, &What::Remove).await,
            Some(Command::Pause { name }) => (name, Wanted::Pause),
            Some(Command::Resume { name }) => (name, Wanted::Resume),
            Some(Command::Stop { name, how }) => (name, if how.now { Wanted::Stop } else { Wanted::Finish }),
        };
        change(data, async |table: &Table| switch(table, &name, to, now()?).await).await
    }
}

/// What is wanted of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Pause,
    Resume,
    Finish,
    Stop,
}

/// Stores what is wanted; the number of the definitions afterwards, or none when it was so already.
async fn switch(table: &Table, name: &str, wanted: Wanted, now: Timestamp) -> Result<Option<u32>> {
    let mut versions = table.definitions().await?;
    let current = definitions::gather(&versions)?;
    let journey = known(&current, name)?;
    let paused = current.is_paused(&journey);
    // Withdrawn, it goes on for whoever is in it.
    let version = current.journeys[&journey].keys().last().copied().unwrap_or_default();
    let over = current.is_stopped(&journey, version);
    if over || (wanted == Wanted::Finish && current.current(&journey).is_none()) {
        say(&format!("{name} has ended already"));
        return Ok(None);
    }
    let to = match wanted {
        Wanted::Pause if paused => {
            say(&format!("{name} is paused already"));
            return Ok(None);
        }
        Wanted::Resume if !paused => {
            say(&format!("{name} runs already"));
            return Ok(None);
        }
        Wanted::Pause => Some(SwitchedTo::Paused),
        Wanted::Resume => Some(SwitchedTo::Running),
        Wanted::Stop => Some(SwitchedTo::Stopped { version }),
        Wanted::Finish => None,
    };
    let (kind, yaml) = match to {
        Some(to) => (Kind::Switch, serde_json::to_string(&Switch { at: now, to })?),
        None => (Kind::Journey, String::new()),
    };
    let number = 1 + highest(&versions, kind, name);
    versions.push(Version { kind, name: name.to_owned(), number, yaml });
    definitions::gather(&versions)?;
    definitions::add(table, &versions[versions.len() - 1..]).await?;
    say(&match wanted {
        Wanted::Pause => {
            format!("{name}: paused within half a minute; `tsunagi journeys resume {name}` lets it go on")
        }
        Wanted::Resume => format!("{name}: goes on"),
        Wanted::Finish => format!("{name}: nobody begins it any more; who is in it goes on to its end"),
        Wanted::Stop => format!(
            "{name}: stopped; who is in it leaves it when they are looked at, and no message of it leaves"
        ),
    });
    Ok(Some(all::number(&versions)))
}

fn highest(versions: &[Version], kind: Kind, name: &str) -> u32 {
    let of_it = versions.iter().filter(|version| version.kind == kind && version.name == name);
    of_it.map(|version| version.number).max().unwrap_or(0)
}

/// The journey of this name.
pub fn known(definitions: &Definitions, name: &str) -> Result<JourneyName> {
    let found = JourneyName::parse(name).ok().filter(|name| definitions.journeys.contains_key(name));
    match (found, nearest(name, definitions.journeys.keys().map(JourneyName::as_str))) {
        (Some(name), _) => Ok(name),
        (None, Some(near)) => bail!("there is no journey `{name}`; did you mean `{near}`?"),
        (None, None) => {
            let known: Vec<&str> = definitions.journeys.keys().map(JourneyName::as_str).collect();
            bail!(
                "there is no journey `{name}`; there are: {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )
        }
    }
}

async fn list(data: &std::path::Path, as_json: bool) -> Result<()> {
    let reader = place::reader(data)?;
    let definitions = definitions::current(&reader.table).await?;
    let mut rows = Vec::new();
    for name in definitions.journeys.keys() {
        let report = read_report(&reader.table, &definitions, name).await.context("counting enrollments")?;
        let budget = budget::of(&reader.table, &definitions, name, now()?).await?;
        let state = match definitions.current(name) {
            Some(_) if definitions.is_paused(name) => "paused",
            Some(_) if budget.as_ref().is_some_and(Budget::is_spent) => "spent",
            Some(_) => "running",
            None => "ended",
        };
        let ended: u64 = report.ended.values().sum();
        let version = definitions.journeys[name].keys().last().copied();
        let title = definitions.journeys[name].values().last().map(|it| it.title.to_string());
        rows.push(json!({
            "name": name, "version": version, "title": title, "state": state,
            "entered": report.total.entered, "in_it": report.total.entered - ended, "converted": report.total.converted,
            "budget": budget.map(|budget| budget.figures()),
        }));
    }
    if as_json {
        say(&serde_json::to_string_pretty(&rows)?);
    } else if rows.is_empty() {
        say("There are no journeys; `tsunagi scenarios list` shows some to begin with.");
    } else {
        say(&table(&rows));
    }
    Ok(())
}

fn table(rows: &[Value]) -> String {
    let mut lines = vec![format!(
        "{:<28}{:>4}  {:<9}{:>9}{:>9}{:>11}  title",
        "journey", "v", "", "entered", "in it", "converted"
    )];
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let number = |row: &Value, name: &str| row[name].to_string();
    lines.extend(rows.iter().map(|row| {
        let (name, state, title) = (text(row, "name"), text(row, "state"), text(row, "title"));
        let [version, entered, in_it, converted] =
            ["version", "entered", "in_it", "converted"].map(|name| number(row, name));
        let line =
            format!("{name:<28}{version:>4}  {state:<9}{entered:>9}{in_it:>9}{converted:>11}  {title}");
        let spent = row["budget"]["in_words"].as_str().map(|spent| format!("\n{:34}{spent}", ""));
        line.trim_end().to_owned() + &spent.unwrap_or_default()
    }));
    lines.join("\n")
}
