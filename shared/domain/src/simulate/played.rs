//! One customer in a dry run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Share, Simulation, Tally};
use crate::calendar::month;
use crate::customer::{Customer, Value};
use crate::enrollment::{EndReason, Enrollment, Message, State, Status};
use crate::event::{Event, EventId, ORDER_COMPLETED, Properties};
use crate::input::{Effect, Input, Outcome, Visitor};
use crate::journey::{Journey, MessageStep};
use crate::message::{Code, Permission, SkipReason};
use crate::names::JourneyName;
use crate::rendering::{Filled, fill};
use crate::routes::Asking;
use crate::step::{Decided, step};
use crate::time::{HOUR, MINUTE, Timestamp};
use crate::walk::check_at_sending;

/// The most steps of one customer: a definition that keeps someone busier than that is told of.
const STEPS_LIMIT: usize = 100_000;

/// What names an enrollment.
type Named = (JourneyName, Timestamp, Option<String>);

pub(super) struct Played<'a, 't> {
    pub(super) simulation: &'a Simulation<'a>,
    pub(super) tally: &'t mut Tally,
    pub(super) clicked: &'t mut Share,
    pub(super) converted: &'t mut Share,
    pub(super) coming: BTreeMap<Timestamp, Vec<Input>>,
    /// Journeys that wrote to the customer.
    pub(super) reached: BTreeSet<JourneyName>,
    /// Enrollments whose goal is counted, be it only assumed and yet to come.
    pub(super) converts: BTreeSet<Named>,
}

impl Played<'_, '_> {
    /// Plays the customer to the end, and returns the journeys that wrote to them.
    pub(super) fn run(mut self, mut customer: Customer) -> BTreeSet<JourneyName> {
        let (mut now, until) = (self.simulation.from, self.simulation.until);
        for _ in 0..STEPS_LIMIT {
            let inputs = self.coming.remove(&now).unwrap_or_default();
            let stepped = step(&customer, &inputs, now, self.simulation.definitions);
            self.tally.steps += 1;
            customer = stepped.customer;
            for decision in &stepped.decisions {
                self.decided(&decision.journey, &decision.what, &customer, now);
            }
            for effect in &stepped.effects {
                match effect {
                    Effect::Send { task, .. } => self.send(&customer, &task.code, now),
                    Effect::Ledger { .. }
                    | Effect::Webhook(_)
                    | Effect::Member { .. }
                    | Effect::Announce(_)
                    | Effect::Alias { .. } => {}
                }
            }
            let due = stepped.next.map(|due| due.at);
            let next = self.coming.keys().next().copied().into_iter().chain(due).min();
            match next.filter(|next| *next <= until) {
                Some(next) => now = next,
                None => return self.reached,
            }
        }
        self.tally.endless += 1;
        self.reached
    }

    fn decided(&mut self, journey: &JourneyName, what: &Decided, customer: &Customer, now: Timestamp) {
        let of = self.tally.of(journey);
        match what {
            Decided::Entered => of.entries += 1,
            Decided::NotEntered(why) => *of.not_entered.entry(why.describe()).or_default() += 1,
            Decided::Held(why, _) => *of.held.entry(why.describe()).or_default() += 1,
            Decided::Skipped(why) => *of.skipped.entry(why.describe()).or_default() += 1,
            Decided::Ended(EndReason::Goal) => {
                // Of several that end in this very second, each decision counts another one.
                let ends = State::Ended { at: now, why: EndReason::Goal };
                let ended = |it: &&Enrollment| it.journey == *journey && it.state == ends;
                let counted = |it: &&Enrollment| self.converts.contains(&named(it));
                let found = customer.enrollments.iter().filter(ended).find(|it| !counted(it));
                if let Some(enrollment) = found {
                    of.conversions += 1;
                    of.revenue += enrollment.goal.map(|goal| goal.yen).unwrap_or_default();
                    self.converts.insert(named(enrollment));
                }
            }
            Decided::Handed(_) | Decided::Took(_) | Decided::Ended(_) => {}
        }
    }

    /// What a sender and a person would do.
    fn send(&mut self, customer: &Customer, code: &Code, now: Timestamp) {
        let definitions = self.simulation.definitions;
        let found = customer.enrollments.iter().find_map(|enrollment| {
            let message = enrollment.messages().find(|message| message.code == *code)?;
            let journey = definitions.version(&enrollment.journey, enrollment.version)?;
            Some((enrollment, &**journey, message))
        });
        let Some((enrollment, journey, message)) = found else { return };
        let outcome = match check_at_sending(customer, code, definitions, now) {
            Permission::Hold(until, why) => {
                *self.tally.of(&journey.name).held.entry(why.describe()).or_default() += 1;
                Outcome::Held { until, why }
            }
            Permission::Skip(why) => self.left_out(journey, why),
            Permission::Send => self.leave(customer, (enrollment, journey, message), now),
        };
        self.comes(now.plus(MINUTE), Input::Outcome { code: code.clone(), outcome });
    }

