//! People whose days pass in a shop with the definitions of a scenario, told line by line. The senders are the real
//! checks and the real texts; only the provider is a fiction that accepts everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use domain::consent::{ConsentSaid, Proof, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::enrollment::{Enrollment, Message, State, Status};
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::input::{Effect, Input, List, Outcome, Visitor};
use domain::journey::{Journey, MessageStep};
use domain::message::{Code, Permission, reply_word};
use domain::money::Yen;
use domain::names::{CustomerId, StepName};
use domain::population::Population;
use domain::rendering::{Filled, Sender, fill};
use domain::spelling::counted;
use domain::step::{Decided, Stepped, step};
use domain::time::{MINUTE, Timestamp};
use domain::walk::check_at_sending;

use crate::{at, definitions};

const SENDER: Sender<'_> = Sender { base: "https://t.example.jp", name: "つなぎ商店" };

/// The folder of all scenarios.
pub fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/local/scenarios")
}

/// The YAML files of a scenario, and the shop of win-back.
pub fn scenario(name: &str) -> Vec<String> {
    let files = fs::read_dir(library().join(name)).unwrap().map(|entry| entry.unwrap().path());
    let shop = library().join("win-back/shop.yaml");
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|it| it == "yaml") && !path.ends_with("shop.yaml"))
        .chain([shop])
        .collect();
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// A shop with one scenario.
pub struct Shop(Definitions);

impl Shop {
    pub fn of(name: &str) -> Self {
        Self(definitions(&scenario(name)))
    }

    /// The same, with what a survey of all customers learnt.
    pub fn learnt(name: &str, population: Population) -> Self {
        let mut shop = Self::of(name);
        shop.0.population = Some(population);
        shop
    }

    /// A person who agreed to SMS and e-mail before the story begins; `traits` say what else is known, or what is not.
    pub fn person(&self, traits: &[(&str, &str)]) -> Person<'_> {
        let given = |channel| ConsentSaid::new(channel, Purpose::Marketing, true);
        self.person_who(traits, Channel::ALL.map(given).to_vec())
    }

    /// A person who said nothing of messages yet.
    pub fn stranger(&self, traits: &[(&str, &str)]) -> Person<'_> {
        self.person_who(traits, Vec::new())
    }

    fn person_who(&self, traits: &[(&str, &str)], consents: Vec<ConsentSaid>) -> Person<'_> {
        let mut person = Person {
            definitions: &self.0,
            customer: Customer::new(CustomerId::parse("hana").unwrap()),
            due: None,
            coming: BTreeMap::new(),
            queued_minutes: 0,
            told: String::new(),
            got: Vec::new(),
        };
        let known = [("name", "花"), ("phone", "+819012345678"), ("email", "hana@example.jp")];
        let traits = known.iter().chain(traits).map(|(name, said)| ((*name).to_owned(), value(said)));
        let start = at("2026-01-01T00:00:00+09:00");
        let traits = traits.collect();
        person.happens(start, Input::Identify { traits, consents, at: start });
        person
    }
}

/// What comes at an instant.
enum Coming {
    Input(Input),
    /// A sender takes the message from its queue.
    Sender(Code),
}

/// One person.
pub struct Person<'a> {
    definitions: &'a Definitions,
    customer: Customer,
    due: Option<Timestamp>,
    coming: BTreeMap<Timestamp, Vec<Coming>>,
    /// How long a message lies in its sender's queue.
    pub queued_minutes: i64,
    /// What happened, by the person's own clock.
    pub told: String,
    got: Vec<String>,
}

/// An instant on clocks in Tokyo, such as `2026-02-03 10:00`.
pub fn tokyo(text: &str) -> Timestamp {
    at(&format!("{}:00+09:00", text.replace(' ', "T")))
}

/// A value as a test writes it: nothing is absent; yes and no, whole numbers and texts are themselves.
fn value(text: &str) -> Value {
    match text {
        "" => Value::Absent,
        "true" | "false" => Value::Boolean(text == "true"),
        number if !number.starts_with('+') && number.parse::<i64>().is_ok() => {
            Value::Integer(number.parse().unwrap())
        }
        text => Value::Text(text.to_owned()),
    }
}

