//! One customer's way through one version of a journey: its states, its messages and what they may become, which is one
//! order of ranks and stands in one file.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::consent::Purpose;
use crate::contact::Channel;
use crate::event::{EventId, Properties};
use crate::input::Visitor;
use crate::message::{Code, HoldReason, SkipReason};
use crate::money::Yen;
use crate::names::JourneyName;
use crate::time::Timestamp;

/// An enrollment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrollment {
    /// The journey.
    pub journey: JourneyName,
    /// The version it began on and ends on.
    pub version: u32,
    /// When it began.
    pub entered: Timestamp,
    /// What tells it from others of the journey: the id of an order, the value of the date that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value of the date that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The event or the request that began it: it may have been heard of later than it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<(Timestamp, EventId)>,
    /// What the event said that began it.
    #[serde(default, skip_serializing_if = "Properties::is_empty")]
    pub event: Properties,
    /// Whether it gets no messages, so that what they bring can be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_out: bool,
    /// Whether an event of its goal was known in the very second it began: such a one began it, or came before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goal_before: bool,
    /// Where it stands.
    pub state: State,
    /// What happened at each step that left a trace, in the order it was reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<Visit>,
    /// When its messages were held, in order; the latest [`HOLDS_LIMIT`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// The goal it reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
}

impl Enrollment {
    /// When what began it happened.
    pub fn begun(&self) -> Timestamp {
        self.by.as_ref().map_or(self.entered, |by| by.0)
    }

    /// Whether something is what began it.
    pub fn is_begun_by(&self, id: &EventId) -> bool {
        self.by.as_ref().is_some_and(|by| by.1 == *id)
    }
}

/// How often a message was held that is remembered of one enrollment.
pub const HOLDS_LIMIT: usize = 32;

/// A decision to hold a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(
    from = "(Timestamp, usize, Timestamp, HoldReason)",
    into = "(Timestamp, usize, Timestamp, HoldReason)"
)]
pub struct Hold {
    /// When it was taken.
    pub at: Timestamp,
    /// The step that sends the message.
    pub step: usize,
    /// The instant at which the message is looked at again.
    pub until: Timestamp,
    /// Why it waits.
    pub why: HoldReason,
}

impl From<(Timestamp, usize, Timestamp, HoldReason)> for Hold {
    fn from((at, step, until, why): (Timestamp, usize, Timestamp, HoldReason)) -> Self {
        Self { at, step, until, why }
    }
}

impl From<Hold> for (Timestamp, usize, Timestamp, HoldReason) {
    fn from(Hold { at, step, until, why }: Hold) -> Self {
        (at, step, until, why)
    }
}

/// The goal of an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// When the event of the goal happened.
    pub at: Timestamp,
    /// What it was worth.
    pub yen: Yen,
}

/// Where an enrollment stands. `step` is a position in the journey's steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has just begun; within the same look it moves on.
    Starting {
        /// The first step.
        step: usize,
    },
    /// A message waits until it may leave.
    Holding {
        /// The step.
        step: usize,
        /// The instant it is looked at again.
        until: Timestamp,
        /// Why it waits.
        why: HoldReason,
    },
    /// A message was handed to its sender, whose outcome is awaited.
    Sending {
        /// The step.
        step: usize,
    },
    /// A wait.
    Waiting {
        /// The step.
        step: usize,
        /// When it ends.
        until: Timestamp,
    },
    /// A wait for something the customer may do.
    Listening {
        /// The step.
        step: usize,
        /// What happened before this instant does not count.
        since: Timestamp,
        /// When it gives up.
        until: Timestamp,
    },
    /// It is over.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        why: EndReason,
    },
}

/// Why an enrollment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The goal was reached.
    Goal,
    /// All steps were taken.
    Finished,
    /// The journey's exit condition held.
    Exit,
    /// The version it was on is gone.
    VersionGone,
    /// The date that began it, or that it waited for, was moved or taken away.
    DateMoved,
    /// The date that it was to wait for had passed.
    DatePassed,
    /// Someone took the customer out of it.
    Removed,
    /// The journey was stopped.
    Stopped,
}

impl EndReason {
    /// The reason in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Goal => "goal reached",
            Self::Finished => "all steps taken",
            Self::Exit => "exit condition held",
            Self::VersionGone => "its version is gone",
            Self::DateMoved => "its date was moved or taken away",
            Self::DatePassed => "the date it was to wait for had passed",
            Self::Removed => "taken out of it",
            Self::Stopped => "journey stopped",
        }
    }
}

