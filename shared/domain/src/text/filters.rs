//! Filters of texts for what a shop in Japan shows, in Japanese or in English.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use liquid_core::model::ScalarCow;
use liquid_core::parser::{FilterArguments, ParameterReflection};
use liquid_core::{
    Error, Expression, Filter, FilterReflection, ParseFilter, Result, Runtime, Value, ValueView,
};

use crate::calendar;
use crate::era;
use crate::money::Yen;
use crate::spelling::narrow;

/// The variable that holds the zone in which instants are shown. No text can say or set it: it has a space in it.
const ZONE: &str = "time zone";

/// What a name may end with so that it needs no 様.
const HONORIFICS: [&str; 3] = ["様", "さま", "御中"];

/// A filter for what shops in Japan show: `{{ customer.name | default: 'お客さま' | sama }}`. What it can't show is an
/// error, which skips the person as a missing value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Japanese {
    /// `花子` as `花子様`; what ends with 様, さま or 御中 stays.
    Sama,
    /// `12345` as `12,345円`, in whole yen.
    Yen,
    /// `12345` as `¥12,345`, in whole yen.
    YenInEnglish,
    /// `2026-01-02` as `1月2日(金)`.
    Date,
    /// `date_ja: 'year'`: `2026-01-02` as `2026年1月2日(金)`.
    DateWithYear,
    /// `2026-01-02` as `Fri 2 Jan`. Liquid's own `date` takes no RFC 3339.
    DateInEnglish,
    /// `date_en: 'year'`: `2026-01-02` as `Fri 2 Jan 2026`.
    DateWithYearInEnglish,
    /// `2026-01-02` as `令和8年1月2日`; days from 1873 on.
    Era,
    /// `2026-01-02T14:30:00+09:00` as `14:30`, which is shorter than 14時30分; a date has no time of day.
    Time,
}

impl Japanese {
    /// The filters, each once.
    pub(super) const ALL: [Self; 7] =
        [Self::Sama, Self::Yen, Self::YenInEnglish, Self::Date, Self::DateInEnglish, Self::Era, Self::Time];

    /// How a text calls it.
    pub(super) const fn called(self) -> &'static str {
        match self {
            Self::Sama => "sama",
            Self::Yen => "yen",
            Self::YenInEnglish => "yen_en",
            Self::Date | Self::DateWithYear => "date_ja",
            Self::DateInEnglish | Self::DateWithYearInEnglish => "date_en",
            Self::Era => "era",
            Self::Time => "time_ja",
        }
    }
}

/// The zone as [`Japanese`] finds it: under its name, by its IANA name or its offset from UTC in seconds.
pub(super) fn zone_variable(zone: &TimeZone) -> Option<(&'static str, Value)> {
    let offset = || zone.to_fixed_offset().ok().map(|offset| Value::scalar(offset.seconds()));
    let value = zone.iana_name().map(|name| Value::scalar(name.to_owned())).or_else(offset)?;
    Some((ZONE, value))
}

impl FilterReflection for Japanese {
    fn name(&self) -> &str {
        self.called()
    }

    fn description(&self) -> &'static str {
        "a filter for Japanese"
    }

    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }

    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

impl ParseFilter for Japanese {
    fn parse(&self, mut arguments: FilterArguments) -> Result<Box<dyn Filter>> {
        let first = arguments.positional.next();
        let more = arguments.positional.next().is_some() || arguments.keyword.next().is_some();
        let year = first.as_ref().is_some_and(|given| *given == Expression::with_literal("year"));
        let called = self.called();
        if first.is_none() && !more {
            return Ok(Box::new(*self));
        }
        match self {
            Self::Date | Self::DateWithYear if year && !more => Ok(Box::new(Self::DateWithYear)),
            Self::DateInEnglish | Self::DateWithYearInEnglish if year && !more => {
                Ok(Box::new(Self::DateWithYearInEnglish))
            }
            Self::Date | Self::DateWithYear | Self::DateInEnglish | Self::DateWithYearInEnglish => {
                let what = format!("the filter `{called}` takes nothing, or the year: `{called}: 'year'`");
                Err(Error::with_msg(what))
            }
            Self::Sama | Self::Yen | Self::YenInEnglish | Self::Era | Self::Time => {
                Err(Error::with_msg(format!("the filter `{called}` takes no argument")))
            }
        }
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

impl fmt::Display for Japanese {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.called())
    }
}

