//! Tests of a value: a trait of a customer, a property of an event.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verdict;
use super::dates::{self, Anniversary, Day};
use crate::customer::Value;
use crate::time::Timestamp;

/// A test of a value. Everything that is given must hold; with nothing but the name, that the value is there. Of a value
/// that is absent, or of another kind than the test, only `exists: false` holds; `not:` around a test holds for both.
///
/// Numbers, yes and no, and dates are read from text too, since files hold nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueTest {
    /// The name of the trait or property.
    pub name: String,
    /// Whether it is there.
    #[serde(default)]
    pub exists: Option<bool>,
    /// It is this text, number, or true or false.
    #[serde(default)]
    pub is: Option<Value>,
    /// It is one of these.
    #[serde(default)]
    pub one_of: Option<Vec<Value>>,
    /// The text contains this text; the list has this entry.
    #[serde(default)]
    pub contains: Option<String>,
    /// The text begins with this.
    #[serde(default)]
    pub starts_with: Option<String>,
    /// The number is this or more.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// The number is this or less.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// The number is more than this.
    #[serde(default)]
    pub above: Option<f64>,
    /// The number is less than this.
    #[serde(default)]
    pub below: Option<f64>,
    /// The date is earlier than this day.
    #[serde(default)]
    pub before: Option<Day>,
    /// The date is later than this day.
    #[serde(default)]
    pub after: Option<Day>,
    /// The date is today or one of so many days before, by the customer's calendar.
    #[serde(default)]
    pub within_last_days: Option<u32>,
    /// The date is today or one of so many days after, by the customer's calendar.
    #[serde(default)]
    pub within_next_days: Option<u32>,
    /// The date is so many days ago or more, by the customer's calendar.
    #[serde(default)]
    pub at_least_days_ago: Option<u32>,
    /// The anniversary of the date, by the customer's calendar; 29 February is kept on 28 February in other years.
    #[serde(default)]
    pub anniversary: Option<Anniversary>,
}

impl ValueTest {
    /// Tests a value; `zone` is asked for the person's zone when the calendar matters.
    pub fn evaluate(&self, value: Option<&Value>, now: Timestamp, zone: &dyn Fn() -> TimeZone) -> Verdict {
        let Some(value) = value else { return Verdict::fixed(self.exists == Some(false)) };
        if self.exists == Some(false) || !self.says(value) {
            return Verdict::fixed(false);
        }
        if self.asks_date() { self.date(value, now, &zone()) } else { Verdict::fixed(true) }
    }

    /// Whether time alone can change the answer.
    pub const fn asks_calendar(&self) -> bool {
        self.within_last_days.is_some()
            || self.within_next_days.is_some()
            || self.at_least_days_ago.is_some()
            || self.anniversary.is_some()
    }

    /// Whether some value can be what `is` and `one_of` name and pass what is asked of texts and numbers besides.
    pub fn has_candidate(&self) -> bool {
        let others = Self { is: None, one_of: None, ..self.clone() };
        let fits = |candidate: &Value| {
            let named =
                self.one_of.as_ref().is_none_or(|wanted| wanted.iter().any(|it| alike(candidate, it)));
            // The number may be written as a text of which nothing is known but that.
            let passes = match candidate {
                Value::Text(_) | Value::List(_) => others.says(candidate),
                Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => {
                    Self { contains: None, starts_with: None, ..others.clone() }.says(candidate)
                }
                Value::Absent => false,
            };
            named && passes
        };
        match (&self.is, &self.one_of) {
            (Some(is), _) => fits(is),
            (None, Some(wanted)) => wanted.iter().any(fits),
            (None, None) => true,
        }
    }

    const fn asks_date(&self) -> bool {
        self.before.is_some() || self.after.is_some() || self.asks_calendar()
    }

    /// The tests that do not depend on a calendar.
    fn says(&self, value: &Value) -> bool {
        let within = |bound: Option<f64>, test: fn(&f64, &f64) -> bool| {
            bound.is_none_or(|bound| number(value).is_some_and(|number| test(&number, &bound)))
        };
        self.is.as_ref().is_none_or(|wanted| same(value, wanted))
            && self.one_of.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| same(value, wanted)))
            && self.contains.as_ref().is_none_or(|part| contains(value, part))
            && self.starts_with.as_ref().is_none_or(|start| starts_with(value, start))
            && within(self.at_least, f64::ge)
            && within(self.at_most, f64::le)
            && within(self.above, f64::gt)
            && within(self.below, f64::lt)
    }

    fn date(&self, value: &Value, now: Timestamp, zone: &TimeZone) -> Verdict {
        let Some(date) = dates::read(value, zone) else { return Verdict::fixed(false) };
        if self.before.is_some_and(|day| date >= day.0) || self.after.is_some_and(|day| date <= day.0) {
            return Verdict::fixed(false);
        }
        let last = self.within_last_days.map(|days| dates::within_last(date, days, now, zone));
        let next = self.within_next_days.map(|days| dates::within_next(date, days, now, zone));
        let ago = self.at_least_days_ago.map(|days| dates::at_least_ago(date, days, now, zone));
        let anniversary = self.anniversary.map(|wanted| wanted.evaluate(date, now, zone));
        super::all([last, next, ago, anniversary].into_iter().flatten())
    }
}

/// The value as a number, from text too.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Absent | Value::Boolean(_) | Value::List(_) => None,
    }
}

/// Whether a value says what is wanted.
fn same(value: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Integer(_) | Value::Number(_) => number(value).is_some() && number(value) == number(wanted),
        Value::Boolean(wanted) => match value {
            Value::Boolean(value) => value == wanted,
            Value::Text(text) => text.trim().eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
            Value::Absent | Value::Integer(_) | Value::Number(_) | Value::List(_) => false,
        },
        Value::Text(_) | Value::List(_) | Value::Absent => value == wanted,
    }
}

/// Whether one value can be both, a text that reads as a number or as yes or no among them.
fn alike(one: &Value, other: &Value) -> bool {
    same(one, other) || same(other, one)
}

fn contains(value: &Value, part: &str) -> bool {
    match value {
        Value::Text(text) => text.contains(part),
        Value::List(texts) => texts.iter().any(|text| text == part),
        Value::Absent | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => false,
    }
}

fn starts_with(value: &Value, start: &str) -> bool {
    match value {
        Value::Text(text) => text.starts_with(start),
        Value::Absent | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::List(_) => false,
    }
}
