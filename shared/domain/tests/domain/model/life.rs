//! A customer's life as raw facts: what is told of the person and when, and how each message will fare.

use std::collections::BTreeMap;

use domain::consent::{ConsentSaid, Proof, Purpose};
use domain::contact::Channel;
use domain::customer::Value;
use domain::event::{Event, EventId, Properties};
use domain::input::Input;
use domain::money::Yen;
use domain::names::JourneyName;
use domain::time::Timestamp;
use proptest::prelude::*;

use crate::at;
use crate::plan::EVENTS;

/// A Friday; the clocks of Europe go forward on the Sunday.
const START: &str = "2026-03-27T00:00:00Z";

/// The minutes in which something is told.
const MINUTES: i64 = 4 * 1440;

/// Zones that people live in.
pub const ZONES: [&str; 4] = ["Asia/Tokyo", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu"];

/// What pages and requests are called.
pub const PAGES: [&str; 3] = ["a", "b", "c"];

/// What people reply.
pub const WORDS: [Option<&str>; 3] = [None, Some("1"), Some("はい")];

/// A life. All times are whole minutes from the start.
#[derive(Clone, Debug)]
pub struct Life {
    /// A number, which chance goes by.
    pub customer: u16,
    /// What is told, and when.
    pub told: Vec<(i64, Told)>,
    /// How the messages fare, by the number in their names.
    pub fates: Vec<Fate>,
}

/// Something that is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// Who the person is; said so many minutes ago.
    Person {
        phone: bool,
        email: bool,
        vip: bool,
        zone: usize,
        visit: Option<i64>,
        sms: bool,
        mail: bool,
        /// Whether there is a LINE id, and whether messages may come there.
        line: (bool, bool),
        said: i64,
    },
    /// What the person did, at another minute than it is told: earlier, or dated ahead.
    Did { name: usize, page: Option<usize>, shift: i64 },
    /// The person wants no more on a channel.
    OptOut(Channel),
    /// Someone asks for the journey.
    Asked { key: usize },
}

/// How a message fares. The minutes of sender and provider stay below the quarter of an hour after which `step` hands a
/// message over again; what comes later is counted from the minute in which it left.
#[derive(Clone, Debug)]
pub struct Fate {
    /// Minutes in the sender's queue.
    pub queue: i64,
    /// Minutes until the sender's word is heard.
    pub heard: i64,
    /// What the provider says.
    pub answer: Answer,
    /// The receipt, and whether it says delivered.
    pub receipt: Option<(i64, bool)>,
    /// A click, and whether it is a program's.
    pub click: Option<(i64, bool)>,
    /// When it is opened.
    pub open: Option<i64>,
    /// A reply, and what it says.
    pub reply: Option<(i64, usize)>,
}

/// What a provider says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It takes it.
    Accepted,
    /// It refuses it; nothing more is heard of it.
    Refused,
    /// It does not answer.
    Silence,
    /// The sender dies before it can tell.
    Lost,
}

/// The instant of a minute.
pub fn instant(minute: i64) -> Timestamp {
    at(START).plus(minute * 60)
}

impl Life {
    /// How a message fares, by its name: `m0`, `m1` …
    pub fn fate(&self, name: &str) -> &Fate {
        let number: usize = name.trim_start_matches('m').parse().unwrap();
        &self.fates[number % self.fates.len()]
    }

    /// The customer's id.
    pub fn id(&self) -> String {
        format!("c-{}", self.customer)
    }
}

