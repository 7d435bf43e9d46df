//! `tsunagi report`.

mod shown;

use anyhow::{Context, Result};
use clap::Args;
use cloud::table::Table;
use domain::definitions::Definitions;
use domain::names::JourneyName;
use domain::report::{self, Report};
use serde_json::{Value, json};

pub use self::shown::describe;
use super::budget;
use super::people_list::{self, Which};
use super::spending;
use super::text::say;
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
        let warnings = spending::of(&reader.table, &definitions, now()?).await?;
        let warnings: Vec<String> = warnings.iter().filter_map(spending::OfAccount::warning).collect();
        if self.json {
            let mut figures = figures(&report);
            figures["budget"] = budget.map(|budget| budget.figures()).into();
            figures["warnings"] = warnings.into();
            say(&serde_json::to_string_pretty(&figures)?);
        } else {
            say(&describe(&name, &about(&definitions, &name), &report));
            if let Some(budget) = budget {
                say(&format!("  {}", budget.in_words()));
            }
            for warning in warnings {
                say(&format!("  {warning}"));
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
        table.rows(name, *version, |row| rows.push((row.customer, row.entered, row.row))).await?;
    }
    Ok(report::fold(&rows, versions))
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
