//! The next instant at which anything can change for a customer by the mere passing of time.

use crate::condition::Subject;
use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::enrollment::{Enrollment, State};
use crate::entry::{self, CampaignStage};
use crate::event_match::EventMatch;
use crate::journey::{Awaited, DateEntry, Enter, Journey, Step};
use crate::names::{JourneyName, SegmentName};
use crate::time::Timestamp;
use crate::walk::watch_at;

/// An instant, and what can change then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The instant.
    pub at: Timestamp,
    /// What can change.
    pub why: DueReason,
}

/// What can change at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueReason {
    /// A segment's condition.
    Segment(SegmentName),
    /// A journey begins by the calendar, or the condition on who may begin it changes.
    Calendar(JourneyName),
    /// A wait ends, a held message may leave, an event that was dated ahead happens.
    Step(JourneyName),
    /// A message of which nothing was heard.
    Watch(JourneyName),
}

/// The earliest of all that time can do to this customer after `now`.
pub fn next(customer: &Customer, now: Timestamp, definitions: &Definitions) -> Option<Due> {
    let subject = Subject { customer, enrollment: None, definitions };
    let segments = definitions.segments.iter().filter_map(|(name, segment)| {
        let at = segment.when.flips(subject, now)?;
        Some(Due { at, why: DueReason::Segment(name.clone()) })
    });
    let calendar = definitions.journeys.keys().filter_map(|name| {
        let (_, journey) = definitions.current(name)?;
        let armed = customer.armed.get(name).copied();
        let at = match &journey.enter {
            Enter::Date(DateEntry { yearly: false, .. }) => armed?,
            Enter::Date(DateEntry { yearly: true, .. }) | Enter::Schedule(_) => {
                entry::next(journey, customer, now, definitions)?;
                let allowed = journey.allowed.as_ref().and_then(|allowed| allowed.flips(subject, now));
                armed.into_iter().chain(allowed).min()?
            }
            // What is armed from its beginning on is no instant to look at.
            Enter::Campaign(campaign) => match entry::stage(campaign, now, definitions) {
                CampaignStage::Ahead(_) => armed?,
                CampaignStage::Open(..) | CampaignStage::Over => return None,
            },
            Enter::Segment(_) | Enter::LeftSegment(_) | Enter::Event(_) | Enter::Request => return None,
        };
        Some(Due { at, why: DueReason::Calendar(name.clone()) })
    });
    let enrollments = customer.enrollments.iter().flat_map(|enrollment| {
        let journey = definitions.version(&enrollment.journey, enrollment.version);
        let step = journey.and_then(|journey| step(customer, enrollment, journey, now, definitions));
        let step = step.map(|at| Due { at, why: DueReason::Step(enrollment.journey.clone()) });
        let outstanding = enrollment.messages().filter(|message| enrollment.is_outstanding(message));
        let watch = outstanding.map(watch_at).min();
        step.into_iter().chain(watch.map(|at| Due { at, why: DueReason::Watch(enrollment.journey.clone()) }))
    });
    segments.chain(calendar).chain(enrollments).filter(|due| due.at > now).min_by_key(|due| due.at)
}

fn step(
    customer: &Customer,
    enrollment: &Enrollment,
    journey: &Journey,
    now: Timestamp,
    definitions: &Definitions,
) -> Option<Timestamp> {
    let ahead = |event: &EventMatch| event.ahead(customer, now);
    let subject = Subject { customer, enrollment: Some((enrollment, journey)), definitions };
    let state = match &enrollment.state {
        State::Ended { .. } => return None,
        State::Starting { .. } | State::Sending { .. } => None,
        State::Holding { until, .. } | State::Waiting { until, .. } => Some(*until),
        State::Listening { step, until, .. } => {
            let comes = match journey.steps.get(*step) {
                Some(Step::Listen { awaited: Awaited::Event(event), .. }) => ahead(event),
                Some(Step::Listen { awaited: Awaited::When(condition), .. }) => condition.flips(subject, now),
                Some(
                    Step::Message(_)
                    | Step::Wait { .. }
                    | Step::Branch { .. }
                    | Step::Split { .. }
                    | Step::Audience { .. }
                    | Step::Set { .. }
                    | Step::Webhook(_)
                    | Step::Card { .. }
                    | Step::Exit,
                )
                | None => None,
            };
            Some(comes.map_or(*until, |at| at.min(*until)))
        }
    };
    // A paused journey stands still: what time does to it is made up for when it is resumed.
    let state = state.filter(|_| !definitions.is_paused(&journey.name));
    let exit = journey.exit.as_ref().and_then(|exit| exit.flips(subject, now));
    state.into_iter().chain(exit).chain(journey.goal.as_ref().and_then(ahead)).min()
}