    fn left_out(&mut self, journey: &Journey, why: SkipReason) -> Outcome {
        *self.tally.of(&journey.name).skipped.entry(why.describe()).or_default() += 1;
        Outcome::Settled { status: Status::Skipped(why), parts: None, yen: None }
    }

    fn leave(
        &mut self,
        customer: &Customer,
        (enrollment, journey, message): (&Enrollment, &Journey, &Message),
        now: Timestamp,
    ) -> Outcome {
        let Simulation { definitions, sender, .. } = self.simulation;
        let Some(step) = journey.message(message.step) else {
            return self.left_out(journey, SkipReason::Ended);
        };
        let filled = fill(customer, (enrollment, journey), step, &message.code, definitions, *sender);
        match filled {
            Ok(filled) => self.left(customer, (enrollment, journey), (step, &message.code), &filled, now),
            Err(unfilled) => self.left_out(journey, unfilled.reason),
        }
    }

    fn left(
        &mut self,
        customer: &Customer,
        (enrollment, journey): (&Enrollment, &Journey),
        (step, code): (&MessageStep, &Code),
        filled: &Filled,
        now: Timestamp,
    ) -> Outcome {
        let definitions = self.simulation.definitions;
        let quote = filled.estimate.as_ref().map(|_| {
            let (channel, purpose, to) = (step.channel, filled.purpose.into(), filled.to.as_str());
            let account = definitions.account_for(Asking { channel, purpose, to, code: code.as_str() });
            definitions.quote(account, to, &filled.text, now)
        });
        let parts = quote.map(|quote| quote.parts);
        let yen = quote.map(|quote| quote.dearest).or(filled.line_yen);
        let of = self.tally.of(&journey.name);
        of.parts += u64::from(parts.unwrap_or(0));
        of.yen += yen.unwrap_or_default();
        *of.sends.entry(step.name.to_string()).or_default() += 1;
        if let Some(yen) = yen {
            *of.months.entry(month(now, &self.simulation.definitions.zone)).or_default() += yen;
        }
        if let Ok(at) = jiff::Timestamp::from_second(now.seconds()) {
            let local = at.to_zoned(customer.zone(&self.simulation.definitions.zone));
            *of.hours.entry((local.date(), local.hour())).or_default() += 1;
        }
        if !filled.to_somebody_else {
            self.reached.insert(journey.name.clone());
            if !step.links.is_empty() && self.clicked.draw(self.simulation.assumed.click_rate) {
                self.click((enrollment, journey), code, now.plus(HOUR));
            }
        }
        Outcome::Settled { status: Status::Accepted, parts, yen }
    }

    fn click(&mut self, (enrollment, journey): (&Enrollment, &Journey), code: &Code, at: Timestamp) {
        let assumed = self.simulation.assumed;
        self.tally.of(&journey.name).clicks += 1;
        self.comes(at, Input::Click { code: code.clone(), link: 0, by: Visitor::Person, at });
        if !self.converted.draw(assumed.conversion_rate) || !self.converts.insert(named(enrollment)) {
            return;
        }
        let of = self.tally.of(&journey.name);
        of.conversions += 1;
        of.assumed_conversions += 1;
        of.revenue += assumed.goal_yen;
        let at = at.plus(HOUR);
        let goal = journey.goal.as_ref();
        let key = goal.and_then(|goal| Some((goal.matching.clone()?, Value::Text(enrollment.key.clone()?))));
        let event = Event {
            id: EventId::of(&format!("assumed {}", code.as_str())),
            name: goal.map_or(ORDER_COMPLETED, |goal| &goal.name).to_owned(),
            at,
            yen: assumed.goal_yen,
            properties: key.into_iter().collect::<Properties>(),
        };
        self.comes(at, Input::Track { event });
    }

    pub(super) fn comes(&mut self, at: Timestamp, input: Input) {
        self.coming.entry(at).or_default().push(input);
    }
}

fn named(enrollment: &Enrollment) -> Named {
    (enrollment.journey.clone(), enrollment.entered, enrollment.key.clone())
}
