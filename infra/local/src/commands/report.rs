//! `tsunagi report`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use clap::Args;
use cloud::table::Table;
use domain::definitions::Definitions;
use domain::experiment::{Group, Interval, Verdict};
use domain::names::JourneyName;
use domain::report::{self, Report};
use serde_json::{Value, json};

use super::budget;
use super::people_list::{self, Which};
use super::text::{percent, say};
use super::{Data, now, place};

/// What a journey did.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The journey's name.
    journey: String,
    /// The people behind a figure, as CSV: customer, step, when, and more of it. One row for each message, so a person may
    /// have several. With --json a JSON array.
    #[arg(long, value_enum, value_name = "WHICH")]
    list: Option<Which>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

impl ReportArgs {
    pub(super) async fn run(self) -> Result<()> {
        let reader = place::reader(&self.data.data)?;
        let definitions = crate::definitions::current(&reader.table).await?;
        let name = JourneyName::parse(&self.journey)?;
        if let Some(which) = self.list {
            let listed = people_list::read(&reader.table, &definitions, &name, which).await?;
            say(&if self.json { serde_json::to_string_pretty(&listed)? } else { people_list::csv(&listed)? });
            return Ok(());
        }
        let report = read(&reader.table, &definitions, &name).await?;
        let budget = budget::of(&reader.table, &definitions, &name, now()?).await?;
        if self.json {
            let mut figures = figures(&report);
            figures["budget"] = budget.map(|budget| budget.figures()).into();
            say(&serde_json::to_string_pretty(&figures)?);
        } else {
            say(&describe(&name, &about(&definitions, &name), &report));
            if let Some(budget) = budget {
                say(&format!("  {}", budget.in_words()));
            }
        }
        Ok(())
    }
}

/// Folds a journey's ledger, all versions together.
pub async fn read(table: &Table, definitions: &Definitions, name: &JourneyName) -> Result<Report> {
    let known: Vec<&str> = definitions.journeys.keys().map(JourneyName::as_str).collect();
    let none = || format!("there is no journey `{name}`; there are: {}", known.join(", "));
    let versions = definitions.journeys.get(name).with_context(none)?;
    let mut rows = Vec::new();
    for version in versions.keys() {
        table.rows(name, *version, |row| rows.push((row.entered, row.row))).await?;
    }
    Ok(report::fold(rows, versions))
}

/// A report as one JSON object.
pub fn figures(report: &Report) -> Value {
    json!({
        "audience": report.audience,
        "sent": report.sent,
        "failed": report.failed,
        "skipped": report.skipped_total(),
        "skipped_by_reason": report.skipped,
        "unknown": report.unknown,
        "waiting": report.waiting,
        "complete": report.is_complete() && report.waiting == 0,
        "delivered": report.delivered,
        "clicked": report.clicked,
        "converted": report.converted,
        "sms_parts": report.sms_parts,
        "cost_yen": report.cost_yen,
        "revenue_yen": report.revenue_yen,
        "ctr": report.ctr(),
        "cvr": report.cvr(),
        "cpa_yen": report.cpa_yen(),
        "return_on_spend": report.return_on_spend(),
        "ended": report.ended,
        "steps": report.steps,
        "branches": report.branches,
        "holdout": report.holdout,
        "splits": report.splits,
    })
}

/// What a journey calls itself and what it is for, as its latest version says.
pub fn about(definitions: &Definitions, name: &JourneyName) -> String {
    let latest = definitions.journeys.get(name).and_then(|versions| versions.values().next_back());
    let words = latest.map(|journey| [journey.title.to_string(), journey.description.to_string()]);
    let words = words.into_iter().flatten().filter(|words| !words.is_empty());
    words.fold(String::new(), |about, words| about + "\n  " + &words)
}

