//! Tests of what a customer did: how often, worth how much, when first and last.
//!
//! Of each event name the latest [`RECENT_LIMIT`](crate::event::RECENT_LIMIT) occurrences are kept one by one; a test
//! within a window or with a filter sees those. How many there ever were, and what they were worth, is known of all.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dates::Day;
use super::values::{ValueTest, number};
use super::{Subject, Verdict};
use crate::customer::Value;
use crate::event::{History, Occurrence};
use crate::time::{DAY, Timestamp};

/// The name under which a filter or a sum asks for what an event was worth.
pub const YEN: &str = "yen";

/// A test of an event: how often it happened, unless `sum`, `average`, `first` or `last` asks for something else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTest {
    /// The event's name.
    pub name: String,
    /// Only occurrences whose properties pass all of these; `yen` is what one was worth. Looks at the latest 100 of the
    /// event, and at the properties of the latest of them: those of an event's name have 24,000 bytes together for
    /// `Order Completed`, 4,000 for any other.
    #[serde(default, rename = "where")]
    pub filter: Vec<ValueTest>,
    /// Only those within the last so many days of 24 hours.
    #[serde(default)]
    pub within_days: Option<u32>,
    /// Only those on certain days.
    #[serde(default)]
    pub between: Option<Period>,
    /// Only those after the last occurrence of this other event; none, as long as that never happened.
    #[serde(default)]
    pub since: Option<String>,
    /// Tests the sum of this property; `yen` is what they were worth. `yen` without `where` and without a window is of all
    /// there ever were; any other sum is of the latest 100, of a property as far as properties are kept (see `where`).
    #[serde(default)]
    pub sum: Option<String>,
    /// Tests the average of this property over those that have it; `yen` is what they were worth. `yen` without `where`
    /// and without a window is of all there ever were; any other average is of the latest 100, of a property as far as
    /// properties are kept (see `where`).
    #[serde(default)]
    pub average: Option<String>,
    /// Tests when it happened for the first time.
    #[serde(default)]
    pub first: Option<Age>,
    /// Tests when it happened for the last time.
    #[serde(default)]
    pub last: Option<Age>,
    /// The number is this or more; 1 when nothing is said.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// The number is this or less.
    #[serde(default)]
    pub at_most: Option<f64>,
}

/// Days of the customer's calendar, the first and the last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub until: Day,
}

/// How long ago something happened, in days of 24 hours; everything that is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// Less than so many days ago.
    #[serde(default)]
    pub within_days: Option<u32>,
    /// So many days ago or more.
    #[serde(default)]
    pub at_least_days_ago: Option<u32>,
}

/// An event that did not happen: never, or not within what is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoEventTest {
    /// The event's name.
    pub name: String,
    /// Only occurrences whose properties pass all of these count. Looks at the latest 100 of the event, and at the
    /// properties of the latest of them: those of an event's name have 24,000 bytes together for `Order Completed`, 4,000
    /// for any other.
    #[serde(default, rename = "where")]
    pub filter: Vec<ValueTest>,
    /// Not for at least so many days of 24 hours.
    #[serde(default)]
    pub for_days: Option<u32>,
    /// Not on any of these days.
    #[serde(default)]
    pub between: Option<Period>,
    /// Not since the last occurrence of this other event.
    #[serde(default)]
    pub since: Option<String>,
}

/// Which occurrences of an event count.
struct Which<'a> {
    name: &'a str,
    filter: &'a [ValueTest],
    within_days: Option<u32>,
    between: Option<Period>,
    since: Option<&'a str>,
}

