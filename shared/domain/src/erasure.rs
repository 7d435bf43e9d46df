//! Erasure of a person: what still counts afterwards of what is told of the id, and what stays of enrollments so that
//! reports stay right.

use crate::consent::{ConsentSaid, Source};
use crate::enrollment::{EndReason, Enrollment, State, Status};
use crate::event::CONSENT_CONFIRMED;
use crate::input::Input;
use crate::ledger::Row;
use crate::message::{Code, SkipReason};
use crate::money::Yen;
use crate::time::Timestamp;

/// What is known of a message that was handed to its sender and of which nothing was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was never claimed, and will not be.
    Nothing,
    /// It was claimed: it may or may not have left.
    Claim,
    /// It was settled.
    Settled {
        /// How.
        status: Status,
        /// Parts.
        parts: Option<u32>,
        /// Price.
        yen: Option<Yen>,
    },
}

/// Whether an input counts for an id whose person was erased `until` an instant.
///
/// What was said or done up to then does not, whenever it is heard of: an import of older files, a message that waited in
/// a queue. What tells of messages, what was said on the pages behind them, and what waited counts for whoever is `anew` there under the id, and makes nobody.
pub fn counts(input: &Input, until: Timestamp, anew: bool) -> bool {
    match input {
        Input::Identify { at, traits, consents } => {
            at.since(until) > 0 && (anew || !(traits.is_empty() && behind_a_message(consents)))
        }
        Input::Enroll { at, .. } => at.since(until) > 0,
        Input::Track { event } => event.at.since(until) > 0 && (anew || event.name != CONSENT_CONFIRMED),
        Input::Timer
        | Input::Evaluate { .. }
        | Input::Outcome { .. }
        | Input::Receipt { .. }
        | Input::Click { .. }
        | Input::Open { .. }
        | Input::Reply { .. }
        | Input::Remove { .. }
        | Input::SoftBounce { .. }
        | Input::OptIn { .. }
        | Input::OptOut { .. } => anew,
    }
}

/// Whether all that is said was said on a page behind a message: by whomever that was sent to.
fn behind_a_message(words: &[ConsentSaid]) -> bool {
    let behind = |word: &ConsentSaid| matches!(word.proof.source, Source::Link | Source::DoubleOptIn);
    !words.is_empty() && words.iter().all(behind)
}

/// The row of an enrollment whose person was erased `at` an instant: as if the person had been taken out of the journey
/// then, with what was found of the messages that are not heard of any more.
pub fn last_row(enrollment: &Enrollment, at: Timestamp, found: impl Fn(&Code) -> Found) -> Row {
    let mut enrollment = enrollment.clone();
    for message in enrollment.messages_mut().filter(|message| message.status == Status::Pending) {
        match found(&message.code) {
            Found::Nothing => message.learn(Status::Skipped(SkipReason::Ended)),
            Found::Claim => message.learn(Status::Unknown),
            Found::Settled { status, parts, yen } => {
                message.learn(status);
                message.cost(parts, yen, false);
            }
        }
    }
    if enrollment.is_live() {
        enrollment.state = State::Ended { at, why: EndReason::Removed };
    }
    Row::of(&enrollment)
}

/// A row without what was told of its person: its key behind a mask, the words of replies and the codes of messages left
/// out. What is counted stays.
pub fn anonymous(mut row: Row, mask: impl Fn(&str) -> String) -> Row {
    row.key = row.key.as_deref().map(mask);
    for sent in &mut row.messages {
        sent.reply = None;
        sent.code = None;
    }
    row
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::consent::{ConsentSaid, Source};
    use crate::consent::{Proof, Purpose};
    use crate::contact::Channel;
    use crate::enrollment::{Message, Visit};
    use crate::event::Properties;
    use crate::names::JourneyName;

    const AT: Timestamp = Timestamp::from_seconds(1_000);

    fn enrollment(status: Status, state: State) -> Enrollment {
        let code = Code::parse("AAAAAAAAAAAA").unwrap();
        let mut message = Message::new((1, code), (Channel::Sms, Purpose::Marketing), AT, status);
        message.reply = Some("はい".to_owned());
        Enrollment {
            journey: JourneyName::parse("orders").unwrap(),
            version: 1,
            entered: AT.plus(-10),
            key: Some("order 4711".to_owned()),
            date: None,
            by: None,
            event: Properties::new(),
            held_out: false,
            goal_before: false,
            state,
            visits: vec![Visit::Message(message)],
            holds: Vec::new(),
            goal: None,
        }
    }

    #[test]
    fn what_was_told_before_does_not_count() {
        let identify = |at| Input::Identify { traits: BTreeMap::new(), consents: Vec::new(), at };
        let on_a_page = |source| {
            let proof = Proof::of(source);
            let word = ConsentSaid { proof, ..ConsentSaid::new(Channel::Sms, Purpose::Marketing, false) };
            Input::Identify { traits: BTreeMap::new(), consents: vec![word], at: AT.plus(1) }
        };
        let opted_out = Input::OptOut { channel: Channel::Sms, at: AT.plus(9), proof: Proof::default() };
        for anew in [false, true] {
            assert!(!counts(&identify(AT), AT, anew));
            assert!(counts(&identify(AT.plus(1)), AT, anew));
            assert_eq!(counts(&opted_out, AT, anew), anew);
            assert_eq!(counts(&on_a_page(Source::Link), AT, anew), anew);
            assert!(counts(&on_a_page(Source::Api), AT, anew));
            assert_eq!(counts(&Input::Timer, AT, anew), anew);
        }
    }

    #[test]
    fn a_message_on_its_way_is_what_was_found_of_it() {
        let settled = Found::Settled { status: Status::Accepted, parts: Some(2), yen: Some(Yen(20)) };
        let cases = [
            (Found::Nothing, Status::Skipped(SkipReason::Ended)),
            (Found::Claim, Status::Unknown),
            (settled, Status::Accepted),
        ];
        for (found, expected) in cases {
            let live = enrollment(Status::Pending, State::Sending { step: 1 });
            let row = last_row(&live, AT, |_| found.clone());
            assert_eq!(row.ended, Some((AT, EndReason::Removed)));
            assert_eq!(row.messages[0].status, expected);
            assert!(!row.outstanding);
        }
    }

    #[test]
    fn nothing_that_was_told_stays_in_a_row() {
        let over = enrollment(Status::Delivered, State::Ended { at: AT, why: EndReason::Goal });
        let row = anonymous(last_row(&over, AT.plus(5), |_| Found::Nothing), |_| "mask".to_owned());
        let text = serde_json::to_string(&row).unwrap();
        assert!(!text.contains("4711") && !text.contains("はい") && !text.contains("AAAA"), "{text}");
        assert_eq!(row.ended, Some((AT, EndReason::Goal)), "what ended before stays as it was");
    }
}
