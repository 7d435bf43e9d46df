//! Conditions against an oracle over the raw facts, minute by minute.

mod dates;
mod facts;
mod oracle;

use std::sync::Arc;

use domain::condition::{Condition, Subject};
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::due::DueReason;
use domain::event::{Event, EventId, Properties};
use domain::input::Input;
use domain::money::Yen;
use domain::names::{CustomerId, ListName, SegmentName};
use domain::population::{BgNbd, GammaGamma, Population, Quintiles};
use domain::step::step;
use domain::time::{DAY, Timestamp};
use proptest::prelude::*;

use self::facts::{Facts, NAMES, busy, condition, facts, inputs, minute, nobody, often};
use self::oracle::oracle;
use crate::{cases, definitions};

const DAYS: i64 = 5;
const YEAR: i64 = 366;

/// Boundaries that random people pass within `days`; the parameters are those of CDNOW, in days.
fn population(days: i64) -> Population {
    let fifth = days * DAY / 5;
    Population {
        rfm: Some(Quintiles {
            recency: [1, 2, 3, 4].map(|n| n * fifth / 3 - 1),
            frequency: [1, 1, 2, 3],
            money: [1_000, 3_000, 3_000, 9_000].map(Yen),
        }),
        purchases: Some(BgNbd { r: 0.243, alpha: 30.9, a: 0.793, b: 2.426 }),
        value: Some(GammaGamma { p: 6.25, q: 3.74, gamma: 1544.0 }),
        as_of: minute(0),
        customers: 1_000,
        purchases_fit: None,
        value_fit: None,
    }
}

/// Definitions of these segments, the population, and the list whom a person may be on.
fn world(facts: &Facts, days: i64, segments: &[String]) -> Definitions {
    let mut all = vec!["list: { name: invited, ids: [\"1\"] }".to_owned()];
    all.extend_from_slice(segments);
    let mut definitions = definitions(&all);
    definitions.population = Some(population(days));
    if !facts.listed {
        definitions.lists.insert(ListName::parse("invited").unwrap(), Arc::default());
    }
    definitions
}

/// The minutes after the first at which the oracle's answer differs from the minute before.
fn changes(days: i64, holds: impl Fn(i64) -> bool) -> Vec<i64> {
    let mut held = holds(0);
    let mut changes = Vec::new();
    for now in 1..days * 1440 {
        let holds = holds(now);
        if holds != held {
            changes.push(now);
        }
        held = holds;
    }
    changes
}

/// The first minute that is not before an instant.
fn minute_of(at: Timestamp) -> i64 {
    (at.since(minute(0)) + 59).div_euclid(60)
}

