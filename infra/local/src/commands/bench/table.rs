//! What was measured, to read.

use std::fmt::Write;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::Measured;
use super::measure::Shop;
use super::phase::Phase;

/// What a phase is called, and its place in a shop.
type Named = (&'static str, fn(&Shop) -> Option<&Phase>);

const PHASES: [Named; 7] = [
    ("import", |shop| Some(&shop.import)),
    ("recompute", |shop| shop.rest.as_ref().map(|rest| &rest.recompute)),
    ("scan", |shop| Some(&shop.scan)),
    ("bare_scan", |shop| Some(&shop.bare_scan)),
    ("events", |shop| shop.rest.as_ref().map(|rest| &rest.events)),
    ("messages", |shop| shop.rest.as_ref().map(|rest| &rest.messages)),
    ("clicks", |shop| shop.rest.as_ref().map(|rest| &rest.clicks)),
];

/// What is aimed at on two idle cores.
const AIMS: &str = "Aims on two idle cores: 800 messages/s fast and 500/s durable, 3,000 events/s, a scan 0.70 times as \
                    fast as a bare one, 150 MB at 100,000 customers; slope of units 1.05 at most.";

/// What one more customer costs at the larger size, by what it costs at the smaller one: 1 when size does not matter.
fn slope(smaller: f64, larger: f64) -> f64 {
    if smaller == 0.0 { 1.0 } else { larger / smaller }
}

/// The smallest and the largest shop, when there are two.
fn ends(shops: &[Shop]) -> Option<(&Shop, &Shop)> {
    let smallest = shops.iter().min_by_key(|shop| shop.customers)?;
    let largest = shops.iter().max_by_key(|shop| shop.customers)?;
    (smallest.customers < largest.customers).then_some((smallest, largest))
}

/// One object: the shops, and the slopes between the smallest and the largest.
pub(super) fn json(measured: &Measured) -> Result<Value> {
    let mut object = serde_json::to_value(measured)?;
    let slopes = ends(&measured.shops).map(|(smaller, larger)| {
        let of = |(name, phase): &Named| {
            let (smaller, larger) = phase(smaller).zip(phase(larger))?;
            let slopes = json!({
                "seconds": slope(smaller.per_second.recip(), larger.per_second.recip()),
                "cpu_seconds": slope(cpu(smaller), cpu(larger)),
                "write_units": slope(smaller.write_units, larger.write_units),
                "read_units": slope(smaller.read_units, larger.read_units),
                "sqs_requests": slope(smaller.sqs_requests, larger.sqs_requests),
            });
            Some(((*name).to_owned(), slopes))
        };
        PHASES.iter().filter_map(of).collect::<Map<String, Value>>()
    });
    object["slope"] = slopes.into();
    Ok(object)
}

/// Processor seconds of one.
fn cpu(phase: &Phase) -> f64 {
    phase.cpu_seconds / f64::from(phase.count)
}

/// Seconds that one waited for a processor.
fn queued(phase: &Phase) -> f64 {
    phase.queued_seconds / f64::from(phase.count)
}

/// A table.
pub(super) fn describe(measured: &Measured) -> String {
    let Measured { durability, cores, shops } = measured;
    let mut text = format!("durability {durability}, {cores} cores\n\n{:<24}", "customers");
    for shop in shops {
        let _ = write!(text, "{:>14}", shop.customers);
    }
    text.push_str("   slope\n");
    for (name, phase) in &PHASES {
        let of = |figure: fn(&Phase) -> f64| move |shop: &Shop| phase(shop).map(figure);
        line(&mut text, shops, &format!("{name}/s"), 0, of(|phase| phase.per_second), Slope::Rate);
        line(&mut text, shops, "  CPU ms each", 3, of(|phase| 1e3 * cpu(phase)), Slope::Cost);
        line(&mut text, shops, "  CPU ms queued for each", 3, of(|phase| 1e3 * queued(phase)), Slope::None);
        line(&mut text, shops, "  write units each", 2, of(|phase| phase.write_units), Slope::Cost);
        line(&mut text, shops, "  read units each", 2, of(|phase| phase.read_units), Slope::Cost);
        line(&mut text, shops, "  SQS requests each", 2, of(|phase| phase.sqs_requests), Slope::Cost);
    }
    line(&mut text, shops, "scan by bare_scan", 2, |shop| Some(shop.scan_share), Slope::None);
    line(&mut text, shops, "peak memory MB", 0, |shop| Some(shop.peak_memory_mb), Slope::None);
    line(&mut text, shops, "disk MB", 0, |shop| Some(shop.disk_mb), Slope::None);
    let _ = write!(
        text,
        "\nSlope: what one costs in the largest shop, by what it costs in the smallest; for rates, its time.\n{AIMS}"
    );
    text
}

#[derive(Clone, Copy)]
enum Slope {
    Rate,
    Cost,
    None,
}

fn line(
    text: &mut String,
    shops: &[Shop],
    name: &str,
    digits: usize,
    value: impl Fn(&Shop) -> Option<f64>,
    kind: Slope,
) {
    // What was not measured has no line.
    let Some(values) = shops.iter().map(&value).collect::<Option<Vec<f64>>>() else { return };
    let _ = write!(text, "{name:<24}");
    for value in values {
        let _ = write!(text, "{value:>14.digits$}");
    }
    if let Some((smaller, larger)) = ends(shops).and_then(|(one, other)| value(one).zip(value(other))) {
        let _ = match kind {
            Slope::Rate => write!(text, "{:>8.2}", slope(larger, smaller)),
            Slope::Cost => write!(text, "{:>8.2}", slope(smaller, larger)),
            Slope::None => Ok(()),
        };
    }
    text.push('\n');
}
