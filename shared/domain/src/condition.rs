//! Conditions over a customer: whether they hold, and when time alone can next change that.
//!
//! Each kind of condition stands in a file of its own. All of them are closed: the instant of the next change follows
//! from the customer, not from looking again.

pub mod dates;
pub mod events;
pub mod messages;
pub mod predicted;
pub mod rfm;
pub mod values;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::events::{EventTest, NoEventTest};
use self::messages::{LinkTest, ReplyTest, SkipTest};
use self::predicted::PredictedTest;
use self::rfm::RfmTest;
use self::values::ValueTest;
use crate::consent::{ConsentTest, Purpose};
use crate::contact::Channel;
use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::enrollment::{Enrollment, Message, Status};
use crate::event_match::EventMatch;
use crate::journey::Journey;
use crate::names::{AudienceName, ListName, SegmentName, StepName};
use crate::time::Timestamp;

/// A condition, as it stands in a definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// What the customer did: how often, worth how much, when first or last.
    Event(EventTest),
    /// The customer did not do it: never, or not for so long.
    NoEvent(NoEventTest),
    /// What is known of the customer.
    Trait(ValueTest),
    /// The customer is on an audience.
    InAudience(AudienceName),
    /// The customer is in a segment.
    InSegment(SegmentName),
    /// The customer's id is on a list that was applied with the definitions.
    InList(ListName),
    /// The customer agreed to marketing on the channel and has an address there.
    Reachable(Channel),
    /// What the customer said about messages on a channel.
    Consent(ConsentTest),
    /// Scores from 1 to 5 of recency, frequency and money among all customers.
    Rfm(RfmTest),
    /// What the shop's own orders predict of the customer.
    Predicted(PredictedTest),
    /// A message of this enrollment was accepted by the provider.
    Sent(StepName),
    /// A message of this enrollment reached the person.
    Delivered(StepName),
    /// A link in a message of this enrollment was clicked.
    Clicked(StepName),
    /// A link in a message of this enrollment was clicked, or it was replied to.
    Responded(StepName),
    /// A certain link in a message of this enrollment was clicked.
    ClickedLink(LinkTest),
    /// The picture of an e-mail of this enrollment was loaded: opened by a person, or prefetched by a mail program.
    Opened(StepName),
    /// A message of this enrollment was replied to.
    Replied(StepName),
    /// A message of this enrollment was replied to with one of some words.
    RepliedWith(ReplyTest),
    /// A message of this enrollment was refused by the provider, or did not reach the person.
    Bounced(StepName),
    /// A message of this enrollment was not sent, for a reason of ours.
    Skipped(StepName),
    /// A message of this enrollment was not sent, for this reason.
    SkippedBecause(SkipTest),
    /// What the event said that began this enrollment.
    Entry(ValueTest),
    /// It happened after this enrollment began: the name of an event, or `{ name, where, matching }`.
    Happened(EventMatch),
}

/// Whether a condition holds, and the earliest instant at which time alone can change that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// Before this instant it stays as it is; `None` is for ever.
    pub next: Option<Timestamp>,
}

impl Verdict {
    pub(crate) const fn fixed(holds: bool) -> Self {
        Self { holds, next: None }
    }

    /// What holds from one instant on (ever since, without one) until before another (for ever, without one).
    pub(crate) fn between(from: Option<Timestamp>, until: Option<Timestamp>, now: Timestamp) -> Self {
        let empty = matches!((from, until), (Some(from), Some(until)) if from >= until);
        match (from, until) {
            _ if empty => Self::fixed(false),
            (_, Some(until)) if now >= until => Self::fixed(false),
            (Some(from), _) if now < from => Self { holds: false, next: Some(from) },
            (_, until) => Self { holds: true, next: until },
        }
    }

    /// The same, not looked at later than `at`.
    fn no_later_than(self, at: Option<Timestamp>) -> Self {
        Self { next: self.next.into_iter().chain(at).min(), ..self }
    }
}

