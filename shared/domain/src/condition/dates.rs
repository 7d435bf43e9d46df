//! Tests of a date by a customer's calendar: a day begins at local midnight.

use std::fmt;

use jiff::Span;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::calendar;
use crate::customer::Value;
use crate::time::Timestamp;

/// A day of the calendar, written `2026-04-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
pub struct Day(pub Date);

impl TryFrom<String> for Day {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let date: Option<Date> = text.parse().ok().filter(|date: &Date| date.to_string() == text);
        date.map(Self).ok_or_else(|| format!("`{text}` is not a date; write it as 2026-04-01"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When the anniversary of a date is: the first is a year after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Anniversary {
    /// Today.
    Today,
    /// In this month.
    ThisMonth,
    /// Today, or within so many days.
    WithinDays(u16),
    /// Today, or one of so many days before.
    WithinLastDays(u16),
}

/// The most days in which an anniversary can be asked for: below a year, so that one ends before the next begins.
pub const ANNIVERSARY_DAYS: u16 = 180;

/// A date: a day, or the day of an instant in `zone`.
pub fn read(value: &Value, zone: &TimeZone) -> Option<Date> {
    let Value::Text(text) = value else { return None };
    let text = text.trim();
    if text.len() == 10 {
        return text.parse().ok();
    }
    let instant = text.parse::<jiff::Timestamp>().map(|at| zone.to_datetime(at));
    Some(instant.or_else(|_| text.parse::<DateTime>()).ok()?.date())
}

/// The instant of a date: itself, the one at which clocks in `zone` show it when it names none, midnight for a day.
pub fn instant(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    let Value::Text(text) = value else { return None };
    instant_of(text, zone)
}

/// The instant of a date that is written as this text.
pub fn instant_of(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Some(Timestamp::from_seconds(at.as_second())),
        Err(_) => calendar::instant(text.parse().ok()?, zone),
    }
}

/// The first instant of the day that is `days` after `date`; none beyond the calendar's end.
fn begins(date: Date, days: i64, zone: &TimeZone) -> Option<Timestamp> {
    let day = date.checked_add(Span::new().try_days(days).ok()?).ok()?;
    Some(Timestamp::from_seconds(day.to_zoned(zone.clone()).ok()?.timestamp().as_second()))
}

/// What holds from the beginning of one day until the end of another, in days after `date`.
fn days(date: Date, from: i64, until: i64, now: Timestamp, zone: &TimeZone) -> Verdict {
    match begins(date, from, zone) {
        Some(from) => Verdict::between(Some(from), begins(date, until + 1, zone), now),
        None => Verdict::fixed(false),
    }
}

pub(super) fn within_last(date: Date, count: u32, now: Timestamp, zone: &TimeZone) -> Verdict {
    days(date, 0, i64::from(count), now, zone)
}

pub(super) fn within_next(date: Date, count: u32, now: Timestamp, zone: &TimeZone) -> Verdict {
    days(date, -i64::from(count), 0, now, zone)
}

pub(super) fn at_least_ago(date: Date, count: u32, now: Timestamp, zone: &TimeZone) -> Verdict {
    match begins(date, i64::from(count), zone) {
        Some(from) => Verdict::between(Some(from), None, now),
        None => Verdict::fixed(false),
    }
}

impl Anniversary {
    pub(super) fn evaluate(self, date: Date, now: Timestamp, zone: &TimeZone) -> Verdict {
        let Ok(instant) = jiff::Timestamp::from_second(now.seconds()) else { return Verdict::fixed(false) };
        let year = zone.to_datetime(instant).date().year();
        // The one of this year and its neighbours: at most one of them holds, and the first that is ahead comes next.
        let years = (year.saturating_sub(1).max(date.year() + 1)..=year.max(date.year()).saturating_add(1))
            .filter_map(|year| calendar::in_year(date, year));
        let verdicts = years.map(|day| self.around(day, now, zone));
        verdicts.fold(Verdict::fixed(false), |found, verdict| match (found.holds, verdict.holds) {
            (true, _) => found,
            (false, true) => verdict,
            (false, false) => found.no_later_than(verdict.next),
        })
    }

    fn around(self, day: Date, now: Timestamp, zone: &TimeZone) -> Verdict {
        match self {
            Self::Today => days(day, 0, 0, now, zone),
            Self::WithinDays(count) => days(day, -i64::from(count), 0, now, zone),
            Self::WithinLastDays(count) => days(day, 0, i64::from(count), now, zone),
            Self::ThisMonth => {
                let first = day.first_of_month();
                days(first, 0, i64::from(first.days_in_month()) - 1, now, zone)
            }
        }
    }
}