/// What is measured of them.
#[derive(Clone, Copy)]
enum Measure<'a> {
    Count,
    Sum(&'a str),
    Average(&'a str),
}

/// The bounds of a number, in millionths.
#[derive(Clone, Copy)]
struct Bounds {
    at_least: Option<i128>,
    at_most: Option<i128>,
}

impl EventTest {
    /// Evaluates the test at `now`.
    pub fn evaluate(&self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        let which = Which {
            name: &self.name,
            filter: &self.filter,
            within_days: self.within_days,
            between: self.between,
            since: self.since.as_deref(),
        };
        if self.first.is_some() || self.last.is_some() {
            return ages(&which, self.first, self.last, subject, now);
        }
        let measure = match (&self.sum, &self.average) {
            (Some(property), _) => Measure::Sum(property),
            (None, Some(property)) => Measure::Average(property),
            (None, None) => Measure::Count,
        };
        let unsaid = self.at_least.is_none() && self.at_most.is_none();
        let bounds = Bounds {
            at_least: if unsaid { Some(MILLION) } else { self.at_least.map(millionths) },
            at_most: self.at_most.map(millionths),
        };
        measured(&which, measure, bounds, subject, now)
    }
}

impl NoEventTest {
    /// Evaluates the test at `now`.
    pub fn evaluate(&self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        let which = Which {
            name: &self.name,
            filter: &self.filter,
            within_days: self.for_days,
            between: self.between,
            since: self.since.as_deref(),
        };
        measured(&which, Measure::Count, Bounds { at_least: None, at_most: Some(0) }, subject, now)
    }
}

const MILLION: i128 = 1_000_000;

/// Sums are of whole millionths, so that they come out the same in whatever order they are made.
#[expect(clippy::cast_possible_truncation, reason = "it stops at the ends of the range")]
fn millionths(number: f64) -> i128 {
    (number * MILLION as f64).round() as i128
}

/// The part of a history that counts: occurrences later than `after` and before `until`, each for `length` seconds.
struct Window {
    after: Option<Timestamp>,
    until: Option<Timestamp>,
    length: Option<i64>,
}

impl Window {
    /// `None` when nothing counts; the instant at which another event moves the window.
    fn of(which: &Which<'_>, subject: Subject<'_>, now: Timestamp) -> (Option<Self>, Option<Timestamp>) {
        let customer = subject.customer;
        let always = Self { after: None, until: None, length: None };
        if let Some(days) = which.within_days {
            return (Some(Self { length: Some(i64::from(days) * DAY), ..always }), None);
        }
        if let Some(period) = which.between {
            let zone = customer.zone(&subject.definitions.zone);
            let begins = |day: Day| Some(day.0.to_zoned(zone.clone()).ok()?.timestamp().as_second());
            let from = begins(period.from).map(|from| Timestamp::from_seconds(from - 1));
            let until = period.until.0.tomorrow().ok().and_then(|day| begins(Day(day)));
            return (
                Some(Self { after: from, until: until.map(Timestamp::from_seconds), length: None }),
                None,
            );
        }
        let Some(since) = which.since else { return (Some(always), None) };
        let Some(other) = customer.events.get(since) else { return (None, None) };
        let moves = other.ahead(now);
        (other.last_at(now).map(|last| Self { after: Some(last), ..always }), moves)
    }

    const fn is_always(&self) -> bool {
        self.after.is_none() && self.until.is_none() && self.length.is_none()
    }

    fn has(&self, at: Timestamp) -> bool {
        self.after.is_none_or(|after| at > after) && self.until.is_none_or(|until| at < until)
    }
}

/// What counts at an instant.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: i128,
    /// How many of them have the property.
    with: i128,
    /// Its sum, in millionths.
    sum: i128,
}

impl Tally {
    fn of(occurrence: &Occurrence, measure: Measure<'_>) -> Self {
        let property = match measure {
            Measure::Count => return Self { count: 1, ..Self::default() },
            Measure::Sum(property) | Measure::Average(property) => property,
        };
        let worth = match property {
            YEN => Some(i128::from(occurrence.2.0) * MILLION),
            property => occurrence.3.get(property).and_then(number).map(millionths),
        };
        Self { count: 1, with: i128::from(worth.is_some()), sum: worth.unwrap_or(0) }
    }

    fn change(&mut self, by: Self, sign: i128) {
        self.count += sign * by.count;
        self.with += sign * by.with;
        self.sum += sign * by.sum;
    }

    fn passes(self, measure: Measure<'_>, bounds: Bounds) -> bool {
        // An average is compared as its sum: a · n ≤ Σ, without a division.
        let (number, times) = match measure {
            Measure::Count => (self.count * MILLION, 1),
            Measure::Sum(_) => (self.sum, 1),
            Measure::Average(_) if self.with == 0 => return false,
            Measure::Average(_) => (self.sum, self.with),
        };
        let all = |bound: i128| if times == 1 { bound } else { bound.saturating_mul(times) };
        bounds.at_least.is_none_or(|bound| number >= all(bound))
            && bounds.at_most.is_none_or(|bound| number <= all(bound))
    }
}

