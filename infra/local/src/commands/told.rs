//! Mistakes in definitions, as they are shown: file, line, column, what is wrong, the line, and a caret under the place.

use std::collections::BTreeSet;

use domain::spelling::counted;
use unicode_width::UnicodeWidthChar;

use crate::definitions::check::Told;

/// The most columns of a line that are shown.
const WIDTH: usize = 100;

/// Columns of a long line that are shown before the place.
const BEFORE: usize = 40;

/// A mistake with the line it is on.
fn shown(mistake: &Told) -> String {
    let (Some((line, column)), Some(text)) = (mistake.place, &mistake.line) else {
        return mistake.to_string();
    };
    let (text, caret) = cropped(text, column);
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    format!("{mistake}\n {number} | {text}\n {margin} | {}^", " ".repeat(caret))
}

/// All of them, one below the other.
pub fn all_shown(mistakes: &[Told]) -> String {
    mistakes.iter().map(shown).collect::<Vec<_>>().join("\n")
}

/// How many there are, in how many files.
pub fn all_counted(mistakes: &[Told]) -> String {
    let files: BTreeSet<&str> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    format!("{} in {}", counted(mistakes.len() as u64, "mistake"), counted(files.len() as u64, "file"))
}

/// As much of a line as fits around a column, and how far the column is from its beginning on the screen, where a
/// full-width character takes two places.
fn cropped(line: &str, column: usize) -> (String, usize) {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let characters: Vec<char> = line.chars().map(plain).collect();
    let at = column.saturating_sub(1).min(characters.len());
    let width = |c: &char| c.width().unwrap_or(0);
    let all: usize = characters.iter().map(width).sum();
    let mut from = 0;
    if all > WIDTH {
        let mut before: usize = characters[..at].iter().map(width).sum();
        while before > BEFORE {
            before -= width(&characters[from]);
            from += 1;
        }
    }
    let mut text = String::from(if from > 0 { "…" } else { "" });
    let caret = usize::from(from > 0) + characters[from..at].iter().map(width).sum::<usize>();
    let mut used = 0;
    for c in &characters[from..] {
        used += width(c);
        if used > WIDTH {
            text.push('…');
            break;
        }
        text.push(*c);
    }
    (text.trim_end().to_owned(), caret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, column: usize) -> String {
        let what = "wrong".to_owned();
        shown(&Told { path: "a.yaml".into(), place: Some((3, column)), what, line: Some(line.to_owned()) })
    }

    #[test]
    fn the_caret_is_under_the_place() {
        assert_eq!(told("  wehn: x", 3), "a.yaml:3:3: wrong\n 3 |   wehn: x\n   |   ^");
        assert_eq!(told("名前: あx", 6), "a.yaml:3:6: wrong\n 3 | 名前: あx\n   |         ^");
        assert_eq!(told("\tx", 2), "a.yaml:3:2: wrong\n 3 |  x\n   |  ^");
        assert_eq!(told("", 9), "a.yaml:3:9: wrong\n 3 | \n   | ^");
    }

    #[test]
    fn a_long_line_is_cropped() {
        let line = format!("{}X{}", "あ".repeat(200), "b".repeat(200));
        let told = told(&line, 201);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[1], format!(" 3 | …{}X{}…", "あ".repeat(20), "b".repeat(59)));
        assert_eq!(lines[2], format!("   |  {}^", " ".repeat(40)));
    }
}
