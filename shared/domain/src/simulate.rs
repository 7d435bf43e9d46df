//! A dry run: what a journey would have done with real customers, on a virtual clock. The very [`step`] decides; nothing
//! leaves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::enrollment::{Enrollment, Message, Status};
use crate::event::{Event, EventId, History, Properties};
use crate::input::{Effect, Input, Outcome};
use crate::journey::Journey;
use crate::message::{Code, Permission};
use crate::money::Yen;
use crate::names::JourneyName;
use crate::parts::Estimate;
use crate::rendering::{Sender, fill};
use crate::step::{Decided, step};
use crate::time::{HOUR, MINUTE, Timestamp};
use crate::walk::check_at_sending;

/// The most steps of one customer: a definition that keeps someone busier than that is told of.
const STEPS_LIMIT: usize = 100_000;

/// What is assumed of people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Assumed {
    /// Of messages with a link, the part that is clicked, an hour after it was sent.
    pub click_rate: f64,
    /// Of those who clicked, the part that reaches the goal, an hour after the click.
    pub conversion_rate: f64,
    /// What the event of the goal is worth.
    pub goal_yen: Yen,
}

/// A dry run.
#[derive(Debug)]
pub struct Simulation<'a> {
    /// The definitions as they are to be.
    pub definitions: &'a Definitions,
    /// The same without journeys: by them customers are members of segments at the beginning, and enter none.
    pub before: &'a Definitions,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What is assumed of people.
    pub assumed: Assumed,
    /// Who sends, for the lengths of texts.
    pub sender: Sender<'a>,
}

/// What a dry run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Customers that were played.
    pub customers: u64,
    /// Enrollments that began, by journey.
    pub entries: BTreeMap<JourneyName, u64>,
    /// Enrollments that did not begin, by journey and why.
    pub not_entered: BTreeMap<String, u64>,
    /// Messages, by journey and step.
    pub sends: BTreeMap<(JourneyName, String), u64>,
    /// Messages by local day and hour.
    pub hours: BTreeMap<(Date, i8), u64>,
    /// How often a message was held, by reason.
    pub held: BTreeMap<&'static str, u64>,
    /// Messages that were left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// SMS parts, on the route with most of them.
    pub parts: u64,
    /// What the messages cost, on the dearest route.
    pub yen: Yen,
    /// Messages that were clicked.
    pub clicks: u64,
    /// Enrollments that reached their goal.
    pub conversions: u64,
    /// What the events of the goals were worth.
    pub revenue: Yen,
    /// People by the number of journeys that wrote to them.
    pub reached_by: BTreeMap<usize, u64>,
    /// Customers that were given up: something keeps them busy without end.
    pub endless: u64,
    clicked: Share,
    converted: Share,
}

/// Draws a part of many evenly, so that of 10,000 a tenth are 1,000.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Share(f64);

impl Share {
    fn draw(&mut self, rate: f64) -> bool {
        self.0 += rate.clamp(0.0, 1.0);
        // A tenth ten times is a little less than one.
        let drawn = self.0 > 1.0 - 1e-9;
        if drawn {
            self.0 -= 1.0;
        }
        drawn
    }
}

impl Tally {
    /// Messages that left.
    pub fn sent(&self) -> u64 {
        self.sends.values().sum()
    }

    /// Cost by conversion, to the nearest yen.
    pub fn cpa_yen(&self) -> Option<Yen> {
        self.yen.per(self.conversions)
    }
}

impl Simulation<'_> {
    /// Plays one customer from their real history, and adds what happens to the tally.
    pub fn play(&self, customer: &Customer, tally: &mut Tally) {
        tally.customers += 1;
        let (customer, later) = as_of(customer, self.from);
        let mut played =
            Played { simulation: self, tally, coming: BTreeMap::new(), reached: BTreeSet::new() };
        for event in later.into_iter().filter(|event| event.at <= self.until) {
            played.coming.entry(event.at).or_default().push(Input::Track { event });
        }
        let known = step(&customer, &[], self.from, self.before).customer;
        played.run(known);
        let journeys = played.reached.len();
        if journeys > 0 {
            *tally.reached_by.entry(journeys).or_default() += 1;
        }
    }
}

struct Played<'a, 't> {
    simulation: &'a Simulation<'a>,
    tally: &'t mut Tally,
    coming: BTreeMap<Timestamp, Vec<Input>>,
    reached: BTreeSet<JourneyName>,
}

impl Played<'_, '_> {
    fn run(&mut self, mut customer: Customer) {
        let (mut now, until) = (self.simulation.from, self.simulation.until);
        for _ in 0..STEPS_LIMIT {
            let inputs = self.coming.remove(&now).unwrap_or_default();
            let stepped = step(&customer, &inputs, now, self.simulation.definitions);
            for decision in &stepped.decisions {
                self.decided(&decision.journey, &decision.what, &stepped.customer);
            }
            let sends = stepped.effects.iter().filter_map(|effect| match effect {
                Effect::Send { task, .. } => Some(task.code.clone()),
                Effect::Ledger { .. }
                | Effect::Webhook(_)
                | Effect::Member { .. }
                | Effect::Announce(_)
                | Effect::Alias { .. } => None,
            });
            sends.for_each(|code| self.send(&stepped.customer, &code, now));
            customer = stepped.customer;
            let due = stepped.next.map(|due| due.at);
            let next = self.coming.keys().next().copied().into_iter().chain(due).min();
            match next.filter(|next| *next <= until) {
                Some(next) => now = next,
                None => return,
            }
        }
        self.tally.endless += 1;
    }

