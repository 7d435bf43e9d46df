//! `tsunagi plan`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use cloud::clock::Clock;
use domain::condition::Condition;
use domain::definition::{Definition, parse};
use domain::definitions::{Definitions, Kind, Version, latest};
use domain::journey::{Enter, Journey};
use domain::names::{CustomerId, JourneyName, SegmentName};
use domain::spelling::counted;
use domain::time::Timestamp;
use similar::TextDiff;

use super::apply::described;
use super::learnt::{Followed, unlearnt};
use super::preview::previews;
use super::text::{bar, complain, say};
use super::told::{all_counted, all_shown};
use super::{Data, place};
use crate::definitions::Applied;
use crate::definitions::check::{Checked, check};
use crate::definitions::files::{self, File};
use crate::definitions::names::unknown;
use crate::definitions::plan::{People, Plan, plan};

/// Shows what applying definitions would do, and changes nothing.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The directory of the definitions, or the file of one.
    #[arg(value_name = "DIR")]
    path: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl PlanArgs {
    pub(super) async fn run(self) -> Result<()> {
        let files = files::read(&self.path)?;
        let reader = place::reader(&self.data.data)?;
        let checked = check(&files, reader.table.definitions().await?)?;
        if !checked.mistakes.is_empty() {
            complain(&all_shown(&checked.mistakes));
            bail!("{}; nothing could be applied", all_counted(&checked.mistakes));
        }
        let definitions = checked.definitions()?;
        say(&changes(&checked, &files, |change| described(&definitions, change.kind, &change.name)));
        if checked.applied.iter().all(|change| !change.new) {
            say("nothing would change");
            return Ok(());
        }
        let touched = Touched::by(&checked.applied, &definitions);
        let told = unlearnt(&definitions, Followed::Applied);
        let now = Clock::system().now();
        let bar = bar("looking at customers", reader.table.about_items().await?, "items");
        let plan = plan(&reader.table, definitions.clone(), now, |seen| bar.inc(seen)).await?;
        bar.finish_and_clear();
        say(&moves(&plan, &touched, now));
        let previews =
            tokio::task::block_in_place(|| previews(&reader.table, &definitions, &checked.applied, now))?;
        for preview in previews {
            say(&preview);
        }
        told.iter().chain(&unknown(&definitions, &checked.applied, &plan)).for_each(|told| say(told));
        Ok(())
    }
}

/// What would change of the definitions, with the lines that differ.
fn changes(checked: &Checked, files: &[File], title: impl Fn(&Applied) -> String) -> String {
    let versions: BTreeMap<(Kind, &str, u32), &Version> = checked
        .versions
        .iter()
        .map(|version| ((version.kind, version.name.as_str(), version.number), version))
        .collect();
    let mut text = String::new();
    for change in &checked.applied {
        let Applied { kind, name, version, new } = change;
        let what = match (new, version) {
            (false, _) => format!("unchanged, version {version}"),
            (true, 1) => "new, version 1".to_owned(),
            (true, _) => format!("changed, version {} to {version}", version - 1),
        };
        let _ = writeln!(text, "{} {name}: {what}{}", kind.name(), title(change));
        let of = |number: u32| versions.get(&(*kind, name.as_str(), number));
        if let (true, Some(before), Some(after)) = (*new, of(version - 1), of(*version)) {
            text += &difference(before, after);
        }
    }
    let known: BTreeSet<(Kind, &str)> =
        checked.applied.iter().map(|change| (change.kind, change.name.as_str())).collect();
    for live in latest(&checked.versions[..checked.stored]).into_values() {
        if !matches!(live.kind, Kind::Switch | Kind::Population)
            && !live.withdraws()
            && !known.contains(&(live.kind, live.name.as_str()))
        {
            let (kind, name) = (live.kind.name(), &live.name);
            let _ = match live.kind {
                Kind::Segment | Kind::Journey | Kind::List => writeln!(
                    text,
                    "{kind} {name}: live, and not in these files; it stays (`tsunagi withdraw {kind} {name}` takes it out of force)"
                ),
                Kind::Shop | Kind::Providers | Kind::Switch | Kind::Population => {
                    writeln!(text, "{kind}: live, and not in these files; it stays")
                }
            };
        }
    }
    let _ = write!(text, "{} in all", counted(files.len() as u64, "file"));
    text
}

