//! What people do with a message: a pure function of the seed, the person and the message.

use domain::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

use crate::chance::{Chance, whole};
use crate::listing::Channel;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
/// Japan's offset; it has no summer time.
const JAPAN_SECONDS: i64 = 9 * 3600;
/// People read from 7:00 to 23:00.
const WAKE_SECONDS: i64 = 7 * 3600;
const SLEEP_SECONDS: i64 = 23 * 3600;

/// How likely people are to do what, from 0 to 1. Receipts come whatever stands here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleSettings {
    /// Messages that do not arrive; half of the e-mails among them bounce for good.
    pub undelivered: f64,
    /// SMS and messages of LINE whose link is followed.
    pub sms_click: f64,
    /// E-mails that are opened.
    pub email_open: f64,
    /// E-mails whose link is followed, out of all; never more than are opened.
    pub email_click: f64,
    /// E-mails that a mail gateway looks into on their way, following their link.
    pub email_scan: f64,
    /// SMS and messages of LINE that are answered, half of them with a wish to hear no more.
    pub sms_reply: f64,
    /// E-mails that are answered.
    pub email_reply: f64,
    /// Of those who follow the link, who begins to pay.
    pub checkout: f64,
    /// Of those who begin to pay, who does.
    pub buy: f64,
    /// Messages whose receiver buys within 20 days of their own accord.
    pub spontaneous: f64,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        Self {
            undelivered: 0.02,
            sms_click: 0.12,
            email_open: 0.35,
            email_click: 0.08,
            email_scan: 0.03,
            sms_reply: 0.01,
            email_reply: 0.02,
            checkout: 0.25,
            buy: 0.5,
            spontaneous: 0.01,
        }
    }
}

impl PeopleSettings {
    /// Everything arrives and nobody does anything.
    pub const fn quiet() -> Self {
        Self {
            undelivered: 0.0,
            sms_click: 0.0,
            email_open: 0.0,
            email_click: 0.0,
            email_scan: 0.0,
            sms_reply: 0.0,
            email_reply: 0.0,
            checkout: 0.0,
            buy: 0.0,
            spontaneous: 0.0,
        }
    }
}

/// A message as its receiver is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Addressed<'a> {
    /// How it came.
    pub channel: Channel,
    /// To whom.
    pub to: &'a str,
    /// Which one it is.
    pub reference: &'a str,
}

/// One thing that happens to a message. The order is the one within a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It arrives.
    Delivered,
    /// An SMS does not arrive.
    Undelivered,
    /// An e-mail does not arrive.
    Bounced {
        /// Whether the address is dead.
        permanent: bool,
    },
    /// A mail gateway follows its link before anyone has it.
    Scan,
    /// An e-mail is opened.
    Open,
    /// Its link is followed.
    Click,
    /// It is answered.
    Reply(Words),
    /// Its receiver fills a cart and begins to pay.
    StartCheckout {
        /// The cart's worth.
        amount_yen: u32,
    },
    /// Its receiver buys.
    Buy {
        /// The order's worth.
        amount_yen: u32,
        /// Whether they came by themselves, and not by the link.
        spontaneous: bool,
    },
}

impl Action {
    /// Whether the provider does it, not the person.
    pub(crate) const fn is_receipt(self) -> bool {
        match self {
            Self::Delivered | Self::Undelivered | Self::Bounced { .. } => true,
            Self::Scan
            | Self::Open
            | Self::Click
            | Self::Reply(_)
            | Self::StartCheckout { .. }
            | Self::Buy { .. } => false,
        }
    }
}

/// What people write back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Words {
    /// `STOP`
    Stop,
    /// `停止`
    StopJapanese,
    /// `ありがとう`
    Thanks,
}

impl Words {
    /// The text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::StopJapanese => "停止",
            Self::Thanks => "ありがとう",
        }
    }
}

