//! `tsunagi validate --against-customers`: every text with its variables filled in for every stored customer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::Result;
use cloud::table::Table;
use domain::contact::Channel;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::enrollment::{Enrollment, Message, State, Status, Visit};
use domain::event::Properties;
use domain::journey::{Enter, Journey, MessageStep};
use domain::message::{Code, SkipReason};
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName};
use domain::parts::Warning;
use domain::rendering::{Filled, Sender, fill};
use domain::spelling::counted;
use domain::time::Timestamp;
use tokio::runtime::Handle;

use super::text::bar;
use crate::simulation::{StoredBlocks, cores, look};

/// What one text comes to.
#[derive(Clone, Debug, Default)]
struct Case {
    /// For whom it was filled in, whether they agreed to it or not.
    customers: u64,
    without_address: u64,
    /// Whom the event that begins the journey has yet to happen to.
    without_event: u64,
    /// Values that are missing, as `customer.name`, and of how many.
    missing: BTreeMap<String, u64>,
    skipped_for_missing: u64,
    too_long: u64,
    /// How many need each of the shorter texts.
    shorter: BTreeMap<usize, u64>,
    longest: Option<(usize, Reverse<CustomerId>, u32, Yen)>,
    dearest: Option<(Yen, u32, Reverse<CustomerId>, usize)>,
    lost_at_au: BTreeSet<String>,
    lose_at_au: u64,
    loses_at_au: Option<CustomerId>,
}

type Cases = BTreeMap<(JourneyName, usize), Case>;

/// Tells of every text of these journeys.
pub fn told(
    table: &Table,
    definitions: &Definitions,
    journeys: &BTreeSet<JourneyName>,
    sender: Sender<'_>,
    now: Timestamp,
) -> Result<String> {
    let bar = bar("filling in texts", Handle::current().block_on(table.about_items())?, "items");
    let blocks = StoredBlocks::new(Handle::current(), table, |items| bar.inc(items));
    let played: Vec<&Journey> =
        journeys.iter().filter_map(|name| Some(&**definitions.current(name)?.1)).collect();
    let one = |cases: &mut Cases, block: &[Customer], _: u32| {
        for customer in block {
            for journey in &played {
                of_customer(cases, customer, journey, definitions, sender, now);
            }
        }
    };
    let merge = |all: &mut Cases, cases: Cases| {
        for (step, case) in cases {
            all.entry(step).or_default().merge(case);
        }
    };
    let cases = look(blocks, cores(), Cases::new, one, merge)?;
    bar.finish_and_clear();
    let mut text = String::new();
    for ((name, position), case) in &cases {
        let step = definitions.current(name).and_then(|(_, journey)| journey.message(*position));
        if let Some(step) = step {
            case.describe(&mut text, name, step);
        }
    }
    if cases.is_empty() {
        text.push_str("there are no texts, or no customers, to try them with");
    }
    Ok(text.trim_end().to_owned())
}

fn of_customer(
    cases: &mut Cases,
    customer: &Customer,
    journey: &Journey,
    definitions: &Definitions,
    sender: Sender<'_>,
    now: Timestamp,
) {
    let Some(code) = Code::parse("000000000000") else { return };
    // What the journey's texts say of the event is tried with the latest that there is of it.
    let event = match &journey.enter {
        Enter::Event(entry) => {
            let zone = || customer.zone(&definitions.zone);
            let known = customer.events.get(&entry.event.name);
            let latest = known
                .and_then(|known| known.recent.iter().rev().find(|it| entry.event.takes(it, None, &zone)));
            latest.map(|latest| latest.3.clone())
        }
        Enter::Segment(_)
        | Enter::LeftSegment(_)
        | Enter::Date(_)
        | Enter::Schedule(_)
        | Enter::Campaign(_)
        | Enter::Request => Some(Properties::new()),
    };
    for position in 0..journey.steps.len() {
        let Some(step) = journey.message(position) else { continue };
        let case = cases.entry((journey.name.clone(), position)).or_default();
        let Some(event) = &event else {
            case.without_event += 1;
            continue;
        };
        let enrollment = Enrollment {
            journey: journey.name.clone(),
            version: 0,
            entered: now,
            key: None,
            date: None,
            by: None,
            event: event.clone(),
            held_out: false,
            goal_before: false,
            state: State::Starting { step: position },
            visits: sent_before(journey, position, &code, now),
            holds: Vec::new(),
            goal: None,
        };
        match fill(customer, (&enrollment, journey), step, &code, definitions, sender) {
            Ok(filled) => case.filled(customer, &filled),
            Err(unfilled) => case.unfilled(customer, event, step, unfilled.reason),
        }
    }
}

impl Case {
    fn filled(&mut self, customer: &Customer, filled: &Filled) {
        self.customers += 1;
        if filled.candidate > 0 {
            *self.shorter.entry(filled.candidate).or_default() += 1;
        }
        let id = || Reverse(customer.id.clone());
        let (length, parts, yen) = match &filled.estimate {
            Some(estimate) => (estimate.length, estimate.most_parts(), estimate.yen().1),
            None => (filled.text.chars().count(), 0, filled.yen().map_or(Yen::ZERO, |(_, most)| most)),
        };
        if self.longest.as_ref().is_none_or(|it| (it.0, &it.1) < (length, &id())) {
            self.longest = Some((length, id(), parts, yen));
        }
        if self.dearest.as_ref().is_none_or(|it| (it.0, it.1, &it.2) < (yen, parts, &id())) {
            self.dearest = Some((yen, parts, id(), length));
        }
        for warning in filled.estimate.iter().flat_map(|estimate| &estimate.warnings) {
            match warning {
                Warning::LostAtAu(lost) => {
                    self.lose_at_au += 1;
                    self.lost_at_au.extend(lost.iter().cloned());
                    let first = self.loses_at_au.take().filter(|known| *known < customer.id);
                    self.loses_at_au = Some(first.unwrap_or_else(|| customer.id.clone()));
                }
                Warning::LineBreaks { .. } => {}
            }
        }
    }

