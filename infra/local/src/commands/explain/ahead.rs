//! What happens next to whoever is in a journey, in words.

use domain::calendar::Weekdays;
use domain::condition::Condition;
use domain::contact::Channel;
use domain::definitions::Definitions;
use domain::enrollment::{Enrollment, State};
use domain::journey::{Awaited, DateOf, Journey, Step, Until, WhenPassed};
use domain::time::{DAY, HOUR, MINUTE, Timestamp};

use super::local;

/// Where an enrollment stands, and what comes after it.
pub fn ahead(enrollment: &Enrollment, definitions: &Definitions) -> String {
    let Some(journey) = definitions.version(&enrollment.journey, enrollment.version) else {
        return "its version is gone; it ends when it is looked at".to_owned();
    };
    let stands = match &enrollment.state {
        State::Starting { step } => format!("begins, then {}", step_in_words(journey, Some(*step))),
        State::Holding { step, until, why } => format!(
            "holds a message until {}: {}; then {}",
            local(definitions, *until),
            why.describe(),
            step_in_words(journey, Some(*step))
        ),
        State::Sending { step } => {
            let (name, then) = (name(journey, *step), after(journey, *step));
            format!("waits to hear of the message `{name}`; then {then}")
        }
        State::Waiting { step, until } => {
            let by = journey.steps.get(*step);
            let date = if let Some(Step::Wait { until: Until::Date { date, .. }, .. }) = by
                && let DateOf::Trait(name) = &date.of
            {
                format!(" (by `{name}`; it moves with it)")
            } else {
                String::new()
            };
            format!("waits until {}{date}, then {}", local(definitions, *until), after(journey, *step))
        }
        State::Listening { step, until, .. } => listening(journey, *step, *until, definitions),
        State::Ended { .. } => "has ended".to_owned(),
    };
    let stopped = definitions.is_stopped(&journey.name, enrollment.version);
    match (stopped, definitions.is_paused(&journey.name)) {
        (true, _) => "the journey was stopped: it ends when it is looked at".to_owned(),
        (false, true) => format!("stands still, the journey is paused; otherwise it {stands}"),
        (false, false) => stands,
    }
}

fn listening(journey: &Journey, step: usize, until: Timestamp, definitions: &Definitions) -> String {
    let Some(Step::Listen { awaited, then, otherwise, .. }) = journey.steps.get(step) else {
        return format!("waits until {}", local(definitions, until));
    };
    format!(
        "waits for {} until {}; when it comes, {}; otherwise {}",
        awaited_in_words(awaited),
        local(definitions, until),
        step_in_words(journey, *then),
        step_in_words(journey, *otherwise)
    )
}

fn awaited_in_words(awaited: &Awaited) -> String {
    match awaited {
        Awaited::Event(event) => format!("`{}`", event.name),
        Awaited::When(_) => "its condition".to_owned(),
    }
}

/// What comes once a step is done.
fn after(journey: &Journey, step: usize) -> String {
    let next = match journey.steps.get(step) {
        Some(Step::Message(message)) => message.next,
        Some(Step::Webhook(webhook)) => webhook.next,
        Some(
            Step::Wait { next, .. }
            | Step::Audience { next, .. }
            | Step::Set { next, .. }
            | Step::Card { next, .. },
        ) => *next,
        Some(Step::Listen { otherwise, .. } | Step::Branch { otherwise, .. }) => *otherwise,
        Some(Step::Split { .. } | Step::Exit) | None => None,
    };
    step_in_words(journey, next)
}

/// What a step does. Steps that take no time are told together with the one after them.
fn step_in_words(journey: &Journey, step: Option<usize>) -> String {
    let mut told = Vec::new();
    let mut at = step;
    // No step leads back.
    for _ in 0..=journey.steps.len() {
        let (what, next) = match at.and_then(|step| journey.steps.get(step)) {
            None | Some(Step::Exit) => ("ends".to_owned(), None),
            Some(Step::Message(message)) => {
                let by = match message.channel {
                    Channel::Sms => "SMS",
                    Channel::Email => "e-mail",
                    Channel::Line => "LINE",
                };
                let to = if message.to.is_some() { " to somebody else" } else { "" };
                (format!("sends `{}` by {by}{to}", message.name), None)
            }
            Some(Step::Wait { until, .. }) => (wait_in_words(until), None),
            Some(Step::Listen { awaited, seconds, .. }) => {
                (format!("waits for {}, {} at most", awaited_in_words(awaited), length(*seconds)), None)
            }
            Some(Step::Branch { ways, .. }) => {
                // A last way without a condition takes everyone.
                let everyone = ways.last().is_some_and(|way| way.when == Condition::All(Vec::new()));
                let none = (!everyone).then(|| "none of them".to_owned());
                let ways = ways.iter().map(|way| format!("`{}`", way.name));
                let ways: Vec<String> = ways.chain(none).collect();
                (format!("goes one way: {}", ways.join(" or ")), None)
            }
            Some(Step::Split { ways }) => {
                let ways: Vec<String> = ways.iter().map(|way| format!("`{}`", way.name)).collect();
                (format!("goes one way by chance: {}", ways.join(" or ")), None)
            }
            Some(Step::Audience { audience, add: true, next }) => {
                (format!("is put on the audience {audience}"), Some(*next))
            }
            Some(Step::Audience { audience, add: false, next }) => {
                (format!("is taken off the audience {audience}"), Some(*next))
            }
            Some(Step::Set { name, next, .. }) => (format!("sets the trait {name}"), Some(*next)),
            Some(Step::Webhook(webhook)) => (format!("calls `{}`", webhook.name), Some(webhook.next)),
            Some(Step::Card { card, next }) => {
                (format!("is put in the export of the card {card}"), Some(*next))
            }
        };
        told.push(what);
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    told.join(", then ")
}

fn wait_in_words(until: &Until) -> String {
    match until {
        Until::Length(seconds) => format!("waits {}", length(*seconds)),
        Until::Clock { at, days, weekdays } => {
            let later = match days {
                0 => String::new(),
                1 => " a day later".to_owned(),
                days => format!(" {days} days later"),
            };
            let on = if *weekdays == Weekdays::ALL { "" } else { ", on one of its days of the week" };
            format!("waits until {}{later}{on}", String::from(*at))
        }
        Until::Date { date, when_passed } => {
            let over = match when_passed {
                WhenPassed::GoOn => "",
                WhenPassed::Exit => ", or ends if that has passed",
            };
            let (DateOf::Trait(name) | DateOf::Property(name)) = &date.of;
            format!("waits for the date `{name}`{over}")
        }
    }
}

fn length(seconds: i64) -> String {
    let of = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match seconds {
        days if days % DAY == 0 => of(days / DAY, "day"),
        hours if hours % HOUR == 0 => of(hours / HOUR, "hour"),
        minutes if minutes % MINUTE == 0 => of(minutes / MINUTE, "minute"),
        seconds => of(seconds, "second"),
    }
}

fn name(journey: &Journey, step: usize) -> String {
    journey.step_name(step).map_or_else(|| step.to_string(), ToString::to_string)
}
