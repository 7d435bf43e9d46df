//! A small world around one customer: messages that are handed over are checked, claimed and answered by a provider
//! whose mood depends on the message's code alone, so that every run of the same script meets the same answers.

use std::collections::{BTreeMap, BTreeSet};

use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::enrollment::{Message, Status, Visit};
use domain::input::{Effect, Input, Outcome, Visitor, WebhookTask};
use domain::message::{Code, Permission};
use domain::money::Yen;
use domain::names::CustomerId;
use domain::project;
use domain::step::{Stepped, step};
use domain::time::Timestamp;
use domain::walk::check_at_sending;

use crate::chance::Chance;

/// How a script is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// From one due instant or input to the next.
    Jumping,
    /// Also at every minute between, at which nothing may change.
    Ticking,
    /// Jumping; the inputs of one instant in any order and up to five times.
    Shuffled(u64),
    /// Jumping; inputs come again in batches of their own, at once and hours later.
    Repeated(u64),
}

/// Everything that happens from outside, in minutes from the start.
pub type Script = BTreeMap<i64, Vec<Input>>;

/// What a run showed beside the customer it ended with.
#[derive(Debug, Default)]
pub struct Seen {
    /// Requests to a provider: when, and for which message.
    pub calls: Vec<(Timestamp, Code)>,
    /// Webhooks that were handed over, in order.
    pub webhooks: Vec<WebhookTask>,
    /// Decisions and effects, in order, as text.
    pub told: Vec<String>,
}

/// One run.
pub struct World<'a> {
    definitions: &'a Definitions,
    start: Timestamp,
    mood: u64,
    customer: Customer,
    waiting: Script,
    queue: BTreeMap<i64, Vec<Code>>,
    claims: BTreeMap<Code, Option<Outcome>>,
    pub seen: Seen,
}

