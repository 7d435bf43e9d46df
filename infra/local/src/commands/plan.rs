//! `tsunagi plan`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use cloud::clock::Clock;
use domain::definition::{Definition, parse};
use domain::definitions::{Kind, Version};
use domain::names::{CustomerId, SegmentName};
use domain::time::Timestamp;
use similar::TextDiff;

use super::apply::described;
use super::text::{bar, complain, say};
use super::told::{all_shown, counted};
use super::{Data, place};
use crate::definitions::Applied;
use crate::definitions::check::{Checked, check};
use crate::definitions::files::{self, File};
use crate::definitions::plan::{People, Plan, plan};

/// Shows what applying definitions would do, and changes nothing.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The directory of the definitions.
    dir: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl PlanArgs {
    pub(super) async fn run(self) -> Result<()> {
        let files = files::read(&self.dir)?;
        if files.is_empty() {
            bail!("there is no *.yaml in {}", self.dir.display());
        }
        let reader = place::reader(&self.data.data)?;
        let checked = check(&files, reader.table.definitions().await?)?;
        if !checked.mistakes.is_empty() {
            complain(&all_shown(&checked.mistakes));
            bail!("{}; nothing could be applied", counted(&checked.mistakes));
        }
        let definitions = checked.definitions()?;
        say(&changes(&checked, &files, |change| described(&definitions, change.kind, &change.name)));
        if checked.applied.iter().all(|change| !change.new) {
            say("nothing would change");
            return Ok(());
        }
        let changed: BTreeSet<SegmentName> = checked
            .applied
            .iter()
            .filter(|change| change.new && change.kind == Kind::Segment)
            .filter_map(|change| SegmentName::parse(&change.name).ok())
            .collect();
        let now = Clock::system().now();
        let bar = bar("looking at customers", reader.table.about_items().await?, "items");
        let plan = plan(&reader.table, definitions, now, |seen| bar.inc(seen)).await?;
        bar.finish_and_clear();
        say(&moves(&plan, &changed, now));
        Ok(())
    }
}

/// What would change of the definitions, with the lines that differ.
fn changes(checked: &Checked, files: &[File], title: impl Fn(&Applied) -> String) -> String {
    let mut text = String::new();
    for change in &checked.applied {
        let Applied { kind, name, version, new } = change;
        let what = match (new, version) {
            (false, _) => format!("unchanged, version {version}"),
            (true, 1) => "new, version 1".to_owned(),
            (true, _) => format!("changed, version {} to {version}", version - 1),
        };
        let _ = writeln!(text, "{} {name}: {what}{}", kind.name(), title(change));
        let of = |number: u32| {
            let versions = checked.versions.iter();
            versions
                .clone()
                .find(|version| version.kind == *kind && version.name == *name && version.number == number)
        };
        if let (true, Some(before), Some(after)) = (*new, of(version - 1), of(*version)) {
            text += &difference(before, after);
        }
    }
    let known: BTreeSet<(Kind, &str)> =
        checked.applied.iter().map(|change| (change.kind, change.name.as_str())).collect();
    for live in latest(&checked.versions[..checked.stored]) {
        if live.kind != Kind::Population
            && !live.withdraws()
            && !known.contains(&(live.kind, live.name.as_str()))
        {
            let (kind, name) = (live.kind.name(), &live.name);
            let _ = match live.kind {
                Kind::Segment | Kind::Journey | Kind::List => writeln!(
                    text,
                    "{kind} {name}: live, and not in these files; it stays (`tsunagi withdraw {kind} {name}` takes it out of force)"
                ),
                Kind::Shop | Kind::Population => {
                    writeln!(text, "{kind}: live, and not in these files; it stays")
                }
            };
        }
    }
    let count = files.len();
    let _ = write!(text, "{count} file{} in all", if count == 1 { "" } else { "s" });
    text
}

/// The latest version of each definition.
fn latest(versions: &[Version]) -> Vec<&Version> {
    let later = |version: &Version| {
        versions.iter().any(|other| {
            other.kind == version.kind && other.name == version.name && other.number > version.number
        })
    };
    versions.iter().filter(|version| !later(version)).collect()
}

/// How two versions differ: lines of text, or ids of a list.
fn difference(before: &Version, after: &Version) -> String {
    if before.withdraws() {
        return "  it was withdrawn and would be in force again\n".to_owned();
    }
    if let (Ok(Definition::List(before)), Ok(Definition::List(after))) =
        (parse(&before.yaml), parse(&after.yaml))
    {
        let (before, after): (BTreeSet<_>, BTreeSet<_>) =
            (before.ids.into_iter().collect(), after.ids.into_iter().collect());
        let (more, less) = (after.difference(&before).count(), before.difference(&after).count());
        return format!("  {more} customers more on it, {less} less\n");
    }
    let diff = TextDiff::from_lines(&before.yaml, &after.yaml);
    let unified = diff.unified_diff().context_radius(2).to_string();
    unified
        .lines()
        .filter(|line| !line.is_empty())
        .fold(String::new(), |text, line| text + "  " + line + "\n")
}

/// Who would enter and leave, and who would begin a journey.
fn moves(plan: &Plan, changed: &BTreeSet<SegmentName>, now: Timestamp) -> String {
    let mut text = format!("{} customers were looked at, as of {now}", plan.customers);
    if plan.due > 0 {
        let _ = write!(text, "; what time alone has done to {} of them already is included", plan.due);
    }
    let nobody = People::default();
    let segments: BTreeSet<&SegmentName> =
        plan.enter.keys().chain(plan.leave.keys()).chain(changed).collect();
    for segment in segments {
        let enter = plan.enter.get(segment).unwrap_or(&nobody);
        let leave = plan.leave.get(segment).unwrap_or(&nobody);
        let _ = write!(text, "\nsegment {segment}: {} would enter, {} would leave", who(enter), who(leave));
    }
    for (journey, people) in &plan.begin {
        let _ = write!(text, "\njourney {journey}: {} would begin", who(people));
    }
    text
}

/// A count, and some of the people.
fn who(people: &People) -> String {
    let some: Vec<&str> = people.some().into_iter().map(CustomerId::as_str).collect();
    let more = if people.count > some.len() as u64 { ", …" } else { "" };
    match people.count {
        0 => "0".to_owned(),
        count => format!("{count} ({}{more})", some.join(", ")),
    }
}
