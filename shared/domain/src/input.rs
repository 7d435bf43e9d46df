//! What reaches a customer, and what leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::consent::{ConsentSaid, Proof};
use crate::contact::Channel;
use crate::customer::Value;
use crate::enrollment::Status;
use crate::event::{Event, Properties};
use crate::message::{Code, HoldReason};
use crate::money::Yen;
use crate::names::{AudienceName, CustomerId, JourneyName, SegmentName};
use crate::time::Timestamp;

/// Something that reaches a customer. Every one may come several times, and in any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Input {
    /// What the shop says of the person.
    Identify {
        /// Traits by name.
        traits: BTreeMap<String, Value>,
        /// The person's word on messages.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        consents: Vec<ConsentSaid>,
        /// When it was said.
        at: Timestamp,
    },
    /// What the person did.
    Track {
        /// The event.
        event: Event,
    },
    /// The customer may be due.
    Timer,
    /// Definitions or thresholds changed.
    Evaluate {
        /// The number of the definitions that are to be known; 0 when any will do.
        #[serde(default)]
        definitions: u32,
    },
    /// What became of a message that was handed to its sender.
    Outcome {
        /// The message.
        code: Code,
        /// What became of it.
        outcome: Outcome,
    },
    /// What the provider says of a message it accepted.
    Receipt {
        /// The message.
        code: Code,
        /// Delivered or not.
        status: Status,
        /// Parts it is billed as.
        #[serde(default)]
        parts: Option<u32>,
        /// Its price.
        #[serde(default)]
        yen: Option<Yen>,
    },
    /// A link was clicked.
    Click {
        /// The message the link was in.
        code: Code,
        /// The link, by its position among those of the message.
        #[serde(default)]
        link: usize,
        /// Who followed it.
        #[serde(default)]
        by: Visitor,
        /// When.
        at: Timestamp,
    },
    /// The picture of an e-mail was loaded.
    Open {
        /// The message.
        code: Code,
        /// When.
        at: Timestamp,
    },
    /// The person replied.
    Reply {
        /// The message, when it is known which.
        code: Option<Code>,
        /// The channel.
        channel: Channel,
        /// What was replied, as [`crate::message::reply_word`] has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        word: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// A journey is to begin, whatever begins it otherwise.
    Enroll {
        /// The journey.
        journey: JourneyName,
        /// What tells this request from others: of those with the same key one begins it.
        key: String,
        /// When it was asked for.
        at: Timestamp,
        /// What texts can speak of, and conditions ask about, as of an event.
        #[serde(default, skip_serializing_if = "Properties::is_empty")]
        event: Properties,
    },
    /// The customer is to be taken out of a journey.
    Remove {
        /// The journey.
        journey: JourneyName,
        /// What began at this instant or later stays.
        until: Timestamp,
    },
    /// An e-mail bounced for the moment: another one may arrive. Its receipt comes as well.
    SoftBounce {
        /// The message.
        code: Code,
        /// The address it went to, as [`crate::mailbox::fingerprint`] has it.
        address: u32,
        /// When it left.
        left: Timestamp,
    },
    /// The person asked by a reply for marketing on a channel, or for it again.
    OptIn {
        /// The channel.
        channel: Channel,
        /// When.
        at: Timestamp,
        /// How, for the record.
        #[serde(default, skip_serializing_if = "Proof::is_bare")]
        proof: Proof,
    },
    /// The person opted out of marketing on a channel.
    OptOut {
        /// The channel.
        channel: Channel,
        /// When.
        at: Timestamp,
        /// How, for the record.
        #[serde(default, skip_serializing_if = "Proof::is_bare")]
        proof: Proof,
    },
}

/// What the key begins with of a request to begin a journey that was given none: what tells it from others follows.
pub const UNNAMED: char = '#';

/// Who follows a link, as far as the request for it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visitor {
    /// A person.
    #[default]
    Person,
    /// A program: a mail gateway that looks for malware, a messenger that draws a preview, a browser that fetches ahead.
    Program,
}

/// What a sender says of a message it was handed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is settled.
    Settled {
        /// How.
        status: Status,
        /// Estimated parts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parts: Option<u32>,
        /// Estimated price.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        yen: Option<Yen>,
    },
    /// It may not leave before an instant.
    Held {
        /// The instant.
        until: Timestamp,
        /// Why.
        why: HoldReason,
    },
}

/// Something to do outside, after the customer was written. Doing it again is harmless.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Hand a message to its sender.
    Send {
        /// Which sender.
        channel: Channel,
        /// The message.
        task: SendTask,
    },
    /// Hand a webhook to its sender.
    Webhook(WebhookTask),
    /// Write the enrollment's row of the ledger anew.
    Ledger {
        /// The journey.
        journey: JourneyName,
        /// When the enrollment began.
        entered: Timestamp,
        /// Its key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// Write the customer's row in a segment or audience anew.
    Member {
        /// Which list.
        list: List,
        /// Whether the customer is on it.
        member: bool,
        /// Since when.
        since: Timestamp,
    },
    /// Tell the bus.
    Announce(Announcement),
    /// An address leads to this customer.
    Alias {
        /// The channel.
        channel: Channel,
        /// The address.
        address: String,
    },
}

/// A list of customers that is kept as rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// A segment.
    Segment(SegmentName),
    /// An audience.
    Audience(AudienceName),
}

/// A message to send, as it stands in a sender's queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendTask {
    /// The customer.
    pub customer: CustomerId,
    /// The message.
    pub code: Code,
}

/// A webhook to send, as it stands in its sender's queue: all that it says but for the traits, which are read when it is
/// sent, so that none of them waits in a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookTask {
    /// The customer.
    pub customer: CustomerId,
    /// Its code: the same when it is made again.
    pub code: Code,
    /// The journey.
    pub journey: JourneyName,
    /// Its version.
    pub version: u32,
    /// The step.
    pub step: usize,
    /// When the step was reached.
    pub at: Timestamp,
    /// What tells the enrollment from others of the journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the event said that began it.
    #[serde(default, skip_serializing_if = "Properties::is_empty")]
    pub event: Properties,
    /// The number of the definitions that are to be known.
    pub definitions: u32,
}

/// Something other systems may want to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// Its identity: the same when it is made again.
    pub id: String,
    /// The customer.
    pub customer: CustomerId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: Announced,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Announced {
    /// The customer came onto or left a list.
    Membership {
        /// The list.
        list: List,
        /// On it, or off.
        member: bool,
    },
    /// A journey reached its goal.
    GoalReached {
        /// The journey.
        journey: JourneyName,
        /// What the goal was worth.
        yen: Yen,
    },
}
