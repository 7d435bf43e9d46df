//! A dry run as JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use domain::simulate::{JourneyTally, Tally};
use serde_json::{Map, Value, json};

use super::shown::Told;

/// One JSON object.
pub fn json(told: &Told<'_>) -> Result<Value> {
    let (played, span) = (told.played, told.span);
    let tally = told.tally()?;
    let mut object = figures(&told.figures(tally));
    object.extend(Map::from_iter([
        ("journey".to_owned(), json!(played.journey)),
        ("version".to_owned(), json!(played.version())),
        ("from".to_owned(), json!(span.first.to_string())),
        ("to".to_owned(), json!(span.last.to_string())),
        ("customers".to_owned(), json!(tally.customers)),
        ("steps".to_owned(), json!(tally.steps)),
        ("reached_by".to_owned(), json!(tally.reached_by)),
        ("endless".to_owned(), json!(tally.endless)),
        (
            "assumed".to_owned(),
            json!({
                "ctr": told.assumed.click_rate,
                "cvr": told.assumed.conversion_rate,
                "yen": told.assumed.goal_yen,
            }),
        ),
    ]));
    if played.journey.is_none() {
        object.insert("journeys".to_owned(), json!(each(tally)));
    }
    if let (Some((version, _)), Some(other)) = (&played.against, told.other()) {
        let mut other = figures(&told.figures(other));
        other.insert("version".to_owned(), json!(version));
        object.insert("against".to_owned(), Value::Object(other));
    }
    Ok(Value::Object(object))
}

fn each(tally: &Tally) -> BTreeMap<String, Value> {
    let one = |(name, tally): (&domain::names::JourneyName, &JourneyTally)| {
        (name.to_string(), Value::Object(figures(tally)))
    };
    tally.journeys.iter().map(one).collect()
}

fn figures(tally: &JourneyTally) -> Map<String, Value> {
    let mut hours: BTreeMap<i8, u64> = BTreeMap::new();
    let mut days: BTreeMap<String, BTreeMap<i8, u64>> = BTreeMap::new();
    for ((day, hour), count) in &tally.hours {
        *hours.entry(*hour).or_default() += count;
        *days.entry(day.to_string()).or_default().entry(*hour).or_default() += count;
    }
    let total = |counts: &BTreeMap<&'static str, u64>| counts.values().sum::<u64>();
    let figures = json!({
        "entries": tally.entries,
        "not_entered": total(&tally.not_entered),
        "not_entered_by_reason": tally.not_entered,
        "sends": tally.sent(),
        "sends_by_step": tally.sends,
        "sends_by_hour": hours,
        "sends_by_day_and_hour": days,
        "held": total(&tally.held),
        "held_by_reason": tally.held,
        "skipped": total(&tally.skipped),
        "skipped_by_reason": tally.skipped,
        "parts": tally.parts,
        "yen": tally.yen,
        "yen_by_month": tally.months,
        "clicks": tally.clicks,
        "conversions": tally.conversions,
        "assumed_conversions": tally.assumed_conversions,
        "revenue_yen": tally.revenue,
        "cpa_yen": tally.cpa_yen(),
        "people": tally.people,
        "also_reached_by": tally.shared,
    });
    // Braces are an object.
    let Value::Object(figures) = figures else { return Map::new() };
    figures
}
