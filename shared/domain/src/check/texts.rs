//! The texts of messages: what they speak of is there.

use std::collections::BTreeSet;

use super::{Builder, unknown};
use crate::contact::Email;
use crate::definition::{FromSource, Links, Mistake};
use crate::journey::{From, MessageStep, Step, WebhookStep};
use crate::names::StepName;
use crate::spelling::nearest;
use crate::text::{FORMS, OF_A_STEP, Path, Spoken, Text, Wording};
use crate::words::Words;

/// What is said of a property where no event begins the journey.
const NO_EVENT: &str = "this journey begins with no event";

/// What is said of a link that no text uses.
const UNUSED: &str = "is used by no text";

/// What else than the place of a mistake in a text it may come from, as a path.
pub(super) fn follows_from(mistake: &Mistake) -> Option<&str> {
    if mistake.what.starts_with(NO_EVENT) {
        return Some("enter");
    }
    let (message, _) = mistake.place.rsplit_once(".links.")?;
    mistake.what.contains(UNUSED).then_some(message)
}

/// An earlier step of which a text speaks; which steps come before is known when all are there.
pub(super) struct AskedStep {
    place: String,
    /// The position of the step with the text.
    here: usize,
    path: Path,
}

impl Builder {
    /// What texts ask of steps that are not there or not earlier, and what no step tells.
    pub(super) fn asked_steps(&mut self) {
        for asked in std::mem::take(&mut self.asked_steps) {
            if let Some(what) = self.wrong_step(&asked) {
                self.refuse(&asked.place, &what);
            }
        }
    }

    fn wrong_step(&self, asked: &AskedStep) -> Option<String> {
        let parts: Vec<&str> = asked.path.parts.iter().map(String::as_str).collect();
        let [_, step, told @ ..] = parts.as_slice() else {
            return Some(
                "`steps` is all of them; name one, and what of it, as in {{ steps.hello.reply }}".to_owned(),
            );
        };
        let before = leading_to(&self.steps, asked.here);
        let earlier = |name: &StepName| self.named.get(name).is_some_and(|at| before.contains(at));
        if !StepName::parse(step).is_ok_and(|name| earlier(&name)) {
            let known: Vec<&str> =
                self.named.keys().filter(|name| earlier(name)).map(StepName::as_str).collect();
            return Some(match StepName::parse(step) {
                Ok(name) if self.webhooks.contains(&name) => {
                    format!("`{name}` is a webhook, of which nothing is known; name a message")
                }
                Ok(name) if self.named.contains_key(&name) => format!(
                    "`{name}` is not an earlier step: nobody comes here by way of it; {}",
                    if known.is_empty() {
                        "no message comes before".to_owned()
                    } else {
                        format!("before come: {}", known.join(", "))
                    }
                ),
                Ok(_) | Err(_) => unknown("earlier step", step, &known),
            });
        }
        match told.first() {
            None => Some(format!(
                "say what of the step, as in {{{{ steps.{step}.reply }}}}; there are: {}",
                OF_A_STEP.join(", ")
            )),
            Some(told) => (!OF_A_STEP.contains(told)).then(|| unknown("value of a step", told, &OF_A_STEP)),
        }
    }
}

/// The positions from which a way leads to a step. Steps lead forwards only.
fn leading_to(steps: &[Step], here: usize) -> BTreeSet<usize> {
    let mut leading = BTreeSet::from([here]);
    for (at, step) in steps.iter().enumerate().take(here).rev() {
        if ways_on(step).iter().any(|next| leading.contains(next)) {
            leading.insert(at);
        }
    }
    leading.remove(&here);
    leading
}

/// The texts of one message on their way from words to what can be rendered.
pub(super) struct Wordings<'a> {
    builder: &'a mut Builder,
    links: &'a Links,
    place: &'a str,
    /// The links that the texts ask for, whether they are there or not.
    asked_links: BTreeSet<String>,
    /// Whether any link may be used: a text goes through all of them, or can't be read.
    any_link: bool,
}

impl<'a> Wordings<'a> {
    pub(super) const fn new(builder: &'a mut Builder, links: &'a Links, place: &'a str) -> Self {
        Self { builder, links, place, asked_links: BTreeSet::new(), any_link: false }
    }

    /// The text in each language that there is; none with a mistake.
    pub(super) fn take(&mut self, words: &Words, part: &str) -> Option<Wording> {
        let (text, english) = match words {
            Words::Same(text) => (self.text(text, part), None),
            Words::Each(each) if each.en.is_empty() => (self.text(&each.ja, &format!("{part}.ja")), None),
            Words::Each(each) if each.ja.is_empty() => (self.text(&each.en, &format!("{part}.en")), None),
            Words::Each(each) => {
                let english = self.text(&each.en, &format!("{part}.en"));
                let text = self.text(&each.ja, &format!("{part}.ja"));
                (text.filter(|_| english.is_some()), english)
            }
        };
        Some(Wording { text: text?, english })
    }

