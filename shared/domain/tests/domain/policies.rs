//! What the shop and its journeys allow, over a year and the zones of the world.

use std::collections::BTreeMap;

use domain::calendar::{Clock24, PermittedHours};
use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definition::{Definition, Shop, parse};
use domain::definitions::Definitions;
use domain::message::{Asks, Code, HoldReason, Moment, Permission, Policy, Rules, Tightened, permission};
use domain::names::CustomerId;
use domain::step::step;
use domain::time::Timestamp;
use domain::walk::check_at_sending;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::hours::ZONES;
use crate::story::track;
use crate::{at, definitions};

fn clock(text: &str) -> Clock24 {
    Clock24::try_from(text.to_owned()).unwrap()
}

fn hours(from: &str, until: &str) -> PermittedHours {
    PermittedHours { from: clock(from), until: clock(until) }
}

fn shop(policy: &str) -> Policy {
    let yaml = format!("shop: {{ time_zone: Asia/Tokyo, policy: {policy} }}");
    let Ok(Definition::Shop(Shop { policy, .. })) = parse(&yaml) else { panic!("{yaml}") };
    policy
}

fn person(id: &str, zone: &str) -> Customer {
    let mut customer = Customer::new(CustomerId::parse(id).unwrap());
    let text = |text: &str| Value::Text(text.to_owned());
    let traits = [("phone", "+819012345678"), ("email", "hana@example.jp"), ("time_zone", zone)];
    let traits: BTreeMap<String, Value> =
        traits.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
    customer.identify(&traits, at("2020-01-01T00:00:00Z"));
    for channel in Channel::ALL {
        let word = ConsentSaid::new(channel, Purpose::Marketing, true);
        customer.said(&word, at("2020-01-01T00:00:00Z"));
    }
    customer
}

fn local(now: Timestamp, zone: &str) -> (Date, i32) {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let local = jiff::Timestamp::from_second(now.seconds()).unwrap().to_zoned(zone);
    (local.date(), i32::from(local.hour()) * 60 + i32::from(local.minute()))
}

/// What is asked for, and when by the receiver's clock it may leave.
struct Case {
    purpose: Purpose,
    policy: Policy,
    tightened: Tightened,
    minutes: std::ops::Range<i32>,
    open: fn(Date) -> bool,
}

fn cases() -> Vec<Case> {
    let all = |_: Date| true;
    let no_sunday_nor_holiday = |date: Date| {
        let holidays = [
            "2026-01-01",
            "2026-01-12",
            "2026-02-11",
            "2026-02-23",
            "2026-03-20",
            "2026-04-29",
            "2026-05-03",
            "2026-05-04",
            "2026-05-05",
            "2026-05-06",
            "2026-07-20",
            "2026-08-11",
            "2026-09-21",
            "2026-09-22",
            "2026-09-23",
            "2026-10-12",
            "2026-11-03",
            "2026-11-23",
            "2026-12-31",
            "2027-01-01",
        ];
        date.weekday() != Weekday::Sunday && !holidays.contains(&date.to_string().as_str())
    };
    vec![
        Case {
            purpose: Purpose::Marketing,
            policy: Policy::default(),
            tightened: Tightened::default(),
            minutes: 540..1200,
            open: all,
        },
        Case {
            purpose: Purpose::Marketing,
            policy: shop(
                "{ holidays_off: japan, weekdays_off: [sunday], days_off: ['2026-12-31'], spread_minutes: 90 }",
            ),
            tightened: Tightened { hours: Some(hours("10:30", "23:00")), ..Tightened::default() },
            minutes: 630..1200,
            open: no_sunday_nor_holiday,
        },
        // 貸金業法 art. 21: payments are asked for on any day, but not from 21:00 to 8:00.
        Case {
            purpose: Purpose::Transactional,
            policy: shop("{ holidays_off: japan, weekdays_off: [sunday] }"),
            tightened: Tightened { reminds_of_payment: true, ..Tightened::default() },
            minutes: 480..1260,
            open: all,
        },
        Case {
            purpose: Purpose::Transactional,
            policy: shop("{ spread_minutes: 30 }"),
            tightened: Tightened {
                reminds_of_payment: true,
                hours: Some(hours("07:00", "12:15")),
                ..Tightened::default()
            },
            minutes: 480..735,
            open: all,
        },
        // A confirmation or a one-time code is waited for at any hour.
        Case {
            purpose: Purpose::Transactional,
            policy: shop("{ holidays_off: japan }"),
            tightened: Tightened::default(),
            minutes: 0..1440,
            open: all,
        },
    ]
}