impl Filter for Japanese {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        let text = input.as_scalar().map(|scalar| scalar.to_kstr().into_string());
        let text = text.as_deref().map_or("", str::trim);
        let shown = match self {
            Self::Sama => sama(text),
            Self::Yen => whole_yen(text).map(|yen| format!("{}円", yen.separated())),
            Self::YenInEnglish => whole_yen(text).map(|yen| yen.to_string()),
            Self::Date => moment(text, runtime).map(|(day, _)| month_and_day(day)),
            Self::DateWithYear => {
                moment(text, runtime).map(|(day, _)| format!("{}年{}", day.year(), month_and_day(day)))
            }
            Self::DateInEnglish => {
                moment(text, runtime).map(|(day, _)| day.strftime("%a %-d %b").to_string())
            }
            Self::DateWithYearInEnglish => {
                moment(text, runtime).map(|(day, _)| day.strftime("%a %-d %b %Y").to_string())
            }
            Self::Era => moment(text, runtime).and_then(|(day, _)| era::written(day)),
            Self::Time => moment(text, runtime)
                .and_then(|(_, time)| time)
                .map(|time| format!("{}:{:02}", time.hour(), time.minute())),
        };
        // Without the value: errors are shown, and values are personal.
        shown.map(Value::scalar).ok_or_else(|| Error::with_msg("not a value that the filter can show"))
    }
}

fn sama(name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let polite = HONORIFICS.iter().any(|end| name.ends_with(end));
    Some(if polite { name.to_owned() } else { format!("{name}様") })
}

/// An amount as people write it, full-width, with separators or a sign of the currency, to the nearest whole yen; half
/// a yen goes away from zero.
fn whole_yen(text: &str) -> Option<Yen> {
    let text: String = text.chars().map(narrow).collect();
    let (negative, text) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let text = text.strip_prefix(['¥', '\\']).unwrap_or(text);
    let text = text.strip_suffix('円').unwrap_or(text).trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let threes = whole.split(',').skip(1).all(|group| group.len() == 3);
    let whole = whole.replace(',', "");
    if !threes || !digits(&whole) || !digits(fraction) {
        return None;
    }
    let up = i64::from(fraction.as_bytes().first().is_some_and(|digit| *digit >= b'5'));
    let amount = whole.parse::<i64>().ok()?.checked_add(up)?;
    Some(Yen(if negative { -amount } else { amount }))
}

/// What an ISO date, a local date and time, or an RFC 3339 instant says on the wall in the zone of [`ZONE`]: the day,
/// and the time unless it is a date.
fn moment(text: &str, runtime: &dyn Runtime) -> Option<(Date, Option<Time>)> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        let local = zone(runtime)?.to_datetime(instant);
        return Some((local.date(), Some(local.time())));
    }
    let local: DateTime = text.parse().ok()?;
    let timed = text.contains(['T', 't', ' ']);
    Some((local.date(), timed.then(|| local.time())))
}

fn zone(runtime: &dyn Runtime) -> Option<TimeZone> {
    let value = runtime.try_get(&[ScalarCow::new(ZONE)])?;
    let scalar = value.as_scalar()?;
    match scalar.to_integer() {
        Some(seconds) => Some(TimeZone::fixed(Offset::from_seconds(i32::try_from(seconds).ok()?).ok()?)),
        None => calendar::zone(&scalar.to_kstr()).ok(),
    }
}

