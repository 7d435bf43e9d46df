//! Local time: permitted hours, anniversaries.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{DAY, Timestamp};

/// Days in which an opening is looked for: one of them may lie in a gap, another be skipped by a move of the date line,
/// and many be days off.
const DAYS_AHEAD: usize = 62;

/// Changes of a zone's clock that are looked at for an opening.
const JUMPS_AHEAD: usize = 4;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Every minute.
    pub const ALL_DAY: Self = Self { from: Clock24 { minutes: 0 }, until: Clock24::MIDNIGHT_AFTER };

    /// The earliest instant from `now` on at which the clock on the receiver's wall shows a permitted minute: `now`
    /// itself when it does.
    ///
    /// Daylight saving may skip the opening (then the hours begin when the clocks jump into them), or repeat it. Should
    /// no hour be permitted, the answer is a day later, at which it will be asked again.
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        self.next_on(now, zone, |_| true)
    }

    /// The same on the days that are `open`; a day later when none of the next two months is.
    pub fn next_on(&self, now: Timestamp, zone: &TimeZone, open: impl Fn(Date) -> bool) -> Timestamp {
        let Ok(instant) = jiff::Timestamp::from_second(now.seconds()) else { return now };
        let permit = |at: jiff::Timestamp| {
            let local = zone.to_datetime(at);
            self.permit(local.time()) && open(local.date())
        };
        if permit(instant) {
            return now;
        }
        let today = zone.to_datetime(instant).date();
        let days = std::iter::successors(Some(today), |date| date.tomorrow().ok()).take(DAYS_AHEAD);
        let openings = days.flat_map(|date| {
            let opening = zone.to_ambiguous_timestamp(date.to_datetime(self.from.time()));
            let midnight = zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
            [opening.earlier().ok(), opening.later().ok(), midnight.earlier().ok(), midnight.later().ok()]
        });
        let jumps = zone.following(instant).take(JUMPS_AHEAD).map(|jump| Some(jump.timestamp()));
        let first = openings.chain(jumps).flatten().filter(|at| *at > instant && permit(*at)).min();
        first.map_or(now.plus(DAY), |at| Timestamp::from_seconds(at.as_second()))
    }

    /// The hours that are permitted by both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// How many minutes of a day they are.
    pub fn minutes(self) -> u32 {
        u32::from(self.until.minutes.saturating_sub(self.from.minutes))
    }

    /// Whether no minute is permitted.
    pub fn is_empty(self) -> bool {
        self.from >= self.until
    }

    fn permit(self, time: Time) -> bool {
        let minute = i64::from(time.hour()) * 60 + i64::from(time.minute());
        i64::from(self.from.minutes) <= minute && minute < i64::from(self.until.minutes)
    }
}

/// When a payment may be asked for, whatever else is permitted: 貸金業法 art. 21 and 施行規則 art. 19 forbid lenders to do
/// so from 21:00 to 8:00, and what is forbidden to them is custom for all.
pub const PAYMENT_HOURS: PermittedHours =
    PermittedHours { from: Clock24 { minutes: 8 * 60 }, until: Clock24 { minutes: 21 * 60 } };

/// A time of day in minutes, written `09:00`; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^([0-9]|[01][0-9]|2[0-3]):[0-5]?[0-9]$|^24:00?$"))]
pub struct Clock24 {
    minutes: u16,
}

impl Clock24 {
    /// The end of the day, which is no time of it.
    pub const MIDNIGHT_AFTER: Self = Self { minutes: 24 * 60 };

    /// As a time of the clock; the end of the day is its beginning.
    pub(crate) fn time(self) -> Time {
        Time::new((self.minutes / 60 % 24) as i8, (self.minutes % 60) as i8, 0, 0).unwrap_or_default()
    }
}

impl TryFrom<String> for Clock24 {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time of day; write it as 09:00, from 00:00 to 24:00");
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let (hours, minutes) =
            (hours.parse::<u16>().map_err(|_| wrong())?, minutes.parse::<u16>().map_err(|_| wrong())?);
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

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// 月
    Monday,
    /// 火
    Tuesday,
    /// 水
    Wednesday,
    /// 木
    Thursday,
    /// 金
    Friday,
    /// 土
    Saturday,
    /// 日
    Sunday,
}