    pub(super) fn from(&mut self, source: &FromSource) -> Option<From> {
        let name = self.text(&source.name, "from.name");
        let reply_to = source.reply_to.as_ref().and_then(|text| self.text(text, "from.reply_to"));
        Some(From { name: name?, reply_to })
    }

    /// To whom a notice goes.
    pub(super) fn to(&mut self, source: &str) -> Option<Text> {
        let text = self.text(source, "to")?;
        if text.is_fixed()
            && let Err(error) = Email::parse(source)
        {
            let what =
                format!("`{source}` is {error}, or as a variable such as {{{{ customer.sales_email }}}}");
            self.builder.refuse(&format!("{}.to", self.place), &what);
        }
        Some(text)
    }

    fn text(&mut self, source: &str, part: &str) -> Option<Text> {
        let place = format!("{}.{part}", self.place);
        if source.trim().is_empty() {
            self.builder.wrong(&place, "the text is empty");
            self.any_link = true;
            return None;
        }
        match Text::parse(source) {
            Ok(text) => {
                self.spoken(text.spoken(), &place);
                text.vain().iter().for_each(|what| self.builder.refuse(&place, what));
                Some(text)
            }
            Err(broken) => {
                broken.what.iter().for_each(|what| self.builder.wrong(&place, what));
                match &broken.spoken {
                    Some(spoken) => self.spoken(spoken, &place),
                    None => self.any_link = true,
                }
                None
            }
        }
    }

    fn spoken(&mut self, spoken: &Spoken, place: &str) {
        for link in spoken.links().collect::<BTreeSet<_>>() {
            if !self.links.contains_key(link) {
                let known: Vec<&str> = self.links.keys().map(String::as_str).collect();
                self.builder.wrong(place, &unknown("link", link, &known));
            }
            self.asked_links.insert(link.to_owned());
        }
        self.any_link |= spoken.any_link();
        self.variables(spoken, place);
        let here = self.builder.steps.len();
        let steps = spoken.of_given("steps");
        let steps = steps.map(|path| AskedStep { place: place.to_owned(), here, path: path.clone() });
        self.builder.asked_steps.extend(steps);
    }

    /// Variables that nothing gives: whoever gets the text would be skipped for it, or shown the default.
    fn variables(&mut self, spoken: &Spoken, place: &str) {
        let known: Vec<&str> = spoken.known().into_iter().collect();
        for name in spoken.strangers() {
            self.builder.refuse(place, &unknown("variable", name, &known));
        }
        for form in spoken.of_given("forms") {
            match form.parts.get(1) {
                None => self.builder.refuse(place, "`forms` is all of them; name one: {{ forms.email }}"),
                Some(name) if !FORMS.contains(&name.as_str()) => {
                    self.builder.refuse(place, &unknown("form", name, &FORMS));
                }
                Some(_) => {}
            }
        }
        if self.builder.begins_with_event {
            return;
        }
        for property in spoken.event_needed() {
            let what = format!(
                "{NO_EVENT}, so that whoever is not enrolled by a request that says `{property}` would be left out; write \
                 another word for it, {{{{ event.{property} | default: '…' }}}}, or begin with `enter: {{ event: … }}`"
            );
            self.builder.refuse(place, &what);
        }
    }

    /// Links that no text uses. One that is near to another that is asked for and not there was meant by it.
    pub(super) fn unused_links(&mut self) {
        if self.any_link {
            return;
        }
        for link in self.links.keys().filter(|link| !self.asked_links.contains(*link)) {
            let strangers = self.asked_links.iter().filter(|asked| !self.links.contains_key(*asked));
            if nearest(link, strangers.map(String::as_str)).is_none() {
                let what = format!(
                    "the link `{link}` {UNUSED}; write {{{{ links.{link} }}}} in one, or take it out"
                );
                self.builder.refuse(&format!("{}.links.{link}", self.place), &what);
            }
        }
    }
}

/// The steps at which one may go on.
fn ways_on(step: &Step) -> Vec<usize> {
    let ways = match step {
        Step::Message(MessageStep { next, .. })
        | Step::Wait { next, .. }
        | Step::Audience { next, .. }
        | Step::Set { next, .. }
        | Step::Webhook(WebhookStep { next, .. })
        | Step::Card { next, .. } => vec![*next],
        Step::Listen { then, otherwise, .. } => vec![*then, *otherwise],
        Step::Branch { ways, otherwise } => ways.iter().map(|way| way.next).chain([*otherwise]).collect(),
        Step::Split { ways } => ways.iter().map(|way| way.next).collect(),
        Step::Exit => Vec::new(),
    };
    ways.into_iter().flatten().collect()
}