/// Everything that happens to a message that was accepted at `accepted_at`, earliest first.
pub fn plan(
    seed: u64,
    settings: &PeopleSettings,
    message: Addressed<'_>,
    accepted_at: Timestamp,
) -> Vec<(Timestamp, Action)> {
    let chance =
        |what: &str| Chance::about(seed, &[what, message.channel.name(), message.to, message.reference]);
    let mut deeds = Vec::new();
    let mut arrival = chance("arrival");
    let arrived_at = accepted_at.plus(arrival.between(2, 20));
    let arrives = !arrival.happens(settings.undelivered);
    let permanent = arrival.happens(0.5);
    let receipt = match (message.channel, arrives) {
        (Channel::Sms | Channel::Email, true) => Some(Action::Delivered),
        (Channel::Sms, false) => Some(Action::Undelivered),
        (Channel::Email, false) => Some(Action::Bounced { permanent }),
        // LINE tells nothing of what became of a message.
        (Channel::Line, _) => None,
    };
    deeds.extend(receipt.map(|receipt| (arrived_at, receipt)));
    if message.channel == Channel::Email && chance("scan").happens(settings.email_scan) {
        deeds.push((arrived_at, Action::Scan));
    }
    if arrives {
        let clicked_at = read(&mut deeds, settings, message.channel, &mut chance("read"), arrived_at);
        reply(&mut deeds, settings, message.channel, &mut chance("reply"), arrived_at);
        if let Some(at) = clicked_at {
            shop(&mut deeds, settings, &mut chance("shop"), at);
        }
    }
    let mut own_accord = chance("own accord");
    if own_accord.happens(settings.spontaneous) {
        let at = accepted_at.plus(own_accord.between(3600, 20 * DAY));
        let amount_yen = amount(&mut own_accord);
        deeds.push((waking(at, &mut own_accord), Action::Buy { amount_yen, spontaneous: true }));
    }
    deeds.sort_unstable();
    deeds
}

/// Opening and following the link; returns when it is followed.
fn read(
    deeds: &mut Vec<(Timestamp, Action)>,
    settings: &PeopleSettings,
    channel: Channel,
    chance: &mut Chance,
    arrived_at: Timestamp,
) -> Option<Timestamp> {
    let draw = chance.fraction();
    let looked_at = arrived_at.plus(chance.soon(2.0 * MINUTE, 46.0 * HOUR));
    let looked_at = waking(looked_at, chance);
    let clicked_at = match channel {
        Channel::Sms | Channel::Line => (draw < settings.sms_click).then_some(looked_at),
        Channel::Email => {
            if draw < settings.email_open {
                deeds.push((looked_at, Action::Open));
            }
            let later = looked_at.plus(chance.between(3, 90));
            (draw < settings.email_click.min(settings.email_open)).then(|| waking(later, chance))
        }
    };
    deeds.extend(clicked_at.map(|at| (at, Action::Click)));
    clicked_at
}

fn reply(
    deeds: &mut Vec<(Timestamp, Action)>,
    settings: &PeopleSettings,
    channel: Channel,
    chance: &mut Chance,
    arrived_at: Timestamp,
) {
    let (probability, stops) = match channel {
        Channel::Sms | Channel::Line => (settings.sms_reply, 0.5),
        Channel::Email => (settings.email_reply, 0.0),
    };
    if chance.happens(probability) {
        let words = match (chance.happens(stops), chance.happens(0.5)) {
            (true, true) => Words::Stop,
            (true, false) => Words::StopJapanese,
            (false, _) => Words::Thanks,
        };
        let at = arrived_at.plus(chance.soon(MINUTE, 12.0 * HOUR));
        deeds.push((waking(at, chance), Action::Reply(words)));
    }
}

fn shop(
    deeds: &mut Vec<(Timestamp, Action)>,
    settings: &PeopleSettings,
    chance: &mut Chance,
    clicked_at: Timestamp,
) {
    if !chance.happens(settings.checkout) {
        return;
    }
    let amount_yen = amount(chance);
    let started_at = clicked_at.plus(chance.between(60, 1800));
    let started_at = waking(started_at, chance);
    deeds.push((started_at, Action::StartCheckout { amount_yen }));
    if chance.happens(settings.buy) {
        let bought_at = started_at.plus(chance.soon(0.5 * HOUR, 8.0 * HOUR));
        deeds.push((waking(bought_at, chance), Action::Buy { amount_yen, spontaneous: false }));
    }
}

/// ¥1,500 to ¥9,000 in tens, mostly about ¥3,200.
fn amount(chance: &mut Chance) -> u32 {
    let tens = whole(chance.log_normal(320.0, 0.45, 150.0, 900.0));
    u32::try_from(tens * 10).unwrap_or_default()
}

/// `at`, or in the two hours after the next 7:00 in Japan when people sleep at `at`.
fn waking(at: Timestamp, chance: &mut Chance) -> Timestamp {
    let lie_in = chance.between(0, 2 * 3600);
    let of_day = (at.seconds() + JAPAN_SECONDS).rem_euclid(DAY);
    if of_day < WAKE_SECONDS {
        at.plus(WAKE_SECONDS - of_day + lie_in)
    } else if of_day >= SLEEP_SECONDS {
        at.plus(DAY - of_day + WAKE_SECONDS + lie_in)
    } else {
        at
    }
}

#[cfg(test)]
mod tests;
