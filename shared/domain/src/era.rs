//! Japanese eras, and the days that are in them.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// A Japanese era.
#[derive(Debug)]
pub struct Era {
    /// Its name, such as `令和`.
    pub name: &'static str,
    /// What else stands for it: its letter, and its name as one character.
    signs: [&'static str; 2],
    first: Date,
}

/// The eras, the latest first. The day on which one begins is the first of its year 1 (元年), by the edict or the order that
/// named it.
const ERAS: [Era; 5] = [
    Era { name: "令和", signs: ["R", "㋿"], first: date(2019, 5, 1) },
    Era { name: "平成", signs: ["H", "㍻"], first: date(1989, 1, 8) },
    Era { name: "昭和", signs: ["S", "㍼"], first: date(1926, 12, 25) },
    Era { name: "大正", signs: ["T", "㍽"], first: date(1912, 7, 30) },
    Era { name: "明治", signs: ["M", "㍾"], first: date(1868, 1, 25) },
];

/// From this day on, months and days in Japan are those of this calendar (明治6年1月1日, 太政官布告第337号 of 1872).
const WESTERN_FROM: Date = date(1873, 1, 1);

/// The era that a text begins with, and the rest.
pub fn of(text: &str) -> Option<(&'static Era, &str)> {
    ERAS.iter().find_map(|era| {
        let begins = |sign: &str| text.get(..sign.len()).is_some_and(|head| head.eq_ignore_ascii_case(sign));
        let sign = [era.name].into_iter().chain(era.signs).find(|sign| begins(sign))?;
        Some((era, text[sign.len()..].trim_start()))
    })
}

/// A day as Japan writes it by eras: `令和8年1月2日`, and 元年 for an era's first year. `None` before 1873, when months and
/// days were others.
pub fn written(day: Date) -> Option<String> {
    let era = ERAS.iter().find(|era| era.first <= day).filter(|_| day >= WESTERN_FROM)?;
    let year = match day.year() - era.first.year() + 1 {
        1 => "元".to_owned(),
        year => year.to_string(),
    };
    Some(format!("{era}{year}年{}月{}日", day.month(), day.day()))
}

impl Era {
    /// The western year of a year of the era.
    pub fn year(&self, year: i16) -> i16 {
        year.saturating_add(self.first.year() - 1)
    }

    /// Makes sure that a day is in the era; the error names the one that it is in.
    pub fn has(&self, day: Date) -> Result<(), String> {
        let right = ERAS.iter().find(|era| era.first <= day).map_or("", |era| era.name);
        if right == self.name {
            return Ok(());
        }
        let next = ERAS.iter().rev().find(|next| next.first > self.first);
        let last = next.and_then(|next| next.first.checked_sub(1.day()).ok());
        let to = last.map_or_else(|| "on".to_owned(), |last| format!("to {last}"));
        Err(format!("a day outside {self}, which was from {} {to}; that day is in {right}", self.first))
    }
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_by_eras() {
        for (day, expected) in [
            (date(2026, 1, 2), Some("令和8年1月2日")),
            (date(2020, 2, 29), Some("令和2年2月29日")),
            (date(2020, 1, 1), Some("令和2年1月1日")),
            (date(2019, 12, 31), Some("令和元年12月31日")),
            (date(2019, 5, 1), Some("令和元年5月1日")),
            (date(2019, 4, 30), Some("平成31年4月30日")),
            (date(1989, 1, 8), Some("平成元年1月8日")),
            (date(1989, 1, 7), Some("昭和64年1月7日")),
            (date(1926, 12, 25), Some("昭和元年12月25日")),
            (date(1926, 12, 24), Some("大正15年12月24日")),
            (date(1912, 7, 30), Some("大正元年7月30日")),
            (date(1912, 7, 29), Some("明治45年7月29日")),
            (date(1873, 1, 1), Some("明治6年1月1日")),
            (date(1872, 12, 31), None),
        ] {
            assert_eq!(written(day).as_deref(), expected, "{day}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut day = WESTERN_FROM;
        while day < date(2030, 1, 1) {
            let text = written(day).unwrap();
            let (era, rest) = of(&text).unwrap();
            let (year, _) = rest.split_once('年').unwrap();
            let year = if year == "元" { 1 } else { year.parse().unwrap() };
            assert_eq!((era.year(year), era.has(day)), (day.year(), Ok(())), "{text}");
            day = day.checked_add(13.days()).unwrap();
        }
    }
}
