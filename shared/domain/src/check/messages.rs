//! Steps that send a message.

use super::texts::Wordings;
use super::{Builder, advertisement};
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::definition::{EmailSource, FromSource, LineSource, Links, Mistake, NotifySource, SmsSource};
use crate::journey::{MessageStep, Step, Until};
use crate::message::LINE_LIMIT;
use crate::names::StepName;
use crate::text::{CONFIRM, Wording};
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

    pub(super) fn line(&mut self, line: &LineSource, place: &str) {
        let written = Written {
            name: &line.name,
            channel: Channel::Line,
            to: None,
            from: None,
            subject: None,
            text: &line.text,
            shorter: &[],
            at_most_parts: None,
            html: None,
            links: &line.links,
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
        let mut wordings = Wordings::new(self, written.links, place);
        let subject = written.subject.and_then(|words| wordings.take(words, "subject"));
        let html = written.html.and_then(|words| wordings.take(words, "html"));
        let to = written.to.map(|text| wordings.to(text));
        let from = written.from.and_then(|from| wordings.from(from));
        let shorter: Vec<Option<Wording>> = (0..)
            .zip(written.shorter)
            .map(|(index, words): (usize, _)| wordings.take(words, &format!("shorter[{index}]")))
            .collect();
        let text = wordings.take(written.text, "text");
        wordings.unused_links();
        self.links(written.links, place);
        let shorter: Vec<Wording> = shorter.into_iter().flatten().collect();
        if to.is_none() {
            if let Some(wording) = &text {
                self.advertisement(written.channel, wording, &format!("{place}.text"));
            }
            for (index, wording) in shorter.iter().enumerate() {
                self.advertisement(written.channel, wording, &format!("{place}.shorter[{index}]"));
            }
            if let Some(wording) = &html {
                self.advertisement(written.channel, wording, &format!("{place}.html"));
            }
        }
        self.confirmation(written, [text.as_ref(), html.as_ref(), subject.as_ref()], &shorter, place);
        let Some(text) = text else {
            // A journey with a text that can't be read is refused; what comes after it keeps its place.
            self.steps.push(Step::Wait { until: Until::Length(0), next: None });
            return;
        };
        match written.channel {
            Channel::Line => self.fits_line(&text, &format!("{place}.text")),
            Channel::Sms | Channel::Email => {}
        }
        self.steps.push(Step::Message(MessageStep {
            name: name.clone(),
            channel: written.channel,
            to: to.flatten(),
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

    /// An agreement is confirmed by whoever reads the e-mails of the address, in a message that is no advertisement.
    fn confirmation(
        &mut self,
        written: &Written<'_>,
        wordings: [Option<&Wording>; 3],
        shorter: &[Wording],
        place: &str,
    ) {
        let fits = written.channel == Channel::Email && written.to.is_none();
        if fits && self.purpose == Purpose::Transactional {
            return;
        }
        let wordings = wordings.into_iter().flatten().chain(shorter);
        let mut texts = wordings.flat_map(|wording| wording.texts().map(|(_, text)| text));
        if texts.any(|text| text.spoken().leads_to_form(CONFIRM)) {
            let what = "{{ forms.confirm }} stands in an `email` to the customer in a journey of `purpose: transactional`: \
                        until it is confirmed nothing else may be sent";
            self.refuse(place, what);
        }
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

    /// A text whose own words are more than LINE takes is sent to nobody, whatever is filled in.
    fn fits_line(&mut self, wording: &Wording, place: &str) {
        for (below, text) in wording.texts() {
            let length: usize = text.always_says().iter().map(|words| words.encode_utf16().count()).sum();
            if length > LINE_LIMIT {
                let what =
                    format!("{length} characters; LINE takes at most {LINE_LIMIT} (an emoji counts as two)");
                self.refuse(&format!("{place}{below}"), &what);
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
