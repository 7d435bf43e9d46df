//! What happens to one customer, told line by line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::enrollment::{EndReason, Message, State, Status};
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::input::{Announced, Effect, Input, List, Outcome, Visitor};
use domain::message::Code;
use domain::money::Yen;
use domain::names::{CustomerId, StepName};
use domain::step::{Decided, Stepped, step};
use domain::time::Timestamp;

use crate::at;

/// What happens to one customer, and the lines that tell it.
pub struct Story {
    pub definitions: Definitions,
    pub customer: Customer,
    pub next: Option<Timestamp>,
    /// What senders report a minute after a message was handed to them; nothing when they are to be silent.
    pub report: Option<Status>,
    pub told: String,
}

pub fn order(at: Timestamp) -> Input {
    track(ORDER_COMPLETED, at)
}

pub fn track(name: &str, at: Timestamp) -> Input {
    let id = EventId::of(&format!("{name} {at}"));
    Input::Track {
        event: Event {
            id,
            name: name.to_owned(),
            at,
            yen: if name == ORDER_COMPLETED { Yen(6_000) } else { Yen::ZERO },
            properties: Properties::new(),
        },
    }
}

/// An instant of 1998 in Tokyo, such as `07-01 09:00`.
pub fn tokyo(text: &str) -> Timestamp {
    let text = if text.len() == 11 { format!("1998-{text}") } else { text.to_owned() };
    at(&format!("{}:00+09:00", text.replace(' ', "T")))
}

pub fn clock(now: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
    jiff::Timestamp::from_second(now.seconds()).unwrap().to_zoned(zone).strftime("%m-%d %H:%M").to_string()
}

impl Story {
    /// Hana, who agreed to SMS and e-mail at an instant.
    pub fn of_hana(when: Timestamp, definitions: Definitions) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        let traits = [("name", "花"), ("phone", "+819012345678"), ("email", "hana@example.jp")];
        let traits = traits.map(|(name, value)| (name.to_owned(), text(value))).into();
        let consents =
            Channel::ALL.map(|channel| ConsentSaid::new(channel, Purpose::Marketing, true)).to_vec();
        let customer = Customer::new(CustomerId::parse("hana").unwrap());
        let report = Some(Status::Accepted);
        let mut story = Self { definitions, customer, next: None, report, told: String::new() };
        story.happens(when, Input::Identify { traits, consents, at: when });
        story.told.clear();
        story
    }

    /// Lets time pass: every due instant up to `until`, and what senders report.
    pub fn until(&mut self, until: &str) -> &mut Self {
        self.pass(tokyo(until));
        self
    }

    pub fn pass(&mut self, until: Timestamp) {
        while let Some(due) = self.next.filter(|due| *due <= until) {
            self.step(due, &[Input::Timer]);
        }
    }

    /// Time passes, then an input comes.
    pub fn happens(&mut self, now: Timestamp, input: Input) {
        self.pass(now.plus(-1));
        self.step(now, &[input]);
    }

    pub fn order(&mut self, when: &str) -> &mut Self {
        self.happens(tokyo(when), order(tokyo(when)));
        self
    }

    pub fn click(&mut self, when: &str, name: &str) -> &mut Self {
        let at = tokyo(when);
        self.pass(at);
        let code = self.message(name).code;
        self.happens(at, Input::Click { code, link: 0, by: Visitor::Person, at });
        self
    }

    pub fn identify(&mut self, when: &str, name: &str, value: Value) -> &mut Self {
        let at = tokyo(when);
        self.happens(
            at,
            Input::Identify { traits: BTreeMap::from([(name.to_owned(), value)]), consents: Vec::new(), at },
        );
        self
    }

    pub fn step(&mut self, now: Timestamp, inputs: &[Input]) {
        let stepped = step(&self.customer, inputs, now, &self.definitions);
        self.customer = stepped.customer.clone();
        self.next = stepped.next.as_ref().map(|due| due.at);
        self.tell(now, &stepped);
        let sends = stepped.effects.iter().filter_map(|effect| match effect {
            Effect::Send { task, .. } => Some(task.code.clone()),
            Effect::Webhook(_)
            | Effect::Ledger { .. }
            | Effect::Member { .. }
            | Effect::Announce(_)
            | Effect::Alias { .. } => None,
        });
        let codes: Vec<Code> = sends.collect();
        for code in codes {
            let Some(status) = self.report.clone() else { continue };
            let outcome = Outcome::Settled { status, parts: Some(1), yen: Some(Yen(9)) };
            self.happens(now.plus(60), Input::Outcome { code, outcome });
        }
    }

    /// The message of a step, of the latest enrollment that has one.
    pub fn message(&self, name: &str) -> Message {
        let name = StepName::parse(name).unwrap();
        let found = self.customer.enrollments.iter().rev().find_map(|enrollment| {
            let journey = self.definitions.version(&enrollment.journey, enrollment.version)?;
            enrollment.message(journey.position(&name)?)
        });
        found.cloned().unwrap_or_else(|| panic!("no message `{name}`:\n{}", self.told))
    }

    pub fn name(&self, code: &Code) -> String {
        let found = self.customer.enrollments.iter().find_map(|enrollment| {
            let message = enrollment.messages().find(|message| message.code == *code)?;
            let journey = self.definitions.version(&enrollment.journey, enrollment.version)?;
            journey.step_name(message.step)
        });
        found.map_or_else(|| "?".to_owned(), ToString::to_string)
    }

    fn tell(&mut self, now: Timestamp, stepped: &Stepped) {
        let decisions = stepped.decisions.iter().map(|decision| match &decision.what {
            Decided::Entered => format!("enters {}", decision.journey),
            Decided::NotEntered(why) => format!("does not enter: {why:?}"),
            Decided::Handed(code) => format!("hands over {}", self.name(code)),
            Decided::Held(why, until) => format!("holds until {}: {}", clock(*until), why.describe()),
            Decided::Skipped(why) => format!("skips: {}", why.describe()),
            Decided::Took(way) => format!("takes `{way}`"),
            Decided::Ended(why) => format!("ends {}: {}", decision.journey, why.describe()),
        });
        let list = |list: &List| match list {
            List::Segment(name) => name.to_string(),
            List::Audience(name) => name.to_string(),
        };
        let sign = |member: bool| if member { '+' } else { '-' };
        let effects = stepped.effects.iter().map(|effect| match effect {
            Effect::Send { channel, task } => format!("→ {channel} {}", self.name(&task.code)),
            Effect::Webhook(task) => format!("→ webhook of {}, step {}", task.journey, task.step),
            Effect::Ledger { journey, .. } => format!("→ row {journey}"),
            Effect::Member { list: name, member, .. } => format!("→ member {}{}", sign(*member), list(name)),
            Effect::Announce(news) => match &news.what {
                Announced::Membership { list: name, member } => {
                    format!("→ news {}{}", sign(*member), list(name))
                }
                Announced::GoalReached { journey, yen } => format!("→ news goal of {journey}, {yen}"),
            },
            Effect::Alias { channel, .. } => format!("→ alias {channel}"),
        });
        let what: Vec<String> = decisions.chain(effects).collect();
        if !what.is_empty() {
            writeln!(self.told, "{}  {}", clock(now), what.join("; ")).unwrap();
        }
    }

    pub fn ended(&self) -> Option<EndReason> {
        match self.customer.enrollments[0].state {
            State::Ended { why, .. } => Some(why),
            State::Starting { .. }
            | State::Holding { .. }
            | State::Sending { .. }
            | State::Waiting { .. }
            | State::Listening { .. } => None,
        }
    }
}
