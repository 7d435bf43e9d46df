//! What came of each step and way, of people whose lives are told one by one.

use std::collections::BTreeMap;

use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::enrollment::Status;
use domain::input::{Input, Outcome, Visitor};
use domain::ledger::Row;
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName};
use domain::report::{Figures, Report, fold};
use domain::step::step;
use domain::time::{DAY, Timestamp};

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

fn row(number: usize, phone: bool, life: &[Happens], definitions: &Definitions) -> (Timestamp, Row) {
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
    (entered, Row::of(&customer.enrollments[0]))
}

fn report(people: &[(bool, &[Happens])]) -> Report {
    let definitions = definitions(&[JOURNEY.to_owned()]);
    let rows =
        people.iter().enumerate().map(|(number, (phone, life))| row(number, *phone, life, &definitions));
    fold(rows, &definitions.journeys[&JourneyName::parse("campaign").unwrap()])
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
        // A gateway that poses as a browser, two seconds after the message was handed over.
        (true, &[Settles(1, true), Follows(2, PERSON), Settles(DAY + 1, true)]),
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
    assert_eq!((report.failed, report.unknown, report.waiting), (0, 0, 1));
    let skipped = [("journey ended before sending", 1), ("no address", 1)];
    assert_eq!(report.skipped, skipped.map(|(why, count)| (why.to_owned(), count)).into());
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

/// Nobody was sent anything: no conversion has cost ¥0.
#[test]
fn what_nobody_was_sent_has_no_price() {
    let report = report(&[(false, &[Buys(900)])]);
    assert_eq!((report.total.converted, report.total.cpa_yen()), (1, None));
    let json = serde_json::to_value(report.total).unwrap();
    assert_eq!((&json["converted"], &json["cpa_yen"], &json["ctr"]), (&1.into(), &().into(), &().into()));
}
