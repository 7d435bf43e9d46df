//! What a text speaks of, read from its tags: its variables, each with the names on the way to it.

use std::collections::BTreeSet;

use super::{BLOCKS, Piece, live};

/// What every text can speak of.
const GIVEN: [&str; 8] = ["customer", "event", "forms", "links", "optout", "sender", "shop", "steps"];

/// Words of Liquid that are no variables.
const WORDS: [&str; 11] =
    ["true", "false", "nil", "null", "empty", "blank", "and", "or", "contains", "in", "reversed"];

/// What a text speaks of.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    paths: Vec<Path>,
    /// The names that it sets itself, wherever it does.
    set: BTreeSet<String>,
}

/// A variable that a text asks for.
#[derive(Clone, Debug)]
pub struct Path {
    /// The names on the way to it: `customer` and `name` of `customer.name` and of `customer['name']`. The way may go on
    /// by one that is known only when the text is filled in.
    pub parts: Vec<String>,
    /// What it is called within what every text is given: `name` of `customer.name`, `hello.reply` of
    /// `steps.hello.reply`; empty when nothing is named.
    pub name: String,
    /// Whether there is another word for it, as in `{{ customer.name | default: 'お客さま' }}`.
    replaced: bool,
    /// Whether every message with the text shows it: it stands in `{{ … }}`, outside of blocks.
    shown: bool,
    /// Whether every message with the text asks for it: it is shown, or assigned outside of blocks.
    needed: bool,
}

impl Path {
    fn new(parts: Vec<String>, replaced: bool) -> Self {
        let within = parts.get(1..Self::depth(&parts).min(parts.len())).unwrap_or_default();
        Self { name: within.join("."), parts, replaced, shown: false, needed: false }
    }

    /// How many names lead to one value of what every text is given.
    fn depth(parts: &[String]) -> usize {
        if parts.first().is_some_and(|root| root == "steps") { 3 } else { 2 }
    }

    /// The names that lead to the value, without what follows of the value itself.
    fn value(&self) -> Option<&[String]> {
        self.parts.get(..Self::depth(&self.parts))
    }

    fn root(&self) -> &str {
        self.parts.first().map_or("", String::as_str)
    }
}

impl Spoken {
    pub(super) fn of(source: &str) -> Self {
        let mut spoken = Self::default();
        let mut depth = 0_usize;
        for piece in live(source) {
            match piece {
                Piece::Words(_) => {}
                Piece::Output(tag) => spoken.take(tag, depth == 0, depth == 0),
                Piece::Block(tag) => {
                    let (name, rest) = first_name(tag);
                    if name.starts_with("end") {
                        depth = depth.saturating_sub(1);
                    } else {
                        depth += usize::from(BLOCKS.contains(&name));
                        let rest = spoken.setting(name, rest);
                        spoken.take(rest, false, depth == 0 && name == "assign");
                    }
                }
            }
        }
        spoken
    }

    /// Takes what the tag sets; what is left of it.
    fn setting<'a>(&mut self, tag: &str, rest: &'a str) -> &'a str {
        if !["assign", "capture", "increment", "decrement", "for", "tablerow"].contains(&tag) {
            return rest;
        }
        let (set, rest) = first_name(rest);
        self.set.insert(set.to_owned());
        if matches!(tag, "for" | "tablerow") {
            self.set.extend(["forloop", "tablerow", "tablerowloop"].map(ToOwned::to_owned));
        }
        rest
    }

    fn take(&mut self, expression: &str, shown: bool, needed: bool) {
        self.paths.extend(asked(expression).into_iter().map(|path| Path { shown, needed, ..path }));
    }

    /// The variables that nothing gives, by their first names.
    pub fn strangers(&self) -> BTreeSet<&str> {
        let roots = self.paths.iter().map(Path::root);
        roots.filter(|root| !GIVEN.contains(root) && !self.set.contains(*root)).collect()
    }

    /// The first names of the variables that are there.
    pub fn known(&self) -> BTreeSet<&str> {
        GIVEN.into_iter().chain(self.set.iter().map(String::as_str)).collect()
    }

    /// What it asks of something that every text is given, such as `links`.
    pub fn of_given(&self, root: &str) -> impl Iterator<Item = &Path> {
        self.paths.iter().filter(move |path| path.root() == root && !self.set.contains(root))
    }

    /// The links it speaks of: `shop` of `{{ links.shop }}`.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.of_given("links").filter_map(|path| path.parts.get(1)).map(String::as_str)
    }

    /// Whether it may use any link: it goes through all of them, or takes one by a variable.
    pub fn any_link(&self) -> bool {
        self.of_given("links").any(|path| path.parts.len() == 1)
    }

    /// Whether it leads to a form: `{{ forms.email }}`.
    pub fn any_form(&self) -> bool {
        self.of_given("forms").next().is_some()
    }

    /// The steps it speaks of: `hello` of `{{ steps.hello.reply }}`.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.of_given("steps").filter_map(|path| path.parts.get(1)).map(String::as_str)
    }

    /// The details of the shop it speaks of: `phone` of `{{ shop.phone }}`.
    pub fn details(&self) -> impl Iterator<Item = &str> {
        self.of_given("shop").filter_map(|path| path.parts.get(1)).map(String::as_str)
    }

    /// Traits of the customer, properties of the event and answers to earlier steps that it speaks of and has no other
    /// word for, such as `customer` and `name`. One in a block that is left out is among them.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let of = ["customer", "event", "steps"].into_iter().flat_map(|root| self.of_given(root));
        of.filter(|path| path.value().is_some_and(|value| !self.replaces(value)))
            .map(|path| (path.root(), path.name.as_str()))
    }

    /// Properties of the event without which no message with the text is sent.
    pub fn event_needed(&self) -> BTreeSet<&str> {
        let needed = self.of_given("event").filter(|path| path.needed);
        needed
            .filter(|path| path.value().is_some_and(|value| !self.replaces(value)))
            .map(|path| path.name.as_str())
            .collect()
    }

    /// The ways to what it has another word for.
    pub(super) fn replaced(&self) -> impl Iterator<Item = &[String]> {
        self.paths.iter().filter(|path| path.replaced).filter_map(Path::value)
    }

    fn replaces(&self, value: &[String]) -> bool {
        self.replaced().any(|replaced| replaced == value)
    }

    /// Whether every message with the text shows the variable, such as `sender` or `shop.name`.
    pub fn always_shows(&self, variable: &str) -> bool {
        let names: Vec<&str> = variable.split('.').collect();
        let shows = |path: &Path| path.parts.get(..names.len()).is_some_and(|parts| parts == names);
        self.paths.iter().filter(|path| path.shown).any(shows)
    }
}

