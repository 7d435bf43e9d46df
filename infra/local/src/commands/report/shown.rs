//! A report to read.

use std::collections::BTreeMap;
use std::fmt::Write;

use domain::experiment::{Group, Interval, Verdict};
use domain::names::JourneyName;
use domain::report::{Figures, Report, StepReport};

use crate::commands::text::{columns, percent};

/// A report to read; `about` stands below the name.
pub fn describe(name: &JourneyName, about: &str, report: &Report) -> String {
    let mut text = format!("Journey {name}{about}\n\n");
    text += &messages(report);
    text += "\n";
    text += &came_of_it(report);
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

/// What became of the messages of each step.
fn messages(report: &Report) -> String {
    let heads = ["entered", "sent", "failed", "skipped", "unknown", "delivered", "parts"];
    let heads = ("messages".to_owned(), Some(heads.map(ToOwned::to_owned)));
    let step = |step: &StepReport| {
        let StepReport { failed, skipped, unknown, parts, figures, .. } = step;
        let counts = [&figures.entered, &figures.sent, failed, skipped, unknown, &figures.delivered, parts];
        (step.step.clone(), Some(counts.map(ToString::to_string)))
    };
    columns([heads].into_iter().chain(report.steps.iter().map(step)))
}

/// What came of the journey, of each step, and of each way.
fn came_of_it(report: &Report) -> String {
    let row = |name: &str, figures: &Figures| (name.to_owned(), Some(cells(figures)));
    let mut rows = vec![("what came of it".to_owned(), Some(HEADS.map(ToOwned::to_owned)))];
    rows.push(row("the journey", &report.total));
    rows.extend(report.steps.iter().map(|step| row(&step.step, &step.figures)));
    for branch in &report.branches {
        rows.push((branch.step.clone(), None));
        rows.extend(branch.ways.iter().map(|(way, figures)| row(&format!("  {way}"), figures)));
    }
    columns(rows) + NOTE
}

/// What [`cells`] are.
const HEADS: [&str; 14] = [
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

/// What the figures are of.
const NOTE: &str = "
  A step's conversions are those whose last message it was; a way's figures are of what came after it.
  opened: opened or prefetched, since mail programs load pictures ahead of people as well.
  bots: people whose links a program followed, such as a mail gateway. CVR: conversions by clicks. return: yen by yen spent.
";

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
        if let (Verdict::Better { .. } | Verdict::Worse { .. }, Some(conversions), Some(yen)) =
            (&holdout.verdict, holdout.lift.incremental_conversions, holdout.lift.incremental_revenue_yen)
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