/// What a condition is asked about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The customer.
    pub customer: &'a Customer,
    /// The enrollment whose messages it speaks of, and its journey; none in a segment.
    pub enrollment: Option<(&'a Enrollment, &'a Journey)>,
    /// The definitions in force: lists, the shop's zone, what was learnt of all customers.
    pub definitions: &'a Definitions,
}

impl Condition {
    /// Evaluates the condition at `now`.
    pub fn evaluate(&self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        let customer = subject.customer;
        match self {
            Self::All(parts) => all(parts.iter().map(|part| part.evaluate(subject, now))),
            Self::Any(parts) => {
                let none_of = all(parts.iter().map(|part| negated(part.evaluate(subject, now))));
                negated(none_of)
            }
            Self::Not(part) => negated(part.evaluate(subject, now)),
            Self::Event(test) => test.evaluate(subject, now),
            Self::NoEvent(test) => test.evaluate(subject, now),
            Self::Trait(test) => {
                test.evaluate(customer.value(&test.name), now, &|| customer.zone(&subject.definitions.zone))
            }
            Self::InAudience(name) => Verdict::fixed(customer.in_audience(name)),
            Self::InSegment(name) => Verdict::fixed(customer.is_member(name)),
            Self::InList(name) => Verdict::fixed(
                subject.definitions.lists.get(name).is_some_and(|ids| ids.contains(&customer.id)),
            ),
            Self::Reachable(channel) => Verdict::fixed(
                customer.address(*channel).is_some() && customer.consents_to(*channel, Purpose::Marketing),
            ),
            Self::Consent(test) => test.evaluate(customer, now),
            Self::Rfm(test) => test.evaluate(subject, now),
            Self::Predicted(test) => test.evaluate(subject, now),
            Self::Sent(step) => {
                message(subject, step, |message| message.status.left() && message.status != Status::Unknown)
            }
            Self::Delivered(step) => message(subject, step, |message| message.status == Status::Delivered),
            Self::Clicked(step) => since(subject, step, now, |message| message.clicked),
            Self::Responded(step) => since(subject, step, now, Message::responded),
            Self::ClickedLink(test) => test.evaluate(subject, now),
            Self::Opened(step) => since(subject, step, now, |message| message.opened),
            Self::Replied(step) => since(subject, step, now, |message| message.replied),
            Self::RepliedWith(test) => {
                since(subject, &test.step, now, |message| message.replied.filter(|_| test.takes(message)))
            }
            Self::Bounced(step) => message(subject, step, Message::bounced),
            Self::Skipped(step) => {
                message(subject, step, |message| matches!(message.status, Status::Skipped(_)))
            }
            Self::SkippedBecause(test) => {
                message(subject, &test.step, |message| message.status == Status::Skipped(test.why))
            }
            Self::Entry(test) => {
                let said = subject.enrollment.and_then(|(enrollment, _)| enrollment.event.get(&test.name));
                test.evaluate(said, now, &|| customer.zone(&subject.definitions.zone))
            }
            Self::Happened(event) => messages::happened(event, subject, now),
        }
    }
}

/// How far ahead a change is looked for, in instants at which a part of the condition changes; at the last of them the
/// customer is looked at early, which is harmless.
const LOOKS_LIMIT: usize = 256;

impl Condition {
    /// The instant at which time alone will change whether the condition holds: beyond the instants at which parts of
    /// it change and the whole does not.
    pub fn flips(&self, subject: Subject<'_>, now: Timestamp) -> Option<Timestamp> {
        let Verdict { holds, next } = self.evaluate(subject, now);
        let mut at = next?;
        for _ in 0..LOOKS_LIMIT {
            let then = self.evaluate(subject, at);
            if then.holds != holds {
                break;
            }
            at = then.next?;
        }
        Some(at)
    }

