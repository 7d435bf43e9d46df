//! Conditions over a customer: whether they hold, and when time alone can next change that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::consent::Purpose;
use crate::contact::Channel;
use crate::customer::{Customer, Stamped, Value};
use crate::enrollment::{Enrollment, Message, Status};
use crate::journey::Journey;
use crate::names::{AudienceName, SegmentName, StepName};
use crate::time::{DAY, Timestamp};

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
    /// The event happened.
    Event(Happened),
    /// The event has not happened for so long: never, or its last time is at least that long ago.
    NoEvent(NotHappened),
    /// A trait is there.
    Trait(TraitTest),
    /// The customer is on an audience.
    InAudience(AudienceName),
    /// The customer is in a segment.
    InSegment(SegmentName),
    /// The customer agreed to marketing on the channel and has an address there.
    Reachable(Channel),
    /// A message of this enrollment was accepted by the provider.
    Sent(StepName),
    /// A message of this enrollment reached the person.
    Delivered(StepName),
    /// A link in a message of this enrollment was clicked.
    Clicked(StepName),
    /// A link in a message of this enrollment was clicked, or it was replied to.
    Responded(StepName),
}

/// An event that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Happened {
    /// The event's name.
    pub name: String,
    /// At least so many times; the most that can be asked within days is [`crate::event::RECENT_LIMIT`].
    #[serde(default = "one")]
    pub at_least: u32,
    /// Within the last so many days of 24 hours; without it, ever.
    #[serde(default)]
    pub within_days: Option<u32>,
}

fn one() -> u32 {
    1
}

/// An event that has not happened for some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotHappened {
    /// The event's name.
    pub name: String,
    /// For at least so many days of 24 hours.
    pub for_days: u32,
}

/// A test of a trait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraitTest {
    /// The trait's name.
    pub name: String,
    /// The value it must have; without it, any.
    #[serde(default)]
    pub is: Option<Value>,
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
    const fn fixed(holds: bool) -> Self {
        Self { holds, next: None }
    }
}

/// What a condition is asked about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The customer.
    pub customer: &'a Customer,
    /// The enrollment whose messages it speaks of, and its journey; none in a segment.
    pub enrollment: Option<(&'a Enrollment, &'a Journey)>,
}

impl Condition {
    /// Evaluates the condition at `now`.
    pub fn evaluate(&self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        match self {
            Self::All(parts) => all(parts.iter().map(|part| part.evaluate(subject, now))),
            Self::Any(parts) => {
                let none_of = all(parts.iter().map(|part| negated(part.evaluate(subject, now))));
                negated(none_of)
            }
            Self::Not(part) => negated(part.evaluate(subject, now)),
            Self::Event(test) => happened(test, subject.customer, now),
            Self::NoEvent(test) => not_happened(test, subject.customer, now),
            Self::Trait(test) => Verdict::fixed(trait_holds(test, subject.customer)),
            Self::InAudience(name) => Verdict::fixed(subject.customer.in_audience(name)),
            Self::InSegment(name) => Verdict::fixed(subject.customer.is_member(name)),
            Self::Reachable(channel) => {
                let customer = subject.customer;
                Verdict::fixed(
                    customer.address(*channel).is_some()
                        && customer.consents_to(*channel, Purpose::Marketing),
                )
            }
            Self::Sent(step) => {
                message(subject, step, |message| message.status.left() && message.status != Status::Unknown)
            }
            Self::Delivered(step) => message(subject, step, |message| message.status == Status::Delivered),
            Self::Clicked(step) => message(subject, step, |message| message.clicked.is_some()),
            Self::Responded(step) => message(subject, step, Message::responded),
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
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.walk(look)),
            Self::Not(part) => part.walk(look),
            Self::Event(_)
            | Self::NoEvent(_)
            | Self::Trait(_)
            | Self::InAudience(_)
            | Self::InSegment(_)
            | Self::Reachable(_)
            | Self::Sent(_)
            | Self::Delivered(_)
            | Self::Clicked(_)
            | Self::Responded(_) => {}
        }
    }
}

fn negated(verdict: Verdict) -> Verdict {
    Verdict { holds: !verdict.holds, next: verdict.next }
}

/// While all hold, the first that can change ends that. While some do not, nothing changes before every one of those
/// has had its chance to.
fn all(parts: impl Iterator<Item = Verdict>) -> Verdict {
    let (holding, failing): (Vec<Verdict>, Vec<Verdict>) = parts.partition(|part| part.holds);
    if failing.is_empty() {
        return Verdict { holds: true, next: holding.iter().filter_map(|part| part.next).min() };
    }
    let chances: Option<Vec<Timestamp>> = failing.iter().map(|part| part.next).collect();
    Verdict { holds: false, next: chances.and_then(|chances| chances.into_iter().max()) }
}

fn happened(test: &Happened, customer: &Customer, now: Timestamp) -> Verdict {
    let Some(history) = customer.events.get(&test.name) else { return Verdict::fixed(test.at_least == 0) };
    let ahead = history.recent.iter().map(|kept| kept.0).find(|at| *at > now);
    let coming = history.recent.iter().filter(|kept| kept.0 > now).count();
    let Some(days) = test.within_days else {
        let past = u64::from(history.count).saturating_sub(coming as u64);
        let holds = past >= u64::from(test.at_least);
        return Verdict { holds, next: if holds { None } else { ahead } };
    };
    let window = i64::from(days) * DAY;
    let within: Vec<Timestamp> =
        history.recent.iter().map(|kept| kept.0).filter(|at| *at <= now && now.since(*at) < window).collect();
    let wanted = usize::try_from(test.at_least).unwrap_or(usize::MAX);
    match within.len().checked_sub(wanted) {
        Some(spare) => {
            let next = within.get(spare).map(|at| at.plus(window));
            Verdict { holds: true, next: if wanted == 0 { None } else { next } }
        }
        None => Verdict { holds: false, next: ahead },
    }
}

fn not_happened(test: &NotHappened, customer: &Customer, now: Timestamp) -> Verdict {
    let Some(history) = customer.events.get(&test.name) else { return Verdict::fixed(true) };
    let ahead = history.recent.iter().map(|kept| kept.0).find(|at| *at > now);
    let window = i64::from(test.for_days) * DAY;
    match history.last_at(now) {
        Some(last) if now.since(last) < window => Verdict { holds: false, next: Some(last.plus(window)) },
        _ => Verdict { holds: true, next: ahead },
    }
}

fn trait_holds(test: &TraitTest, customer: &Customer) -> bool {
    match (customer.traits.get(&test.name), &test.is) {
        (None | Some(Stamped(Value::Absent, _)), _) => false,
        (Some(_), None) => true,
        (Some(Stamped(value, _)), Some(wanted)) => value == wanted,
    }
}

fn message(subject: Subject<'_>, step: &StepName, test: impl Fn(&Message) -> bool) -> Verdict {
    let found = subject.enrollment.and_then(|(enrollment, journey)| {
        journey.position(step).and_then(|position| enrollment.message(position))
    });
    Verdict::fixed(found.is_some_and(test))
}
