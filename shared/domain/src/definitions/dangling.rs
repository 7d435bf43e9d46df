//! What does not fit between definitions: references that lead nowhere, segments that ask about themselves, and hours
//! that have no minute in common.

use std::collections::BTreeSet;

use super::{Definitions, Kind};
use crate::calendar::PermittedHours;
use crate::check;
use crate::condition::Condition;
use crate::consent::Purpose;
use crate::definition::{Definition, EnterSource, JourneySource, Mistake, StepSource};
use crate::journey::Enter;
use crate::message::{Policy, Tightened};
use crate::names::{ListName, SegmentName};
use crate::place::{Place, Tree};
use crate::text::{SHOP_NAME, Spoken, Text};
use crate::words::Words;

/// A reference that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dangling {
    /// What kind of definition makes it.
    pub kind: Kind,
    /// The name of that definition.
    pub name: String,
    /// Where in it, as far as a path says more than the name.
    within: &'static str,
    /// As what the reference stands.
    stands: Stands,
    /// The name that is referred to.
    pub to: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Dangling {
    /// As a mistake whose place is the name of the definition.
    pub fn mistake(&self) -> Mistake {
        let within = if self.within.is_empty() { String::new() } else { format!(": {}", self.within) };
        Mistake { place: format!("{} {}{within}", self.kind.name(), self.name), what: self.what.clone() }
    }

    /// As mistakes in the text of the definition: one for each place where the reference stands.
    pub fn in_text(&self, yaml: &str) -> Vec<Mistake> {
        let places = self.places(yaml);
        self.at(if places.is_empty() { vec![Place::START] } else { places })
    }

    /// As [`Dangling::in_text`], of a definition that was amended: a reference that does not stand in the text was made.
    pub fn in_amended_text(&self, yaml: &str) -> Vec<Mistake> {
        self.at(self.places(yaml))
    }

    /// Whether it is about what the shop says.
    pub const fn is_of_the_shop(&self) -> bool {
        match self.stands {
            Stands::Detail | Stands::Hours(_) => true,
            Stands::Under(_) => false,
        }
    }

    fn places(&self, yaml: &str) -> Vec<Place> {
        let Ok(tree) = Tree::read(yaml) else { return Vec::new() };
        match self.stands {
            Stands::Under(key) | Stands::Hours(key) => tree.value.values(key, &self.to),
            Stands::Detail => {
                let says = |text: &str| {
                    text.contains("shop")
                        && spoken(text).is_some_and(|spoken| spoken.details().any(|name| name == self.to))
                };
                tree.value.leaves(&says)
            }
        }
    }

    fn at(&self, places: Vec<Place>) -> Vec<Mistake> {
        places
            .into_iter()
            .map(|place| Mistake { place: place.to_string(), what: self.what.clone() })
            .collect()
    }
}

impl Definitions {
    /// References of what is current that lead nowhere, and segments that ask about themselves.
    pub fn dangling(&self) -> Vec<Dangling> {
        let mut dangling = Vec::new();
        for (name, segment) in &self.segments {
            let from = From { kind: Kind::Segment, name: name.as_str() };
            dangling.extend(self.missing(from, &segment.when));
            if let Some(first) = self.way_back(name) {
                let what = "its condition leads back to itself; break the circle of `in_segment`";
                dangling.push(from.dangling(
                    "",
                    Stands::Under("in_segment"),
                    first.as_str(),
                    what.to_owned(),
                ));
            }
        }
        for name in self.journeys.keys() {
            let Some((_, journey)) = self.current(name) else { continue };
            let from = From { kind: Kind::Journey, name: name.as_str() };
            let entered = match &journey.enter {
                Enter::Segment(segment) => Some((Entered::SEGMENT, segment)),
                Enter::LeftSegment(segment) => Some((Entered::LEFT, segment)),
                Enter::Campaign(campaign) => Some((Entered::CAMPAIGN, &campaign.segment)),
                Enter::Event(_) | Enter::Date(_) | Enter::Schedule(_) | Enter::Request => None,
            };
            if let Some((place, segment)) = entered {
                dangling.extend(self.missing_entry(from, place, segment));
            }
            dangling.extend(journey.conditions().flat_map(|condition| self.missing(from, condition)));
            dangling.extend(self.no_hours(from, journey.purpose, &journey.policy));
        }
        dangling
    }

