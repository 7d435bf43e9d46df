//! Dates and times as shops' files have them: western and Japanese years, with and without separators.

use std::ops::RangeInclusive;

use domain::era;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::cells::narrow;

/// Japan has been at +09:00, without summer time, since 1952.
const JAPAN: Offset = Offset::constant(9);
/// Years outside are slips and placeholders (0001-01-01, 9999-12-31).
const YEARS: RangeInclusive<i16> = 1900..=2100;

const NO_DATE: &str = "not a date; write it as 1990-01-02, 1990/1/2, 1990年1月2日 or 平成2年1月2日";
const NO_TIME: &str = "not a time of day; write it as 9:05 or 09:05:30";
const NO_INSTANT: &str = "not a time; write it as 2026-11-22T09:00:00+09:00, 2026-11-22 9:00 or 2026/11/22";

/// A day as `1990-01-02`; a time of day after it is left out.
pub(crate) fn day(text: &str) -> Result<String, String> {
    let text = narrow(text);
    let (day, time) = split(&text);
    if !time.is_empty() && clock(time).is_none() {
        return Err(NO_DATE.to_owned());
    }
    Ok(read_date(day)?.ok_or(NO_DATE)?.to_string())
}

/// An instant as RFC 3339 in Japan time: from RFC 3339, or from a date with or without a time, which is in Japan time
/// unless an offset follows it.
pub(crate) fn instant(text: &str) -> Result<String, String> {
    let text = narrow(text);
    if let Ok(instant) = text.parse::<Timestamp>() {
        return shown(instant);
    }
    let (text, offset) = match text.rsplit_once(' ') {
        Some((rest, offset)) if rest.contains([':', ' ']) => match read_offset(offset) {
            Some(offset) => (rest, offset),
            None => (text.as_str(), JAPAN),
        },
        _ => (text.as_str(), JAPAN),
    };
    let (day, time) = split(text);
    let day = read_date(day)?.ok_or(NO_INSTANT)?;
    let time = if time.is_empty() { Time::midnight() } else { clock(time).ok_or(NO_INSTANT)? };
    at(day.to_datetime(time), offset)
}

/// An instant from a date in one cell and a time of day in another.
pub(crate) fn instant_of(day: &str, time: Option<&str>) -> Result<String, (bool, String)> {
    let day = self::day(day).map_err(|problem| (true, problem))?;
    let day: Date = day.parse().map_err(|_| (true, NO_DATE.to_owned()))?;
    let time = match time {
        Some(time) => clock(&narrow(time)).ok_or((false, NO_TIME.to_owned()))?,
        None => Time::midnight(),
    };
    at(day.to_datetime(time), JAPAN).map_err(|problem| (true, problem))
}

fn at(local: DateTime, offset: Offset) -> Result<String, String> {
    shown(offset.to_timestamp(local).map_err(|_| NO_INSTANT)?)
}

fn shown(instant: Timestamp) -> Result<String, String> {
    if !YEARS.contains(&JAPAN.to_datetime(instant).year()) {
        return Err(NO_INSTANT.to_owned());
    }
    Ok(instant.display_with_offset(JAPAN).to_string())
}

/// The date and what follows it.
fn split(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = if let Some(end) = text.find('日').filter(|_| text.contains('年')) {
        text.split_at(end + '日'.len_utf8())
    } else if digits == text.len() && (12..=14).contains(&digits) {
        text.split_at(8)
    } else {
        text.split_at(text.find([' ', 'T', '(']).filter(|at| *at > 0).unwrap_or(text.len()))
    };
    // The day of the week, as in 2022/8/10(水).
    let rest = match rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((weekday, rest)) if weekday.chars().count() <= 3 => rest,
        _ => rest,
    };
    (day, rest.trim_start_matches('T').trim())
}

/// A date, unless the text is none; an error where it is one that its era did not have.
fn read_date(text: &str) -> Result<Option<Date>, String> {
    let Some((era, rest)) = era::of(text) else { return Ok(western(text)) };
    let rest = rest.strip_prefix('元').map_or_else(|| rest.to_owned(), |rest| format!("1{rest}"));
    let Some([year, month, day]) = parts(&rest) else { return Ok(None) };
    let Some(year) = number(year, 1..=2).filter(|year| *year > 0) else { return Ok(None) };
    match civil(era.year(year), month, day).filter(|found| YEARS.contains(&found.year())) {
        Some(found) => era.has(found).map(|()| Some(found)),
        None => Ok(None),
    }
}

