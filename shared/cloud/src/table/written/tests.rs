//! Items as each version writes them stand in `tests/versions`: what is written today is the last version there, and whatever
//! stands there is read. Whoever changes what is stored finds a test failing, or one that does not compile, until the change
//! has a version, a step to it and items of it (ARCHITECTURE.md, "What is stored changes").

mod filled;

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::definitions::{Definitions, Kind, Version};
use domain::enrollment::Status;
use domain::input::{Effect, Input, Outcome};
use domain::message::{Code, CodeKey};
use domain::names::CustomerId;
use domain::step::{Stepped, step};
use domain::time::{DAY, Timestamp};
use serde_json::{Value, json};

use super::super::customers::{self, Stored};
use super::super::messages::MessageItem;
use super::super::runs::{RUNS_KEPT_SECONDS, Run, part_item, read_part, read_run, run_item};
use super::super::verifications::{self, Kept};
use super::super::{Item, Row, consents, ledger, read_number, read_text, text, untold};

/// Attributes that hold a document as text.
const DOCUMENTS: [&str; 5] = ["doc", "inputs", "links", "outcome", "said"];

/// Reads an item and writes it again.
type Again = fn(&Item) -> Result<Item>;

/// Each kind: what it is called in errors, its items of the version that is written, and how they are read and written.
const KINDS: [(&str, &str, Again); 8] = [
    ("a customer's document", include_str!("../../../tests/versions/customer.2.json"), customer),
    ("a ledger row", include_str!("../../../tests/versions/ledger.1.json"), ledger_row),
    ("a message", include_str!("../../../tests/versions/message.1.json"), message),
    ("a verification", include_str!("../../../tests/versions/verification.2.json"), verification),
    ("a run", include_str!("../../../tests/versions/run.1.json"), run),
    ("a part of a run", include_str!("../../../tests/versions/part.1.json"), part),
    ("a consent", include_str!("../../../tests/versions/consent.1.json"), consent),
    ("what was said on a page", include_str!("../../../tests/versions/untold.1.json"), said),
];

/// Customers as the first releases wrote them: waiting, sending, and awaiting a reply.
const FIRST_CUSTOMERS: &str = include_str!("../../../tests/versions/customer.1.json");

fn customer(item: &Item) -> Result<Item> {
    let Stored { customer, revision, attempt, .. } = Stored::read(item)?;
    customers::item(&customer, revision, &attempt)
}

fn ledger_row(item: &Item) -> Result<Item> {
    let row = ledger::read(item)?;
    let revision = u64::try_from(read_number(item, "rev").unwrap())?;
    ledger::item(&ledger::journey_of(item)?, &row, revision)
}

fn message(item: &Item) -> Result<Item> {
    let read = MessageItem::read(item)?;
    let mut written = read.claimed()?;
    // It is added when it is known.
    let outcome = serde_json::to_string(&read.outcome)?;
    written.extend(read.outcome.map(|_| ("outcome".to_owned(), text(outcome))));
    Ok(written)
}

fn verification(item: &Item) -> Result<Item> {
    let Kept { verification, to, address, .. } = Kept::read(item)?;
    Ok(verifications::item(&verification, &to.unwrap(), &address.unwrap()))
}

fn run(item: &Item) -> Result<Item> {
    run_item(&read_run(item)?)
}

fn part(item: &Item) -> Result<Item> {
    let part = read_part(item)?;
    let id = read_text(item, "pk")?.strip_prefix("R#").unwrap().parse()?;
    let expires = Timestamp::from_seconds(read_number(item, "expires").unwrap());
    let run = Run { id, begun: expires.plus(-RUNS_KEPT_SECONDS), parts: 8, finished: None, result: None };
    part_item(&run, &part, read_text(item, "by")?)
}

fn consent(item: &Item) -> Result<Item> {
    let read = consents::read(item)?;
    Ok(whole(Row::consent(&of(item)?, &read.word, read.at)?))
}

fn said(item: &Item) -> Result<Item> {
    let at = read_text(item, "sk")?.split('#').nth(1).unwrap().parse()?;
    let (row, _) = untold::row(&of(item)?, &untold::inputs(item)?, Timestamp::from_seconds(at), 8)?;
    Ok(whole(row))
}

fn of(item: &Item) -> Result<CustomerId> {
    customers::customer_of(read_text(item, "pk")?)
}

fn whole(Row { pk, sk, mut item }: Row) -> Item {
    item.extend([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]);
    item
}

fn items(fixture: &str) -> Vec<Item> {
    let items: Vec<serde_json::Map<String, Value>> = serde_json::from_str(fixture).unwrap();
    items.into_iter().map(|item| item.into_iter().map(attribute).collect()).collect()
}

