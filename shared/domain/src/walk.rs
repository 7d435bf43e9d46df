//! An enrollment's way through the steps of its journey.

mod sending;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chance::draw;
use crate::condition::Subject;
use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::enrollment::{EndReason, Enrollment, Goal, Hold, Message, Noted, State, Status, Visit};
use crate::entry::{self, Candidate};
use crate::event::EventId;
use crate::journey::{Journey, MessageStep, Step, Variant, WebhookStep, WhenLate};
use crate::message::{Code, HoldReason, SkipReason};
use crate::names::JourneyName;
use crate::step::{Decided, Decision, World};
use crate::time::Timestamp;

pub use self::sending::check_at_sending;
use self::sending::{code, send, skip};
use self::waiting::{begin_listening, begin_waiting, listen, wait};

/// When nothing is heard of a message that was handed to its sender, it is handed over again after this many seconds,
/// then after twice as many, and so on.
pub const WATCH_SECONDS: i64 = 15 * 60;

/// How often a message is handed over again before it is given up as unknown: the last time after 32 hours, given up
/// after 64.
pub const WATCH_LIMIT: u32 = 8;

/// How long a message is put back whose journey is paused: it is looked at again when the journey is resumed.
const PAUSED_SECONDS: i64 = 60;

/// When a message of which nothing is heard is looked at next.
pub fn watch_at(message: &Message) -> Timestamp {
    message.at.plus(WATCH_SECONDS << message.asked.min(WATCH_LIMIT))
}

/// The goal an enrollment has reached: the first event of its journey's goal since it began.
pub fn goal(subject: Subject<'_>, now: Timestamp) -> Option<Goal> {
    let (enrollment, journey) = subject.enrollment?;
    // Of what happened in the second of an event that began it, only that event is known to be none of its goal.
    let before = enrollment.goal_before && enrollment.by.is_none();
    let since = enrollment.begun().plus(i64::from(before));
    let goal = journey.goal.as_ref()?;
    let reached = goal.first_since_begun(subject, (enrollment, since), now)?;
    Some(Goal { at: reached.0, yen: reached.2 })
}

/// Begins an enrollment; it is carried on in the same step.
pub(crate) fn begin(world: &mut World<'_>, candidate: Candidate, version: u32) {
    let definitions: &Definitions = world.definitions;
    let Candidate { journey, key, event, date, by, asked: _ } = candidate;
    let Some(journey) = definitions.version(&journey, version) else { return };
    let Some(first) = journey.first else { return };
    let goal_before = journey.goal.as_ref().is_some_and(|goal| world.happened_now(goal, key.as_deref()));
    let named = [journey.name.as_str(), world.customer.id.as_str(), "held out"];
    let held_out = draw(&named, 100) < u32::from(journey.holdout_percent);
    // The first look at it, in this very round, moves it on to its first step.
    world.customer.enrollments.push(Enrollment {
        journey: journey.name.clone(),
        version,
        entered: world.now,
        key,
        date,
        by,
        event,
        held_out,
        goal_before,
        state: State::Starting { step: first },
        visits: Vec::new(),
        holds: Vec::new(),
        goal: None,
    });
}

/// Takes the customer out of a journey, as far as it began no later than an instant.
pub(crate) fn remove(world: &mut World<'_>, journey: &JourneyName, until: Timestamp) {
    for index in 0..world.customer.enrollments.len() {
        let enrollment = &world.customer.enrollments[index];
        // What was asked for is told by when it was; of what began otherwise the shop knows no instant but our own.
        let asked = enrollment.key.as_ref().is_some_and(|key| enrollment.is_begun_by(&EventId::of(key)));
        let before = if asked { enrollment.begun() <= until } else { enrollment.entered < until };
        if enrollment.is_live() && enrollment.journey == *journey && before {
            end(world, index, EndReason::Removed);
        }
    }
}

/// Puts a message back that its sender may not let go before `until`. Its record stays: should it have left after all,
/// what is said of it finds its place. Where `until` has come by now, the message is planned anew in the same step; whoever
/// still has it in a queue, or hears of it twice, meets the claim.
pub(crate) fn hold(world: &mut World<'_>, code: &Code, until: Timestamp, why: HoldReason) {
    let now = world.now;
    for enrollment in &mut world.customer.enrollments {
        let Some(message) = enrollment.messages().find(|message| message.code == *code) else { continue };
        // What was handed over since is another matter: the hold is told a second time.
        let (step, stands) = (message.step, message.status == Status::Pending && message.at < until);
        // Told even of a message that was settled since: which of the two is heard first is chance.
        enrollment.note_hold(Hold { at: now, step, until, why });
        if !stands {
            continue;
        }
        let (until, why) = match enrollment.state {
            State::Sending { step: at } if at == step => (until, why),
            State::Holding { step: at, until: other, why: reason } if at == step => {
                (other, reason).max((until, why))
            }
            State::Starting { .. }
            | State::Sending { .. }
            | State::Holding { .. }
            | State::Waiting { .. }
            | State::Listening { .. }
            | State::Ended { .. } => continue,
        };
        enrollment.state = State::Holding { step, until, why };
    }
}

