//! Values that are read from a place of their own.
//!
//! Liquid fails at a variable that is not there before its `default` is asked. So what has another word is read, in the
//! template that is rendered, from a variable beside all others, in which nothing stands for what is not known: there
//! only, and not where the same variable stands without a word for it. What is called `size` is read there, too: where a
//! trait of that name is missing, Liquid would say how many traits there are.

use std::fmt::Write as _;

use liquid::model::{Object, ScalarCow, Value, ValueCow, try_find};

use super::asked::asked;
use super::pieces::{offset, tags};
use super::spoken::{GIVEN, Spoken, depth};

/// What the variable is called, or begins with.
const CALLED: &str = "elsewhere";

/// What is read from the variable beside all others.
pub(super) struct Elsewhere {
    /// What the variable is called: a name that does not stand in the text.
    name: String,
    reads: Vec<Read>,
}

struct Read {
    parts: Vec<String>,
    replaced: bool,
}

impl Elsewhere {
    /// The text that reads from there, and what; none where nothing is.
    pub(super) fn of(source: &str, spoken: &Spoken) -> Option<(String, Self)> {
        let mut name = CALLED.to_owned();
        while source.contains(&name) {
            name.push('_');
        }
        let mut written = String::new();
        let mut until = 0;
        let mut reads = Vec::new();
        for tag in tags(source) {
            let begins = offset(source, tag.asks);
            for asked in asked(tag.asks) {
                let of = depth(&asked.parts);
                let root = asked.parts.first().map_or("", String::as_str);
                let is_given = GIVEN.contains(&root) && !spoken.sets(root);
                let is_size = asked.parts.get(of - 1).is_some_and(|last| last == "size");
                if is_given && asked.parts.len() >= of && (asked.replaced || is_size) {
                    written.push_str(source.get(until..begins + asked.place.start)?);
                    let _ = write!(written, "{name}.v{}", reads.len());
                    until = begins + asked.place.end;
                    reads.push(Read { parts: asked.parts, replaced: asked.replaced });
                }
            }
        }
        written.push_str(source.get(until..)?);
        (!reads.is_empty()).then_some((written, Self { name, reads }))
    }

    /// The variables with that one beside them.
    pub(super) fn beside(&self, variables: &Object) -> Object {
        let read = |(index, read): (usize, &Read)| {
            let found = find(variables, &read.parts);
            let found = found.or_else(|| read.replaced.then_some(Value::Nil))?;
            Some((format!("v{index}").into(), found))
        };
        let read: Object = self.reads.iter().enumerate().filter_map(read).collect();
        let mut variables = variables.clone();
        variables.insert(self.name.clone().into(), Value::Object(read));
        variables
    }
}

/// What stands where a path leads.
fn find(variables: &Object, parts: &[String]) -> Option<Value> {
    let (value, below) = parts.split_at_checked(depth(parts))?;
    let (last, way) = value.split_last()?;
    let object = way.iter().try_fold(variables, |object, name| match object.get(name.as_str()) {
        Some(Value::Object(inner)) => Some(inner),
        Some(_) | None => None,
    })?;
    let below: Vec<ScalarCow<'_>> = below.iter().map(|name| ScalarCow::new(name.as_str())).collect();
    try_find(object.get(last.as_str())?.as_view(), &below).map(ValueCow::into_owned)
}

#[cfg(test)]
mod tests {
    use crate::text::{MissingValue, Text};
    use liquid::model::{Object, Value};

    /// What a customer of whom nothing is known reads, and one called 花 who is interested in shoes and hats.
    fn read(text: &str) -> [Result<String, MissingValue>; 2] {
        let list = Value::Array(vec![Value::scalar("shoes"), Value::scalar("hats")]);
        let traits = [
            ("name", Value::scalar("花")),
            ("interests", list),
            ("first-name", Value::scalar("花")),
            ("会員 ランク", Value::scalar("金")),
            ("size", Value::scalar("M")),
        ];
        let text = Text::parse(text).unwrap();
        let traits = traits.map(|(name, value)| (name.into(), value));
        [Object::new(), Object::from_iter(traits)].map(|traits| {
            let given = ["customer", "event"].map(|name| (name.into(), Value::Object(traits.clone())));
            text.render(&Object::from_iter(given))
        })
    }

