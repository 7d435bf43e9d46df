//! Values by table: what each test says of text, numbers, lists, dates and of nothing.

use domain::condition::Subject;
use domain::customer::Value;
use domain::step::step;
use domain::time::Timestamp;

use super::facts::nobody;
use super::yaml;
use crate::{at, definitions};

fn holds(value: Option<Value>, test: &str, now: &str, zone: &str) -> (bool, Option<Timestamp>) {
    let definitions = definitions(&[]);
    let mut traits =
        std::collections::BTreeMap::from([("time_zone".to_owned(), Value::Text(zone.to_owned()))]);
    traits.extend(value.map(|value| ("it".to_owned(), value)));
    let identify = domain::input::Input::Identify { traits, consents: Vec::new(), at: at(now) };
    let customer = step(&nobody(), &[identify], at(now), &definitions).customer;
    let subject = Subject { customer: &customer, enrollment: None, definitions: &definitions };
    let verdict = yaml(&format!("{{ trait: {{ name: it, {test} }} }}")).evaluate(subject, at(now));
    (verdict.holds, verdict.next)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn values() {
    let list = Value::List(vec!["赤".to_owned(), "青".to_owned()]);
    for (value, test, expected) in [
        (Some(text("東京都")), "is: 東京都", true),
        (Some(text("東京都")), "one_of: [大阪府, 東京都]", true),
        (Some(text("東京都")), "one_of: [大阪府]", false),
        (Some(text("東京都")), "starts_with: 東京", true),
        (Some(text("東京都")), "contains: 京都", true),
        (Some(text("東京都")), "starts_with: 京都", false),
        (Some(list.clone()), "contains: 青", true),
        (Some(list.clone()), "contains: 黄", false),
        (Some(list), "starts_with: 赤", false),
        (Some(Value::Integer(3)), "is: 3", true),
        (Some(Value::Number(3.0)), "is: 3", true),
        (Some(text("3")), "is: 3", true),
        (Some(text("3")), "at_least: 3, below: 4", true),
        (Some(Value::Integer(3)), "above: 3", false),
        (Some(Value::Number(2.5)), "at_most: 2.5", true),
        (Some(text("three")), "at_least: 0", false),
        (Some(Value::Boolean(true)), "is: true", true),
        (Some(text("TRUE")), "is: true", true),
        (Some(text("true")), "is: false", false),
        (Some(text("2026-04-01")), "before: 2026-04-02", true),
        (Some(text("2026-04-01")), "before: 2026-04-01", false),
        (Some(text("2026-04-01")), "after: 2026-03-31", true),
        // 2026-04-01 in Japan.
        (Some(text("2026-03-31T20:00:00Z")), "after: 2026-03-31", true),
        (Some(text("someday")), "after: 2026-03-31", false),
        (Some(text("")), "exists: true", true),
        (Some(text("x")), "exists: false", false),
        // Of what is absent nothing is said but that.
        (None, "exists: false", true),
        (None, "exists: true", false),
        (None, "is: 0", false),
        (None, "at_most: 0", false),
        (None, "before: 2026-04-01", false),
        (Some(Value::Absent), "exists: false", true),
        (Some(Value::Absent), "is: false", false),
    ] {
        let found = holds(value.clone(), test, "2026-05-01T00:00:00+09:00", "Asia/Tokyo");
        assert_eq!(found, (expected, None), "{value:?} {test}");
    }
}

/// The date, the test, the zone, the instant; whether it holds, and until when.
type Row = (&'static str, &'static str, &'static str, &'static str, bool, Option<&'static str>);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // A day begins at midnight where the person is.
    (
        "2026-05-01",
        "within_last_days: 0",
        "Asia/Tokyo",
        "2026-04-30T23:59:59+09:00",
        false,
        Some("2026-05-01T00:00:00+09:00"),
    ),
    (
        "2026-05-01",
        "within_last_days: 0",
        "Asia/Tokyo",
        "2026-05-01T12:00:00+09:00",
        true,
        Some("2026-05-02T00:00:00+09:00"),
    ),
    (
        "2026-05-01",
        "within_last_days: 0",
        "America/New_York",
        "2026-05-01T12:00:00+09:00",
        false,
        Some("2026-05-01T13:00:00+09:00"),
    ),
    (
        "2026-05-01",
        "within_last_days: 7",
        "Asia/Tokyo",
        "2026-05-08T23:00:00+09:00",
        true,
        Some("2026-05-09T00:00:00+09:00"),
    ),
    ("2026-05-01", "within_last_days: 7", "Asia/Tokyo", "2026-05-09T00:00:00+09:00", false, None),
    (
        "2026-05-08",
        "within_next_days: 7",
        "Asia/Tokyo",
        "2026-05-01T00:00:00+09:00",
        true,
        Some("2026-05-09T00:00:00+09:00"),
    ),
    (
        "2026-05-01",
        "at_least_days_ago: 3",
        "Asia/Tokyo",
        "2026-05-03T00:00:00+09:00",
        false,
        Some("2026-05-04T00:00:00+09:00"),
    ),
    ("2026-05-01", "at_least_days_ago: 3", "Asia/Tokyo", "2026-05-04T00:00:00+09:00", true, None),
    // 25 hours: the clocks go back in Berlin.
    (
        "2026-10-25",
        "within_last_days: 0",
        "Europe/Berlin",
        "2026-10-25T00:00:00+02:00",
        true,
        Some("2026-10-26T00:00:00+01:00"),
    ),
    // There is no midnight in Santiago on that day: the clocks go from 24:00 to 01:00.
    (
        "2026-09-06",
        "within_last_days: 0",
        "America/Santiago",
        "2026-09-05T12:00:00-04:00",
        false,
        Some("2026-09-06T01:00:00-03:00"),
    ),
    // The leap day is kept on 28 February in other years, and its month is February.
    (
        "2000-02-29",
        "anniversary: today",
        "Asia/Tokyo",
        "2026-02-28T09:00:00+09:00",
        true,
        Some("2026-03-01T00:00:00+09:00"),
    ),
    (
        "2000-02-29",
        "anniversary: today",
        "Asia/Tokyo",
        "2028-02-28T09:00:00+09:00",
        false,
        Some("2028-02-29T00:00:00+09:00"),
    ),
    (
        "2000-02-29",
        "anniversary: this_month",
        "Asia/Tokyo",
        "2026-02-01T00:00:00+09:00",
        true,
        Some("2026-03-01T00:00:00+09:00"),
    ),
    (
        "1990-01-03",
        "anniversary: { within_days: 7 }",
        "Asia/Tokyo",
        "2026-12-27T00:00:00+09:00",
        true,
        Some("2027-01-04T00:00:00+09:00"),
    ),
    (
        "1990-01-03",
        "anniversary: { within_days: 7 }",
        "Asia/Tokyo",
        "2026-12-26T00:00:00+09:00",
        false,
        Some("2026-12-27T00:00:00+09:00"),
    ),
    // The day itself is no anniversary: the first is a year later.
    (
        "2026-05-01",
        "anniversary: today",
        "Asia/Tokyo",
        "2026-05-01T09:00:00+09:00",
        false,
        Some("2027-05-01T00:00:00+09:00"),
    ),
    (
        "2030-05-01",
        "anniversary: today",
        "Asia/Tokyo",
        "2026-05-01T09:00:00+09:00",
        false,
        Some("2031-05-01T00:00:00+09:00"),
    ),
];

#[test]
fn dates_by_the_customers_calendar() {
    for (date, test, zone, now, expected, next) in ROWS {
        let found = holds(Some(text(date)), test, now, zone);
        assert_eq!(found, (*expected, next.map(at)), "{date} {test} {zone} {now}");
    }
}
