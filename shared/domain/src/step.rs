//! `step`: what becomes of a customer when inputs reach it at an instant. Pure, total and deterministic.

mod begin;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::condition::Subject;
use crate::consent::{ConsentSaid, Purpose};
use crate::contact::Channel;
use crate::customer::{Customer, Membership, Past, Value};
use crate::definition::STEPS_LIMIT;
use crate::definitions::Definitions;
use crate::due::{self, Due};
use crate::enrollment::{EndReason, Enrollment, Message, Note, Noted, State, Status, earliest};
use crate::entry::Candidate;
use crate::event::{Added, Event, EventId, Occurrence, Properties};
use crate::event_match::EventMatch;
use crate::input::{Effect, Input, Outcome};
use crate::journey::{Enter, Journey, LATE_EVENT_SECONDS};
use crate::message::{Code, FrequencyCap, HoldReason, SkipReason};
use crate::names::{JourneyName, SegmentName};
use crate::project;
use crate::time::{DAY, Timestamp};
use crate::walk;

/// The most steps an enrollment passes at one instant, and with them the rounds in which one change may cause the next:
/// a journey puts a customer on an audience, that moves a segment, that begins a journey … Each begins once at most at
/// one instant, and no step leads back.
const ROUNDS_PER_JOURNEY: usize = 2 * STEPS_LIMIT;

/// Requests to begin a journey that a customer keeps.
const ASKED_LIMIT: usize = 50;

/// Notes a customer keeps.
const NOTES_LIMIT: usize = 8;

/// Ended enrollments a customer keeps whole.
const ENDED_LIMIT: usize = 5;

/// How long an ended enrollment is kept whole at least: receipts of SMS come for up to 72 hours, and what a crash left
/// undone is projected from it.
const RECEIPTS_SECONDS: i64 = 3 * DAY;

/// Starts of enrollments that are kept per journey once they are no longer kept whole: as many keys are known again.
pub const PAST_LIMIT: usize = 50;

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
    let mut world = World {
        before,
        customer: before.clone(),
        now,
        definitions,
        decisions: Vec::new(),
        candidates: Vec::new(),
        removed: Vec::new(),
        dates: BTreeSet::new(),
    };
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
    /// Journeys that inputs may begin.
    candidates: Vec<Candidate>,
    /// What customers are to be taken out of, until when it was asked for: also what is heard of at the same time.
    removed: Vec<(JourneyName, Timestamp)>,
    /// Journeys that begin with a date, of which this was decided.
    dates: BTreeSet<JourneyName>,
}

