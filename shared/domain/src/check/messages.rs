//! Steps that send a message.

use std::collections::BTreeSet;

use super::{Builder, advertisement, unknown};
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::definition::{EmailSource, FromSource, Links, Mistake, NotifySource, SmsSource};
use crate::journey::{From, MessageStep, Step};
use crate::names::StepName;
use crate::text::Text;

impl Builder {
    pub(super) fn sms(&mut self, sms: &SmsSource, place: &str) {
        let texts = Texts { text: &sms.text, ..Texts::default() };
        self.message(&sms.name, Channel::Sms, &texts, &sms.links, place);
    }

    pub(super) fn email(&mut self, email: &EmailSource, place: &str) {
        let texts = Texts {
            subject: Some(&email.subject),
            text: &email.text,
            html: email.html.as_deref(),
            from: email.from.as_ref(),
            to: None,
        };
        self.message(&email.name, Channel::Email, &texts, &email.links, place);
    }

    pub(super) fn notify(&mut self, notice: &NotifySource, place: &str) {
        let texts = Texts {
            subject: Some(&notice.subject),
            text: &notice.text,
            to: Some(&notice.to),
            ..Texts::default()
        };
        self.message(&notice.name, Channel::Email, &texts, &Links::new(), place);
    }

    fn message(&mut self, name: &StepName, channel: Channel, texts: &Texts<'_>, links: &Links, place: &str) {
        if self.named.insert(name.clone(), self.steps.len()).is_some() {
            let place = format!("{place}.name");
            self.wrong(&place, &format!("the name `{name}` is taken by an earlier step; choose another"));
        }
        let subject = texts.subject.and_then(|text| self.text(text, &format!("{place}.subject")));
        let html = texts.html.and_then(|text| self.text(text, &format!("{place}.html")));
        let to = texts.to.and_then(|text| self.text(text, &format!("{place}.to")));
        let from = texts.from.and_then(|from| self.from(from, &format!("{place}.from")));
        let Some(text) = self.text(texts.text, &format!("{place}.text")) else { return };
        if to.is_none() {
            self.advertisement(channel, Some(&text), &format!("{place}.text"));
            self.advertisement(channel, html.as_ref(), &format!("{place}.html"));
        }
        let reply_to = from.as_ref().and_then(|from| from.reply_to.as_ref());
        for (part, text) in [
            ("to", to.as_ref()),
            ("from.name", from.as_ref().map(|from| &from.name)),
            ("from.reply_to", reply_to),
        ] {
            self.variables(text, &format!("{place}.{part}"));
        }
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
        for (part, text) in [("subject", subject.as_ref()), ("text", Some(&text)), ("html", html.as_ref())] {
            self.variables(text, &format!("{place}.{part}"));
            for link in text.into_iter().flat_map(Text::links).collect::<BTreeSet<_>>() {
                if !links.contains_key(link) {
                    let known: Vec<&str> = links.keys().map(String::as_str).collect();
                    self.wrong(&format!("{place}.{part}"), &unknown("link", link, &known));
                }
            }
        }
        let links = links.iter().map(|(name, url)| (name.clone(), url.clone())).collect();
        self.steps.push(Step::Message(MessageStep {
            name: name.clone(),
            channel,
            to,
            from,
            subject,
            text,
            html,
            links,
            next: None,
        }));
    }

    fn from(&mut self, source: &FromSource, place: &str) -> Option<From> {
        let name = self.text(&source.name, &format!("{place}.name"))?;
        let reply_to = source.reply_to.as_ref();
        Some(From { name, reply_to: reply_to.and_then(|text| self.text(text, &format!("{place}.reply_to"))) })
    }

    fn text(&mut self, source: &str, place: &str) -> Option<Text> {
        if source.trim().is_empty() {
            self.wrong(place, "the text is empty");
            return None;
        }
        Text::parse(source).map_err(|what| self.wrong(place, &what)).ok()
    }

    /// Variables that nothing gives: whoever gets the text would be skipped for it, or shown the default.
    fn variables(&mut self, text: Option<&Text>, place: &str) {
        let Some(names) = text.map(Text::names) else { return };
        let known: Vec<&str> = names.known.iter().copied().collect();
        let strangers = names.asked.difference(&names.known);
        let mistake =
            |name: &&str| Mistake { place: place.to_owned(), what: unknown("variable", name, &known) };
        self.refused.extend(strangers.map(mistake));
    }

    /// What the law asks of an advertisement, of each text that a person may be shown instead of the other.
    fn advertisement(&mut self, channel: Channel, text: Option<&Text>, place: &str) {
        let Some(text) = text else { return };
        match self.purpose {
            Purpose::Transactional => {}
            Purpose::Marketing => {
                let mistake = |what: &str| Mistake { place: place.to_owned(), what: what.to_owned() };
                self.refused.extend(advertisement::mistakes(channel, text).into_iter().map(mistake));
            }
        }
    }
}

/// The texts of a message as they are written.
#[derive(Default)]
struct Texts<'a> {
    subject: Option<&'a str>,
    text: &'a str,
    html: Option<&'a str>,
    to: Option<&'a str>,
    from: Option<&'a FromSource>,
}
