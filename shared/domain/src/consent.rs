//! What a person agreed to hear, and on which channel.
//!
//! 特定電子メール法 covers SMS and e-mail alike: opt-in comes first (art. 3-1), and an opt-out stops everything but
//! notices of contract and performance (art. 3-3, rule 6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::Channel;

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Advertisement: needs consent, permitted hours, and stops at an opt-out.
    Marketing,
    /// A notice of contract or performance that the person's own act asked for.
    Transactional,
}

impl Purpose {
    /// Both, in the order they are written.
    pub const ALL: [Self; 2] = [Self::Marketing, Self::Transactional];

    /// The name in keys and calls.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Transactional => "transactional",
        }
    }
}

/// A person's word on one channel and purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentSaid {
    /// The channel it is about.
    pub channel: Channel,
    /// The purpose it is about.
    pub purpose: Purpose,
    /// Whether the person agreed.
    pub given: bool,
}