fn month_and_day(day: Date) -> String {
    let weekday = match day.weekday() {
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
        Weekday::Sunday => '日',
    };
    format!("{}月{}日({weekday})", day.month(), day.day())
}

#[cfg(test)]
mod tests {
    use liquid::model::Object;

    use super::*;
    use crate::text::{MissingValue, Text};

    fn show(filters: &str, value: Value, zone: &TimeZone) -> std::result::Result<String, MissingValue> {
        let mut variables = Object::new();
        variables.insert("customer".into(), Value::Object(Object::from_iter([("x".into(), value)])));
        variables.extend(zone_variable(zone).map(|(name, zone)| (name.into(), zone)));
        Text::parse(&format!("{{{{ customer.x | {filters} }}}}")).unwrap().render(&variables)
    }

    #[track_caller]
    fn shows(filters: &str, value: &str, expected: Option<&str>) {
        let shown = show(filters, Value::scalar(value.to_owned()), &calendar::zone(calendar::JAPAN).unwrap());
        assert_eq!(shown.ok().as_deref(), expected, "{value} | {filters}");
    }

    #[test]
    fn names() {
        for (name, expected) in [
            ("花子", Some("花子様")),
            ("山田 花子　", Some("山田 花子様")),
            ("花子様", Some("花子様")),
            ("花子さま", Some("花子さま")),
            ("つなぎ商店 御中", Some("つなぎ商店 御中")),
            ("様子", Some("様子様")),
            ("", None),
            ("　", None),
        ] {
            shows("sama", name, expected);
        }
        shows("default: 'お客さま' | sama", "", Some("お客さま"));
        shows("default: 'お客' | sama", "", Some("お客様"));
        shows("default: 'お客' | sama", "花子", Some("花子様"));
        for nothing in [Value::Nil, Value::Array(vec![Value::scalar("花子")])] {
            assert_eq!(show("sama", nothing, &TimeZone::UTC), Err(MissingValue));
        }
    }

    #[test]
    fn amounts() {
        for (text, expected) in [
            ("0", Some("0円")),
            ("999", Some("999円")),
            ("12345", Some("12,345円")),
            ("12,345", Some("12,345円")),
            ("１２３４５", Some("12,345円")),
            ("￥1,234,567", Some("1,234,567円")),
            ("12,345円", Some("12,345円")),
            ("-500", Some("-500円")),
            ("−1234", Some("-1,234円")),
            ("-¥1234", Some("-1,234円")),
            ("+7", Some("7円")),
            ("1234.49", Some("1,234円")),
            ("1234.5", Some("1,235円")),
            ("-1234.5", Some("-1,235円")),
            ("-0.4", Some("0円")),
            ("9223372036854775807", Some("9,223,372,036,854,775,807円")),
            ("9223372036854775808", None),
            ("9223372036854775807.5", None),
            ("1,2", None),
            ("1.", None),
            (".5", None),
            ("1e5", None),
            ("inf", None),
            ("NaN", None),
            ("--1", None),
            ("一万", None),
            ("", None),
        ] {
            shows("yen", text, expected);
        }
        for (value, expected) in [
            (Value::scalar(12_345), Ok("12,345円".to_owned())),
            (Value::scalar(i64::MIN + 1), Ok("-9,223,372,036,854,775,807円".to_owned())),
            (Value::scalar(-0.5), Ok("-1円".to_owned())),
            (Value::scalar(1_980.0), Ok("1,980円".to_owned())),
            (Value::scalar(f64::NAN), Err(MissingValue)),
            (Value::scalar(f64::INFINITY), Err(MissingValue)),
            (Value::scalar(1e300), Err(MissingValue)),
            (Value::scalar(true), Err(MissingValue)),
            (Value::Nil, Err(MissingValue)),
        ] {
            assert_eq!(show("yen", value.clone(), &TimeZone::UTC), expected, "{value:?}");
        }
        shows("times: 2 | yen", "1500", Some("3,000円"));
        for (text, expected) in [
            ("12345", Some("¥12,345")),
            ("-１，２３４円", Some("-¥1,234")),
            ("1234.5", Some("¥1,235")),
            ("x", None),
        ] {
            shows("yen_en", text, expected);
        }
    }

