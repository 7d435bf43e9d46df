//! `tsunagi withdraw`.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cloud::table::Table;
use domain::definitions::{self as all, Definitions, Kind, Version};
use domain::input::List;
use domain::names::{JourneyName, SegmentName};
use domain::spelling::nearest;

use super::change::change;
use super::text::{complain, say};
use super::{Data, place, read_report};
use crate::definitions;

/// Takes a definition out of force.
#[derive(Debug, Args)]
pub struct Withdraw {
    /// What it is.
    #[arg(value_enum)]
    kind: What,
    /// Its name; there is one definition of accounts at providers, which needs none.
    #[arg(required_if_eq_any([("kind", "segment"), ("kind", "journey"), ("kind", "list")]))]
    name: Option<String>,
    #[command(flatten)]
    data: Data,
}

/// What can be withdrawn.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// A segment: its members leave it.
    Segment,
    /// A journey: nobody begins it any more; who is in it finishes.
    Journey,
    /// A list.
    List,
    /// The accounts at providers: messages go through the configured provider again.
    Providers,
}

impl Withdraw {
    pub(super) async fn run(self) -> Result<()> {
        place::check_exists(&self.data.data)?;
        let kind = match self.kind {
            What::Segment => Kind::Segment,
            What::Journey => Kind::Journey,
            What::List => Kind::List,
            What::Providers => Kind::Providers,
        };
        let name = self.name.as_deref().unwrap_or(Kind::Providers.name());
        change(&self.data.data, async |table: &Table| withdraw(table, kind, name).await).await
    }
}

/// Stores the version that withdraws, and says what that does; the number of the definitions afterwards.
async fn withdraw(table: &Table, kind: Kind, name: &str) -> Result<Option<u32>> {
    let mut versions = table.definitions().await?;
    let before = definitions::gather(&versions)?;
    let latest = all::latest(&versions);
    let Some(latest) = latest.get(&(kind, name)).copied() else {
        let of_kind = latest.keys().filter(|(of, _)| *of == kind);
        let meant = nearest(name, of_kind.map(|(_, name)| *name));
        let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        bail!("there is no {} `{name}`{meant}", kind.name());
    };
    if latest.withdraws() {
        say(&format!("{} {name} version {}: is withdrawn already", kind.name(), latest.number));
        return Ok(None);
    }
    let withdrawn = Version { kind, name: name.to_owned(), number: latest.number + 1, yaml: String::new() };
    versions.push(withdrawn.clone());
    let after = definitions::gather(&versions)?;
    let known = before.dangling();
    let dangling: Vec<_> =
        after.dangling().into_iter().filter(|dangling| !known.contains(dangling)).collect();
    if !dangling.is_empty() {
        for dangling in &dangling {
            complain(&format!("{} {} refers to it", dangling.kind.name(), dangling.name));
        }
        bail!("{} {name} is not withdrawn; change or withdraw what refers to it first", kind.name());
    }
    definitions::add(table, std::slice::from_ref(&withdrawn)).await?;
    say(&format!("{} {name} version {}: withdrawn", kind.name(), withdrawn.number));
    say(&consequence(table, &before, kind, name).await?);
    Ok(Some(all::number(&versions)))
}

/// What it does to those who are in it.
async fn consequence(table: &Table, before: &Definitions, kind: Kind, name: &str) -> Result<String> {
    Ok(match kind {
        Kind::Segment => {
            let name = SegmentName::parse(name)?;
            let members = table.count_members(&List::Segment(name)).await?;
            format!(
                "members who leave it when they are looked at: {members}; enrollments on earlier versions of journeys that ask \
                 about it find nobody in it"
            )
        }
        Kind::Journey => {
            let name = JourneyName::parse(name)?;
            let report = read_report(table, before, &name).await.context("counting enrollments")?;
            let inside = report.total.entered - report.ended.values().sum::<u64>();
            format!("nobody begins it any more; customers in it who go on to its end: {inside}")
        }
        Kind::List => {
            "enrollments on earlier versions of journeys that ask about it find nobody on it".to_owned()
        }
        Kind::Providers => {
            "messages go through the configured provider again; one that an account may have taken and did not answer for becomes \
             `unknown` unless a receipt names it"
                .to_owned()
        }
        Kind::Shop | Kind::Switch | Kind::Population => String::new(),
    })
}
