//! How many one-time codes are sent: by number, by range of numbers, by the address of who asks, by all together, and by what
//! they cost in a day. A flood of requests, whether for one person or for a range of numbers that somebody is paid for
//! (SMS pumping), ends at the first of them.

use std::net::{IpAddr, Ipv6Addr};

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::hidden;
use crate::calendar;
use crate::contact::Phone;
use crate::message::CodeKey;
use crate::money::Yen;
use crate::time::{DAY, HOUR, MINUTE, Timestamp};

/// How many digits at the end of a number tell it from the others of its range. Numbers are given to carriers by ten
/// thousand and more.
const RANGE_DIGITS: usize = 4;

/// How long a count is kept beyond its window, in seconds: for as long as a late writer could still come.
const KEPT_SECONDS: i64 = DAY;

/// How long what codes cost in a day is kept, in seconds.
const COST_KEPT_SECONDS: i64 = 400 * DAY;

/// The most codes, and the most they may cost. Hours and minutes are those of the clock, days those of the shop's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// To one number.
    pub number_per_hour: u32,
    /// To all numbers that differ in their last four digits only.
    pub prefix_per_hour: u32,
    /// For who asks from one address: the call's `ip`.
    pub address_per_hour: u32,
    /// Of all.
    pub total_per_minute: u32,
    /// What all may cost in yen, by the shop's prices at most.
    pub yen_per_day: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            number_per_hour: 5,
            prefix_per_hour: 50,
            address_per_hour: 20,
            total_per_minute: 60,
            yen_per_day: 5_000,
        }
    }
}

/// What is limited, in the order in which it is counted: what only concerns one person comes before what concerns all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Codes to one number.
    Number,
    /// Codes for one address.
    Address,
    /// Codes to a range of numbers.
    Prefix,
    /// All codes.
    Total,
    /// Yen.
    Yen,
}

impl Limit {
    /// The name in keys and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Address => "address",
            Self::Prefix => "prefix",
            Self::Total => "total",
            Self::Yen => "yen",
        }
    }
}

/// A counter, and what a request takes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What it limits.
    pub limit: Limit,
    /// What is counted, as a keyed hash where it could be a person's.
    pub key: String,
    /// The hour, minute or day.
    pub window: String,
    /// How much is taken.
    pub amount: i64,
    /// The most that may have been taken afterwards.
    pub most: i64,
    /// When the window is over.
    pub until: Timestamp,
    /// When the counter is forgotten.
    pub expires: Timestamp,
}

impl Count {
    /// Whether there is room for what the request takes, so much having been taken before.
    pub const fn has_room(&self, used: i64) -> bool {
        used.saturating_add(self.amount) <= self.most
    }
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allowed,
    /// It may not.
    Refused {
        /// Which limit is reached.
        limit: Limit,
        /// When it begins anew.
        until: Timestamp,
    },
}

/// The counters that a request takes from, in the order in which it does.
pub fn counts(
    (to, from): (&Phone, IpAddr),
    limits: &Limits,
    key: &CodeKey,
    cost: Yen,
    (now, zone): (Timestamp, &TimeZone),
) -> [Count; 5] {
    let window = |seconds: i64| {
        let begins = Timestamp::from_seconds(now.seconds().div_euclid(seconds) * seconds);
        (begins.seconds().to_string(), begins.plus(seconds))
    };
    let count = |limit: Limit, key: String, seconds: i64, most: u32| {
        let (window, until) = window(seconds);
        Count { limit, key, window, amount: 1, most: most.into(), until, expires: until.plus(KEPT_SECONDS) }
    };
    let hide = |limit: Limit, what: &str| hidden(key, limit.name(), what);
    let (number, from) = (to.as_str(), network(from).to_string());
    let range = &number[..number.len().saturating_sub(RANGE_DIGITS)];
    let until = calendar::next_day(now, zone);
    [
        count(Limit::Number, hide(Limit::Number, number), HOUR, limits.number_per_hour),
        count(Limit::Address, hide(Limit::Address, &from), HOUR, limits.address_per_hour),
        count(Limit::Prefix, hide(Limit::Prefix, range), HOUR, limits.prefix_per_hour),
        count(Limit::Total, String::new(), MINUTE, limits.total_per_minute),
        Count {
            limit: Limit::Yen,
            key: String::new(),
            window: calendar::day(now, zone),
            amount: cost.0,
            most: limits.yen_per_day.into(),
            until,
            expires: until.plus(COST_KEPT_SECONDS),
        },
    ]
}