    /// Details of the shop of which texts of what is current speak and which the shop does not say. Who gets such a text is
    /// left out, and no more: what was accepted before the shop took a detail back still reads.
    pub fn unsaid(&self) -> Vec<Dangling> {
        let current = self.journeys.keys().filter_map(|name| Some((name, self.current(name)?.1)));
        let unsaid = current.flat_map(|(name, journey)| {
            let from = From { kind: Kind::Journey, name: name.as_str() };
            self.no_details(from, journey.texts().map(Text::spoken))
        });
        unsaid.collect()
    }

    fn no_details<'a>(&self, from: From<'_>, texts: impl Iterator<Item = &'a Spoken>) -> Vec<Dangling> {
        let known: Vec<&str> =
            [SHOP_NAME].into_iter().chain(self.shop.details.keys().map(String::as_str)).collect();
        let asked: BTreeSet<&str> = texts.flat_map(Spoken::details).collect();
        let missing = asked.into_iter().filter(|detail| !known.contains(detail));
        let dangling = missing.map(|detail| {
            let unknown = check::unknown("detail of the shop", detail, &known);
            let end = if unknown.ends_with('?') { "" } else { "." };
            let what = format!("{unknown}{end} The shop says it with `details: {{ {detail}: … }}`");
            from.dangling("", Stands::Detail, detail, what)
        });
        dangling.collect()
    }

    /// References of one definition, as it is written, that lead nowhere.
    pub fn dangling_of(&self, definition: &Definition) -> Vec<Dangling> {
        match definition {
            Definition::Segment(source) => {
                self.missing(From { kind: Kind::Segment, name: source.name.as_str() }, &source.when)
            }
            Definition::Journey(source) => {
                let from = From { kind: Kind::Journey, name: source.name.as_str() };
                let entered = match &source.enter {
                    EnterSource::Segment(segment) => self.missing_entry(from, Entered::SEGMENT, segment),
                    EnterSource::LeftSegment(segment) => self.missing_entry(from, Entered::LEFT, segment),
                    EnterSource::Campaign(campaign) => {
                        self.missing_entry(from, Entered::CAMPAIGN, &campaign.segment)
                    }
                    EnterSource::Event(_)
                    | EnterSource::Birthday(_)
                    | EnterSource::Date(_)
                    | EnterSource::Anniversary(_)
                    | EnterSource::Schedule(_)
                    | EnterSource::Request => None,
                };
                let conditions = source.conditions().into_iter();
                entered
                    .into_iter()
                    .chain(conditions.flat_map(|condition| self.missing(from, condition)))
                    .chain(self.no_hours(from, source.purpose, &source.policy))
                    .chain(self.no_details(from, source.spoken().iter()))
                    .collect()
            }
            Definition::Shop(_) | Definition::List(_) | Definition::Providers(_) => Vec::new(),
        }
    }

    fn missing_entry(&self, from: From<'_>, place: Entered, segment: &SegmentName) -> Option<Dangling> {
        let there = self.segments.contains_key(segment);
        (!there).then(|| {
            from.dangling(place.0, Stands::Under(place.1), segment.as_str(), self.no_segment(segment))
        })
    }

    /// What a condition asks about that is not there.
    fn missing(&self, from: From<'_>, condition: &Condition) -> Vec<Dangling> {
        let asked = segments_asked(condition).into_iter();
        let segments = asked.filter(|name| !self.segments.contains_key(*name));
        let segments = segments
            .map(|name| from.dangling("", Stands::Under("in_segment"), name.as_str(), self.no_segment(name)));
        let lists = lists_asked(condition).into_iter().filter(|name| !self.lists.contains_key(*name));
        let lists =
            lists.map(|name| from.dangling("", Stands::Under("in_list"), name.as_str(), self.no_list(name)));
        segments.chain(lists).collect()
    }

    /// Hours of a journey and of the shop that exclude each other. Those of the journey by themselves are checked with it.
    fn no_hours(&self, from: From<'_>, purpose: Purpose, policy: &Tightened) -> Option<Dangling> {
        let alone = policy.hours(purpose, &Policy { hours: PermittedHours::ALL_DAY, ..Policy::default() });
        if alone.is_some_and(PermittedHours::is_empty) {
            return None;
        }
        let shop = self.shop.policy.hours;
        let none = policy.hours(purpose, &self.shop.policy)?.is_empty();
        let (key, to) = match policy.hours {
            Some(hours) => ("from", String::from(hours.from)),
            None => ("reminds_of_payment", "true".to_owned()),
        };
        let what = || {
            format!(
                "no minute of these hours is among the shop's, {} to {}: nothing would ever leave; change one of the two",
                String::from(shop.from),
                String::from(shop.until)
            )
        };
        none.then(|| from.dangling("policy.hours", Stands::Hours(key), &to, what()))
    }

    fn no_list(&self, name: &ListName) -> String {
        let known: Vec<&str> = self.lists.keys().map(ListName::as_str).collect();
        check::unknown("list", name.as_str(), &known)
    }

    fn no_segment(&self, name: &SegmentName) -> String {
        let known: Vec<&str> = self.segments.keys().map(SegmentName::as_str).collect();
        check::unknown("segment", name.as_str(), &known)
    }

    /// The first segment on the way that leads from a segment back to it, if one does.
    fn way_back(&self, name: &SegmentName) -> Option<&SegmentName> {
        let asked = segments_asked(&self.segments.get(name)?.when);
        asked.into_iter().find(|asked| *asked == name || self.reaches(asked, name, &mut BTreeSet::new()))
    }

    fn reaches<'a>(
        &'a self,
        from: &SegmentName,
        to: &SegmentName,
        seen: &mut BTreeSet<&'a SegmentName>,
    ) -> bool {
        let Some(segment) = self.segments.get(from) else { return false };
        segments_asked(&segment.when)
            .into_iter()
            .any(|asked| asked == to || (seen.insert(asked) && self.reaches(asked, to, seen)))
    }
}

