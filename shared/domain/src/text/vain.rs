//! What of a text can be written and nobody would ever read: whoever is to get it would be left out, or be shown something
//! else than was meant.

use std::collections::BTreeSet;

use super::asked::{asked, filters};
use super::pieces::{Tag, tags};
use super::spoken::{GIVEN, Spoken};
use super::variables::OF_A_STEP;
use super::wording::LANGUAGE;
use crate::customer::TIME_ZONE;

/// Traits that are one text, whatever a shop keeps beside them.
const ONE_TEXT: [&str; 7] = ["birthday", "email", "id", LANGUAGE, "name", "phone", TIME_ZONE];

/// What can be asked of a list.
const OF_A_LIST: [&str; 3] = ["first", "last", "size"];

/// Everything of the kind, each with what would be right.
pub(super) fn vain(source: &str, spoken: &Spoken) -> Vec<String> {
    let mut reader =
        Reader { spoken, set: BTreeSet::new(), loops: Vec::new(), comments: 0, found: Vec::new() };
    for tag in tags(source) {
        reader.tag(&tag);
    }
    reader.found
}

/// Goes through a text from its beginning.
struct Reader<'a> {
    spoken: &'a Spoken,
    /// The names that were set so far, but for those of loops.
    set: BTreeSet<&'a str>,
    /// What the open loops call what they go through.
    loops: Vec<&'a str>,
    comments: usize,
    found: Vec<String>,
}

impl<'a> Reader<'a> {
    fn tag(&mut self, tag: &Tag<'a>) {
        self.variables(tag);
        self.found.extend(filters(tag.asks).filter(|filter| divides_by_zero(*filter)).map(|(name, _)| {
            format!("nothing can be divided by 0; write another number than 0 after `{name}`")
        }));
        match tag.name {
            "include" | "render" => {
                self.say(format!(
                    "there is no other text for `{{% {} %}}` to take in; write its words here",
                    tag.name
                ));
            }
            "tablerow" => self.say("`{% tablerow %}` is not for messages; use `{% for %}`".to_owned()),
            "cycle" if tag.asks.trim_end().ends_with(':') => {
                self.say("`{% cycle %}` goes through nothing; write values after its `:`".to_owned());
            }
            "break" | "continue" if self.loops.is_empty() => self.say(format!(
                "`{{% {} %}}` outside of `{{% for %}}` cuts the text off; take it out",
                tag.name
            )),
            "comment" => self.comments += 1,
            "endcomment" if self.comments == 0 => {
                self.say("there is an `{% endcomment %}` too many; take it out".to_owned());
            }
            "endcomment" => self.comments -= 1,
            "for" => self.loops.push(tag.sets.unwrap_or_default()),
            "endfor" => {
                self.loops.pop();
            }
            _ => {}
        }
        let Some(name) = tag.sets else { return };
        if GIVEN.contains(&name) {
            self.say(format!(
                "`{name}` is what every text is given; call what this text sets by another name"
            ));
        }
        if !matches!(tag.name, "for" | "tablerow") {
            self.set.insert(name);
        }
    }

    fn say(&mut self, what: String) {
        if !self.found.contains(&what) {
            self.found.push(what);
        }
    }

    fn variables(&mut self, tag: &Tag<'a>) {
        for asked in asked(tag.asks) {
            let parts: Vec<&str> = asked.parts.iter().map(String::as_str).collect();
            let [root, ..] = parts.as_slice() else { continue };
            if self.spoken.sets(root) {
                if tag.evaluates() {
                    self.own(root);
                }
            } else if let Some(what) = nowhere(&parts) {
                self.say(what);
            } else if parts.len() == 1 && !asked.goes_on && tag.evaluates() {
                self.found.extend(all_of_them(root));
            }
        }
    }

    /// A variable that the text sets itself. Within a loop, an earlier turn may have set it.
    fn own(&mut self, name: &str) {
        let is_of_loops =
            matches!(name, "forloop" | "tablerow" | "tablerowloop") || self.loops.contains(&name);
        if self.set.contains(name) || (!self.loops.is_empty() && (is_of_loops || self.spoken.assigns(name))) {
            return;
        }
        self.say(if self.spoken.assigns(name) {
            format!("`{name}` is shown before it is set; set it before")
        } else {
            format!("`{name}` is there only within its `{{% for %}}`; move it before `{{% endfor %}}`")
        });
    }
}

/// What is wrong with a way into what every text is given, if it goes on where nothing can be.
fn nowhere(parts: &[&str]) -> Option<String> {
    let (value, below) = match parts {
        ["sender" | "optout", ..] => parts.split_at(1),
        ["forms" | "links" | "shop" | "customer" | "event", _, ..] => parts.split_at(2),
        ["steps", _, told, ..] if OF_A_STEP.contains(told) => parts.split_at(3),
        _ => return None,
    };
    let may_be_list = match value {
        ["customer", name] => !ONE_TEXT.contains(name),
        ["event", _] => true,
        _ => false,
    };
    let is_index = |name: &str| name.parse::<i64>().is_ok() || matches!(name, "first" | "last");
    let right = match below {
        [] | ["size"] => true,
        [index] | [index, "size"] => may_be_list && is_index(index),
        _ => false,
    };
    if right {
        return None;
    }
    let (all, said) = (parts.join("."), value.join("."));
    Some(if may_be_list {
        let (list, root, name) =
            (OF_A_LIST.map(|of| format!("`.{of}`")).join(", "), parts[0], parts[1..].join("."));
        format!(
            "`{all}` leads nowhere: `{said}` is one value, or a list of which there are {list}; write {{{{ {said} }}}}, \
             or, if its name has a point, {{{{ {root}['{name}'] }}}}"
        )
    } else {
        format!("`{all}` leads nowhere: `{said}` is one value; write {{{{ {said} }}}}")
    })
}