/// Carries an enrollment as far as it goes at this instant.
pub(crate) fn run(world: &mut World<'_>, index: usize) {
    watch(world, index);
    let definitions = world.definitions;
    let enrollment = &world.customer.enrollments[index];
    if !enrollment.is_live() {
        return;
    }
    let Some(journey) = definitions.version(&enrollment.journey, enrollment.version).map(Arc::clone) else {
        return end(world, index, EndReason::VersionGone);
    };
    if definitions.is_stopped(&journey.name, enrollment.version) {
        return end(world, index, EndReason::Stopped);
    }
    let late = journey.when_late == WhenLate::Skip && is_late(enrollment, definitions);
    // No step leads back, so each is arrived at once at most.
    for _ in 0..=journey.steps.len() {
        // What the last steps did may be a reason to end, too: the first reason stands.
        let over = !world.customer.enrollments[index].is_live() || ended(world, index, &journey);
        if over || definitions.is_paused(&journey.name) {
            return;
        }
        let now = world.now;
        let enrollment = &world.customer.enrollments[index];
        let next = match &enrollment.state {
            State::Ended { .. } => return,
            State::Holding { step, .. }
                if enrollment.message(*step).is_some_and(|it| it.status != Status::Pending) =>
            {
                way_on(&journey, *step)
            }
            State::Holding { until, .. } if now < *until => return,
            State::Starting { step } | State::Holding { step, .. } => Some(*step),
            State::Waiting { step, until } => match wait(world, index, &journey, *step, *until) {
                Some(next) => next,
                None => return,
            },
            State::Sending { step } => match enrollment.message(*step) {
                Some(message) if message.status == Status::Pending => return,
                _ => way_on(&journey, *step),
            },
            State::Listening { step, since, until } => {
                match listen(world, &journey, *step, (*since, *until), index) {
                    Some(next) => next,
                    None => return,
                }
            }
        };
        match next {
            Some(step) => arrive(world, index, &journey, step, late),
            None => return end(world, index, EndReason::Finished),
        }
    }
}

/// Whether the enrollment would have gone on at an instant at which its journey was paused.
fn is_late(enrollment: &Enrollment, definitions: &Definitions) -> bool {
    let at = match enrollment.state {
        State::Starting { .. } => enrollment.entered,
        State::Holding { until, .. } | State::Waiting { until, .. } | State::Listening { until, .. } => until,
        State::Sending { .. } | State::Ended { .. } => return false,
    };
    definitions.was_paused(&enrollment.journey, at)
}