/// How two versions differ: lines of text, or ids of a list.
pub fn difference(before: &Version, after: &Version) -> String {
    if before.withdraws() {
        return "  it was withdrawn and would be in force again\n".to_owned();
    }
    if let (Ok(Definition::List(before)), Ok(Definition::List(after))) =
        (parse(&before.yaml), parse(&after.yaml))
    {
        let (before, after): (BTreeSet<_>, BTreeSet<_>) =
            (before.ids.into_iter().collect(), after.ids.into_iter().collect());
        let (more, less) = (after.difference(&before).count(), before.difference(&after).count());
        return format!("  {} more on it, {less} less\n", counted(more as u64, "customer"));
    }
    let diff = TextDiff::from_lines(&before.yaml, &after.yaml);
    let unified = diff.unified_diff().context_radius(2).to_string();
    unified
        .lines()
        .filter(|line| !line.is_empty())
        .fold(String::new(), |text, line| text + "  " + line + "\n")
}

/// What new versions have a hand in.
struct Touched {
    segments: BTreeSet<SegmentName>,
    journeys: BTreeSet<JourneyName>,
}

impl Touched {
    /// Segments that change or refer to what does, and the journeys of either.
    fn by(applied: &[Applied], definitions: &Definitions) -> Self {
        let new = |kind: Kind, name: &str| {
            applied.iter().any(|change| change.new && change.kind == kind && change.name == name)
        };
        // What day it is depends on the shop.
        let shop = applied.iter().any(|change| change.new && change.kind == Kind::Shop);
        let mut segments: BTreeSet<SegmentName> = BTreeSet::new();
        loop {
            let before = segments.len();
            for (name, segment) in &definitions.segments {
                let mut refers = false;
                segment.when.walk(&mut |part| {
                    refers |= matches!(part, Condition::InSegment(asked) if segments.contains(asked));
                    refers |= matches!(part, Condition::InList(asked) if new(Kind::List, asked.as_str()));
                });
                if shop || refers || new(Kind::Segment, name.as_str()) {
                    segments.insert(name.clone());
                }
            }
            if segments.len() == before {
                break;
            }
        }
        let current = definitions.journeys.keys().filter_map(|name| Some(definitions.current(name)?.1));
        let entered = |journey: &Journey| match &journey.enter {
            Enter::Segment(segment) | Enter::LeftSegment(segment) => segments.contains(segment),
            Enter::Campaign(campaign) => shop || segments.contains(&campaign.segment),
            Enter::Date(_) | Enter::Schedule(_) => shop,
            Enter::Event(_) | Enter::Request => false,
        };
        let journeys = current
            .filter(|journey| entered(journey) || new(Kind::Journey, journey.name.as_str()))
            .map(|journey| journey.name.clone())
            .collect();
        Self { segments, journeys }
    }
}

/// Who would enter and leave, and who would begin a journey; apart from that, what was applied before and has yet to reach
/// everyone.
fn moves(plan: &Plan, touched: &Touched, now: Timestamp) -> String {
    let looked = if plan.customers == 1 { "was" } else { "were" };
    let mut text = format!("{} {looked} looked at, as of {now}", counted(plan.customers, "customer"));
    if plan.due > 0 {
        let _ = write!(text, "; what time alone has done to {} of them already is included", plan.due);
    }
    let nobody = People::default();
    let line = |segment: &SegmentName| {
        let enter = plan.enter.get(segment).unwrap_or(&nobody);
        let leave = plan.leave.get(segment).unwrap_or(&nobody);
        format!("\nsegment {segment}: {} would enter, {} would leave", who(enter), who(leave))
    };
    let begin =
        |journey: &JourneyName, people: &People| format!("\njourney {journey}: {} would begin", who(people));
    text.extend(touched.segments.iter().map(line));
    let (ours, before): (Vec<_>, Vec<_>) =
        plan.begin.iter().partition(|(journey, _)| touched.journeys.contains(*journey));
    text.extend(ours.into_iter().map(|(journey, people)| begin(journey, people)));
    let pending: BTreeSet<&SegmentName> = plan
        .enter
        .keys()
        .chain(plan.leave.keys())
        .filter(|segment| !touched.segments.contains(*segment))
        .collect();
    if !pending.is_empty() || !before.is_empty() {
        text += "\nstill under way from what was applied before:";
        text.extend(pending.into_iter().map(line));
        text.extend(before.into_iter().map(|(journey, people)| begin(journey, people)));
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
