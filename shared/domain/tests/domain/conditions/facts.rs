//! Random people as the shop would write them down, and random conditions about them.

use std::collections::BTreeMap;

use domain::condition::Condition;
use domain::condition::dates::{Anniversary, Day};
use domain::condition::events::{Age, EventTest, NoEventTest, Period};
use domain::condition::predicted::{Bounds, PredictedTest};
use domain::condition::rfm::{RfmTest, Scores};
use domain::condition::values::ValueTest;
use domain::consent::{ConsentSaid, ConsentTest, Purpose, Said};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::event::{Event, EventId, Properties};
use domain::input::Input;
use domain::money::Yen;
use domain::names::{CustomerId, ListName};
use domain::time::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;

use crate::at;

pub const NAMES: [&str; 2] = ["Order Completed", "Page Viewed"];
pub const PAGES: [&str; 2] = ["shoes", "hats"];
/// Daylight saving begins and ends within a year of this, in both zones that have it.
pub const START: &str = "2027-12-20T00:00:00Z";
pub const ZONES: [&str; 3] = ["Asia/Tokyo", "Europe/Berlin", "America/New_York"];

/// One occurrence: of which name, in minutes from the start, worth how much, on which page, due at which minute.
#[derive(Clone, Debug)]
pub struct Happened {
    pub name: usize,
    pub minute: i64,
    pub yen: i64,
    pub page: Option<usize>,
    pub due: Option<i64>,
}

/// A person.
#[derive(Clone, Debug)]
pub struct Facts {
    pub events: Vec<Happened>,
    pub vip: bool,
    pub visits: i64,
    pub consent: Option<bool>,
    pub born: Option<Date>,
    pub zone: usize,
    pub listed: bool,
}

/// A person of whom things are known up to `minutes` from the start.
pub fn facts(minutes: i64) -> impl Strategy<Value = Facts> {
    let page = prop::option::of(0..PAGES.len());
    let happened =
        (0..NAMES.len(), -minutes..minutes, 0..5_i64, page, prop::option::of(near_midnight(minutes)))
            .prop_map(|(name, minute, yen, page, due)| Happened { name, minute, yen: yen * 1000, page, due });
    let born = prop_oneof![
        1 => Just(Date::constant(2000, 2, 29)),
        3 => (2024..=2028_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| Date::constant(year, month, day)),
    ];
    let known = (any::<bool>(), 0..5_i64, prop::option::of(any::<bool>()), prop::option::of(born));
    (prop::collection::vec(happened, 0..10), known, 0..ZONES.len(), any::<bool>()).prop_map(
        |(events, (vip, visits, consent, born), zone, listed)| Facts {
            events,
            vip,
            visits,
            consent,
            born,
            zone,
            listed,
        },
    )
}

/// An instant about the midnight of one of the zones, in summer or winter.
fn near_midnight(minutes: i64) -> impl Strategy<Value = i64> {
    let days = minutes / 1440;
    let hour = prop_oneof![Just(15_i64), Just(22), Just(23), Just(4), Just(5)];
    (-days..days, hour, -2..2_i64).prop_map(|(day, hour, minute)| day * 1440 + hour * 60 + minute)
}

/// A person who did one thing about as often as it is kept one by one, all of it before the start.
pub fn busy() -> impl Strategy<Value = Facts> {
    let often = (98..=103_i64, 1..=60_i64, 0..5_000_i64, 0..NAMES.len());
    (facts(5 * 1440), often).prop_map(|(facts, (count, apart, latest, name))| {
        let happened =
            |n: i64| Happened { name, minute: -latest - n * apart, yen: 0, page: Some(0), due: None };
        let others = facts.events.iter().filter(|it| it.name != name).cloned();
        Facts { events: others.chain((0..count).map(happened)).collect(), ..facts.clone() }
    })
}

/// How often something was done within a window, about the limit of what is kept one by one.
pub fn often(days: u32) -> impl Strategy<Value = Condition> {
    let filter = prop_oneof![
        Just(Vec::new()),
        Just(vec![ValueTest { name: "page".to_owned(), exists: Some(true), ..ValueTest::default() }]),
    ];
    let least = prop_oneof![
        (97..=100_u16).prop_map(|it| (Some(it), None)),
        (96..=99_u16).prop_map(|it| (None, Some(it)))
    ];
    (name(), filter, window(days), least)
        .prop_map(|(name, filter, (within_days, between, since), (least, most))| {
            Condition::Event(EventTest {
                name,
                filter,
                within_days,
                between,
                since,
                at_least: least.map(f64::from),
                at_most: most.map(f64::from),
                ..EventTest::default()
            })
        })
        .prop_filter("what is accepted", accepted)
}

