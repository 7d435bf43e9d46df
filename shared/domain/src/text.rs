//! Texts with variables, in Liquid, with filters for shops in Japan beside its own:
//!
//! - `sama`: `花子` is `花子様`; what ends with 様, さま or 御中 stays
//! - `yen`: `12345` is `12,345円`, and with `yen_en` `¥12,345`
//! - `date_ja`: `2026-01-02` is `1月2日(金)`, and with `date_ja: 'year'` `2026年1月2日(金)`
//! - `date_en`: `2026-01-02` is `Fri 2 Jan`, and with `date_en: 'year'` `Fri 2 Jan 2026`
//! - `era`: `2026-01-02` is `令和8年1月2日`
//! - `time_ja`: `2026-01-02T14:30:00+09:00` is `14:30`
//!
//! Dates are ISO dates, or RFC 3339 instants, which are shown in [`Variables::zone`]. What a filter can't show skips the
//! person as a missing value does: `{{ customer.name | default: 'お客さま' | sama }}` has another word for it.

mod filters;
mod html;
mod names;
mod tags;
mod wording;

use std::fmt;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use liquid::model::{Object, Value as Variable};
use liquid::{Parser, ParserBuilder, Template};

use self::filters::Japanese;
pub use self::names::Names;
pub use self::wording::{LANGUAGE, Wording};
use crate::check;
use crate::customer::{Customer, Stamped, Value};
use crate::event::Properties;
use crate::spelling::nearest;

static PARSER: LazyLock<Option<Parser>> = LazyLock::new(|| {
    Japanese::ALL.into_iter().fold(ParserBuilder::with_stdlib(), ParserBuilder::filter).build().ok()
});

/// A text that was parsed: `{{ customer.name }}`, `{{ links.shop }}`, `{{ optout }}`, `{{ sender }}`.
#[derive(Clone)]
pub struct Text(Arc<Parsed>);

struct Parsed {
    source: String,
    template: Template,
    /// Traits and properties that it has another word for: `customer` and `name` in
    /// `{{ customer.name | default: 'お客さま' }}`.
    replaced: Vec<(String, String)>,
}

impl Text {
    /// Parses a text; the error says what is wrong and where.
    pub fn parse(source: &str) -> Result<Self, String> {
        let parser = PARSER.as_ref().ok_or("the text parser could not be built")?;
        tags::check(parser, source)?;
        let template = parser
            .parse(source)
            .map_err(|error| assigned(parser, source).unwrap_or_else(|| plain(&error.to_string())))?;
        let replaced = with_default(source).map(|(of, name)| (of.to_owned(), name.to_owned())).collect();
        Ok(Self(Arc::new(Parsed { source: source.to_owned(), template, replaced })))
    }

    /// Fills in the variables; the error names what is missing, never a value.
    pub fn render(&self, variables: &Object) -> Result<String, MissingValue> {
        let absent = |(of, name): &(String, String)| match variables.get(of.as_str()) {
            Some(Variable::Object(known)) => !known.contains_key(name.as_str()),
            Some(_) | None => false,
        };
        if !self.0.replaced.iter().any(absent) {
            return self.0.template.render(variables).map_err(|_| MissingValue);
        }
        let mut variables = variables.clone();
        for (of, name) in &self.0.replaced {
            if let Some(Variable::Object(known)) = variables.get_mut(of.as_str()) {
                known.entry(name.clone()).or_insert(Variable::Nil);
            }
        }
        self.0.template.render(&variables).map_err(|_| MissingValue)
    }

