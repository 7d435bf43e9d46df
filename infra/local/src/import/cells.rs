//! What a cell of a shop's file means. Messages never repeat a cell: it may be personal data.

use std::fmt;
use std::ops::RangeInclusive;

use csv::StringRecord;
use domain::spelling;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// Japan has been at +09:00, without summer time, since 1952.
const JAPAN: Offset = Offset::constant(9);
/// Years outside are slips and placeholders (0001-01-01, 9999-12-31).
const YEARS: RangeInclusive<i16> = 1900..=2100;
/// Yen in an order.
const MOST_YEN: i64 = 999_999_999_999;

/// Why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    column: String,
    /// What was wrong; what would be right.
    problem: String,
}

impl Reject {
    pub fn new(column: &str, problem: impl Into<String>) -> Self {
        Self { column: column.to_owned(), problem: problem.into() }
    }

    /// For what is wrong with a row as a whole.
    pub fn row(problem: impl Into<String>) -> Self {
        Self::new("row", problem)
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.column, self.problem)
    }
}

/// The cell without the spaces around it, if it says anything.
pub(super) fn cell(cells: &StringRecord, at: usize) -> Option<&str> {
    cells.get(at).map(str::trim).filter(|text| !text.is_empty())
}

/// Reads a cell that must be there.
pub(super) fn required<'a, T>(
    cells: &'a StringRecord,
    at: usize,
    column: &str,
    read: impl FnOnce(&'a str) -> Result<T, String>,
) -> Result<T, Reject> {
    let text = cell(cells, at).ok_or_else(|| Reject::new(column, "missing; every row needs one"))?;
    read(text).map_err(|problem| Reject::new(column, problem))
}

/// Reads a cell that may be missing or empty.
pub(super) fn optional<'a, T>(
    cells: &'a StringRecord,
    at: Option<usize>,
    column: &str,
    read: impl FnOnce(&'a str) -> Result<T, String>,
) -> Result<Option<T>, Reject> {
    let text = at.and_then(|at| cell(cells, at));
    text.map(read).transpose().map_err(|problem| Reject::new(column, problem))
}

/// A text as it stands.
#[expect(clippy::unnecessary_wraps, reason = "has the shape of the functions that can fail")]
pub(super) fn text(text: &str) -> Result<&str, String> {
    Ok(text)
}

/// Yes or no.
pub(super) fn consent(text: &str) -> Result<bool, String> {
    match narrow(text).to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "はい" => Ok(true),
        "no" | "false" | "0" | "いいえ" => Ok(false),
        _ => Err("neither yes nor no; write yes, true, 1 or はい, or no, false, 0 or いいえ".to_owned()),
    }
}

/// A date such as `1990-01-02` or `1990/1/2`, as `1990-01-02`.
pub(super) fn birthday(text: &str) -> Result<String, String> {
    let date = date(&narrow(text)).ok_or("not a date; write it as 1990-01-02 or 1990/1/2")?;
    Ok(date.to_string())
}

/// An instant as RFC 3339 in Japan time: from RFC 3339, or from a date with or without a time, in Japan time.
pub(super) fn instant(text: &str) -> Result<String, String> {
    let narrow = narrow(text);
    let instant = narrow.parse::<Timestamp>().ok().or_else(|| {
        let (day, time) = narrow.split_once([' ', 'T']).unwrap_or((&narrow, "0:00"));
        JAPAN.to_timestamp(date(day)?.to_datetime(clock(time.trim())?)).ok()
    });
    instant
        .filter(|instant| YEARS.contains(&JAPAN.to_datetime(*instant).year()))
        .map(|instant| instant.display_with_offset(JAPAN).to_string())
        .ok_or_else(|| {
            "not a time; write it as 2026-11-22T09:00:00+09:00, 2026-11-22 9:00 or 2026/11/22".to_owned()
        })
}

/// Whole yen, with or without ¥, 円 and commas.
pub(super) fn yen(text: &str) -> Result<i64, String> {
    let narrow = narrow(text);
    // A yen sign of Shift_JIS reads as a backslash.
    let amount = narrow.trim_start_matches(['¥', '\\']).trim_end_matches('円').trim();
    if amount.starts_with(['-', '−', '▲', '△', '(']) {
        return Err("negative; leave returns out, an order is 0 yen or more".to_owned());
    }
    let groups: Vec<&str> = amount.split(',').collect();
    let whole = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let grouped =
        groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    if !(whole && grouped) {
        return Err("not whole yen; write it as 1980, 1,980 or ¥1,980".to_owned());
    }
    let yen = groups.concat().parse().ok().filter(|yen| *yen <= MOST_YEN);
    yen.ok_or_else(|| format!("more than {MOST_YEN} yen; check the amount"))
}

