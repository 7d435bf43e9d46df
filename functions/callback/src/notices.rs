//! What a provider's notices mean to us: addresses to suppress, and inputs for customers.

use std::collections::BTreeMap;

use cloud::table::messages::MessageItem;
use cloud::table::people::Stopped;
use domain::contact::{Channel, Phone};
use domain::enrollment::Status;
use domain::input::Input;
use domain::message::{Code, reply_word};
use domain::money::Yen;
use domain::names::CustomerId;
use domain::optout::{opts_out, own_words};
use domain::time::Timestamp;
use providers::receipts::{Notice, ReceiptStatus};

/// The most characters kept of a provider's word for why.
const REASON_LIMIT: usize = 64;

/// What the table knows of the messages and senders that notices name.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Messages by their codes.
    pub(crate) messages: BTreeMap<Code, MessageItem>,
    /// Customers by the number they wrote from.
    pub(crate) senders: BTreeMap<String, CustomerId>,
}

/// An address that gets no more messages, or no more marketing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppression {
    pub(crate) channel: Channel,
    pub(crate) address: String,
    pub(crate) stopped: Stopped,
    pub(crate) why: &'static str,
}

/// The message a notice names, if that can be a code of ours.
pub(crate) fn code(notice: &Notice) -> Option<Code> {
    match notice {
        Notice::Receipt { reference, .. }
        | Notice::EmailReply { reference, .. }
        | Notice::Complaint { reference, .. }
        | Notice::OptOut { reference, .. }
        | Notice::Open { reference, .. } => Code::parse(reference),
        Notice::Reply { to_reference, .. } => to_reference.as_deref().and_then(Code::parse),
    }
}

/// The number a reply came from, when the message it answers does not tell whose it is.
pub(crate) fn sender(notice: &Notice, messages: &BTreeMap<Code, MessageItem>) -> Option<String> {
    match notice {
        Notice::Reply { from, .. } => {
            let told = code(notice).is_some_and(|code| messages.contains_key(&code));
            (!told).then(|| number(from))
        }
        Notice::Receipt { .. }
        | Notice::EmailReply { .. }
        | Notice::Complaint { .. }
        | Notice::OptOut { .. }
        | Notice::Open { .. } => None,
    }
}

/// The address a notice suppresses.
pub(crate) fn suppression(notice: &Notice, messages: &BTreeMap<Code, MessageItem>) -> Option<Suppression> {
    match notice {
        Notice::Receipt { status: ReceiptStatus::Bounced { permanent: true }, .. } => {
            let message = messages.get(&code(notice)?)?;
            Some(Suppression {
                channel: message.channel,
                address: message.to.clone(),
                stopped: Stopped::Everything,
                why: "bounced",
            })
        }
        Notice::Reply { from, text, .. } if opts_out(text) => Some(Suppression {
            channel: Channel::Sms,
            address: number(from),
            stopped: Stopped::Marketing,
            why: "opted out by reply",
        }),
        Notice::EmailReply { text, .. } if emailed_optout(text.as_deref()) => {
            let message = messages.get(&code(notice)?)?;
            Some(Suppression {
                channel: Channel::Email,
                address: message.to.clone(),
                stopped: Stopped::Marketing,
                why: "opted out by reply",
            })
        }
        Notice::Complaint { .. } | Notice::OptOut { .. } => {
            let message = messages.get(&code(notice)?)?;
            Some(Suppression {
                channel: message.channel,
                address: message.to.clone(),
                stopped: Stopped::Marketing,
                why: if matches!(notice, Notice::Complaint { .. }) {
                    "complained"
                } else {
                    "opted out at the provider"
                },
            })
        }
        Notice::Receipt { .. } | Notice::Reply { .. } | Notice::EmailReply { .. } | Notice::Open { .. } => {
            None
        }
    }
}

/// Whether an answer by e-mail opts out; a text that the provider keeps to itself does not.
fn emailed_optout(text: Option<&str>) -> bool {
    text.is_some_and(|text| opts_out(&own_words(text)))
}

/// What a notice brings to which customer; `None` when nobody here is concerned.
pub(crate) fn input(notice: &Notice, known: &Known, now: Timestamp) -> Option<(CustomerId, Input)> {
    let message = code(notice).and_then(|code| known.messages.get(&code));
    match notice {
        Notice::Receipt { status, parts, price_yen, .. } => {
            let message = message?;
            let yen = price_yen.filter(|yen| *yen >= 0).map(Yen);
            let input =
                Input::Receipt { code: message.code.clone(), status: outcome(status), parts: *parts, yen };
            Some((message.customer.clone(), input))
        }
        Notice::Reply { from, text, at, .. } => {
            let customer = match message {
                Some(message) => &message.customer,
                None => known.senders.get(&number(from))?,
            };
            let (channel, at) = (Channel::Sms, now.min(*at));
            let input = if opts_out(text) {
                Input::OptOut { channel, at }
            } else {
                let code = message.map(|message| message.code.clone());
                Input::Reply { code, channel, word: reply_word(text), at }
            };
            Some((customer.clone(), input))
        }
        Notice::EmailReply { text, at, .. } => {
            let message = message?;
            let (channel, at) = (Channel::Email, now.min(*at));
            let input = if emailed_optout(text.as_deref()) {
                Input::OptOut { channel, at }
            } else {
                let word = text.as_deref().and_then(|text| reply_word(&own_words(text)));
                Input::Reply { code: Some(message.code.clone()), channel, word, at }
            };
            Some((message.customer.clone(), input))
        }
        Notice::Complaint { at, .. } | Notice::OptOut { at, .. } => {
            let message = message?;
            let input = Input::OptOut { channel: message.channel, at: now.min(*at) };
            Some((message.customer.clone(), input))
        }
        Notice::Open { at, .. } => {
            let message = message?;
            let input = Input::Open { code: message.code.clone(), at: now.min(*at) };
            Some((message.customer.clone(), input))
        }
    }
}

fn outcome(status: &ReceiptStatus) -> Status {
    match status {
        ReceiptStatus::Delivered => Status::Delivered,
        // SQS refuses a whole request for U+FFFE or U+FFFF.
        ReceiptStatus::Undelivered { reason } => Status::Undelivered(
            reason.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).take(REASON_LIMIT).collect(),
        ),
        ReceiptStatus::Bounced { .. } => Status::Undelivered("bounced".to_owned()),
    }
}

/// The number in the form it is kept in; a provider's own form of a number that can't be read still gets suppressed.
fn number(from: &str) -> String {
    Phone::parse(from).map_or_else(|_| from.trim().to_owned(), |phone| phone.as_str().to_owned())
}

#[cfg(test)]
mod tests;