    /// As [`Text::render`], for a text that is HTML: the values stand in it as words, whatever they are.
    pub fn render_html(&self, variables: &Object) -> Result<String, MissingValue> {
        self.render(&html::escaped(variables))
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether every message with this text shows the variable, such as `sender`: it stands outside of blocks.
    pub fn always_shows(&self, variable: &str) -> bool {
        self.always().any(|piece| match piece {
            Piece::Output(tag) => paths(tag).iter().any(|(path, _)| path.split('.').next() == Some(variable)),
            Piece::Words(_) | Piece::Block(_) => false,
        })
    }

    /// The words that every message with this text has: what stands outside of tags and blocks.
    pub fn always_says(&self) -> Vec<&str> {
        self.always()
            .filter_map(|piece| match piece {
                Piece::Words(words) => Some(words),
                Piece::Output(_) | Piece::Block(_) => None,
            })
            .collect()
    }

    /// The links it speaks of: `shop` in `{{ links.shop }}`.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.paths()
            .filter_map(|(path, _)| path.strip_prefix("links."))
            .map(|rest| rest.split('.').next().unwrap_or(rest))
    }

    /// The names of the variables it asks for, and of those that are there.
    pub fn names(&self) -> Names<'_> {
        names::names(&self.0.source)
    }

    /// Traits of the customer and properties of the event that it speaks of and has no other word for, such as
    /// `customer.name`. One in a block that is left out is among them.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let replaced = |of: &str, name: &str| self.0.replaced.iter().any(|it| it.0 == of && it.1 == name);
        self.paths()
            .filter_map(|(path, _)| {
                path.split_once('.').filter(|(of, _)| matches!(*of, "customer" | "event"))
            })
            .map(|(of, rest)| (of, rest.split('.').next().unwrap_or(rest)))
            .filter(move |(of, name)| !replaced(of, name))
    }

    /// What stands in `{{ … }}` and `{% … %}` as a path of variables, each with what follows it there.
    fn paths(&self) -> impl Iterator<Item = (&str, &str)> {
        all_paths(&self.0.source)
    }

    /// The pieces that stand outside of blocks such as `{% if … %} … {% endif %}`, whose inside may be left out.
    fn always(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut depth = 0_usize;
        pieces(&self.0.source).into_iter().filter(move |piece| {
            if let Piece::Block(tag) = piece {
                let name = tag.split_whitespace().next().unwrap_or_default();
                if name.starts_with("end") {
                    depth = depth.saturating_sub(1);
                } else if BLOCKS.contains(&name) {
                    depth += 1;
                }
            }
            depth == 0
        })
    }
}

/// What stands in `{{ … }}` and `{% … %}` as a path of variables, each with what follows it there.
fn all_paths(source: &str) -> impl Iterator<Item = (&str, &str)> {
    pieces(source).into_iter().flat_map(|piece| match piece {
        Piece::Words(_) => Vec::new(),
        Piece::Output(tag) | Piece::Block(tag) => paths(tag),
    })
}

/// Paths that are followed by another word for them.
fn with_default(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let replaced = |rest: &str| {
        rest.trim_start().strip_prefix('|').is_some_and(|filter| filter.trim_start().starts_with("default"))
    };
    all_paths(source)
        .filter(move |(_, rest)| replaced(rest))
        .filter_map(|(path, _)| path.split_once('.').filter(|(of, _)| matches!(*of, "customer" | "event")))
}

/// Tags of Liquid that have an end.
const BLOCKS: [&str; 9] =
    ["if", "unless", "ifchanged", "case", "for", "tablerow", "capture", "comment", "raw"];

/// A piece of a text as it was written.
#[derive(Clone, Copy)]
enum Piece<'a> {
    /// What stands outside of tags.
    Words(&'a str),
    /// The inside of `{{ … }}`.
    Output(&'a str),
    /// The inside of `{% … %}`.
    Block(&'a str),
}

fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        found.push(Piece::Words(&rest[..start]));
        let tag = &rest[start + 2..];
        let output = rest[start..].starts_with("{{");
        let (inside, after) = tag.split_once(if output { "}}" } else { "%}" }).unwrap_or((tag, ""));
        // {{- and -}} take away the space around them.
        let inside = inside.strip_prefix('-').unwrap_or(inside);
        let inside = inside.strip_suffix('-').unwrap_or(inside);
        found.push(if output { Piece::Output(inside) } else { Piece::Block(inside) });
        rest = after;
    }
    found.push(Piece::Words(rest));
    found
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.source, f)
    }
}

