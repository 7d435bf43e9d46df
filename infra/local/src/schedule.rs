//! When the clock invokes functions: expressions as `EventBridge` Scheduler reads them.
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use domain::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::runtime::Runtime;

/// How long the clock is left alone at most: a machine that slept finds out so late that it is late.
const LOOK: Duration = Duration::from_mins(1);

/// How often an invocation that failed is made again, as Lambda does of itself with what is invoked by the clock.
const RETRIES: usize = 2;

/// Times of day that no day has, one after the other, before a schedule is taken to have ended.
const GAPS_LIMIT: usize = 1_000;

/// When the clock invokes a function.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// Every so many seconds.
    Rate(u32),
    /// At times of the day in a zone.
    Cron(Box<Cron>, TimeZone),
}

/// What is wrong with a schedule, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {remedy}")]
pub struct ScheduleError {
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

impl Schedule {
    /// Reads `rate(5 minutes)` or `cron(0 3 * * ? *)`, the latter in an IANA time zone.
    pub fn parse(expression: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        let inner = |name| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        match (inner("rate"), inner("cron")) {
            (Some(rate), _) => parse_rate(rate),
            (None, Some(cron)) => parse_cron(cron, time_zone),
            (None, None) => Err(wrong(
                format!("the schedule {expression:?} is not known"),
                "write it like rate(5 minutes) or cron(0 3 * * ? *)",
            )),
        }
    }

    /// The first time after `after`; none when there is no more.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rate(seconds) => Some(after.plus(i64::from(*seconds))),
            Self::Cron(cron, zone) => next_time(cron, zone, after),
        }
    }
}

fn wrong(problem: impl Into<String>, remedy: impl Into<String>) -> ScheduleError {
    ScheduleError { problem: problem.into(), remedy: remedy.into() }
}

fn parse_rate(rate: &str) -> Result<Schedule, ScheduleError> {
    let read = || {
        let (count, unit) = rate.split_once(' ')?;
        let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
        let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            _ => return None,
        };
        count.checked_mul(seconds).map(Schedule::Rate)
    };
    read().ok_or_else(|| wrong(format!("the rate {rate:?} does not read"), "write it like rate(5 minutes)"))
}

fn parse_cron(fields: &str, time_zone: &str) -> Result<Schedule, ScheduleError> {
    let unreadable = |why: &str| {
        wrong(
            format!("the schedule cron({fields}) does not read: {why}"),
            "write minutes, hours, day of month, month, day of week and year, with ? for one of the days: \
             cron(0 3 * * ? *)",
        )
    };
    let parts: Vec<&str> = fields.split_whitespace().collect();
    let [_, _, day_of_month, _, day_of_week, _] = parts.as_slice() else {
        return Err(unreadable(&format!("{} fields, not six", parts.len())));
    };
    if [*day_of_month, *day_of_week].iter().filter(|day| **day == "?").count() != 1 {
        return Err(unreadable("one of the days must be ?, and the other not"));
    }
    // `EventBridge` has no seconds, counts weekdays from 1 for Sunday, and takes 0/15 for every fifteen from 0.
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required);
    let parser = parser.alternative_weekdays(true).sloppy_ranges(true).build();
    let cron = parser.parse(&format!("0 {fields}")).map_err(|error| unreadable(&error.to_string()))?;
    let zone = TimeZone::get(time_zone).map_err(|_| {
        wrong(format!("{time_zone} is no time zone"), "write its IANA name, such as Asia/Tokyo")
    })?;
    Ok(Schedule::Cron(Box::new(cron), zone))
}

/// A time of day that clocks leave out is left out, and one that they show twice comes once.
fn next_time(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut local: DateTime = zone.to_datetime(jiff::Timestamp::from_second(after.seconds()).ok()?);
    for _ in 0..GAPS_LIMIT {
        local = cron.find_next_occurrence(&local, false).ok()?;
        let offset = match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { .. } => continue,
        };
        let at = Timestamp::from_seconds(offset.to_timestamp(local).ok()?.as_second());
        if at > after {
            return Some(at);
        }
    }
    None
}

/// Invokes a function by its schedule until the process ends, and once at its beginning: what came while no process ran
/// is made up for by that.
pub(crate) async fn tick_for_ever(runtime: Arc<Runtime>, function: String, schedule: Schedule) {
    let clock = runtime.region().clock().clone();
    loop {
        let began = clock.now();
        tick(&runtime, &function, &schedule).await;
        let Some(next) = schedule.next(began) else { return };
        while clock.now() < next {
            let left = u64::try_from(next.since(clock.now())).unwrap_or(0);
            tokio::time::sleep(LOOK.min(Duration::from_secs(left))).await;
        }
    }
}

async fn tick(runtime: &Runtime, function: &str, schedule: &Schedule) {
    let retries = match schedule {
        // The next time is near.
        Schedule::Rate(_) => 0,
        Schedule::Cron(..) => RETRIES,
    };
    for retry in 0..=retries {
        let Err(error) = runtime.tick(function).await else { return };
        tracing::error!(function, retry, error = format!("{error:#}"), "a scheduled invocation failed");
        if retry < retries {
            tokio::time::sleep(LOOK).await;
        }
    }
}