/// What a step left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visit {
    /// A message.
    Message(Message),
    /// A branch or a wait for something: which way was taken.
    Took {
        /// The step.
        step: usize,
        /// The name of the way.
        way: String,
        /// When.
        at: Timestamp,
    },
    /// A webhook was handed to its sender.
    Webhook {
        /// The step.
        step: usize,
        /// Its code, by which the receiver knows one that comes twice.
        code: Code,
        /// When.
        at: Timestamp,
    },
    /// A card for the post.
    Card {
        /// The step.
        step: usize,
        /// When.
        at: Timestamp,
    },
}

/// One message of an enrollment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The step that sends it.
    pub step: usize,
    /// Its code.
    pub code: Code,
    /// Its channel.
    pub channel: Channel,
    /// Its purpose; marketing where it is not written.
    #[serde(default = "marketing", skip_serializing_if = "is_marketing")]
    pub purpose: Purpose,
    /// When it was handed to its sender, or skipped.
    pub at: Timestamp,
    /// What became of it.
    pub status: Status,
    /// How often it was handed over again because nothing was heard of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asked: u32,
    /// Parts it is billed as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// Its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yen: Option<Yen>,
    /// Whether parts and price come from a receipt, which has the last word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub billed: bool,
    /// The first click of a person on one of its links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked: Option<Timestamp>,
    /// Its links that a person clicked, by their position.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub links: BTreeSet<usize>,
    /// When a program first followed one of its links, or what is likely to be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<Timestamp>,
    /// When its picture was first loaded: opened by a person, or prefetched by a mail program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Timestamp>,
    /// The first reply to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replied: Option<Timestamp>,
    /// What that reply said, if it was short; see [`crate::message::reply_word`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde's skip_serializing_if asks for")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

const fn marketing() -> Purpose {
    Purpose::Marketing
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde's skip_serializing_if asks for")]
fn is_marketing(purpose: &Purpose) -> bool {
    *purpose == Purpose::Marketing
}

/// What became of a message. Later entries outrank earlier ones, so that reports may come in any order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing is known yet.
    Pending,
    /// The request left and no answer came: it may or may not have been accepted.
    Unknown,
    /// It was not sent, for a reason of ours.
    Skipped(SkipReason),
    /// The provider refused it; its code for why.
    Failed(String),
    /// The provider accepted it.
    Accepted,
    /// It was accepted and did not reach the person; the provider's code for why.
    Undelivered(String),
    /// It reached the person.
    Delivered,
}

impl Status {
    /// Whether the message left, as far as is known.
    pub const fn left(&self) -> bool {
        match self {
            Self::Accepted | Self::Undelivered(_) | Self::Delivered | Self::Unknown => true,
            Self::Pending | Self::Skipped(_) | Self::Failed(_) => false,
        }
    }
}

impl Message {
    /// A message of which no more is known than that a step sends it, and what became of it.
    pub fn new(
        (step, code): (usize, Code),
        (channel, purpose): (Channel, Purpose),
        at: Timestamp,
        status: Status,
    ) -> Self {
        Self {
            step,
            code,
            channel,
            purpose,
            at,
            status,
            asked: 0,
            parts: None,
            yen: None,
            billed: false,
            clicked: None,
            links: BTreeSet::new(),
            scanned: None,
            opened: None,
            replied: None,
            reply: None,
        }
    }

    /// Takes what is said of the message; what ranks higher stands.
    pub fn learn(&mut self, status: Status) {
        if status > self.status {
            self.status = status;
        }
    }

    /// Takes parts and price, from the sender's estimate or (`billed`) from a receipt.
    pub fn cost(&mut self, parts: Option<u32>, yen: Option<Yen>, billed: bool) {
        // An e-mail has no parts, nor has a message of LINE, whatever its provider counts.
        let parts = parts.filter(|_| self.channel == Channel::Sms);
        if parts.is_none() && yen.is_none() {
            return;
        }
        (self.parts, self.yen) = match (self.billed, billed) {
            // Two of a kind that differ: the dearer one, whichever came first.
            (false, false) | (true, true) => (self.parts.max(parts), self.yen.max(yen)),
            (false, true) => (parts.or(self.parts), yen.or(self.yen)),
            (true, false) => (self.parts.or(parts), self.yen.or(yen)),
        };
        self.billed |= billed;
    }

