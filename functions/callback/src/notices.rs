//! What a provider's notices mean to us: addresses to suppress, and inputs for customers.

use std::collections::BTreeMap;

use cloud::table::messages::MessageItem;
use cloud::table::people::Stopped;
use domain::consent::{Proof, Source};
use domain::contact::{Channel, Phone};
use domain::enrollment::Status;
use domain::input::Input;
use domain::mailbox::fingerprint;
use domain::message::{Code, reply_word};
use domain::names::CustomerId;
use domain::optout::own_words;
use domain::replies::{Meaning, ReplyWords};
use domain::tariff::Price;
use domain::time::Timestamp;
use providers::receipts::{LineDid, Notice, ReceiptStatus};

/// The most characters kept of a provider's word for why, and of its id of a reply.
pub(crate) const REASON_LIMIT: usize = 64;

/// What the table knows of the messages and senders that notices name.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Messages by their codes.
    pub(crate) messages: BTreeMap<Code, MessageItem>,
    /// Customers by where they wrote from.
    pub(crate) senders: Senders,
    /// Of replies that ask for messages again, when each first came, by its id.
    pub(crate) asked: BTreeMap<String, Timestamp>,
}

/// Where someone wrote from: a number, or a LINE id.
pub(crate) type Address = (Channel, String);

/// Customers by where they wrote from.
pub(crate) type Senders = BTreeMap<Address, CustomerId>;

/// Whether a person blocks the shop's account at LINE, as of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Friendship<'a> {
    pub(crate) user: &'a str,
    pub(crate) blocked: bool,
    pub(crate) at: Timestamp,
}

/// A reply that asks for messages to an address again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) channel: Channel,
    pub(crate) address: String,
    /// The provider's id of the reply.
    pub(crate) id: String,
    /// When it was written.
    pub(crate) at: Timestamp,
}

/// An address that gets no more messages, or no more marketing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppression {
    pub(crate) channel: Channel,
    pub(crate) address: String,
    pub(crate) stopped: Stopped,
    pub(crate) why: &'static str,
    /// As of when: of two words the later stands, in whatever order they come.
    pub(crate) at: Timestamp,
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
        Notice::Line { .. } => None,
    }
}

/// Where a reply came from, when the message it answers does not tell whose it is.
pub(crate) fn sender(notice: &Notice, messages: &BTreeMap<Code, MessageItem>) -> Option<Address> {
    match notice {
        Notice::Reply { from, .. } => {
            let told = code(notice).is_some_and(|code| messages.contains_key(&code));
            (!told).then(|| (Channel::Sms, number(from)))
        }
        Notice::Line { user, .. } => Some((Channel::Line, user.clone())),
        Notice::Receipt { .. }
        | Notice::EmailReply { .. }
        | Notice::Complaint { .. }
        | Notice::OptOut { .. }
        | Notice::Open { .. } => None,
    }
}

/// The address a notice suppresses.
pub(crate) fn suppression(
    notice: &Notice,
    messages: &BTreeMap<Code, MessageItem>,
    words: &ReplyWords,
) -> Option<Suppression> {
    if meaning(notice, words) == Meaning::OptsOut {
        let (channel, address) = addressed(notice, messages)?;
        return Some(Suppression {
            channel,
            address,
            stopped: Stopped::Marketing,
            why: "opted out by reply",
            at: told_at(notice),
        });
    }
    let (stopped, why) = match notice {
        Notice::Receipt { status, .. } => match status {
            ReceiptStatus::Bounced { permanent: true } => (Stopped::Everything, "bounced"),
            ReceiptStatus::Invalid { .. } => (Stopped::Everything, "no such number"),
            ReceiptStatus::Bounced { permanent: false }
            | ReceiptStatus::Delivered
            | ReceiptStatus::Undelivered { .. } => return None,
        },
        Notice::Complaint { .. } => (Stopped::Marketing, "complained"),
        Notice::OptOut { .. } => (Stopped::Marketing, "opted out at the provider"),
        // A block is another matter: see [`friendship`].
        Notice::Reply { .. } | Notice::EmailReply { .. } | Notice::Line { .. } | Notice::Open { .. } => {
            return None;
        }
    };
    let (channel, address) = addressed(notice, messages)?;
    Some(Suppression { channel, address, stopped, why, at: told_at(notice) })
}