/// A variable of a text is not known of this person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a variable of the text has no value for this customer; give it a default: {{{{ customer.name | default: 'お客さま' }}}}"
)]
pub struct MissingValue;

/// What a text can speak of.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// The customer.
    pub customer: &'a Customer,
    /// What the event said that began the journey.
    pub event: &'a Properties,
    /// Tracked links by the name the step gives them.
    pub links: Vec<(String, String)>,
    /// The page behind which one can opt out.
    pub optout: String,
    /// Who sends.
    pub sender: &'a str,
    /// The zone in which filters show instants: the customer's, as [`Customer::zone`] has it.
    pub zone: &'a TimeZone,
}

impl Variables<'_> {
    /// The variables as Liquid takes them: traits that are known.
    pub fn object(&self) -> Object {
        let mut customer = Object::new();
        for (name, Stamped(value, _)) in &self.customer.traits {
            if let Some(value) = variable(value) {
                customer.insert(name.clone().into(), value);
            }
        }
        let said =
            self.event.iter().filter_map(|(name, value)| Some((name.clone().into(), variable(value)?)));
        let event: Object = said.collect();
        let mut links = Object::new();
        for (name, url) in &self.links {
            links.insert(name.clone().into(), Variable::scalar(url.clone()));
        }
        let mut object = Object::new();
        object.insert("customer".into(), Variable::Object(customer));
        object.insert("event".into(), Variable::Object(event));
        object.insert("links".into(), Variable::Object(links));
        object.insert("optout".into(), Variable::scalar(self.optout.clone()));
        object.insert("sender".into(), Variable::scalar(self.sender.to_owned()));
        object.extend(filters::zone_variable(self.zone).map(|(name, zone)| (name.into(), zone)));
        object
    }
}

/// Liquid draws the place on several lines: its line and column within the text, and what was expected there.
fn plain(error: &str) -> String {
    let after = |mark: &str| error.lines().find_map(|line| line.trim_start().strip_prefix(mark));
    let first = error.lines().next().unwrap_or(error);
    let message = first.strip_prefix("liquid: ").unwrap_or(first).trim();
    if let (Some(place), Some(expected)) = (message.strip_prefix(PLACE), after("= ")) {
        return format!(
            "the text is broken at its {place}: {expected}; variables are written {{{{ customer.name }}}}"
        );
    }
    match (message, after("requested filter=")) {
        ("Unknown filter", Some(filter)) => {
            unknown_filter(filter, after("available filters=").unwrap_or_default())
        }
        (message, _) => message.to_owned(),
    }
}

/// What Liquid writes before a place.
const PLACE: &str = "--> ";

/// What is wrong with the filters of an `{% assign … %}`, of which Liquid says no more than that something is.
fn assigned(parser: &Parser, source: &str) -> Option<String> {
    pieces(source).into_iter().find_map(|piece| {
        let Piece::Block(tag) = piece else { return None };
        let (_, chain) = tag.trim_start().strip_prefix("assign")?.split_once('=')?;
        let wrong = plain(&parser.parse(&format!("{{{{{chain}}}}}")).err()?.to_string());
        wrong.contains("filter `").then_some(wrong)
    })
}

/// The filter that was meant, or ours: all that there are would be some fifty.
fn unknown_filter(filter: &str, known: &str) -> String {
    let known: Vec<&str> = known.split(", ").collect();
    if nearest(filter, known.iter().copied()).is_some() {
        return check::unknown("filter", filter, &known);
    }
    let ours = Japanese::ALL.map(Japanese::called).join(", ");
    format!("there is no filter `{filter}`; there are {ours}, and beside them those of Liquid")
}

