//! What a text speaks of, read from its tags: its variables, each with the names on the way to it.

use std::collections::BTreeSet;

use super::asked::{Asked, asked, keeps_all};
use super::pieces::{Tag, tags};

/// What every text can speak of.
pub(super) const GIVEN: [&str; 8] =
    ["customer", "event", "forms", "links", "optout", "sender", "shop", "steps"];

/// What a text speaks of.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    paths: Vec<Path>,
    /// The names that it sets itself, wherever it does.
    set: BTreeSet<String>,
    /// Those of them that stay set.
    assigned: BTreeSet<String>,
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
    /// Whether there is another word for it where it stands, as in `{{ customer.name | default: 'お客さま' }}`.
    replaced: bool,
    /// Whether every message with the text shows all of it: it stands by itself in `{{ … }}`, outside of blocks.
    shown: bool,
    /// Whether every message with the text asks for it: it stands in `{{ … }}`, or is assigned, outside of blocks.
    needed: bool,
}

impl Path {
    fn new(asked: Asked, tag: &Tag<'_>) -> Self {
        let parts = asked.parts;
        let within = parts.get(1..depth(&parts).min(parts.len())).unwrap_or_default();
        let always = tag.depth == 0;
        Self {
            name: within.join("."),
            replaced: asked.replaced,
            shown: always && tag.is_output() && asked.is_subject && !asked.goes_on && keeps_all(tag.asks),
            needed: always && tag.evaluates(),
            parts,
        }
    }

    /// Whether it is a value of its own for which there is no other word.
    fn is_bare(&self) -> bool {
        self.parts.len() >= depth(&self.parts) && !self.replaced
    }

    fn root(&self) -> &str {
        self.parts.first().map_or("", String::as_str)
    }
}

/// How many names lead to one value of what every text is given.
pub(super) fn depth(parts: &[String]) -> usize {
    if parts.first().is_some_and(|root| root == "steps") { 3 } else { 2 }
}

impl Spoken {
    pub(super) fn of(source: &str) -> Self {
        let mut spoken = Self::default();
        for tag in tags(source) {
            spoken.setting(&tag);
            spoken.paths.extend(asked(tag.asks).into_iter().map(|asked| Path::new(asked, &tag)));
        }
        spoken
    }

    fn setting(&mut self, tag: &Tag<'_>) {
        let Some(name) = tag.sets else { return };
        self.set.insert(name.to_owned());
        if matches!(tag.name, "for" | "tablerow") {
            self.set.extend(["forloop", "tablerow", "tablerowloop"].map(ToOwned::to_owned));
        } else {
            self.assigned.insert(name.to_owned());
        }
    }

    /// Whether the text sets a name itself.
    pub(super) fn sets(&self, name: &str) -> bool {
        self.set.contains(name)
    }

    /// Whether a name that the text sets stays set after the tag.
    pub(super) fn assigns(&self, name: &str) -> bool {
        self.assigned.contains(name)
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
    pub fn leads_to_form(&self, form: &str) -> bool {
        self.of_given("forms").any(|path| path.parts.get(1).is_some_and(|named| named == form))
    }

    /// The steps it speaks of: `hello` of `{{ steps.hello.reply }}`.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.of_given("steps").filter_map(|path| path.parts.get(1)).map(String::as_str)
    }

    /// The details of the shop it speaks of: `phone` of `{{ shop.phone }}`.
    pub fn details(&self) -> impl Iterator<Item = &str> {
        self.of_given("shop").filter_map(|path| path.parts.get(1)).map(String::as_str)
    }

    /// Traits of the customer, properties of the event and answers to earlier steps that it speaks of, at one place at
    /// least without another word, such as `customer` and `name`. One in a block that is left out is among them.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let of = ["customer", "event", "steps"].into_iter().flat_map(|root| self.of_given(root));
        of.filter(|path| path.is_bare()).map(|path| (path.root(), path.name.as_str()))
    }

    /// Properties of the event without which no message with the text is sent.
    pub fn event_needed(&self) -> BTreeSet<&str> {
        let needed = self.of_given("event").filter(|path| path.needed && path.is_bare());
        needed.map(|path| path.name.as_str()).collect()
    }

    /// Whether every message with the text shows all of the variable, such as `sender` or `shop.name`.
    pub fn always_shows(&self, variable: &str) -> bool {
        let names: Vec<&str> = variable.split('.').collect();
        let mut given = names.first().into_iter().flat_map(|root| self.of_given(root));
        given.any(|path| path.shown && path.parts == names)
    }
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
        assert_eq!(needed("{{ event.a | default: '' }}{{ event.a }}"), "a");
        assert_eq!(needed("{{ 'x' | append: event.a | default: '' }}"), "a");
    }

    #[test]
    fn another_word_is_for_the_place_where_it_stands() {
        let values =
            |source: &str| spoken(source).values().map(|(_, name)| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(values("{{ customer.name | default: 'x' }}{{ customer.name | sama }}"), ["name"]);
        assert_eq!(values("{{ customer.name | default: 'x' }}"), [""; 0]);
    }

    #[test]
    fn what_every_message_shows_all_of() {
        let shows = |source: &str| spoken(source).always_shows("sender");
        for source in
            ["{{ sender }}", "{{sender|strip}}", "{% if customer.a %}{% endif %}{{- sender | append: 'x' -}}"]
        {
            assert!(shows(source), "{source}");
        }
        for source in [
            "{{ customer.sales_name | default: sender }}より",
            "{{ sender | truncate: 0, '' }}",
            "{{ sender.size }}",
            "{% assign sender = 'x' %}{{ sender }}",
            "{% if customer.a %}{{ sender }}{% endif %}",
            "{% comment %}{% comment %}{% endcomment %}{{ sender }}{% endcomment %}",
        ] {
            assert!(!shows(source), "{source}");
        }
    }

    #[test]
    fn any_link_may_be_meant() {
        assert!(spoken("{% for link in links %}{{ link }}{% endfor %}").any_link());
        assert!(spoken("{{ links[customer.favourite] }}").any_link());
        assert!(!spoken("{{ links.shop }}").any_link());
    }
}