/// The variables in what Liquid evaluates; filters, their named arguments, numbers and its own words are none.
fn asked(expression: &str) -> Vec<Path> {
    let mut found = Vec::new();
    let mut rest = expression;
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
        } else {
            let (parts, after) = path(rest);
            let next = after.trim_start();
            let word = parts.len() == 1 && WORDS.contains(&parts[0].as_str());
            let number = parts[0].trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            let hyphens = parts[0].chars().all(|c| c == '-');
            if !filter && !word && !number && !hyphens && !next.starts_with(':') {
                let default = next.strip_prefix('|').is_some_and(|next| first_name(next).0 == "default");
                found.push(Path::new(parts, default));
            }
            (rest, filter) = (after, false);
        }
    }
    found
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

/// What a tag of a block is called, or the first name of its rest, and what follows.
fn first_name(tag: &str) -> (&str, &str) {
    let tag = tag.trim_start();
    tag.split_at(name_length(tag))
}

/// How many bytes at the beginning may be a name.
fn name_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn spoken(source: &str) -> Spoken {
        Text::parse(source).unwrap();
        Spoken::of(source)
    }

    fn strangers(source: &str) -> Vec<String> {
        spoken(source).strangers().into_iter().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn what_nothing_gives() {
        for (source, strange) in [
            ("{{ custmer.name | default: 'x' }}", &["custmer"][..]),
            ("{{-custmer.name-}}", &["custmer"]),
            ("{{ name }}", &["name"]),
            ("{{ customer.name | default: fallback }}", &["fallback"]),
            ("{{ customer[trait] }}", &["trait"]),
            ("{{ customer[a[b.c]].d }}", &["a", "b"]),
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
            "{{ customer.pets[0].name }} {{ customer.pets.first }} {{ customer.pets[customer.n].name }}",
            "{% for pet in customer.pets reversed limit:2 offset: 1 %}{{ forloop.index }} {{ pet }}{% endfor %}",
            "{% for n in (1..3) %}{{ n }}{% endfor %}",
            "{%assign who=customer.name%}{{ who }}{% capture card %}{{ who }}{% endcapture %}{{ card }}",
            "{% case customer.rank %}{% when 'a' or 'b' %}x{% else %}y{% endcase %}",
            "{% unless customer.vip == nil or customer.vip == empty %}x{% endunless %}{% cycle 'a', 'b' %}",
            "{% raw %}{{ custmer }}{% endraw %}{% comment %}{{ custmer }}{% if custmer %}x{% endif %}{% endcomment %}",
            "{% increment visits %}{{ visits }}",
            "{{ shop.phone }} {{ steps.tell-me.reply }} {{ steps['2nd'].sent_at | date_ja }}",
        ] {
            assert_eq!(strangers(source), [""; 0], "{source}");
        }
    }

    #[test]
    fn names_on_the_way_however_they_are_written() {
        let spoken = spoken(
            "{{ steps.tell-me.reply }} {{ steps['2nd'][ \"reply\" ] | default: '' }} {{ links['a'] }} {{ shop.phone.size }} \
             {{ customer['会員 ランク'] }} {{ customer.pets[0].name }} {% comment %}{{ links.b }} {{ event.x }}{% endcomment %}",
        );
        assert_eq!(spoken.steps().collect::<Vec<_>>(), ["tell-me", "2nd"]);
        assert_eq!(spoken.links().collect::<Vec<_>>(), ["a"]);
        assert_eq!(spoken.details().collect::<Vec<_>>(), ["phone"]);
        let values: Vec<_> = spoken.values().collect();
        assert_eq!(values, [("customer", "会員 ランク"), ("customer", "pets"), ("steps", "tell-me.reply")]);
    }

    #[test]
    fn what_a_text_sets_itself_is_not_what_it_is_given() {
        let spoken = spoken(
            "{% assign shop = 'x' %}{{ shop }} {{ shop.size }} {% for links in customer.a %}{{ links.b }}{% endfor %}",
        );
        assert!(spoken.details().next().is_none() && spoken.links().next().is_none());
    }

    #[test]
    fn what_no_message_can_do_without() {
        let needed = |source: &str| spoken(source).event_needed().into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(needed("{{ event.a }} {% assign b = event.b %}{{ customer.c }}"), "a b");
        assert_eq!(needed("{% if event.a %}{{ event.a }}{% endif %}{{ event.b | default: '' }}"), "");
        assert_eq!(needed("{% raw %}{{ event.a }}{% endraw %}{{ event['b'] }}"), "b");
    }

    #[test]
    fn any_link_may_be_meant() {
        assert!(spoken("{% for link in links %}{{ link }}{% endfor %}").any_link());
        assert!(spoken("{{ links[customer.favourite] }}").any_link());
        assert!(!spoken("{{ links.shop }}").any_link());
    }
}