fn variable(value: &Value) -> Option<Variable> {
    match value {
        Value::Absent => None,
        Value::Boolean(value) => Some(Variable::scalar(*value)),
        Value::Integer(value) => Some(Variable::scalar(*value)),
        Value::Number(value) => Some(Variable::scalar(*value)),
        Value::Text(value) => Some(Variable::scalar(value.clone())),
        Value::List(values) => Some(Variable::Array(values.iter().cloned().map(Variable::scalar).collect())),
    }
}

/// Words with dots between them, each with what follows it; what stands in quotes is no word.
fn paths(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some(first) = rest.chars().next() {
        if first == '\'' || first == '"' {
            rest = rest[1..].split_once(first).map_or("", |(_, after)| after);
            continue;
        }
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        if end == 0 {
            rest = &rest[first.len_utf8()..];
        } else {
            found.push((rest[..end].trim_matches('.'), &rest[end..]));
            rest = &rest[end..];
        }
    }
    found
}

/// Whether a character is part of a path.
fn part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::names::CustomerId;
    use crate::time::Timestamp;

    fn render(text: &str, traits: &[(&str, &str)]) -> Result<String, MissingValue> {
        let mut customer = Customer::new(CustomerId::parse("1").unwrap());
        let traits: BTreeMap<String, Value> = traits
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        customer.identify(&traits, Timestamp::default());
        let links = vec![("shop".to_owned(), "https://s.example/1".to_owned())];
        let variables = Variables {
            customer: &customer,
            event: &Properties::new(),
            links,
            optout: "https://s.example/o".to_owned(),
            sender: "つなぎ商店",
            zone: &TimeZone::UTC,
        };
        Text::parse(text).unwrap().render(&variables.object())
    }

    #[test]
    fn a_trait_that_is_not_known_needs_another_word() {
        let text = "{{ customer.city | default: '全国' }}の{{ customer.name | default: 'お客さま' }}様";
        assert_eq!(render(text, &[]), Ok("全国のお客さま様".to_owned()));
        assert_eq!(render(text, &[("city", "京都"), ("name", "花")]), Ok("京都の花様".to_owned()));
        assert_eq!(render("{{ customer.name }}様", &[]), Err(MissingValue));
        let polite = "{{ customer.name | default: 'お客さま' | sama }}";
        assert_eq!(render(polite, &[]), Ok("お客さま".to_owned()));
        assert_eq!(render(polite, &[("name", "花")]), Ok("花様".to_owned()));
        assert_eq!(render("{{ customer.name | sama }}", &[]), Err(MissingValue));
        assert_eq!(
            render("{{ customer.at | date_ja }}", &[("at", "2026-01-01T23:00:00-02:00")]),
            Ok("1月2日(金)".to_owned())
        );
        assert_eq!(
            render("{% if customer.name %}{{ customer.name }}様{% endif %} {{ links.shop }}", &[]),
            Ok(" https://s.example/1".to_owned())
        );
    }

    #[test]
    fn variables_are_what_stands_in_tags() {
        let text = Text::parse("the sender, https://links.example.jp/x {{ links.shop }} {{ 'links.no' }} {% if optout %}{% endif %}").unwrap();
        assert!(!text.always_shows("sender"));
        assert_eq!(text.links().collect::<Vec<_>>(), ["shop"]);
    }

    #[test]
    fn what_a_block_can_leave_out_is_not_always_there() {
        let text = Text::parse("a {{ sender }}{%- if customer.vip -%} b {% for x in y %}c{% endfor %} {{ optout }}{% endif %} d{% comment %}e{% endcomment %}").unwrap();
        assert!(text.always_shows("sender") && !text.always_shows("optout"));
        assert_eq!(text.always_says().concat(), "a  d");
        assert!(Text::parse("{% if customer.vip %}a{% endif %}{{ optout }}").unwrap().always_shows("optout"));
    }
}