fn measured(
    which: &Which<'_>,
    measure: Measure<'_>,
    bounds: Bounds,
    subject: Subject<'_>,
    now: Timestamp,
) -> Verdict {
    let passes = |tally: Tally| tally.passes(measure, bounds);
    let nothing = Verdict::fixed(passes(Tally::default()));
    let (window, moves) = Window::of(which, subject, now);
    let Some(window) = window else { return nothing.no_later_than(moves) };
    let Some(history) = subject.customer.events.get(which.name) else { return nothing.no_later_than(moves) };
    let everything = window.is_always() && which.filter.is_empty();
    if everything
        && history.ahead(now).is_none()
        && let Some(total) = together(history.count.into(), history.total.0, measure)
    {
        return Verdict::fixed(passes(total));
    }
    let zone = || subject.customer.zone(&subject.definitions.zone);
    let counted = |kept: &&Occurrence| window.has(kept.0) && passed(which.filter, kept, &zone);
    let tally = |kept: &Occurrence| Tally::of(kept, measure);
    let ahead = history.recent.partition_point(|kept| kept.0 <= now);
    let gone =
        window.length.map_or(0, |length| history.recent.partition_point(|kept| now.since(kept.0) >= length));
    let mut total = Tally::default();
    history.recent[gone.min(ahead)..ahead]
        .iter()
        .filter(counted)
        .for_each(|kept| total.change(tally(kept), 1));
    if everything && history.folded.is_some() {
        total.change(folded(history, measure), 1);
    }
    let holds = passes(total);
    // From here on an occurrence comes when its time is there, and goes when its window has passed.
    let mut coming = history.recent[ahead..].iter().filter(counted).peekable();
    let leaving = if window.length.is_some() { &history.recent[gone.min(ahead)..] } else { &[] };
    let mut leaving = leaving.iter().filter(counted).peekable();
    let length = window.length.unwrap_or(0);
    loop {
        let comes = coming.peek().map(|kept| kept.0);
        let goes = leaving.peek().map(|kept| kept.0.plus(length));
        let Some(at) = comes.into_iter().chain(goes).min() else { break };
        while let Some(kept) = coming.next_if(|kept| kept.0 <= at) {
            total.change(tally(kept), 1);
        }
        while let Some(kept) = leaving.next_if(|kept| kept.0.plus(length) <= at) {
            total.change(tally(kept), -1);
        }
        if passes(total) != holds {
            return Verdict { holds, next: Some(at) }.no_later_than(moves);
        }
    }
    Verdict { holds, next: moves }
}

/// So many occurrences that were worth so much together; `None` when that does not tell what is measured.
fn together(count: i128, yen: i64, measure: Measure<'_>) -> Option<Tally> {
    match measure {
        Measure::Count => Some(Tally { count, ..Tally::default() }),
        Measure::Sum(YEN) | Measure::Average(YEN) => {
            Some(Tally { count, with: count, sum: i128::from(yen) * MILLION })
        }
        Measure::Sum(_) | Measure::Average(_) => None,
    }
}

/// What is known only together of the occurrences that are no longer kept one by one.
fn folded(history: &History, measure: Measure<'_>) -> Tally {
    let kept: i64 = history.recent.iter().map(|kept| kept.2.0).sum();
    let count = i128::from(history.count) - history.recent.len() as i128;
    together(count, history.total.0 - kept, measure).unwrap_or_default()
}

/// Whether the properties of an occurrence pass every test; `zone` is the person's. What changes with the calendar is
/// refused before it is applied.
pub fn passed(filter: &[ValueTest], occurrence: &Occurrence, zone: &dyn Fn() -> TimeZone) -> bool {
    filter.iter().all(|test| {
        let worth = Value::Integer(occurrence.2.0);
        let value = if test.name == YEN { Some(&worth) } else { occurrence.3.get(&test.name) };
        test.evaluate(value, occurrence.0, zone).holds
    })
}

/// Tests of when something happened for the first and the last time.
fn ages(
    which: &Which<'_>,
    first: Option<Age>,
    last: Option<Age>,
    subject: Subject<'_>,
    now: Timestamp,
) -> Verdict {
    let Some(history) = subject.customer.events.get(which.name) else { return Verdict::fixed(false) };
    let zone = || subject.customer.zone(&subject.definitions.zone);
    let counted = |kept: &&Occurrence| passed(which.filter, kept, &zone);
    let (earliest, latest, ahead) = if which.filter.is_empty() {
        ((history.first <= now).then_some(history.first), history.last_at(now), history.ahead(now))
    } else {
        let counted = history.recent.iter().filter(counted).map(|kept| kept.0);
        let mut past = counted.clone().filter(|at| *at <= now);
        let earliest = past.next();
        (earliest, past.next_back().or(earliest), counted.clone().find(|at| *at > now))
    };
    let verdicts = [(first, earliest), (last, latest)];
    let verdicts = verdicts.into_iter().filter_map(|(age, at)| Some(age?.evaluate(at, now)));
    super::all(verdicts).no_later_than(ahead)
}

impl Age {
    fn evaluate(self, at: Option<Timestamp>, now: Timestamp) -> Verdict {
        let Some(at) = at else { return Verdict::fixed(false) };
        let after = |days: Option<u32>| days.map(|days| at.plus(i64::from(days) * DAY));
        Verdict::between(after(self.at_least_days_ago), after(self.within_days), now)
    }
}