    /// Takes a click on a link.
    pub fn click(&mut self, link: usize, by: Visitor, at: Timestamp) {
        match by {
            Visitor::Program => earliest(&mut self.scanned, at),
            Visitor::Person => {
                earliest(&mut self.clicked, at);
                self.links.insert(link);
            }
        }
    }

    /// Takes a reply. The earliest stands, and of two at one instant the lesser word.
    pub fn answer(&mut self, at: Timestamp, word: Option<&str>) {
        let known = self.replied.map(|at| (at, self.reply.as_deref()));
        if known.is_none_or(|known| (at, word) < known) {
            self.reply = word.map(ToOwned::to_owned);
            self.replied = Some(at);
        }
    }

    /// When the person answered: clicked a link or replied.
    pub fn responded(&self) -> Option<Timestamp> {
        self.clicked.into_iter().chain(self.replied).min()
    }
}

/// Keeps the earlier of two instants.
pub fn earliest(kept: &mut Option<Timestamp>, at: Timestamp) {
    *kept = Some(kept.map_or(at, |kept| kept.min(at)));
}

impl Enrollment {
    /// Whether it goes on.
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    /// Notes that a message is held. To hear of it again, or in another order, makes no difference.
    pub fn note_hold(&mut self, hold: Hold) {
        let same = |known: &Hold| (known.step, known.until, known.why) == (hold.step, hold.until, hold.why);
        if let Some(known) = self.holds.iter_mut().find(|known| same(known)) {
            known.at = known.at.min(hold.at);
        } else {
            self.holds.push(hold);
        }
        self.holds.sort_unstable();
        if self.holds.len() > HOLDS_LIMIT {
            self.holds.remove(0);
        }
    }

    /// Its messages, in the order they were reached.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.visits.iter().filter_map(|visit| match visit {
            Visit::Message(message) => Some(message),
            Visit::Took { .. } | Visit::Webhook { .. } | Visit::Card { .. } => None,
        })
    }

    /// Its messages, to learn about.
    pub fn messages_mut(&mut self) -> impl Iterator<Item = &mut Message> {
        self.visits.iter_mut().filter_map(|visit| match visit {
            Visit::Message(message) => Some(message),
            Visit::Took { .. } | Visit::Webhook { .. } | Visit::Card { .. } => None,
        })
    }

    /// Whether the outcome of the message is awaited: it was handed to its sender, who did not put it back.
    pub fn is_outstanding(&self, message: &Message) -> bool {
        let put_back = matches!(self.state, State::Holding { step, .. } if step == message.step);
        message.status == Status::Pending && !put_back
    }

    /// The message that `step` sends.
    pub fn message(&self, step: usize) -> Option<&Message> {
        self.messages().find(|message| message.step == step)
    }
}

/// A decision that belongs to no enrollment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// When it was taken.
    pub at: Timestamp,
    /// What was decided.
    pub what: Noted,
}

/// What was decided outside of an enrollment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noted {
    /// A journey did not begin because the customer is in it.
    AlreadyIn(JourneyName),
    /// A journey did not begin because of its re-entry rule.
    ReEntry(JourneyName),
    /// A journey did not begin because its condition did not hold.
    NotWhere(JourneyName),
    /// A journey did not begin because the customer is in another one of its group.
    Exclusive(JourneyName, JourneyName),
    /// A journey that was asked for is not there, or not any more.
    NoJourney(JourneyName),
    /// A journey did not begin because its event was told too late.
    LateEvent(JourneyName),
    /// A journey did not begin because its date had passed when it became known or was moved.
    DatePassed(JourneyName),
    /// A journey did not begin because its event did not have the property that is its key.
    NoKey(JourneyName),
    /// A trait was left out: there is no room for more.
    TraitLeftOut(String),
    /// An event was left out: older than the occurrences kept one by one, or one name too many.
    EventLeftOut(String),
}

impl Noted {
    /// Why a journey did not begin, in words; what else was decided, by its name.
    pub const fn describe(&self) -> &'static str {
        match self {
            Self::AlreadyIn(_) => "already in it",
            Self::ReEntry(_) => "its re-entry rule",
            Self::NotWhere(_) => "its condition did not hold",
            Self::Exclusive(..) => "another one of its group goes on",
            Self::NoJourney(_) => "there is no such journey",
            Self::LateEvent(_) => "its event was told more than a day late",
            Self::DatePassed(_) => "its date had passed when it became known",
            Self::NoKey(_) => "its event does not have the property that is its key",
            Self::TraitLeftOut(_) => "a trait was left out",
            Self::EventLeftOut(_) => "an event was left out",
        }
    }
}