/// A condition that looks back up to `days`, nested up to three deep.
pub fn condition(days: u32) -> impl Strategy<Value = Condition> {
    let leaf = leaf(days).prop_filter("what is accepted", accepted);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::Any),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

fn accepted(condition: &Condition) -> bool {
    let segment = serde_json::json!({ "segment": { "name": "it", "when": condition } });
    domain::definitions::read(&segment.to_string()).is_ok()
}

fn leaf(days: u32) -> impl Strategy<Value = Condition> {
    prop_oneof![
        6 => event(days),
        3 => (name(), filter(days), window(days)).prop_map(|(name, filter, (for_days, between, since))| {
            Condition::NoEvent(NoEventTest { name, filter, for_days, between, since })
        }),
        2 => age(days),
        2 => calendar(),
        2 => value(),
        1 => Just(Condition::Reachable(Channel::Sms)),
        1 => prop_oneof![Just(Said::Given), Just(Said::Refused), Just(Said::Nothing)].prop_map(|is| {
            Condition::Consent(ConsentTest { channel: Channel::Sms, purpose: Purpose::Marketing, is })
        }),
        1 => Just(Condition::InList(ListName::parse("invited").unwrap())),
        2 => rfm(),
        2 => predicted(),
    ]
}

fn name() -> impl Strategy<Value = String> {
    (0..NAMES.len()).prop_map(|name| NAMES[name].to_owned())
}

/// A day of the calendar, so many days from the start.
fn day(after: i64) -> Day {
    let start = at(START).seconds().div_euclid(86_400);
    let instant = jiff::Timestamp::from_second((start + after) * 86_400).unwrap();
    Day(jiff::tz::TimeZone::UTC.to_datetime(instant).date())
}

fn filter(days: u32) -> impl Strategy<Value = Vec<ValueTest>> {
    let days = i64::from(days);
    let due = || ValueTest { name: "due".to_owned(), ..ValueTest::default() };
    let test = prop_oneof![
        (-days..days).prop_map(move |after| ValueTest { after: Some(day(after)), ..due() }),
        (-days..days).prop_map(move |before| ValueTest { before: Some(day(before)), ..due() }),
        (0..PAGES.len()).prop_map(|page| ValueTest {
            name: "page".to_owned(),
            is: Some(Value::Text(PAGES[page].to_owned())),
            ..ValueTest::default()
        }),
        Just(ValueTest { name: "page".to_owned(), exists: Some(false), ..ValueTest::default() }),
        (0..4_u16).prop_map(|yen| ValueTest {
            name: "yen".to_owned(),
            at_least: Some(f64::from(yen) * 1000.0),
            ..ValueTest::default()
        }),
    ];
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(test, 1..3)]
}

type Windowed = (Option<u32>, Option<Period>, Option<String>);

fn window(days: u32) -> impl Strategy<Value = Windowed> {
    let period = (-i64::from(days)..i64::from(days), 0..i64::from(days));
    prop_oneof![
        2 => Just((None, None, None)),
        4 => (1..=days).prop_map(|days| (Some(days), None, None)),
        1 => period.prop_map(move |(from, length)| {
            (None, Some(Period { from: day(from), until: day(from + length) }), None)
        }),
        2 => name().prop_map(|name| (None, None, Some(name))),
    ]
}

fn event(days: u32) -> impl Strategy<Value = Condition> {
    let measure = prop_oneof![3 => Just((None, None)), 1 => Just((Some("yen".to_owned()), None)), 1 => Just((None, Some("yen".to_owned())))];
    let bounds = (prop::option::of(0..4_u16), prop::option::of(0..4_u16));
    (name(), filter(days), window(days), measure, bounds).prop_map(
        |(name, filter, (within_days, between, since), (sum, average), (least, most))| {
            let scale = if sum.is_some() || average.is_some() { 1500.0 } else { 1.0 };
            Condition::Event(EventTest {
                name,
                filter,
                within_days,
                between,
                since,
                sum,
                average,
                at_least: least.map(|least| f64::from(least) * scale),
                at_most: most.map(|most| f64::from(most) * scale),
                ..EventTest::default()
            })
        },
    )
}

fn age(days: u32) -> impl Strategy<Value = Condition> {
    let age = move || {
        prop::option::of((prop::option::of(1..=days), prop::option::of(1..=days))).prop_map(|age| {
            age.map(|(within_days, at_least_days_ago)| Age { within_days, at_least_days_ago })
        })
    };
    (name(), filter(days), age(), age()).prop_filter_map("asks for an age", |(name, filter, first, last)| {
        (first.is_some() || last.is_some())
            .then(|| Condition::Event(EventTest { name, filter, first, last, ..EventTest::default() }))
    })
}

