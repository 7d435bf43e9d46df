//! `step`: what becomes of a customer when inputs reach it at an instant. Pure, total and deterministic.

use std::collections::BTreeMap;

use crate::calendar;
use crate::condition::Subject;
use crate::consent::{ConsentSaid, Purpose};
use crate::contact::Channel;
use crate::customer::{Customer, Membership};
use crate::definitions::Definitions;
use crate::due::{self, Due};
use crate::enrollment::{EndReason, Message, Note, Noted, Status, earliest};
use crate::event::Added;
use crate::input::{Effect, Input, Outcome};
use crate::journey::{Enter, ReEntry};
use crate::message::{Code, HoldReason, SkipReason};
use crate::names::{JourneyName, SegmentName};
use crate::project;
use crate::time::{DAY, Timestamp};
use crate::walk;

/// Rounds in which one change may cause the next (a journey puts a customer on an audience, that moves a segment, that
/// begins a journey …) before the rest waits for the next look.
const ROUNDS_LIMIT: usize = 16;

/// Notes a customer keeps.
const NOTES_LIMIT: usize = 8;

/// Ended enrollments a customer keeps whole.
const ENDED_LIMIT: usize = 5;

/// Starts of enrollments that are kept per journey once they are no longer kept whole.
const PAST_LIMIT: usize = 12;

/// What `step` returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// The customer afterwards.
    pub customer: Customer,
    /// Whether it differs from before and is to be written.
    pub changed: bool,
    /// What is to be done once it is written, in order.
    pub effects: Vec<Effect>,
    /// The next instant at which anything can change by the mere passing of time, and what.
    pub next: Option<Due>,
    /// What was decided, in order.
    pub decisions: Vec<Decision>,
}

/// A decision about a journey.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The journey.
    pub journey: JourneyName,
    /// What was decided.
    pub what: Decided,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// An enrollment began.
    Entered,
    /// An enrollment did not begin.
    NotEntered(Noted),
    /// A message was handed to its sender.
    Handed(Code),
    /// A message waits.
    Held(HoldReason, Timestamp),
    /// A message is not sent.
    Skipped(SkipReason),
    /// A branch or wait went one way.
    Took(String),
    /// An enrollment ended.
    Ended(EndReason),
}

/// Applies `inputs` to a customer at `now` and carries its segments and journeys as far as they go.
pub fn step(before: &Customer, inputs: &[Input], now: Timestamp, definitions: &Definitions) -> Stepped {
    let mut world = World { customer: before.clone(), now, definitions, decisions: Vec::new() };
    for input in inputs {
        world.apply(input);
    }
    world.settle();
    let World { mut customer, decisions, .. } = world;
    let changed = customer != *before;
    if changed {
        customer.definitions = customer.definitions.max(definitions.number);
    }
    let effects = if changed { project::effects(before, &customer) } else { Vec::new() };
    let next = due::next(&customer, now, definitions);
    Stepped { customer, changed, effects, next, decisions }
}

/// A customer on its way from before to after.
pub(crate) struct World<'a> {
    pub(crate) customer: Customer,
    pub(crate) now: Timestamp,
    pub(crate) definitions: &'a Definitions,
    pub(crate) decisions: Vec<Decision>,
}

