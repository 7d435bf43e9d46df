//! What costs while nothing happens: what the template declares, and what the clock invokes.

use std::collections::BTreeMap;

use domain::time::Timestamp;

use super::{Basis, Item, Line, Used, sum, times};
use crate::schedule::{Schedule, ScheduleError};
use crate::template::{Source, Template};

/// A month as AWS's price pages take it: 730 hours.
pub const MONTH_SECONDS: u32 = 730 * 3_600;

/// What a function that the clock invokes used, with all that followed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticked {
    /// What was used.
    pub used: Used,
    /// How often the clock invoked it.
    pub ticks: u32,
}

impl Ticked {
    /// What one invocation comes to.
    pub fn lines(&self, basis: Basis<'_>) -> Vec<Line> {
        times(&self.used.lines(basis), 1.0 / f64::from(self.ticks.max(1)))
    }
}

/// How often a schedule comes in a month.
pub fn per_month(schedule: &Schedule) -> f64 {
    match schedule {
        Schedule::Rate(seconds) => f64::from(MONTH_SECONDS) / f64::from(*seconds),
        Schedule::Cron(..) => {
            let start = Timestamp::from_seconds(0);
            // Months have different lengths; a year has twelve.
            let end = start.plus(12 * i64::from(MONTH_SECONDS));
            let times = std::iter::successors(schedule.next(start), |time| schedule.next(*time));
            times.take_while(|time| *time <= end).count() as f64 / 12.0
        }
    }
}

/// A month in which nobody is there and nothing happens; `ticked` has what each function that the clock invokes uses then.
pub fn idle(basis: Basis<'_>, ticked: &BTreeMap<String, Ticked>) -> Result<Vec<Line>, ScheduleError> {
    let Basis { template, prices, .. } = basis;
    let month = f64::from(MONTH_SECONDS);
    let assumed = prices.assumptions;
    let queues = polled(template);
    let metrics: u32 = template.alarms.values().sum();
    let mut lines = vec![
        Line::new(
            format!("asking {queues} empty queues"),
            Item::QueueRequests,
            queues as f64 * assumed.pollers * month / assumed.poll_seconds,
        ),
        Line::new("alarms", Item::AlarmMetrics, f64::from(metrics)),
        Line::new("dashboard", Item::Dashboards, template.dashboards.len() as f64),
        Line::new("secret", Item::Secrets, template.secrets.len() as f64),
    ];
    for (folder, function) in &template.functions {
        for source in &function.sources {
            let (expression, time_zone) = match source {
                Source::Schedule { expression, time_zone, .. } => (expression, time_zone),
                Source::Queue { .. } | Source::Rule { .. } => continue,
            };
            let schedule = Schedule::parse(expression, time_zone)?;
            let count = per_month(&schedule);
            lines.push(Line::new("clock", Item::ClockInvocations, count));
            lines.push(Line::new(
                "the table's key",
                Item::KeyRequests,
                count.min(month / assumed.key_seconds),
            ));
            if let Some(ticked) = ticked.get(folder) {
                lines.extend(times(&ticked.lines(basis), count));
            }
        }
    }
    Ok(sum(lines))
}

/// How many queues Lambda asks for messages.
fn polled(template: &Template) -> usize {
    let sources = template.functions.values().flat_map(|function| &function.sources);
    sources.filter(|source| matches!(source, Source::Queue { .. })).count()
}
