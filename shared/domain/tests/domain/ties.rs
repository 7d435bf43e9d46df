//! The five ties of the customers of CDNOW, carried through eighteen months by their purchases and by time alone, against
//! a count that knows nothing of segments.

use std::collections::BTreeMap;

use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::input::Input;
use domain::money::Yen;
use domain::names::CustomerId;
use domain::population::Survey;
use domain::step::step;
use domain::time::{DAY, Timestamp};
use jiff::civil::Date;

use crate::population::cdnow;
use crate::{at, definitions};

macro_rules! scenario {
    ($path:literal) => {
        scenario!($path, "new", "loyal", "nearly-loyal", "repeat", "drifting", "lapsed")
    };
    ($path:literal, $($name:literal),*) => {
        [$(include_str!(concat!("../../../../infra/local/scenarios/", $path, $name, ".yaml")).to_owned()),*]
    };
}

/// The first of every second month or so, in Japan.
const DATES: [&str; 10] = [
    "1997-02-01",
    "1997-04-01",
    "1997-05-15",
    "1997-07-01",
    "1997-09-01",
    "1997-10-01",
    "1997-12-25",
    "1998-02-28",
    "1998-05-01",
    "1998-07-01",
];

/// Purchases: at noon in Japan, in cents as if they were yen.
fn orders(days: &BTreeMap<Date, i64>) -> Vec<(Timestamp, i64)> {
    days.iter().map(|(day, cents)| (at(&format!("{day}T12:00:00+09:00")), *cents)).collect()
}

fn naive(orders: &[(Timestamp, i64)], now: Timestamp) -> Option<&'static str> {
    let past: Vec<_> = orders.iter().filter(|order| order.0 <= now).collect();
    let days = now.since(past.last()?.0) / DAY;
    let (count, yen) = (past.len(), past.iter().map(|order| order.1).sum::<i64>());
    Some(match (days, count) {
        (180.., _) => "lapsed",
        (90..180, _) => "drifting",
        (_, 1) => "new",
        (_, 6..) if yen >= 60_000 => "loyal",
        (_, 4..) => "nearly-loyal",
        _ if yen >= 30_000 => "nearly-loyal",
        _ => "repeat",
    })
}

fn order(index: usize, at: Timestamp, yen: i64) -> Input {
    let (id, name) = (EventId::of(&index.to_string()), ORDER_COMPLETED.to_owned());
    Input::Track { event: Event { id, name, at, yen: Yen(yen), properties: Properties::new() } }
}

fn ties(customer: &Customer) -> Vec<&str> {
    customer.segments.iter().filter(|(_, it)| it.member).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_five_ties_on_ten_dates() {
    let definitions = definitions(&scenario!("five-ties/"));
    let dates = DATES.map(|date| at(&format!("{date}T00:00:00+09:00")));
    let (mut looks, mut changes) = (0_u32, 0_u32);
    let mut counted: BTreeMap<(usize, &str), u32> = BTreeMap::new();
    for (id, days) in &cdnow::shop() {
        let orders = orders(days);
        let mut customer = Customer::new(CustomerId::parse(id).unwrap());
        let (mut due, mut upcoming) = (None, orders.iter().enumerate().peekable());
        for (index, date) in dates.into_iter().enumerate() {
            loop {
                let ordered = upcoming.peek().map(|(_, order)| order.0).filter(|at| *at <= date);
                let timed = due.filter(|at| *at <= date && ordered.is_none_or(|ordered| *at < ordered));
                let stepped = match (timed, ordered) {
                    (Some(now), _) => {
                        let before = ties(&customer).join(" ");
                        let stepped = step(&customer, &[Input::Timer], now, &definitions);
                        looks += 1;
                        changes += u32::from(ties(&stepped.customer).join(" ") != before);
                        stepped
                    }
                    (None, Some(now)) => {
                        let (index, (at, yen)) = upcoming.next().unwrap();
                        step(&customer, &[order(index, *at, *yen)], now, &definitions)
                    }
                    (None, None) => break,
                };
                (customer, due) = (stepped.customer, stepped.next.map(|due| due.at));
            }
            let expected = naive(&orders, date);
            assert_eq!(ties(&customer), Vec::from_iter(expected), "customer {id} on {}", DATES[index]);
            *counted.entry((index, expected.unwrap_or("not yet"))).or_default() += 1;
        }
    }
    let known = ["loyal", "nearly-loyal", "repeat", "new", "drifting", "lapsed"];
    assert!(
        known.iter().all(|tie| counted.iter().any(|((_, name), count)| name == tie && *count > 100)),
        "{counted:?}"
    );
    assert_eq!(looks, changes, "a look for nothing");
}

/// The same ties by scores, the fifths learnt on each date: one tie each, and as the scores say.
#[test]
fn the_five_ties_by_scores() {
    let files = scenario!("five-ties-rfm/rfm-");
    let shop: Vec<_> = cdnow::shop().into_iter().map(|(id, days)| (id, orders(&days))).collect();
    for date in DATES {
        let now = at(&format!("{date}T00:00:00+09:00"));
        let customers: Vec<Customer> = shop.iter().map(|(id, orders)| bought(id, orders, now)).collect();
        let mut survey = Survey::new();
        for customer in &customers {
            survey.add(customer, now);
        }
        let quintiles = survey.quintiles().unwrap();
        let mut definitions: Definitions = definitions(&files);
        definitions.population = Some(domain::population::Population {
            as_of: now,
            customers: 1,
            rfm: Some(quintiles),
            purchases: None,
            value: None,
            purchases_fit: None,
            value_fit: None,
        });
        for (customer, (id, orders)) in customers.iter().zip(&shop) {
            let past: Vec<_> = orders.iter().filter(|order| order.0 <= now).collect();
            let expected = past.last().map(|last| {
                let above = |boundaries: [i64; 4], value| boundaries.iter().filter(|it| value > **it).count();
                let recency = 5 - above(quintiles.recency, now.since(last.0));
                let often =
                    1 + above(quintiles.frequency.map(i64::from), past.len().try_into().unwrap()) >= 4;
                let much =
                    1 + above(quintiles.money.map(|yen| yen.0), past.iter().map(|order| order.1).sum()) >= 4;
                match recency {
                    1 => "rfm-lapsed",
                    2 => "rfm-drifting",
                    4.. if often && much => "rfm-loyal",
                    _ if past.len() == 1 => "rfm-new",
                    4.. if often || much => "rfm-nearly-loyal",
                    _ => "rfm-repeat",
                }
            });
            let stepped = step(customer, &[], now, &definitions);
            assert_eq!(ties(&stepped.customer), Vec::from_iter(expected), "customer {id} on {date}");
        }
    }
}

fn bought(id: &str, orders: &[(Timestamp, i64)], now: Timestamp) -> Customer {
    let past = orders.iter().enumerate().filter(|(_, order)| order.0 <= now);
    let inputs: Vec<Input> = past.map(|(index, (at, yen))| order(index, *at, *yen)).collect();
    step(&Customer::new(CustomerId::parse(id).unwrap()), &inputs, now, &definitions(&[])).customer
}