impl<'a> World<'a> {
    /// A world in which nothing has happened yet. Messages fare by `mood`.
    pub fn new(definitions: &'a Definitions, start: Timestamp, script: &Script, mood: u64) -> Self {
        let customer = Customer::new(CustomerId::parse("c-1").unwrap());
        Self {
            definitions,
            start,
            mood,
            customer,
            waiting: script.clone(),
            queue: BTreeMap::new(),
            claims: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    /// Runs to the end, in minutes from the start, and returns the customer.
    pub fn run(mut self, until: i64, delivery: Delivery) -> (Customer, Seen) {
        let mut chance = Chance::new(match delivery {
            Delivery::Jumping | Delivery::Ticking => 0,
            Delivery::Shuffled(seed) | Delivery::Repeated(seed) => seed,
        });
        let mut due: Option<i64> = None;
        let mut past: Vec<Input> = Vec::new();
        let mut now = 0;
        while now <= until {
            let inputs = self.waiting.remove(&now).unwrap_or_default();
            if !inputs.is_empty() || due == Some(now) {
                let stepped = self.look(&batch(&inputs, delivery, &mut chance), now);
                due = self.minute_of(&stepped);
                if let Delivery::Repeated(_) = delivery {
                    past.extend(inputs);
                    self.repeat(&past, now, &mut chance);
                }
            } else if delivery == Delivery::Ticking {
                self.tick(now, due);
            }
            for code in self.queue.remove(&now).unwrap_or_default() {
                self.send(&code, now);
            }
            let soonest = [self.waiting.keys().next().copied(), self.queue.keys().next().copied(), due]
                .into_iter()
                .flatten()
                .min();
            now = match delivery {
                Delivery::Ticking => now + 1,
                Delivery::Jumping | Delivery::Shuffled(_) | Delivery::Repeated(_) => match soonest {
                    Some(soonest) => soonest,
                    None => break,
                },
            };
        }
        (self.customer, self.seen)
    }

    fn at(&self, minute: i64) -> Timestamp {
        self.start.plus(minute * 60)
    }

    fn minute_of(&self, stepped: &Stepped) -> Option<i64> {
        let seconds = stepped.next.as_ref()?.at.since(self.start);
        assert_eq!(seconds % 60, 0, "due between two minutes: {:?}", stepped.next);
        Some(seconds / 60)
    }

    /// One step, and what it calls for.
    fn look(&mut self, inputs: &[Input], minute: i64) -> Stepped {
        let now = self.at(minute);
        let stepped = step(&self.customer, inputs, now, self.definitions);
        assert!(stepped.next.as_ref().is_none_or(|due| due.at > now), "due in the past: {:?}", stepped.next);
        assert_eq!(stepped.changed, stepped.customer != self.customer);
        // A crash here loses the effects: all of them can be made again from the customer alone.
        let again = project::all(&stepped.customer);
        for effect in &stepped.effects {
            assert!(again.contains(effect), "lost: {effect:?}");
        }
        for pending in
            stepped.customer.enrollments.iter().flat_map(|enrollment| {
                enrollment.messages().filter(|message| enrollment.is_outstanding(message))
            })
        {
            assert!(
                again
                    .iter()
                    .any(|effect| matches!(effect, Effect::Send { task, .. } if task.code == pending.code))
            );
        }
        let passed = stepped.customer.enrollments.iter().flat_map(|enrollment| &enrollment.visits);
        for visit in passed {
            if let Visit::Webhook { code: passed, .. } = visit {
                let made =
                    again.iter().filter(|it| matches!(it, Effect::Webhook(task) if task.code == *passed));
                assert_eq!(made.count(), 1, "{passed:?} is not made again, once");
            }
        }
        let document = serde_json::to_string(&stepped.customer).unwrap();
        assert_eq!(serde_json::from_str::<Customer>(&document).unwrap(), stepped.customer);
        self.seen.told.extend(stepped.decisions.iter().map(|decision| format!("{minute} {decision:?}")));
        self.seen.told.extend(stepped.effects.iter().map(|effect| format!("{minute} {effect:?}")));
        self.customer = stepped.customer.clone();
        for effect in &stepped.effects {
            match effect {
                Effect::Send { task, .. } => {
                    // A sender's queue is mostly empty, and on some days not: one that is always longer than the
                    // permitted hours would let nothing go.
                    let drawn = i64::from(task.code.as_str().as_bytes()[0]) + minute / 1440;
                    let delay = match drawn % 4 {
                        0 => 0,
                        1 => 1,
                        2 => 3,
                        _ => 400,
                    };
                    self.queue.entry(minute + delay).or_default().push(task.code.clone());
                }
                Effect::Webhook(task) => self.seen.webhooks.push(task.clone()),
                Effect::Ledger { .. }
                | Effect::Member { .. }
                | Effect::Announce(_)
                | Effect::Alias { .. } => {}
            }
        }
        stepped
    }

    /// Invariant 7: a look before the next due instant changes nothing.
    fn tick(&mut self, minute: i64, due: Option<i64>) {
        assert!(due.is_none_or(|due| due > minute), "due at {due:?}, passed over at {minute}");
        let stepped = step(&self.customer, &[Input::Timer], self.at(minute), self.definitions);
        assert_eq!(stepped.customer, self.customer, "changed at minute {minute}, due at {due:?}");
        assert!(
            !stepped.changed && stepped.effects.is_empty() && stepped.decisions.is_empty(),
            "{stepped:?}"
        );
        assert_eq!(self.minute_of(&stepped), due);
    }

    /// Inputs come again, in batches, at once or hours after: nothing changes.
    fn repeat(&mut self, past: &[Input], minute: i64, chance: &mut Chance) {
        for _ in 0..chance.below(3) {
            let batch: Vec<Input> =
                (0..=chance.below(4)).filter_map(|_| past.get(chance.below(past.len()))).cloned().collect();
            let stepped = step(&self.customer, &batch, self.at(minute), self.definitions);
            assert_eq!(stepped.customer, self.customer, "changed by {batch:?} coming again");
            assert!(stepped.effects.is_empty() && stepped.decisions.is_empty());
        }
    }

    /// What a sender does: check, claim, call, report.
    fn send(&mut self, code: &Code, minute: i64) {
        let mut mood = Chance::new(
            code.as_str().bytes().fold(self.mood, |hash, byte| hash.wrapping_mul(31) ^ u64::from(byte)),
        );
        let delay = mood.minutes(3);
        if let Some(told) = self.claims.get(code).cloned() {
            // Claimed before: what is known is told again; the provider is not asked again.
            return self
                .tell(minute + delay, told.map(|outcome| Input::Outcome { code: code.clone(), outcome }));
        }
        let outcome = match check_at_sending(&self.customer, code, self.definitions, self.at(minute)) {
            Permission::Hold(until, why) => {
                return self.outcome(minute + delay, code, Outcome::Held { until, why });
            }
            Permission::Skip(reason) => Some(settled(Status::Skipped(reason))),
            Permission::Send => {
                self.seen.calls.push((self.at(minute), code.clone()));
                self.answer(&mut mood, code, minute)
            }
        };
        self.claims.insert(code.clone(), outcome.clone());
        if let Some(outcome) = outcome {
            self.outcome(minute + delay, code, outcome);
        }
    }

    fn outcome(&mut self, minute: i64, code: &Code, outcome: Outcome) {
        self.tell(minute, Some(Input::Outcome { code: code.clone(), outcome }));
    }

    fn tell(&mut self, minute: i64, input: Option<Input>) {
        if let Some(input) = input {
            self.waiting.entry(minute).or_default().push(input);
        }
    }

    /// What the provider and the person make of a message; `None` when the sender dies before it can tell.
    fn answer(&mut self, mood: &mut Chance, code: &Code, minute: i64) -> Option<Outcome> {
        let outcome = match mood.below(10) {
            0 => return Some(settled(Status::Failed("invalid".to_owned()))),
            1 => Some(settled(Status::Unknown)),
            2 => None,
            _ => Some(settled(Status::Accepted)),
        };
        // Receipts, clicks and replies may overtake the outcome, and some never come.
        let mut later = |most: i64| minute + mood.minutes(most);
        let (receipt, click, open, reply) = (later(400), later(900), later(900), later(900));
        let by = if mood.coin() { Visitor::Person } else { Visitor::Program };
        let (billed, at) = (mood.minutes(12), |minute| self.start.plus(minute * 60));
        let status = if mood.coin() { Status::Delivered } else { Status::Undelivered("absent".to_owned()) };
        let code = || code.clone();
        let inputs = [
            (receipt, Input::Receipt { code: code(), status, parts: Some(2), yen: Some(Yen(billed)) }),
            (click, Input::Click { code: code(), link: 0, by, at: at(click) }),
            (open, Input::Open { code: code(), at: at(open) }),
            (
                reply,
                Input::Reply {
                    code: Some(code()),
                    channel: domain::contact::Channel::Sms,
                    word: None,
                    at: at(reply),
                },
            ),
        ];
        for (minute, input) in inputs {
            let comes = mood.coin();
            self.tell(minute, comes.then_some(input));
        }
        outcome
    }
}

fn settled(status: Status) -> Outcome {
    let (parts, yen) = if status == Status::Accepted { (Some(1), Some(Yen(9))) } else { (None, None) };
    Outcome::Settled { status, parts, yen }
}

fn batch(inputs: &[Input], delivery: Delivery, chance: &mut Chance) -> Vec<Input> {
    match delivery {
        Delivery::Jumping | Delivery::Ticking => inputs.to_vec(),
        Delivery::Repeated(_) | Delivery::Shuffled(_) => {
            let copies = inputs.iter().flat_map(|input| vec![input.clone(); 1 + chance.below(5)]);
            let mut batch: Vec<Input> = copies.collect();
            chance.shuffle(&mut batch);
            batch
        }
    }
}

/// Messages of a customer by their codes.
pub fn messages(customer: &Customer) -> BTreeMap<Code, Message> {
    let all = customer.enrollments.iter().flat_map(domain::enrollment::Enrollment::messages);
    all.map(|message| (message.code.clone(), message.clone())).collect()
}

/// Codes that a provider was asked to send more than once.
pub fn twice(seen: &Seen) -> BTreeSet<Code> {
    let mut once = BTreeSet::new();
    seen.calls.iter().filter(|(_, code)| !once.insert(code.clone())).map(|(_, code)| code.clone()).collect()
}