impl Person<'_> {
    /// The person does something.
    pub fn tells(&mut self, when: &str, name: &str, properties: &[(&str, &str)]) -> &mut Self {
        let at = tokyo(when);
        let properties: Properties =
            properties.iter().map(|(name, said)| ((*name).to_owned(), value(said))).collect();
        let id = EventId::of(&format!("{name} {when} {properties:?}"));
        let yen = if name == ORDER_COMPLETED { Yen(6_000) } else { Yen::ZERO };
        self.happens(at, Input::Track { event: Event { id, name: name.to_owned(), at, yen, properties } })
    }

    /// Something is known of the person, or not any more.
    pub fn becomes(&mut self, when: &str, name: &str, said: &str) -> &mut Self {
        let (at, traits) = (tokyo(when), BTreeMap::from([(name.to_owned(), value(said))]));
        self.happens(at, Input::Identify { traits, consents: Vec::new(), at })
    }

    /// The person opts out of a channel.
    pub fn refuses(&mut self, when: &str, channel: Channel) -> &mut Self {
        let at = tokyo(when);
        self.happens(at, Input::OptOut { channel, at, proof: Proof::default() })
    }

    /// The person wants no message on a channel, not even about what was bought.
    pub fn wants_none(&mut self, when: &str, channel: Channel) -> &mut Self {
        let at = tokyo(when);
        let refused = |purpose| ConsentSaid::new(channel, purpose, false);
        let consents = Purpose::ALL.map(refused).to_vec();
        self.happens(at, Input::Identify { traits: BTreeMap::new(), consents, at })
    }

    /// The first link of a message is followed.
    pub fn clicks(&mut self, when: &str, step: &str) -> &mut Self {
        let at = tokyo(when);
        let code = self.code(at, step);
        self.happens(at, Input::Click { code, link: 0, by: Visitor::Person, at })
    }

    /// The latest SMS is answered.
    pub fn replies(&mut self, when: &str, text: &str) -> &mut Self {
        let (at, channel) = (tokyo(when), Channel::Sms);
        self.happens(at, Input::Reply { code: None, channel, word: reply_word(text), at })
    }

    /// The provider tells that a message did not reach the person.
    pub fn bounces(&mut self, when: &str, step: &str) -> &mut Self {
        let at = tokyo(when);
        let code = self.code(at, step);
        let status = Status::Undelivered("550".to_owned());
        self.happens(at, Input::Receipt { code, status, parts: None, yen: None })
    }

    /// Time passes.
    pub fn until(&mut self, when: &str) -> &mut Self {
        self.pass(tokyo(when));
        self
    }

    /// The messages that reached the person or somebody else: when by the person's clock, and which step's.
    pub fn got(&self) -> Vec<&str> {
        self.got.iter().map(String::as_str).collect()
    }

    /// The segments the person is in at an instant.
    pub fn segments(&mut self, when: &str) -> String {
        self.until(when);
        let members = self.customer.segments.iter().filter(|(_, membership)| membership.member);
        members.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What is known of the person.
    pub fn is(&self, name: &str) -> Option<&Value> {
        self.customer.value(name)
    }

    fn code(&mut self, at: Timestamp, name: &str) -> Code {
        self.pass(at);
        let name = StepName::parse(name).unwrap();
        let found = self.customer.enrollments.iter().rev().find_map(|enrollment| {
            let journey = self.definitions.version(&enrollment.journey, enrollment.version)?;
            enrollment.message(journey.position(&name)?)
        });
        found.unwrap_or_else(|| panic!("no message `{name}`:\n{}", self.told)).code.clone()
    }

    /// Something reaches the shop.
    pub fn happens(&mut self, at: Timestamp, input: Input) -> &mut Self {
        self.coming.entry(at).or_default().push(Coming::Input(input));
        self.pass(at);
        self
    }

    fn pass(&mut self, until: Timestamp) {
        loop {
            let next = self.coming.keys().next().copied().into_iter().chain(self.due).min();
            let Some(now) = next.filter(|next| *next <= until) else { return };
            let (mut inputs, mut sends) = (Vec::new(), Vec::new());
            for coming in self.coming.remove(&now).unwrap_or_default() {
                match coming {
                    Coming::Input(input) => inputs.push(input),
                    Coming::Sender(code) => sends.push(code),
                }
            }
            if !inputs.is_empty() || self.due == Some(now) {
                self.step(now, &inputs);
            }
            for code in sends {
                self.send(now, &code);
            }
        }
    }

    fn step(&mut self, now: Timestamp, inputs: &[Input]) {
        let before = std::mem::replace(&mut self.customer, Customer::new(CustomerId::parse("hana").unwrap()));
        let stepped = step(&before, inputs, now, self.definitions);
        self.customer = stepped.customer.clone();
        self.due = stepped.next.as_ref().map(|due| due.at);
        self.tell(now, &before, &stepped);
        for effect in &stepped.effects {
            match effect {
                Effect::Send { task, .. } => {
                    let waits =
                        |coming: &Coming| matches!(coming, Coming::Sender(code) if *code == task.code);
                    // One that is handed over again while it lies there is claimed by the first.
                    if !self.coming.values().flatten().any(waits) {
                        let at = now.plus(self.queued_minutes * MINUTE);
                        self.coming.entry(at).or_default().push(Coming::Sender(task.code.clone()));
                    }
                }
                Effect::Member { list: List::Audience(name), member, .. } => {
                    let how = if *member { "is put on" } else { "is taken off" };
                    self.line(now, &format!("{how} the list {name}"));
                }
                Effect::Member { list: List::Segment(_), .. }
                | Effect::Ledger { .. }
                | Effect::Webhook(_)
                | Effect::Announce(_)
                | Effect::Alias { .. } => {}
            }
        }
    }

    /// What a sender does: it checks, renders, and reports a minute later.
    fn send(&mut self, now: Timestamp, code: &Code) {
        let outcome = match check_at_sending(&self.customer, code, self.definitions, now) {
            Permission::Hold(until, why) => {
                let what = format!(
                    "{} is put back until {}: {}",
                    self.name(code),
                    self.clock(until),
                    why.describe()
                );
                self.line(now, &what);
                Outcome::Held { until, why }
            }
            Permission::Skip(why) => {
                self.line(now, &format!("{} does not leave: {}", self.name(code), why.describe()));
                Outcome::Settled { status: Status::Skipped(why), parts: None, yen: None }
            }
            Permission::Send => {
                let (enrollment, journey, message) = self.message(code);
                let filled =
                    fill(&self.customer, (enrollment, journey), message, code, self.definitions, SENDER);
                match filled {
                    Ok(filled) => {
                        let name = message.name.to_string();
                        self.got.push(format!("{} {name}", self.clock(now)));
                        let text = sent(&filled, &name).replace(code.as_str(), "…");
                        self.line(now, &text);
                        let parts = filled.estimate.map(|estimate| estimate.most_parts());
                        Outcome::Settled { status: Status::Accepted, parts, yen: Some(Yen(9)) }
                    }
                    Err(unfilled) => {
                        let why = unfilled.reason;
                        self.line(now, &format!("{} does not leave: {}", self.name(code), why.describe()));
                        Outcome::Settled { status: Status::Skipped(why), parts: None, yen: None }
                    }
                }
            }
        };
        let input = Input::Outcome { code: code.clone(), outcome };
        self.coming.entry(now.plus(MINUTE)).or_default().push(Coming::Input(input));
    }

    fn message(&self, code: &Code) -> (&Enrollment, &Journey, &MessageStep) {
        let found = self.customer.enrollments.iter().find_map(|enrollment| {
            let message = enrollment.messages().find(|message| message.code == *code)?;
            let journey = self.definitions.version(&enrollment.journey, enrollment.version)?;
            Some((enrollment, &**journey, journey.message(message.step)?))
        });
        found.unwrap_or_else(|| panic!("no message {}", code.as_str()))
    }

    fn name(&self, code: &Code) -> String {
        self.message(code).2.name.to_string()
    }

    fn tell(&mut self, now: Timestamp, before: &Customer, stepped: &Stepped) {
        let known: Vec<&Message> = before.enrollments.iter().flat_map(Enrollment::messages).collect();
        let messages = stepped.customer.enrollments.iter().flat_map(Enrollment::messages);
        let mut skipped = messages
            .filter(|message| matches!(message.status, Status::Skipped(_)) && !known.contains(message));
        let mut lines = Vec::new();
        for decision in &stepped.decisions {
            let journey = &decision.journey;
            lines.push(match &decision.what {
                Decided::Entered => format!("enters {journey}"),
                Decided::NotEntered(why) => format!("does not enter {journey}: {}", why.describe()),
                Decided::Handed(_) => continue,
                Decided::Held(why, until) => {
                    let name = self.held(journey.as_str());
                    format!("{name} waits until {}: {}", self.clock(*until), why.describe())
                }
                Decided::Skipped(why) => {
                    let name = skipped.next().map(|message| self.name(&message.code)).unwrap_or_default();
                    format!("{name} is left out: {}", why.describe())
                }
                Decided::Took(way) => format!("takes `{way}`"),
                Decided::Ended(why) => format!("ends {journey}: {}", why.describe()),
            });
        }
        for line in lines {
            self.line(now, &line);
        }
    }

    /// The message of a journey that waits.
    fn held(&self, journey: &str) -> String {
        let held = self.customer.enrollments.iter().rev().find_map(|enrollment| match enrollment.state {
            State::Holding { step, .. } if enrollment.journey.as_str() == journey => {
                let journey = self.definitions.version(&enrollment.journey, enrollment.version)?;
                journey.step_name(step).map(ToString::to_string)
            }
            State::Holding { .. }
            | State::Starting { .. }
            | State::Sending { .. }
            | State::Waiting { .. }
            | State::Listening { .. }
            | State::Ended { .. } => None,
        });
        held.unwrap_or_default()
    }

    fn line(&mut self, now: Timestamp, what: &str) {
        let at = self.clock(now);
        writeln!(self.told, "{at}  {what}").unwrap();
    }

    fn clock(&self, now: Timestamp) -> String {
        let zone = self.customer.zone(&self.definitions.zone);
        let local = jiff::Timestamp::from_second(now.seconds()).unwrap().to_zoned(zone);
        local.strftime("%Y-%m-%d %a %H:%M").to_string()
    }
}

/// A message as the person sees it, on one line.
fn sent(filled: &Filled, name: &str) -> String {
    let mut head = format!("{name} → {}", filled.to);
    if let Some(from) = &filled.from {
        let replies = filled.reply_to.as_deref().unwrap_or("the shop");
        write!(head, " from {from}, replies to {replies}").unwrap();
    }
    if let Some(estimate) = &filled.estimate {
        write!(head, " ({})", counted(u64::from(estimate.most_parts()), "part")).unwrap();
    }
    let subject = if filled.subject.is_empty() { String::new() } else { format!("「{}」", filled.subject) };
    format!("{head}: {subject}{}", filled.text.trim_end().replace('\n', "⏎"))
}