    fn unfilled(&mut self, customer: &Customer, event: &Properties, step: &MessageStep, why: SkipReason) {
        match why {
            SkipReason::NoAddress => self.without_address += 1,
            SkipReason::TooLong => self.too_long += 1,
            SkipReason::MissingValue => {
                self.skipped_for_missing += 1;
                for (of, name) in missing(customer, event, step) {
                    *self.missing.entry(format!("{of}.{name}")).or_default() += 1;
                }
            }
            SkipReason::NoConsent
            | SkipReason::Suppressed
            | SkipReason::Ended
            | SkipReason::HeldOut
            | SkipReason::Late
            | SkipReason::BudgetSpent
            | SkipReason::LimitSpent
            | SkipReason::Unconfirmed => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.customers += other.customers;
        self.without_address += other.without_address;
        self.without_event += other.without_event;
        self.skipped_for_missing += other.skipped_for_missing;
        self.too_long += other.too_long;
        for (name, count) in other.missing {
            *self.missing.entry(name).or_default() += count;
        }
        for (text, count) in other.shorter {
            *self.shorter.entry(text).or_default() += count;
        }
        self.longest = self.longest.take().max(other.longest);
        self.dearest = self.dearest.take().max(other.dearest);
        self.lost_at_au.extend(other.lost_at_au);
        self.lose_at_au += other.lose_at_au;
        self.loses_at_au = [self.loses_at_au.take(), other.loses_at_au].into_iter().flatten().min();
    }

    fn describe(&self, text: &mut String, journey: &JourneyName, step: &MessageStep) {
        let channel = match step.channel {
            Channel::Sms => "SMS",
            Channel::Email => "e-mail",
            Channel::Line => "LINE",
        };
        let _ = write!(text, "{journey}/{} ({channel}): {}", step.name, counted(self.customers, "customer"));
        for (count, why) in
            [(self.without_address, "have no address"), (self.without_event, "had no event that begins it")]
        {
            if count > 0 {
                let _ = write!(text, "; {count} {why}");
            }
        }
        text.push('\n');
        if let Some((length, Reverse(id), parts, yen)) = &self.longest {
            let _ = writeln!(
                text,
                "  longest: {}{}, customer {id}",
                counted(*length as u64, "character"),
                bill(step, *parts, *yen)
            );
        }
        if let (Channel::Sms, Some((yen, parts, Reverse(id), length))) = (step.channel, &self.dearest) {
            let _ = writeln!(
                text,
                "  dearest: {}{}, customer {id}",
                counted(*length as u64, "character"),
                bill(step, *parts, *yen)
            );
        }
        for (shorter, count) in &self.shorter {
            let _ = writeln!(text, "  {count} need shorter text {shorter}");
        }
        if self.too_long > 0 {
            let _ = writeln!(text, "  {} get nothing: no text is short enough", self.too_long);
        }
        if self.skipped_for_missing > 0 {
            let which: Vec<String> =
                self.missing.iter().map(|(name, count)| format!("`{name}` of {count}")).collect();
            let _ = writeln!(
                text,
                "  {} get nothing: a value is missing: {}",
                self.skipped_for_missing,
                if which.is_empty() { "one that a filter can't show".to_owned() } else { which.join(", ") }
            );
        }
        if let Some(id) = &self.loses_at_au {
            let lost: Vec<&str> = self.lost_at_au.iter().map(String::as_str).collect();
            let _ = writeln!(
                text,
                "  warning: {}; so for {}, such as {id}",
                Warning::LostAtAu(lost.into_iter().map(ToOwned::to_owned).collect()),
                counted(self.lose_at_au, "customer")
            );
        }
    }
}

fn bill(step: &MessageStep, parts: u32, yen: Yen) -> String {
    match step.channel {
        Channel::Sms => format!(", {}, {yen}", counted(u64::from(parts), "part")),
        Channel::Email => String::new(),
        Channel::Line => format!(", {yen}"),
    }
}

/// The messages of the steps before one, as if each had just been sent.
fn sent_before(journey: &Journey, position: usize, code: &Code, now: Timestamp) -> Vec<Visit> {
    let before = (0..position).filter_map(|at| Some((at, journey.message(at)?)));
    let visits = before.map(|(at, step)| {
        let sent = (step.channel, step.purpose(journey));
        Visit::Message(Message::new((at, code.clone()), sent, now, Status::Accepted))
    });
    visits.collect()
}

/// The values that the step's texts ask for and that are not known.
fn missing<'a>(
    customer: &Customer,
    event: &Properties,
    step: &'a MessageStep,
) -> BTreeSet<(&'a str, &'a str)> {
    let wordings = [Some(&step.text), step.subject.as_ref(), step.html.as_ref()].into_iter().flatten();
    let texts = wordings.map(|wording| wording.of(customer)).chain(&step.to);
    let texts = texts.chain(step.from.as_ref().map(|from| &from.name));
    let known = |of: &str, name: &str| match of {
        "customer" => name == "id" || customer.value(name).is_some(),
        // Earlier messages are taken for sent; whether anyone replies is not known.
        "steps" => name.rsplit_once('.').is_none_or(|(_, told)| told != "reply"),
        _ => event.contains_key(name),
    };
    texts.flat_map(|text| text.spoken().values()).filter(|(of, name)| !known(of, name)).collect()
}
