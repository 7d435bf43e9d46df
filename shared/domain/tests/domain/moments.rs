//! Single moments that random worlds seldom come to.

use std::collections::BTreeMap;
use std::slice;

use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::due::{Due, DueReason};
use domain::enrollment::{EndReason, Enrollment, State, Status};
use domain::event::{Event, EventId, Properties};
use domain::input::{Effect, Input, Outcome};
use domain::message::HoldReason;
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName, SegmentName};
use domain::step::{Stepped, step};
use domain::time::{DAY, Timestamp};

use crate::{at, definitions};

const FRESH: &str = "segment: { name: fresh, when: { event: { name: Signed Up } } }";

fn noon() -> Timestamp {
    at("2026-03-27T12:00:00+09:00")
}

fn track(name: &str, at: Timestamp) -> Input {
    Input::Track {
        event: Event {
            id: EventId::of(&format!("{name} {at}")),
            name: name.to_owned(),
            at,
            yen: Yen(1),
            properties: Properties::new(),
        },
    }
}

/// A person who can be reached and has just signed up.
fn signs_up(definitions: &Definitions, now: Timestamp) -> Stepped {
    let traits = BTreeMap::from([("phone".to_owned(), Value::Text("+819012345678".to_owned()))]);
    let consents = vec![ConsentSaid::new(Channel::Sms, Purpose::Marketing, true)];
    let nobody = Customer::new(CustomerId::parse("1").unwrap());
    let inputs = [Input::Identify { traits, consents, at: now }, track("Signed Up", now)];
    step(&nobody, &inputs, now, definitions)
}

fn sends(stepped: &Stepped) -> usize {
    stepped.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count()
}

fn states(stepped: &Stepped) -> Vec<&State> {
    stepped.customer.enrollments.iter().map(|enrollment| &enrollment.state).collect()
}

/// Nothing but time makes the exit condition hold: the customer is due at that instant.
#[test]
fn an_exit_that_time_brings() {
    let journey = "journey: { name: j, purpose: transactional, enter: { segment: fresh }, reentry: never, \
                   exit: { not: { event: { name: Signed Up, within_days: 2 } } }, steps: [{ wait: 10d }] }";
    let definitions = definitions(&[FRESH, journey].map(ToOwned::to_owned));
    let stepped = signs_up(&definitions, noon());
    let exit = noon().plus(2 * DAY);
    assert_eq!(stepped.next, Some(Due { at: exit, why: DueReason::Step(JourneyName::parse("j").unwrap()) }));
    let ended = step(&stepped.customer, &[Input::Timer], exit, &definitions);
    assert_eq!(states(&ended), [&State::Ended { at: exit, why: EndReason::Exit }]);
    assert_eq!(ended.next, None);
}

/// A message that its sender puts back waits for its instant, unwatched; what comes of it after all still counts.
#[test]
fn a_message_is_put_back() {
    let journey = "journey: { name: j, purpose: marketing, enter: { segment: fresh }, reentry: never, \
                   steps: [{ sms: { name: m, text: '{{ sender }} STOP' } }, { wait: 1d }] }";
    let definitions = definitions(&[FRESH, journey].map(ToOwned::to_owned));
    let handed = signs_up(&definitions, noon());
    assert_eq!(sends(&handed), 1);
    let code = handed.customer.enrollments[0].messages().next().unwrap().code.clone();
    let (until, why) = (noon().plus(21 * 3_600), HoldReason::QuietHours);
    let held = Input::Outcome { code: code.clone(), outcome: Outcome::Held { until, why } };
    let back = step(&handed.customer, &[held], noon().plus(60), &definitions);
    assert_eq!(states(&back), [&State::Holding { step: 0, until, why }]);
    assert_eq!(back.next.as_ref().map(|due| due.at), Some(until));
    assert_eq!(sends(&step(&back.customer, &[Input::Timer], until, &definitions)), 1);
    let receipt = Input::Receipt { code, status: Status::Delivered, parts: None, yen: None };
    let now = noon().plus(120);
    let left = step(&back.customer, &[receipt], now, &definitions);
    assert_eq!(states(&left), [&State::Waiting { step: 1, until: now.plus(DAY) }]);
}