/// Invariant 7 for conditions: the answer is right at every minute, `next` is never too late, and jumping along `flips`
/// lands on every change, to the second, and on nothing else.
fn known_to_the_minute(condition: &Condition, facts: &Facts, days: i64) -> Result<(), TestCaseError> {
    let definitions = world(facts, days, &[]);
    let population = population(days);
    let customer = step(&nobody(), &inputs(facts), minute(0), &definitions).customer;
    let subject = Subject { customer: &customer, enrollment: None, definitions: &definitions };
    let mut steady_until = None;
    let mut held = None;
    let expected = changes(days, |now| oracle(condition, facts, &population, now));
    for now in 0..days * 1440 {
        let verdict = condition.evaluate(subject, minute(now));
        let changed = held.is_some_and(|held| held != verdict.holds);
        prop_assert_eq!(changed, expected.binary_search(&now).is_ok(), "minute {}", now);
        prop_assert!(
            !changed || steady_until.is_some_and(|at| at <= minute(now)),
            "a change at {} came unannounced",
            now
        );
        prop_assert!(verdict.next.is_none_or(|next| next > minute(now)));
        held = Some(verdict.holds);
        steady_until = verdict.next;
    }
    prop_assert_eq!(condition.evaluate(subject, minute(0)).holds, oracle(condition, facts, &population, 0));
    let mut jumps = Vec::new();
    let mut now = minute(0);
    while let Some(next) = condition.flips(subject, now).filter(|next| minute_of(*next) < days * 1440) {
        let holds = |at| condition.evaluate(subject, at).holds;
        prop_assert_ne!(holds(next.plus(-1)), holds(next), "{} is not the second", next);
        // Two changes within a minute are none from one minute to the next.
        if jumps.last() == Some(&minute_of(next)) {
            jumps.pop();
        } else {
            jumps.push(minute_of(next));
        }
        now = next;
    }
    prop_assert_eq!(jumps, expected);
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn the_next_change_is_known(condition in condition(3), facts in facts(DAYS * 1440)) {
        known_to_the_minute(&condition, &facts, DAYS)?;
    }

    /// As much as is kept one by one, and bounds about that.
    #[test]
    fn the_next_change_is_known_of_who_did_much(condition in often(5), facts in busy()) {
        known_to_the_minute(&condition, &facts, DAYS)?;
    }

    /// Budget: when only time passes, a customer is looked at once per change of a membership, also when segments ask
    /// about each other; and the memberships are the oracle's.
    #[test]
    fn a_look_per_change(one in condition(3), two in condition(3), facts in facts(DAYS * 1440)) {
        let both = Condition::All(vec![
            Condition::Not(Box::new(Condition::InSegment(SegmentName::parse("one").unwrap()))),
            two.clone(),
        ]);
        let yaml = |name: &str, when: &Condition| serde_json::json!({"segment": {"name": name, "when": when}}).to_string();
        // Asked about in the order of names and against it: `a` is looked at before `one`, `z` after it.
        let segments = [yaml("one", &one), yaml("a", &both), yaml("z", &both)];
        let definitions = world(&facts, DAYS, &segments);
        let mut stepped = step(&nobody(), &inputs(&facts), minute(0), &definitions);
        let (mut looks, mut real) = (0, 0);
        let mut changed_at = Vec::new();
        while let Some(due) = stepped.next.clone().filter(|due| minute_of(due.at) < DAYS * 1440) {
            prop_assert!(matches!(due.why, DueReason::Segment(_)));
            let before = stepped.customer.segments.clone();
            stepped = step(&stepped.customer, &[Input::Timer], due.at, &definitions);
            looks += 1;
            real += u32::from(stepped.customer.segments != before);
            changed_at.push(minute_of(due.at));
        }
        // 1.1 is the budget; none is spent in vain here.
        prop_assert_eq!(looks, real);
        let population = population(DAYS);
        let naive = |now: i64| {
            let one = oracle(&one, &facts, &population, now);
            (one, !one && oracle(&two, &facts, &population, now))
        };
        let expected: Vec<i64> = (1..DAYS * 1440).filter(|now| naive(*now) != naive(now - 1)).collect();
        changed_at.dedup();
        prop_assert!(expected.iter().all(|at| changed_at.contains(at)), "{:?} {:?}", changed_at, expected);
        let member = |name: &str| stepped.customer.is_member(&SegmentName::parse(name).unwrap());
        let last = naive(DAYS * 1440 - 1);
        prop_assert_eq!((member("one"), member("a"), member("z")), (last.0, last.1, last.1));
    }
}

