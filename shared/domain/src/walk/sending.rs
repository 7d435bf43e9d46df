//! A message on its way: handed to its sender, held or left out, and asked about once more when it is about to leave.

use super::{PAUSED_SECONDS, goal, is_date_gone};
use crate::condition::Subject;
use crate::consent::Purpose;
use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::enrollment::{Hold, Message, State, Status, Visit};
use crate::journey::{Journey, MessageStep};
use crate::message::{Asks, Code, HoldReason, Moment, Permission, SkipReason, permission};
use crate::step::{Decided, Decision, World};
use crate::time::Timestamp;

/// Hands a message to its sender, holds it, or skips it; returns where a skipped one goes on.
#[expect(clippy::option_option, reason = "whether it goes on, and whether a step follows")]
pub(super) fn send(
    world: &mut World<'_>,
    index: usize,
    journey: &Journey,
    step: usize,
    message: &MessageStep,
) -> Option<Option<usize>> {
    let now = world.now;
    let allowed = if world.customer.enrollments[index].held_out {
        Permission::Skip(SkipReason::HeldOut)
    } else {
        permit(&world.customer, message, journey, world.definitions, Moment::Planning, now)
    };
    let what = match allowed {
        Permission::Skip(reason) => return Some(skip(world, index, journey, step, message, reason)),
        Permission::Send => {
            let code = record(world, index, journey, step, message, Status::Pending);
            world.customer.enrollments[index].state = State::Sending { step };
            Decided::Handed(code)
        }
        // The record of one that was put back stays, for a sender that still has it in its queue.
        Permission::Hold(until, why) => {
            let enrollment = &mut world.customer.enrollments[index];
            enrollment.state = State::Holding { step, until, why };
            enrollment.note_hold(Hold { at: now, step, until, why });
            Decided::Held(why, until)
        }
    };
    world.decisions.push(Decision { journey: journey.name.clone(), what });
    None
}

/// Leaves a message out, and returns where the enrollment goes on.
pub(super) fn skip(
    world: &mut World<'_>,
    index: usize,
    journey: &Journey,
    step: usize,
    message: &MessageStep,
    reason: SkipReason,
) -> Option<usize> {
    record(world, index, journey, step, message, Status::Skipped(reason));
    world.decisions.push(Decision { journey: journey.name.clone(), what: Decided::Skipped(reason) });
    message.next
}

/// Writes down what becomes of a message, and returns its code.
fn record(
    world: &mut World<'_>,
    index: usize,
    journey: &Journey,
    step: usize,
    message: &MessageStep,
    status: Status,
) -> Code {
    replan(world, index, step);
    let at = world.now;
    let code = code(world, index, journey, step);
    let enrollment = &mut world.customer.enrollments[index];
    let sent = (message.channel, message.purpose(journey));
    enrollment.visits.push(Visit::Message(Message::new((step, code.clone()), sent, at, status)));
    code
}

pub(super) fn code(world: &World<'_>, index: usize, journey: &Journey, step: usize) -> Code {
    let (customer, enrollment) = (&world.customer, &world.customer.enrollments[index]);
    Code::derive(
        &world.definitions.code_key,
        &customer.id,
        &journey.name,
        enrollment.version,
        (enrollment.entered, enrollment.key.as_deref()),
        step,
    )
}

/// Takes away the record of a message that was put back: it never left, so a reply was to the one before.
fn replan(world: &mut World<'_>, index: usize, step: usize) {
    let visits = &mut world.customer.enrollments[index].visits;
    let put_back = |visit: &Visit| matches!(visit, Visit::Message(message) if message.step == step);
    let Some(Visit::Message(message)) = visits.iter().position(put_back).map(|place| visits.remove(place))
    else {
        return;
    };
    if let Some(at) = message.replied {
        world.replied(message.channel, at, message.reply.as_deref());
    }
}

/// Whether a step's message may leave now. One to somebody else needs nobody's consent.
fn permit(
    customer: &Customer,
    message: &MessageStep,
    journey: &Journey,
    definitions: &Definitions,
    moment: Moment,
    now: Timestamp,
) -> Permission {
    if message.to.is_some() {
        return Permission::Send;
    }
    let (channel, purpose, tightened) = (message.channel, journey.purpose, &journey.policy);
    permission(customer, Asks { channel, purpose, tightened }, definitions.rules(), moment, now)
}

impl MessageStep {
    /// Why the message is sent: one to somebody else is no advertisement.
    pub const fn purpose(&self, journey: &Journey) -> Purpose {
        match self.to {
            Some(_) => Purpose::Transactional,
            None => journey.purpose,
        }
    }
}

/// Why a message that is about to leave may not, as far as the customer tells; suppression is the sender's to read.
pub fn check_at_sending(
    customer: &Customer,
    code: &Code,
    definitions: &Definitions,
    now: Timestamp,
) -> Permission {
    let found = customer.enrollments.iter().find_map(|enrollment| {
        let message = enrollment.messages().find(|message| message.code == *code)?;
        Some((enrollment, message))
    });
    let Some((enrollment, message)) = found else { return Permission::Skip(SkipReason::Ended) };
    let Some(journey) = definitions.version(&enrollment.journey, enrollment.version) else {
        return Permission::Skip(SkipReason::Ended);
    };
    let subject = Subject { customer, enrollment: Some((enrollment, journey)), definitions };
    let (at_it, held) = match enrollment.state {
        State::Sending { step } => (step == message.step, None),
        State::Holding { step, until, why } => (step == message.step, Some((until, why))),
        State::Starting { .. } | State::Waiting { .. } | State::Listening { .. } | State::Ended { .. } => {
            (false, None)
        }
    };
    let over = !at_it
        || definitions.is_stopped(&journey.name, enrollment.version)
        || goal(subject, now).is_some()
        || is_date_gone(enrollment, journey, customer, definitions)
        || journey.exit.as_ref().is_some_and(|exit| exit.evaluate(subject, now).holds);
    if over {
        return Permission::Skip(SkipReason::Ended);
    }
    if definitions.is_paused(&journey.name) {
        return Permission::Hold(now.plus(PAUSED_SECONDS), HoldReason::Paused);
    }
    if let Some((until, why)) = held.filter(|(until, _)| *until > now) {
        return Permission::Hold(until, why);
    }
    match journey.message(message.step) {
        Some(step) => permit(customer, step, journey, definitions, Moment::Sending, now),
        None => Permission::Skip(SkipReason::Ended),
    }
}
