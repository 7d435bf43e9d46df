//! Steps that take time: when a wait ends, and where it leads.

use super::{end, took};
use crate::calendar;
use crate::enrollment::{EndReason, State};
use crate::journey::{Awaited, Journey, Step, Until, WhenPassed};
use crate::step::World;
use crate::time::Timestamp;

/// Begins a wait; returns whether it is over already and the enrollment goes on.
pub(super) fn begin_waiting(world: &mut World<'_>, index: usize, step: usize, until: &Until) -> bool {
    let over = match until {
        Until::Date { when_passed, .. } => *when_passed,
        Until::Length(_) | Until::Clock { .. } => WhenPassed::GoOn,
    };
    match ends(world, index, until) {
        None => end(world, index, EndReason::DateMoved),
        Some(until) if until > world.now => {
            world.customer.enrollments[index].state = State::Waiting { step, until };
        }
        Some(until) if until < world.now && over == WhenPassed::Exit => {
            end(world, index, EndReason::DatePassed);
        }
        Some(_) => return true,
    }
    false
}

/// Begins a wait for something; returns whether that is so already and the enrollment goes on.
pub(super) fn begin_listening(
    world: &mut World<'_>,
    index: usize,
    journey: &Journey,
    step: usize,
    (awaited, seconds): (&Awaited, i64),
) -> bool {
    let now = world.now;
    let enrollment = &world.customer.enrollments[index];
    // What is known in this very second came before.
    let before = match awaited {
        Awaited::Event(event) => world.happened_now(event, enrollment.key.as_deref()),
        Awaited::When(condition) => {
            if condition.evaluate(world.subject(Some((enrollment, journey))), now).holds {
                took(world, index, step, "came");
                return true;
            }
            false
        }
    };
    // What began it may have been heard of later than what is waited for.
    let since = match &enrollment.by {
        Some((begun, _)) if enrollment.entered == now => *begun,
        Some(_) | None => now.plus(i64::from(before)),
    };
    world.customer.enrollments[index].state = State::Listening { step, since, until: now.plus(seconds) };
    false
}

/// Where a wait goes on; `None` while it goes on waiting, or when it ended the enrollment.
#[expect(clippy::option_option, reason = "whether it goes on, and whether a step follows")]
pub(super) fn wait(
    world: &mut World<'_>,
    index: usize,
    journey: &Journey,
    step: usize,
    until: Timestamp,
) -> Option<Option<usize>> {
    let Some(Step::Wait { until: wanted, next }) = journey.steps.get(step) else { return Some(None) };
    let until = match wanted {
        // It may have been moved.
        Until::Date { when_passed, .. } => {
            let Some(moved) = ends(world, index, wanted) else {
                end(world, index, EndReason::DateMoved);
                return None;
            };
            if *when_passed == WhenPassed::Exit && moved < world.now && world.now < until {
                end(world, index, EndReason::DatePassed);
                return None;
            }
            moved
        }
        Until::Length(_) | Until::Clock { .. } => until,
    };
    if world.now >= until {
        return Some(*next);
    }
    world.customer.enrollments[index].state = State::Waiting { step, until };
    None
}

/// When a wait ends that begins now; none when the date is not there that it is to last until.
fn ends(world: &World<'_>, index: usize, until: &Until) -> Option<Timestamp> {
    let zone = world.customer.zone(&world.definitions.zone);
    match until {
        Until::Length(seconds) => Some(world.now.plus(*seconds)),
        // A moment that has come is now: whoever arrives at 10:00 does not wait for the next 10:00.
        Until::Clock { at, days, weekdays } => {
            let first = calendar::days_later(world.now, *days, &zone)?;
            let wanted = |date| first <= date && weekdays.has(date);
            calendar::next_clock(*at, wanted, world.now.plus(-1), &zone)
        }
        Until::Date { date, .. } => {
            date.instant(&world.customer, &world.customer.enrollments[index].event, &zone)
        }
    }
}

/// Where a wait for something goes on; `None` while it goes on waiting. What is looked at after its limit, because its
/// journey was paused or the look is late, is judged as of the limit: events, dates, clicks and replies as they were then,
/// traits, segments and audiences as they are known now.
#[expect(clippy::option_option, reason = "whether it goes on, and whether a step follows")]
pub(super) fn listen(
    world: &mut World<'_>,
    journey: &Journey,
    step: usize,
    (since, until): (Timestamp, Timestamp),
    index: usize,
) -> Option<Option<usize>> {
    let Some(Step::Listen { awaited, then, otherwise, .. }) = journey.steps.get(step) else {
        return Some(None);
    };
    let enrollment = &world.customer.enrollments[index];
    let subject = world.subject(Some((enrollment, journey)));
    let horizon = world.now.min(until);
    let came = match awaited {
        Awaited::Event(event) => event.first_since_begun(subject, (enrollment, since), horizon).is_some(),
        Awaited::When(condition) => condition.evaluate(subject, horizon).holds,
    };
    if !came && world.now < until {
        return None;
    }
    let way = if came { "came" } else { "timed out" };
    took(world, index, step, way);
    Some(if came { *then } else { *otherwise })
}
