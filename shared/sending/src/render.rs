//! A message as the person will read it.

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::message::{Code, SkipReason};
use domain::money::Yen;
use domain::names::JourneyName;
use domain::rendering::{Sender, fill};
use domain::text::EMAIL;
use domain::time::Timestamp;
use maud::html;

/// A message, ready to leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its code.
    pub code: Code,
    /// When it was rendered: the date of an e-mail.
    pub at: Timestamp,
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
    /// Whether it leads to the form for an e-mail address.
    pub asks_email: bool,
    /// Its price by the shop's table, where it is billed by the message.
    pub(crate) price: Option<Yen>,
    /// Whether it is billed: by its parts, as an SMS is, or by the message.
    pub(crate) billed: bool,
    /// Its journey, and what that may cost in a month, where it is bounded.
    pub(crate) budget: Option<(JourneyName, Yen)>,
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
    sender: Sender<'_>,
    now: Timestamp,
) -> Result<Rendered, SkipReason> {
    let found = customer.enrollments.iter().find_map(|enrollment| {
        let message = enrollment.messages().find(|message| message.code == *code)?;
        Some((enrollment, definitions.version(&enrollment.journey, enrollment.version)?, message.step))
    });
    let (enrollment, journey, position) = found.ok_or(SkipReason::Ended)?;
    let step = journey.message(position).ok_or(SkipReason::Ended)?;
    let filled = fill(customer, (enrollment, journey), step, code, definitions, sender);
    let filled = filled.map_err(|unfilled| {
        if !unfilled.detail.is_empty() {
            tracing::info!(reason = unfilled.detail, "a message can't be sent");
        }
        unfilled.reason
    })?;
    let mut headers: Vec<(String, String)> = Vec::new();
    let html = match step.channel {
        Channel::Sms | Channel::Line => None,
        Channel::Email => {
            headers.extend(filled.reply_to.map(|address| ("Reply-To".to_owned(), address)));
            if filled.purpose == Purpose::Marketing {
                // One click, without a page in between: RFC 8058.
                headers.push(("List-Unsubscribe".to_owned(), format!("<{}>", filled.optout)));
                headers.push(("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()));
            }
            let pixel = format!("{}/p/{}.gif", sender.base, code.as_str());
            Some(page(filled.html.as_deref(), &filled.text, &pixel))
        }
    };
    let billed = filled.estimate.is_some() || filled.line_yen.is_some();
    let budget = journey.policy.budget_yen_per_month.filter(|_| billed);
    Ok(Rendered {
        code: code.clone(),
        at: now,
        purpose: filled.purpose,
        to: filled.to,
        to_somebody_else: filled.to_somebody_else,
        from: filled.from,
        subject: filled.subject,
        text: filled.text,
        html,
        headers,
        links: step.links.iter().map(|(_, url)| url.clone()).collect(),
        price: filled.line_yen,
        asks_email: step.texts().any(|text| text.spoken().leads_to_form(EMAIL)),
        billed,
        budget: budget.map(|budget| (journey.name.clone(), budget)),
    })
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
