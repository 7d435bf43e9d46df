//! Journeys, checked: a value of these types cannot point to a step, link or message that is not there.

use std::collections::BTreeMap;

use crate::calendar::Clock24;
use crate::condition::Condition;
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::names::{AudienceName, JourneyName, SegmentName, StepName};
use crate::text::Text;
use crate::words::Words;

/// A journey. Its steps stand in one list; where a step goes on is the position of another, or `None` for the end.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Its name.
    pub name: JourneyName,
    /// Its name for people.
    pub title: Words,
    /// What it is for.
    pub description: Words,
    /// Why its messages are sent.
    pub purpose: Purpose,
    /// What begins it.
    pub enter: Enter,
    /// Who may begin it.
    pub allowed: Option<Condition>,
    /// How often one customer may begin it.
    pub reentry: ReEntry,
    /// The event that is its goal.
    pub goal: Option<String>,
    /// What ends it before its goal.
    pub exit: Option<Condition>,
    /// The first step.
    pub first: Option<usize>,
    /// All steps.
    pub steps: Vec<Step>,
    /// Positions of the named steps.
    pub(crate) named: BTreeMap<StepName, usize>,
}

impl Journey {
    /// The position of a named step.
    pub fn position(&self, name: &StepName) -> Option<usize> {
        self.named.get(name).copied()
    }

    /// The name of the step at a position.
    pub fn step_name(&self, position: usize) -> Option<&StepName> {
        self.named.iter().find(|(_, at)| **at == position).map(|(name, _)| name)
    }

    /// Every condition in it.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let ways = self.steps.iter().flat_map(|step| match step {
            Step::Branch { ways, .. } => ways.as_slice(),
            Step::Message(_)
            | Step::Wait { .. }
            | Step::Listen { .. }
            | Step::Audience { .. }
            | Step::Exit => &[],
        });
        self.allowed.iter().chain(&self.exit).chain(ways.map(|way| &way.when))
    }

    /// The message step at a position.
    pub fn message(&self, position: usize) -> Option<&MessageStep> {
        match self.steps.get(position) {
            Some(Step::Message(message)) => Some(message),
            Some(
                Step::Wait { .. }
                | Step::Listen { .. }
                | Step::Branch { .. }
                | Step::Audience { .. }
                | Step::Exit,
            )
            | None => None,
        }
    }
}

/// What begins a journey.
#[derive(Clone, Debug, PartialEq)]
pub enum Enter {
    /// The customer entered a segment.
    Segment(SegmentName),
    /// The anniversary of the birthday, at a local time.
    Birthday(Clock24),
}

/// How often one customer may begin a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReEntry {
    /// Once.
    Never,
    /// Again when so many days of 24 hours have passed since it last began.
    AfterDays(u32),
    /// So many times within so many days of 24 hours.
    AtMost {
        /// How many times.
        times: u32,
        /// In how many days.
        within_days: u32,
    },
}

/// A step.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends a message.
    Message(MessageStep),
    /// Waits for a length of time.
    Wait {
        /// Seconds.
        seconds: i64,
        /// Where it goes on.
        next: Option<usize>,
    },
    /// Waits for an event.
    Listen {
        /// The event's name.
        event: String,
        /// Gives up after so many seconds.
        seconds: i64,
        /// Where it goes on when the event came.
        then: Option<usize>,
        /// Where it goes on when it gave up.
        otherwise: Option<usize>,
    },
    /// Takes the first way whose condition holds.
    Branch {
        /// The ways in order.
        ways: Vec<Way>,
        /// Where it goes on when none holds.
        otherwise: Option<usize>,
    },
    /// Puts the customer on an audience or takes them off it.
    Audience {
        /// The audience.
        audience: AudienceName,
        /// On it, or off.
        add: bool,
        /// Where it goes on.
        next: Option<usize>,
    },
    /// Ends the journey.
    Exit,
}

/// One way of a branch.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its name in reports.
    pub name: String,
    /// When it is taken.
    pub when: Condition,
    /// Where it leads.
    pub next: Option<usize>,
}

/// A step that sends a message.
#[derive(Clone, Debug)]
pub struct MessageStep {
    /// Its name.
    pub name: StepName,
    /// Its channel.
    pub channel: Channel,
    /// The subject of an e-mail.
    pub subject: Option<Text>,
    /// The text.
    pub text: Text,
    /// The HTML of an e-mail.
    pub html: Option<Text>,
    /// The links it may use, in order; the position is part of the short link.
    pub links: Vec<(String, String)>,
    /// Where it goes on once its outcome is known.
    pub next: Option<usize>,
}
