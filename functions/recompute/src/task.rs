//! What travels in the function's own queue, and on the bus to it.

use cloud::payload::Payload;
use cloud::table::runs::RunId;
use domain::names::SegmentName;
use serde::{Deserialize, Serialize};

/// Something to do in one invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// A part of a run goes on. What it has done so far stands in its row.
    Part {
        /// The run.
        run: RunId,
        /// Which part.
        part: u32,
        /// At which hop.
        hop: u32,
    },
    /// The members of a segment are counted for a day.
    Count {
        /// The segment.
        segment: SegmentName,
        /// The day, as 2026-11-22.
        day: String,
    },
}

impl Payload for Task {
    const VERSION: u32 = 2;
}

/// What `tsunagi` and others put on the bus when definitions were applied.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DefinitionApplied {
    /// The number of the definitions afterwards.
    pub number: u32,
}

/// The detail type of that event.
pub const DEFINITION_APPLIED: &str = "Definition Applied";

/// What is put on the bus when someone asks for a recomputation or a survey by hand.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RecomputeAsked {
    /// The run that is asked for: whoever asks knows which ones there are.
    pub run: RunId,
}

/// The detail type of that event.
pub const RECOMPUTE_ASKED: &str = "Recompute Asked";