fn attribute((name, value): (String, Value)) -> (String, AttributeValue) {
    let attribute = match &value {
        value if DOCUMENTS.contains(&name.as_str()) => AttributeValue::S(value.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Bool(truth) => AttributeValue::Bool(*truth),
        Value::Null | Value::Array(_) | Value::Object(_) => panic!("`{name}` is no attribute: {value}"),
    };
    (name, attribute)
}

/// An item as it stands in a fixture.
fn shown(item: &Item) -> Value {
    let value = |(name, value): (&String, &AttributeValue)| {
        let document = DOCUMENTS.contains(&name.as_str());
        let text =
            value.as_s().map(|text| if document { serde_json::from_str(text).unwrap() } else { json!(text) });
        let number = value.as_n().map(|number| serde_json::from_str(number).unwrap());
        let shown = text.or(number).or(value.as_bool().map(|truth| json!(truth)));
        (name.clone(), shown.unwrap_or_else(|value| panic!("`{name}` is no attribute: {value:?}")))
    };
    Value::Object(item.iter().map(value).collect())
}

#[test]
fn what_is_written_is_what_its_version_says() {
    for (kind, fixture, again) in KINDS {
        for item in items(fixture) {
            let mut expected = shown(&item);
            // The first release wrote none.
            expected["v"] = expected.get("v").cloned().unwrap_or_else(|| json!(1));
            let written = shown(&again(&item).unwrap());
            assert_eq!(written, expected, "{kind} is written otherwise: it wants a new version");
        }
    }
}

/// As the last releases wrote it before they said a version, which no step may change.
#[test]
fn what_says_no_version_is_of_the_first() {
    for (kind, fixture, again) in KINDS {
        let first = |item: &Item| read_number(item, "v").is_none_or(|version| version == 1);
        for item in items(fixture).into_iter().filter(first) {
            let mut bare = item.clone();
            bare.remove("v");
            assert_eq!(again(&bare).unwrap(), again(&item).unwrap(), "{kind}");
        }
    }
}

#[test]
fn customers_of_the_first_version_are_read_as_what_they_meant() {
    let (first, second) = (items(FIRST_CUSTOMERS), items(KINDS[0].1));
    for (first, second) in first.iter().zip(&second) {
        assert!(!first.contains_key("v") && second.contains_key("v"));
        assert_eq!(Stored::read(first).unwrap(), Stored::read(second).unwrap());
        assert_eq!(shown(&customer(first).unwrap()), shown(second), "it is written anew");
    }
}

#[test]
fn a_verification_of_the_first_version_is_valid_until_it_expires() {
    let first = items(include_str!("../../../tests/versions/verification.1.json"));
    let read = first.iter().map(|item| Kept::read(item).unwrap());
    let read: Vec<_> = read.map(|kept| (kept.verification.expires_at.seconds(), kept.address)).collect();
    assert_eq!(read, [(1_772_413_800, None)]);
}

/// The reader does not even look at what it says.
#[test]
fn nothing_of_a_later_version_is_read() {
    for (kind, fixture, again) in KINDS {
        for mut item in items(fixture) {
            item.retain(|name, _| name == "pk" || name == "sk");
            item.insert("v".to_owned(), AttributeValue::N("99".to_owned()));
            let error = again(&item).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{kind} of version 99, and this release reads up to ")),
                "{error}"
            );
        }
    }
}

const LAPSED: &str = "segment:
  name: lapsed
  when: { all: [{ event: { name: Order Completed } }, { no_event: { name: Order Completed, for_days: 30 } }] }
";

/// What the fixtures' customers are in. Steps stand in one list: 0 the SMS, 1 the wait, 2 the wait for a reply.
const WIN_BACK: &str = "journey:
  name: win-back
  purpose: transactional
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }} お元気ですか\" }
    - wait: 3d
    - wait_for: { when: { replied: hello }, within: 2d, otherwise: [exit] }
    - email: { name: letter, subject: お元気ですか, text: \"{{ sender }}です\" }
";

const ENTERED: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// The first releases' customer of this place, met by an input.
fn met(place: usize, input: Input, at: Timestamp) -> Stepped {
    let versions = [(Kind::Segment, "lapsed", LAPSED), (Kind::Journey, "win-back", WIN_BACK)];
    let versions = versions.map(|(kind, name, yaml)| Version {
        kind,
        name: name.to_owned(),
        number: 1,
        yaml: yaml.to_owned(),
    });
    let definitions = Definitions::new(&versions, CodeKey::parse("0123456789abcdef").unwrap()).unwrap();
    let stored = Stored::read(&items(FIRST_CUSTOMERS)[place]).unwrap();
    step(&stored.customer, &[input], at, &definitions)
}

fn sends(stepped: &Stepped) -> usize {
    stepped.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count()
}

#[test]
fn a_customer_of_the_first_version_goes_on_where_it_stood() {
    // Its wait ends on the fourth day, and nothing is sent until the reply came or is given up.
    let early = met(0, Input::Timer, ENTERED.plus(4 * DAY - 1));
    assert_eq!((early.changed, early.next.map(|due| due.at)), (false, Some(ENTERED.plus(4 * DAY))));
    let waited = met(0, Input::Timer, ENTERED.plus(4 * DAY));
    assert_eq!((sends(&waited), waited.next.map(|due| due.at)), (0, Some(ENTERED.plus(6 * DAY))));

    // The SMS that is with its sender is not sent anew, and what becomes of it is heard.
    let code = Code::parse("Sends2AAAAAA").unwrap();
    let outcome = Outcome::Settled { status: Status::Accepted, parts: Some(1), yen: None };
    let at = ENTERED.plus(120);
    let accepted = met(1, Input::Outcome { code: code.clone(), outcome }, at);
    assert_eq!((sends(&accepted), accepted.next.map(|due| due.at)), (0, Some(at.plus(3 * DAY))));
    let message = accepted.customer.enrollments[0].message(0).unwrap();
    assert_eq!((&message.code, &message.status), (&code, &Status::Accepted));

    // A reply is heard, and the e-mail leaves.
    let (code, at) = (Code::parse("Hears3AAAAAA").unwrap(), ENTERED.plus(5 * DAY));
    let channel = domain::contact::Channel::Sms;
    let replied = met(2, Input::Reply { code: Some(code), channel, word: None, at }, at);
    assert_eq!(sends(&replied), 1, "{:?}", replied.effects);
}
