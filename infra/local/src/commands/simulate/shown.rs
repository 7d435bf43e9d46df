//! A dry run to read.

mod charts;

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use domain::definitions::{Kind, Version};
use domain::journey::Enter;
use domain::money::Yen;
use domain::simulate::{Assumed, JourneyTally, Tally};
use domain::spelling::counted;

use self::charts::{table, when};
use super::definitions::Played;
use super::span::Span;
use crate::commands::plan::difference;
use crate::commands::text::{percent, thousands};

/// A dry run that is to be told.
pub struct Told<'a> {
    /// What was played.
    pub played: &'a Played,
    /// When.
    pub span: &'a Span,
    /// What was assumed.
    pub assumed: Assumed,
    /// Whether everyone was asked to begin.
    pub asked: bool,
    /// What it came to, and what the other version did.
    pub tallies: &'a [Tally],
}

impl Told<'_> {
    /// What it came to.
    pub fn tally(&self) -> Result<&Tally> {
        self.tallies.first().context("a dry run comes to something")
    }

    /// What the other version came to.
    pub fn other(&self) -> Option<&Tally> {
        self.tallies.get(1)
    }

    /// The figures of the journey that is told of, or of all together.
    pub fn figures(&self, tally: &Tally) -> JourneyTally {
        match &self.played.journey {
            Some(journey) => tally.journeys.get(journey).cloned().unwrap_or_default(),
            None => tally.total(),
        }
    }

    /// All of it.
    pub fn describe(&self) -> Result<String> {
        let tally = self.tally()?;
        let figures = self.figures(tally);
        let what = match (&self.played.journey, self.played.version()) {
            (Some(journey), Some(version)) => format!("{journey} version {version}"),
            (Some(journey), None) => journey.to_string(),
            (None, _) => "all journeys".to_owned(),
        };
        let mut text = format!(
            "Dry run of {what}, {} to {}: {}; nothing was sent or written\n\n",
            self.span.first,
            self.span.last,
            counted(tally.customers, "customer")
        );
        if self.played.journey.is_none() {
            text += &table(tally);
        }
        for (name, figure, more) in self.lines(&figures) {
            let _ = writeln!(text, "{}", format!("  {name:<12}{figure:>12}   {more}").trim_end());
        }
        let reached: Vec<String> =
            tally.reached_by.iter().map(|(by, people)| format!("{} by {by}", thousands(*people))).collect();
        if !reached.is_empty() {
            let _ = writeln!(text, "\n  people by how many journeys wrote to them: {}", reached.join(", "));
        }
        text += &when(&figures);
        if let (Some((version, _)), Some(other)) = (&self.played.against, self.other()) {
            text += &self.against(*version, &self.figures(other), &figures);
        }
        if tally.endless > 0 {
            let _ = writeln!(
                text,
                "\n  {} given up: something keeps them busy without end",
                counted(tally.endless, "customer")
            );
        }
        text.extend(self.over_budget(&figures));
        text.extend(self.nobody(&figures));
        Ok(text.trim_end().to_owned())
    }

    fn lines(&self, figures: &JourneyTally) -> Vec<(&'static str, String, String)> {
        let Assumed { click_rate, conversion_rate, goal_yen } = self.assumed;
        let sum = |counts: &BTreeMap<&'static str, u64>| thousands(counts.values().sum());
        let not_entered = if figures.not_entered.is_empty() {
            String::new()
        } else {
            format!("not entered: {}", reasons(&figures.not_entered))
        };
        let yen = |yen: Option<Yen>| yen.map_or_else(|| "-".to_owned(), |yen| yen.to_string());
        let shared: Vec<String> = figures
            .shared
            .iter()
            .map(|(journey, people)| format!("{journey} {}", thousands(*people)))
            .collect();
        let shared = match (&self.played.journey, shared.is_empty()) {
            (Some(_), false) => format!("another journey wrote to as well: {}", shared.join(", ")),
            (Some(_), true) | (None, _) => String::new(),
        };
        let mut lines = vec![
            ("entries", thousands(figures.entries), not_entered),
            ("sends", thousands(figures.sent()), reasons(&figures.sends)),
            ("held", sum(&figures.held), reasons(&figures.held)),
            ("skipped", sum(&figures.skipped), reasons(&figures.skipped)),
            ("SMS parts", thousands(figures.parts), String::new()),
            ("cost", figures.yen.to_string(), String::new()),
            ("clicks", thousands(figures.clicks), format!("assumed: CTR {}", percent(Some(click_rate)))),
            (
                "conversions",
                thousands(figures.conversions),
                format!(
                    "{} assumed: CVR {} of those who clicked; the others are what happened",
                    thousands(figures.assumed_conversions),
                    percent(Some(conversion_rate))
                ),
            ),
            ("revenue", figures.revenue.to_string(), format!("assumed: {goal_yen} each")),
            ("CPA", yen(figures.cpa_yen()), String::new()),
        ];
        if self.played.journey.is_some() {
            lines.push(("people", thousands(figures.people), shared));
        }
        lines
    }

    /// What another version does otherwise, line by line.
    fn against(&self, version: u32, other: &JourneyTally, ours: &JourneyTally) -> String {
        let mut text = format!("\n  compared with version {version}\n");
        let find = |number: Option<u32>| -> Option<&Version> {
            let name = self.played.journey.as_ref()?.as_str();
            let is = |it: &&Version| it.kind == Kind::Journey && it.name == name && Some(it.number) == number;
            self.played.versions.iter().find(is)
        };
        if let (Some(before), Some(after)) = (find(Some(version)), find(self.played.version())) {
            text.extend(difference(before, after).lines().map(|line| format!("  {line}\n")));
        }
        let (before, after) = (counts(other), counts(ours));
        let names: std::collections::BTreeSet<&(u8, String)> = before.keys().chain(after.keys()).collect();
        let _ = writeln!(text, "    {:<44}{:>12}{:>12}{:>13}", "", "then", "this", "difference");
        let mut same = 0;
        for name in names {
            let of = |counts: &BTreeMap<(u8, String), i64>| counts.get(name).copied().unwrap_or(0);
            let (before, after) = (of(&before), of(&after));
            if before == after {
                same += 1;
                continue;
            }
            let difference = Yen(after - before).separated();
            let sign = if after > before { "+" } else { "" };
            let (before, after) = (Yen(before).separated(), Yen(after).separated());
            let _ = writeln!(
                text,
                "    {:<44}{before:>12}{after:>12}{:>13}",
                name.1,
                format!("{sign}{difference}")
            );
        }
        let _ = writeln!(text, "    {} the same", counted(same, "line"));
        text
    }

    /// The months in which the journey would spend more than it may.
    fn over_budget(&self, figures: &JourneyTally) -> Option<String> {
        let journey = self.played.definitions.current(self.played.journey.as_ref()?)?.1;
        let budget = journey.policy.budget_yen_per_month?;
        let over: Vec<String> = figures
            .months
            .iter()
            .filter(|(_, yen)| **yen > budget)
            .map(|(month, yen)| format!("{month} ({yen})"))
            .collect();
        let told =
            format!("\n  beyond its budget of {budget} a month, which would stop it: {}\n", over.join(", "));
        (!over.is_empty()).then_some(told)
    }

    /// Why nobody entered, where that follows from the journey's kind.
    fn nobody(&self, figures: &JourneyTally) -> Option<String> {
        let journey = self.played.definitions.current(self.played.journey.as_ref()?)?.1;
        let why = match &journey.enter {
            Enter::Request if !self.asked => {
                "it begins when it is asked for, which no event tells of; --enroll has everyone begin it"
            }
            Enter::Campaign(_) => {
                "those in its segment at its time begin it; days around it are given with --from and --to"
            }
            Enter::Segment(_) => {
                "nobody came into its segment in these days; who was in it on the first one does not enter it. Other days are \
                 given with --from and --to"
            }
            Enter::Event(_) => "none of its events happened in these days",
            Enter::LeftSegment(_) | Enter::Date(_) | Enter::Schedule(_) | Enter::Request => return None,
        };
        (figures.entries == 0).then(|| format!("\n  nobody entered: {why}\n"))
    }
}

