//! What is so at a minute, straight from what was told until then: every word, event and message gone through.

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::enrollment::Status;
use domain::message::SkipReason;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::life::{Life, PAGES, Told, WORDS, ZONES, instant};
use crate::plan::EVENTS;

/// What is known at a minute.
pub struct Facts<'a> {
    /// The life.
    pub life: &'a Life,
    /// The minute.
    pub now: i64,
    /// What the journey said of the trait `vip`, and when.
    pub vip: Vec<(i64, bool)>,
    /// Whether the journey put the customer on its list.
    pub cards: bool,
    /// Whether the customer was in the segment `fresh` when it was last looked at.
    pub fresh: bool,
    /// Whether in the segment `drifting`.
    pub drifting: bool,
    /// How the enrollment began.
    pub entry: Option<Entry>,
    /// Its messages that were handed over or left out.
    pub messages: Vec<Sent>,
}

/// How an enrollment began.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub entered: i64,
    /// When the event or the request happened that began it.
    pub by: Option<i64>,
    /// The event that began it, by its place among what is told.
    pub event: Option<usize>,
    /// What tells it from others.
    pub key: Option<String>,
    /// The page that the event spoke of.
    pub page: Option<&'static str>,
}

impl Entry {
    /// When what began it happened.
    pub fn begun(&self) -> i64 {
        self.by.unwrap_or(self.entered)
    }
}