/// A report to read; `about` stands below the name.
pub fn describe(name: &JourneyName, about: &str, report: &Report) -> String {
    let mut text = format!("Journey {name}{about}\n\n");
    let _ = writeln!(
        text,
        "  {:<14} {:>8} {:>8} {:>7} {:>8} {:>8} {:>9} {:>7} {:>8} {:>8} {:>6} {:>10}",
        "step",
        "reached",
        "sent",
        "failed",
        "skipped",
        "unknown",
        "delivered",
        "opened",
        "clicked",
        "replied",
        "parts",
        "cost"
    );
    for step in &report.steps {
        let _ = writeln!(
            text,
            "  {:<14} {:>8} {:>8} {:>7} {:>8} {:>8} {:>9} {:>7} {:>8} {:>8} {:>6} {:>10}",
            step.step,
            step.reached,
            step.sent,
            step.failed,
            step.skipped,
            step.unknown,
            step.delivered,
            step.opened,
            step.clicked,
            step.replied,
            step.parts,
            step.cost_yen.to_string()
        );
    }
    for branch in &report.branches {
        let _ = writeln!(text, "\n  {}", branch.step);
        for (way, people) in &branch.ways {
            let _ = writeln!(text, "    {way:<28} {people:>8}");
        }
    }
    experiments(&mut text, report);
    let _ = writeln!(text, "\n  ended: {}", list(&report.ended));
    let _ = writeln!(
        text,
        "\n  {} SMS {}   cost {}   revenue {}",
        report.sms_parts,
        if report.sms_parts == 1 { "part" } else { "parts" },
        report.cost_yen,
        report.revenue_yen
    );
    let _ = writeln!(
        text,
        "  clicked {}   CTR {}   converted {}   CVR {}   CPA {}   return on spend {}",
        report.clicked,
        percent(report.ctr()),
        report.converted,
        percent(report.cvr()),
        report.cpa_yen().map_or_else(|| "-".to_owned(), |yen| yen.to_string()),
        report.return_on_spend().map_or_else(|| "-".to_owned(), |times| format!("{times:.1} times"))
    );
    let waiting = match report.waiting {
        0 => String::new(),
        count => format!(" + {count} waiting (tsunagi explain CUSTOMER says what each waits for)"),
    };
    let _ = write!(
        text,
        "  audience {} = {} sent + {} failed + {} skipped + {} unknown{waiting}{}\n  skipped: {}",
        report.audience,
        report.sent,
        report.failed,
        report.skipped_total(),
        report.unknown,
        if report.is_complete() { "" } else { "   DOES NOT ADD UP" },
        list(&report.skipped)
    );
    text
}

/// What was tried, and what can be said of it.
fn experiments(text: &mut String, report: &Report) {
    let group = |group: &Group| {
        let counts = group.counts;
        let rate = percent(counts.rate());
        format!(
            "{:>8} entered {:>8} converted {rate:>7}   {}",
            counts.customers(),
            counts.converted(),
            group.revenue_yen
        )
    };
    for split in &report.splits {
        let _ = writeln!(text, "\n  {}", split.step.split_once(' ').map_or(split.step.as_str(), |it| it.1));
        for variant in &split.variants {
            let said =
                variant.verdict.as_ref().map_or_else(|| "the others are compared with it".to_owned(), said);
            let _ = writeln!(text, "    {:<20}{}   {said}", variant.name, group(&variant.group));
        }
    }
    if let Some(holdout) = &report.holdout {
        let _ = writeln!(text, "\n  holdout");
        let _ = writeln!(text, "    {:<20}{}", "held out", group(&holdout.held_out));
        let _ = writeln!(
            text,
            "    {:<20}{}   {}",
            "the others",
            group(&holdout.treated),
            said(&holdout.verdict)
        );
        if let (Some(conversions), Some(yen)) =
            (holdout.lift.incremental_conversions, holdout.lift.incremental_revenue_yen)
        {
            let _ = writeln!(
                text,
                "    brought beyond what would have come anyway: {conversions} conversions, {yen}"
            );
        }
    }
}

fn said(verdict: &Verdict) -> String {
    let points = |difference: f64, interval: &Interval| {
        let [difference, low, high] = [difference, interval.low, interval.high].map(|it| it * 100.0);
        format!("{difference:+.1} points ({low:+.1} to {high:+.1})")
    };
    match verdict {
        Verdict::CannotTellYet => "cannot tell yet".to_owned(),
        Verdict::Better { difference, interval } => format!("better: {}", points(*difference, interval)),
        Verdict::Worse { difference, interval } => format!("worse: {}", points(*difference, interval)),
    }
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    counts.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
}
