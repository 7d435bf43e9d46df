//! From a definition as it is written to one that cannot fail for its shape.

mod advertisement;
mod conditions;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

pub use self::conditions::segment;
use self::conditions::{asks_no_message, bounds, placed, vain};
use crate::calendar::{self, Clock24};
use crate::condition::Condition;
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::definition::{
    EnterSource, JourneySource, Links, Mistake, ReEntrySource, STEPS_LIMIT, Shop, StepSource, WaySource,
};
use crate::journey::{Enter, Journey, MessageStep, ReEntry, Step, Way};
use crate::list::{IDS_LIMIT, ListSource};
use crate::names::StepName;
use crate::spelling::nearest;
use crate::text::Text;

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
        steps: Vec::new(),
        named: BTreeMap::new(),
        mistakes: Vec::new(),
        refused: Vec::new(),
    };
    if let Some(allowed) = &source.allowed {
        builder.mistakes.extend(asks_no_message(allowed, "allowed", "who is allowed to begin"));
        builder.refused.extend(vain(allowed, "allowed"));
    }
    let first = builder.sequence(&source.steps, "steps");
    if source.steps.is_empty() {
        builder.wrong("steps", "there is none; add at least one");
    }
    if let Some(exit) = &source.exit {
        builder.condition(exit, "exit");
    }
    if matches!(source.enter, EnterSource::Birthday(Clock24::MIDNIGHT_AFTER)) {
        builder.wrong("enter.birthday", "24:00 is the next day; write 00:00, or the hour at which it begins");
    }
    if let ReEntrySource::AtMost { times, within_days } = source.reentry
        && (times == 0 || times > 12 || within_days == 0)
    {
        builder.wrong("reentry", "`times` goes from 1 to 12, `within_days` from 1");
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
        enter: match &source.enter {
            EnterSource::Segment(name) => Enter::Segment(name.clone()),
            EnterSource::Birthday(at) => Enter::Birthday(*at),
        },
        allowed: source.allowed.clone(),
        reentry: match source.reentry {
            ReEntrySource::Never => ReEntry::Never,
            ReEntrySource::AfterDays(days) => ReEntry::AfterDays(days),
            ReEntrySource::AtMost { times, within_days } => ReEntry::AtMost { times, within_days },
        },
        goal: source.goal.clone(),
        exit: source.exit.clone(),
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
    for (index, cap) in shop.policy.caps.iter().enumerate() {
        if cap.at_most == 0 || cap.within_days == 0 {
            wrong(&format!("policy.caps[{index}]"), "`at_most` and `within_days` go from 1".to_owned());
        }
    }
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
    steps: Vec<Step>,
    named: BTreeMap<StepName, usize>,
    mistakes: Vec<Mistake>,
    /// What a journey is refused for, unless it was accepted before: what the law asks and is not there, variables that
    /// nothing gives, and conditions that always or never hold.
    refused: Vec<Mistake>,
}

impl Builder {
    fn wrong(&mut self, place: &str, what: &str) {
        self.mistakes.push(Mistake { place: place.to_owned(), what: what.to_owned() });
    }

    /// Places a sequence in the order it is read, so that a condition can only ask about steps before it. Every way
    /// on that is still open at the end of a step, nested ones included, leads to the step after it.
    fn sequence(&mut self, sources: &[StepSource], place: &str) -> Option<usize> {
        let first = (!sources.is_empty()).then_some(self.steps.len());
        for (index, source) in sources.iter().enumerate() {
            let here = self.steps.len();
            self.step(source, &format!("{place}[{index}]"));
            let next = self.steps.len();
            if index + 1 < sources.len() {
                for end in here..next {
                    self.go_on(end, next);
                }
            }
        }
        first
    }

    /// Fills every open way on of the step at `end` with `next`.
    fn go_on(&mut self, end: usize, next: usize) {
        let fill = |open: &mut Option<usize>| {
            open.get_or_insert(next);
        };
        match &mut self.steps[end] {
            Step::Message(message) => fill(&mut message.next),
            Step::Wait { next: open, .. } | Step::Audience { next: open, .. } => fill(open),
            Step::Listen { then, otherwise, .. } => {
                fill(then);
                fill(otherwise);
            }
            Step::Branch { ways, otherwise } => {
                for way in ways {
                    fill(&mut way.next);
                }
                fill(otherwise);
            }
            Step::Exit => {}
        }
    }

