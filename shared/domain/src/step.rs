//! `step`: what becomes of a customer when inputs reach it at an instant. Pure, total and deterministic.

use std::collections::BTreeMap;

use crate::calendar;
use crate::condition::Subject;
use crate::consent::{ConsentSaid, Purpose};
use crate::contact::Channel;
use crate::customer::{Customer, Membership};
use crate::definition::STEPS_LIMIT;
use crate::definitions::Definitions;
use crate::due::{self, Due};
use crate::enrollment::{EndReason, Enrollment, Message, Note, Noted, State, Status, earliest};
use crate::event::Added;
use crate::input::{Effect, Input, Outcome};
use crate::journey::{Enter, Journey, ReEntry};
use crate::message::{Code, FrequencyCap, HoldReason, SkipReason};
use crate::names::{JourneyName, SegmentName};
use crate::project;
use crate::time::{DAY, Timestamp};
use crate::walk;

/// The most steps an enrollment passes at one instant, and with them the rounds in which one change may cause the next:
/// a journey puts a customer on an audience, that moves a segment, that begins a journey … Each begins once at most at
/// one instant, and no step leads back.
const ROUNDS_PER_JOURNEY: usize = 2 * STEPS_LIMIT;

/// Notes a customer keeps.
const NOTES_LIMIT: usize = 8;

/// Ended enrollments a customer keeps whole.
const ENDED_LIMIT: usize = 5;

/// How long an ended enrollment is kept whole at least: receipts of SMS come for up to 72 hours, and what a crash left
/// undone is projected from it.
const RECEIPTS_SECONDS: i64 = 3 * DAY;

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
    let mut world = World { before, customer: before.clone(), now, definitions, decisions: Vec::new() };
    // A reply that names no message goes to the last one that left: what the others say of messages comes first.
    let (bare, others): (Vec<&Input>, Vec<&Input>) =
        inputs.iter().partition(|input| matches!(input, Input::Reply { code: None, .. }));
    others.into_iter().chain(bare).for_each(|input| world.apply(input));
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
    before: &'a Customer,
    pub(crate) customer: Customer,
    pub(crate) now: Timestamp,
    pub(crate) definitions: &'a Definitions,
    pub(crate) decisions: Vec<Decision>,
}

