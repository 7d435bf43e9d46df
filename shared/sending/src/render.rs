//! A message as the person will read it.

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::message::{Code, SkipReason};
use domain::parts::{Network, choose};
use domain::text::{Text, Variables, Wording};
use maud::html;

/// A message, ready to leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its code.
    pub code: Code,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The number or address.
    pub to: String,
    /// Whether that is not the customer's: what stops messages to the customer does not stop this one.
    pub to_somebody_else: bool,
    /// The name that is shown as the sender of an e-mail, when it is not the shop's.
    pub from: Option<String>,
    /// The subject of an e-mail.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML of an e-mail.
    pub html: Option<String>,
    /// Headers of an e-mail beyond the usual ones.
    pub headers: Vec<(String, String)>,
    /// Where its links lead, in order.
    pub links: Vec<String>,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rendered({})", self.code.as_str())
    }
}

/// Renders the message called `code`, or says why it can't be sent.
pub(crate) fn render(
    customer: &Customer,
    code: &Code,
    definitions: &Definitions,
    base: &str,
    sender: &str,
) -> Result<Rendered, SkipReason> {
    let found = customer.enrollments.iter().find_map(|enrollment| {
        let message = enrollment.messages().find(|message| message.code == *code)?;
        Some((enrollment, definitions.version(&enrollment.journey, enrollment.version)?, message.step))
    });
    let (enrollment, journey, position) = found.ok_or(SkipReason::Ended)?;
    let step = journey.message(position).ok_or(SkipReason::Ended)?;
    let short = |index: usize| match index {
        0 => format!("{base}/l/{}", code.as_str()),
        index => format!("{base}/l/{}/{index}", code.as_str()),
    };
    let optout = format!("{base}/o/{}", code.as_str());
    let links = step.links.iter().enumerate().map(|(index, (name, _))| (name.clone(), short(index)));
    let zone = customer.zone(&definitions.zone);
    let (links, event) = (links.collect(), &enrollment.event);
    let variables =
        Variables { customer, event, links, optout: optout.clone(), sender, zone: &zone }.object();
    let fill = |text: &Text| text.render(&variables).map_err(|_| SkipReason::MissingValue);
    let one_line = |text: String| text.replace(['\r', '\n'], " ");
    let say = |wording: &Wording| fill(wording.of(customer));
    let to = match &step.to {
        Some(to) => one_line(fill(to)?).trim().to_owned(),
        None => customer.address(step.channel).ok_or(SkipReason::NoAddress)?.to_owned(),
    };
    if to.is_empty() {
        return Err(SkipReason::NoAddress);
    }
    let purpose = step.purpose(journey);
    let mut message = Rendered {
        code: code.clone(),
        purpose,
        to_somebody_else: step.to.is_some(),
        to,
        from: step.from.as_ref().map(|from| fill(&from.name)).transpose()?.map(one_line),
        subject: one_line(step.subject.as_ref().map(say).transpose()?.unwrap_or_default()),
        text: String::new(),
        html: None,
        headers: Vec::new(),
        links: step.links.iter().map(|(_, url)| url.clone()).collect(),
    };
    match step.channel {
        Channel::Sms => {
            // A shorter text that lacks a value is no reason to leave out the one that comes after it.
            let texts: Vec<Result<String, SkipReason>> =
                [&step.text].into_iter().chain(&step.shorter).map(say).collect();
            let known = texts.iter().filter_map(|text| text.as_deref().ok());
            let at_most = step.at_most_parts.unwrap_or(u32::MAX);
            match choose(known, at_most, Network::Japan, &definitions.shop.prices) {
                Ok(chosen) => message.text = chosen.text.to_owned(),
                Err(none) => {
                    // All of them are too long, unless the first could not even be filled in.
                    texts.into_iter().next().unwrap_or(Err(SkipReason::MissingValue))?;
                    tracing::info!(reason = %none, "a message is too long");
                    return Err(SkipReason::TooLong);
                }
            }
        }
        Channel::Email => {
            message.text = say(&step.text)?;
            let written =
                step.html.as_ref().map(|html| html.of(customer).render_html(&variables)).transpose();
            let written = written.map_err(|_| SkipReason::MissingValue)?;
            let pixel = format!("{base}/p/{}.gif", code.as_str());
            message.html = Some(page(written.as_deref(), &message.text, &pixel));
            let reply_to = step.from.as_ref().and_then(|from| from.reply_to.as_ref());
            // Without a value for this person, replies go to the shop.
            if let Some(reply_to) = reply_to.and_then(|text| fill(text).ok()).map(one_line) {
                message.headers.push(("Reply-To".to_owned(), reply_to));
            }
            if purpose == Purpose::Marketing {
                // One click, without a page in between: RFC 8058.
                message.headers.push(("List-Unsubscribe".to_owned(), format!("<{optout}>")));
                message
                    .headers
                    .push(("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()));
            }
        }
    }
    Ok(message)
}

/// The HTML as written, or the text as HTML, with the picture that tells when it is opened.
fn page(written: Option<&str>, text: &str, pixel: &str) -> String {
    let picture = html! { img src=(pixel) width="1" height="1" alt=""; };
    match written {
        Some(written) => format!("{written}{}", picture.into_string()),
        None => html! {
            @for line in text.lines() {
                @for (index, word) in line.split(' ').enumerate() {
                    @if index > 0 { " " }
                    @if word.starts_with("https://") || word.starts_with("http://") { a href=(word) { (word) } } @else { (word) }
                }
                br;
            }
            (picture)
        }
        .into_string(),
    }
}