    fn step(&mut self, source: &StepSource, place: &str) {
        match source {
            StepSource::Sms(sms) => {
                let texts = Texts { subject: None, text: &sms.text, html: None };
                self.message(&sms.name, Channel::Sms, &texts, &sms.links, &format!("{place}.sms"));
            }
            StepSource::Email(email) => {
                let texts =
                    Texts { subject: Some(&email.subject), text: &email.text, html: email.html.as_deref() };
                self.message(&email.name, Channel::Email, &texts, &email.links, &format!("{place}.email"));
            }
            StepSource::Wait(length) => self.steps.push(Step::Wait { seconds: length.seconds, next: None }),
            StepSource::AddToAudience(audience) => {
                self.steps.push(Step::Audience { audience: audience.clone(), add: true, next: None });
            }
            StepSource::RemoveFromAudience(audience) => {
                self.steps.push(Step::Audience { audience: audience.clone(), add: false, next: None });
            }
            StepSource::WaitFor(wait) => {
                let here = self.steps.len();
                let event = wait.event.clone();
                self.steps.push(Step::Listen {
                    event: event.clone(),
                    seconds: wait.within.seconds,
                    then: None,
                    otherwise: None,
                });
                let then = self.sequence(&wait.then, &format!("{place}.wait_for.then"));
                let otherwise = self.sequence(&wait.otherwise, &format!("{place}.wait_for.otherwise"));
                self.steps[here] = Step::Listen { event, seconds: wait.within.seconds, then, otherwise };
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
        for (index, source) in sources.iter().enumerate() {
            let place = format!("{place}.branch[{index}]");
            if source.name.is_empty() || source.name.len() > 40 || !seen.insert(&source.name) {
                self.wrong(
                    &format!("{place}.name"),
                    &format!("`{}` is no name for a way; use another one of 1 to 40 bytes", source.name),
                );
            }
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
            let next = self.sequence(&source.steps, &format!("{place}.steps"));
            ways.push(Way { name: source.name.clone(), when, next });
        }
        self.steps[here] = Step::Branch { ways, otherwise: None };
    }

    fn condition(&mut self, condition: &Condition, place: &str) {
        let mut found = Vec::new();
        placed(condition, place, &mut |part, place| {
            if let Condition::Sent(step)
            | Condition::Delivered(step)
            | Condition::Clicked(step)
            | Condition::Responded(step) = part
            {
                if !self.named.contains_key(step) {
                    let known: Vec<&str> = self.named.keys().map(StepName::as_str).collect();
                    found.push(Mistake {
                        place: place.to_owned(),
                        what: unknown("step", step.as_str(), &known),
                    });
                }
            } else {
                found.extend(bounds(part, place));
            }
        });
        self.mistakes.extend(found);
        self.refused.extend(vain(condition, place));
    }

    fn message(&mut self, name: &StepName, channel: Channel, texts: &Texts<'_>, links: &Links, place: &str) {
        if self.named.insert(name.clone(), self.steps.len()).is_some() {
            let place = format!("{place}.name");
            self.wrong(&place, &format!("the name `{name}` is taken by an earlier step; choose another"));
        }
        let subject = texts.subject.and_then(|text| self.text(text, &format!("{place}.subject")));
        let html = texts.html.and_then(|text| self.text(text, &format!("{place}.html")));
        let Some(text) = self.text(texts.text, &format!("{place}.text")) else { return };
        self.advertisement(channel, Some(&text), &format!("{place}.text"));
        self.advertisement(channel, html.as_ref(), &format!("{place}.html"));
        for (link, url) in links {
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                self.wrong(
                    &format!("{place}.links.{link}"),
                    &format!("`{url}` is no web address; begin it with https://"),
                );
            }
            if !link.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                self.wrong(&format!("{place}.links.{link}"), "a link's name is of a-z and _");
            }
        }
        for (part, text) in [("subject", subject.as_ref()), ("text", Some(&text)), ("html", html.as_ref())] {
            self.variables(text, &format!("{place}.{part}"));
            for link in text.into_iter().flat_map(Text::links).collect::<BTreeSet<_>>() {
                if !links.contains_key(link) {
                    let known: Vec<&str> = links.keys().map(String::as_str).collect();
                    self.wrong(&format!("{place}.{part}"), &unknown("link", link, &known));
                }
            }
        }
        let links = links.iter().map(|(name, url)| (name.clone(), url.clone())).collect();
        self.steps.push(Step::Message(MessageStep {
            name: name.clone(),
            channel,
            subject,
            text,
            html,
            links,
            next: None,
        }));
    }

    fn text(&mut self, source: &str, place: &str) -> Option<Text> {
        if source.trim().is_empty() {
            self.wrong(place, "the text is empty");
            return None;
        }
        Text::parse(source).map_err(|what| self.wrong(place, &what)).ok()
    }

    /// Variables that nothing gives: whoever gets the text would be skipped for it, or shown the default.
    fn variables(&mut self, text: Option<&Text>, place: &str) {
        let Some(names) = text.map(Text::names) else { return };
        let known: Vec<&str> = names.known.iter().copied().collect();
        let strangers = names.asked.difference(&names.known);
        let mistake =
            |name: &&str| Mistake { place: place.to_owned(), what: unknown("variable", name, &known) };
        self.refused.extend(strangers.map(mistake));
    }

    /// What the law asks of an advertisement, of each text that a person may be shown instead of the other.
    fn advertisement(&mut self, channel: Channel, text: Option<&Text>, place: &str) {
        let Some(text) = text else { return };
        match self.purpose {
            Purpose::Transactional => {}
            Purpose::Marketing => {
                let mistake = |what: &str| Mistake { place: place.to_owned(), what: what.to_owned() };
                self.refused.extend(advertisement::mistakes(channel, text).into_iter().map(mistake));
            }
        }
    }
}

struct Texts<'a> {
    subject: Option<&'a str>,
    text: &'a str,
    html: Option<&'a str>,
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