impl World<'_> {
    fn apply(&mut self, input: &Input) {
        match input {
            Input::Identify { traits, consents, at } => {
                for name in self.customer.identify(traits, *at) {
                    self.note(Noted::TraitLeftOut(name), *at);
                }
                for word in consents {
                    self.customer.said(word, *at);
                }
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
            Input::Reply { code: Some(code), at, .. } => self.learn(code, |message| {
                message.learn(Status::Accepted);
                earliest(&mut message.replied, *at);
            }),
            Input::Reply { code: None, channel, at } => self.replied(*channel, *at),
            Input::OptOut { channel, at } => {
                let word = ConsentSaid { channel: *channel, purpose: Purpose::Marketing, given: false };
                self.customer.said(&word, *at);
            }
        }
    }

    fn learn(&mut self, code: &Code, learn: impl FnOnce(&mut Message)) {
        let messages = self.customer.enrollments.iter_mut().flat_map(Enrollment::messages_mut);
        let Some(message) = messages.into_iter().find(|message| message.code == *code) else { return };
        learn(message);
        if may_have_left(&message.status) {
            return;
        }
        // It never left, so a reply was to the one before.
        if let (channel, Some(at)) = (message.channel, message.replied.take()) {
            self.replied(channel, at);
        }
    }

    /// Takes a reply that names no message: it answers the last one on the channel that was handed over before it.
    pub(crate) fn replied(&mut self, channel: Channel, at: Timestamp) {
        let messages = self.customer.enrollments.iter_mut().flat_map(Enrollment::messages_mut);
        let left = messages.filter(|message| {
            message.channel == channel && message.at < at && may_have_left(&message.status)
        });
        if let Some(message) = left.max_by(|one, other| (one.at, &one.code).cmp(&(other.at, &other.code))) {
            earliest(&mut message.replied, at);
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

    /// What conditions are asked about.
    pub(crate) fn subject<'a>(&'a self, enrollment: Option<(&'a Enrollment, &'a Journey)>) -> Subject<'a> {
        Subject { customer: &self.customer, enrollment, definitions: self.definitions }
    }

    /// Whether an event of this name is known that happened in this very second.
    pub(crate) fn happened_now(&self, event: &str) -> bool {
        let history = self.customer.events.get(event);
        history.is_some_and(|history| history.first_between(self.now, self.now).is_some())
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
        for _ in
            0..ROUNDS_PER_JOURNEY * (2 + self.customer.enrollments.len() + self.definitions.journeys.len())
        {
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
    /// other, without circles, so there are at most as many passes as segments; what changes back in a later pass
    /// never changed.
    fn memberships(&mut self) -> Vec<SegmentName> {
        let before = self.customer.segments.clone();
        for _ in 0..=self.definitions.segments.len() {
            let moved: Vec<(SegmentName, bool)> = self.moved();
            if moved.is_empty() {
                break;
            }
            for (name, member) in moved {
                match before.get(&name) {
                    Some(was) if was.member == member => self.customer.segments.insert(name, *was),
                    None if !member => self.customer.segments.remove(&name),
                    Some(_) | None => {
                        self.customer.segments.insert(name, Membership { member, since: self.now })
                    }
                };
            }
        }
        let was = |name: &SegmentName| before.get(name).is_some_and(|membership| membership.member);
        let members = self.customer.segments.iter().filter(|(_, membership)| membership.member);
        members.map(|(name, _)| name).filter(|name| !was(name)).cloned().collect()
    }

    fn moved(&self) -> Vec<(SegmentName, bool)> {
        let subject = self.subject(None);
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
            let (Enter::Birthday(at), Some(birthday)) = (&journey.enter, self.customer.birthday()) else {
                continue;
            };
            let subject = self.subject(None);
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
        let subject = self.subject(None);
        let already = self
            .customer
            .enrollments
            .iter()
            .any(|enrollment| enrollment.journey == *name && enrollment.is_live());
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
        let within =
            |days: u32| starts.iter().filter(|at| self.now.since(**at) < i64::from(days) * DAY).count();
        match rule {
            ReEntry::Never => starts.is_empty(),
            ReEntry::AfterDays(days) => within(days.max(1)) == 0 && !starts.contains(&self.now),
            ReEntry::AtMost { times, within_days } => {
                within(within_days) < usize::try_from(times).unwrap_or(usize::MAX)
                    && !starts.contains(&self.now)
            }
        }
    }

    /// Keeps the document small: ended enrollments of which nothing more is to be heard leave their start only. The
    /// latest stay whole, and those that this step changed (their rows are projected from them) or that count
    /// against a cap.
    fn forget(&mut self) {
        let ended = self.customer.enrollments.iter().filter(|enrollment| !enrollment.is_live()).count();
        for _ in ENDED_LIMIT..ended {
            let Some(oldest) =
                self.customer.enrollments.iter().position(|enrollment| self.is_over(enrollment))
            else {
                return;
            };
            let gone = self.customer.enrollments.remove(oldest);
            let past = self.customer.past.entry(gone.journey).or_default();
            past.push(gone.entered);
            past.sort_unstable();
            if past.len() > PAST_LIMIT {
                past.remove(0);
            }
        }
    }

    fn is_over(&self, enrollment: &Enrollment) -> bool {
        let State::Ended { at, .. } = enrollment.state else { return false };
        let caps = &self.definitions.shop.policy.caps;
        let counts = |message: &Message| {
            let window = |cap: &FrequencyCap| i64::from(cap.within_days) * DAY;
            let mut caps = caps.iter().filter(|cap| cap.channel == message.channel);
            message.status.left() && caps.any(|cap| self.now.since(message.at) < window(cap))
        };
        self.now.since(at) >= RECEIPTS_SECONDS
            && self.before.enrollments.contains(enrollment)
            && !enrollment.messages().any(|message| message.status == Status::Pending || counts(message))
    }
}

/// Whether the message may have left, as far as is known.
const fn may_have_left(status: &Status) -> bool {
    match status {
        Status::Pending | Status::Unknown | Status::Accepted | Status::Undelivered(_) | Status::Delivered => {
            true
        }
        Status::Skipped(_) | Status::Failed(_) => false,
    }
}