    #[test]
    fn days() {
        for (text, expected) in [
            ("2026-01-02", Some(("1月2日(金)", "2026年1月2日(金)", "令和8年1月2日"))),
            ("2024-02-29", Some(("2月29日(木)", "2024年2月29日(木)", "令和6年2月29日"))),
            ("2019-04-30", Some(("4月30日(火)", "2019年4月30日(火)", "平成31年4月30日"))),
            ("2019-05-01", Some(("5月1日(水)", "2019年5月1日(水)", "令和元年5月1日"))),
            // In Japan the era begins while it is still April in UTC.
            ("2019-04-30T15:00:00Z", Some(("5月1日(水)", "2019年5月1日(水)", "令和元年5月1日"))),
            ("2019-04-30T14:59:59Z", Some(("4月30日(火)", "2019年4月30日(火)", "平成31年4月30日"))),
            ("2025-12-31T20:00:00-05:00", Some(("1月1日(木)", "2026年1月1日(木)", "令和8年1月1日"))),
            ("2026-01-04T23:30", Some(("1月4日(日)", "2026年1月4日(日)", "令和8年1月4日"))),
            ("1989-01-07", Some(("1月7日(土)", "1989年1月7日(土)", "昭和64年1月7日"))),
            ("2023-02-29", None),
            ("2026-13-01", None),
            ("2026/01/02", None),
            ("あした", None),
            ("now", None),
            ("", None),
        ] {
            shows("date_ja", text, expected.map(|(day, _, _)| day));
            shows("date_ja: 'year'", text, expected.map(|(_, day, _)| day));
            shows("era", text, expected.map(|(_, _, day)| day));
        }
        for (text, expected) in [
            ("2026-01-02", Some(("Fri 2 Jan", "Fri 2 Jan 2026"))),
            ("2019-04-30T15:00:00Z", Some(("Wed 1 May", "Wed 1 May 2019"))),
            ("2026-12-31T23:30", Some(("Thu 31 Dec", "Thu 31 Dec 2026"))),
            ("2026/01/02", None),
        ] {
            shows("date_en", text, expected.map(|(day, _)| day));
            shows("date_en: 'year'", text, expected.map(|(_, day)| day));
        }
        shows("era", "1872-12-31", None);
        shows("default: '2026-01-02' | date_ja", "", Some("1月2日(金)"));
        shows("date_ja", "20260102", Some("1月2日(金)"));
        assert_eq!(show("date_ja", Value::scalar(1_767_312_000), &TimeZone::UTC), Err(MissingValue));
        assert_eq!(show("date_ja", Value::Nil, &TimeZone::UTC), Err(MissingValue));
    }

    #[test]
    fn times_of_day() {
        for (text, expected) in [
            ("2026-01-02T14:30:00+09:00", Some("14:30")),
            ("2026-01-02T05:05:59Z", Some("14:05")),
            ("2026-01-02T09:00", Some("9:00")),
            ("2026-01-02 00:00:00", Some("0:00")),
            ("2026-01-02", None),
            ("14:30", None),
        ] {
            shows("time_ja", text, expected);
        }
    }

