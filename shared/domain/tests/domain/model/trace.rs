//! What became of an enrollment, in minutes from the start: what the model and `step` must agree on.

use domain::enrollment::{EndReason, Status};
use domain::message::HoldReason;

/// What became of an enrollment.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// When it began.
    pub began: i64,
    /// What it passed, in order.
    pub passed: Vec<Passed>,
    /// When messages were held, in order.
    pub holds: Vec<Hold>,
    /// When the event of its goal happened.
    pub goal: Option<i64>,
    /// When it ended, and why.
    pub ended: (i64, EndReason),
}

/// A trace that a step left.
#[derive(Clone, Debug, PartialEq)]
pub enum Passed {
    /// A message: when it was handed over or left out for the last time, and what became of it.
    Message { name: String, at: i64, status: Status },
    /// A way.
    Took { way: String, at: i64 },
    /// A webhook.
    Webhook { at: i64 },
    /// A card.
    Card { at: i64 },
}

/// A message was held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// When that was heard.
    pub at: i64,
    /// The message.
    pub name: String,
    /// Until when.
    pub until: i64,
    /// Why.
    pub why: HoldReason,
}
