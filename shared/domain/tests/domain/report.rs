//! The campaign that everything began with, from customers to the report.

mod figures;

use std::collections::BTreeMap;

use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::enrollment::Status;
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::experiment::Verdict;
use domain::input::{Input, Outcome, Visitor};
use domain::ledger::Row;
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName};
use domain::report::{Entry, Report, fold};
use domain::step::step;
use domain::time::Timestamp;

use crate::{at, definitions};

const CAMPAIGN: [&str; 2] = [
    "segment: { name: lapsed, when: { all: [{ event: { name: Order Completed } }, { no_event: { name: Order Completed, for_days: 180 } }] } }",
    "journey: { name: campaign, purpose: marketing, enter: { segment: lapsed }, reentry: never, goal: Order Completed, steps: [\
     { sms: { name: hello, text: '{{ sender }} {{ links.shop }} 停止はSTOP返信', links: { shop: https://shop.example.jp } } }, { wait: 30d }] }",
];

/// What becomes of one customer of the campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Person {
    Silent,
    Clicks,
    Buys,
    Refused,
    NeverAgreed,
    Unheard,
}

fn order(id: &str, at: Timestamp) -> Input {
    Input::Track {
        event: Event {
            id: EventId::of(id),
            name: ORDER_COMPLETED.to_owned(),
            at,
            yen: Yen(6_000),
            properties: Properties::new(),
        },
    }
}

/// The rows of a customer, by way of everything that reaches them.
fn rows(number: usize, person: Person, definitions: &Definitions) -> Vec<Entry> {
    let bought = at("1998-01-05T12:00:00+09:00");
    let phone = Value::Text(format!("+8190{number:08}"));
    let consent = ConsentSaid::new(Channel::Sms, Purpose::Marketing, person != Person::NeverAgreed);
    let identify = Input::Identify {
        traits: BTreeMap::from([("phone".to_owned(), phone)]),
        consents: vec![consent],
        at: bought,
    };
    let customer = Customer::new(CustomerId::parse(&number.to_string()).unwrap());
    let known = step(&customer, &[identify, order("first", bought)], bought, definitions);
    let lapsed = known.next.unwrap().at;
    let mut customer = step(&known.customer, &[Input::Timer], lapsed, definitions).customer;
    let code = customer.enrollments[0].messages().next().unwrap().code.clone();
    let settled = |status: Status| {
        let cost = status.left().then_some((1, Yen(9)));
        let (parts, yen) = (cost.map(|cost| cost.0), cost.map(|cost| cost.1));
        Input::Outcome { code: code.clone(), outcome: Outcome::Settled { status, parts, yen } }
    };
    let click = Input::Click { code: code.clone(), link: 0, by: Visitor::Person, at: lapsed.plus(900) };
    let inputs = match person {
        Person::Silent => vec![settled(Status::Accepted)],
        Person::Clicks => vec![settled(Status::Accepted), click],
        Person::Buys => vec![settled(Status::Accepted), click, order("second", lapsed.plus(1_800))],
        Person::Refused => vec![settled(Status::Failed("no such number".to_owned()))],
        Person::NeverAgreed | Person::Unheard => Vec::new(),
    };
    for (index, input) in (1..).zip(inputs) {
        customer = step(&customer, &[input], lapsed.plus(900 * index), definitions).customer;
    }
    let mut stepped = step(&customer, &[Input::Timer], lapsed.plus(3_600), definitions);
    while let Some(due) = stepped.next {
        stepped = step(&stepped.customer, &[Input::Timer], due.at, definitions);
    }
    let id = &stepped.customer.id;
    stepped.customer.enrollments.iter().map(|it| (id.clone(), it.entered, Row::of(it))).collect()
}

fn report(people: impl Iterator<Item = Person>) -> Report {
    let definitions = definitions(&CAMPAIGN.map(ToOwned::to_owned));
    let rows = people.enumerate().flat_map(|(number, person)| rows(number, person, &definitions));
    fold(&rows.collect::<Vec<_>>(), &definitions.journeys[&JourneyName::parse("campaign").unwrap()])
}

/// 10,000 lapsed customers, ¥9 an SMS, one in ten clicks, one in fifty of those buys: ¥4,500 for each that came back.
#[test]
fn ten_thousand_lapsed_customers() {
    let person = |number: usize| match number {
        _ if !number.is_multiple_of(10) => Person::Silent,
        _ if number.is_multiple_of(500) => Person::Buys,
        _ => Person::Clicks,
    };
    let report = report((0..10_000).map(person));
    assert_eq!(
        (report.total.entered, report.total.sent, report.total.clicked, report.total.converted),
        (10_000, 10_000, 1_000, 20)
    );
    assert_eq!((report.total.cost_yen.to_string(), report.sms_parts), ("¥90,000".to_owned(), 10_000));
    assert_eq!(report.total.cpa_yen().map(|yen| yen.to_string()), Some("¥4,500".to_owned()));
    assert_eq!(report.total.ctr().map(|rate| (rate * 1e6).round()), Some(100_000.0));
    assert_eq!(report.total.cvr().map(|rate| (rate * 1e6).round()), Some(20_000.0));
    assert_eq!(report.total.revenue_yen, Yen(120_000));
    assert!(report.is_complete());
}