    #[test]
    fn instants_are_shown_in_the_zone_that_is_given() {
        let instant = || Value::scalar("2026-03-29T01:30:00Z");
        for (zone, expected) in [
            ("Asia/Tokyo", "3月29日(日) 10:30"),
            ("Europe/Berlin", "3月29日(日) 3:30"),
            ("America/New_York", "3月28日(土) 21:30"),
            ("UTC", "3月29日(日) 1:30"),
        ] {
            let zone = calendar::zone(zone).unwrap();
            let shown = |filter| show(filter, instant(), &zone).unwrap();
            assert_eq!(format!("{} {}", shown("date_ja"), shown("time_ja")), expected);
        }
        // A date needs no zone; an instant has none to fall back on.
        let variables = |text: &'static str| {
            let customer = Object::from_iter([("x".into(), Value::scalar(text))]);
            Object::from_iter([("customer".into(), Value::Object(customer))])
        };
        let text = Text::parse("{{ customer.x | date_ja }}").unwrap();
        assert_eq!(text.render(&variables("2026-01-02")), Ok("1月2日(金)".to_owned()));
        assert_eq!(text.render(&variables("2026-01-02T00:00:00Z")), Err(MissingValue));
    }

    #[test]
    fn html_stays_words() {
        let customer = Object::from_iter([
            ("name".into(), Value::scalar("<b>花</b>")),
            ("price".into(), Value::scalar("¥1,980")),
            ("day".into(), Value::scalar("2026-01-02T00:00:00+09:00")),
        ]);
        let mut variables = Object::from_iter([("customer".into(), Value::Object(customer))]);
        let tokyo = calendar::zone(calendar::JAPAN).unwrap();
        variables.extend(zone_variable(&tokyo).map(|(name, zone)| (name.into(), zone)));
        let text =
            "<p>{{ customer.name | sama }} {{ customer.price | yen }} {{ customer.day | date_ja }}</p>";
        assert_eq!(
            Text::parse(text).unwrap().render_html(&variables).unwrap(),
            "<p>&lt;b&gt;花&lt;/b&gt;様 1,980円 1月2日(金)</p>"
        );
        let berlin = calendar::zone("Europe/Berlin").unwrap();
        variables.extend(zone_variable(&berlin).map(|(name, zone)| (name.into(), zone)));
        assert_eq!(
            Text::parse("{{ customer.day | date_ja }}").unwrap().render_html(&variables).unwrap(),
            "1月1日(木)"
        );
    }

    #[test]
    fn filters_that_cannot_be() {
        for (filters, expected) in [
            ("samma", "there is no filter `samma`; did you mean `sama`?"),
            ("datte_ja: 'year'", "there is no filter `datte_ja`; did you mean `date_ja`?"),
            ("upcasee", "there is no filter `upcasee`; did you mean `upcase`?"),
            (
                "kanji",
                "there is no filter `kanji`; there are sama, yen, yen_en, date_ja, date_en, era, time_ja, and beside them those of Liquid",
            ),
            ("sama: 'x'", "the filter `sama` takes no argument"),
            ("yen: digits: 2", "the filter `yen` takes no argument"),
            ("date_en: 'short'", "the filter `date_en` takes nothing, or the year: `date_en: 'year'`"),
            ("date_ja: 'yaer'", "the filter `date_ja` takes nothing, or the year: `date_ja: 'year'`"),
            ("date_ja: 'year', 1", "the filter `date_ja` takes nothing, or the year: `date_ja: 'year'`"),
        ] {
            let error =
                Text::parse(&format!("{{{{ customer.name | {filters} }}}}")).unwrap_err().what.concat();
            assert_eq!(error, expected, "{filters}");
        }
        for tag in
            ["{% assign who = customer.name | samma %}", "{% if true %}{{ optout | samma }}{% endif %}"]
        {
            let error = Text::parse(tag).unwrap_err().what.concat();
            assert_eq!(error, "there is no filter `samma`; did you mean `sama`?", "{tag}");
        }
        let error = Text::parse("{% assign who = customer.name | sama: 1 %}").unwrap_err().what.concat();
        assert_eq!(error, "the filter `sama` takes no argument");
        let error = Text::parse("{% assign who = customer.name | sama %}{{ who").unwrap_err().what.concat();
        assert!(error.starts_with("the text is broken at its 1:"), "{error}");
    }
}