/// What its sender held may leave by the time this is heard: it is handed over once more in the same step, whether it is
/// heard once, twice or long after. What was settled meanwhile stays so.
#[test]
fn a_hold_that_is_over_when_it_is_heard() {
    let journey = "journey: { name: j, purpose: marketing, enter: { segment: fresh }, reentry: never, \
                   steps: [{ sms: { name: m, text: '{{ sender }} STOP' } }, { wait: 1d }] }";
    let definitions = definitions(&[FRESH, journey].map(ToOwned::to_owned));
    let handed = signs_up(&definitions, noon()).customer;
    let hears =
        |customer: &Customer, input: &Input, now| step(customer, slice::from_ref(input), now, &definitions);
    let code = handed.enrollments[0].messages().next().unwrap().code.clone();
    let (until, why) = (noon().plus(30), HoldReason::FrequencyCap);
    let held = Input::Outcome { code: code.clone(), outcome: Outcome::Held { until, why } };
    let settled = Outcome::Settled { status: Status::Accepted, parts: None, yen: None };
    let accepted = Input::Outcome { code, outcome: settled };
    for (now, inputs) in [(until, vec![held.clone()]), (noon().plus(60), vec![held.clone(), held.clone()])] {
        let again = step(&handed, &inputs, now, &definitions);
        assert_eq!((sends(&again), states(&again)), (1, vec![&State::Sending { step: 0 }]));
        let message = again.customer.enrollments[0].message(0).unwrap();
        assert_eq!((message.at, &message.status, message.asked), (now, &Status::Pending, 0));
        for later in [now, now.plus(60), now.plus(600)] {
            let twice = hears(&again.customer, &held, later);
            assert_eq!((twice.changed, sends(&twice)), (false, 0));
        }
        let left = hears(&again.customer, &accepted, now.plus(5)).customer;
        assert_eq!(hears(&left, &held, now.plus(6)).customer, left);
    }
    let now = noon().plus(60);
    let both = step(&handed, &[held.clone(), accepted.clone()], now, &definitions);
    assert_eq!(both, step(&handed, &[accepted, held], now, &definitions));
    assert_eq!((sends(&both), states(&both)), (0, vec![&State::Waiting { step: 1, until: now.plus(DAY) }]));
}

/// Two journeys reach an SMS in the same instant, and one is allowed a day.
#[test]
fn a_cap_counts_what_is_on_its_way() {
    let journey = |name: &str| {
        format!(
            "journey: {{ name: {name}, purpose: marketing, enter: {{ segment: fresh }}, reentry: never, \
             steps: [{{ sms: {{ name: m, text: '{{{{ sender }}}} STOP' }} }}] }}"
        )
    };
    let shop =
        "shop: { time_zone: Asia/Tokyo, policy: { caps: [{ channel: sms, at_most: 1, within_days: 1 }] } }";
    let definitions = definitions(&[FRESH.to_owned(), journey("one"), journey("two"), shop.to_owned()]);
    let stepped = signs_up(&definitions, noon());
    let until = noon().plus(DAY);
    let held = State::Holding { step: 0, until, why: HoldReason::FrequencyCap };
    assert_eq!((sends(&stepped), states(&stepped)), (1, vec![&State::Sending { step: 0 }, &held]));
}

/// The event that begins a journey is not its goal, though it falls into the second in which the journey begins; an
/// event that comes after the beginning is, in that second too.
#[test]
fn the_event_that_begins_is_not_the_goal() {
    let journey = "journey: { name: j, purpose: transactional, enter: { segment: fresh }, reentry: never, \
                   goal: GOAL, steps: [{ wait: 1d }] }";
    let again = definitions(&[FRESH.to_owned(), journey.replace("GOAL", "Signed Up")]);
    assert!(signs_up(&again, noon()).customer.enrollments[0].is_live());
    let other = definitions(&[FRESH.to_owned(), journey.replace("GOAL", "Order Completed")]);
    let begun = signs_up(&other, noon());
    let bought = step(&begun.customer, &[track("Order Completed", noon())], noon(), &other);
    assert_eq!(states(&bought), [&State::Ended { at: noon(), why: EndReason::Goal }]);
}