/// Some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// These days; every day when none is named.
    pub fn of(days: &[Weekday]) -> Self {
        let bits = days.iter().fold(0, |bits, day| bits | 1 << (*day as u8));
        if bits == 0 { Self::ALL } else { Self(bits) }
    }

    /// Whether the date is on one of them.
    pub fn has(self, date: Date) -> bool {
        self.0 & (1 << date.weekday().to_monday_zero_offset()) != 0
    }
}

/// A time of day on a day, without a zone, written `2026-12-01T10:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}$"))]
pub struct Moment(DateTime);

impl Moment {
    /// The instant at which clocks in a zone show it.
    pub fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        instant(self.0, zone)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let read: Option<DateTime> = text.parse().ok().filter(|at: &DateTime| at.second() == 0);
        read.filter(|_| text.len() == 16)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a day and a time; write it as 2026-12-01T10:00"))
    }
}

/// The month of an instant by the calendar of a zone, written `2026-11`.
pub fn month(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default();
    zone.to_datetime(at).strftime("%Y-%m").to_string()
}

/// The day of an instant by the calendar of a zone, written `2026-11-30`.
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default();
    zone.to_datetime(at).strftime("%Y-%m-%d").to_string()
}

/// The instant at which the next day begins by the calendar of a zone.
pub fn next_day(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let begins = days_later(now, 1, zone).and_then(|date| instant(date.at(0, 0, 0, 0), zone));
    begins.unwrap_or_else(|| now.plus(DAY))
}

/// The instant at which clocks in a zone show a time; one that daylight saving skips is taken an hour later.
pub fn instant(at: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    Some(Timestamp::from_seconds(at.to_zoned(zone.clone()).ok()?.timestamp().as_second()))
}

/// The day that the calendar of a zone shows so many days after `now`.
pub fn days_later(now: Timestamp, days: u32, zone: &TimeZone) -> Option<Date> {
    let today = jiff::Timestamp::from_second(now.seconds()).ok()?.to_zoned(zone.clone()).date();
    today.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// The first instant later than `now` at which clocks in a zone show `at` on a day that is wanted; none within two years.
pub fn next_clock(
    at: Clock24,
    wanted: impl Fn(Date) -> bool,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let today = days_later(now, 0, zone)?;
    let days = std::iter::successors(Some(today), |date| date.tomorrow().ok()).take(2 * 366);
    let wanted = days.filter(|date| wanted(*date));
    wanted.filter_map(|date| instant(date.to_datetime(at.time()), zone)).find(|at| *at > now)
}

/// The day on which the anniversary of `date` is kept in a year.
///
/// 29 February is kept on 28 February in other years: 年齢計算ニ関スル法律 lets the year of age end on that day.
pub fn in_year(date: Date, year: i16) -> Option<Date> {
    let day = |day| Date::new(year, date.month(), day);
    day(date.day()).or_else(|_| day(date.day() - 1)).ok()
}

/// The first anniversary of `date` after the date itself, `days` later and at `at` local time, that is later than `now`.
pub fn next_anniversary(
    date: Date,
    days: i32,
    at: Clock24,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let year = jiff::Timestamp::from_second(now.seconds()).ok()?.to_zoned(zone.clone()).year();
    // An offset of up to a year may lead into a neighbouring one.
    let years = year.saturating_sub(1).max(date.year().saturating_add(1))..=year.saturating_add(2);
    years
        .filter_map(|year| {
            let day = in_year(date, year)?.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
            instant(day.to_datetime(at.time()), zone)
        })
        .find(|instant| *instant > now)
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
        assert_eq!(hours.next(at("2026-03-29T00:00:00+01:00"), &berlin), at("2026-03-29T03:00:00+02:00"));
        let within_the_gap = PermittedHours { from: clock("02:10"), until: clock("02:50") };
        assert_eq!(
            within_the_gap.next(at("2026-03-29T00:00:00+01:00"), &berlin),
            at("2026-03-30T02:10:00+02:00")
        );
        // 02:10 comes twice on 2026-10-25, and the second time is permitted too.
        assert_eq!(
            within_the_gap.next(at("2026-10-25T02:55:00+02:00"), &berlin),
            at("2026-10-25T02:10:00+01:00")
        );
    }

    #[test]
    fn anniversaries_and_the_leap_day() {
        let tokyo = zone(JAPAN).unwrap();
        let born = Date::constant(1980, 2, 29);
        let next = |now| next_anniversary(born, 0, clock("10:00"), at(now), &tokyo).unwrap();
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
