//! `tsunagi explain`.

mod ahead;

use std::fmt::Write;

use anyhow::{Context, Result};
use clap::Args;
use cloud::table::consents::Recorded;
use domain::consent::{ConsentSaid, Proof};
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::due::{self, DueReason};
use domain::enrollment::{Enrollment, Message, Noted, State, Status, Visit};
use domain::event::EventId;
use domain::input::UNNAMED;
use domain::journey::{DateEntry, DateOf, Enter, Journey};
use domain::names::CustomerId;
use domain::time::Timestamp;
use serde_json::json;

use self::ahead::ahead;
use super::Data;
use super::place;
use super::text::say;

/// What happened to a customer.
#[derive(Debug, Args)]
pub struct Explain {
    /// The customer's id.
    customer: String,
    /// The customer as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

impl Explain {
    pub(super) async fn run(self) -> Result<()> {
        let reader = place::reader(&self.data.data)?;
        let definitions = crate::definitions::current(&reader.table).await?;
        let id = CustomerId::parse(&self.customer)?;
        let stored =
            reader.table.customer(&id).await?.with_context(|| format!("there is no customer `{id}`"))?;
        let consents = reader.table.consents(&id).await?;
        if self.json {
            let next = stored.due_at.map(|at| local(&definitions, at));
            let live = stored.customer.enrollments.iter().filter(|enrollment| enrollment.is_live());
            let ahead = live.map(|it| json!({ "journey": it.journey, "ahead": ahead(it, &definitions) }));
            say(&serde_json::to_string_pretty(&json!({
                "customer": stored.customer,
                "consents": consents.iter().map(|said| json!({ "at": said.at, "said": said.word })).collect::<Vec<_>>(),
                "ahead": ahead.collect::<Vec<_>>(),
                "looked_at_next": next,
            }))?);
        } else {
            say(&describe(&stored.customer, &consents, &definitions, stored.due_at));
        }
        Ok(())
    }
}

/// A line of the timeline.
struct Line {
    at: Timestamp,
    what: String,
}

/// A customer's timeline: what happened, what was decided, and what comes next.
pub fn describe(
    customer: &Customer,
    consents: &[Recorded],
    definitions: &Definitions,
    due_at: Option<Timestamp>,
) -> String {
    let mut lines: Vec<Line> = Vec::new();
    let mut line = |at: Timestamp, what: String| lines.push(Line { at, what });
    for (name, history) in &customer.events {
        for kept in &history.recent {
            let worth = if kept.2.is_zero() { String::new() } else { format!(" {}", kept.2) };
            line(kept.0, format!("{name}{worth}"));
        }
    }
    for said in consents {
        line(said.at, word(&said.word));
    }
    if let Some(since) = customer.awaits_confirmation() {
        line(since, "e-mail marketing waits for the confirmation of the address (double opt-in)".to_owned());
    }
    for (name, membership) in &customer.segments {
        let moved = if membership.member { "entered" } else { "left" };
        let title = definitions.segments.get(name).map(|segment| &segment.title);
        let title = title.filter(|title| !title.is_empty()).map(|title| format!(" ({title})"));
        line(membership.since, format!("{moved} the segment {name}{}", title.unwrap_or_default()));
    }
    for (name, membership) in &customer.audiences {
        let moved = if membership.member { "put on" } else { "taken off" };
        line(membership.since, format!("{moved} the audience {name}"));
    }
    for note in &customer.notes {
        line(note.at, noted(&note.what));
    }
    for enrollment in &customer.enrollments {
        let journey = definitions.version(&enrollment.journey, enrollment.version);
        lines.extend(of_enrollment(enrollment, journey.map(|journey| &**journey), definitions));
    }
    lines.sort_by_key(|line| line.at);
    let mut text = format!("Customer {}\n", customer.id);
    for line in lines {
        let _ = writeln!(text, "  {}  {}", local(definitions, line.at), line.what);
    }
    for enrollment in customer.enrollments.iter().filter(|enrollment| enrollment.is_live()) {
        let _ = writeln!(text, "  now: {} {}", enrollment.journey, ahead(enrollment, definitions));
    }
    match due_at {
        Some(at) => {
            let why = due::next(customer, at.plus(-1), definitions).filter(|due| due.at == at);
            let why = why
                .map_or_else(|| "a look, to see whether anything is due".to_owned(), |due| reason(&due.why));
            let _ = write!(text, "  next: {}  {why}", local(definitions, at));
        }
        None => text.push_str("  next: nothing comes by itself"),
    }
    text
}

/// What a person said about messages, and what there is to show for it.
fn word(said: &ConsentSaid) -> String {
    let Proof { source, wording, evidence, address: _ } = &said.proof;
    let word = if said.given { "agreed to" } else { "refused" };
    let mut told = format!("{word} {} on {} ({}", said.purpose.name(), said.channel, source.name());
    if let Some(evidence) = evidence {
        told.extend([": ", evidence]);
    }
    told.push(')');
    if let Some(wording) = wording {
        told.extend([" 「", wording, "」"]);
    }
    told
}

fn of_enrollment(enrollment: &Enrollment, journey: Option<&Journey>, definitions: &Definitions) -> Vec<Line> {
    let name = &enrollment.journey;
    let step_name = |step: usize| {
        journey
            .and_then(|journey| journey.step_name(step))
            .map_or_else(|| step.to_string(), ToString::to_string)
    };
    let asked = enrollment.key.as_ref().is_some_and(|key| enrollment.is_begun_by(&EventId::of(key)));
    let because = journey.filter(|_| !asked).map_or_else(String::new, |journey| match &journey.enter {
        Enter::Segment(segment) => format!(": entered the segment {segment}"),
        Enter::LeftSegment(segment) => format!(": left the segment {segment}"),
        Enter::Event(entry) => format!(": {}", entry.event.name),
        Enter::Date(DateEntry { date, .. }) => match &date.of {
            DateOf::Trait(name) | DateOf::Property(name) => format!(": the date {name}"),
        },
        Enter::Schedule(_) => ": its schedule".to_owned(),
        Enter::Campaign(campaign) => format!(": in the segment {} at its time", campaign.segment),
        Enter::Request => ": asked for".to_owned(),
    });
    let key = enrollment.key.as_deref().unwrap_or_default();
    let (key, because) = match (asked, key) {
        (true, key) if key.starts_with(UNNAMED) => (String::new(), ": asked for".to_owned()),
        (true, key) => (String::new(), format!(": asked for, under the key {key}")),
        (false, "") => (String::new(), because),
        (false, key) => (format!(" for {key}"), because),
    };
    let held_out = if enrollment.held_out { "; held out: it gets no messages" } else { "" };
    let what = format!("{name}: entered (version {}){key}{because}{held_out}", enrollment.version);
    let mut lines = vec![Line { at: enrollment.entered, what }];
    for visit in &enrollment.visits {
        match visit {
            Visit::Took { way, at, .. } => {
                lines.push(Line { at: *at, what: format!("{name}: took the way `{way}`") });
            }
            Visit::Webhook { step, at, .. } => {
                let webhook = journey.and_then(|journey| journey.webhook(*step));
                let step = webhook.map_or_else(|| step.to_string(), |webhook| webhook.name.to_string());
                lines.push(Line { at: *at, what: format!("{name}/{step}: webhook handed to its sender") });
            }
            Visit::Card { step, at } => {
                let card = journey.and_then(|journey| journey.cards().find(|(card, _)| card == step));
                let card = card.map_or_else(|| step.to_string(), |(_, card)| card.to_string());
                lines.push(Line { at: *at, what: format!("{name}: a card `{card}`") });
            }
            Visit::Message(message) => {
                lines.extend(of_message(&format!("{name}/{}", step_name(message.step)), message));
            }
        }
    }
    for hold in &enrollment.holds {
        let (step, why, until) = (step_name(hold.step), hold.why.describe(), local(definitions, hold.until));
        lines.push(Line { at: hold.at, what: format!("{name}/{step}: held until {until}: {why}") });
    }
    if let Some(goal) = enrollment.goal {
        lines.push(Line { at: goal.at, what: format!("{name}: goal reached, {}", goal.yen) });
    }
    if let State::Ended { at, why } = enrollment.state {
        lines.push(Line { at, what: format!("{name}: ended: {}", why.describe()) });
    }
    lines
}

fn of_message(name: &str, message: &Message) -> Vec<Line> {
    let bill = match (message.parts, message.yen) {
        (Some(1), Some(yen)) => format!(" (1 part, {yen})"),
        (Some(parts), Some(yen)) => format!(" ({parts} parts, {yen})"),
        (Some(1), None) => " (1 part)".to_owned(),
        (Some(parts), None) => format!(" ({parts} parts)"),
        (None, _) => String::new(),
    };
    let status = match &message.status {
        Status::Pending => "handed to the sender".to_owned(),
        Status::Unknown => "sent, fate unknown: never sent again by itself".to_owned(),
        Status::Skipped(reason) => format!("skipped: {}", reason.describe()),
        Status::Failed(code) => format!("refused by the provider: {code}"),
        Status::Accepted => format!("sent{bill}"),
        Status::Undelivered(code) => format!("sent{bill}, not delivered: {code}"),
        Status::Delivered => format!("sent{bill}, delivered"),
    };
    let mut lines = vec![Line { at: message.at, what: format!("{name}: {status}") }];
    let replied =
        message.reply.as_ref().map_or_else(|| "replied".to_owned(), |word| format!("replied `{word}`"));
    for (at, what) in [
        (message.opened, "opened or prefetched"),
        (message.scanned, "a program followed its link"),
        (message.clicked, "clicked"),
        (message.replied, replied.as_str()),
    ] {
        lines.extend(at.map(|at| Line { at, what: format!("{name}: {what}") }));
    }
    lines
}

fn noted(what: &Noted) -> String {
    match what {
        Noted::AlreadyIn(journey) => format!("{journey}: not entered: already in it"),
        Noted::ReEntry(journey) => format!("{journey}: not entered: its re-entry rule"),
        Noted::NotWhere(journey) => format!("{journey}: not entered: its condition did not hold"),
        Noted::Exclusive(journey, other) => {
            format!("{journey}: not entered: {other} of the same group goes on")
        }
        Noted::NoJourney(journey) => format!("{journey}: asked for, but there is no such journey"),
        Noted::LateEvent(journey) => {
            format!("{journey}: not entered: its event was told more than a day late")
        }
        Noted::DatePassed(journey) => {
            format!("{journey}: not entered: its date had passed when it became known or was moved")
        }
        Noted::NoKey(journey) => {
            format!("{journey}: not entered: its event does not have the property that is its key")
        }
        Noted::TraitLeftOut(name) => format!("the trait {name} was left out: there is no room for more"),
        Noted::EventLeftOut(name) => {
            format!("{name}: left out: older than the history that is kept, or one name too many")
        }
    }
}

fn reason(why: &DueReason) -> String {
    match why {
        DueReason::Segment(name) => format!("the segment {name} may change"),
        DueReason::Calendar(journey) => format!("{journey} may begin"),
        DueReason::Step(journey) => format!("{journey} goes on"),
        DueReason::Watch(journey) => format!("{journey} asks after a message"),
    }
}

fn local(definitions: &Definitions, at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).map_or_else(
        |_| at.to_string(),
        |at| at.to_zoned(definitions.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}
