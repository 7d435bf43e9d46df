//! The same life played through `step`, from one due instant or input to the next, with a sender, a provider and a person
//! who do as the life says.

use std::collections::{BTreeMap, BTreeSet};

use domain::contact::Channel;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::enrollment::{Enrollment, State, Status, Visit};
use domain::input::{Effect, Input, Outcome, Visitor};
use domain::journey::Journey;
use domain::message::{Code, Permission};
use domain::names::{CustomerId, JourneyName};
use domain::step::step;
use domain::time::Timestamp;
use domain::walk::check_at_sending;

use super::life::{Answer, Life, WORDS, input, instant};
use super::naive::Chances;
use super::trace::{Hold, Passed, Trace};

/// By this minute every enrollment has ended.
const TO_THE_END: i64 = 200 * 1440;

/// What `step` makes of a life in which there is one journey; `None` when it never begins.
pub fn played(definitions: &Definitions, name: &JourneyName, life: &Life) -> Option<(Trace, Chances)> {
    let (_, journey) = definitions.current(name).unwrap();
    let customer = Customer::new(CustomerId::parse(&life.id()).unwrap());
    let mut waiting: BTreeMap<i64, Vec<Input>> = BTreeMap::new();
    for (index, (minute, told)) in life.told.iter().enumerate() {
        waiting.entry(*minute).or_default().push(input(index, *minute, told, name));
    }
    let mut play = Play {
        definitions,
        journey,
        life,
        customer,
        waiting,
        queue: BTreeMap::new(),
        claimed: BTreeSet::new(),
    };
    play.run();
    let enrollment = play.customer.enrollments.first()?;
    Some((trace(enrollment, journey), chances(enrollment)))
}

struct Play<'a> {
    definitions: &'a Definitions,
    journey: &'a Journey,
    life: &'a Life,
    customer: Customer,
    waiting: BTreeMap<i64, Vec<Input>>,
    queue: BTreeMap<i64, Vec<Code>>,
    claimed: BTreeSet<Code>,
}

