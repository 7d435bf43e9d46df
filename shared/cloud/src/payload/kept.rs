//! Payloads as each version writes them stand in `tests/versions`, as items do: see `table/written/tests.rs`.

use std::collections::BTreeSet;
use std::fmt::Debug;

use domain::consent::Proof;
use domain::contact::Channel;
use domain::input::{Input, Outcome, SendTask, Visitor, WebhookTask};
use domain::message::Code;
use domain::time::Timestamp;
use domain::verification::CodeTask;
use serde_json::{Value, json};

use super::{Payload, read, write};
use crate::erasure::EraseTask;
use crate::inbox::Inbox;

const INBOX: &str = include_str!("../../tests/versions/inbox.1.json");

/// One of each kind of task: to send a message, a webhook, a one-time code, and to erase.
const TASKS: &str = include_str!("../../tests/versions/tasks.1.json");

fn bodies(fixture: &str) -> Vec<Value> {
    serde_json::from_str(fixture).unwrap()
}

/// What a body says, written again, is that body; without its version it is of the first, and of a later one it is left alone.
fn kept<T: Payload + PartialEq + Debug>(body: &Value) -> T {
    let payload: T = read(&body.to_string()).unwrap();
    let written: Value = serde_json::from_str(&write(&payload).unwrap()).unwrap();
    assert_eq!(written, *body, "{} is written otherwise: it wants a new version", T::SHAPE.kind);
    let mut bare = body.clone();
    bare.as_object_mut().unwrap().remove("v");
    assert_eq!(read::<T>(&bare.to_string()).unwrap(), payload);
    let later = read::<T>(&json!({ "v": T::SHAPE.version() + 1 }).to_string()).unwrap_err();
    assert!(later.is_later() && later.to_string().starts_with(T::SHAPE.kind), "{later}");
    payload
}

#[test]
fn what_is_queued_is_what_its_version_says() {
    let tasks = bodies(TASKS);
    let [send, webhook, code, erase] = tasks.as_slice() else { panic!("a task of each kind") };
    kept::<SendTask>(send);
    let WebhookTask {
        customer: _,
        code: _,
        journey: _,
        version: _,
        step: _,
        at: _,
        key,
        event,
        definitions: _,
    } = kept(webhook);
    assert!(key.is_some() && !event.is_empty());
    kept::<CodeTask>(code);
    kept::<EraseTask>(erase);
}

#[test]
fn every_input_stands_in_a_fixture() {
    let mut places = BTreeSet::new();
    for body in bodies(INBOX) {
        places.extend(kept::<Inbox>(&body).inputs.iter().map(place));
    }
    assert_eq!(places, (0..15).collect(), "the fixtures lack inputs");
}

/// An input that is added, or a field of one, does not compile until it stands here, and then in a fixture, too.
const fn place(input: &Input) -> usize {
    match input {
        Input::Identify { traits: _, consents: _, at: _ } => 0,
        Input::Track { event: _ } => 1,
        Input::Timer => 2,
        Input::Evaluate { definitions: _ } => 3,
        Input::Outcome { code: _, outcome: Outcome::Settled { status: _, parts: _, yen: _ } } => 4,
        Input::Outcome { code: _, outcome: Outcome::Held { until: _, why: _ } } => 5,
        Input::Receipt { code: _, status: _, parts: _, yen: _ } => 6,
        Input::Click { code: _, link: _, by: _, at: _ } => 7,
        Input::Open { code: _, at: _ } => 8,
        Input::Reply { code: _, channel: _, word: _, at: _ } => 9,
        Input::Enroll { journey: _, key: _, at: _, event: _ } => 10,
        Input::Remove { journey: _, until: _ } => 11,
        Input::SoftBounce { code: _, address: _, left: _ } => 12,
        Input::OptIn { channel: _, at: _, proof: _ } => 13,
        Input::OptOut { channel: _, at: _, proof: _ } => 14,
    }
}

/// As the first releases told of them: no number of definitions, no link, no word, no proof.
#[test]
fn inputs_of_the_first_releases_are_read_as_what_they_meant() {
    let body = json!({ "v": 1, "customer": "c00001", "inputs": [
        { "type": "evaluate" },
        { "type": "click", "code": "Hears3AAAAAA", "at": 7 },
        { "type": "reply", "code": null, "channel": "sms", "at": 8 },
        { "type": "opt_out", "channel": "sms", "at": 9 },
    ] });
    let (code, at) = (Code::parse("Hears3AAAAAA").unwrap(), Timestamp::from_seconds);
    let channel = Channel::Sms;
    let expected = [
        Input::Evaluate { definitions: 0 },
        Input::Click { code, link: 0, by: Visitor::Person, at: at(7) },
        Input::Reply { code: None, channel, word: None, at: at(8) },
        Input::OptOut { channel, at: at(9), proof: Proof::default() },
    ];
    assert_eq!(read::<Inbox>(&body.to_string()).unwrap().inputs, expected);
}
