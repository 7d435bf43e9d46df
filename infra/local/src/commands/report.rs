//! `tsunagi report`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use clap::Args;
use cloud::table::Table;
use domain::definitions::Definitions;
use domain::experiment::{Group, Interval, Verdict};
use domain::names::JourneyName;
use domain::report::{self, Figures, Report};
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
    /// The people behind a figure, as CSV: customer, step, when, and more of it. With --json a JSON array. Of what concerns
    /// messages there is a row for each, so a person may have several.
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
    let total = &report.total;
    json!({
        "audience": total.entered,
        "sent": total.sent,
        "failed": report.failed,
        "skipped": report.skipped_total(),
        "skipped_by_reason": report.skipped,
        "unknown": report.unknown,
        "waiting": report.waiting,
        "complete": report.is_complete() && report.waiting == 0,
        "delivered": total.delivered,
        "opened": total.opened,
        "clicked": total.clicked,
        "bots": total.bots,
        "replied": total.replied,
        "converted": total.converted,
        "sms_parts": report.sms_parts,
        "cost_yen": total.cost_yen,
        "revenue_yen": total.revenue_yen,
        "ctr": total.ctr(),
        "cvr": total.cvr(),
        "cpa_yen": total.cpa_yen(),
        "return_on_spend": total.return_on_spend(),
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
    messages(&mut text, report);
    came_of_it(&mut text, report);
    experiments(&mut text, report);
    let _ = writeln!(text, "\n  ended: {}", list(&report.ended));
    let total = &report.total;
    let waiting = match report.waiting {
        0 => String::new(),
        count => format!(" + {count} waiting (tsunagi explain CUSTOMER says what each waits for)"),
    };
    let _ = write!(
        text,
        "  audience {} = {} sent + {} failed + {} skipped + {} unknown{waiting}{}\n  skipped: {}",
        total.entered,
        total.sent,
        report.failed,
        report.skipped_total(),
        report.unknown,
        if report.is_complete() { "" } else { "   DOES NOT ADD UP" },
        list(&report.skipped)
    );
    text
}

/// A line of a table.
fn line<const COLUMNS: usize>(text: &mut String, name: &str, cells: [(String, usize); COLUMNS]) {
    let mut line = format!("  {name:<NAME$}");
    for (cell, width) in cells {
        let _ = write!(line, " {cell:>width$}");
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// How wide the first column of a table is.
const NAME: usize = 22;

/// What became of the messages of each step.
fn messages(text: &mut String, report: &Report) {
    const WIDTHS: [usize; 7] = [8, 8, 8, 8, 8, 9, 8];
    let mut row = |name: &str, cells: [String; 7]| {
        let mut widths = WIDTHS.into_iter();
        line(text, name, cells.map(|cell| (cell, widths.next().unwrap_or(0))));
    };
    let heads = ["reached", "sent", "failed", "skipped", "unknown", "delivered", "parts"];
    row("messages", heads.map(ToOwned::to_owned));
    for step in &report.steps {
        let figures = &step.figures;
        let counts = [
            figures.entered,
            figures.sent,
            step.failed,
            step.skipped,
            step.unknown,
            figures.delivered,
            step.parts,
        ];
        row(&step.step, counts.map(|count| count.to_string()));
    }
}

/// What came of the journey, of each step, and of each way.
fn came_of_it(text: &mut String, report: &Report) {
    const WIDTHS: [usize; 14] = [8, 8, 9, 7, 7, 6, 7, 9, 11, 10, 8, 8, 8, 7];
    let mut row = |name: &str, cells: [String; 14]| {
        let mut widths = WIDTHS.into_iter();
        line(text, name, cells.map(|cell| (cell, widths.next().unwrap_or(0))));
    };
    let heads = [
        "entered",
        "sent",
        "delivered",
        "opened",
        "clicked",
        "bots",
        "replied",
        "converted",
        "revenue",
        "cost",
        "CTR",
        "CVR",
        "CPA",
        "return",
    ];
    row("", [""; 14].map(ToOwned::to_owned));
    row("what came of it", heads.map(ToOwned::to_owned));
    row("the journey", cells(&report.total));
    for step in &report.steps {
        row(&step.step, cells(&step.figures));
    }
    for branch in &report.branches {
        row("", [""; 14].map(ToOwned::to_owned));
        row(&branch.step, [""; 14].map(ToOwned::to_owned));
        for (way, figures) in &branch.ways {
            row(&format!("  {way}"), cells(figures));
        }
    }
    text.push_str(
        "\n  A step's conversions are those whose last message it was, a way's figures those from there on. Bots: links that\n  \
         programs followed, such as mail gateways. CVR: conversions by clicks. CPA: cost by conversions. Return: yen by yen spent.\n",
    );
}

fn cells(figures: &Figures) -> [String; 14] {
    let counts = [
        figures.entered,
        figures.sent,
        figures.delivered,
        figures.opened,
        figures.clicked,
        figures.bots,
        figures.replied,
        figures.converted,
    ];
    let [entered, sent, delivered, opened, clicked, bots, replied, converted] =
        counts.map(|count| count.to_string());
    let (revenue, cost) = (figures.revenue_yen.to_string(), figures.cost_yen.to_string());
    let (ctr, cvr) = (percent(figures.ctr()), percent(figures.cvr()));
    let cpa = figures.cpa_yen().map_or_else(|| "-".to_owned(), |yen| yen.to_string());
    let times = figures.return_on_spend().map_or_else(|| "-".to_owned(), |times| format!("{times:.1}"));
    [entered, sent, delivered, opened, clicked, bots, replied, converted, revenue, cost, ctr, cvr, cpa, times]
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
        let _ = writeln!(text, "\n  {}: which does better", split.step);
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
