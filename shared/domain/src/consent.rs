//! What a person agreed to hear, and on which channel.
//!
//! 特定電子メール法 covers SMS and e-mail alike: opt-in comes first (art. 3-1), and an opt-out stops everything but
//! notices of contract and performance (art. 3-3, rule 6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Verdict;
use crate::contact::Channel;
use crate::customer::{Customer, Stamped};
use crate::time::{DAY, Timestamp};

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
    /// How it was said, for the record.
    #[serde(default, skip_serializing_if = "Proof::is_bare")]
    pub proof: Proof,
}

/// How a word was said: what a shop has to show for a consent (特定電子メール法 art. 3-2).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proof {
    /// Where it comes from.
    pub source: Source,
    /// The words that the person was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    /// Where it can be looked up: the address of a form, a file and its line, a message's code, the address of a computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The number or address it was said through, where it came from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Proof {
    /// A source alone.
    pub fn of(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    /// Whether nothing is said of how.
    pub fn is_bare(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a word comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A call of the API that says no more.
    #[default]
    Api,
    /// A file that was imported.
    File,
    /// A form that the person filled in.
    Form,
    /// A reply to a message.
    Reply,
    /// A page of ours behind a link in a message.
    Link,
    /// The provider, such as for a complaint.
    Provider,
    /// The confirmation of an agreement, by a link in an e-mail to the address.
    DoubleOptIn,
}

impl Source {
    /// All, in the order they are written.
    pub const ALL: [Self; 7] =
        [Self::Api, Self::File, Self::Form, Self::Reply, Self::Link, Self::Provider, Self::DoubleOptIn];

    /// The name in calls and rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::File => "file",
            Self::Form => "form",
            Self::Reply => "reply",
            Self::Link => "link",
            Self::Provider => "provider",
            Self::DoubleOptIn => "double_opt_in",
        }
    }

    /// Whether whoever says it may have written somebody else's address.
    const fn takes_any_address(self) -> bool {
        match self {
            Self::Api | Self::Form | Self::Link => true,
            Self::File | Self::Reply | Self::Provider | Self::DoubleOptIn => false,
        }
    }
}

/// For how long an agreement can be confirmed after it was given: then it lapses, and the next one asks anew.
pub const CONFIRM_SECONDS: i64 = 7 * DAY;

impl ConsentSaid {
    /// A word of which no more is known.
    pub fn new(channel: Channel, purpose: Purpose, given: bool) -> Self {
        Self { channel, purpose, given, proof: Proof::default() }
    }

    /// Whether it agrees to what a shop with double opt-in sends only once the owner of the address confirmed it. What was
    /// said through the address itself needs no confirmation.
    pub fn needs_confirmation(&self) -> bool {
        (self.channel, self.purpose, self.given) == (Channel::Email, Purpose::Marketing, true)
            && self.proof.source.takes_any_address()
            && self.proof.address.is_none()
    }

    /// The address whose owner agreed to marketing by e-mail: who confirmed it, answered a mail to it, or chose on the page
    /// behind one. The agreement is for no other.
    pub(crate) fn confirmed(&self) -> Option<&str> {
        let confirms = (self.channel, self.purpose, self.given) == (Channel::Email, Purpose::Marketing, true);
        self.proof.address.as_deref().filter(|_| confirms)
    }

    /// The word as it counts in a shop: only where agreements are confirmed first is one by e-mail for one address alone.
    #[must_use]
    pub fn counting(&self, has_double_opt_in: bool) -> Self {
        let mut word = self.clone();
        if !has_double_opt_in && word.proof.source != Source::DoubleOptIn {
            word.proof.address = None;
        }
        word
    }
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
    /// Yes, to marketing by e-mail in the last seven days, and the double opt-in has not confirmed it.
    Asked,
}

impl ConsentTest {
    /// Whether the customer said so. An agreement to confirm lapses with time.
    pub fn evaluate(&self, customer: &Customer, now: Timestamp) -> Verdict {
        let said = customer.consents.get(&self.channel).and_then(|said| said.get(&self.purpose));
        match self.is {
            Said::Given => Verdict::fixed(said.is_some() && customer.consents_to(self.channel, self.purpose)),
            Said::Refused => Verdict::fixed(matches!(said, Some(Stamped(false, _)))),
            Said::Nothing => Verdict::fixed(said.is_none()),
            Said::Asked => match customer.awaits_confirmation() {
                Some(since) if (self.channel, self.purpose) == (Channel::Email, Purpose::Marketing) => {
                    Verdict::between(Some(since), Some(since.plus(CONFIRM_SECONDS)), now)
                }
                Some(_) | None => Verdict::fixed(false),
            },
        }
    }
}
