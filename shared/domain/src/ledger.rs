//! The ledger: one row per enrollment, a projection of the customer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::contact::Channel;
use crate::enrollment::{EndReason, Enrollment, Goal, Message, State, Status, Visit};
use crate::message::Code;
use crate::money::Yen;
use crate::time::Timestamp;

/// What the ledger keeps of an enrollment. What is still under way leaves no trace, so a row is written only when
/// something became certain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The version of the journey.
    pub version: u32,
    /// What tells it from others of the journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it gets no messages, so that what they bring can be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_out: bool,
    /// When it ended, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<(Timestamp, EndReason)>,
    /// Its messages, in the order they were reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Sent>,
    /// Whether it ended while nothing was known of a message that had been handed to its sender.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outstanding: bool,
    /// Ways taken: the step and the name of the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub took: Vec<(usize, String)>,
    /// Webhooks and cards: the step, and when it was passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<(usize, Timestamp)>,
    /// The goal it reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
}

/// A message in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The step that sent it.
    pub step: usize,
    /// Its channel.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// Its code, by which all that is kept of it is found; none once the person was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What became of it.
    pub status: Status,
    /// Parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// Price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yen: Option<Yen>,
    /// First click of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked: Option<Timestamp>,
    /// First time that what is likely to be a program followed a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<Timestamp>,
    /// Its links that were clicked, by their position.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub links: BTreeSet<usize>,
    /// First load of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Timestamp>,
    /// First reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replied: Option<Timestamp>,
    /// What that reply said, if it was short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

impl Row {
    /// The row of an enrollment.
    pub fn of(enrollment: &Enrollment) -> Self {
        let took = enrollment.visits.iter().filter_map(|visit| match visit {
            Visit::Took { step, way, .. } => Some((*step, way.clone())),
            Visit::Message(_) | Visit::Webhook { .. } | Visit::Card { .. } => None,
        });
        let passed = enrollment.visits.iter().filter_map(|visit| match visit {
            Visit::Webhook { step, at, .. } | Visit::Card { step, at } => Some((*step, *at)),
            Visit::Message(_) | Visit::Took { .. } => None,
        });
        let settled = enrollment.messages().filter(|message| message.status != Status::Pending);
        Self {
            version: enrollment.version,
            key: enrollment.key.clone(),
            held_out: enrollment.held_out,
            ended: match enrollment.state {
                State::Ended { at, why } => Some((at, why)),
                State::Starting { .. }
                | State::Holding { .. }
                | State::Sending { .. }
                | State::Waiting { .. }
                | State::Listening { .. } => None,
            },
            messages: settled.map(Sent::of).collect(),
            outstanding: !enrollment.is_live()
                && enrollment.messages().any(|message| message.status == Status::Pending),
            took: took.collect(),
            passed: passed.collect(),
            goal: enrollment.goal,
        }
    }
}

impl Sent {
    fn of(message: &Message) -> Self {
        Self {
            step: message.step,
            channel: message.channel,
            at: message.at,
            code: Some(message.code.clone()),
            status: message.status.clone(),
            parts: message.parts,
            yen: message.yen,
            clicked: message.clicked,
            scanned: message.scanned,
            links: message.links.clone(),
            opened: message.opened,
            replied: message.replied,
            reply: message.reply.clone(),
        }
    }
}