/// When what a notice tells of happened.
const fn told_at(notice: &Notice) -> Timestamp {
    match notice {
        Notice::Receipt { at, .. }
        | Notice::Reply { at, .. }
        | Notice::EmailReply { at, .. }
        | Notice::Line { at, .. }
        | Notice::Complaint { at, .. }
        | Notice::OptOut { at, .. }
        | Notice::Open { at, .. } => *at,
    }
}

/// Whether a notice, by itself, may suppress an address.
pub(crate) fn suppresses(notice: &Notice, words: &ReplyWords) -> bool {
    let lasting = |status: &ReceiptStatus| match status {
        ReceiptStatus::Bounced { permanent } => *permanent,
        ReceiptStatus::Invalid { .. } => true,
        ReceiptStatus::Delivered | ReceiptStatus::Undelivered { .. } => false,
    };
    meaning(notice, words) == Meaning::OptsOut
        || matches!(notice, Notice::Receipt { status, .. } if lasting(status))
        || matches!(notice, Notice::Line { did: LineDid::Blocked, .. })
        || matches!(notice, Notice::Complaint { .. } | Notice::OptOut { .. })
}

/// Who blocked the shop's account at LINE, or took a block back.
pub(crate) fn friendship(notice: &Notice, now: Timestamp) -> Option<Friendship<'_>> {
    match notice {
        Notice::Line { user, did, at, .. } => {
            let blocked = match did {
                LineDid::Blocked => true,
                LineDid::Followed => false,
                LineDid::Wrote(_) => return None,
            };
            Some(Friendship { user, blocked, at: now.min(*at) })
        }
        Notice::Receipt { .. }
        | Notice::Reply { .. }
        | Notice::EmailReply { .. }
        | Notice::Complaint { .. }
        | Notice::OptOut { .. }
        | Notice::Open { .. } => None,
    }
}

/// What a reply asks for again.
pub(crate) fn again(
    notice: &Notice,
    messages: &BTreeMap<Code, MessageItem>,
    words: &ReplyWords,
) -> Option<Again> {
    let (id, at) = match notice {
        Notice::Reply { id, at, .. } | Notice::EmailReply { id, at, .. } | Notice::Line { id, at, .. } => {
            (id.clone(), *at)
        }
        Notice::Receipt { .. } | Notice::Complaint { .. } | Notice::OptOut { .. } | Notice::Open { .. } => {
            return None;
        }
    };
    if meaning(notice, words) != Meaning::OptsIn {
        return None;
    }
    let (channel, address) = addressed(notice, messages)?;
    Some(Again { channel, address, id, at })
}

/// The address that a notice is about.
fn addressed(notice: &Notice, messages: &BTreeMap<Code, MessageItem>) -> Option<(Channel, String)> {
    match notice {
        Notice::Reply { from, .. } => Some((Channel::Sms, number(from))),
        Notice::Line { user, .. } => Some((Channel::Line, user.clone())),
        Notice::Receipt { .. }
        | Notice::EmailReply { .. }
        | Notice::Complaint { .. }
        | Notice::OptOut { .. }
        | Notice::Open { .. } => {
            messages.get(&code(notice)?).map(|message| (message.channel, message.to.clone()))
        }
    }
}

/// What a reply means; a text that the provider keeps to itself means nothing.
pub(crate) fn meaning(notice: &Notice, words: &ReplyWords) -> Meaning {
    match notice {
        Notice::Reply { text, .. } | Notice::Line { did: LineDid::Wrote(text), .. } => words.meaning(text),
        Notice::EmailReply { text: Some(text), .. } => words.meaning(&own_words(text)),
        Notice::EmailReply { text: None, .. }
        | Notice::Receipt { .. }
        | Notice::Complaint { .. }
        | Notice::OptOut { .. }
        | Notice::Open { .. }
        // Who is a friend again has not agreed to advertisement again.
        | Notice::Line { did: LineDid::Blocked | LineDid::Followed, .. } => Meaning::Other,
    }
}

