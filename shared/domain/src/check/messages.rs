//! Steps that send a message.

use std::collections::BTreeSet;

use super::{Builder, advertisement, unknown};
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::definition::{EmailSource, FromSource, Links, Mistake, NotifySource, SmsSource};
use crate::journey::{From, MessageStep, Step};
use crate::names::StepName;
use crate::text::{Text, Wording};
use crate::words::Words;

/// The most parts of an SMS: as many as Japanese routes take.
const PARTS_LIMIT: u32 = 10;

/// A message as it is written.
struct Written<'a> {
    name: &'a StepName,
    channel: Channel,
    to: Option<&'a str>,
    from: Option<&'a FromSource>,
    subject: Option<&'a Words>,
    text: &'a Words,
    shorter: &'a [Words],
    at_most_parts: Option<u32>,
    html: Option<&'a Words>,
    links: &'a Links,
}

impl Builder {
    pub(super) fn sms(&mut self, sms: &SmsSource, place: &str) {
        if sms.at_most_parts.is_some_and(|parts| !(1..=PARTS_LIMIT).contains(&parts)) {
            self.wrong(&format!("{place}.at_most_parts"), &format!("goes from 1 to {PARTS_LIMIT}"));
        }
        let written = Written {
            name: &sms.name,
            channel: Channel::Sms,
            to: None,
            from: None,
            subject: None,
            text: &sms.text,
            shorter: &sms.shorter,
            at_most_parts: sms.at_most_parts,
            html: None,
            links: &sms.links,
        };
        self.message(&written, place);
    }

    pub(super) fn email(&mut self, email: &EmailSource, place: &str) {
        let written = Written {
            name: &email.name,
            channel: Channel::Email,
            to: None,
            from: email.from.as_ref(),
            subject: Some(&email.subject),
            text: &email.text,
            shorter: &[],
            at_most_parts: None,
            html: email.html.as_ref(),
            links: &email.links,
        };
        self.message(&written, place);
    }

    pub(super) fn notify(&mut self, notice: &NotifySource, place: &str) {
        let written = Written {
            name: &notice.name,
            channel: Channel::Email,
            to: Some(&notice.to),
            from: None,
            subject: Some(&notice.subject),
            text: &notice.text,
            shorter: &[],
            at_most_parts: None,
            html: None,
            links: &Links::new(),
        };
        self.message(&written, place);
    }

    fn message(&mut self, written: &Written<'_>, place: &str) {
        let name = written.name;
        self.take_name(name, place);
        self.named.insert(name.clone(), self.steps.len());
        let mut wordings = Wordings { builder: self, links: written.links, place };
        let subject = written.subject.and_then(|words| wordings.take(words, "subject"));
        let html = written.html.and_then(|words| wordings.take(words, "html"));
        let to = written.to.and_then(|text| wordings.text(text, "to"));
        let from = written.from.and_then(|from| wordings.from(from));
        let shorter: Vec<Option<Wording>> = (0..)
            .zip(written.shorter)
            .map(|(index, words): (usize, _)| wordings.take(words, &format!("shorter[{index}]")))
            .collect();
        let Some(text) = wordings.take(written.text, "text") else { return };
        self.links(written.links, place);
        let shorter: Vec<Wording> = shorter.into_iter().flatten().collect();
        if to.is_none() {
            self.advertisement(written.channel, &text, &format!("{place}.text"));
            for (index, wording) in shorter.iter().enumerate() {
                self.advertisement(written.channel, wording, &format!("{place}.shorter[{index}]"));
            }
            if let Some(wording) = &html {
                self.advertisement(written.channel, wording, &format!("{place}.html"));
            }
        }
        self.steps.push(Step::Message(MessageStep {
            name: name.clone(),
            channel: written.channel,
            to,
            from,
            subject,
            text,
            shorter,
            at_most_parts: written.at_most_parts,
            html,
            links: written.links.iter().map(|(name, url)| (name.clone(), url.clone())).collect(),
            next: None,
        }));
    }

    fn links(&mut self, links: &Links, place: &str) {
        for (link, url) in links {
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                self.wrong(
                    &format!("{place}.links.{link}"),
                    &format!("`{url}` is no web address; begin it with https://"),
                );
            }
            if !link.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                self.wrong(&format!("{place}.links.{link}"), "a link's name is of a-z and _");
            }
        }
    }

    /// What the law asks of an advertisement, of each text that a person may be shown instead of the other.
    fn advertisement(&mut self, channel: Channel, wording: &Wording, place: &str) {
        match self.purpose {
            Purpose::Transactional => {}
            Purpose::Marketing => {
                for (below, text) in wording.texts() {
                    let mistake =
                        |what: &str| Mistake { place: format!("{place}{below}"), what: what.to_owned() };
                    self.refused.extend(advertisement::mistakes(channel, text).into_iter().map(mistake));
                }
            }
        }
    }
}

/// The texts of one message on their way from words to what can be rendered.
struct Wordings<'a> {
    builder: &'a mut Builder,
    links: &'a Links,
    place: &'a str,
}

impl Wordings<'_> {
    /// The text in each language that there is; none with a mistake.
    fn take(&mut self, words: &Words, part: &str) -> Option<Wording> {
        let (text, english) = match words {
            Words::Same(text) => (self.text(text, part), None),
            Words::Each(each) if each.en.is_empty() => (self.text(&each.ja, &format!("{part}.ja")), None),
            Words::Each(each) if each.ja.is_empty() => (self.text(&each.en, &format!("{part}.en")), None),
            Words::Each(each) => {
                let english = self.text(&each.en, &format!("{part}.en"))?;
                (self.text(&each.ja, &format!("{part}.ja")), Some(english))
            }
        };
        Some(Wording { text: text?, english })
    }

    fn from(&mut self, source: &FromSource) -> Option<From> {
        let name = self.text(&source.name, "from.name")?;
        let reply_to = source.reply_to.as_ref().and_then(|text| self.text(text, "from.reply_to"));
        Some(From { name, reply_to })
    }

    fn text(&mut self, source: &str, part: &str) -> Option<Text> {
        let place = format!("{}.{part}", self.place);
        if source.trim().is_empty() {
            self.builder.wrong(&place, "the text is empty");
            return None;
        }
        let text = Text::parse(source).map_err(|what| self.builder.wrong(&place, &what)).ok()?;
        self.variables(&text, &place);
        for link in text.links().collect::<BTreeSet<_>>() {
            if !self.links.contains_key(link) {
                let known: Vec<&str> = self.links.keys().map(String::as_str).collect();
                self.builder.wrong(&place, &unknown("link", link, &known));
            }
        }
        Some(text)
    }

    /// Variables that nothing gives: whoever gets the text would be skipped for it, or shown the default.
    fn variables(&mut self, text: &Text, place: &str) {
        let names = text.names();
        let known: Vec<&str> = names.known.iter().copied().collect();
        let strangers = names.asked.difference(&names.known);
        let mistake =
            |name: &&str| Mistake { place: place.to_owned(), what: unknown("variable", name, &known) };
        self.builder.refused.extend(strangers.map(mistake));
    }
}
