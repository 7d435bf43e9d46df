//! Each tag of a text by itself, before the whole is parsed: of a tag that is broken, Liquid's parser reads the line once
//! more to word its error, and ends the process when it reads it otherwise than before, as it does beside letters of more
//! than one byte. It does so, too, at a number that is too long.

use liquid::Parser;

use super::pieces::{Piece, live, offset};
use super::plain;

/// The most digits of a number: as many as surely have a place in 64 bits.
const DIGITS_LIMIT: usize = 18;

/// Finds the first tag that is broken: what is wrong, and where. What stands in `raw` or `comment` is no tag.
pub(super) fn check(parser: &Parser, source: &str) -> Result<(), String> {
    for piece in live(source) {
        match piece {
            Piece::Words(_) => {}
            Piece::Output(inside) => tag(parser, source, inside, ["{{", "}}"])?,
            Piece::Block(inside) => tag(parser, source, inside, ["{%", "%}"])?,
        }
    }
    Ok(())
}

/// What stands in a tag, on one line.
pub(super) fn on_one_line(inside: &str) -> String {
    inside.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect()
}

/// Whether a number outside of quotes has too many digits.
fn is_too_long(inside: &str) -> bool {
    let mut quote = None;
    let mut digits = 0;
    inside.chars().any(|c| {
        quote = match quote {
            Some(open) if open == c => None,
            None if matches!(c, '\'' | '"') => Some(c),
            open => open,
        };
        digits = if quote.is_none() && c.is_ascii_digit() { digits + 1 } else { 0 };
        digits > DIGITS_LIMIT
    })
}

fn tag(parser: &Parser, source: &str, inside: &str, [open, close]: [&str; 2]) -> Result<(), String> {
    if is_too_long(inside) {
        return Err(format!("`{open}{inside}{close}` has a number of more than {DIGITS_LIMIT} digits"));
    }
    // Alone and on one line, there is nothing before it to read otherwise. A block by another name needs no end.
    let alone = on_one_line(inside);
    let alone = if open == "{%" { nameless(&alone) } else { alone };
    let Some(error) = parser.parse(&format!("{open}{alone}{close}")).err().map(|error| error.to_string())
    else {
        return Ok(());
    };
    let column = error.lines().find_map(|line| line.split_once("--> 1:"));
    let column = column.and_then(|(_, column)| column.trim().parse::<usize>().ok());
    match column.filter(|_| !error.contains(UNKNOWN)) {
        Some(column) => {
            let (line, before) = place(source, inside, column.saturating_sub(open.len() + 1));
            Err(plain(&error.replace(&format!("--> 1:{column}"), &format!("--> {line}:{before}"))))
        }
        // What is wrong is not how the tag is written.
        None => Ok(()),
    }
}

/// What Liquid says of a tag that it does not know.
const UNKNOWN: &str = "Unknown tag";

/// The inside of a block's tag with a name of the same length that none has.
fn nameless(inside: &str) -> String {
    let begins = inside.len() - inside.trim_start().len();
    let (space, rest) = inside.split_at(begins);
    let ends = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    format!("{space}{}{}", "z".repeat(ends), &rest[ends..])
}

/// The line and the column, from 1, of the character that is so many after the beginning of a part of a text.
fn place(source: &str, part: &str, after: usize) -> (usize, usize) {
    let until =
        source.get(..offset(source, part)).unwrap_or_default().chars().chain(part.chars().take(after));
    until.fold((1, 1), |(line, column), c| if c == '\n' { (line + 1, 1) } else { (line, column + 1) })
}

#[cfg(test)]
mod tests {
    use crate::text::Text;

    /// Each ended the process once.
    #[test]
    fn what_the_parser_dies_of_is_refused() {
        for text in [
            "{{ customer.name | default: 'お客さま' }}様 {{ sender' }}より再会の10%引 {{ links.shop }} 停止はSTOP返信",
            "{{ 99999999999999999999 }}",
            "{{ customer.name | truncate: 99999999999999999999 }}",
            "{% for n in (1..99999999999999999999) %}{% endfor %}",
            "{{ customer.name | default: 'お客さま' }}様 {% if sender' %}より再会の10%引 {{ links.shop }}{% endif %}",
        ] {
            assert!(Text::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_as_it_is_need_not_be_right() {
        for text in
            ["{% raw %}{{ sender' }}{% endraw %}", "{% comment %}{{ sender' }}{% endcomment %}{{ sender }}"]
        {
            assert!(Text::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_place_is_that_in_the_whole_text() {
        let error = |text: &str| Text::parse(text).unwrap_err().what.concat();
        assert!(
            error("お客さま\n様 {{ sender' }}").contains("at its 2:"),
            "{}",
            error("お客さま\n様 {{ sender' }}")
        );
        assert!(Text::parse("{% if customer.vip %}\n{{ 'そのまま' | append: \"x\" }}{% endif %}").is_ok());
    }
}