impl JourneySource {
    /// Every step in it, nested ones included, each before those within it.
    fn all_steps(&self) -> Vec<&StepSource> {
        let mut found = Vec::new();
        let mut lists = vec![&self.steps];
        while let Some(steps) = lists.pop() {
            for step in steps {
                found.push(step);
                match step {
                    StepSource::Branch(ways) => lists.extend(ways.iter().map(|way| &way.steps)),
                    StepSource::Split(ways) => lists.extend(ways.iter().map(|way| &way.steps)),
                    StepSource::WaitFor(wait) => lists.extend([&wait.then, &wait.otherwise]),
                    StepSource::Sms(_)
                    | StepSource::Email(_)
                    | StepSource::Line(_)
                    | StepSource::Notify(_)
                    | StepSource::Webhook(_)
                    | StepSource::Card(_)
                    | StepSource::Set(_)
                    | StepSource::Wait(_)
                    | StepSource::WaitUntil(_)
                    | StepSource::AddToAudience(_)
                    | StepSource::RemoveFromAudience(_)
                    | StepSource::Exit => {}
                }
            }
        }
        found
    }

    /// Every condition in it.
    fn conditions(&self) -> Vec<&Condition> {
        let asked = self.all_steps().into_iter().flat_map(|step| match step {
            StepSource::Branch(ways) => ways.iter().filter_map(|way| way.when.as_ref()).collect(),
            StepSource::WaitFor(wait) => wait.when.iter().collect(),
            StepSource::Split(_)
            | StepSource::Sms(_)
            | StepSource::Email(_)
            | StepSource::Line(_)
            | StepSource::Notify(_)
            | StepSource::Webhook(_)
            | StepSource::Card(_)
            | StepSource::Set(_)
            | StepSource::Wait(_)
            | StepSource::WaitUntil(_)
            | StepSource::AddToAudience(_)
            | StepSource::RemoveFromAudience(_)
            | StepSource::Exit => Vec::new(),
        });
        self.allowed.iter().chain(&self.exit).chain(asked).collect()
    }