proptest! {
    #![proptest_config(cases(6))]

    /// The same over a year with its birthdays and both changes of daylight saving.
    #[test]
    fn the_next_change_is_known_for_a_year(condition in condition(200), facts in facts(YEAR * 1440)) {
        known_to_the_minute(&condition, &facts, YEAR)?;
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    #[ignore = "long: three hundred years, minute by minute"]
    fn the_next_change_is_known_for_many_years(condition in condition(200), facts in facts(YEAR * 1440)) {
        known_to_the_minute(&condition, &facts, YEAR)?;
    }
}

/// A segment that is true for no instant is not entered on the way to the next state of affairs.
#[test]
fn segments_change_at_once() {
    let definitions = definitions(&[
        "segment: { name: other, when: { not: { in_segment: regular } } }".to_owned(),
        "segment: { name: regular, when: { event: { name: Order Completed } } }".to_owned(),
        "segment: { name: a-gap, when: { all: [{ event: { name: Order Completed } }, { in_segment: other }] } }".to_owned(),
    ]);
    let stepped = step(&nobody(), &[], minute(0), &definitions);
    let bought = Input::Track { event: order(0, minute(5), 0) };
    let stepped = step(&stepped.customer, &[bought], minute(5), &definitions);
    let segments: Vec<(&str, bool, i64)> = stepped
        .customer
        .segments
        .iter()
        .map(|(name, membership)| (name.as_str(), membership.member, membership.since.since(minute(0))))
        .collect();
    assert_eq!(segments, [("other", false, 300), ("regular", true, 300)]);
}

fn order(n: i64, at: Timestamp, yen: i64) -> Event {
    let id = EventId::of(&n.to_string());
    Event { id, name: NAMES[0].to_owned(), at, yen: Yen(yen), properties: Properties::new() }
}

fn yaml(condition: &str) -> Condition {
    let read = domain::definition::parse(&format!("segment: {{ name: it, when: {condition} }}")).unwrap();
    let domain::definition::Definition::Segment(source) = read else { panic!("no segment") };
    source.when
}

/// 250 events are kept as 100 and a count; what is asked within days and since when stays right, and so do sums of all.
#[test]
fn long_histories_stay_right() {
    let definitions = definitions(&[]);
    let mut customer = nobody();
    for n in 0..250_i64 {
        customer.track(&order(n, minute(n), 2));
    }
    let subject = Subject { customer: &customer, enrollment: None, definitions: &definitions };
    let holds = |condition: &str| yaml(condition).evaluate(subject, minute(300)).holds;
    assert!(holds("{ event: { name: Order Completed, at_least: 250 } }"));
    assert!(!holds("{ event: { name: Order Completed, at_least: 251 } }"));
    assert!(holds("{ event: { name: Order Completed, at_least: 100, within_days: 1 } }"));
    assert!(holds("{ event: { name: Order Completed, sum: yen, at_least: 500, at_most: 500 } }"));
    assert!(holds("{ event: { name: Order Completed, average: yen, at_least: 2, at_most: 2 } }"));
    assert!(holds(
        "{ event: { name: Order Completed, last: { within_days: 1 }, first: { within_days: 1 } } }"
    ));
    let lapsed = yaml("{ no_event: { name: Order Completed, for_days: 3 } }");
    assert_eq!(lapsed.flips(subject, minute(300)), Some(minute(249).plus(3 * DAY)));
    assert_eq!(customer.events[NAMES[0]].total, Yen(500));
}

/// The instant in a property is the day it is where the customer lives, whatever is asked of the event.
#[test]
fn a_property_is_of_the_customers_day() {
    let definitions = definitions(&[]);
    let mut customer = nobody();
    // 1 January in Japan, 31 December in UTC.
    let due = Value::Text("2027-12-31T15:00:00Z".to_owned());
    let properties = Properties::from([("due".to_owned(), due)]);
    customer.track(&Event { properties, ..order(1, minute(0), 0) });
    let subject = Subject { customer: &customer, enrollment: None, definitions: &definitions };
    for (day, holds) in [("after: 2027-12-31", true), ("before: 2028-01-01", false)] {
        for asks in ["at_least: 1", "first: { within_days: 2 }", "last: { within_days: 2 }"] {
            let condition =
                format!("{{ event: {{ name: Order Completed, {asks}, where: [{{ name: due, {day} }}] }} }}");
            assert_eq!(yaml(&condition).evaluate(subject, minute(1)).holds, holds, "{condition}");
        }
    }
}

/// Before anything was learnt of all customers, nobody has scores and nothing is predicted.
#[test]
fn nothing_is_said_of_a_population_that_is_not_known() {
    let definitions = definitions(&[]);
    let mut customer = Customer::new(CustomerId::parse("1").unwrap());
    customer.track(&order(1, minute(0), 5_000));
    let subject = Subject { customer: &customer, enrollment: None, definitions: &definitions };
    for condition in ["{ rfm: { recency: { at_least: 1 } } }", "{ predicted: { alive: { at_least: 0 } } }"] {
        let verdict = yaml(condition).evaluate(subject, minute(1));
        assert_eq!((verdict.holds, verdict.next), (false, None), "{condition}");
    }
}
