//! From a definition as it is written to one that cannot fail for its shape.

mod advertisement;
mod conditions;
mod messages;
mod moments;
mod texts;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

pub use self::conditions::segment;
use self::conditions::{asks_no_message, bounds, ends_at_once, placed, vain};
use self::texts::AskedStep;
use crate::calendar::{self, PAYMENT_HOURS, PermittedHours};
use crate::condition::Condition;
use crate::condition::messages::LinkTest;
use crate::consent::Purpose;
use crate::definition::{
    EnterSource, JourneySource, Mistake, ReEntrySource, STEPS_LIMIT, Shop, StepSource, VariantSource,
    WaySource,
};
use crate::journey::{Journey, ReEntry, Step, Until, Variant, Way, WebhookStep};
use crate::list::{IDS_LIMIT, ListSource};
use crate::message::{FrequencyCap, Tightened};
use crate::money::Yen;
use crate::names::StepName;
use crate::spelling::nearest;
use crate::text::SHOP_NAME;

/// The most minutes over which messages are spread: half a day.
const SPREAD_LIMIT: u32 = 720;

/// The most bytes of the name of a shop's detail.
const DETAIL_NAME_BYTES: usize = 40;

/// The most weight of one way of a split.
const WEIGHT_LIMIT: u32 = 1_000;

/// Checks the shape of a journey; every mistake at once, each with its path within the definition. What the law asks is
/// not looked at, nor the names of variables: a journey that was accepted under yesterday's rules still reads, and its
/// enrollments go on.
pub fn journey(source: &JourneySource) -> Result<Journey, Vec<Mistake>> {
    build(source).0
}

/// Every mistake of a journey that is about to be accepted, what the law asks of its messages, and the names
/// of their variables, included.
pub fn new_journey(source: &JourneySource) -> Vec<Mistake> {
    let (built, refused) = build(source);
    built.err().into_iter().flatten().chain(refused).collect()
}

/// The journey or the mistakes in its shape, and those for which only a journey that is not accepted yet is refused.
fn build(source: &JourneySource) -> (Result<Journey, Vec<Mistake>>, Vec<Mistake>) {
    let mut builder = Builder {
        purpose: source.purpose,
        begins_with_event: matches!(source.enter, EnterSource::Event(_) | EnterSource::Request),
        steps: Vec::new(),
        named: BTreeMap::new(),
        webhooks: BTreeSet::new(),
        asked_steps: Vec::new(),
        mistakes: Vec::new(),
        refused: Vec::new(),
    };
    if let Some(allowed) = &source.allowed {
        builder.mistakes.extend(asks_no_message(allowed, "allowed", "who is allowed to begin"));
        builder.refused.extend(vain(allowed, "allowed"));
    }
    let first = builder.sequence(&source.steps, "steps");
    builder.asked_steps();
    if source.steps.is_empty() {
        builder.wrong("steps", "there is none; add at least one");
    }
    if let Some(exit) = &source.exit {
        builder.condition(exit, "exit");
        builder.refused.extend(ends_at_once(exit, &source.enter));
    }
    let enter = builder.enter(&source.enter);
    builder.reentry(&source.reentry, &enter);
    if let Some(goal) = &source.goal {
        builder.event(goal, "goal");
    }
    builder.policy(&source.policy);
    let holdout_percent = source.holdout_percent.unwrap_or(0);
    if source.holdout_percent.is_some_and(|percent| !(1..=50).contains(&percent)) {
        builder.wrong("holdout_percent", "goes from 1 to 50; leave it out to hold nobody out");
    }
    if builder.steps.len() > STEPS_LIMIT {
        builder.wrong("steps", &format!("{} steps; at most {STEPS_LIMIT}", builder.steps.len()));
    }
    if !builder.mistakes.is_empty() {
        return (Err(builder.mistakes), builder.refused);
    }
    let journey = Journey {
        name: source.name.clone(),
        title: source.title.clone(),
        description: source.description.clone(),
        purpose: source.purpose,
        enter,
        allowed: source.allowed.clone(),
        reentry: match source.reentry {
            ReEntrySource::Never => ReEntry::Never,
            ReEntrySource::AfterDays(days) => ReEntry::AfterDays(days),
            ReEntrySource::AtMost { times, within_days } => ReEntry::AtMost { times, within_days },
            ReEntrySource::PerKey => ReEntry::PerKey,
        },
        goal: source.goal.clone(),
        exit: source.exit.clone(),
        priority: source.priority,
        group: source.group.clone(),
        policy: source.policy.clone(),
        when_late: source.when_late,
        holdout_percent,
        first,
        steps: builder.steps,
        named: builder.named,
    };
    (Ok(journey), builder.refused)
}