fn western(text: &str) -> Option<Date> {
    let found = if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        civil(number(&text[..4], 4..=4)?, &text[4..6], &text[6..])?
    } else {
        let [year, month, day] = parts(text)?;
        civil(number(year, 4..=4)?, month, day)?
    };
    YEARS.contains(&found.year()).then_some(found)
}

/// Year, month and day, between separators that fit together.
fn parts(text: &str) -> Option<[&str; 3]> {
    if let Some((year, rest)) = text.split_once('年') {
        let (month, day) = rest.split_once('月')?;
        return Some([year.trim(), month.trim(), day.strip_suffix('日')?.trim()]);
    }
    let separator = text.chars().find(|c| ['/', '-', '.'].contains(c))?;
    <[&str; 3]>::try_from(text.split(separator).collect::<Vec<_>>()).ok()
}

fn civil(year: i16, month: &str, day: &str) -> Option<Date> {
    let small = |text| number(text, 1..=2).and_then(|number| i8::try_from(number).ok());
    Date::new(year, small(month)?, small(day)?).ok()
}

/// `9:05`, `09:05:30`, `09:05:30.5`, `0905`, `090530`, `9時5分30秒`, `午後9時`; parts of a second are dropped.
fn clock(text: &str) -> Option<Time> {
    let (after_noon, text) = match (text.strip_prefix("午前"), text.strip_prefix("午後")) {
        (Some(rest), _) => (Some(false), rest.trim()),
        (_, Some(rest)) => (Some(true), rest.trim()),
        _ => (None, text),
    };
    let spelt = text.replace(['時', '分'], ":");
    let spelt = spelt.trim_end_matches('秒').trim_end_matches(':');
    let (whole, fraction) = spelt.split_once('.').unwrap_or((spelt, "0"));
    number(fraction.get(..fraction.len().min(4))?, 1..=4)?;
    let parts: Vec<&str> = whole.split(':').map(str::trim).collect();
    let (hour, minute, second, digits) = match parts[..] {
        [hour] if text.contains('時') => (hour, "00", "00", 1),
        [run] if run.is_ascii() && run.len() == 4 => (&run[..2], &run[2..], "00", 2),
        [run] if run.is_ascii() && run.len() == 6 => (&run[..2], &run[2..4], &run[4..], 2),
        [hour, minute] => (hour, minute, "00", if text.contains('時') { 1 } else { 2 }),
        [hour, minute, second] => (hour, minute, second, if text.contains('時') { 1 } else { 2 }),
        _ => return None,
    };
    let small = |text, digits| number(text, digits).and_then(|number| i8::try_from(number).ok());
    let hour = match (small(hour, 1..=2)?, after_noon) {
        (hour, None) => hour,
        (hour @ 0..=11, Some(after_noon)) => hour + if after_noon { 12 } else { 0 },
        (12, Some(after_noon)) => {
            if after_noon {
                12
            } else {
                0
            }
        }
        _ => return None,
    };
    Time::new(hour, small(minute, digits..=2)?, small(second, digits..=2)?, 0).ok()
}

/// `+09:00`, `+0900` or `UTC`.
fn read_offset(text: &str) -> Option<Offset> {
    if text == "UTC" || text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits = rest.replace(':', "");
    let run = i32::from(number(&digits, 4..=4)?);
    let (hours, minutes) = (run / 100, run % 100);
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok().filter(|_| minutes < 60)
}

