//! The variables that a text asks for, and those that are there.

use std::collections::BTreeSet;

use super::{Piece, part, paths, pieces};

/// What every text can speak of.
const GIVEN: [&str; 5] = ["customer", "event", "links", "optout", "sender"];

/// Words of Liquid that are no variables.
const WORDS: [&str; 11] =
    ["true", "false", "nil", "null", "empty", "blank", "and", "or", "contains", "in", "reversed"];

/// The names of a text's variables: `customer` in `{{ customer.name }}`.
pub struct Names<'a> {
    /// Those it asks for.
    pub asked: BTreeSet<&'a str>,
    /// Those that every text is given, and those it sets itself, wherever it does.
    pub known: BTreeSet<&'a str>,
}

pub(super) fn names(source: &str) -> Names<'_> {
    let mut names = Names { asked: BTreeSet::new(), known: GIVEN.into() };
    let mut verbatim_until = None;
    for piece in pieces(source) {
        match (piece, verbatim_until) {
            (Piece::Words(_), _) | (Piece::Output(_), Some(_)) => {}
            (Piece::Output(tag), None) => names.asked.extend(asked(tag)),
            (Piece::Block(tag), Some(end)) => {
                if tag.trim() == end {
                    verbatim_until = None;
                }
            }
            (Piece::Block(tag), None) => verbatim_until = names.block(tag),
        }
    }
    names
}

impl<'a> Names<'a> {
    /// Reads a tag; returns the one that ends what stands there as it is.
    fn block(&mut self, tag: &'a str) -> Option<&'static str> {
        let mut paths = paths(tag).into_iter();
        let (name, inside) = paths.next()?;
        match name {
            "raw" => return Some("endraw"),
            "comment" => return Some("endcomment"),
            "assign" | "capture" | "increment" | "decrement" | "for" | "tablerow" => {
                let (set, rest) = paths.next()?;
                self.known.insert(set);
                if matches!(name, "for" | "tablerow") {
                    self.known.extend(["forloop", "tablerow", "tablerowloop"]);
                }
                self.asked.extend(asked(rest));
            }
            _ => self.asked.extend(asked(inside)),
        }
        None
    }
}

/// The names in what Liquid evaluates; filters, their named arguments, numbers and its own words are none.
fn asked(expression: &str) -> impl Iterator<Item = &str> {
    let names = paths(expression).into_iter().filter_map(|(_, rest)| {
        let until = &expression[..expression.len() - rest.len()];
        let before = until.trim_end_matches(part);
        let path = &until[before.len()..];
        let filter = before.trim_end().ends_with('|');
        let argument = rest.trim_start().starts_with(':');
        (!filter && !argument).then_some((path, before.trim_end().ends_with(']')))
    });
    // A range is one path with two dots in it; `.b` of `a[0].b` goes on with the path before it.
    names
        .flat_map(|(path, goes_on)| path.split("..").skip(usize::from(goes_on && path.starts_with('.'))))
        .filter_map(|path| path.split('.').next())
        .filter(|name| !name.is_empty() && !WORDS.contains(name))
        .filter(|name| !name.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn strangers(source: &str) -> Vec<&str> {
        Text::parse(source).unwrap();
        let names = names(source);
        names.asked.difference(&names.known).copied().collect()
    }

    #[test]
    fn what_nothing_gives() {
        for (source, strange) in [
            ("{{ custmer.name | default: 'x' }}", &["custmer"][..]),
            ("{{-custmer.name-}}", &["custmer"]),
            ("{{ name }}", &["name"]),
            ("{{ customer.name | default: fallback }}", &["fallback"]),
            ("{{ customer[trait] }}", &["trait"]),
            ("{% if custmer.vip == true and sendr contains 'x' %}a{% endif %}", &["custmer", "sendr"]),
            ("{% for pet in custmer.pets %}{{ pet }}{% endfor %}", &["custmer"]),
            ("{% for n in (1..custmer.n) %}{{ n }}{% endfor %}", &["custmer"]),
            ("{% assign a = b | append: c %}{{ a }}", &["b", "c"]),
        ] {
            assert_eq!(strangers(source), strange, "{source}");
        }
    }

    #[test]
    fn what_is_given_or_set() {
        for source in [
            "custmer {{ customer.name | default: 'custmer' }} {{ links.shop }} {{ optout }} {{ sender }}",
            "{{- sender -}} {{-sender-}} {%- if customer.vip -%}a{%- else -%}b{%- endif -%}",
            "{{ customer['name'] | append: sender | truncate: 5, '' }} {{ 'a' | append: 'b' }} {{ 1.5 | plus: -2 }}",
            "{{ customer.pets[0].name }} {{ customer.pets.first }}",
            "{% for pet in customer.pets reversed limit:2 offset: 1 %}{{ forloop.index }} {{ pet }}{% endfor %}",
            "{% for n in (1..3) %}{{ n }}{% endfor %}",
            "{%assign who=customer.name%}{{ who }}{% capture card %}{{ who }}{% endcapture %}{{ card }}",
            "{% case customer.rank %}{% when 'a' or 'b' %}x{% else %}y{% endcase %}",
            "{% unless customer.vip == nil or customer.vip == empty %}x{% endunless %}{% cycle 'a', 'b' %}",
            "{% raw %}{{ custmer }}{% endraw %}{% comment %}{{ custmer }}{% if custmer %}x{% endif %}{% endcomment %}",
            "{% increment visits %}{{ visits }}",
        ] {
            assert_eq!(strangers(source), [""; 0], "{source}");
        }
    }
}
