//! What the erasure of a person travels as.

use domain::names::CustomerId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::payload::Payload;
use crate::version::Shape;

/// Someone is to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseTask {
    /// Who.
    pub customer: CustomerId,
    /// When it was asked for: what was told up to then goes.
    pub at: Timestamp,
}

impl Payload for EraseTask {
    const SHAPE: Shape = Shape { kind: "a task to erase a person", steps: &[] };
}

/// How long an invocation lives that read a person before the erasure began, in seconds: twice the longest time-out of the
/// functions that write what they read. Until then what is kept may still be added to.
pub const FENCE_SECONDS: i64 = 60;