/// Everyone is accounted for: audience = sent + failed + skipped + unknown.
#[test]
fn everyone_is_accounted_for() {
    let people = [
        (Person::Silent, 50),
        (Person::Clicks, 8),
        (Person::Buys, 2),
        (Person::Refused, 7),
        (Person::NeverAgreed, 11),
        (Person::Unheard, 3),
    ];
    let report = report(people.into_iter().flat_map(|(person, count)| std::iter::repeat_n(person, count)));
    assert_eq!(
        (report.total.entered, report.total.sent, report.failed, report.unknown, report.waiting),
        (81, 60, 7, 3, 0)
    );
    assert_eq!(report.skipped, BTreeMap::from([("no consent".to_owned(), 11)]));
    assert_eq!(
        report.ended,
        BTreeMap::from([("all steps taken".to_owned(), 79), ("goal reached".to_owned(), 2)])
    );
    assert_eq!((report.total.clicked, report.total.converted, report.total.cost_yen), (10, 2, Yen(540)));
    assert!(report.is_complete());
}

/// One in ten is held out; of the others, half get each text. Who is still in the journey is not counted yet, nor is
/// anyone who entered after them.
#[test]
fn what_it_brought() {
    let yaml = "journey: { name: campaign, purpose: transactional, enter: request, reentry: never, goal: Order Completed, \
                holdout_percent: 10, steps: [{ split: [{ name: a, steps: [{ sms: { name: a, text: hello } }] }, \
                { name: b, steps: [{ sms: { name: b, text: hello } }] }] }, { wait: 30d }] }";
    let definitions = definitions(&[yaml.to_owned()]);
    let name = JourneyName::parse("campaign").unwrap();
    let begin = at("1998-01-05T12:00:00+09:00");
    // 2 % of the held-out buy anyway, 10 % of those who got `a`, 30 % of those who got `b`.
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for number in 0..6_000_i64 {
        let entered = begin.plus(number);
        let customer = Customer::new(CustomerId::parse(&number.to_string()).unwrap());
        let phone = BTreeMap::from([("phone".to_owned(), Value::Text(format!("+8190{number:08}")))]);
        let known = Input::Identify { traits: phone, consents: Vec::new(), at: entered };
        let enroll = Input::Enroll {
            journey: name.clone(),
            key: "1".to_owned(),
            at: entered,
            event: Properties::new(),
        };
        let mut customer = step(&customer, &[known, enroll], entered, &definitions).customer;
        let enrollment = &customer.enrollments[0];
        let way = if enrollment.held_out { "out" } else { enrollment_way(&Row::of(enrollment)) };
        let nth = seen.entry(way).or_default();
        *nth += 1;
        let buys = nth.is_multiple_of(match way {
            "out" => 50,
            "a" => 10,
            _ => 3,
        });
        if buys {
            let bought = [order(&number.to_string(), entered.plus(60))];
            customer = step(&customer, &bought, entered.plus(60), &definitions).customer;
        } else if number < 5_900 {
            customer = step(
                &customer,
                &[Input::Remove { journey: name.clone(), until: entered.plus(60) }],
                entered.plus(60),
                &definitions,
            )
            .customer;
        }
        rows.push((customer.id.clone(), entered, Row::of(&customer.enrollments[0])));
    }
    let report = fold(&rows, &definitions.journeys[&name]);
    assert!(report.is_complete(), "{report:?}");
    let holdout = report.holdout.unwrap();
    assert_eq!(holdout.held_out.counts.customers() + holdout.treated.counts.customers(), 6_000);
    assert!(matches!(holdout.verdict, Verdict::Better { .. }), "{holdout:?}");
    assert!((0.12..0.24).contains(&holdout.lift.difference.value.unwrap()), "{holdout:?}");
    assert_eq!(report.total.converted, holdout.treated.counts.converted());
    let variants = &report.splits[0].variants;
    assert_eq!(variants.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(
        matches!(variants[1].verdict, Some(Verdict::Better { .. })) && variants[0].verdict.is_none(),
        "{variants:?}"
    );
    let figures = variants.iter().map(|it| it.figures);
    let [entered, converted] = figures.fold([0, 0], |sum, it| [sum[0] + it.entered, sum[1] + it.converted]);
    assert_eq!([entered, converted], [holdout.treated.counts.customers(), report.total.converted]);
}

fn enrollment_way(row: &Row) -> &'static str {
    if row.took[0].1 == "a" { "a" } else { "b" }
}
