//! The variables in what Liquid evaluates, each where it stands.

use std::ops::Range;

use super::pieces::{first_name, name_length};

/// Words of Liquid that are no variables.
const WORDS: [&str; 11] =
    ["true", "false", "nil", "null", "empty", "blank", "and", "or", "contains", "in", "reversed"];

/// Filters that show all of what they are given.
const KEEP_ALL: [&str; 5] = ["append", "default", "escape", "prepend", "strip"];

/// A variable that is asked for.
pub(super) struct Asked {
    /// The names on the way to it, as far as they are written.
    pub parts: Vec<String>,
    /// Whether the way goes on by what is known only when the text is filled in.
    pub goes_on: bool,
    /// Where it stands in the expression.
    pub place: Range<usize>,
    /// Whether another word stands for it where it is not known: the first filter of a value, or the next after it as
    /// the word of a `default`, is `default`.
    pub replaced: bool,
    /// Whether it is what the filters are for, and not an argument of theirs.
    pub is_subject: bool,
}

/// The variables in an expression; filters, their named arguments, numbers and words of Liquid are none.
pub(super) fn asked(expression: &str) -> Vec<Asked> {
    let mut found = Vec::new();
    let mut rest = expression;
    // The filter of which an argument comes next, and whether its name does.
    let mut of = "";
    let mut filter = false;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        if let Some((_, after)) = quoted(rest) {
            (rest, filter) = (after, false);
        } else if let Some(after) = rest.strip_prefix("..") {
            rest = after;
        } else if first == '.' {
            // It goes on with a path whose last name is in brackets.
            rest = &after[name_length(after)..];
        } else if name_length(rest) == 0 {
            filter = if first.is_whitespace() { filter } else { first == '|' };
            rest = after;
        } else if filter {
            (of, rest) = first_name(rest);
            filter = false;
        } else {
            let (parts, after) = path(rest);
            let next = after.trim_start();
            let word = parts.len() == 1 && WORDS.contains(&parts[0].as_str());
            let number = parts[0].trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            let hyphens = parts[0].chars().all(|c| c == '-');
            if !word && !number && !hyphens && !next.starts_with(':') {
                let default = next.strip_prefix('|').is_some_and(|next| first_name(next).0 == "default");
                found.push(Asked {
                    parts,
                    goes_on: after.starts_with('['),
                    place: expression.len() - rest.len()..expression.len() - after.len(),
                    replaced: default && matches!(of, "" | "default"),
                    is_subject: of.is_empty(),
                });
            }
            rest = after;
        }
    }
    found
}

/// The filters of an expression, each with its arguments.
pub(super) fn filters(expression: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut quote = None;
    let split = expression.split(move |c: char| {
        quote = match quote {
            Some(open) if open == c => None,
            None if matches!(c, '\'' | '"') => Some(c),
            open => open,
        };
        c == '|' && quote.is_none()
    });
    split.skip(1).map(first_name)
}

/// Whether an expression shows all of what its filters are for.
pub(super) fn keeps_all(expression: &str) -> bool {
    filters(expression).all(|(name, _)| KEEP_ALL.contains(&name))
}

/// The names that begin an expression, as far as they are written there, and what follows.
fn path(expression: &str) -> (Vec<String>, &str) {
    let (name, mut rest) = expression.split_at(name_length(expression));
    let mut parts = vec![name.to_owned()];
    loop {
        if let Some(after) = rest.strip_prefix('.').filter(|after| name_length(after) > 0) {
            let (name, after) = after.split_at(name_length(after));
            parts.push(name.to_owned());
            rest = after;
        } else if let Some((literal, after)) = rest.strip_prefix('[').and_then(literal) {
            parts.push(literal.to_owned());
            rest = after;
        } else {
            return (parts, rest);
        }
    }
}

/// A text or a number in brackets of which the first is read already.
fn literal(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.trim_start();
    let (literal, after) = quoted(rest).or_else(|| {
        let (number, after) = rest.split_at(name_length(rest));
        number.parse::<i64>().is_ok().then_some((number, after))
    })?;
    Some((literal, after.trim_start().strip_prefix(']')?))
}

/// A text in quotes, and what follows.
fn quoted(rest: &str) -> Option<(&str, &str)> {
    let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    Some(rest[1..].split_once(quote).unwrap_or((&rest[1..], "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(expression: &str) -> Vec<&str> {
        let found = asked(expression).into_iter().filter(|asked| asked.replaced);
        found.map(|asked| &expression[asked.place]).collect()
    }

    #[test]
    fn another_word_is_for_one_place() {
        assert_eq!(replaced(" a.b | default: 'x' | sama "), ["a.b"]);
        assert_eq!(replaced("a['b c'].d|default:'x'"), ["a['b c'].d"]);
        assert_eq!(replaced("a | default: b | default: 'x'"), ["a", "b"]);
        assert_eq!(replaced("'a' | append: b | default: 'x'"), [""; 0]);
        assert_eq!(replaced("a | sama | default: 'x'"), [""; 0]);
        assert_eq!(replaced("a[b] | default: 'x'"), [""; 0]);
        assert_eq!(replaced("a.tell-me | default: b.c"), ["a.tell-me"]);
    }

    #[test]
    fn filters_with_their_arguments() {
        let found: Vec<_> = filters("a | append: ' | b' | divided_by: 0").collect();
        assert_eq!(found, [("append", ": ' | b' "), ("divided_by", ": 0")]);
        assert!(
            keeps_all("sender") && keeps_all("sender | append: ' | b'") && !keeps_all("sender | slice: 0")
        );
    }
}