    /// What its texts speak of, as far as they can be read.
    fn spoken(&self) -> Vec<Spoken> {
        let mut texts: Vec<&str> = Vec::new();
        for step in self.all_steps() {
            match step {
                StepSource::Sms(sms) => {
                    texts.extend([&sms.text].into_iter().chain(&sms.shorter).flat_map(Words::texts));
                }
                StepSource::Email(email) => {
                    let words = [&email.subject, &email.text].into_iter().chain(&email.html);
                    texts.extend(words.flat_map(Words::texts));
                    let from = email.from.iter();
                    texts.extend(
                        from.flat_map(|from| [Some(&from.name), from.reply_to.as_ref()])
                            .flatten()
                            .map(String::as_str),
                    );
                }
                StepSource::Line(line) => texts.extend(line.text.texts()),
                StepSource::Notify(notice) => {
                    texts.push(&notice.to);
                    texts.extend([&notice.subject, &notice.text].into_iter().flat_map(Words::texts));
                }
                StepSource::Branch(_)
                | StepSource::WaitFor(_)
                | StepSource::Split(_)
                | StepSource::Webhook(_)
                | StepSource::Card(_)
                | StepSource::Set(_)
                | StepSource::Wait(_)
                | StepSource::WaitUntil(_)
                | StepSource::AddToAudience(_)
                | StepSource::RemoveFromAudience(_)
                | StepSource::Exit => {}
            }
        }
        texts.into_iter().filter_map(spoken).collect()
    }
}

/// What a text speaks of, if it can be read.
fn spoken(text: &str) -> Option<Spoken> {
    match Text::parse(text) {
        Ok(text) => Some(text.spoken().clone()),
        Err(broken) => broken.spoken,
    }
}

/// Where a journey names the segment that begins it: the path, and the key.
#[derive(Clone, Copy)]
struct Entered(&'static str, &'static str);

impl Entered {
    const SEGMENT: Self = Self("enter.segment", "segment");
    const LEFT: Self = Self("enter.left_segment", "left_segment");
    const CAMPAIGN: Self = Self("enter.campaign.segment", "segment");
}

/// As what a reference stands in a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// As the value of a key.
    Under(&'static str),
    /// As hours, under a key.
    Hours(&'static str),
    /// As a variable of texts.
    Detail,
}

/// What makes a reference.
#[derive(Clone, Copy)]
struct From<'a> {
    kind: Kind,
    name: &'a str,
}

impl From<'_> {
    fn dangling(self, within: &'static str, stands: Stands, to: &str, what: String) -> Dangling {
        Dangling { kind: self.kind, name: self.name.to_owned(), within, stands, to: to.to_owned(), what }
    }
}

fn segments_asked(condition: &Condition) -> Vec<&SegmentName> {
    let mut asked = Vec::new();
    condition.walk(&mut |part| {
        if let Condition::InSegment(name) = part {
            asked.push(name);
        }
    });
    asked
}

fn lists_asked(condition: &Condition) -> Vec<&ListName> {
    let mut asked = Vec::new();
    condition.walk(&mut |part| {
        if let Condition::InList(name) = part {
            asked.push(name);
        }
    });
    asked
}