/// A wait for an event does not take the one that was known when it began.
#[test]
fn listening_begins_afterwards() {
    let journey = "journey: { name: j, purpose: transactional, enter: { segment: fresh }, reentry: never, \
                   steps: [{ wait_for: { event: Signed Up, within: 1d } }] }";
    let definitions = definitions(&[FRESH, journey].map(ToOwned::to_owned));
    let stepped = signs_up(&definitions, noon());
    assert!(stepped.customer.enrollments.iter().all(Enrollment::is_live));
    assert_eq!(stepped.next.map(|due| due.at), Some(noon().plus(DAY)));
}

/// Segments that ask about each other change in one go: one that held before and holds after was never left, whatever
/// the order in which they are looked at.
#[test]
fn a_membership_that_stays_was_never_left() {
    let definitions = definitions(
        &[
            "segment: { name: a-known, when: { any: [{ in_segment: b-silent }, { in_segment: c-active }] } }",
            "segment: { name: b-silent, when: { all: [{ event: { name: Signed Up } }, { not: { in_segment: c-active } }] } }",
            "segment: { name: c-active, when: { event: { name: Page Viewed, within_days: 1 } } }",
            "segment: { name: z-known, when: { any: [{ in_segment: b-silent }, { in_segment: c-active }] } }",
        ]
        .map(ToOwned::to_owned),
    );
    let mut customer = signs_up(&definitions, noon()).customer;
    let known = |customer: &Customer| {
        ["a-known", "z-known"].map(|name| customer.segments[&SegmentName::parse(name).unwrap()])
    };
    let since = known(&customer);
    assert!(since.iter().all(|membership| membership.member));
    let later = noon().plus(3_600);
    let viewed = step(&customer, &[track("Page Viewed", later)], later, &definitions);
    assert_eq!(known(&viewed.customer), since);
    customer = step(&viewed.customer, &[Input::Timer], later.plus(DAY), &definitions).customer;
    assert_eq!(known(&customer), since);
    assert_eq!(customer.segments[&SegmentName::parse("b-silent").unwrap()].since, later.plus(DAY));
}

/// Ended enrollments that still count against a cap are not forgotten, however many there are.
#[test]
fn what_counts_against_a_cap_is_kept() {
    let journey = |n: usize| {
        let step =
            if n == 0 { "sms: { name: m, text: '{{ sender }} STOP' }" } else { "add_to_audience: seen" };
        format!(
            "journey: {{ name: j{n}, purpose: marketing, enter: {{ segment: s{n} }}, reentry: never, steps: [{{ {step} }}] }}"
        )
    };
    let segment = |n: usize| format!("segment: {{ name: s{n}, when: {{ event: {{ name: Event {n} }} }} }}");
    let shop =
        "shop: { time_zone: Asia/Tokyo, policy: { caps: [{ channel: sms, at_most: 1, within_days: 30 }] } }";
    let yamls: Vec<String> =
        (0..10).map(journey).chain((0..10).map(segment)).chain([shop.to_owned()]).collect();
    let definitions = definitions(&yamls);
    let mut customer = signs_up(&definitions, noon()).customer;
    for n in 0..10_i64 {
        let now = noon().plus(n * 4 * DAY);
        customer = step(&customer, &[track(&format!("Event {n}"), now)], now, &definitions).customer;
        let outcomes: Vec<Input> = customer
            .enrollments
            .iter()
            .flat_map(Enrollment::messages)
            .map(|message| {
                let status = Status::Accepted;
                Input::Outcome {
                    code: message.code.clone(),
                    outcome: Outcome::Settled { status, parts: None, yen: None },
                }
            })
            .collect();
        customer = step(&customer, &outcomes, now.plus(60), &definitions).customer;
        let kept = customer.enrollments.iter().any(|enrollment| enrollment.journey.as_str() == "j0");
        assert_eq!(kept, n * 4 < 30, "day {}", n * 4);
    }
    assert_eq!(customer.past.len() + customer.enrollments.len(), 10);
}