/// A life.
pub fn life() -> impl Strategy<Value = Life> {
    let person = (
        (prop::bool::weighted(0.9), prop::bool::weighted(0.8), any::<bool>(), 0..ZONES.len()),
        (prop::option::weighted(0.8, 0..8000_i64), prop::bool::weighted(0.9), prop::bool::weighted(0.8)),
        (prop::bool::weighted(0.8), prop::bool::weighted(0.8)),
        prop_oneof![Just(0), 0..600_i64],
    )
        .prop_map(|((phone, email, vip, zone), (visit, sms, mail), line, said)| Told::Person {
            phone,
            email,
            vip,
            zone,
            visit,
            sms,
            mail,
            line,
            said,
        });
    let shift = prop_oneof![4 => Just(0), 3 => -400..200_i64, 1 => Just(-2000)];
    let did = (0..EVENTS.len(), prop::option::weighted(0.8, 0..PAGES.len()), shift)
        .prop_map(|(name, page, shift)| Told::Did { name, page, shift });
    let told = prop_oneof![
        2 => person.clone(),
        8 => did,
        1 => prop::sample::select(Channel::ALL.to_vec()).prop_map(Told::OptOut),
        1 => (0..PAGES.len()).prop_map(|key| Told::Asked { key }),
    ];
    // Many things at few minutes, so that several are told at one.
    let minute =
        prop_oneof![2 => 0..MINUTES, 2 => 0..60_i64, 1 => 0..600_i64, 1 => (0..8_i64).prop_map(|n| n * 600)];
    let told = (person, prop::collection::vec((minute, told), 1..24)).prop_map(|(first, mut rest)| {
        rest.insert(0, (0, first));
        rest
    });
    let fates = prop::collection::vec(fate(), 6);
    (any::<u16>(), told, fates).prop_map(|(customer, told, fates)| Life { customer, told, fates })
}

fn fate() -> impl Strategy<Value = Fate> {
    let answer = prop_oneof![
        6 => Just(Answer::Accepted),
        1 => Just(Answer::Refused),
        1 => Just(Answer::Silence),
        1 => Just(Answer::Lost),
    ];
    let later = || prop_oneof![0..12_i64, 0..900_i64];
    (
        (0..11_i64, 0..4_i64, answer),
        prop::option::of((later(), any::<bool>())),
        prop::option::of((later(), prop::bool::weighted(0.3))),
        prop::option::of(later()),
        prop::option::of((later(), 0..WORDS.len())),
    )
        .prop_map(|((queue, heard, answer), receipt, click, open, reply)| Fate {
            queue,
            heard,
            answer,
            receipt,
            click,
            open,
            reply,
        })
}

/// What the shop calls the event that is told as the `index`th thing.
pub fn event_id(index: usize) -> EventId {
    EventId::of(&index.to_string())
}

/// The input that tells it.
pub fn input(index: usize, minute: i64, told: &Told, journey: &JourneyName) -> Input {
    let now = instant(minute);
    match told {
        Told::Person { phone, email, vip, zone, visit, sms, mail, line, said } => {
            let text =
                |there: bool, text: &str| if there { Value::Text(text.to_owned()) } else { Value::Absent };
            let visit = visit.map_or(Value::Absent, |visit| Value::Text(instant(visit).to_string()));
            let traits = BTreeMap::from([
                ("phone".to_owned(), text(*phone, "+819012345678")),
                ("email".to_owned(), text(*email, "hana@example.jp")),
                ("line_id".to_owned(), text(line.0, "U4af4980629f1b2c3d4e5f60718293a4b")),
                ("vip".to_owned(), Value::Boolean(*vip)),
                ("time_zone".to_owned(), text(true, ZONES[*zone])),
                ("visit_at".to_owned(), visit),
            ]);
            let word = |channel, given| ConsentSaid::new(channel, Purpose::Marketing, given);
            let consents =
                vec![word(Channel::Sms, *sms), word(Channel::Email, *mail), word(Channel::Line, line.1)];
            Input::Identify { traits, consents, at: now.plus(-60 * said) }
        }
        Told::Did { name, page, shift } => {
            let page = page.map(|page| ("page".to_owned(), Value::Text(PAGES[page].to_owned())));
            let (name, at) = (EVENTS[*name].to_owned(), now.plus(60 * shift));
            let properties: Properties = page.into_iter().collect();
            Input::Track { event: Event { id: event_id(index), name, at, yen: Yen(900), properties } }
        }
        Told::OptOut(channel) => Input::OptOut { channel: *channel, at: now, proof: Proof::default() },
        Told::Asked { key } => Input::Enroll {
            journey: journey.clone(),
            key: PAGES[*key].to_owned(),
            at: now,
            event: Properties::new(),
        },
    }
}