fn number(text: &str, digits: RangeInclusive<usize>) -> Option<i16> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        for text in [
            "1990-01-02",
            "1990/1/2",
            "１９９０／１／２",
            "1990-1-2",
            "1990.1.2",
            "19900102",
            "1990年1月2日",
            "１９９０年０１月０２日",
            "1990年 1月 2日",
            "平成2年1月2日",
            "平成 2年1月2日",
            "平成２年１月２日",
            "㍻2年1月2日",
            "H2.1.2",
            "H02.01.02",
            "h2/1/2",
            "Ｈ2-1-2",
            "1990-01-02 00:00:00",
            "1990/01/02 0:00",
            "1990/1/2(火)",
            "1990-01-02T00:00:00",
        ] {
            assert_eq!(day(text).as_deref(), Ok("1990-01-02"), "{text}");
        }
        for text in [
            "1990-13-01",
            "1990/2/30",
            "90/1/2",
            "1990-01",
            "0001-01-01",
            "1990/1-2",
            "+990-1-2",
            "1990年1月",
            "平成2年2月30日",
            "平成0年1月1日",
            "H.1.2",
            "2.1.1990",
            "1990-01-02 x",
            "33239",
            "199001",
            "平成",
            "",
            "明治20年1月1日",
            "H2",
        ] {
            assert_eq!(day(text), Err(NO_DATE.to_owned()), "{text}");
        }
        assert_eq!(day("2000/2/29").as_deref(), Ok("2000-02-29"));
    }

    #[test]
    fn eras_have_their_first_and_last_days() {
        for (text, expected) in [
            ("令和元年5月1日", "2019-05-01"),
            ("R1.5.1", "2019-05-01"),
            ("平成31年4月30日", "2019-04-30"),
            ("平成元年1月8日", "1989-01-08"),
            ("昭和64年1月7日", "1989-01-07"),
            ("S60-3-14", "1985-03-14"),
            ("昭和元年12月25日", "1926-12-25"),
            ("大正15年12月24日", "1926-12-24"),
            ("T1/7/30", "1912-07-30"),
            ("明治45年7月29日", "1912-07-29"),
            ("M33.1.1", "1900-01-01"),
        ] {
            assert_eq!(day(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, wrong, right) in [
            ("平成31年5月1日", "outside 平成, which was from 1989-01-08 to 2019-04-30", "令和"),
            ("令和元年4月30日", "outside 令和, which was from 2019-05-01 on", "平成"),
            ("平成元年1月7日", "outside 平成", "昭和"),
            ("昭和65年1月2日", "outside 昭和, which was from 1926-12-25 to 1989-01-07", "平成"),
            ("S64.1.8", "outside 昭和", "平成"),
            ("昭和99年1月2日", "outside 昭和", "令和"),
            ("大正15年12月25日", "outside 大正", "昭和"),
            ("明治45年7月30日", "outside 明治", "大正"),
        ] {
            let error = day(text).unwrap_err();
            let right = format!("; that day is in {right}");
            assert!(error.contains(wrong) && error.ends_with(&right), "{text}: {error}");
        }
    }

    #[test]
    fn instants() {
        for text in [
            "2026-11-22T09:05:00+09:00",
            "2026-11-22T00:05:00Z",
            "2026/11/22 9:05",
            "2026-11-22 09:05:00",
            "2026-11-22 09:05:00.123456",
            "２０２６／１１／２２　９：０５",
            "2026-11-22 09:05:00 +0900",
            "2026-11-22 00:05:00 +0000",
            "2026-11-21 19:05:00 -0500",
            "2026-11-22 00:05:00 UTC",
            "2026年11月22日 9時5分",
            "2026年11月22日9時05分00秒",
            "令和8年11月22日 午前9時5分",
            "202611220905",
            "20261122090500",
            "20261122 0905",
            "2026/11/22(日) 9:05",
        ] {
            assert_eq!(instant(text).as_deref(), Ok("2026-11-22T09:05:00+09:00"), "{text}");
        }
        for (text, expected) in [
            ("2026/1/2", "2026-01-02T00:00:00+09:00"),
            ("2026/1/2 午後3:05", "2026-01-02T15:05:00+09:00"),
            ("2026/1/2 午後12:05", "2026-01-02T12:05:00+09:00"),
            ("2026/1/2 午前12:05", "2026-01-02T00:05:00+09:00"),
            ("2026年1月2日 15時", "2026-01-02T15:00:00+09:00"),
        ] {
            assert_eq!(instant(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "2026-11-22 25:00",
            "2026-11-22 9:0",
            "2026-11-22 9",
            "9999-12-31",
            "9999-12-30T00:00:00Z",
            "昨日",
            "2026-11-22 午後13:00",
            "2026-11-22 09:05:00 +9",
            "2026-11-22 09:05:00 JST+9",
            "22/11/2026",
            "2026-11-22 24:00",
        ] {
            assert_eq!(instant(text), Err(NO_INSTANT.to_owned()), "{text}");
        }
        assert!(instant("昭和65年1月2日 9:00").unwrap_err().ends_with("平成"));
    }

    #[test]
    fn a_day_and_a_time_in_cells_of_their_own() {
        assert_eq!(instant_of("2026/11/22", Some("９:05")).as_deref(), Ok("2026-11-22T09:05:00+09:00"));
        assert_eq!(instant_of("2026/11/22", Some("103309")).as_deref(), Ok("2026-11-22T10:33:09+09:00"));
        assert_eq!(instant_of("2026/11/22", None).as_deref(), Ok("2026-11-22T00:00:00+09:00"));
        assert_eq!(instant_of("x", Some("9:05")), Err((true, NO_DATE.to_owned())));
        assert_eq!(instant_of("2026/11/22", Some("25:00")), Err((false, NO_TIME.to_owned())));
    }
}
