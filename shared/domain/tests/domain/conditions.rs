//! Conditions against an oracle over the raw list of events, minute by minute.

use std::collections::BTreeMap;

use domain::condition::{Condition, Happened, NotHappened, Subject, TraitTest};
use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::due::DueReason;
use domain::event::{Event, EventId};
use domain::input::Input;
use domain::money::Yen;
use domain::names::{CustomerId, SegmentName};
use domain::step::step;
use domain::time::{DAY, Timestamp};
use proptest::prelude::*;

use crate::{at, cases, definitions};

const NAMES: [&str; 2] = ["Order Completed", "Page Viewed"];
const START: &str = "2026-03-27T00:00:00Z";
const MINUTES: i64 = 5 * 1440;

/// What is known of a person, as the shop would write it down: when what happened, from the start in minutes.
#[derive(Clone, Debug)]
struct Facts {
    events: Vec<(usize, i64)>,
    vip: bool,
    consent: bool,
}

fn facts() -> impl Strategy<Value = Facts> {
    let events = prop::collection::vec((0..NAMES.len(), -4 * 1440..MINUTES), 0..10);
    (events, any::<bool>(), any::<bool>()).prop_map(|(events, vip, consent)| Facts { events, vip, consent })
}

fn condition() -> impl Strategy<Value = Condition> {
    let event =
        (0..NAMES.len(), 0..4_u32, prop::option::of(1..4_u32)).prop_map(|(name, at_least, within_days)| {
            Condition::Event(Happened { name: NAMES[name].to_owned(), at_least, within_days })
        });
    let none = (0..NAMES.len(), 1..4_u32).prop_map(|(name, for_days)| {
        Condition::NoEvent(NotHappened { name: NAMES[name].to_owned(), for_days })
    });
    let leaf = prop_oneof![
        4 => event,
        4 => none,
        1 => Just(Condition::Trait(TraitTest { name: "vip".to_owned(), is: Some(Value::Boolean(true)) })),
        1 => Just(Condition::Reachable(Channel::Sms)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::Any),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// Whether the condition holds `minute` minutes from the start, straight from the facts.
fn oracle(condition: &Condition, facts: &Facts, minute: i64) -> bool {
    let times = |name: &str, days: Option<u32>| {
        let within = |at: i64| days.is_none_or(|days| minute - at < i64::from(days) * 1440);
        facts
            .events
            .iter()
            .filter(|(event, at)| NAMES[*event] == name && *at <= minute && within(*at))
            .count()
    };
    match condition {
        Condition::All(parts) => parts.iter().all(|part| oracle(part, facts, minute)),
        Condition::Any(parts) => parts.iter().any(|part| oracle(part, facts, minute)),
        Condition::Not(part) => !oracle(part, facts, minute),
        Condition::Event(test) => {
            times(&test.name, test.within_days) >= usize::try_from(test.at_least).unwrap()
        }
        Condition::NoEvent(test) => times(&test.name, Some(test.for_days)) == 0,
        Condition::Trait(_) => facts.vip,
        Condition::Reachable(_) => facts.consent,
        Condition::InAudience(_)
        | Condition::InSegment(_)
        | Condition::Sent(_)
        | Condition::Delivered(_)
        | Condition::Clicked(_)
        | Condition::Responded(_) => panic!("not generated"),
    }
}

fn minute(minute: i64) -> Timestamp {
    at(START).plus(minute * 60)
}

fn inputs(facts: &Facts) -> Vec<Input> {
    let traits = BTreeMap::from([
        ("vip".to_owned(), Value::Boolean(facts.vip)),
        ("phone".to_owned(), Value::Text("+819012345678".to_owned())),
    ]);
    let word = ConsentSaid { channel: Channel::Sms, purpose: Purpose::Marketing, given: facts.consent };
    let identify = Input::Identify { traits, consents: vec![word], at: minute(0) };
    let track = |(index, (name, at)): (usize, &(usize, i64))| Input::Track {
        event: Event {
            id: EventId::of(&index.to_string()),
            name: NAMES[*name].to_owned(),
            at: minute(*at),
            yen: Yen(1),
        },
    };
    std::iter::once(identify).chain(facts.events.iter().enumerate().map(track)).collect()
}

fn nobody() -> Customer {
    Customer::new(CustomerId::parse("1").unwrap())
}

/// The minutes at which the oracle's answer differs from the minute before.
fn changes(condition: &Condition, facts: &Facts) -> Vec<i64> {
    (1..MINUTES).filter(|now| oracle(condition, facts, *now) != oracle(condition, facts, now - 1)).collect()
}

proptest! {
    #![proptest_config(cases(192))]

    /// Invariant 7 for conditions: the answer is right at every minute, `next` is never too late, and jumping along
    /// `flips` lands on every change and nothing else.
    #[test]
    fn the_next_change_is_known(condition in condition(), facts in facts()) {
        let none = definitions(&[]);
        let customer = step(&nobody(), &inputs(&facts), minute(0), &none).customer;
        let subject = Subject { customer: &customer, enrollment: None };
        let mut steady_until = None;
        for now in 0..MINUTES {
            let verdict = condition.evaluate(subject, minute(now));
            prop_assert_eq!(verdict.holds, oracle(&condition, &facts, now), "minute {}", now);
            let changed = now > 0 && oracle(&condition, &facts, now - 1) != verdict.holds;
            prop_assert!(!changed || steady_until.is_some_and(|at| at <= minute(now)), "a change at {} came unannounced", now);
            prop_assert!(verdict.next.is_none_or(|next| next > minute(now)));
            steady_until = verdict.next;
        }
        let mut jumps = Vec::new();
        let mut now = minute(0);
        while let Some(next) = condition.flips(subject, now).filter(|next| *next < minute(MINUTES)) {
            jumps.push(next.since(minute(0)) / 60);
            now = next;
        }
        prop_assert_eq!(jumps, changes(&condition, &facts));
    }

    /// Budget: when only time passes, a customer is looked at once per change of a membership, also when segments ask
    /// about each other; and the memberships are the oracle's.
    #[test]
    fn a_look_per_change(one in condition(), two in condition(), facts in facts()) {
        let both = Condition::All(vec![
            Condition::Not(Box::new(Condition::InSegment(SegmentName::parse("one").unwrap()))),
            two.clone(),
        ]);
        let yaml = |name: &str, when: &Condition| serde_json::json!({"segment": {"name": name, "when": when}}).to_string();
        // Asked about in the order of names and against it: `a` is looked at before `one`, `z` after it.
        let definitions = definitions(&[yaml("one", &one), yaml("a", &both), yaml("z", &both)]);
        let mut stepped = step(&nobody(), &inputs(&facts), minute(0), &definitions);
        let (mut looks, mut real) = (0, 0);
        let mut changed_at = Vec::new();
        while let Some(due) = stepped.next.clone().filter(|due| due.at < minute(MINUTES)) {
            prop_assert!(matches!(due.why, DueReason::Segment(_)));
            let before = stepped.customer.segments.clone();
            stepped = step(&stepped.customer, &[Input::Timer], due.at, &definitions);
            looks += 1;
            real += u32::from(stepped.customer.segments != before);
            changed_at.push(due.at.since(minute(0)) / 60);
        }
        prop_assert_eq!(looks, real);
        let naive = |now: i64| {
            let one = oracle(&one, &facts, now);
            (one, !one && oracle(&two, &facts, now))
        };
        let expected: Vec<i64> = (1..MINUTES).filter(|now| naive(*now) != naive(now - 1)).collect();
        prop_assert_eq!(changed_at, expected);
        let member = |name: &str| stepped.customer.is_member(&SegmentName::parse(name).unwrap());
        let last = naive(MINUTES - 1);
        prop_assert_eq!((member("one"), member("a"), member("z")), (last.0, last.1, last.1));
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
    let bought = Facts { events: vec![(0, 5)], vip: false, consent: false };
    let stepped = step(&stepped.customer, &inputs(&bought), minute(5), &definitions);
    let segments: Vec<(&str, bool, i64)> = stepped
        .customer
        .segments
        .iter()
        .map(|(name, membership)| (name.as_str(), membership.member, membership.since.since(minute(0))))
        .collect();
    assert_eq!(segments, [("other", false, 300), ("regular", true, 300)]);
}

/// 250 events are kept as 100 and a count; what is asked within days and since when stays right.
#[test]
fn long_histories_stay_right() {
    let mut customer = nobody();
    for n in 0..250_i64 {
        let event =
            Event { id: EventId::of(&n.to_string()), name: NAMES[0].to_owned(), at: minute(n), yen: Yen(2) };
        customer.track(&event);
    }
    let subject = Subject { customer: &customer, enrollment: None };
    let count = |at_least, within_days| {
        Condition::Event(Happened { name: NAMES[0].to_owned(), at_least, within_days })
    };
    let lapsed = Condition::NoEvent(NotHappened { name: NAMES[0].to_owned(), for_days: 3 });
    assert!(count(250, None).evaluate(subject, minute(300)).holds);
    assert!(!count(251, None).evaluate(subject, minute(300)).holds);
    assert!(count(100, Some(1)).evaluate(subject, minute(300)).holds);
    assert_eq!(lapsed.flips(subject, minute(300)), Some(minute(249).plus(3 * DAY)));
    assert_eq!(customer.events[NAMES[0]].total, Yen(500));
}
