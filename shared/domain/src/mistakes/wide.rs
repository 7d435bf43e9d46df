//! Characters of a Japanese keyboard where YAML knows only those of ASCII: the space U+3000 as indentation, and the colon
//! `：` after a key. They are told by name, and the rest is read as if they were right.

use std::collections::BTreeMap;

use super::Found;
use crate::place::Place;

const SPACE: char = '\u{3000}';
const COLON: char = '：';

/// A text without such characters, and where they were.
pub struct Mended {
    /// The text as it was meant.
    pub yaml: String,
    /// What was wrong in it.
    pub slips: Vec<Found>,
    /// Of each line that differs, by its number: the columns that its characters had.
    columns: BTreeMap<u64, Vec<u64>>,
}

/// Mends a text; none where there is nothing to mend. Texts over several lines (`|`, `>`) are left as they are.
pub fn mend(yaml: &str) -> Option<Mended> {
    let mut mended = Mended { yaml: String::new(), slips: Vec::new(), columns: BTreeMap::new() };
    let mut block: Option<usize> = None;
    for (number, line) in (1..).zip(yaml.split_inclusive('\n')) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if block.is_some_and(|outer| indent > outer || line.trim().is_empty()) {
            mended.yaml.push_str(line);
            continue;
        }
        let marked = line.trim_end().trim_end_matches(['-', '+']);
        block = [": |", ": >", "- |", "- >"].iter().any(|mark| marked.ends_with(mark)).then_some(indent);
        mended.line(number, line);
    }
    (!mended.slips.is_empty()).then_some(mended)
}

impl Mended {
    fn line(&mut self, line: u64, text: &str) {
        let content = text.trim_start_matches([' ', '\t', SPACE]);
        let indentation = text.chars().count() - content.chars().count();
        let indents = content.starts_with("- ") || key(content).is_some();
        let (mut columns, mut quote, mut open, mut before) = (Vec::new(), None, 0_usize, String::new());
        for ((column, index), c) in (1..).zip(0_usize..).zip(text.chars()) {
            let place = Place { line, column };
            let meant = if c == SPACE && index < indentation && indents {
                if !before.contains(SPACE) {
                    let what =
                        "a full-width space (U+3000) as indentation; indent with plain spaces, two for each";
                    self.slips.push((place, what.to_owned()));
                }
                "  "
            } else if c == COLON && quote.is_none() && ends_in_key(&before, open > 0) {
                self.slips.push((place, "a full-width colon (`：`) after a key; write `: `".to_owned()));
                ": "
            } else {
                ""
            };
            match (quote, c) {
                (None, '"' | '\'') if before.ends_with([' ', '{', '[']) => quote = Some(c),
                (Some(mark), c) if mark == c => quote = None,
                (None, '{') => open += 1,
                (None, '}') => open = open.saturating_sub(1),
                (None | Some(_), _) => {}
            }
            before.push(c);
            if meant.is_empty() {
                self.yaml.push(c);
                columns.push(column);
            } else {
                self.yaml.push_str(meant);
                columns.extend(meant.chars().map(|_| column));
            }
        }
        if columns.len() != text.chars().count() {
            self.columns.insert(line, columns);
        }
    }

    /// Where something stood before the text was mended.
    pub fn place(&self, place: Place) -> Place {
        let Some(columns) = self.columns.get(&place.line) else { return place };
        let index = usize::try_from(place.column).unwrap_or(usize::MAX).saturating_sub(1);
        let column = columns.get(index).or(columns.last()).copied().unwrap_or(place.column);
        Place { column, ..place }
    }
}

/// The key with which a text begins, whatever colon is after it.
fn key(text: &str) -> Option<&str> {
    let (key, _) = text.split_once([':', COLON])?;
    is_key(key).then_some(key)
}

fn is_key(word: &str) -> bool {
    word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
}

/// Whether what stands before a colon on its line ends in a key: the first word of it, of an item, or between braces.
fn ends_in_key(before: &str, in_braces: bool) -> bool {
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = before.trim_end_matches(is_word);
    let first = rest.trim_matches([' ', '\t', SPACE, '-']).is_empty();
    let between = in_braces && rest.trim_end().ends_with(['{', ',']);
    is_key(&before[rest.len()..]) && (first || between)
}
