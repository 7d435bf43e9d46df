//! What conditions may ask, and within which bounds.

use crate::condition::Condition;
use crate::definition::Mistake;
use crate::event::RECENT_LIMIT;

/// Checks what a condition of a segment asks; messages belong to journeys.
pub fn segment(condition: &Condition) -> Vec<Mistake> {
    asks_no_message(condition, "when", "a segment")
}

/// Refuses a condition that asks about messages where none can have been sent.
pub(super) fn asks_no_message(condition: &Condition, place: &str, who: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    condition.walk(&mut |part| match part {
        Condition::Sent(step) | Condition::Delivered(step) | Condition::Clicked(step) | Condition::Responded(step) => {
            mistakes.push(Mistake {
                place: place.to_owned(),
                what: format!("{who} does not know the step `{step}`; messages can be asked about by the steps after it and by `exit`"),
            });
        }
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) | Condition::Event(_) | Condition::NoEvent(_)
        | Condition::Trait(_) | Condition::InAudience(_) | Condition::InSegment(_) | Condition::Reachable(_) => {
            mistakes.extend(bounds(part, place));
        }
    });
    mistakes
}

/// What is out of range in one condition, those within it aside.
pub(super) fn bounds(condition: &Condition, place: &str) -> Option<Mistake> {
    let wrong = |what: String| Some(Mistake { place: place.to_owned(), what });
    match condition {
        Condition::Event(test) if test.within_days == Some(0) => {
            wrong("`within_days` goes from 1".to_owned())
        }
        Condition::Event(test) if test.within_days.is_some() && test.at_least as usize > RECENT_LIMIT => {
            wrong(format!(
                "`at_least: {}` within days; at most {RECENT_LIMIT} are kept one by one",
                test.at_least
            ))
        }
        Condition::NoEvent(test) if test.for_days == 0 => wrong("`for_days` goes from 1".to_owned()),
        Condition::All(parts) | Condition::Any(parts) if parts.is_empty() => {
            wrong("an empty list of conditions; name at least one".to_owned())
        }
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::Event(_)
        | Condition::NoEvent(_)
        | Condition::Trait(_)
        | Condition::InAudience(_)
        | Condition::InSegment(_)
        | Condition::Reachable(_)
        | Condition::Sent(_)
        | Condition::Delivered(_)
        | Condition::Clicked(_)
        | Condition::Responded(_) => None,
    }
}
