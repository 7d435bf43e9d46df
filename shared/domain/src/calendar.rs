//! Local time: permitted hours, anniversaries.

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Japan's zone; it has no daylight saving.
pub const JAPAN: &str = "Asia/Tokyo";

/// Reads an IANA time zone name such as `Asia/Tokyo`.
pub fn zone(name: &str) -> Result<TimeZone, ZoneError> {
    if name == JAPAN {
        return Ok(TimeZone::fixed(Offset::constant(9)));
    }
    TimeZone::get(name).map_err(|_| ZoneError)
}

/// The name is no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone; write it as Asia/Tokyo")]
pub struct ZoneError;

/// The hours of the day in which marketing may reach a person, in that person's zone.
///
/// No statute sets hours for marketing by SMS in Japan; 9:00 to 20:00 is custom, and the default here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermittedHours {
    /// The first permitted minute.
    pub from: Clock24,
    /// The first minute that is no longer permitted; `24:00` is the end of the day.
    pub until: Clock24,
}

impl Default for PermittedHours {
    fn default() -> Self {
        Self { from: Clock24 { minutes: 9 * 60 }, until: Clock24 { minutes: 20 * 60 } }
    }
}

impl PermittedHours {
    /// The earliest instant from `now` on that lies in the permitted hours: `now` itself when it does.
    ///
    /// A local time that a change of daylight saving skips or repeats is read as the zone's rules do ("compatible":
    /// the later of a gap, the earlier of a fold) and then moved on until the wall clock agrees.
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let Ok(instant) = jiff::Timestamp::from_second(now.seconds()) else { return now };
        let local = instant.to_zoned(zone.clone());
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let (from, until) = (i64::from(self.from.minutes), i64::from(self.until.minutes));
        if from <= minute && minute < until {
            return now;
        }
        let date = if minute < from { local.date() } else { local.date().tomorrow().unwrap_or(local.date()) };
        match date.to_datetime(self.from.time()).to_zoned(zone.clone()) {
            Ok(opening) => Timestamp::from_seconds(opening.timestamp().as_second()),
            Err(_) => now,
        }
    }
}

/// A time of day in minutes, written `09:00`; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Clock24 {
    minutes: u16,
}

impl Clock24 {
    fn time(self) -> Time {
        Time::new((self.minutes / 60 % 24) as i8, (self.minutes % 60) as i8, 0, 0).unwrap_or(Time::midnight())
    }
}

impl TryFrom<String> for Clock24 {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time of day; write it as 09:00, from 00:00 to 24:00");
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let (hours, minutes) = (hours.parse::<u16>().map_err(|_| wrong())?, minutes.parse::<u16>().map_err(|_| wrong())?);
        let total = hours.checked_mul(60).and_then(|h| h.checked_add(minutes)).ok_or_else(wrong)?;
        if minutes > 59 || total > 24 * 60 {
            return Err(wrong());
        }
        Ok(Self { minutes: total })
    }
}

impl From<Clock24> for String {
    fn from(time: Clock24) -> Self {
        format!("{:02}:{:02}", time.minutes / 60, time.minutes % 60)
    }
}

/// The first anniversary of `date` at `at` local time that is later than `now`.
///
/// 29 February is kept on 28 February in other years: 年齢計算ニ関スル法律 lets the year of age end on that day.
pub fn next_anniversary(date: Date, at: Clock24, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let year = jiff::Timestamp::from_second(now.seconds()).ok()?.to_zoned(zone.clone()).year();
    (year..=year.saturating_add(1)).find_map(|year| {
        let day = Date::new(year, date.month(), date.day())
            .or_else(|_| Date::new(year, date.month(), date.day() - 1))
            .ok()?;
        let instant = day.to_datetime(at.time()).to_zoned(zone.clone()).ok()?;
        let instant = Timestamp::from_seconds(instant.timestamp().as_second());
        (instant > now).then_some(instant)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn clock(text: &str) -> Clock24 {
        Clock24::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn hours_open_and_close() {
        let tokyo = zone(JAPAN).unwrap();
        let hours = PermittedHours::default();
        for (now, next) in [
            ("1998-07-01T00:00:00+09:00", "1998-07-01T09:00:00+09:00"),
            ("1998-07-01T08:59:59+09:00", "1998-07-01T09:00:00+09:00"),
            ("1998-07-01T09:00:00+09:00", "1998-07-01T09:00:00+09:00"),
            ("1998-07-01T19:59:59+09:00", "1998-07-01T19:59:59+09:00"),
            ("1998-07-01T20:00:00+09:00", "1998-07-02T09:00:00+09:00"),
        ] {
            assert_eq!(hours.next(at(now), &tokyo), at(next), "{now}");
        }
    }

    #[test]
    fn hours_hold_through_daylight_saving() {
        let berlin = zone("Europe/Berlin").unwrap();
        let hours = PermittedHours { from: clock("02:30"), until: clock("20:00") };
        // 02:30 does not exist on 2026-03-29: the clocks go from 02:00 to 03:00.
        assert_eq!(hours.next(at("2026-03-29T00:00:00+01:00"), &berlin), at("2026-03-29T03:30:00+02:00"));
    }

    #[test]
    fn anniversaries_and_the_leap_day() {
        let tokyo = zone(JAPAN).unwrap();
        let born = Date::constant(1980, 2, 29);
        let next = |now| next_anniversary(born, clock("10:00"), at(now), &tokyo).unwrap();
        assert_eq!(next("1997-01-01T00:00:00+09:00"), at("1997-02-28T10:00:00+09:00"));
        assert_eq!(next("1997-02-28T10:00:00+09:00"), at("1998-02-28T10:00:00+09:00"));
        assert_eq!(next("2000-02-28T10:00:00+09:00"), at("2000-02-29T10:00:00+09:00"));
    }

    #[test]
    fn times_of_day_are_checked() {
        assert!(Clock24::try_from("24:00".to_owned()).is_ok());
        for text in ["24:01", "9", "09:60", "-1:00", "x:y", "99999:00"] {
            assert!(Clock24::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