/// Whether all counters have room, by what was taken from each before.
pub fn decide(counts: &[Count], used: &[i64]) -> Decision {
    let full = counts.iter().zip(used).find(|(count, used)| !count.has_room(**used));
    full.map_or(Decision::Allowed, |(count, _)| Decision::Refused { limit: count.limit, until: count.until })
}

/// Who asks: of an address of version 6, the half that a provider gives to a household.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::NOW;
    use super::*;

    fn asked(to: &str, from: &str, now: Timestamp) -> [Count; 5] {
        let key = CodeKey::parse("0123456789abcdef").unwrap();
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let (to, from) = (Phone::parse(to).unwrap(), from.parse().unwrap());
        counts((&to, from), &Limits::default(), &key, Yen(10), (now, &zone))
    }

    /// Plays requests against counters in memory: how many are allowed, and what stopped the first that was not.
    fn played(requests: impl Iterator<Item = (String, String, Timestamp)>) -> (usize, Option<Limit>) {
        let mut used: BTreeMap<(Limit, String, String), i64> = BTreeMap::new();
        let (mut allowed, mut first) = (0, None);
        for (to, from, now) in requests {
            let counts = asked(&to, &from, now);
            let name = |count: &Count| (count.limit, count.key.clone(), count.window.clone());
            let before = counts.each_ref().map(|count| used.get(&name(count)).copied().unwrap_or(0));
            match decide(&counts, &before) {
                Decision::Allowed => {
                    allowed += 1;
                    for count in &counts {
                        *used.entry(name(count)).or_default() += count.amount;
                    }
                }
                Decision::Refused { limit, until } => {
                    assert!(until > now && until.since(now) <= DAY);
                    first.get_or_insert(limit);
                }
            }
        }
        (allowed, first)
    }

    #[test]
    fn each_limit_stops_its_own_flood() {
        let of = |number: u32, from: u32, second: i64| {
            let (high, low) = (number / 10_000, number % 10_000);
            (format!("090{:04}{low:04}", 1_000 + high), format!("192.0.2.{from}"), NOW.plus(second))
        };
        // NOW is 6:40 past the hour: for half an hour, one request every two seconds.
        let seconds = || (0..900_u32).map(|number| (number, i64::from(2 * number)));
        assert_eq!(played(seconds().map(|(_, at)| of(1, 1, at))), (5, Some(Limit::Number)));
        assert_eq!(played(seconds().map(|(n, at)| of(n, 1, at))), (20, Some(Limit::Address)));
        assert_eq!(played(seconds().map(|(n, at)| of(n, n % 250, at))), (50, Some(Limit::Prefix)));
        let spread = |n: u32, at| of(n * 10_000, n % 250, at);
        assert_eq!(played(seconds().map(|(n, at)| spread(n, at))), (500, Some(Limit::Yen)));
        assert_eq!(played(seconds().map(|(n, _)| spread(n, 0))), (60, Some(Limit::Total)));
        // An hour later it begins anew.
        assert_eq!(played((0..20).map(|n| of(1, 1, i64::from(n) * 360))).0, 11);
    }

    #[test]
    fn a_household_is_one_address() {
        let key = |from: &str| asked("09012345678", from, NOW)[1].key.clone();
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn a_range_is_ten_thousand_numbers_and_a_day_the_shops() {
        let range = |to: &str| asked(to, "192.0.2.1", NOW)[2].key.clone();
        assert_eq!(range("09012340000"), range("09012349999"));
        assert_ne!(range("09012340000"), range("09012350000"));
        // 2026-11-18T11:06:40Z is the evening of that day in Japan.
        assert_eq!(asked("09012345678", "192.0.2.1", NOW)[4].window, "2026-11-18");
        assert_eq!(asked("09012345678", "192.0.2.1", NOW.plus(4 * HOUR))[4].window, "2026-11-19");
        assert!(asked("09012345678", "192.0.2.1", NOW).iter().all(|count| !count.key.contains("9012")));
    }
}
