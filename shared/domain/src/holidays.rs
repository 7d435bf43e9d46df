//! Japan's national holidays (国民の祝日に関する法律, 昭和23年法律第178号), as the law has stood since 2022. Before that some
//! lay on other days.
//!
//! The days of the equinoxes are announced each February for the next year; until then they are the sky's, as the
//! Hydrographic Department gives them for 1980 to 2099 (『新こよみ便利帳』).

use jiff::civil::{Date, Weekday};

/// Whether the day is a holiday: one that the law names, one instead of a Sunday (art. 3 para. 2), or one between two
/// others (para. 3).
pub fn is_holiday(date: Date) -> bool {
    is_named(date) || is_instead(date) || is_between(date)
}

fn is_named(date: Date) -> bool {
    let monday = |nth: i8| date.weekday() == Weekday::Monday && (date.day() - 1) / 7 + 1 == nth;
    match (date.month(), date.day()) {
        // 元日, 建国記念の日, 天皇誕生日, 昭和の日, 憲法記念日, みどりの日, こどもの日, 山の日, 文化の日, 勤労感謝の日
        (1, 1) | (2, 11 | 23) | (4, 29) | (5, 3..=5) | (8, 11) | (11, 3 | 23) => true,
        // 成人の日, スポーツの日
        (1 | 10, _) => monday(2),
        // 海の日
        (7, _) => monday(3),
        // 春分の日
        (3, day) => day == equinox(date.year(), 20.8431),
        // 敬老の日, 秋分の日
        (9, day) => monday(3) || day == equinox(date.year(), 23.2488),
        _ => false,
    }
}

/// The day of the month of an equinox that was at this day, as a fraction, in 1980.
#[expect(clippy::cast_possible_truncation, reason = "a day of a month")]
fn equinox(year: i16, in_1980: f64) -> i8 {
    let years = f64::from(year) - 1980.0;
    (in_1980 + 0.242_194 * years - (years / 4.0).floor()) as i8
}

/// The first day after a holiday on a Sunday that is no holiday by name.
fn is_instead(date: Date) -> bool {
    let before = std::iter::successors(date.yesterday().ok(), |day| day.yesterday().ok());
    !is_named(date) && before.take_while(|day| is_named(*day)).any(|day| day.weekday() == Weekday::Sunday)
}

fn is_between(date: Date) -> bool {
    let named = |day: Result<Date, jiff::Error>| day.is_ok_and(is_named);
    named(date.yesterday()) && named(date.tomorrow())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the Cabinet Office announced them (「国民の祝日」について).
    const ANNOUNCED: &str = "
        2022: 01-01 01-10 02-11 02-23 03-21 04-29 05-03 05-04 05-05 07-18 08-11 09-19 09-23 10-10 11-03 11-23
        2023: 01-01 01-02 01-09 02-11 02-23 03-21 04-29 05-03 05-04 05-05 07-17 08-11 09-18 09-23 10-09 11-03 11-23
        2024: 01-01 01-08 02-11 02-12 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-22 09-23 10-14 11-03 11-04 11-23
        2025: 01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-21 08-11 09-15 09-23 10-13 11-03 11-23 11-24
        2026: 01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23
        2027: 01-01 01-11 02-11 02-23 03-21 03-22 04-29 05-03 05-04 05-05 07-19 08-11 09-20 09-23 10-11 11-03 11-23
    ";

    #[test]
    fn as_announced() {
        for line in ANNOUNCED.trim().lines() {
            let (year, announced) = line.trim().split_once(": ").unwrap();
            let first: Date = format!("{year}-01-01").parse().unwrap();
            let days = first.series(jiff::Span::new().days(1)).take_while(|day| day.year() == first.year());
            let holidays: Vec<String> =
                days.filter(|day| is_holiday(*day)).map(|day| day.strftime("%m-%d").to_string()).collect();
            assert_eq!(holidays.join(" "), announced, "{year}");
        }
    }
}
