//! Any text as a definition: it is taken or refused with its mistakes, and what was taken is evaluated, and its messages
//! filled in, of a customer of whom nothing is known and of one of whom much is.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::{Definitions, Version, examine, read};
use domain::enrollment::{Enrollment, State};
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::input::Input;
use domain::journey::Step;
use domain::message::{Code, CodeKey};
use domain::money::Yen;
use domain::names::CustomerId;
use domain::population::{BgNbd, GammaGamma, Population, Quintiles};
use domain::rendering::{Sender, fill};
use domain::step::step;
use domain::time::{DAY, Timestamp};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);

fuzz_target!(|yaml: &str| {
    let examined = examine(yaml);
    let Ok((kind, name)) = read(yaml) else {
        assert!(!examined.mistakes.is_empty(), "it is refused without a mistake");
        return;
    };
    assert!(examined.mistakes.is_empty(), "it is taken with mistakes: {:?}", examined.mistakes);
    let version = Version { kind, name, number: 1, yaml: yaml.to_owned() };
    // What refers to other definitions does not stand alone.
    let Ok(mut definitions) = Definitions::gather(&[version], CodeKey::none()) else {
        panic!("what was taken does not read");
    };
    for customer in &*CUSTOMERS {
        stepped(customer, &definitions);
        rendered(customer, &definitions);
    }
    definitions.population = Some(population());
    for customer in &*CUSTOMERS {
        stepped(customer, &definitions);
    }
});

/// Steps a customer to the next instant that it names, before which nothing changes.
fn stepped(customer: &Customer, definitions: &Definitions) {
    let mut stepped = step(customer, &[], NOW, definitions);
    let mut now = NOW;
    for _ in 0..3 {
        let Some(due) = stepped.next else { return };
        assert!(due.at > now, "due in the past");
        if due.at.plus(-1) > now {
            let before = step(&stepped.customer, &[Input::Timer], due.at.plus(-1), definitions);
            assert!(!before.changed && before.effects.is_empty(), "a change before {due:?}");
        }
        now = due.at;
        stepped = step(&stepped.customer, &[Input::Timer], now, definitions);
    }
}

/// Fills in every message of the journeys, as if the customer had come to it, by a request that said everything there is
/// of a trait. Whether anything is missing is not asked.
fn rendered(customer: &Customer, definitions: &Definitions) {
    let Some(code) = Code::parse("000000000000") else { return };
    let sender = Sender { base: "https://t.example.jp", name: "つなぎ商店" };
    let said = customer.traits.iter().map(|(name, stamped)| (name.clone(), stamped.0.clone()));
    let said: Properties = said.collect();
    for name in definitions.journeys.keys() {
        let Some((version, journey)) = definitions.current(name) else { continue };
        for (position, step) in journey.steps.iter().enumerate() {
            let Step::Message(message) = step else { continue };
            let enrollment = Enrollment {
                journey: name.clone(),
                version,
                entered: NOW,
                key: None,
                date: None,
                by: None,
                event: said.clone(),
                held_out: false,
                goal_before: false,
                state: State::Sending { step: position },
                visits: Vec::new(),
                holds: Vec::new(),
                goal: None,
            };
            let _ = fill(customer, (&enrollment, journey), message, &code, definitions, sender);
        }
    }
}

static CUSTOMERS: LazyLock<Vec<Customer>> = LazyLock::new(|| {
    let Ok(id) = CustomerId::parse("1") else { return Vec::new() };
    let Ok(none) = Definitions::gather(&[], CodeKey::none()) else { return Vec::new() };
    let nobody = Customer::new(id);
    let busy = step(&nobody, &known(), NOW, &none).customer;
    vec![nobody, busy]
});

/// More orders than are kept one by one, some of them yet to come; another event, traits and words on messages.
fn known() -> Vec<Input> {
    let text = |text: &str| Value::Text(text.to_owned());
    let traits = BTreeMap::from([
        ("name".to_owned(), text("山田花子")),
        ("phone".to_owned(), text("+819012345678")),
        ("email".to_owned(), text("hanako@example.jp")),
        ("line_id".to_owned(), text("U4af4980629f1b2c3d4e5f60718293a4b")),
        ("birthday".to_owned(), text("1992-02-29")),
        ("time_zone".to_owned(), text("America/New_York")),
        ("prefecture".to_owned(), text("東京都")),
        ("in_talks".to_owned(), Value::Boolean(true)),
        ("points".to_owned(), Value::Number(2.5)),
        ("interests".to_owned(), Value::List(vec!["shoes".to_owned(), "hats".to_owned()])),
    ]);
    let said = |(channel, given)| ConsentSaid::new(channel, Purpose::Marketing, given);
    let consents = [(Channel::Sms, true), (Channel::Email, false), (Channel::Line, true)].map(said).to_vec();
    let event = |name: &str, n: i64| {
        let at = NOW.plus((n - 115) * 3 * DAY + n * 3_607);
        let products = Value::List(vec![if n % 3 == 0 { "shoes" } else { "hats" }.to_owned()]);
        Input::Track {
            event: Event {
                id: EventId::of(&format!("{name} {n}")),
                name: name.to_owned(),
                at,
                yen: Yen(n % 7 * 1_000),
                properties: Properties::from([
                    ("products.category".to_owned(), products),
                    ("coupon".to_owned(), Value::Integer(n % 5)),
                    ("due".to_owned(), text(&format!("2026-11-{:02}T15:00:00Z", 1 + n % 28))),
                ]),
            },
        }
    };
    let orders = (0..120).map(|n| event(ORDER_COMPLETED, n));
    let views = (90..118).map(|n| event("Page Viewed", n));
    let identify = Input::Identify { traits, consents, at: NOW };
    std::iter::once(identify).chain(orders).chain(views).collect()
}

/// What may be learnt of all customers; the parameters are those of CDNOW, in days and yen.
fn population() -> Population {
    Population {
        rfm: Some(Quintiles {
            recency: [7, 30, 90, 365].map(|days| days * DAY),
            frequency: [1, 2, 4, 9],
            money: [1_000, 3_000, 9_000, 300_000].map(Yen),
        }),
        purchases: Some(BgNbd { r: 0.243, alpha: 30.9, a: 0.793, b: 2.426 }),
        value: Some(GammaGamma { p: 6.25, q: 3.74, gamma: 1544.0 }),
        as_of: NOW,
        customers: 1_000,
        purchases_fit: None,
        value_fit: None,
    }
}