/// The only currency there is.
pub(super) fn currency(text: &str) -> Result<(), String> {
    match narrow(text).to_ascii_uppercase().as_str() {
        "JPY" | "円" => Ok(()),
        _ => Err("not JPY; totals are in yen".to_owned()),
    }
}

fn date(text: &str) -> Option<Date> {
    let separator = if text.contains('/') { '/' } else { '-' };
    let [year, month, day] = text.split(separator).collect::<Vec<_>>()[..] else { return None };
    let year = number(year, 4..=4).filter(|year| YEARS.contains(year))?;
    let small = |text| number(text, 1..=2).and_then(|number| i8::try_from(number).ok());
    Date::new(year, small(month)?, small(day)?).ok()
}

/// `9:00`, `09:00` or `09:00:00`.
fn clock(text: &str) -> Option<Time> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, "00"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let small = |text, digits| number(text, digits).and_then(|number| i8::try_from(number).ok());
    Time::new(small(hour, 1..=2)?, small(minute, 2..=2)?, small(second, 2..=2)?, 0).ok()
}

fn number(text: &str, digits: RangeInclusive<usize>) -> Option<i16> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A cell in plain characters: ０９ as 09, ￥ as ¥.
fn narrow(text: &str) -> String {
    text.trim().chars().map(spelling::narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consents() {
        for yes in ["yes", "YES", "true", "1", "はい", "１", "ＹＥＳ"] {
            assert_eq!(consent(yes), Ok(true), "{yes}");
        }
        for no in ["no", "False", "0", "いいえ"] {
            assert_eq!(consent(no), Ok(false), "{no}");
        }
        assert!(consent("2").is_err() && consent("maybe").is_err());
    }

    #[test]
    fn birthdays() {
        for text in ["1990-01-02", "1990/1/2", "１９９０／１／２", "1990-1-2"] {
            assert_eq!(birthday(text).as_deref(), Ok("1990-01-02"), "{text}");
        }
        for text in
            ["1990-13-01", "1990/2/30", "90/1/2", "1990-01", "0001-01-01", "1990/1-2", "19900102", "+990-1-2"]
        {
            assert!(birthday(text).is_err(), "{text}");
        }
        assert_eq!(birthday("2000/2/29").as_deref(), Ok("2000-02-29"));
    }

    #[test]
    fn instants() {
        let nine = "2026-11-22T09:00:00+09:00";
        for text in [
            nine,
            "2026-11-22T00:00:00Z",
            "2026/11/22 9:00",
            "2026-11-22 09:00:00",
            "２０２６／１１／２２　９：００",
        ] {
            assert_eq!(instant(text).as_deref(), Ok(nine), "{text}");
        }
        assert_eq!(instant("2026/1/2").as_deref(), Ok("2026-01-02T00:00:00+09:00"));
        for text in [
            "2026-11-22 25:00",
            "2026-11-22 9:0",
            "2026-11-22 9",
            "9999-12-31",
            "9999-12-30T00:00:00Z",
            "昨日",
        ] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn yens() {
        for text in ["1980", "1,980", "¥1,980", "￥１，９８０", "\\1980", "1980円", "¥ 1980"] {
            assert_eq!(yen(text), Ok(1_980), "{text}");
        }
        assert_eq!(yen("0"), Ok(0));
        for text in ["19.80", "1,98", "1,,980", "1234,567", "¥", "abc", "1e3", "1980 yen", "+5"] {
            assert!(yen(text).unwrap_err().starts_with("not whole yen"), "{text}");
        }
        for text in ["-1", "¥-1", "-¥1", "▲1", "−1", "－１"] {
            assert!(yen(text).unwrap_err().starts_with("negative"), "{text}");
        }
        assert_eq!(yen("999999999999"), Ok(999_999_999_999));
        assert!(yen("1000000000000").is_err() && yen("99999999999999999999").is_err());
    }
}
