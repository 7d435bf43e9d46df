//! One journey over one life: the steps as they stand in the definition, one within the other, minute by minute.

mod messages;
mod waits;

use domain::contact::Channel;
use domain::enrollment::{EndReason, Status};
use domain::message::SkipReason;
use serde_json::Value as Json;

use super::entry::entry;
use super::facts::Facts;
use super::leaving::drawn;
use super::life::Life;
use super::trace::{Hold, Passed, Trace};

/// After so many minutes nothing begins an enrollment: all that is told was told, and has aged by a day.
const LAST: i64 = 6 * 1440;

/// What the model takes from the run and does not know: whether the enrollment is held out, and the number of the step
/// behind each thing it passed, which is part of what a split draws by.
pub struct Chances {
    pub held_out: bool,
    pub steps: Vec<usize>,
}

/// What becomes of a journey in a life; `None` when it never begins.
pub fn model(journey: &Json, life: &Life, chances: &Chances) -> Option<Trace> {
    let mut facts = Facts::new(life);
    let entry = (0..LAST).find_map(|minute| entry(&mut facts, journey, minute))?;
    let began = entry.entered;
    let since = entry.by.unwrap_or_else(|| {
        let goal = &journey["goal"];
        began + i64::from(!goal.is_null() && facts.since(goal, began).is_some())
    });
    facts.entry = Some(entry);
    let mut model = Model {
        journey,
        chances,
        facts,
        since,
        passed: Vec::new(),
        holds: Vec::new(),
        goal: None,
        back: None,
    };
    let why = model.run().err().unwrap_or(EndReason::Finished);
    Some(model.finish(began, why))
}

/// An enrollment that goes on; what ends it is an error.
struct Model<'a> {
    journey: &'a Json,
    chances: &'a Chances,
    facts: Facts<'a>,
    /// From when on a goal counts.
    since: i64,
    passed: Vec<Passed>,
    holds: Vec<Hold>,
    goal: Option<i64>,
    /// What the sender has to say of a message that it puts back.
    back: Option<Hold>,
}

type Flow = Result<(), EndReason>;

impl Model<'_> {
    fn run(&mut self) -> Flow {
        self.over()?;
        self.steps(&self.journey["steps"])
    }

    /// Goal and exit end it at whatever step it rests, goal first.
    fn over(&mut self) -> Flow {
        if !self.journey["goal"].is_null() {
            self.goal = self.facts.since(&self.journey["goal"], self.since);
        }
        if self.goal.is_some() {
            return Err(EndReason::Goal);
        }
        let exit = &self.journey["exit"];
        if !exit.is_null() && self.facts.holds(exit) { Err(EndReason::Exit) } else { Ok(()) }
    }

    fn look(&mut self) -> Flow {
        self.facts.look_at_segments();
        self.over()
    }

    /// It has come to a step at which it stays. Steps on the way are taken at once: what they did counts from here on, and
    /// moves segments after that.
    fn rest(&mut self) -> Flow {
        self.over()?;
        self.look()
    }

    fn minute(&mut self) -> Flow {
        self.facts.now += 1;
        assert!(self.facts.now < 200 * 1440, "it never ends");
        self.look()
    }

    fn steps(&mut self, steps: &Json) -> Flow {
        steps.as_array().into_iter().flatten().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Json) -> Flow {
        let now = self.facts.now;
        let Some((kind, with)) = step.as_object().and_then(|map| map.iter().next()) else {
            // `exit`, the only step that is a word.
            return Err(EndReason::Finished);
        };
        match kind.as_str() {
            "sms" => self.message(with, Channel::Sms, false)?,
            "email" => self.message(with, Channel::Email, false)?,
            "line" => self.message(with, Channel::Line, false)?,
            "notify" => self.message(with, Channel::Email, true)?,
            "wait" => self.until(now + minutes(with))?,
            "wait_until" if with["date"].is_null() => self.clock(with)?,
            "wait_until" => self.date(with)?,
            "wait_for" => self.listen(with)?,
            "branch" => {
                let mut ways = with.as_array().into_iter().flatten();
                let way = ways.find(|way| self.facts.holds(&way["when"]));
                self.took(way.and_then(|way| way["name"].as_str()).unwrap_or("none"));
                way.map_or(Ok(()), |way| self.steps(&way["steps"]))?;
            }
            "split" => self.split(with)?,
            "set" => self.facts.vip.push((now, with["to"] == true)),
            "add_to_audience" => self.facts.cards = true,
            "remove_from_audience" => self.facts.cards = false,
            "webhook" => self.passed.push(Passed::Webhook { at: now }),
            "card" if self.chances.held_out => self.took("held out"),
            "card" => self.passed.push(Passed::Card { at: now }),
            other => panic!("the model knows no step `{other}`"),
        }
        Ok(())
    }

    fn took(&mut self, way: &str) {
        self.passed.push(Passed::Took { way: way.to_owned(), at: self.facts.now });
    }

    /// A way by chance, in the proportion of the weights.
    fn split(&mut self, ways: &Json) -> Flow {
        let ways = ways.as_array().unwrap();
        let each = |way: &Json| vec![way.clone(); usize::try_from(way["weight"].as_u64().unwrap()).unwrap()];
        let lots: Vec<Json> = ways.iter().flat_map(each).collect();
        let number = self.chances.steps.get(self.passed.len()).map_or_else(String::new, ToString::to_string);
        let (name, id) = (self.journey["name"].as_str().unwrap(), self.facts.life.id());
        let key = self.facts.entry.as_ref().and_then(|entry| entry.key.clone()).unwrap_or_default();
        let lot = drawn(&[name, &id, &key, &number], u64::try_from(lots.len()).unwrap());
        let way = &lots[usize::try_from(lot).unwrap()];
        self.took(way["name"].as_str().unwrap());
        self.steps(&way["steps"])
    }

    /// What is heard after the end, too: a message that did not leave until then does not leave.
    fn finish(mut self, began: i64, why: EndReason) -> Trace {
        if let Some(hold) = self.back.take() {
            self.hold(hold);
        }
        self.holds.sort_unstable();
        for passed in &mut self.passed {
            if let Passed::Message { name, status, .. } = passed {
                let message = self.facts.messages.iter().find(|message| message.name == *name).unwrap();
                let known = message.status(i64::MAX);
                *status = if known == Status::Pending { Status::Skipped(SkipReason::Ended) } else { known };
            }
        }
        Trace { began, passed: self.passed, holds: self.holds, goal: self.goal, ended: (self.facts.now, why) }
    }
}

/// So many minutes as `90m` says.
fn minutes(length: &Json) -> i64 {
    length.as_str().and_then(|text| text.strip_suffix('m')).and_then(|text| text.parse().ok()).unwrap()
}
