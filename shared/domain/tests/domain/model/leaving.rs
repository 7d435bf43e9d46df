//! Whether a message may leave at a minute, by counting minutes.

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::enrollment::Status;
use domain::message::{HoldReason, SkipReason};
use jiff::civil::Weekday;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::facts::Facts;
use super::life::instant;

/// The shop that the model knows: its hours, its day off, its cap, and the minutes over which what was held is spread (no
/// journey's hours are shorter).
pub const SHOP: &str = "shop: { time_zone: Asia/Tokyo, policy: { hours: { from: '09:00', until: '20:00' }, \
     weekdays_off: [sunday], spread_minutes: 45, caps: [{ channel: sms, at_most: 3, within_days: 1 }] } }";
const SHOP_HOURS: (i64, i64) = (9 * 60, 20 * 60);
const PAYMENT_HOURS: (i64, i64) = (8 * 60, 21 * 60);
const SPREAD: u64 = 45;
const SHOP_CAP: (Option<Channel>, usize) = (Some(Channel::Sms), 3);

/// Whether a message may leave.
pub enum Leave {
    Now,
    Hold(i64, HoldReason),
    Never(SkipReason),
}

/// Whether a message to the customer may leave now.
pub fn leave(facts: &Facts<'_>, journey: &Json, (channel, purpose): (Channel, Purpose)) -> Leave {
    let marketing = purpose == Purpose::Marketing;
    if !facts.has_address(channel) {
        return Leave::Never(SkipReason::NoAddress);
    }
    if marketing && !facts.agrees(channel) {
        return Leave::Never(SkipReason::NoConsent);
    }
    if marketing && let Some(until) = capped(facts, journey, channel) {
        return Leave::Hold(until, HoldReason::FrequencyCap);
    }
    let clock = facts.clock();
    let open = |minute: i64| {
        let wall = clock(minute);
        let time = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
        let within = |(from, until): (i64, i64)| from <= time && time < until;
        let policy = &journey["policy"];
        (!marketing || (within(SHOP_HOURS) && wall.weekday() != Weekday::Sunday))
            && (policy["hours"].is_null() || within(hours(&policy["hours"])))
            && (policy["reminds_of_payment"] != true || within(PAYMENT_HOURS))
    };
    let opening = facts.ahead().find(|minute| open(*minute)).unwrap();
    if opening == facts.now {
        return Leave::Now;
    }
    let spread = drawn(&[&facts.life.id(), &instant(opening).seconds().to_string()], SPREAD);
    Leave::Hold(opening + i64::try_from(spread).unwrap(), HoldReason::QuietHours)
}

/// The first minute at which every cap has room for one more, when that is not now.
fn capped(facts: &Facts<'_>, journey: &Json, channel: Channel) -> Option<i64> {
    let own = journey["policy"]["caps"].as_array().into_iter().flatten();
    let own = own.map(|cap| (None, usize::try_from(cap["at_most"].as_u64().unwrap()).unwrap()));
    let caps: Vec<(Option<Channel>, usize)> = own.chain([SHOP_CAP]).collect();
    let left = |status: &Status| match status {
        Status::Accepted | Status::Undelivered(_) | Status::Delivered | Status::Unknown => true,
        Status::Pending | Status::Skipped(_) | Status::Failed(_) => false,
    };
    let has_room = |minute: i64| {
        caps.iter().filter(|(of, _)| of.is_none_or(|of| of == channel)).all(|(of, at_most)| {
            let counts = facts.messages.iter().filter(|message| {
                of.is_none_or(|of| of == message.channel)
                    && message.purpose == Purpose::Marketing
                    && left(&message.status(facts.now))
                    && minute - message.at < 1440
            });
            counts.count() < *at_most
        })
    };
    facts.ahead().find(|minute| has_room(*minute)).filter(|minute| *minute > facts.now)
}

fn hours(hours: &Json) -> (i64, i64) {
    (time(&hours["from"]), time(&hours["until"]))
}

/// The minute of the day that `09:30` is.
pub fn time(text: &Json) -> i64 {
    let (hours, minutes) = text.as_str().and_then(|text| text.split_once(':')).unwrap();
    hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
}

/// The number below `of` that names draw: the first eight bytes of the SHA-256 of the names, each with a zero byte after
/// it, and of that number the remainder.
pub fn drawn(names: &[&str], of: u64) -> u64 {
    let text: Vec<u8> = names.iter().flat_map(|name| name.bytes().chain([0])).collect();
    let digest = Sha256::digest(&text);
    u64::from_be_bytes(digest[..8].try_into().unwrap()) % of
}
