//! Tests of what became of an enrollment's messages, and of what happened since it began.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Subject, Verdict, since};
use crate::enrollment::{Message, Status};
use crate::event_match::EventMatch;
use crate::message::{SkipReason, reply_word};
use crate::names::StepName;
use crate::time::Timestamp;

/// A test of a link of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkTest {
    /// The step that sends the message.
    pub step: StepName,
    /// The name of the link.
    pub link: String,
}

/// A test of the reply to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyTest {
    /// The step that sends the message.
    pub step: StepName,
    /// What was replied, in whatever width and case: one of these, each of at most 20 characters.
    pub one_of: Vec<String>,
}

/// A test of why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipTest {
    /// The step that sends the message.
    pub step: StepName,
    /// Why.
    pub why: SkipReason,
}

impl LinkTest {
    /// Of several links the first click is known, and so that this one was not clicked before it.
    pub(super) fn evaluate(&self, subject: Subject<'_>, now: Timestamp) -> Verdict {
        let link = subject.enrollment.and_then(|(_, journey)| {
            let links = &journey.message(journey.position(&self.step)?)?.links;
            links.iter().position(|(name, _)| *name == self.link)
        });
        let clicked = |message: &Message| {
            let link = link?;
            message.clicked.filter(|_| message.links.contains(&link))
        };
        since(subject, &self.step, now, clicked)
    }
}

impl ReplyTest {
    pub(super) fn takes(&self, message: &Message) -> bool {
        message.reply.is_some() && self.one_of.iter().any(|wanted| reply_word(wanted) == message.reply)
    }
}

impl Message {
    /// Whether the provider refused it, or it did not reach the person.
    pub const fn bounced(&self) -> bool {
        matches!(self.status, Status::Failed(_) | Status::Undelivered(_))
    }
}

/// Whether an event happened after the enrollment began.
pub(super) fn happened(event: &EventMatch, subject: Subject<'_>, now: Timestamp) -> Verdict {
    let Some((enrollment, _)) = subject.enrollment else { return Verdict::fixed(false) };
    let since = if enrollment.by.is_some() { enrollment.begun() } else { enrollment.entered.plus(1) };
    let holds = event.first_since_begun(subject, (enrollment, since), now).is_some();
    // What has happened stays so, unless it is one of the oldest of very many.
    let next = if holds { None } else { event.ahead(subject.customer, now) };
    Verdict { holds, next }
}
