//! `tsunagi segments`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use clap::Args;
use cloud::table::counts::DayCount;
use domain::input::List;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::Data;
use super::learnt::{Followed, unlearnt};
use super::place;
use super::text::{say, spark, thousands};

/// Days that are shown.
const DAYS: i32 = 30;

/// The segments.
#[derive(Debug, Args)]
pub struct SegmentsArgs {
    /// One JSON object a segment, in an array, with every day that is kept.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// A segment as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    title: String,
    members: u64,
    days: Vec<DayCount>,
}

impl SegmentsArgs {
    pub(super) async fn run(self) -> Result<()> {
        let reader = place::reader(&self.data.data)?;
        let definitions = crate::definitions::current(&reader.table).await?;
        let mut shown = Vec::new();
        for (name, segment) in &definitions.segments {
            let members = reader.table.count_members(&List::Segment(name.clone())).await?;
            let days = reader.table.counts(name).await?;
            shown.push(Shown { name: name.to_string(), title: segment.title.to_string(), members, days });
        }
        if self.json {
            say(&serde_json::to_string_pretty(&shown)?);
            return Ok(());
        }
        say(&describe(&shown));
        for told in unlearnt(&definitions, Followed::AtNight) {
            say(&told);
        }
        Ok(())
    }
}

fn describe(shown: &[Shown]) -> String {
    if shown.is_empty() {
        return "There are no segments; `tsunagi apply DIR` makes those in DIR current.".to_owned();
    }
    let width = shown.iter().map(|shown| shown.name.len()).max().unwrap_or(0).max("segment".len());
    let mut text = format!(
        "{:<width$} {:>11} {:>11} {:>11}  {DAYS} days",
        "segment", "members", "in 7 days", "in 30 days"
    );
    for segment in shown {
        let days: BTreeMap<Date, u64> =
            segment.days.iter().filter_map(|count| Some((count.day.parse().ok()?, count.members))).collect();
        // By the last day that was counted: an installation may be looked at long after it was up.
        let last = days.last_key_value().map(|(day, _)| *day);
        let before = |ago: i32| last.and_then(|last| days.get(&last.checked_sub(ago.days()).ok()?)).copied();
        let change =
            |ago: i32| before(ago).map_or_else(|| "-".to_owned(), |then| signed(then, segment.members));
        let line: Vec<Option<u64>> = (0..DAYS).rev().map(before).collect();
        let _ = write!(
            text,
            "\n{:<width$} {:>11} {:>11} {:>11}  {} {}",
            segment.name,
            thousands(segment.members),
            change(7),
            change(30),
            spark(&line),
            segment.title
        );
        text.truncate(text.trim_end().len());
    }
    text
}

fn signed(then: u64, now: u64) -> String {
    let sign = if now >= then { '+' } else { '-' };
    format!("{sign}{}", thousands(now.abs_diff(then)))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn members_and_how_that_went() {
        let count =
            |day: &str, members| DayCount { day: day.to_owned(), members, at: Timestamp::from_seconds(0) };
        let shown = [
            Shown {
                name: "lapsed".to_owned(),
                title: "離反".to_owned(),
                members: 12_400,
                days: vec![
                    count("2026-10-23", 10_000),
                    count("2026-11-15", 12_500),
                    count("2026-11-21", 12_000),
                    count("2026-11-22", 12_345),
                ],
            },
            Shown { name: "loyal".to_owned(), title: String::new(), members: 0, days: Vec::new() },
        ];
        insta::assert_snapshot!(describe(&shown), @"
        segment     members   in 7 days  in 30 days  30 days
        lapsed       12,400        -100      +2,400                        █     ▁▅ 離反
        loyal             0           -           -
        ");
    }
}
