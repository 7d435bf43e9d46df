//! What is taken from a customer's document.

use domain::customer::Customer;
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::money::Yen;
use domain::names::CustomerId;
use domain::population::{Purchases, Rfm};
use domain::time::{DAY, Timestamp};

use crate::at;

pub fn customer(id: &str, orders: &[(Timestamp, i64)]) -> Customer {
    let mut customer = Customer::new(CustomerId::parse(id).unwrap());
    for (n, (at, yen)) in orders.iter().enumerate() {
        let event = Event {
            id: EventId::of(&n.to_string()),
            name: ORDER_COMPLETED.into(),
            at: *at,
            yen: Yen(*yen),
            properties: Properties::new(),
        };
        customer.events.entry(event.name.clone()).or_default().add(&event);
    }
    customer
}

#[test]
fn orders_of_one_day_in_japan_are_one_purchase() {
    let orders = [
        (at("1998-07-01T00:10:00+09:00"), 1_000),
        (at("1998-07-01T23:50:00+09:00"), 2_000),
        (at("1998-07-02T00:10:00+09:00"), 3_000),
        (at("1998-07-11T00:10:00+09:00"), 400),
        (at("1998-07-11T12:10:00+09:00"), 600),
        (at("1998-08-01T00:00:00+09:00"), 9_999),
    ];
    let customer = customer("1", &orders);
    let now = at("1998-07-21T00:10:00+09:00");
    assert_eq!(
        Purchases::of(&customer, now).unwrap(),
        Purchases { repeats: 2, last_days: 10.0, age_days: 20.0, mean_yen: 7_000.0 / 3.0, count: 5 }
    );
    assert_eq!(
        Rfm::of(&customer, now).unwrap(),
        Rfm { recency: 9 * DAY + DAY / 2, frequency: 5, money: Yen(7_000) }
    );
}

#[test]
fn who_has_not_bought_yet_is_nobody() {
    let now = at("1998-07-01T00:00:00+09:00");
    assert_eq!(Purchases::of(&customer("1", &[]), now), None);
    assert_eq!(Purchases::of(&customer("1", &[(now.plus(1), 5)]), now), None);
    let one = Purchases::of(&customer("1", &[(now, -5), (now.plus(1), 5)]), now).unwrap();
    assert_eq!(one, Purchases { repeats: 0, last_days: 0.0, age_days: 0.0, mean_yen: 0.0, count: 1 });
}

#[test]
fn orders_that_are_not_kept_one_by_one_count() {
    let first = at("1998-01-01T10:00:00+09:00");
    let now = first.plus(400 * DAY);
    let daily: Vec<(Timestamp, i64)> = (0..250).map(|n| (first.plus(n * DAY), 100)).collect();
    let one = Purchases::of(&customer("1", &daily), now).unwrap();
    assert_eq!(
        one,
        Purchases { repeats: 249, last_days: 249.0, age_days: 400.0, mean_yen: 100.0, count: 250 }
    );
    assert_eq!(Rfm::of(&customer("1", &daily), now).unwrap().frequency, 250);
    // Before all that is kept, nothing can be said.
    assert_eq!(Purchases::of(&customer("1", &daily), first.plus(20 * DAY)), None);
    let hourly: Vec<(Timestamp, i64)> = (0..250).map(|n| (first.plus(n * 3_600), 100)).collect();
    let one = Purchases::of(&customer("1", &hourly), now).unwrap();
    assert_eq!((one.repeats, one.last_days, one.count), (10, 9.0 + 14.0 / 24.0, 250));
    let at_once: Vec<(Timestamp, i64)> = (0..250).map(|n| (first.plus(n), 100)).collect();
    let one = Purchases::of(&customer("1", &at_once), now).unwrap();
    assert_eq!((one.repeats, one.last_days, one.mean_yen), (0, 0.0, 25_000.0));
}
