//! A message as the person will read it.

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::message::{Code, SMS_LIMIT, SkipReason};
use domain::text::Variables;
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
        Some((definitions.version(&enrollment.journey, enrollment.version)?, message.step))
    });
    let (journey, position) = found.ok_or(SkipReason::Ended)?;
    let step = journey.message(position).ok_or(SkipReason::Ended)?;
    let to = customer.address(step.channel).ok_or(SkipReason::NoAddress)?;
    let short = |index: usize| match index {
        0 => format!("{base}/l/{}", code.as_str()),
        index => format!("{base}/l/{}/{index}", code.as_str()),
    };
    let optout = format!("{base}/o/{}", code.as_str());
    let links = step.links.iter().enumerate().map(|(index, (name, _))| (name.clone(), short(index)));
    let zone = customer.zone(&definitions.zone);
    let links = links.collect();
    let variables = Variables { customer, links, optout: optout.clone(), sender, zone: &zone }.object();
    let fill = |text: &domain::text::Text| text.render(&variables).map_err(|_| SkipReason::MissingValue);
    let text = fill(&step.text)?;
    let mut message = Rendered {
        code: code.clone(),
        purpose: journey.purpose,
        to: to.to_owned(),
        subject: step.subject.as_ref().map(fill).transpose()?.unwrap_or_default().replace(['\r', '\n'], " "),
        text,
        html: None,
        headers: Vec::new(),
        links: step.links.iter().map(|(_, url)| url.clone()).collect(),
    };
    match step.channel {
        Channel::Sms => {
            if message.text.encode_utf16().count() > SMS_LIMIT {
                return Err(SkipReason::TooLong);
            }
        }
        Channel::Email => {
            let written = step.html.as_ref().map(|html| html.render_html(&variables)).transpose();
            let written = written.map_err(|_| SkipReason::MissingValue)?;
            let pixel = format!("{base}/p/{}.gif", code.as_str());
            message.html = Some(page(written.as_deref(), &message.text, &pixel));
            if journey.purpose == Purpose::Marketing {
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
