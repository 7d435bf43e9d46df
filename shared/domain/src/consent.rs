//! What a person agreed to hear, and on which channel.
//!
//! 特定電子メール法 covers SMS and e-mail alike: opt-in comes first (art. 3-1), and an opt-out stops everything but
//! notices of contract and performance (art. 3-3, rule 6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::Channel;
use crate::customer::Customer;

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

/// A test of what a customer said about messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTest {
    /// The channel it is about.
    pub channel: Channel,
    /// The purpose it is about.
    #[serde(default = "marketing")]
    pub purpose: Purpose,
    /// What was said.
    pub is: Said,
}

const fn marketing() -> Purpose {
    Purpose::Marketing
}

/// What a customer said about messages for a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Yes.
    Given,
    /// No.
    Refused,
    /// Nothing.
    Nothing,
}

impl ConsentTest {
    /// Whether the customer said so.
    pub fn holds(&self, customer: &Customer) -> bool {
        let said = customer.consents.get(&self.channel).and_then(|said| said.get(&self.purpose));
        match self.is {
            Said::Given => said.is_some_and(|said| said.0),
            Said::Refused => said.is_some_and(|said| !said.0),
            Said::Nothing => said.is_none(),
        }
    }
}