/// A message.
#[derive(Clone, Debug)]
pub struct Sent {
    pub name: String,
    pub channel: Channel,
    pub purpose: Purpose,
    /// When it was handed over, or left out.
    pub at: i64,
    /// What is said of it, and when.
    pub told: Vec<(i64, Status)>,
    /// When a person clicks.
    pub clicked: Option<i64>,
    pub opened: Option<i64>,
    /// When it is replied to, and with what.
    pub replied: Option<(i64, Option<&'static str>)>,
}

impl Sent {
    /// What was made of it by a minute: of all that was said, what weighs most.
    pub fn status(&self, by: i64) -> Status {
        let said = self.told.iter().filter(|(at, _)| *at <= by).map(|(_, status)| status);
        said.max_by_key(|status| weight(status)).cloned().unwrap_or(Status::Pending)
    }
}

const fn weight(status: &Status) -> u8 {
    match status {
        Status::Pending => 0,
        Status::Unknown => 1,
        Status::Skipped(_) => 2,
        Status::Failed(_) => 3,
        Status::Accepted => 4,
        Status::Undelivered(_) => 5,
        Status::Delivered => 6,
    }
}

/// Something the customer did: its place among what is told, when it happened, and on which page.
pub type Did = (usize, i64, Option<&'static str>);

impl<'a> Facts<'a> {
    /// Nothing yet.
    pub const fn new(life: &'a Life) -> Self {
        Self {
            life,
            now: 0,
            vip: Vec::new(),
            cards: false,
            fresh: false,
            drifting: false,
            entry: None,
            messages: Vec::new(),
        }
    }

    /// Looks at the segments.
    pub fn look_at_segments(&mut self) {
        let ago = |name, minutes| self.did(name).any(|(_, at, _)| self.now - at < minutes);
        let fresh = ago("Signed Up", 1440);
        let drifting = self.cards || (ago("Page Viewed", i64::MAX) && !ago("Page Viewed", 1440));
        (self.fresh, self.drifting) = (fresh, drifting);
    }

    /// What the customer did under a name that is known and has happened.
    pub fn did(&self, name: &str) -> impl Iterator<Item = Did> {
        let name = EVENTS.iter().position(|event| *event == name).unwrap();
        self.life.told.iter().enumerate().filter_map(move |(index, (minute, told))| match told {
            Told::Did { name: of, page, shift } if *of == name && minute + shift <= self.now => {
                (*minute <= self.now).then(|| (index, minute + shift, page.map(|page| PAGES[page])))
            }
            Told::Did { .. } | Told::Person { .. } | Told::OptOut(_) | Told::Asked { .. } => None,
        })
    }

    /// What counts of an event since a minute: not what began the enrollment.
    pub fn since(&self, event: &Json, since: i64) -> Option<i64> {
        let (name, filter) = named(event);
        let began = self.entry.as_ref().and_then(|entry| entry.event);
        let counts = self.did(name).filter(|(index, at, page)| {
            since <= *at && Some(*index) != began && filter.iter().all(|test| passes(test, *page))
        });
        counts.map(|(_, at, _)| at).min()
    }

    /// The latest word of the shop on the person; of two at one minute the greater text.
    fn word(&self, of: impl Fn(&Told) -> Option<String>) -> Option<(i64, String)> {
        let known = self.life.told.iter().filter(|(minute, _)| *minute <= self.now);
        known
            .filter_map(|(minute, told)| match told {
                Told::Person { said, .. } => Some((minute - said, of(told)?)),
                Told::Did { .. } | Told::OptOut(_) | Told::Asked { .. } => None,
            })
            .max()
    }

    fn is_vip(&self) -> bool {
        let told =
            self.word(|told| matches!(told, Told::Person { vip: true, .. }).then(|| "true".to_owned()));
        let denied = self.word(|told| matches!(told, Told::Person { vip: false, .. }).then(String::new));
        let said = told.iter().map(|(at, _)| (*at, true)).chain(denied.iter().map(|(at, _)| (*at, false)));
        said.chain(self.vip.iter().copied()).max().is_some_and(|(_, vip)| vip)
    }

    /// The date of the visit; of two words at one minute, that there is none.
    pub fn visit(&self) -> Option<i64> {
        let said = self.word(|told| {
            let Told::Person { visit, .. } = told else { return None };
            Some(visit.map_or("none".to_owned(), |visit| format!("{visit:06}")))
        });
        said.and_then(|(_, visit)| visit.parse().ok())
    }

    fn zone(&self) -> TimeZone {
        let said = self.word(|told| {
            let Told::Person { zone, .. } = told else { return None };
            Some(ZONES[*zone].to_owned())
        });
        TimeZone::get(&said.map_or("Asia/Tokyo".to_owned(), |(_, zone)| zone)).unwrap()
    }

    /// The minutes from now on in which something is looked for.
    pub const fn ahead(&self) -> std::ops::Range<i64> {
        self.now..self.now + 30 * 1440
    }

    /// What the clock on the customer's wall shows.
    pub fn clock(&self) -> impl Fn(i64) -> DateTime + use<> {
        let zone = self.zone();
        move |minute| zone.to_datetime(jiff::Timestamp::from_second(instant(minute).seconds()).unwrap())
    }

    /// Whether there is an address; of two words at one minute, that there is none.
    pub fn has_address(&self, channel: Channel) -> bool {
        let said = self.word(|told| {
            let Told::Person { phone, email, line, .. } = told else { return None };
            let there = match channel {
                Channel::Sms => *phone,
                Channel::Email => *email,
                Channel::Line => line.0,
            };
            Some(if there { "address" } else { "none" }.to_owned())
        });
        said.is_some_and(|(_, said)| said == "address")
    }

    /// Whether the person agreed to marketing; of two words at one minute the refusal.
    pub fn agrees(&self, channel: Channel) -> bool {
        let known = self.life.told.iter().filter(|(minute, _)| *minute <= self.now);
        let refusals = known.filter_map(|(minute, told)| match told {
            Told::Person { sms, mail, line, said, .. } => Some((
                minute - said,
                match channel {
                    Channel::Sms => !sms,
                    Channel::Email => !mail,
                    Channel::Line => !line.1,
                },
            )),
            Told::OptOut(of) => (*of == channel).then_some((*minute, true)),
            Told::Did { .. } | Told::Asked { .. } => None,
        });
        refusals.max().is_some_and(|(_, refused)| !refused)
    }

    /// Whether what is asked holds.
    pub fn holds(&self, asked: &Json) -> bool {
        let (kind, of) = asked.as_object().and_then(|map| map.iter().next()).unwrap();
        let name = |of: &Json| of.as_str().unwrap_or_default().to_owned();
        let message = |name: String| self.messages.iter().find(|message| message.name == name);
        let status = |of: &Json| message(name(of)).map(|message| message.status(self.now));
        let come = |at: Option<i64>| at.is_some_and(|at| at <= self.now);
        let clicked = |of: &Json| come(message(name(of)).and_then(|message| message.clicked));
        let replied = |of: &Json| come(message(name(of)).and_then(|it| it.replied).map(|(at, _)| at));
        match kind.as_str() {
            "not" => !self.holds(of),
            "clicked" => clicked(of),
            "clicked_link" => clicked(&of["step"]),
            "opened" => come(message(name(of)).and_then(|message| message.opened)),
            "replied" => replied(of),
            "responded" => clicked(of) || replied(of),
            "replied_with" => {
                let word = message(name(&of["step"])).and_then(|it| it.replied).and_then(|(_, word)| word);
                replied(&of["step"]) && word.is_some_and(|word| is_among(&of["one_of"], word))
            }
            "sent" => {
                matches!(status(of), Some(Status::Accepted | Status::Undelivered(_) | Status::Delivered))
            }
            "delivered" => status(of) == Some(Status::Delivered),
            "bounced" => matches!(status(of), Some(Status::Failed(_) | Status::Undelivered(_))),
            "skipped" => matches!(status(of), Some(Status::Skipped(_))),
            "skipped_because" => status(&of["step"]) == Some(Status::Skipped(SkipReason::NoConsent)),
            "happened" => self
                .entry
                .as_ref()
                .is_some_and(|entry| self.since(of, entry.begun() + i64::from(entry.by.is_none())).is_some()),
            "entry" => passes(of, self.entry.as_ref().and_then(|entry| entry.page)),
            "event" => {
                let days = of["within_days"].as_i64();
                self.did(named(of).0).any(|(_, at, _)| days.is_none_or(|days| self.now - at < days * 1440))
            }
            "in_audience" => self.cards,
            "in_segment" => self.drifting,
            "trait" => self.is_vip(),
            other => panic!("the model knows no condition `{other}`"),
        }
    }
}

/// The name of an event, and what is asked of its properties.
pub fn named(event: &Json) -> (&str, &[Json]) {
    let filter = event["where"].as_array().map_or(&[][..], Vec::as_slice);
    (event.as_str().or(event["name"].as_str()).unwrap(), filter)
}

/// Whether a property passes; every event is worth 900 yen.
pub fn passes(test: &Json, page: Option<&str>) -> bool {
    if test["name"] == "yen" {
        return test["at_least"].as_i64().unwrap() <= 900;
    }
    page.is_some_and(|page| {
        (test["is"].is_null() || test["is"] == page)
            && (test["one_of"].is_null() || is_among(&test["one_of"], page))
    })
}

fn is_among(words: &Json, word: &str) -> bool {
    words.as_array().unwrap().iter().any(|wanted| wanted == word)
}

/// What a reply says.
pub fn reply(word: usize) -> Option<&'static str> {
    WORDS[word]
}
