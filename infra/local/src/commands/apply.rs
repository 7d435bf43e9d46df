//! `tsunagi apply`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use cloud::table::Table;
use domain::definitions::Kind;
use domain::input::List;
use domain::journey::{Enter, Journey};
use serde_json::json;

use super::place::{self, Holder, Up};
use super::text::{complain, say};
use super::{Data, recompute};
use crate::control;
use crate::definitions::{self, Applied};
use crate::region::Durability;

/// Checks definitions and makes them current.
#[derive(Debug, Args)]
pub struct Apply {
    /// The directory of the definitions.
    dir: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl Apply {
    pub(super) async fn run(self) -> Result<()> {
        let files = definitions::yaml_files(&self.dir)?;
        if files.is_empty() {
            bail!("there is no *.yaml in {}", self.dir.display());
        }
        match place::hold(&self.data.data)? {
            Holder::We(_held) => {
                let stack = place::stack(&self.data.data, Durability::Durable).await?;
                let table = stack.runtime.table("tsunagi")?;
                let Some(number) = self.put(&table, &files).await? else { return Ok(()) };
                definitions::announce(&stack.runtime, number).await?;
                say("Customers are looked at anew once `tsunagi up` runs.");
                Ok(())
            }
            Holder::Up(up) => {
                let reader = place::reader(&self.data.data)?;
                let Some(number) = self.put(&reader.table, &files).await? else { return Ok(()) };
                self.announce(&up, number).await?;
                recompute::follow_if_seen(&self.data.data).await
            }
        }
    }

    /// Stores what is new and says so; the number of the definitions when anything is.
    async fn put(&self, table: &Table, files: &[(String, String)]) -> Result<Option<u32>> {
        match definitions::put(table, files).await? {
            Ok((applied, number)) => {
                for change in &applied {
                    let what = if change.new { "applied" } else { "unchanged" };
                    say(&format!(
                        "{} {} version {}: {what}",
                        change.kind.name(),
                        change.name,
                        change.version
                    ));
                }
                tell_of_members(table, &applied).await?;
                Ok(applied.iter().any(|change| change.new).then_some(number))
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    complain(mistake);
                }
                let plural = if mistakes.len() == 1 { "" } else { "s" };
                bail!("nothing was applied: {} mistake{plural}", mistakes.len())
            }
        }
    }

    async fn announce(&self, up: &Up, number: u32) -> Result<()> {
        let secrets = place::secrets(&self.data.data)?;
        let request = providers::http::client().post(format!("{}{}", up.url, control::DEFINITION_APPLIED));
        let answer =
            request.basic_auth(secrets.write_key, Some("")).json(&json!({ "number": number })).send().await?;
        answer.error_for_status()?;
        Ok(())
    }
}

/// Says of new journeys whom they do not reach: who is in the segment already does not enter it any more.
async fn tell_of_members(table: &Table, applied: &[Applied]) -> Result<()> {
    let current = definitions::current(table).await?;
    let new = |journey: &Journey| {
        let first = |change: &Applied| change.new && change.version == 1 && change.kind == Kind::Journey;
        applied.iter().any(|change| first(change) && change.name == journey.name.as_str())
    };
    let journeys = current.journeys.keys().filter_map(|name| Some(current.current(name)?.1));
    for journey in journeys.filter(|journey| new(journey)) {
        if let Enter::Segment(segment) = &journey.enter {
            let members = table.count_members(&List::Segment(segment.clone())).await?;
            if members > 0 {
                say(&format!(
                    "journey {}: {members} customers are in the segment {segment} already and do not begin it; who enters \
                     the segment from now on does",
                    journey.name
                ));
            }
        }
    }
    Ok(())
}
