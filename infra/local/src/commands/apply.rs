//! `tsunagi apply`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use cloud::clock::Clock;
use cloud::table::Table;
use domain::definitions::{Definitions, Kind};
use domain::input::List;
use domain::journey::Enter;
use domain::names::{JourneyName, ListName, SegmentName};
use domain::spelling::counted;

use super::Data;
use super::change::change;
use super::learnt::{Followed, unlearnt};
use super::preview::previews;
use super::text::{bar, complain, say};
use super::told::{all_counted, all_shown};
use crate::definitions::files::{self, File};
use crate::definitions::plan::plan;
use crate::definitions::{self, Applied};

/// Checks definitions and makes them current.
#[derive(Debug, Args)]
pub struct Apply {
    /// The directory of the definitions, or the file of one.
    #[arg(value_name = "DIR")]
    path: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl Apply {
    pub(super) async fn run(self) -> Result<()> {
        let files = files::read(&self.path)?;
        change(&self.data.data, async |table: &Table| put(table, &files).await).await
    }
}

/// Stores what is new and says so; the number of the definitions when anything is.
async fn put(table: &Table, files: &[File]) -> Result<Option<u32>> {
    match definitions::store(table, files).await? {
        Ok((applied, number)) => {
            let current = definitions::current(table).await?;
            for change in &applied {
                let what = if change.new { "applied" } else { "unchanged" };
                let title = described(&current, change.kind, &change.name);
                say(&format!(
                    "{} {} version {}: {what}{title}",
                    change.kind.name(),
                    change.name,
                    change.version
                ));
            }
            tell_of_members(table, &current, &applied).await?;
            let now = Clock::system().now();
            let previews = tokio::task::block_in_place(|| previews(table, &current, &applied, now))?;
            for preview in previews {
                say(&preview);
            }
            for told in unlearnt(&current, Followed::Applied) {
                say(&told);
            }
            Ok(applied.iter().any(|change| change.new).then_some(number))
        }
        Err(mistakes) => {
            complain(&all_shown(&mistakes));
            bail!("nothing was applied: {}", all_counted(&mistakes))
        }
    }
}

/// What a definition calls itself, after what is said of it; for a list, how many are on it.
pub fn described(definitions: &Definitions, kind: Kind, name: &str) -> String {
    let title = match kind {
        Kind::Segment => {
            let name = SegmentName::parse(name).ok();
            name.and_then(|name| definitions.segments.get(&name)).map(|segment| segment.title.to_string())
        }
        Kind::Journey => {
            let name = JourneyName::parse(name).ok();
            name.and_then(|name| Some(definitions.current(&name)?.1.title.to_string()))
        }
        Kind::List => {
            let name = ListName::parse(name).ok();
            name.and_then(|name| definitions.lists.get(&name))
                .map(|ids| counted(ids.len() as u64, "customer"))
        }
        Kind::Shop | Kind::Providers | Kind::Switch | Kind::Population => None,
    };
    title.filter(|title| !title.is_empty()).map_or_else(String::new, |title| format!("   {title}"))
}

/// Says of new journeys whom they do not reach, for who is in the segment already does not enter it any more; and whom they
/// reach at once, for a segment that is new with its journey is entered by all who are in it.
async fn tell_of_members(table: &Table, current: &Definitions, applied: &[Applied]) -> Result<()> {
    let new = |kind: Kind, name: &str| {
        let first = |change: &Applied| change.new && change.version == 1 && change.kind == kind;
        applied.iter().any(|change| first(change) && change.name == name)
    };
    let journeys = current.journeys.keys().filter_map(|name| Some(current.current(name)?.1));
    let mut together = Vec::new();
    for journey in journeys.filter(|journey| new(Kind::Journey, journey.name.as_str())) {
        if let Enter::Segment(segment) = &journey.enter {
            if new(Kind::Segment, segment.as_str()) {
                together.push(&journey.name);
            }
            let members = table.count_members(&List::Segment(segment.clone())).await?;
            if members > 0 {
                say(&format!(
                    "journey {}: not begun by {} in the segment {segment} already; who enters the segment from now on \
                     does",
                    journey.name,
                    counted(members, "customer")
                ));
            }
        }
    }
    if together.is_empty() {
        return Ok(());
    }
    let bar = bar("looking at customers", table.about_items().await?, "items");
    let plan = plan(table, current.clone(), Clock::system().now(), |seen| bar.inc(seen)).await?;
    bar.finish_and_clear();
    for journey in together {
        let count = plan.begin.get(journey).map_or(0, |people| people.count);
        say(&format!(
            "journey {journey}: {} now and will begin it when everyone is looked at; `tsunagi journeys pause {journey}` \
             stops it before",
            if count == 1 {
                "1 customer is in its segment".to_owned()
            } else {
                format!("{} are in its segment", counted(count, "customer"))
            }
        ));
    }
    Ok(())
}