/// What a notice brings to which customer; nothing when nobody here is concerned.
pub(crate) fn inputs(
    notice: &Notice,
    known: &Known,
    words: &ReplyWords,
    now: Timestamp,
) -> Option<(CustomerId, Vec<Input>)> {
    let message = code(notice).and_then(|code| known.messages.get(&code));
    match notice {
        Notice::Receipt { status, parts, price, .. } => {
            let message = message?;
            let yen = price.as_ref().and_then(Price::in_yen);
            let code = message.code.clone();
            let mut inputs = vec![Input::Receipt { code, status: outcome(status), parts: *parts, yen }];
            if *status == (ReceiptStatus::Bounced { permanent: false }) && message.channel == Channel::Email {
                let (code, left) = (message.code.clone(), message.claimed_at);
                inputs.push(Input::SoftBounce { code, address: fingerprint(&message.to), left });
            }
            Some((message.customer.clone(), inputs))
        }
        Notice::Reply { from, text, at, id, .. } => {
            let customer = match message {
                Some(message) => &message.customer,
                None => known.senders.get(&(Channel::Sms, number(from)))?,
            };
            let (channel, at) = (Channel::Sms, now.min(*at));
            let code = message.map(|message| message.code.clone());
            let reply = Input::Reply { code, channel, word: reply_word(text), at };
            Some((
                customer.clone(),
                replied(reply, meaning(notice, words), known.asked.get(id), proof(id, message)),
            ))
        }
        Notice::EmailReply { text, at, id, .. } => {
            let message = message?;
            let (channel, at) = (Channel::Email, now.min(*at));
            let word = text.as_deref().and_then(|text| reply_word(&own_words(text)));
            let reply = Input::Reply { code: Some(message.code.clone()), channel, word, at };
            let proof = Proof { address: Some(message.to.clone()), ..proof(id, Some(message)) };
            let inputs = replied(reply, meaning(notice, words), known.asked.get(id), proof);
            Some((message.customer.clone(), inputs))
        }
        Notice::Line { user, did, at, id } => {
            let channel = Channel::Line;
            let customer = known.senders.get(&(channel, user.clone()))?;
            let at = now.min(*at);
            let inputs = match did {
                LineDid::Blocked => {
                    vec![Input::OptOut { channel, at, proof: told(format!("event {}", kept(id))) }]
                }
                LineDid::Wrote(text) => {
                    let reply = Input::Reply { code: None, channel, word: reply_word(text), at };
                    replied(reply, meaning(notice, words), known.asked.get(id), proof(id, None))
                }
                LineDid::Followed => return None,
            };
            Some((customer.clone(), inputs))
        }
        Notice::Complaint { at, .. } | Notice::OptOut { at, .. } => {
            let message = message?;
            let (channel, proof) = (message.channel, told(format!("message {}", message.code.as_str())));
            Some((message.customer.clone(), vec![Input::OptOut { channel, at: now.min(*at), proof }]))
        }
        Notice::Open { at, .. } => {
            let message = message?;
            let input = Input::Open { code: message.code.clone(), at: now.min(*at) };
            Some((message.customer.clone(), vec![input]))
        }
    }
}

/// What a reply brings: who opts out answers nothing by it, who opts in does. `asked` is when that first came.
fn replied(reply: Input, meaning: Meaning, asked: Option<&Timestamp>, proof: Proof) -> Vec<Input> {
    let Input::Reply { channel, at, .. } = reply else { return vec![reply] };
    match meaning {
        Meaning::OptsOut => vec![Input::OptOut { channel, at, proof }],
        Meaning::OptsIn => {
            let at = asked.map_or(at, |asked| at.min(*asked));
            vec![Input::OptIn { channel, at, proof }, reply]
        }
        Meaning::Other => vec![reply],
    }
}

/// What there is to show for a reply: the provider's id of it, and the message that it answers.
fn proof(id: &str, message: Option<&MessageItem>) -> Proof {
    let mut evidence = format!("reply {}", kept(id));
    if let Some(message) = message {
        evidence.extend([" to message ", message.code.as_str()]);
    }
    Proof { evidence: Some(evidence), ..Proof::of(Source::Reply) }
}

/// What there is to show for what the provider tells of a person.
fn told(evidence: String) -> Proof {
    Proof { evidence: Some(evidence), ..Proof::of(Source::Provider) }
}

/// As much of a provider's word as is kept. SQS refuses a whole request for U+FFFE or U+FFFF.
fn kept(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).take(REASON_LIMIT).collect()
}

pub(crate) fn outcome(status: &ReceiptStatus) -> Status {
    match status {
        ReceiptStatus::Delivered => Status::Delivered,
        ReceiptStatus::Undelivered { reason } | ReceiptStatus::Invalid { reason } => {
            Status::Undelivered(kept(reason))
        }
        ReceiptStatus::Bounced { .. } => Status::Undelivered("bounced".to_owned()),
    }
}

/// The number in the form it is kept in; a provider's own form of a number that can't be read still gets suppressed.
fn number(from: &str) -> String {
    Phone::parse(from).map_or_else(|_| from.trim().to_owned(), |phone| phone.as_str().to_owned())
}

#[cfg(test)]
mod tests;