impl Play<'_> {
    fn run(&mut self) {
        let (mut now, mut due) = (0, None);
        loop {
            let inputs = self.waiting.remove(&now).unwrap_or_default();
            if !inputs.is_empty() || due == Some(now) {
                due = self.step(&inputs, now);
            }
            for code in self.queue.remove(&now).unwrap_or_default() {
                self.send(&code, now);
            }
            let soonest = [self.waiting.keys().next(), self.queue.keys().next(), due.as_ref()];
            match soonest.into_iter().flatten().min() {
                Some(soonest) if *soonest < TO_THE_END => now = *soonest,
                Some(_) | None => return,
            }
        }
    }

    fn step(&mut self, inputs: &[Input], minute: i64) -> Option<i64> {
        let stepped = step(&self.customer, inputs, instant(minute), self.definitions);
        self.customer = stepped.customer;
        for effect in stepped.effects {
            if let Effect::Send { task, .. } = effect {
                let at = minute + self.life.fate(&self.name(&task.code)).queue;
                self.queue.entry(at).or_default().push(task.code);
            }
        }
        stepped.next.map(|due| minute_of(due.at))
    }

    fn name(&self, code: &Code) -> String {
        let messages = self.customer.enrollments.iter().flat_map(Enrollment::messages);
        let step = messages.into_iter().find(|message| message.code == *code).unwrap().step;
        self.journey.step_name(step).unwrap().to_string()
    }

    /// What a sender does with a message: ask, claim, send, report.
    fn send(&mut self, code: &Code, now: i64) {
        if self.claimed.contains(code) {
            return;
        }
        let fate = self.life.fate(&self.name(code)).clone();
        let heard = now + fate.heard;
        match check_at_sending(&self.customer, code, self.definitions, instant(now)) {
            Permission::Hold(until, why) => {
                return self.tell(
                    heard,
                    Input::Outcome { code: code.clone(), outcome: Outcome::Held { until, why } },
                );
            }
            Permission::Skip(why) => self.settle(heard, code, Status::Skipped(why)),
            Permission::Send => {
                match fate.answer {
                    Answer::Accepted => self.settle(heard, code, Status::Accepted),
                    Answer::Refused => self.settle(heard, code, Status::Failed("invalid".to_owned())),
                    Answer::Silence => self.settle(heard, code, Status::Unknown),
                    Answer::Lost => {}
                }
                if fate.answer != Answer::Refused {
                    self.answers(code, now);
                }
            }
        }
        self.claimed.insert(code.clone());
    }

    /// What the provider and the person make of a message that left.
    fn answers(&mut self, code: &Code, now: i64) {
        let fate = self.life.fate(&self.name(code)).clone();
        let code = || code.clone();
        if let Some((later, delivered)) = fate.receipt {
            let status = if delivered { Status::Delivered } else { Status::Undelivered("absent".to_owned()) };
            self.tell(now + later, Input::Receipt { code: code(), status, parts: None, yen: None });
        }
        if let Some((later, program)) = fate.click {
            let by = if program { Visitor::Program } else { Visitor::Person };
            self.tell(now + later, Input::Click { code: code(), link: 0, by, at: instant(now + later) });
        }
        if let Some(later) = fate.open {
            self.tell(now + later, Input::Open { code: code(), at: instant(now + later) });
        }
        if let Some((later, word)) = fate.reply {
            let (word, at) = (WORDS[word].map(ToOwned::to_owned), instant(now + later));
            self.tell(now + later, Input::Reply { code: Some(code()), channel: Channel::Sms, word, at });
        }
    }

    fn settle(&mut self, minute: i64, code: &Code, status: Status) {
        let outcome = Outcome::Settled { status, parts: None, yen: None };
        self.tell(minute, Input::Outcome { code: code.clone(), outcome });
    }

    fn tell(&mut self, minute: i64, input: Input) {
        self.waiting.entry(minute).or_default().push(input);
    }
}

fn minute_of(at: Timestamp) -> i64 {
    let seconds = at.since(instant(0));
    assert_eq!(seconds % 60, 0, "between two minutes: {at}");
    seconds / 60
}

fn trace(enrollment: &Enrollment, journey: &Journey) -> Trace {
    let State::Ended { at, why } = enrollment.state else { panic!("it never ends: {enrollment:?}") };
    let name = |step: usize| journey.step_name(step).unwrap().to_string();
    let passed = enrollment.visits.iter().map(|visit| match visit {
        Visit::Message(it) => {
            Passed::Message { name: name(it.step), at: minute_of(it.at), status: it.status.clone() }
        }
        Visit::Took { way, at, .. } => Passed::Took { way: way.clone(), at: minute_of(*at) },
        Visit::Webhook { at, .. } => Passed::Webhook { at: minute_of(*at) },
        Visit::Card { at, .. } => Passed::Card { at: minute_of(*at) },
    });
    let holds = enrollment.holds.iter().map(|hold| Hold {
        at: minute_of(hold.at),
        name: name(hold.step),
        until: minute_of(hold.until),
        why: hold.why,
    });
    let mut holds: Vec<Hold> = holds.collect();
    holds.sort_unstable();
    Trace {
        began: minute_of(enrollment.entered),
        passed: passed.collect(),
        holds,
        goal: enrollment.goal.map(|goal| minute_of(goal.at)),
        ended: (minute_of(at), why),
    }
}

fn chances(enrollment: &Enrollment) -> Chances {
    let steps = enrollment.visits.iter().map(|visit| match visit {
        Visit::Message(message) => message.step,
        Visit::Took { step, .. } | Visit::Webhook { step, .. } | Visit::Card { step, .. } => *step,
    });
    Chances { held_out: enrollment.held_out, steps: steps.collect() }
}