impl World<'_> {
    fn apply(&mut self, input: &Input) {
        match input {
            Input::Identify { traits, consents, at } => {
                self.customer.identify(traits, *at);
                consents.iter().for_each(|word| self.customer.said(word, *at));
            }
            Input::Track { event } => match self.customer.track(event) {
                Added::Counted | Added::Duplicate => {}
                Added::TooOld => self.note(Noted::EventLeftOut(event.name.clone()), event.at),
            },
            Input::Timer | Input::Evaluate { .. } => {}
            Input::Outcome { code, outcome } => self.outcome(code, outcome),
            Input::Receipt { code, status, parts, yen } => self.learn(code, |message| {
                message.learn(status.clone());
                message.cost(*parts, *yen, true);
            }),
            Input::Click { code, at } => self.learn(code, |message| {
                message.learn(Status::Accepted);
                earliest(&mut message.clicked, *at);
            }),
            Input::Open { code, at } => self.learn(code, |message| {
                message.learn(Status::Accepted);
                earliest(&mut message.opened, *at);
            }),
            Input::Reply { code, channel, at } => {
                if let Some(code) = code.clone().or_else(|| self.last_message(*channel)) {
                    self.learn(&code, |message| earliest(&mut message.replied, *at));
                }
            }
            Input::OptOut { channel, at } => {
                let word = ConsentSaid { channel: *channel, purpose: Purpose::Marketing, given: false };
                self.customer.said(&word, *at);
            }
        }
    }

    fn learn(&mut self, code: &Code, learn: impl FnOnce(&mut Message)) {
        let mut messages = self.customer.enrollments.iter_mut().flat_map(|enrollment| enrollment.messages_mut());
        if let Some(message) = messages.find(|message| message.code == *code) {
            learn(message);
        }
    }

    fn outcome(&mut self, code: &Code, outcome: &Outcome) {
        match outcome {
            Outcome::Settled { status, parts, yen } => self.learn(code, |message| {
                message.learn(status.clone());
                message.cost(*parts, *yen, false);
            }),
            Outcome::Held { until, why } => walk::hold(self, code, *until, *why),
        }
    }

    fn last_message(&self, channel: Channel) -> Option<Code> {
        let messages = self.customer.enrollments.iter().flat_map(|enrollment| enrollment.messages());
        let left = messages.filter(|message| message.channel == channel && message.status.left());
        left.max_by_key(|message| (message.at, &message.code)).map(|message| message.code.clone())
    }

    pub(crate) fn note(&mut self, what: Noted, at: Timestamp) {
        let note = Note { at, what };
        if !self.customer.notes.contains(&note) {
            self.customer.notes.push(note);
            if self.customer.notes.len() > NOTES_LIMIT {
                self.customer.notes.remove(0);
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..ROUNDS_LIMIT {
            let before = self.customer.clone();
            for segment in self.memberships() {
                self.begin_where(&Enter::Segment(segment));
            }
            self.birthdays();
            for index in 0..self.customer.enrollments.len() {
                walk::run(self, index);
            }
            if self.customer == before {
                return;
            }
        }
    }

    /// Brings every membership up to date and returns the segments that were entered. Segments may ask about each
    /// other, without circles, so there are at most as many passes as segments.
    fn memberships(&mut self) -> Vec<SegmentName> {
        let mut entered = Vec::new();
        for _ in 0..=self.definitions.segments.len() {
            let moved: Vec<(SegmentName, bool)> = self.moved();
            if moved.is_empty() {
                break;
            }
            for (name, member) in moved {
                self.customer.segments.insert(name.clone(), Membership { member, since: self.now });
                if member {
                    entered.push(name);
                }
            }
        }
        entered.retain(|name| self.customer.is_member(name));
        entered
    }

    fn moved(&self) -> Vec<(SegmentName, bool)> {
        let subject = Subject { customer: &self.customer, enrollment: None };
        let defined = self.definitions.segments.iter().filter_map(|(name, segment)| {
            let holds = segment.when.evaluate(subject, self.now).holds;
            (holds != self.customer.is_member(name)).then(|| (name.clone(), holds))
        });
        let gone = self.customer.segments.iter().filter_map(|(name, membership)| {
            let gone = membership.member && !self.definitions.segments.contains_key(name);
            gone.then(|| (name.clone(), false))
        });
        defined.chain(gone).collect()
    }

    fn begin_where(&mut self, trigger: &Enter) {
        let names: Vec<JourneyName> = self.definitions.journeys.keys().cloned().collect();
        for name in names {
            if self.definitions.current(&name).is_some_and(|(_, journey)| journey.enter == *trigger) {
                self.begin(&name);
            }
        }
    }

    /// Arms the next birthday of every journey that begins on one, and begins those that have come.
    fn birthdays(&mut self) {
        let mut armed = BTreeMap::new();
        let mut come = Vec::new();
        let zone = self.customer.zone(&self.definitions.zone);
        for name in self.definitions.journeys.keys() {
            let Some((_, journey)) = self.definitions.current(name) else { continue };
            let (Enter::Birthday(at), Some(birthday)) = (&journey.enter, self.customer.birthday()) else { continue };
            let subject = Subject { customer: &self.customer, enrollment: None };
            if journey.allowed.as_ref().is_some_and(|allowed| !allowed.evaluate(subject, self.now).holds) {
                continue;
            }
            if self.customer.armed.get(name).is_some_and(|at| *at <= self.now) {
                come.push(name.clone());
            }
            if let Some(next) = calendar::next_anniversary(birthday, *at, self.now, &zone) {
                armed.insert(name.clone(), next);
            }
        }
        self.customer.armed = armed;
        for name in come {
            self.begin(&name);
        }
    }

    /// Begins the current version of a journey, or notes why not.
    fn begin(&mut self, name: &JourneyName) {
        let Some((version, journey)) = self.definitions.current(name) else { return };
        let subject = Subject { customer: &self.customer, enrollment: None };
        let already = self.customer.enrollments.iter().any(|enrollment| enrollment.journey == *name && enrollment.is_live());
        let refused = if already {
            Some(Noted::AlreadyIn(name.clone()))
        } else if !self.may_reenter(name, journey.reentry) {
            Some(Noted::ReEntry(name.clone()))
        } else if journey.allowed.as_ref().is_some_and(|allowed| !allowed.evaluate(subject, self.now).holds) {
            Some(Noted::NotWhere(name.clone()))
        } else {
            None
        };
        if let Some(why) = refused {
            self.note(why.clone(), self.now);
            self.decisions.push(Decision { journey: name.clone(), what: Decided::NotEntered(why) });
            return;
        }
        self.decisions.push(Decision { journey: name.clone(), what: Decided::Entered });
        walk::begin(self, name, version);
        self.forget();
    }

    fn may_reenter(&self, name: &JourneyName, rule: ReEntry) -> bool {
        let kept = self.customer.enrollments.iter().filter(|enrollment| enrollment.journey == *name);
        let past = self.customer.past.get(name).into_iter().flatten().copied();
        let starts: Vec<Timestamp> = kept.map(|enrollment| enrollment.entered).chain(past).collect();
        let within = |days: u32| starts.iter().filter(|at| self.now.since(**at) < i64::from(days) * DAY).count();
        match rule {
            ReEntry::Never => starts.is_empty(),
            ReEntry::AfterDays(days) => within(days.max(1)) == 0 && !starts.contains(&self.now),
            ReEntry::AtMost { times, within_days } => {
                within(within_days) < usize::try_from(times).unwrap_or(usize::MAX) && !starts.contains(&self.now)
            }
        }
    }

    /// Keeps the document small: of ended enrollments whose messages are all settled the latest stay whole.
    fn forget(&mut self) {
        let over = |customer: &Customer| {
            let ended = customer.enrollments.iter().filter(|enrollment| !enrollment.is_live());
            ended.count() > ENDED_LIMIT
        };
        while over(&self.customer) {
            let settled = |message: &Message| message.status != Status::Pending;
            let oldest = self.customer.enrollments.iter().position(|e| !e.is_live() && e.messages().all(settled));
            let Some(oldest) = oldest else { return };
            let gone = self.customer.enrollments.remove(oldest);
            let past = self.customer.past.entry(gone.journey).or_default();
            past.push(gone.entered);
            if past.len() > PAST_LIMIT {
                past.remove(0);
            }
        }
    }
}
