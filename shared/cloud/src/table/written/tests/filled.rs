//! The fixtures leave nothing out. Each type is taken apart here by name: a field or a value that is added does not compile
//! until it stands here, and then in a fixture, too.

use std::collections::BTreeSet;

use domain::customer::Customer;
use domain::enrollment::{EndReason, Enrollment, Message, Noted, State, Status, Visit};
use domain::ledger::{Row, Sent};
use domain::mailbox::Mailbox;
use domain::message::{HoldReason, SkipReason};

use super::super::super::customers::Stored;
use super::super::super::ledger;
use super::{KINDS, items};

/// Which of a type's values were seen, by their places.
fn every(places: impl IntoIterator<Item = usize>, count: usize, of: &str) {
    let seen: BTreeSet<usize> = places.into_iter().collect();
    assert_eq!(seen, (0..count).collect(), "the fixtures lack values of {of}");
}

/// The customer in which everything stands.
fn filled() -> Customer {
    Stored::read(items(KINDS[0].1).last().unwrap()).unwrap().customer
}

#[test]
fn every_field_of_a_customer_stands_in_a_fixture() {
    let Customer {
        id: _,
        traits,
        consents,
        unconfirmed,
        confirmed,
        events,
        segments,
        audiences,
        enrollments,
        past,
        asked,
        armed,
        definitions,
        mailbox,
        notes,
        erased_until,
    } = filled();
    assert!(!traits.is_empty() && !consents.is_empty() && !events.is_empty() && !segments.is_empty());
    assert!(!audiences.is_empty() && !past.is_empty() && !asked.is_empty() && !armed.is_empty());
    assert!(unconfirmed.is_some() && confirmed.is_some() && erased_until.is_some() && definitions > 0);
    assert!(mailbox != Mailbox::default());
    let Enrollment {
        journey: _,
        version: _,
        entered: _,
        key,
        date,
        by,
        event,
        held_out,
        goal_before,
        state: _,
        visits: _,
        holds,
        goal,
    } = enrollments[0].clone();
    assert!(key.is_some() && date.is_some() && by.is_some() && !event.is_empty() && goal.is_some());
    assert!(held_out && goal_before);
    every(holds.iter().map(|hold| of_hold(hold.why)), 4, "HoldReason");
    every(enrollments.iter().map(|enrollment| of_state(&enrollment.state)), 6, "State");
    every(enrollments.iter().flat_map(|it| &it.visits).map(of_visit), 4, "Visit");
    every(notes.iter().map(|note| of_noted(&note.what)), 10, "Noted");
    let ended = |enrollment: &Enrollment| {
        if let State::Ended { why, .. } = enrollment.state { Some(of_end(why)) } else { None }
    };
    every(enrollments.iter().filter_map(ended), 8, "EndReason");
}

#[test]
fn every_field_of_a_message_stands_in_a_fixture() {
    let customer = filled();
    let Message {
        step: _,
        code: _,
        channel: _,
        purpose,
        at: _,
        status: _,
        asked,
        parts,
        yen,
        billed,
        clicked,
        links,
        scanned,
        opened,
        replied,
        reply,
    } = customer.enrollments[0].messages().next().unwrap().clone();
    assert!(purpose.name() == "transactional" && asked > 0 && billed && !links.is_empty());
    assert!(parts.is_some() && yen.is_some() && clicked.is_some() && scanned.is_some());
    assert!(opened.is_some() && replied.is_some() && reply.is_some());
    let statuses =
        || customer.enrollments.iter().flat_map(Enrollment::messages).map(|message| &message.status);
    every(statuses().map(of_status), 7, "Status");
    let skipped =
        |status: &Status| if let Status::Skipped(why) = status { Some(of_skip(*why)) } else { None };
    every(statuses().filter_map(skipped), 11, "SkipReason");
}

#[test]
fn every_field_of_a_ledger_row_stands_in_a_fixture() {
    let row = ledger::read(items(KINDS[1].1).last().unwrap()).unwrap().row;
    let Row { version: _, key, held_out, ended, messages, outstanding, took, passed, goal } = row;
    assert!(key.is_some() && held_out && ended.is_some() && outstanding && goal.is_some());
    assert!(!took.is_empty() && !passed.is_empty());
    let Sent {
        step: _,
        channel: _,
        at: _,
        code,
        status: _,
        parts,
        yen,
        clicked,
        scanned,
        links,
        opened,
        replied,
        reply,
    } = messages[0].clone();
    assert!(code.is_some() && parts.is_some() && yen.is_some() && clicked.is_some() && scanned.is_some());
    assert!(!links.is_empty() && opened.is_some() && replied.is_some() && reply.is_some());
}

const fn of_state(state: &State) -> usize {
    match state {
        State::Starting { step: _ } => 0,
        State::Holding { step: _, until: _, why: _ } => 1,
        State::Sending { step: _ } => 2,
        State::Waiting { step: _, until: _ } => 3,
        State::Listening { step: _, since: _, until: _ } => 4,
        State::Ended { at: _, why: _ } => 5,
    }
}

const fn of_visit(visit: &Visit) -> usize {
    match visit {
        Visit::Message(_) => 0,
        Visit::Took { step: _, way: _, at: _ } => 1,
        Visit::Webhook { step: _, code: _, at: _ } => 2,
        Visit::Card { step: _, at: _ } => 3,
    }
}

const fn of_status(status: &Status) -> usize {
    match status {
        Status::Pending => 0,
        Status::Unknown => 1,
        Status::Skipped(_) => 2,
        Status::Failed(_) => 3,
        Status::Accepted => 4,
        Status::Undelivered(_) => 5,
        Status::Delivered => 6,
    }
}

const fn of_hold(why: HoldReason) -> usize {
    match why {
        HoldReason::QuietHours => 0,
        HoldReason::FrequencyCap => 1,
        HoldReason::Paused => 2,
        HoldReason::ProviderDown => 3,
    }
}

const fn of_end(why: EndReason) -> usize {
    match why {
        EndReason::Goal => 0,
        EndReason::Finished => 1,
        EndReason::Exit => 2,
        EndReason::VersionGone => 3,
        EndReason::DateMoved => 4,
        EndReason::DatePassed => 5,
        EndReason::Removed => 6,
        EndReason::Stopped => 7,
    }
}

const fn of_skip(why: SkipReason) -> usize {
    match why {
        SkipReason::NoConsent => 0,
        SkipReason::NoAddress => 1,
        SkipReason::Suppressed => 2,
        SkipReason::Ended => 3,
        SkipReason::MissingValue => 4,
        SkipReason::TooLong => 5,
        SkipReason::HeldOut => 6,
        SkipReason::Late => 7,
        SkipReason::BudgetSpent => 8,
        SkipReason::LimitSpent => 9,
        SkipReason::Unconfirmed => 10,
    }
}

const fn of_noted(noted: &Noted) -> usize {
    match noted {
        Noted::AlreadyIn(_) => 0,
        Noted::ReEntry(_) => 1,
        Noted::NotWhere(_) => 2,
        Noted::Exclusive(_, _) => 3,
        Noted::NoJourney(_) => 4,
        Noted::LateEvent(_) => 5,
        Noted::DatePassed(_) => 6,
        Noted::NoKey(_) => 7,
        Noted::TraitLeftOut(_) => 8,
        Noted::EventLeftOut(_) => 9,
    }
}