/// Checks what the shop allows, and returns its zone.
pub fn shop(shop: &Shop) -> Result<TimeZone, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut wrong = |place: &str, what: String| mistakes.push(Mistake { place: place.to_owned(), what });
    let hours = shop.policy.hours;
    if hours.from >= hours.until {
        wrong(
            "policy.hours",
            "no minute is permitted; `from` is earlier than `until`, such as 09:00 and 20:00".to_owned(),
        );
    }
    for place in caps(&shop.policy.caps) {
        wrong(&place, "`at_most` and `within_days` go from 1".to_owned());
    }
    if shop.policy.weekdays_off.len() == 7 {
        wrong("policy.weekdays_off", "no day of the week is left; leave one out".to_owned());
    }
    if shop.policy.spread_minutes > SPREAD_LIMIT {
        wrong("policy.spread_minutes", format!("goes to {SPREAD_LIMIT}"));
    }
    for (name, said) in &shop.details {
        let place = format!("details.{name}");
        if name == SHOP_NAME {
            let what = "is who sends, as `{{ sender }}` has it; choose another name";
            wrong(&place, format!("`{name}` {what}"));
        }
        if name.is_empty() || name.len() > DETAIL_NAME_BYTES || !name.bytes().all(is_of_a_detail) {
            wrong(&place, format!("a detail's name is of a-z and _, 1 to {DETAIL_NAME_BYTES} of them"));
        }
        if said.trim().is_empty() {
            wrong(&place, "the text is empty; write it, or take the detail out".to_owned());
        } else if said.contains("{{") || said.contains("{%") {
            wrong(&place, "a detail is the same in every text, without variables".to_owned());
        }
    }
    mistakes.extend(shop.codes.mistakes("codes"));
    mistakes.extend(shop.replies.mistakes());
    match calendar::zone(&shop.time_zone) {
        Ok(zone) if mistakes.is_empty() => Ok(zone),
        Ok(_) => Err(mistakes),
        Err(error) => {
            mistakes.push(Mistake {
                place: "time_zone".to_owned(),
                what: format!("`{}` is {error}", shop.time_zone),
            });
            Err(mistakes)
        }
    }
}

const fn is_of_a_detail(letter: u8) -> bool {
    letter.is_ascii_lowercase() || letter == b'_'
}

/// Where caps are that bound nothing.
fn caps(caps: &[FrequencyCap]) -> impl Iterator<Item = String> {
    let wrong = caps.iter().enumerate().filter(|(_, cap)| cap.at_most == 0 || cap.within_days == 0);
    wrong.map(|(index, _)| format!("policy.caps[{index}]"))
}

/// Checks a list.
pub fn list(source: &ListSource) -> Vec<Mistake> {
    let count = source.ids.len();
    let wrong = || Mistake {
        place: "ids".to_owned(),
        what: format!(
            "{count} ids; a list holds at most {IDS_LIMIT}. For more, give these customers a trait (`tsunagi import customers` \
             with a column for it) and ask for it with `trait`"
        ),
    };
    (count > IDS_LIMIT).then(wrong).into_iter().collect()
}

struct Builder {
    purpose: Purpose,
    /// Whether something is said where it begins: by its event, or by whoever asks for it.
    begins_with_event: bool,
    steps: Vec<Step>,
    named: BTreeMap<StepName, usize>,
    /// The names of webhooks, of which nothing can be asked.
    webhooks: BTreeSet<StepName>,
    /// What texts ask of earlier steps.
    asked_steps: Vec<AskedStep>,
    mistakes: Vec<Mistake>,
    /// What a journey is refused for, unless it was accepted before: what the law asks and is not there, variables that
    /// nothing gives, and conditions that always or never hold.
    refused: Vec<Mistake>,
}

impl Builder {
    fn wrong(&mut self, place: &str, what: &str) {
        self.mistakes.push(Mistake { place: place.to_owned(), what: what.to_owned() });
    }

    fn policy(&mut self, policy: &Tightened) {
        for place in caps(&policy.caps) {
            self.wrong(&place, "`at_most` and `within_days` go from 1");
        }
        if policy.budget_yen_per_month.is_some_and(|budget| budget <= Yen::ZERO) {
            self.wrong("policy.budget_yen_per_month", "goes from 1; leave it out to spend without a limit");
        }
        let payment = policy.reminds_of_payment.then_some(PAYMENT_HOURS);
        let hours = policy.hours.map(|hours| payment.map_or(hours, |payment| hours.and(payment)));
        if hours.is_some_and(PermittedHours::is_empty) {
            self.wrong(
                "policy.hours",
                "no minute is permitted; `from` is earlier than `until`, and reminders of payments leave from 08:00 to 21:00",
            );
        }
    }