    fn reads(text: &str, nothing: &str, all: &str) {
        assert_eq!(read(text), [Ok(nothing.to_owned()), Ok(all.to_owned())], "{text}");
    }

    /// Whoever lacks the value is left out, and the other reads it.
    fn leaves_out(text: &str, all: &str) {
        assert_eq!(read(text), [Err(MissingValue), Ok(all.to_owned())], "{text}");
    }

    #[test]
    fn another_word_stands_where_it_is_written() {
        reads("{{ customer.name | default: 'お客さま' | sama }}、", "お客さま、", "花様、");
        leaves_out(
            "{{ customer.name | default: 'お客さま' | sama }}、{{ customer.name }}様のご予約です",
            "花様、花様のご予約です",
        );
        leaves_out("{{ customer.name }}様 {{ customer.name | default: 'お客さま' }}", "花様 花");
        leaves_out("{{ 'a' | append: customer.name | default: 'b' }}", "a花");
        reads("{{ customer.nick | default: customer.name | default: 'x' }}", "x", "花");
        leaves_out("{{ customer.nick | default: customer.name }}", "花");
        reads("{% assign who = customer.name | default: 'x' %}{{ who }}", "x", "花");
    }

    #[test]
    fn within_blocks() {
        reads("{% if customer.name %}{{ customer.name }}{% else %}x{% endif %}", "x", "花");
        reads(
            "{% if customer.name %}{{ customer.name }}様{% endif %}{{ customer.name | default: 'x' }}",
            "x",
            "花様花",
        );
        reads("{% for n in (1..2) %}{{ customer.name | default: n }}{% endfor %}", "12", "花花");
        leaves_out(
            "{% for n in (1..2) %}{{ customer.name | default: n }}{{ customer.name }}{% endfor %}",
            "花花花花",
        );
        reads(
            "{% raw %}{{ customer.name | default: 'x' }}{% endraw %}",
            "{{ customer.name | default: 'x' }}",
            "{{ customer.name | default: 'x' }}",
        );
        reads("{% comment %}{{ customer.name | default: 'x' }}{% endcomment %}", "", "");
    }

    #[test]
    fn however_the_path_is_written() {
        reads("{{ customer['会員 ランク'] | default: '一般' }}", "一般", "金");
        reads("{{-customer.first-name|default:'x'-}}", "x", "花");
        reads("{{ event[ \"name\" ] | default: 'x' }}", "x", "花");
        reads(
            "{{ customer.interests.first | default: 'x' }} {{ customer.interests[1] | default: 'y' }}",
            "x y",
            "shoes hats",
        );
        reads(
            "{{ elsewhere }}{{ customer.name | default: 'x' }}"
                .replace("{{ elsewhere }}", "elsewhere")
                .as_str(),
            "elsewherex",
            "elsewhere花",
        );
    }

    #[test]
    fn a_size_is_no_count() {
        leaves_out("{{ customer.size }}", "M");
        reads("{{ customer.size | default: 'F' }}", "F", "M");
        reads("{% if event.size %}{{ event.size }}{% else %}F{% endif %}", "F", "M");
    }

    #[test]
    fn what_the_text_sets_itself_is_read_where_it_is() {
        reads("{% assign event = 'x' %}{{ event.size | default: 'y' }}", "1", "1");
    }

    #[test]
    fn in_html_the_value_is_words() {
        let text = Text::parse("<b>{{ customer.name | default: '<i>you</i>' }}</b>").unwrap();
        let html =
            |traits| text.render_html(&Object::from_iter([("customer".into(), Value::Object(traits))]));
        assert_eq!(html(Object::new()).unwrap(), "<b><i>you</i></b>");
        let named = Object::from_iter([("name".into(), Value::scalar("<a>"))]);
        assert_eq!(html(named).unwrap(), "<b>&lt;a&gt;</b>");
    }
}
