//! From a step's texts to what a person will read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::consent::Purpose;
use crate::contact::Channel;
use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::enrollment::Enrollment;
use crate::journey::{Journey, MessageStep};
use crate::message::{Code, LINE_LIMIT, SkipReason};
use crate::money::Yen;
use crate::names::StepName;
use crate::parts::{Estimate, Network, NoneFits, choose};
use crate::text::{Text, Variables, Wording};

/// Where links lead, and who sends.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The address below which our links are, without a slash at its end.
    pub base: &'a str,
    /// The shop's name.
    pub name: &'a str,
}

/// A message with its variables filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Why it is sent.
    pub purpose: Purpose,
    /// The number or address.
    pub to: String,
    /// Whether that is not the customer's.
    pub to_somebody_else: bool,
    /// The name that is shown as the sender of an e-mail, when it is not the shop's.
    pub from: Option<String>,
    /// Where replies to an e-mail go, when that is not the shop.
    pub reply_to: Option<String>,
    /// The subject of an e-mail.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML of an e-mail, where it is written.
    pub html: Option<String>,
    /// Which of an SMS's texts it is: 0 is the text itself, 1 the first shorter one.
    pub candidate: usize,
    /// What an SMS will be billed as.
    pub estimate: Option<Estimate>,
    /// What a message of LINE costs, by the shop's prices.
    pub line_yen: Option<Yen>,
    /// The page behind which one can opt out.
    pub optout: String,
}

/// Why a message can't be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled {
    /// The reason that the report shows.
    pub reason: SkipReason,
    /// More of it, without a word of the text.
    pub detail: String,
}

impl Filled {
    /// The least and the most that the message may cost, in yen; none where it is not billed by the message.
    pub fn yen(&self) -> Option<(Yen, Yen)> {
        self.estimate.as_ref().map(Estimate::yen).or_else(|| self.line_yen.map(|yen| (yen, yen)))
    }
}

impl From<SkipReason> for Unfilled {
    fn from(reason: SkipReason) -> Self {
        Self { reason, detail: String::new() }
    }
}

/// The short link of a message: the position of the link is a part of it.
pub fn short_link(base: &str, code: &Code, link: usize) -> String {
    let mut short = format!("{base}/l/{}", code.as_str());
    if link > 0 {
        let _ = write!(short, "/{link}");
    }
    short
}

/// Fills in the texts of a step for one person.
pub fn fill(
    customer: &Customer,
    (enrollment, journey): (&Enrollment, &Journey),
    step: &MessageStep,
    code: &Code,
    definitions: &Definitions,
    sender: Sender<'_>,
) -> Result<Filled, Unfilled> {
    let links = step.links.iter().enumerate();
    let links = links.map(|(index, (name, _))| (name.clone(), short_link(sender.base, code, index)));
    let optout = format!("{}/o/{}", sender.base, code.as_str());
    let zone = customer.zone(&definitions.zone);
    let spoken: BTreeSet<&str> = step.texts().flat_map(|text| text.spoken().steps()).collect();
    let steps = spoken.into_iter().filter_map(|name| {
        let position = journey.position(&StepName::parse(name).ok()?)?;
        Some((name, enrollment.message(position)))
    });
    let variables = Variables {
        customer,
        event: &enrollment.event,
        steps: steps.collect(),
        links: links.collect(),
        optout: optout.clone(),
        email_form: format!("{}/f/{}", sender.base, code.as_str()),
        confirm_form: format!("{}/c/{}", sender.base, code.as_str()),
        sender: sender.name,
        details: &definitions.shop.details,
        zone: &zone,
    };
    let variables = variables.object();
    let missing = |_| Unfilled::from(SkipReason::MissingValue);
    let fill = |text: &Text| text.render(&variables).map_err(missing);
    let say = |wording: &Wording| fill(wording.of(customer));
    let to = match &step.to {
        Some(to) => one_line(&fill(to)?).trim().to_owned(),
        None => customer.address(step.channel).ok_or(SkipReason::NoAddress)?.to_owned(),
    };
    if to.is_empty() {
        return Err(SkipReason::NoAddress.into());
    }
    let (text, candidate, estimate) = match step.channel {
        Channel::Sms => {
            let texts = [&step.text].into_iter().chain(&step.shorter).map(say).collect();
            let (text, candidate, estimate) = fitting(texts, step.at_most_parts, definitions)?;
            (text, candidate, Some(estimate))
        }
        Channel::Email => (say(&step.text)?, 0, None),
        Channel::Line => (fitting_line(say(&step.text)?)?, 0, None),
    };
    let html = step.html.as_ref().map(|html| html.of(customer).render_html(&variables).map_err(missing));
    // Without a value for this person, replies go to the shop.
    let reply_to = step.from.as_ref().and_then(|from| fill(from.reply_to.as_ref()?).ok());
    Ok(Filled {
        purpose: step.purpose(journey),
        to,
        to_somebody_else: step.to.is_some(),
        from: step.from.as_ref().map(|from| fill(&from.name)).transpose()?.map(|name| one_line(&name)),
        reply_to: reply_to.map(|address| one_line(&address)),
        subject: one_line(&step.subject.as_ref().map(say).transpose()?.unwrap_or_default()),
        text,
        html: html.transpose()?,
        candidate,
        estimate,
        line_yen: match step.channel {
            Channel::Line => Some(definitions.shop.prices.of_line()),
            Channel::Sms | Channel::Email => None,
        },
        optout,
    })
}

/// The first of the texts that fits. One that lacks a value is no reason to leave out those after it.
fn fitting(
    texts: Vec<Result<String, Unfilled>>,
    at_most_parts: Option<u32>,
    definitions: &Definitions,
) -> Result<(String, usize, Estimate), Unfilled> {
    let known: Vec<(usize, &str)> =
        texts.iter().enumerate().filter_map(|(index, text)| Some((index, text.as_deref().ok()?))).collect();
    let at_most = at_most_parts.unwrap_or(u32::MAX);
    let too_long = |none: &NoneFits| Unfilled { reason: SkipReason::TooLong, detail: none.to_string() };
    let candidates = known.iter().map(|(_, text)| *text);
    match choose(candidates, at_most, Network::Japan, &definitions.shop.prices) {
        Ok(chosen) => {
            let index = known.get(chosen.index).map_or(0, |(index, _)| *index);
            Ok((chosen.text.to_owned(), index, chosen.estimate))
        }
        // The first could not even be filled in: that is why it is not sent.
        Err(none) => Err(texts.into_iter().find_map(Result::err).unwrap_or_else(|| too_long(&none))),
    }
}

/// The text, if LINE takes it. With nothing to read, it is refused as well.
fn fitting_line(text: String) -> Result<String, Unfilled> {
    let length = text.encode_utf16().count();
    let unfit = |reason, detail: String| Err(Unfilled { reason, detail });
    match length {
        _ if text.trim().is_empty() => {
            unfit(SkipReason::MissingValue, "nothing is left of the text".to_owned())
        }
        0..=LINE_LIMIT => Ok(text),
        _ => unfit(SkipReason::TooLong, format!("{length} characters; LINE takes at most {LINE_LIMIT}")),
    }
}

/// A header has one line.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