    /// Places a sequence in the order it is read, so that a condition can only ask about steps before it. Every way
    /// on that is still open at the end of a step, nested ones included, leads to the step after it.
    fn sequence(&mut self, sources: &[StepSource], place: &str) -> Option<usize> {
        let first = (!sources.is_empty()).then_some(self.steps.len());
        for (index, source) in sources.iter().enumerate() {
            let here = self.steps.len();
            self.step(source, &format!("{place}[{index}]"));
            let next = self.steps.len();
            // A step with a mistake has no place.
            if index + 1 < sources.len() && here < next {
                let mut reached = false;
                for end in here..next {
                    reached |= self.go_on(end, next);
                }
                if !reached {
                    self.refuse(
                        &format!("{place}[{}]", index + 1),
                        "is never reached: every way ends in `exit` before it; take it or an `exit` out",
                    );
                }
            }
        }
        first
    }

    /// Fills every open way on of the step at `end` with `next`; whether anyone can take one of them.
    fn go_on(&mut self, end: usize, next: usize) -> bool {
        let mut reached = false;
        let mut fill = |open: &mut Option<usize>| {
            reached |= *open.get_or_insert(next) == next;
        };
        match &mut self.steps[end] {
            Step::Message(message) => fill(&mut message.next),
            Step::Wait { next: open, .. }
            | Step::Audience { next: open, .. }
            | Step::Set { next: open, .. }
            | Step::Webhook(WebhookStep { next: open, .. })
            | Step::Card { next: open, .. } => fill(open),
            Step::Split { ways } => ways.iter_mut().for_each(|way| fill(&mut way.next)),
            Step::Listen { then, otherwise, .. } => {
                fill(then);
                fill(otherwise);
            }
            Step::Branch { ways, otherwise } => {
                for way in ways.iter_mut() {
                    fill(&mut way.next);
                }
                // With a way for all others nobody is left.
                if ways.last().is_none_or(|way| way.when != Condition::All(Vec::new())) {
                    fill(otherwise);
                } else {
                    otherwise.get_or_insert(next);
                }
            }
            Step::Exit => {}
        }
        reached
    }

    fn refuse(&mut self, place: &str, what: &str) {
        self.refused.push(Mistake { place: place.to_owned(), what: what.to_owned() });
    }

    fn step(&mut self, source: &StepSource, place: &str) {
        match source {
            StepSource::Sms(sms) => self.sms(sms, &format!("{place}.sms")),
            StepSource::Email(email) => self.email(email, &format!("{place}.email")),
            StepSource::Line(line) => self.line(line, &format!("{place}.line")),
            StepSource::Notify(notice) => self.notify(notice, &format!("{place}.notify")),
            StepSource::Wait(length) => {
                self.steps.push(Step::Wait { until: Until::Length(length.seconds), next: None });
            }
            StepSource::WaitUntil(until) => {
                let until = self.until(until, &format!("{place}.wait_until"));
                self.steps.push(Step::Wait { until, next: None });
            }
            StepSource::Set(set) => {
                if set.name.is_empty() {
                    self.wrong(&format!("{place}.set.trait"), "the name is empty; name a trait");
                }
                self.steps.push(Step::Set { name: set.name.clone(), value: set.to.clone(), next: None });
            }
            StepSource::Webhook(webhook) => self.webhook(webhook, &format!("{place}.webhook")),
            StepSource::Card(card) => self.steps.push(Step::Card { card: card.clone(), next: None }),
            StepSource::Split(ways) => self.split(ways, place),
            StepSource::AddToAudience(audience) => {
                self.steps.push(Step::Audience { audience: audience.clone(), add: true, next: None });
            }
            StepSource::RemoveFromAudience(audience) => {
                self.steps.push(Step::Audience { audience: audience.clone(), add: false, next: None });
            }
            StepSource::WaitFor(wait) => {
                let here = self.steps.len();
                let awaited = self.awaited(wait, &format!("{place}.wait_for"));
                let seconds = wait.within.seconds;
                self.steps.push(Step::Listen { awaited, seconds, then: None, otherwise: None });
                let first = self.sequence(&wait.then, &format!("{place}.wait_for.then"));
                let last = self.sequence(&wait.otherwise, &format!("{place}.wait_for.otherwise"));
                if let Step::Listen { then, otherwise, .. } = &mut self.steps[here] {
                    (*then, *otherwise) = (first, last);
                }
            }
            StepSource::Branch(ways) => self.branch(ways, place),
            StepSource::Exit => self.steps.push(Step::Exit),
        }
    }