fn born(test: ValueTest) -> Condition {
    Condition::Trait(ValueTest { name: "birthday".to_owned(), ..test })
}

fn calendar() -> impl Strategy<Value = Condition> {
    let none = ValueTest::default;
    prop_oneof![
        (0..400_u32).prop_map(move |days| born(ValueTest { within_last_days: Some(days), ..none() })),
        (0..400_u32).prop_map(move |days| born(ValueTest { within_next_days: Some(days), ..none() })),
        (0..400_u32).prop_map(move |days| born(ValueTest { at_least_days_ago: Some(days), ..none() })),
        Just(born(ValueTest { anniversary: Some(Anniversary::Today), ..none() })),
        Just(born(ValueTest { anniversary: Some(Anniversary::ThisMonth), ..none() })),
        (0..=180_u16).prop_map(move |days| {
            born(ValueTest { anniversary: Some(Anniversary::WithinDays(days)), ..none() })
        }),
        (0..=180_u16).prop_map(move |days| {
            born(ValueTest { anniversary: Some(Anniversary::WithinLastDays(days)), ..none() })
        }),
    ]
}

fn value() -> impl Strategy<Value = Condition> {
    prop_oneof![
        Just(Condition::Trait(ValueTest {
            name: "vip".to_owned(),
            is: Some(Value::Boolean(true)),
            ..ValueTest::default()
        })),
        (0..5_u16).prop_map(|visits| Condition::Trait(ValueTest {
            name: "visits".to_owned(),
            above: Some(f64::from(visits)),
            ..ValueTest::default()
        })),
        any::<bool>().prop_map(|exists| born(ValueTest { exists: Some(exists), ..ValueTest::default() })),
    ]
}

fn rfm() -> impl Strategy<Value = Condition> {
    let scores = || {
        prop::option::of((1..=5_u8, 1..=5_u8)).prop_map(|scores| {
            scores.map(|(one, other)| Scores { at_least: one.min(other), at_most: one.max(other) })
        })
    };
    (scores(), scores(), scores())
        .prop_map(|(recency, frequency, money)| Condition::Rfm(RfmTest { recency, frequency, money }))
}

fn predicted() -> impl Strategy<Value = Condition> {
    let bounds = |most: f64| {
        (prop::option::of(0.0..most), prop::option::of(0.0..most))
            .prop_map(|(at_least, below)| Some(Bounds { at_least, below }))
    };
    let none = PredictedTest::default();
    prop_oneof![
        bounds(1.0).prop_map(move |alive| Condition::Predicted(PredictedTest { alive, ..none })),
        bounds(3.0).prop_map(move |purchases| {
            Condition::Predicted(PredictedTest { purchases, within_days: Some(90), ..none })
        }),
        bounds(9_000.0).prop_map(move |yen| {
            Condition::Predicted(PredictedTest { yen, within_days: Some(90), ..none })
        }),
    ]
}

pub fn minute(minute: i64) -> Timestamp {
    at(START).plus(minute * 60)
}

pub fn nobody() -> Customer {
    Customer::new(CustomerId::parse("1").unwrap())
}

fn properties(happened: &Happened) -> Properties {
    let page = happened.page.map(|page| ("page", PAGES[page].to_owned()));
    let instant = |due| jiff::Timestamp::from_second(minute(due).seconds()).unwrap().to_string();
    let due = happened.due.map(|due| ("due", instant(due)));
    page.into_iter().chain(due).map(|(name, text)| (name.to_owned(), Value::Text(text))).collect()
}

/// All that is known, as inputs.
pub fn inputs(facts: &Facts) -> Vec<Input> {
    let mut traits = BTreeMap::from([
        ("vip".to_owned(), Value::Boolean(facts.vip)),
        ("visits".to_owned(), Value::Text(facts.visits.to_string())),
        ("phone".to_owned(), Value::Text("+819012345678".to_owned())),
        ("time_zone".to_owned(), Value::Text(ZONES[facts.zone].to_owned())),
    ]);
    if let Some(born) = facts.born {
        traits.insert("birthday".to_owned(), Value::Text(born.to_string()));
    }
    let word = |given| ConsentSaid::new(Channel::Sms, Purpose::Marketing, given);
    let consents = facts.consent.map(word).into_iter().collect();
    let identify = Input::Identify { traits, consents, at: minute(0) };
    let track = |(index, happened): (usize, &Happened)| Input::Track {
        event: Event {
            id: EventId::of(&index.to_string()),
            name: NAMES[happened.name].to_owned(),
            at: minute(happened.minute),
            yen: Yen(happened.yen),
            properties: properties(happened),
        },
    };
    std::iter::once(identify).chain(facts.events.iter().enumerate().map(track)).collect()
}