impl World<'_> {
    /// Takes the person's word on messages, as it counts in this shop.
    fn said(&mut self, word: &ConsentSaid, at: Timestamp) {
        if word.needs_confirmation() && self.definitions.has_double_opt_in() {
            self.customer.agreed_unconfirmed(at);
        } else if word.confirmed().is_some() {
            self.customer.said(&word.counting(self.definitions.has_double_opt_in()), at);
        } else {
            self.customer.said(word, at);
        }
    }

    fn apply(&mut self, input: &Input) {
        match input {
            Input::Identify { traits, consents, at } => {
                for name in self.customer.identify(traits, *at) {
                    self.note(Noted::TraitLeftOut(name), *at);
                }
                for word in consents {
                    self.said(word, *at);
                }
            }
            Input::Track { event } => match self.customer.track(event) {
                Added::Counted => self.happened(event),
                Added::Duplicate => {}
                Added::TooOld => self.note(Noted::EventLeftOut(event.name.clone()), event.at),
            },
            Input::Enroll { journey, key, at, event } => self.asked(journey, key, *at, event),
            Input::Remove { journey, until } => {
                walk::remove(self, journey, *until);
                self.removed.push((journey.clone(), *until));
            }
            Input::Timer | Input::Evaluate { .. } => {}
            Input::Outcome { code, outcome } => self.outcome(code, outcome),
            Input::Receipt { code, status, parts, yen } => {
                self.learn(code, |message| {
                    message.learn(status.clone());
                    message.cost(*parts, *yen, true);
                });
                self.reached(code);
            }
            Input::SoftBounce { code, address, left } => {
                let left = self.message(code).map_or(*left, |message| message.at);
                self.customer.mailbox.bounced(left, code, *address);
            }
            Input::Click { code, link, by, at } => self.learn(code, |message| {
                message.learn(Status::Accepted);
                message.click(*link, *by, *at);
            }),
            Input::Open { code, at } => self.learn(code, |message| {
                message.learn(Status::Accepted);
                earliest(&mut message.opened, *at);
            }),
            Input::Reply { code: Some(code), at, word, .. } => self.learn(code, |message| {
                message.learn(Status::Accepted);
                message.answer(*at, word.as_deref());
            }),
            Input::Reply { code: None, channel, at, word } => self.replied(*channel, *at, word.as_deref()),
            Input::OptIn { channel, at, proof } => {
                let given = ConsentSaid::new(*channel, Purpose::Marketing, true);
                self.said(&ConsentSaid { proof: proof.clone(), ..given }, *at);
            }
            Input::OptOut { channel, at, proof: _ } => {
                self.customer.said(&ConsentSaid::new(*channel, Purpose::Marketing, false), *at);
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
            let word = message.reply.take();
            self.replied(channel, at, word.as_deref());
        }
    }

    fn message(&self, code: &Code) -> Option<&Message> {
        self.customer.enrollments.iter().flat_map(Enrollment::messages).find(|message| message.code == *code)
    }

    /// Notes that a mailbox takes mail.
    fn reached(&mut self, code: &Code) {
        let delivered = self
            .message(code)
            .filter(|message| message.channel == Channel::Email && message.status == Status::Delivered);
        if let Some(left) = delivered.map(|message| message.at) {
            self.customer.mailbox.delivered(left);
        }
    }

    /// Takes a request to begin a journey, unless this very one was decided before.
    fn asked(&mut self, journey: &JourneyName, key: &str, at: Timestamp, event: &Properties) {
        let request = (at, journey.clone(), key.to_owned());
        if self.customer.asked.contains(&request) {
            return;
        }
        self.customer.asked.insert(request);
        if self.customer.asked.len() > ASKED_LIMIT {
            self.customer.asked.pop_first();
        }
        if self.definitions.current(journey).is_none() {
            return self.not_entered(journey, Noted::NoJourney(journey.clone()));
        }
        self.candidates.push(Candidate {
            key: Some(key.to_owned()),
            event: event.clone(),
            by: Some((at, EventId::of(key))),
            asked: true,
            ..Candidate::plain(journey)
        });
    }

    /// Notes the journeys that an event may begin.
    fn happened(&mut self, event: &Event) {
        let occurrence = Occurrence(event.at, event.id.clone(), event.yen, event.properties.clone());
        let zone = || self.customer.zone(&self.definitions.zone);
        let (mut late, mut keyless) = (Vec::new(), Vec::new());
        for name in self.definitions.journeys.keys() {
            let Some((_, journey)) = self.definitions.current(name) else { continue };
            let Enter::Event(entry) = &journey.enter else { continue };
            if entry.event.name != event.name || !entry.event.takes(&occurrence, None, &zone) {
                continue;
            }
            if self.now.since(event.at) > LATE_EVENT_SECONDS {
                late.push(name.clone());
                continue;
            }
            let key = entry.key.as_ref().map(|key| event.properties.get(key).and_then(Value::word));
            // Without its key it could not be told from others.
            if key == Some(None) {
                keyless.push(name.clone());
                continue;
            }
            self.candidates.push(Candidate {
                key: key.flatten(),
                event: event.properties.clone(),
                by: Some((event.at, event.id.clone())),
                ..Candidate::plain(name)
            });
        }
        for name in late {
            self.note(Noted::LateEvent(name), event.at);
        }
        for name in keyless {
            self.note(Noted::NoKey(name), event.at);
        }
    }

    /// Takes a reply that names no message: it answers the last one on the channel that was handed over before it.
    pub(crate) fn replied(&mut self, channel: Channel, at: Timestamp, word: Option<&str>) {
        let messages = self.customer.enrollments.iter_mut().flat_map(Enrollment::messages_mut);
        let left = messages.filter(|message| {
            message.channel == channel && message.at < at && may_have_left(&message.status)
        });
        if let Some(message) = left.max_by(|one, other| (one.at, &one.code).cmp(&(other.at, &other.code))) {
            message.answer(at, word);
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

    /// Whether an event is known that happened in this very second.
    pub(crate) fn happened_now(&self, event: &EventMatch, key: Option<&str>) -> bool {
        event.first_between(self.subject(None), key, self.now, self.now).is_some()
    }

    pub(crate) fn note(&mut self, what: Noted, at: Timestamp) {
        let note = Note { at, what };
        if !self.customer.notes.contains(&note) {
            self.customer.notes.push(note);
            // In whatever order they were decided.
            self.customer.notes.sort_unstable();
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
            let (entered, left) = self.memberships();
            let mut candidates = std::mem::take(&mut self.candidates);
            candidates.retain(|it| {
                let asked = it.by.as_ref().filter(|_| it.asked).map(|by| by.0);
                let taken_out = |(journey, until): &(JourneyName, Timestamp)| {
                    *journey == it.journey && asked.is_some_and(|at| at <= *until)
                };
                !self.removed.iter().any(taken_out)
            });
            candidates.extend(entered.into_iter().flat_map(|it| self.begun_by(&Enter::Segment(it))));
            candidates.extend(left.into_iter().flat_map(|it| self.begun_by(&Enter::LeftSegment(it))));
            candidates.extend(self.calendar());
            candidates.extend(self.campaigns());
            let priority = |name: &JourneyName| self.definitions.current(name).map_or(0, |it| it.1.priority);
            candidates.sort_by_cached_key(|it| {
                (Reverse(priority(&it.journey)), it.journey.clone(), it.by.clone(), it.key.clone())
            });
            for candidate in candidates {
                self.begin(candidate);
            }
            for index in self.by_priority() {
                walk::run(self, index);
            }
            if self.customer == before {
                return;
            }
        }
    }

    /// The enrollments, those of journeys that come first before the others.
    fn by_priority(&self) -> Vec<usize> {
        let mut indexes: Vec<usize> = (0..self.customer.enrollments.len()).collect();
        let priority = |index: &usize| {
            let enrollment = &self.customer.enrollments[*index];
            let journey = self.definitions.version(&enrollment.journey, enrollment.version);
            Reverse(journey.map_or(0, |journey| journey.priority))
        };
        indexes.sort_by_key(priority);
        indexes
    }

    /// Brings every membership up to date and returns the segments that were entered, and those that were left. Segments
    /// may ask about each other, without circles, so there are at most as many passes as segments; what changes back in a
    /// later pass never changed.
    fn memberships(&mut self) -> (Vec<SegmentName>, Vec<SegmentName>) {
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
        let moved = self.customer.segments.iter().filter(|(name, now)| now.member != was(name));
        let (entered, left): (Vec<_>, Vec<_>) = moved.partition(|(_, now)| now.member);
        let names =
            |moved: Vec<(&SegmentName, &Membership)>| moved.into_iter().map(|it| it.0.clone()).collect();
        (names(entered), names(left))
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
            past.push(Past(gone.entered, gone.key));
            past.sort_unstable();
            if past.len() > PAST_LIMIT {
                past.remove(0);
            }
        }
    }

    fn is_over(&self, enrollment: &Enrollment) -> bool {
        let State::Ended { at, .. } = enrollment.state else { return false };
        let current = self.definitions.journeys.values().flat_map(BTreeMap::values);
        let caps: Vec<&FrequencyCap> = self
            .definitions
            .shop
            .policy
            .caps
            .iter()
            .chain(current.flat_map(|journey| &journey.policy.caps))
            .collect();
        let counts = |message: &Message| {
            let window = |cap: &FrequencyCap| i64::from(cap.within_days) * DAY;
            let mut caps = caps.iter().filter(|cap| cap.channel.is_none_or(|it| it == message.channel));
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