    fn branch(&mut self, sources: &[WaySource], place: &str) {
        let here = self.steps.len();
        self.steps.push(Step::Branch { ways: Vec::new(), otherwise: None });
        let mut ways = Vec::new();
        let mut seen = BTreeSet::new();
        if sources.is_empty() {
            self.wrong(&format!("{place}.branch"), "there is no way; add at least one");
        }
        for (index, source) in sources.iter().enumerate() {
            let place = format!("{place}.branch[{index}]");
            self.way_name(&source.name, &mut seen, &place);
            let when = match &source.when {
                Some(condition) => {
                    self.condition(condition, &format!("{place}.when"));
                    condition.clone()
                }
                None if index + 1 == sources.len() => Condition::All(Vec::new()),
                None => {
                    self.wrong(
                        &place,
                        "only the last way can go without `when`: the ones after it would never be taken",
                    );
                    continue;
                }
            };
            if let Some(same) = ways.iter().find(|way: &&Way| way.when == when) {
                let what = format!("is never taken: the way `{}` before it asks the same", same.name);
                self.refuse(&place, &what);
            }
            let next = self.sequence(&source.steps, &format!("{place}.steps"));
            ways.push(Way { name: source.name.clone(), when, next });
        }
        self.steps[here] = Step::Branch { ways, otherwise: None };
    }

    fn split(&mut self, sources: &[VariantSource], place: &str) {
        let here = self.steps.len();
        self.steps.push(Step::Split { ways: Vec::new() });
        let mut ways = Vec::new();
        let mut seen = BTreeSet::new();
        if sources.len() < 2 {
            self.wrong(&format!("{place}.split"), "a split has two ways or more");
        }
        for (index, source) in sources.iter().enumerate() {
            let place = format!("{place}.split[{index}]");
            self.way_name(&source.name, &mut seen, &place);
            let weight = source.weight.unwrap_or(1);
            if !(1..=WEIGHT_LIMIT).contains(&weight) {
                self.wrong(&format!("{place}.weight"), &format!("goes from 1 to {WEIGHT_LIMIT}"));
            }
            let next = self.sequence(&source.steps, &format!("{place}.steps"));
            ways.push(Variant { name: source.name.clone(), weight: weight.min(WEIGHT_LIMIT), next });
        }
        self.steps[here] = Step::Split { ways };
    }

    fn way_name<'s>(&mut self, name: &'s str, seen: &mut BTreeSet<&'s str>, place: &str) {
        if name.is_empty() || name.len() > 40 || !seen.insert(name) {
            let what = format!("`{name}` is no name for a way; use another one of 1 to 40 bytes");
            self.wrong(&format!("{place}.name"), &what);
        }
    }

    fn condition(&mut self, condition: &Condition, place: &str) {
        let mut found = Vec::new();
        placed(condition, place, &mut |part, place| {
            found.extend(bounds(part, place));
            if let Some(step) = part.step()
                && !self.named.contains_key(step)
            {
                let known: Vec<&str> = self.named.keys().map(StepName::as_str).collect();
                let what = if self.webhooks.contains(step) {
                    format!("`{step}` is a webhook, of which nothing can be asked; name a message")
                } else {
                    unknown("step", step.as_str(), &known)
                };
                found.push(Mistake { place: place.to_owned(), what });
            } else if let Condition::ClickedLink(test) = part {
                found.extend(self.no_link(test, place));
            }
        });
        self.mistakes.extend(found);
        self.refused.extend(vain(condition, place));
    }

    /// A link that the message does not have.
    fn no_link(&self, test: &LinkTest, place: &str) -> Option<Mistake> {
        let step = self.named.get(&test.step).and_then(|position| self.steps.get(*position));
        let Some(Step::Message(message)) = step else { return None };
        let known: Vec<&str> = message.links.iter().map(|(name, _)| name.as_str()).collect();
        let place = format!("{place}.clicked_link.link");
        (!known.contains(&test.link.as_str()))
            .then(|| Mistake { place, what: unknown("link", &test.link, &known) })
    }
}

/// What else in a definition than its own place a mistake may come from, as a path.
pub fn follows_from(mistake: &Mistake) -> Option<&str> {
    texts::follows_from(mistake).or_else(|| conditions::follows_from(mistake))
}

/// What a mistake that [`unknown`] describes says is missing, and by which word.
pub fn missing(mistake: &Mistake) -> Option<(&str, &str)> {
    let (what, rest) = mistake.what.strip_prefix("there is no ")?.split_once(" `")?;
    Some((what, rest.split_once('`')?.0))
}

/// "there is no …", with the nearest word there is.
pub fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("there is no {what} `{word}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("there is no {what} `{word}`, and no other"),
        None => format!("there is no {what} `{word}`; there are: {}", known.join(", ")),
    }
}
