//! Japanese eras, and the days that are in them.

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// A Japanese era.
pub(crate) struct Era {
    name: &'static str,
    /// What else stands for it: its letter, and its name as one character.
    signs: [&'static str; 2],
    first: Date,
}

/// The eras, the latest first. The day on which one begins is the first of its year 1 (元年), by the edict or the order that
/// named it; Meiji counts by this calendar from 1873 on, which is before all dates that are taken.
const ERAS: [Era; 5] = [
    Era { name: "令和", signs: ["R", "㋿"], first: date(2019, 5, 1) },
    Era { name: "平成", signs: ["H", "㍻"], first: date(1989, 1, 8) },
    Era { name: "昭和", signs: ["S", "㍼"], first: date(1926, 12, 25) },
    Era { name: "大正", signs: ["T", "㍽"], first: date(1912, 7, 30) },
    Era { name: "明治", signs: ["M", "㍾"], first: date(1868, 1, 25) },
];

/// The era that a text begins with, and the rest.
pub(crate) fn of(text: &str) -> Option<(&'static Era, &str)> {
    ERAS.iter().find_map(|era| {
        let begins = |sign: &str| text.get(..sign.len()).is_some_and(|head| head.eq_ignore_ascii_case(sign));
        let sign = [era.name].into_iter().chain(era.signs).find(|sign| begins(sign))?;
        Some((era, text[sign.len()..].trim_start()))
    })
}

impl Era {
    /// The western year of a year of the era.
    pub fn year(&self, year: i16) -> i16 {
        year + self.first.year() - 1
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
        Err(format!(
            "a day outside {}, which was from {} {to}; that day is in {right}",
            self.name, self.first
        ))
    }
}