/// Looks after messages of which nothing was heard: each is handed over again, and in the end given up as unknown.
fn watch(world: &mut World<'_>, index: usize) {
    let now = world.now;
    let enrollment = &mut world.customer.enrollments[index];
    let held = match enrollment.state {
        State::Holding { step, .. } => Some(step),
        State::Starting { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Listening { .. }
        | State::Ended { .. } => None,
    };
    for message in enrollment.messages_mut().filter(|message| Some(message.step) != held) {
        while message.status == Status::Pending && now >= watch_at(message) {
            if message.asked >= WATCH_LIMIT {
                message.learn(Status::Unknown);
            } else {
                message.asked += 1;
            }
        }
    }
}

fn ended(world: &mut World<'_>, index: usize, journey: &Journey) -> bool {
    let enrollment = &world.customer.enrollments[index];
    let subject = world.subject(Some((enrollment, journey)));
    if let Some(goal) = goal(subject, world.now) {
        world.customer.enrollments[index].goal = Some(goal);
        end(world, index, EndReason::Goal);
        return true;
    }
    if is_date_gone(enrollment, journey, &world.customer, world.definitions) {
        end(world, index, EndReason::DateMoved);
        return true;
    }
    if journey.exit.as_ref().is_some_and(|exit| exit.evaluate(subject, world.now).holds) {
        end(world, index, EndReason::Exit);
        return true;
    }
    false
}

/// Whether the date that began the enrollment is another by now: what it has to say is no longer so.
fn is_date_gone(
    enrollment: &Enrollment,
    journey: &Journey,
    customer: &Customer,
    definitions: &Definitions,
) -> bool {
    let Some(begun) = &enrollment.date else { return false };
    let date = entry::date_value(journey, customer);
    !date.is_some_and(|date| entry::is_same_date(begun, date, || customer.zone(&definitions.zone)))
}

fn end(world: &mut World<'_>, index: usize, why: EndReason) {
    let enrollment = &mut world.customer.enrollments[index];
    enrollment.state = State::Ended { at: world.now, why };
    world.decisions.push(Decision { journey: enrollment.journey.clone(), what: Decided::Ended(why) });
}

fn way_on(journey: &Journey, step: usize) -> Option<usize> {
    match journey.steps.get(step)? {
        Step::Message(MessageStep { next, .. })
        | Step::Wait { next, .. }
        | Step::Audience { next, .. }
        | Step::Set { next, .. }
        | Step::Webhook(WebhookStep { next, .. })
        | Step::Card { next, .. } => *next,
        Step::Listen { otherwise, .. } | Step::Branch { otherwise, .. } => *otherwise,
        Step::Split { ways } => ways.last()?.next,
        Step::Exit => None,
    }
}

fn took(world: &mut World<'_>, index: usize, step: usize, way: &str) {
    let at = world.now;
    passed(world, index, Visit::Took { step, way: way.to_owned(), at }, way);
}

fn passed(world: &mut World<'_>, index: usize, visit: Visit, way: &str) {
    let enrollment = &mut world.customer.enrollments[index];
    enrollment.visits.push(visit);
    world
        .decisions
        .push(Decision { journey: enrollment.journey.clone(), what: Decided::Took(way.to_owned()) });
}

/// Arrives at a step. Steps that take no time lead on to the next at once.
fn arrive(world: &mut World<'_>, index: usize, journey: &Journey, step: usize, late: bool) {
    let mut at = Some(step);
    for _ in 0..=journey.steps.len() {
        let Some(step) = at else { return end(world, index, EndReason::Finished) };
        match take(world, index, journey, step, late) {
            Some(next) => at = next,
            None => return,
        }
    }
}

/// Takes a step, and returns where it leads at once; `None` when the enrollment waits there, or has ended.
#[expect(clippy::option_option, reason = "whether it goes on, and whether a step follows")]
fn take(
    world: &mut World<'_>,
    index: usize,
    journey: &Journey,
    step: usize,
    late: bool,
) -> Option<Option<usize>> {
    let now = world.now;
    let next = match &journey.steps[step] {
        Step::Message(message) if late => skip(world, index, journey, step, message, SkipReason::Late),
        Step::Message(message) => return send(world, index, journey, step, message),
        Step::Wait { until, next } => return begin_waiting(world, index, step, until).then_some(*next),
        Step::Listen { awaited, seconds, then, .. } => {
            return begin_listening(world, index, journey, step, (awaited, *seconds)).then_some(*then);
        }
        Step::Branch { ways, otherwise } => {
            let enrollment = &world.customer.enrollments[index];
            let subject = world.subject(Some((enrollment, journey)));
            let taken = ways.iter().find(|way| way.when.evaluate(subject, now).holds);
            let (way, next) = taken.map_or(("none", *otherwise), |way| (way.name.as_str(), way.next));
            took(world, index, step, way);
            next
        }
        Step::Audience { audience, add, next } => {
            if world.customer.in_audience(audience) != *add {
                let membership = crate::customer::Membership { member: *add, since: now };
                world.customer.audiences.insert(audience.clone(), membership);
            }
            *next
        }
        Step::Split { ways } => {
            let (way, next) = split(&world.customer, &world.customer.enrollments[index], step, ways);
            took(world, index, step, way);
            next
        }
        Step::Set { name, value, next } => {
            let said = BTreeMap::from([(name.clone(), value.clone())]);
            for name in world.customer.identify(&said, now) {
                world.note(Noted::TraitLeftOut(name), now);
            }
            *next
        }
        Step::Webhook(webhook) => {
            let code = code(world, index, journey, step);
            passed(world, index, Visit::Webhook { step, code, at: now }, "webhook");
            webhook.next
        }
        // A card is a message to the person, so who is held out gets none.
        Step::Card { next, .. } if world.customer.enrollments[index].held_out => {
            took(world, index, step, "held out");
            *next
        }
        Step::Card { next, .. } => {
            passed(world, index, Visit::Card { step, at: now }, "card");
            *next
        }
        Step::Exit => None,
    };
    Some(next)
}

/// The way of a split: by chance over people and keys, in the proportion of the weights.
fn split<'a>(
    customer: &Customer,
    enrollment: &Enrollment,
    step: usize,
    ways: &'a [Variant],
) -> (&'a str, Option<usize>) {
    let all = ways.iter().map(|way| way.weight).sum();
    let step = step.to_string();
    let key = enrollment.key.as_deref().unwrap_or_default();
    let mut drawn = draw(&[enrollment.journey.as_str(), customer.id.as_str(), key, &step], all);
    for way in ways {
        match drawn.checked_sub(way.weight) {
            Some(rest) => drawn = rest,
            None => return (&way.name, way.next),
        }
    }
    ("none", None)
}
