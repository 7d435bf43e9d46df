//! Permitted hours over the zones of the world.

use domain::calendar::{Clock24, PermittedHours, zone};
use domain::time::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::{at, cases};

/// Zones with daylight saving at 2 o'clock, at midnight, of half an hour, without it, and one that skipped a day.
pub const ZONES: [&str; 10] = [
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
    "Africa/Casablanca",
    "Pacific/Apia",
];

fn clock(minutes: i64) -> Clock24 {
    Clock24::try_from(format!("{:02}:{:02}", minutes / 60, minutes % 60)).unwrap()
}

fn permitted(now: Timestamp, zone: &TimeZone, from: i64, until: i64) -> bool {
    let local = jiff::Timestamp::from_second(now.seconds()).unwrap().to_zoned(zone.clone());
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    (from..until).contains(&minute)
}

proptest! {
    #![proptest_config(cases(256))]

    /// The next permitted instant is the first minute at which the wall clock shows one, found by looking at every
    /// minute. 2026 for the changes of daylight saving, the end of 2011 for the day that Samoa skipped.
    #[test]
    fn the_first_permitted_minute(
        (zone_index, skipped) in prop_oneof![4 => (0..ZONES.len(), Just(false)), 1 => (Just(9), Just(true))],
        (from, length) in prop_oneof![(0..1440_i64, 1..300_i64), (0..240_i64, 1..120_i64)],
        minute in 0..366 * 1440_i64,
    ) {
        let zone = zone(ZONES[zone_index]).unwrap();
        let until = (from + length).min(1440);
        let hours = PermittedHours { from: clock(from), until: clock(until) };
        let start = if skipped { at("2011-12-28T00:00:00Z").plus(minute % 4320 * 60) } else { at("2026-01-01T00:00:00Z").plus(minute * 60) };
        let first = (0..4 * 1440).map(|wait| start.plus(wait * 60)).find(|now| permitted(*now, &zone, from, until));
        prop_assert_eq!(Some(hours.next(start, &zone)), first);
    }

    /// The same around every change of daylight saving of the year.
    #[test]
    fn around_daylight_saving(zone_index in 0..ZONES.len(), change in 0..2_usize, minutes in -1500..300_i64, from in 0..300_i64, length in 1..90_i64) {
        let zone = zone(ZONES[zone_index]).unwrap();
        let begin = jiff::Timestamp::from_second(at("2026-01-01T00:00:00Z").seconds()).unwrap();
        let Some(change) = zone.following(begin).nth(change) else { return Ok(()) };
        let start = Timestamp::from_seconds(change.timestamp().as_second()).plus(minutes * 60);
        let hours = PermittedHours { from: clock(from), until: clock(from + length) };
        let first = (0..4 * 1440).map(|wait| start.plus(wait * 60)).find(|now| permitted(*now, &zone, from, from + length));
        prop_assert_eq!(Some(hours.next(start, &zone)), first);
    }
}

/// Hours that permit nothing are refused in a definition; should they come from elsewhere, nothing leaves.
#[test]
fn no_hours_permit_nothing() {
    let hours = PermittedHours { from: clock(600), until: clock(600) };
    let now = at("2026-01-01T00:00:00Z");
    assert!(hours.next(now, &zone("Asia/Tokyo").unwrap()) > now);
}