    fn decided(&mut self, journey: &JourneyName, what: &Decided, customer: &Customer) {
        match what {
            Decided::Entered => *self.tally.entries.entry(journey.clone()).or_default() += 1,
            Decided::NotEntered(why) => {
                *self.tally.not_entered.entry(format!("{journey}: {}", why.describe())).or_default() += 1;
            }
            Decided::Held(why, _) => *self.tally.held.entry(why.describe()).or_default() += 1,
            Decided::Skipped(why) => *self.tally.skipped.entry(why.describe()).or_default() += 1,
            Decided::Ended(crate::enrollment::EndReason::Goal) => {
                self.tally.conversions += 1;
                let of_it = customer.enrollments.iter().filter(|it| it.journey == *journey);
                let goal = of_it.filter_map(|it| it.goal).max_by_key(|goal| goal.at);
                self.tally.revenue += goal.map(|goal| goal.yen).unwrap_or_default();
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
                *self.tally.held.entry(why.describe()).or_default() += 1;
                Outcome::Held { until, why }
            }
            Permission::Skip(why) => self.left_out(why),
            Permission::Send => self.leave(customer, (enrollment, journey, message), now),
        };
        self.comes(now.plus(MINUTE), Input::Outcome { code: code.clone(), outcome });
    }

    fn left_out(&mut self, why: crate::message::SkipReason) -> Outcome {
        *self.tally.skipped.entry(why.describe()).or_default() += 1;
        Outcome::Settled { status: Status::Skipped(why), parts: None, yen: None }
    }

    fn leave(
        &mut self,
        customer: &Customer,
        (enrollment, journey, message): (&Enrollment, &Journey, &Message),
        now: Timestamp,
    ) -> Outcome {
        let Simulation { definitions, assumed, sender, .. } = self.simulation;
        let Some(step) = journey.message(message.step) else {
            return self.left_out(crate::message::SkipReason::Ended);
        };
        let filled = fill(customer, (enrollment, journey), step, &message.code, definitions, *sender);
        let filled = match filled {
            Ok(filled) => filled,
            Err(unfilled) => return self.left_out(unfilled.reason),
        };
        let parts = filled.estimate.as_ref().map(Estimate::most_parts);
        let yen = filled.estimate.as_ref().map(|estimate| estimate.yen().1);
        self.tally.parts += u64::from(parts.unwrap_or(0));
        self.tally.yen += yen.unwrap_or_default();
        *self.tally.sends.entry((journey.name.clone(), step.name.to_string())).or_default() += 1;
        if let Ok(at) = jiff::Timestamp::from_second(now.seconds()) {
            let local = at.to_zoned(customer.zone(&definitions.zone));
            *self.tally.hours.entry((local.date(), local.hour())).or_default() += 1;
        }
        if !filled.to_somebody_else {
            self.reached.insert(journey.name.clone());
        }
        if !step.links.is_empty() && self.tally.clicked.draw(assumed.click_rate) {
            self.click(journey, &message.code, now.plus(HOUR));
        }
        Outcome::Settled { status: Status::Accepted, parts, yen }
    }

    fn click(&mut self, journey: &Journey, code: &Code, at: Timestamp) {
        self.tally.clicks += 1;
        self.comes(at, Input::Click { code: code.clone(), link: 0, at });
        let assumed = self.simulation.assumed;
        let Some(goal) = &journey.goal else { return };
        if self.tally.converted.draw(assumed.conversion_rate) {
            let at = at.plus(HOUR);
            let (id, name) = (EventId::of(&format!("assumed {}", code.as_str())), goal.name.clone());
            let event = Event { id, name, at, yen: assumed.goal_yen, properties: Properties::new() };
            self.comes(at, Input::Track { event });
        }
    }

    fn comes(&mut self, at: Timestamp, input: Input) {
        self.coming.entry(at).or_default().push(input);
    }
}

/// The customer as known at an instant, without what journeys did; and what happened later.
fn as_of(customer: &Customer, at: Timestamp) -> (Customer, Vec<Event>) {
    let mut known = Customer::new(customer.id.clone());
    known.traits.clone_from(&customer.traits);
    known.consents.clone_from(&customer.consents);
    known.audiences.clone_from(&customer.audiences);
    let mut later = Vec::new();
    for (name, history) in &customer.events {
        let (before, after) = history.recent.split_at(history.recent.partition_point(|kept| kept.0 <= at));
        later.extend(after.iter().map(|kept| Event {
            id: kept.1.clone(),
            name: name.clone(),
            at: kept.0,
            yen: kept.2,
            properties: kept.3.clone(),
        }));
        let gone = u32::try_from(after.len()).unwrap_or(u32::MAX);
        if history.count > gone {
            let spent: Yen = after.iter().map(|kept| kept.2).sum();
            let history = History {
                count: history.count - gone,
                total: Yen(history.total.0.saturating_sub(spent.0)),
                recent: before.to_vec(),
                ..history.clone()
            };
            known.events.insert(name.clone(), history);
        }
    }
    later.sort_by_key(|event| event.at);
    (known, later)
}