/// What can be compared, in the order it is shown: the place, the name, and the figure.
fn counts(figures: &JourneyTally) -> BTreeMap<(u8, String), i64> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut counts = BTreeMap::from([
        ((0, "entries".to_owned()), count(figures.entries)),
        ((2, "sends".to_owned()), count(figures.sent())),
        ((6, "SMS parts".to_owned()), count(figures.parts)),
        ((7, "yen".to_owned()), figures.yen.0),
        ((8, "clicks".to_owned()), count(figures.clicks)),
        ((9, "conversions".to_owned()), count(figures.conversions)),
        ((10, "revenue, yen".to_owned()), figures.revenue.0),
        ((11, "CPA, yen".to_owned()), figures.cpa_yen().unwrap_or_default().0),
        ((12, "people".to_owned()), count(figures.people)),
    ]);
    counts.extend(figures.sends.iter().map(|(step, sent)| ((3, format!("sends of {step}")), count(*sent))));
    for (place, what, by) in [
        (1, "not entered", &figures.not_entered),
        (4, "held", &figures.held),
        (5, "skipped", &figures.skipped),
    ] {
        counts.extend(by.iter().map(|(why, times)| ((place, format!("{what}: {why}")), count(*times))));
    }
    counts
}

fn reasons<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    counts.iter().map(|(what, count)| format!("{what} {}", thousands(*count))).collect::<Vec<_>>().join(", ")
}
