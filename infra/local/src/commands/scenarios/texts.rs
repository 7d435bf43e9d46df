//! Every message of every journey of the library, as the customers of the demo would read it, in both languages.

use std::collections::BTreeMap;

use domain::customer::{Customer, Value};
use domain::definitions::{Definitions, Kind, Version, read};
use domain::enrollment::{Enrollment, State};
use domain::event::Properties;
use domain::journey::{Journey, MessageStep};
use domain::message::{Code, CodeKey};
use domain::names::CustomerId;
use domain::parts::Route;
use domain::rendering::{Filled, Sender, fill};
use domain::time::Timestamp;

use super::*;
use crate::demo::people::person;

const CUSTOMERS: u32 = 23_570;
const SEED: u64 = 1;

/// As in the demo.
const SENDER: Sender<'_> = Sender { base: "https://t.example.jp", name: "つなぎ商店" };

/// What the shops of the scenarios keep of a customer beside what the demo knows.
const KEPT: [(&str, &str); 7] = [
    ("line_id", "U4af4980629f1b2c3d4e5f60718293a4b"),
    ("registered_on", "2025-12-31"),
    ("interview_at", "2026-12-31T14:30:00+09:00"),
    ("score", "100"),
    ("company", "株式会社つなぎ商事ホールディングス"),
    ("sales_name", "佐々木 健太郎"),
    ("sales_email", "kentaro.sasaki@shop.example.jp"),
];

/// All definitions of the library together.
fn library() -> Definitions {
    let mut versions = BTreeMap::new();
    for (file, yaml) in LIBRARY.dirs().flat_map(files) {
        if Path::new(&file).extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let (kind, name): (Kind, String) = read(&yaml).unwrap();
        versions.insert((kind, name.clone()), Version { kind, name, number: 1, yaml });
    }
    let versions: Vec<Version> = versions.into_values().collect();
    Definitions::new(&versions, CodeKey::none()).unwrap()
}

/// A customer of the demo who reads a language.
fn customer(number: u32, language: &str) -> Customer {
    let person = person(SEED, number);
    let name = format!("{} {}", person.family, person.given);
    let birthday = person.birthday.to_string();
    let known = [
        ("name", name.as_str()),
        ("phone", &person.phone),
        ("email", &person.email),
        ("birthday", &birthday),
        ("language", language),
    ];
    let text = |(name, said): (&str, &str)| (name.to_owned(), Value::Text(said.to_owned()));
    let mut customer = Customer::new(CustomerId::parse(&format!("{number:05}")).unwrap());
    customer.identify(&known.into_iter().chain(KEPT).map(text).collect(), Timestamp::default());
    customer
}

/// What the event says that begins a journey of the customer, as long as it gets.
fn event(number: u32) -> Properties {
    let said = [
        ("order_id", Value::Text(format!("{number:05}-{}", 69_659))),
        ("invoice_id", Value::Text(format!("{number:05}-{}", 69_659))),
        ("interview_id", Value::Integer(69_659)),
        ("application_id", Value::Integer(69_659)),
        ("amount", Value::Integer(1_234_567)),
        ("interview_at", Value::Text("2026-12-31T14:30:00+09:00".to_owned())),
        ("shipped_on", Value::Text("2026-12-31".to_owned())),
    ];
    said.map(|(name, value)| (name.to_owned(), value)).into()
}

fn enrollment(journey: &Journey, number: u32) -> Enrollment {
    Enrollment {
        journey: journey.name.clone(),
        version: 1,
        entered: Timestamp::default(),
        key: None,
        date: None,
        by: None,
        event: event(number),
        held_out: false,
        goal_before: false,
        state: State::Starting { step: 0 },
        visits: Vec::new(),
        holds: Vec::new(),
        goal: None,
    }
}

fn messages(journey: &Journey) -> impl Iterator<Item = &MessageStep> {
    (0..journey.steps.len()).filter_map(|position| journey.message(position))
}

/// One customer of each name: nothing else of them stands in a text, and codes and links have one length.
fn one_of_each_name() -> Vec<u32> {
    let named = (1..=CUSTOMERS).rev().map(|number| {
        let person = person(SEED, number);
        ((person.family, person.given), number)
    });
    named.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// What is wrong with a message that is about to leave.
fn wrong(filled: &Filled, english: bool) -> Option<String> {
    let texts = [Some(&filled.text), Some(&filled.subject), filled.html.as_ref()];
    let unfilled = |text: &&String| text.contains("{{") || text.contains("{%");
    if let Some(text) = texts.into_iter().flatten().find(unfilled) {
        return Some(format!("a variable is left in {text}"));
    }
    // The names of the shop and of people are Japanese in either language; sentences are not.
    let japanese = ["です", "ます", "ました", "返信", "停止"].iter().any(|word| filled.text.contains(word));
    if japanese == english {
        return Some(format!("not in the language that was asked for: {}", filled.text));
    }
    let estimate = filled.estimate.as_ref()?;
    let routes: Vec<Route> = estimate.routes.keys().copied().collect();
    if routes != [Route::Docomo, Route::Au, Route::Softbank, Route::Rakuten] {
        return Some(format!("not estimated on every route: {routes:?}"));
    }
    let long = estimate.routes.iter().find(|(_, bill)| !(1..=2).contains(&bill.parts));
    if let Some((route, bill)) = long {
        return Some(format!("{} parts to {}: {}", bill.parts, route.describe(), filled.text));
    }
    estimate.warnings.first().map(|warning| format!("{warning}: {}", filled.text))
}

#[test]
fn every_message_is_one_or_two_parts_for_every_customer_of_the_demo() {
    let definitions = library();
    let code = Code::parse("0123456789ab").unwrap();
    let numbers = one_of_each_name();
    let mut sms = 0_u32;
    for language in ["ja", "en"] {
        let customers: Vec<Customer> = numbers.iter().map(|number| customer(*number, language)).collect();
        for name in definitions.journeys.keys() {
            let (_, journey) = definitions.current(name).unwrap();
            for message in messages(journey) {
                let wording = [Some(&message.text), message.subject.as_ref()];
                let both = wording.into_iter().flatten().all(|wording| wording.english.is_some());
                assert!(both, "{name}: {} has no English", message.name);
                // What is filled in of an e-mail is the same for all but for the name: some will do.
                let every = if message.to.is_none() && message.subject.is_none() { 1 } else { 50 };
                for (customer, number) in customers.iter().zip(&numbers).step_by(every) {
                    let enrollment = enrollment(journey, *number);
                    let at = || format!("{name}: {} of {number} in {language}", message.name);
                    let filled = fill(customer, (&enrollment, journey), message, &code, &definitions, SENDER)
                        .unwrap_or_else(|unfilled| panic!("{}: {}", at(), unfilled.reason.describe()));
                    let wrong = wrong(&filled, language == "en");
                    assert!(wrong.is_none(), "{}: {}", at(), wrong.unwrap_or_default());
                    sms += u32::from(filled.estimate.is_some());
                }
            }
        }
    }
    assert!(sms as usize > 30 * numbers.len(), "{sms} SMS for {} names", numbers.len());
}