/// What is wrong with showing something that every text is given as a whole.
fn all_of_them(root: &str) -> Option<String> {
    let one = match root {
        "customer" => "customer.name",
        "event" => "event.order_id",
        "links" => "links.shop",
        "shop" => "shop.phone",
        _ => return None,
    };
    Some(format!("`{root}` is all of them; name one, as in {{{{ {one} }}}}"))
}

/// Whether a filter divides by a 0 that stands there.
fn divides_by_zero((name, arguments): (&str, &str)) -> bool {
    let by = arguments.trim_start().strip_prefix(':').map(|by| by.trim().trim_matches(['\'', '"', '+', '-']));
    matches!(name, "divided_by" | "modulo")
        && by.is_some_and(|by| by.contains('0') && by.chars().all(|c| matches!(c, '0' | '.')))
}

#[cfg(test)]
mod tests {
    use crate::text::Text;

    fn vain(source: &str) -> Vec<String> {
        Text::parse(source).unwrap().vain()
    }

    #[test]
    fn ways_that_lead_nowhere() {
        for source in [
            "{{ sender.name }}",
            "{{ optout.url }}",
            "{{ links.shop.url }}",
            "{{ shop.name.kana }}",
            "{{ steps.one.sent_at.day }}",
            "{{ steps.one.reply.x | default: 'a' }}",
            "{{ customer.id.x }}",
            "{{ customer.name.first | default: 'x' }}",
            "{{ customer.pets.x }}",
            "{{ customer.pets[0].name }}",
            "{{ event.products.category }}",
            "{% if customer.rank.gold %}x{% endif %}",
            "{{ customer | sama }}",
            "{{ 'x' | append: customer }}",
            "{{ event }}",
            "{{ links }}",
            "{{ shop }}",
            "{% assign c = customer %}{{ c.name }}",
        ] {
            assert_eq!(vain(source).len(), 1, "{source}");
        }
        assert_eq!(
            vain("{{ event.products.category }}"),
            [
                "`event.products.category` leads nowhere: `event.products` is one value, or a list of which there are `.first`, `.last`, \
              `.size`; write {{ event.products }}, or, if its name has a point, {{ event['products.category'] }}"
            ]
        );
        assert_eq!(
            vain("{{ sender.name }}"),
            ["`sender.name` leads nowhere: `sender` is one value; write {{ sender }}"]
        );
    }

    #[test]
    fn tags_that_nobody_could_read() {
        for source in [
            "{% include 'footer' %}",
            "{% render 'footer' %}",
            "{% tablerow x in customer.a %}x{% endtablerow %}",
            "{% cycle name: %}",
            "{{ a }}{% assign a = 1 %}",
            "{% assign a = a | plus: 1 %}",
            "{% if customer.vip %}{{ a }}{% endif %}{% capture a %}x{% endcapture %}",
            "{% for pet in customer.pets %}{% endfor %}{{ pet }}",
            "{% for pet in customer.pets %}{% endfor %}{{ forloop.index }}",
            "{{ 1 | divided_by: 0 }}",
            "{{ customer.points | modulo: '0.0' | plus: 1 }}",
            "{% assign sender = 'x' %}",
            "{% capture optout %}x{% endcapture %}",
            "{% for customer in event.a %}{% endfor %}",
            "{% increment links %}",
            "a{% break %}b",
            "{% if customer.vip %}{% continue %}{% endif %}b",
        ] {
            assert_eq!(vain(source).len(), 1, "{source}: {:?}", vain(source));
        }
    }

    #[test]
    fn what_can_be_read() {
        for source in [
            "{{ customer.pets.first }}{{ customer.pets[0].size }}{{ customer.pets.size }}{{ customer['a.b'] }}{{ event.a.last }}",
            "{{ customer[event.kind] }}{{ customer.name.size }}{{ sender }}{{ shop.phone }}{{ steps.one.sent_at | date_ja }}",
            "{% for pet in customer.pets %}{% if seen %}、{{ seen }}{% endif %}{{ pet }}{{ forloop.index }}{% assign seen = pet %}{% if forloop.last %}{% break %}{% endif %}{% endfor %}{{ seen }}",
            "{% for link in links %}{{ link }}{% endfor %}{% cycle 'a', 'b' %}",
            "{{ customer.points | divided_by: 10 | modulo: 0.5 }}{{ '| divided_by: 0' }}",
            "{% if customer %}{% if customer.vip == true %}x{% endif %}{% endif %}",
            "{% comment %}{{ customer }}{% include 'x' %}{% endcomment %}{% raw %}{% break %}{% endraw %}",
        ] {
            assert_eq!(vain(source), [""; 0], "{source}");
        }
    }
}