    /// Calls `look` on this condition and every one within it.
    pub fn walk<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        look(self);
        self.within().into_iter().for_each(|(_, part)| part.walk(look));
    }

    /// The conditions right within this one, each with its path from here.
    pub fn within(&self) -> Vec<(String, &Self)> {
        match self {
            Self::All(parts) => listed("all", parts),
            Self::Any(parts) => listed("any", parts),
            Self::Not(part) => vec![("not".to_owned(), part)],
            Self::Event(_)
            | Self::NoEvent(_)
            | Self::Trait(_)
            | Self::InAudience(_)
            | Self::InSegment(_)
            | Self::InList(_)
            | Self::Reachable(_)
            | Self::Consent(_)
            | Self::Rfm(_)
            | Self::Predicted(_)
            | Self::Sent(_)
            | Self::Delivered(_)
            | Self::Clicked(_)
            | Self::Responded(_)
            | Self::ClickedLink(_)
            | Self::Opened(_)
            | Self::Replied(_)
            | Self::RepliedWith(_)
            | Self::Bounced(_)
            | Self::Skipped(_)
            | Self::SkippedBecause(_)
            | Self::Entry(_)
            | Self::Happened(_) => Vec::new(),
        }
    }

    /// The step whose message it asks about.
    pub const fn step(&self) -> Option<&StepName> {
        match self {
            Self::Sent(step)
            | Self::Delivered(step)
            | Self::Clicked(step)
            | Self::Responded(step)
            | Self::Opened(step)
            | Self::Replied(step)
            | Self::Bounced(step)
            | Self::Skipped(step) => Some(step),
            Self::ClickedLink(test) => Some(&test.step),
            Self::RepliedWith(test) => Some(&test.step),
            Self::SkippedBecause(test) => Some(&test.step),
            Self::All(_)
            | Self::Any(_)
            | Self::Not(_)
            | Self::Event(_)
            | Self::NoEvent(_)
            | Self::Trait(_)
            | Self::InAudience(_)
            | Self::InSegment(_)
            | Self::InList(_)
            | Self::Reachable(_)
            | Self::Consent(_)
            | Self::Rfm(_)
            | Self::Predicted(_)
            | Self::Entry(_)
            | Self::Happened(_) => None,
        }
    }

    /// Whether it asks about what is learnt of all customers together.
    pub fn asks_population(&self) -> bool {
        let mut asks = false;
        self.walk(&mut |part| asks |= matches!(part, Self::Rfm(_) | Self::Predicted(_)));
        asks
    }
}

fn listed<'a>(name: &str, parts: &'a [Condition]) -> Vec<(String, &'a Condition)> {
    parts.iter().enumerate().map(|(index, part)| (format!("{name}[{index}]"), part)).collect()
}

fn negated(verdict: Verdict) -> Verdict {
    Verdict { holds: !verdict.holds, next: verdict.next }
}

/// While all hold, the first that can change ends that. While some do not, nothing changes before every one of those
/// has had its chance to.
fn all(parts: impl Iterator<Item = Verdict>) -> Verdict {
    let (mut soonest, mut chance): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let mut holds = true;
    for part in parts {
        match (part.holds, part.next) {
            (true, next) => soonest = soonest.into_iter().chain(next).min(),
            // It never will, and so the whole never does.
            (false, None) => return Verdict::fixed(false),
            (false, next) => {
                holds = false;
                chance = chance.max(next);
            }
        }
    }
    Verdict { holds, next: if holds { soonest } else { chance } }
}

fn message(subject: Subject<'_>, step: &StepName, test: impl Fn(&Message) -> bool) -> Verdict {
    Verdict::fixed(found(subject, step).is_some_and(test))
}

/// What has been so of a message since an instant.
fn since(
    subject: Subject<'_>,
    step: &StepName,
    now: Timestamp,
    at: impl Fn(&Message) -> Option<Timestamp>,
) -> Verdict {
    let at = found(subject, step).and_then(at);
    at.map_or(Verdict::fixed(false), |at| Verdict::between(Some(at), None, now))
}

fn found<'a>(subject: Subject<'a>, step: &StepName) -> Option<&'a Message> {
    let (enrollment, journey) = subject.enrollment?;
    enrollment.message(journey.position(step)?)
}
