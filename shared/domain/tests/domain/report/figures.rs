//! What came of each step and way, of people whose lives are told one by one.

use std::collections::{BTreeMap, BTreeSet};

use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::enrollment::Status;
use domain::input::{Input, Outcome, Visitor};
use domain::ledger::Row;
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName};
use domain::report::{Entry, Figures, Report, converting, fold};
use domain::step::step;
use domain::time::DAY;

use super::order;
use crate::{at, definitions};

const JOURNEY: &str = "
journey:
  name: campaign
  purpose: transactional
  enter: request
  reentry: never
  goal: Order Completed
  steps:
    - sms: { name: hello, text: '{{ links.shop }}', links: { shop: https://shop.example.jp } }
    - wait: 1d
    - branch:
        - name: clicked
          when: { clicked: hello }
          steps: [{ email: { name: letter, subject: Hello, text: '{{ links.shop }}', links: { shop: https://shop.example.jp } } }]
        - name: others
          steps: [{ sms: { name: again, text: Hello } }]
    - wait: 5d
";

/// What happens to someone, so many seconds after they entered.
#[derive(Clone, Copy)]
enum Happens {
    /// What becomes of the message that was handed over last, in a second.
    Settles(i64, bool),
    /// A link of the message that was handed over last is followed.
    Follows(i64, Visitor),
    /// An order for ¥6,000.
    Buys(i64),
    /// They are taken out of the journey.
    Leaves(i64),
}

use Happens::{Buys, Follows, Leaves, Settles};

fn row(number: usize, phone: bool, life: &[Happens], definitions: &Definitions) -> Entry {
    let journey = JourneyName::parse("campaign").unwrap();
    let entered = at("2026-03-02T12:00:00+09:00");
    let mut traits = BTreeMap::from([("email".to_owned(), Value::Text(format!("c{number}@example.jp")))]);
    if phone {
        traits.insert("phone".to_owned(), Value::Text(format!("+8190{number:08}")));
    }
    let identify = Input::Identify { traits, consents: Vec::new(), at: entered };
    let enroll =
        Input::Enroll { journey: journey.clone(), key: "1".to_owned(), at: entered, event: BTreeMap::new() };
    let customer = Customer::new(CustomerId::parse(&number.to_string()).unwrap());
    let mut customer = step(&customer, &[identify, enroll], entered, definitions).customer;
    for happens in life {
        let (Settles(after, _) | Follows(after, _) | Buys(after) | Leaves(after)) = *happens;
        let at = entered.plus(after);
        // What time brings first, then what happens.
        customer = step(&customer, &[Input::Timer], at, definitions).customer;
        let message = customer.enrollments[0].messages().last().map(|message| message.code.clone());
        let input = match happens {
            Settles(_, accepted) => {
                let status =
                    if *accepted { Status::Delivered } else { Status::Failed("no such number".to_owned()) };
                let outcome = Outcome::Settled { status, parts: Some(1), yen: accepted.then_some(Yen(9)) };
                Input::Outcome { code: message.unwrap(), outcome }
            }
            Follows(_, by) => Input::Click { code: message.unwrap(), link: 0, by: *by, at },
            Buys(_) => order("an order", at),
            Leaves(_) => Input::Remove { journey: journey.clone(), until: at },
        };
        customer = step(&customer, &[input], at, definitions).customer;
    }
    (customer.id.clone(), entered, Row::of(&customer.enrollments[0]))
}

fn report(people: &[(bool, &[Happens])]) -> Report {
    let definitions = definitions(&[JOURNEY.to_owned()]);
    let rows =
        people.iter().enumerate().map(|(number, (phone, life))| row(number, *phone, life, &definitions));
    fold(&rows.collect::<Vec<_>>(), &definitions.journeys[&JourneyName::parse("campaign").unwrap()])
}

const PERSON: Visitor = Visitor::Person;
const PROGRAM: Visitor = Visitor::Program;

#[test]
fn each_step_and_way_has_its_figures() {
    let report = report(&[
        // Clicks, gets the letter and buys: a conversion of the letter, and of those who clicked.
        (true, &[Settles(1, true), Follows(600, PERSON), Settles(DAY + 1, true), Buys(DAY + 900)]),
        // Buys before the branch: a conversion of the first message, and of no way.
        (true, &[Settles(1, true), Buys(900)]),
        // A gateway on the way.
        (true, &[Settles(1, true), Follows(2, PROGRAM), Settles(DAY + 1, true)]),
        // A program that says so, and a person after it.
        (true, &[Settles(1, true), Follows(600, PROGRAM), Follows(700, PERSON), Settles(DAY + 1, true)]),
        // No number.
        (false, &[Leaves(DAY + 1)]),
        // Refused at first, accepted later.
        (true, &[Settles(1, false), Settles(DAY + 1, true), Buys(2 * DAY)]),
        // Nothing is known of the first message yet when they are taken out.
        (true, &[Leaves(1)]),
        (true, &[]),
    ]);
    assert!(report.is_complete(), "{report:?}");
    let total = report.total;
    assert_eq!((total.entered, total.sent, total.delivered, total.clicked, total.bots), (8, 5, 5, 2, 2));
    // Of the one that was taken out nobody knows yet whether its message left.
    assert_eq!((report.failed, report.unknown, report.waiting), (0, 0, 2));
    assert_eq!(report.skipped, BTreeMap::from([("no address".to_owned(), 1)]));
    assert_eq!((total.converted, total.revenue_yen, total.cost_yen), (3, Yen(18_000), Yen(72)));
    assert_eq!((total.ctr(), total.cvr()), (Some(0.4), Some(1.5)));
    assert_eq!((total.cpa_yen(), total.return_on_spend()), (Some(Yen(24)), Some(250.0)));

    let figures = |figures: &Figures| {
        let Figures { entered, sent, clicked, bots, converted, .. } = *figures;
        ([entered, sent, clicked, bots, converted], figures.revenue_yen.0, figures.cost_yen.0)
    };
    let steps: Vec<_> =
        report.steps.iter().map(|step| (step.step.as_str(), figures(&step.figures))).collect();
    assert_eq!(
        steps,
        [
            ("hello", ([6, 4, 2, 2, 1], 6_000, 36)),
            ("letter", ([2, 2, 0, 0, 1], 6_000, 18)),
            ("again", ([3, 2, 0, 0, 1], 6_000, 18)),
        ]
    );
    assert_eq!(report.branches.len(), 1);
    let ways: Vec<_> = report.branches[0].ways.iter().map(|(way, it)| (way.as_str(), figures(it))).collect();
    assert_eq!(ways, [("clicked", ([2, 2, 0, 0, 1], 6_000, 18)), ("others", ([3, 2, 0, 0, 1], 6_000, 18))]);
}

/// What is the goal of several enrollments is one sale: of the one whose message came last before it.
#[test]
fn one_sale_counts_once() {
    let journey = JOURNEY.replace("reentry: never", "reentry: per_key");
    let definitions = definitions(&[journey]);
    let name = JourneyName::parse("campaign").unwrap();
    let start = at("2026-03-02T12:00:00+09:00");
    let traits = BTreeMap::from([("phone".to_owned(), Value::Text("+819012345678".to_owned()))]);
    let mut customer = Customer::new(CustomerId::parse("1").unwrap());
    let identify = Input::Identify { traits, consents: Vec::new(), at: start };
    customer = step(&customer, &[identify], start, &definitions).customer;
    for key in 0..3 {
        let now = start.plus(key * 600);
        let enroll =
            Input::Enroll { journey: name.clone(), key: key.to_string(), at: now, event: BTreeMap::new() };
        customer = step(&customer, &[enroll], now, &definitions).customer;
        let code = customer.enrollments.last().unwrap().messages().next().unwrap().code.clone();
        let outcome = Outcome::Settled { status: Status::Accepted, parts: Some(1), yen: Some(Yen(9)) };
        customer = step(&customer, &[Input::Outcome { code, outcome }], now, &definitions).customer;
    }
    customer = step(&customer, &[order("one", start.plus(7_200))], start.plus(7_200), &definitions).customer;
    let entry = |it: &domain::enrollment::Enrollment| (customer.id.clone(), it.entered, Row::of(it));
    let entries: Vec<Entry> = customer.enrollments.iter().map(entry).collect();
    assert!(entries.iter().all(|(_, _, row)| row.goal.is_some()), "{entries:?}");
    let versions = &definitions.journeys[&name];
    let report = fold(&entries, versions);
    assert_eq!((report.total.entered, report.total.converted), (3, 1));
    assert_eq!((report.total.revenue_yen, report.total.cost_yen), (Yen(6_000), Yen(27)));
    assert_eq!(converting(&entries, versions), BTreeSet::from([2]));
}

/// A way is the same in another version, wherever it stands; one whose ways have other names is another.
#[test]
fn versions_are_taken_together_by_the_names_of_their_ways() {
    let with = |steps: &str| {
        let journey = "journey: { name: campaign, purpose: transactional, enter: request, reentry: never, steps: [STEPS] }";
        journey.replace("STEPS", steps)
    };
    let split = |names: [&str; 2]| {
        let [one, other] = names;
        format!(
            "{{ split: [{{ name: {one}, steps: [{{ card: x }}] }}, {{ name: {other}, steps: [{{ card: y }}] }}] }}"
        )
    };
    let hello = "{ sms: { name: hello, text: Hello } }";
    let versions = [
        with(&split(["a", "b"])),
        with(&format!("{hello}, {}", split(["a", "b"]))),
        with(&format!("{hello}, {}", split(["c", "d"]))),
    ];
    let name = JourneyName::parse("campaign").unwrap();
    let mut journeys = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    for (version, yaml) in (1..).zip(versions) {
        let definitions = definitions(&[yaml]);
        journeys.insert(version, definitions.journeys[&name][&1].clone());
        let (customer, entered, row) = row(version as usize, true, &[], &definitions);
        entries.push((customer, entered, Row { version, ..row }));
    }
    // What waits for its SMS has not come to the split.
    entries.iter_mut().skip(1).for_each(|(_, _, row)| row.took = vec![(1, "a".to_owned())]);
    entries[2].2.took = vec![(1, "c".to_owned())];
    let report = fold(&entries, &journeys);
    let told: Vec<(String, Vec<(String, u64)>)> = report
        .branches
        .iter()
        .map(|it| (it.step.clone(), it.ways.iter().map(|(way, it)| (way.clone(), it.entered)).collect()))
        .collect();
    let split = |told: &(String, Vec<(String, u64)>)| told.0.starts_with("split");
    let splits: Vec<_> = told.into_iter().filter(split).collect();
    let first = report.branches.iter().filter(|it| it.step.starts_with("split")).count();
    assert_eq!(first, 2, "{splits:?}");
    assert_eq!(splits[0], ("split after hello".to_owned(), vec![("c".to_owned(), 1)]));
    assert_eq!(splits[1].0, "split after hello");
    assert_eq!(splits[1].1.iter().map(|(_, entered)| entered).sum::<u64>(), 2);
}

/// Nobody was sent anything: no conversion has cost ¥0.
#[test]
fn what_nobody_was_sent_has_no_price() {
    let report = report(&[(false, &[Buys(900)])]);
    assert_eq!((report.total.converted, report.total.cpa_yen()), (1, None));
    let json = serde_json::to_value(report.total).unwrap();
    assert_eq!((&json["converted"], &json["cpa_yen"], &json["ctr"]), (&1.into(), &().into(), &().into()));
}
