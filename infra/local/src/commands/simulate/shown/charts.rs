//! Figures of a dry run in lines: by journey, by hour, by day or month.

use std::collections::BTreeMap;
use std::fmt::Write;

use domain::names::JourneyName;
use domain::simulate::{JourneyTally, Tally};
use jiff::civil::Date;

use crate::commands::text::{columns, thousands};

/// The most days of which each has a line; of more, months have.
const DAYS_SHOWN: usize = 31;

/// A line for each journey.
pub(super) fn table(tally: &Tally) -> String {
    let heads = ["entries", "sends", "held", "skipped", "parts", "cost", "clicks", "conversions", "people"];
    let heads = ("journey".to_owned(), Some(heads.map(ToOwned::to_owned)));
    let row = |(name, figures): (&JourneyName, &JourneyTally)| {
        let sum = |counts: &BTreeMap<&'static str, u64>| thousands(counts.values().sum());
        let cells = [
            thousands(figures.entries),
            thousands(figures.sent()),
            sum(&figures.held),
            sum(&figures.skipped),
            thousands(figures.parts),
            figures.yen.to_string(),
            thousands(figures.clicks),
            thousands(figures.conversions),
            thousands(figures.people),
        ];
        (name.to_string(), Some(cells))
    };
    columns([heads].into_iter().chain(tally.journeys.iter().map(row))) + "\n"
}

/// Messages by hour of the day, and by day or month.
pub(super) fn when(figures: &JourneyTally) -> String {
    if figures.hours.is_empty() {
        return String::new();
    }
    let mut hours: BTreeMap<String, u64> = BTreeMap::new();
    let mut days: BTreeMap<Date, u64> = BTreeMap::new();
    for ((day, hour), count) in &figures.hours {
        *hours.entry(format!("{hour:02}:00")).or_default() += count;
        *days.entry(*day).or_default() += count;
    }
    let by_day = days.len() <= DAYS_SHOWN;
    let mut spans: BTreeMap<String, u64> = BTreeMap::new();
    for (day, count) in &days {
        let name = if by_day { day.to_string() } else { day.strftime("%Y-%m").to_string() };
        *spans.entry(name).or_default() += count;
    }
    let mut text = format!("\n  sends by hour of the receiver's day\n{}", bars(&hours));
    let _ = write!(text, "\n  sends by {}\n{}", if by_day { "day" } else { "month" }, bars(&spans));
    if let Some((day, most)) = days.iter().max_by_key(|(_, count)| **count) {
        let _ = writeln!(text, "    most on one day: {} on {day}", thousands(*most));
    }
    text
}

fn bars(counts: &BTreeMap<String, u64>) -> String {
    let most = counts.values().copied().max().unwrap_or(1).max(1);
    let bar = |count: u64| "█".repeat(usize::try_from(count * 40 / most).unwrap_or(0));
    counts.iter().fold(String::new(), |text, (name, count)| {
        let line = format!("    {name:<11}{:>9}  {}", thousands(*count), bar(*count));
        text + line.trim_end() + "\n"
    })
}