/// Every twenty minutes of 366 days in zones with all kinds of daylight saving: what may leave is within the hours of an
/// open day, what is held is let go then and there, and it is held for no longer than there is a reason to.
#[test]
fn nothing_leaves_outside_in_a_year() {
    let start = at("2026-01-01T00:00:00Z");
    for case in cases() {
        for name in ZONES {
            let customer = person("1", name);
            let zone = domain::calendar::zone("Asia/Tokyo").unwrap();
            let rules = Rules { policy: &case.policy, zone: &zone };
            let asks = Asks { channel: Channel::Sms, purpose: case.purpose, tightened: &case.tightened };
            let ask = |now| permission(&customer, asks, rules, Moment::Planning, now);
            let sending = |now| permission(&customer, asks, rules, Moment::Sending, now);
            let inside = |now| {
                let (date, minute) = local(now, name);
                case.minutes.contains(&minute) && (case.open)(date)
            };
            let mut opening = start;
            for now in (0..366 * 72).map(|index| start.plus(index * 1200)) {
                assert_eq!(ask(now), sending(now), "{name} {now}: without caps, both moments are one");
                match ask(now) {
                    Permission::Send => assert!(inside(now), "{name} {now}"),
                    Permission::Hold(until, why) => {
                        assert_eq!(why, HoldReason::QuietHours);
                        assert!(!inside(now), "{name} {now}");
                        // The first open minute, and up to the spread after it.
                        if opening <= now {
                            opening = (1..10 * 1440)
                                .map(|minutes| now.plus(minutes * 60))
                                .find(|now| inside(*now))
                                .unwrap();
                        }
                        let late = until.since(opening);
                        assert!(
                            (0..=60 * i64::from(case.policy.spread_minutes)).contains(&late),
                            "{name}: held at {now} until {until}, open from {opening}"
                        );
                        // Spread beyond what the clocks skip, it is held once more.
                        assert!(
                            inside(until) || matches!(ask(until), Permission::Hold(..)),
                            "{name} {until}"
                        );
                    }
                    Permission::Skip(why) => panic!("{why:?}"),
                }
            }
        }
    }
}

/// Of a thousand people who are let go in the morning, each ten minutes of the hour have about a sixth.
#[test]
fn what_was_held_is_spread_evenly() {
    let policy = shop("{ spread_minutes: 60 }");
    let zone = domain::calendar::zone("Asia/Tokyo").unwrap();
    let tightened = Tightened::default();
    let asks = Asks { channel: Channel::Sms, purpose: Purpose::Marketing, tightened: &tightened };
    let night = at("2026-06-01T02:00:00+09:00");
    let mut tenths = [0_u32; 6];
    for index in 0..1000 {
        let customer = person(&index.to_string(), "Asia/Tokyo");
        let rules = Rules { policy: &policy, zone: &zone };
        let Permission::Hold(until, _) = permission(&customer, asks, rules, Moment::Planning, night) else {
            panic!("it is night")
        };
        let late = until.since(at("2026-06-01T09:00:00+09:00"));
        tenths[usize::try_from(late / 600).unwrap()] += 1;
        assert_eq!(permission(&customer, asks, rules, Moment::Planning, until), Permission::Send);
    }
    // Three standard deviations of a binomial count of 1,000 at one sixth are 35.
    assert!(tenths.iter().all(|count| (131..=202).contains(count)), "{tenths:?}");
}

/// The edges of the hours on every day of a year, the changes of daylight saving among them: the last minute before they
/// begin, their first and last minutes, and the one after they end; when a message is planned, when it is about to leave,
/// and when its sender asks.
#[test]
fn the_edges_of_the_hours_in_every_zone() {
    let yamls = [
        "shop: { time_zone: Asia/Tokyo }",
        "segment: { name: fresh, when: { event: { name: Signed Up } } }",
        "journey: { name: j, purpose: marketing, enter: { segment: fresh }, reentry: never, steps: [{ sms: { name: hello, text: '{{ sender }} STOP' } }] }",
    ];
    let definitions = definitions(&yamls.map(ToOwned::to_owned));
    let tightened = Tightened::default();
    let asks = Asks { channel: Channel::Sms, purpose: Purpose::Marketing, tightened: &tightened };
    for name in ZONES {
        let zone = jiff::tz::TimeZone::get(name).unwrap();
        let instant = |date: Date, clock: (i8, i8, i8)| {
            let local = date.at(clock.0, clock.1, clock.2, 0).to_zoned(zone.clone()).unwrap();
            Timestamp::from_seconds(local.timestamp().as_second())
        };
        let first = jiff::civil::date(2026, 1, 1);
        let (customer, code) = handed(&person("1", name), instant(first, (10, 0, 0)), &definitions);
        for date in first.series(1.day()).take(365) {
            let opening = |date| Permission::Hold(instant(date, (9, 0, 0)), HoldReason::QuietHours);
            let tomorrow = date.tomorrow().unwrap();
            for (clock, expected) in [
                ((8, 59, 0), opening(date)),
                ((8, 59, 59), opening(date)),
                ((9, 0, 0), Permission::Send),
                ((19, 59, 0), Permission::Send),
                ((19, 59, 59), Permission::Send),
                ((20, 0, 0), opening(tomorrow)),
            ] {
                let now = instant(date, clock);
                for moment in [Moment::Planning, Moment::Sending] {
                    let allowed = permission(&customer, asks, definitions.rules(), moment, now);
                    assert_eq!(allowed, expected, "{name} {date} {clock:?} {moment:?}");
                }
                let checked = check_at_sending(&customer, &code, &definitions, now);
                assert_eq!(checked, expected, "{name} {date} {clock:?}, by the sender");
            }
        }
    }
}

/// The customer with a message that was handed to its sender at an instant.
fn handed(customer: &Customer, at: Timestamp, definitions: &Definitions) -> (Customer, Code) {
    let customer = step(customer, &[track("Signed Up", at)], at, definitions).customer;
    let code = customer.enrollments[0].messages().next().unwrap().code.clone();
    (customer, code)
}
