//! Journeys, checked: a value of these types cannot point to a step, link or message that is not there.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::calendar::{Clock24, Moment, Weekdays};
use crate::condition::Condition;
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::customer::Value;
use crate::event_match::EventMatch;
use crate::message::Tightened;
use crate::names::{AudienceName, CardName, GroupName, JourneyName, SegmentName, StepName};
use crate::text::{Text, Wording};
use crate::time::DAY;
use crate::webhook::WebhookUrl;
use crate::words::Words;

/// A journey. Its steps stand in one list; where a step goes on is the position of another, or `None` for the end.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Its name.
    pub name: JourneyName,
    /// Its name for people.
    pub title: Words,
    /// What it is for.
    pub description: Words,
    /// Why its messages are sent.
    pub purpose: Purpose,
    /// What begins it.
    pub enter: Enter,
    /// Who may begin it.
    pub allowed: Option<Condition>,
    /// How often one customer may begin it.
    pub reentry: ReEntry,
    /// The event that is its goal.
    pub goal: Option<EventMatch>,
    /// What ends it before its goal.
    pub exit: Option<Condition>,
    /// Of those who could begin several journeys at one instant, or have one message left, the journey with the higher
    /// number comes first.
    pub priority: i32,
    /// Of the journeys with this word a customer is in one at a time.
    pub group: Option<GroupName>,
    /// What it allows beyond what the shop does.
    pub policy: Tightened,
    /// What becomes of a message whose time came while the journey was paused.
    pub when_late: WhenLate,
    /// How many in a hundred get none of its messages, to tell what it brought.
    pub holdout_percent: u8,
    /// The first step.
    pub first: Option<usize>,
    /// All steps.
    pub steps: Vec<Step>,
    /// Positions of the named steps.
    pub(crate) named: BTreeMap<StepName, usize>,
}

impl Journey {
    /// Whether a customer may be in it several times at once, by different keys.
    pub fn has_several(&self) -> bool {
        self.reentry == ReEntry::PerKey || matches!(&self.enter, Enter::Event(entry) if entry.key.is_some())
    }

    /// The position of a named step.
    pub fn position(&self, name: &StepName) -> Option<usize> {
        self.named.get(name).copied()
    }

    /// The name of the step at a position.
    pub fn step_name(&self, position: usize) -> Option<&StepName> {
        self.named.iter().find(|(_, at)| **at == position).map(|(name, _)| name)
    }

    /// Every condition in it.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let asked = self.steps.iter().flat_map(|step| match step {
            Step::Branch { ways, .. } => ways.iter().map(|way| &way.when).collect(),
            Step::Listen { awaited: Awaited::When(condition), .. } => vec![condition],
            Step::Message(_)
            | Step::Wait { .. }
            | Step::Listen { awaited: Awaited::Event(_), .. }
            | Step::Split { .. }
            | Step::Audience { .. }
            | Step::Set { .. }
            | Step::Webhook(_)
            | Step::Card { .. }
            | Step::Exit => Vec::new(),
        });
        self.allowed.iter().chain(&self.exit).chain(asked)
    }

    /// Every event that it begins with, waits for, or has as its goal.
    pub fn events(&self) -> impl Iterator<Item = &EventMatch> {
        let begins = if let Enter::Event(entry) = &self.enter { Some(&entry.event) } else { None };
        let awaited = self.steps.iter().filter_map(|step| {
            let Step::Listen { awaited: Awaited::Event(event), .. } = step else { return None };
            Some(event)
        });
        begins.into_iter().chain(&self.goal).chain(awaited)
    }

    /// The traits whose dates begin it or end its waits.
    pub fn dates(&self) -> impl Iterator<Item = &str> {
        let begins = if let Enter::Date(entry) = &self.enter { Some(&entry.date) } else { None };
        let waits = self.steps.iter().filter_map(|step| {
            let Step::Wait { until: Until::Date { date, .. }, .. } = step else { return None };
            Some(date)
        });
        begins.into_iter().chain(waits).filter_map(|date| match &date.of {
            DateOf::Trait(name) => Some(name.as_str()),
            DateOf::Property(_) => None,
        })
    }

    /// Every text of its messages.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let messages = self.steps.iter().filter_map(|step| {
            let Step::Message(message) = step else { return None };
            Some(message)
        });
        messages.flat_map(MessageStep::texts)
    }

    /// The traits of which its texts say what a customer has, and have no other word for.
    pub fn spoken_traits(&self) -> impl Iterator<Item = &str> {
        let values = self.texts().flat_map(|text| text.spoken().values());
        values.filter(|(of, name)| *of == "customer" && *name != "id").map(|(_, name)| name)
    }

    /// The message step at a position.
    pub fn message(&self, position: usize) -> Option<&MessageStep> {
        let Some(Step::Message(message)) = self.steps.get(position) else { return None };
        Some(message)
    }

    /// The webhook step at a position.
    pub fn webhook(&self, position: usize) -> Option<&WebhookStep> {
        let Some(Step::Webhook(webhook)) = self.steps.get(position) else { return None };
        Some(webhook)
    }

    /// Its webhook steps, with their positions.
    pub fn webhooks(&self) -> impl Iterator<Item = (usize, &WebhookStep)> {
        self.steps.iter().enumerate().filter_map(|(at, step)| {
            let Step::Webhook(webhook) = step else { return None };
            Some((at, webhook))
        })
    }

    /// Its steps that put a row in an export of cards, with their positions.
    pub fn cards(&self) -> impl Iterator<Item = (usize, &CardName)> {
        self.steps.iter().enumerate().filter_map(|(at, step)| {
            let Step::Card { card, .. } = step else { return None };
            Some((at, card))
        })
    }
}

/// What becomes of a message whose time came while its journey was paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenLate {
    /// It is sent when the journey is resumed.
    #[default]
    Send,
    /// It is left out, and the journey goes on after it.
    Skip,
}

/// What begins a journey.
#[derive(Clone, Debug, PartialEq)]
pub enum Enter {
    /// The customer entered a segment.
    Segment(SegmentName),
    /// The customer left a segment.
    LeftSegment(SegmentName),
    /// Something the customer did.
    Event(EventEntry),
    /// A date of the customer, or its anniversary.
    Date(DateEntry),
    /// Days of the calendar, for whoever is allowed then.
    Schedule(Schedule),
    /// An instant, for those who are in a segment at it.
    Campaign(Campaign),
    /// Only that someone asks for it: a call of the API, a file, a command.
    Request,
}

/// An event that begins a journey.
#[derive(Clone, Debug, PartialEq)]
pub struct EventEntry {
    /// The event.
    pub event: EventMatch,
    /// The property that tells one enrollment from another, such as the id of an order.
    pub key: Option<String>,
}

/// How long ago the instant of a date may be for it to be noted that it had passed when the date became known: what is older
/// is history, such as comes with an import. Seconds.
pub const PASSED_DATE_SECONDS: i64 = 30 * DAY;

/// How long ago an event may have happened that begins a journey when it is told: what is told later is history. Seconds.
pub const LATE_EVENT_SECONDS: i64 = DAY;

/// A date that begins a journey.
#[derive(Clone, Debug, PartialEq)]
pub struct DateEntry {
    /// The trait that holds the date.
    pub date: DateOffset,
    /// Every year anew; else once for each value of the trait.
    pub yearly: bool,
}

/// A date and how far from it.
#[derive(Clone, Debug, PartialEq)]
pub struct DateOffset {
    /// Where the date is found.
    pub of: DateOf,
    /// How far from it.
    pub offset: Offset,
}

/// Where a date is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateOf {
    /// A trait of the customer.
    Trait(String),
    /// A property of the event that began the enrollment.
    Property(String),
}

/// How far from a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// So many days of the calendar after it (before it when negative), at a time of day.
    Days(i32, Clock24),
    /// So many seconds after it (before it when negative); a date without a time begins at its midnight.
    Seconds(i64),
}

/// Days of the calendar, at a time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The time of day.
    pub at: Clock24,
    /// Which days.
    pub days: ScheduledDays,
}

/// Which days of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduledDays {
    /// All.
    Every,
    /// Some days of the week.
    Week(Weekdays),
    /// Some days of the month, 1 to 31; a month without one has its last day instead.
    Month(BTreeSet<i8>),
}

/// A one-off journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// To whom.
    pub segment: SegmentName,
    /// From when on, in the shop's zone.
    pub at: Moment,
}

/// How long after its instant someone may enter the segment of a campaign and still is of it: a segment that is applied
/// together with the campaign, or changes at that very instant, is looked at meanwhile. Seconds.
pub const CAMPAIGN_GRACE_SECONDS: i64 = 3_600;

/// How long after its instant a campaign still begins for those who are of it: they may be many. Seconds.
pub const CAMPAIGN_SECONDS: i64 = 3 * DAY;

/// How often one customer may begin a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReEntry {
    /// Once.
    Never,
    /// Again when so many days of 24 hours have passed since it last began.
    AfterDays(u32),
    /// So many times within so many days of 24 hours.
    AtMost {
        /// How many times.
        times: u32,
        /// In how many days.
        within_days: u32,
    },
    /// Once for each key: an order, an appointment, a date.
    PerKey,
}

/// A step.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends a message.
    Message(MessageStep),
    /// Waits.
    Wait {
        /// Until when.
        until: Until,
        /// Where it goes on.
        next: Option<usize>,
    },
    /// Waits for something.
    Listen {
        /// What.
        awaited: Awaited,
        /// Gives up after so many seconds.
        seconds: i64,
        /// Where it goes on when it came.
        then: Option<usize>,
        /// Where it goes on when it gave up.
        otherwise: Option<usize>,
    },
    /// Takes the first way whose condition holds.
    Branch {
        /// The ways in order.
        ways: Vec<Way>,
        /// Where it goes on when none holds.
        otherwise: Option<usize>,
    },
    /// Takes one of several ways by chance: the same one for a person whenever it is asked.
    Split {
        /// The ways in order.
        ways: Vec<Variant>,
    },
    /// Puts the customer on an audience or takes them off it.
    Audience {
        /// The audience.
        audience: AudienceName,
        /// On it, or off.
        add: bool,
        /// Where it goes on.
        next: Option<usize>,
    },
    /// Sets a trait of the customer.
    Set {
        /// The trait.
        name: String,
        /// What it says from then on.
        value: Value,
        /// Where it goes on.
        next: Option<usize>,
    },
    /// Tells a system of the shop's own.
    Webhook(WebhookStep),
    /// Puts a row in an export of cards for the post.
    Card {
        /// The name of the card.
        card: CardName,
        /// Where it goes on.
        next: Option<usize>,
    },
    /// Ends the journey.
    Exit,
}

/// Until when a step waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// For so many seconds.
    Length(i64),
    /// The next such time of day, by the customer's clock.
    Clock {
        /// The time of day.
        at: Clock24,
        /// Not before so many days of the calendar have passed.
        days: u32,
        /// On one of some days of the week.
        weekdays: Weekdays,
    },
    /// So far from a date; one that is not there any more ends the enrollment.
    Date {
        /// The date.
        date: DateOffset,
        /// What becomes of whoever it had passed for.
        when_passed: WhenPassed,
    },
}

/// What becomes of an enrollment that waits for a date which had passed when it came there, or when the date was moved.
/// What was on time and is looked at late goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenPassed {
    /// It goes on at once.
    #[default]
    GoOn,
    /// It ends.
    Exit,
}

/// What a step waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Awaited {
    /// Something the customer does.
    Event(EventMatch),
    /// That a condition holds.
    When(Condition),
}

/// One way of a split.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name in reports.
    pub name: String,
    /// How much of all goes this way, in relation to the weights of the others.
    pub weight: u32,
    /// Where it leads.
    pub next: Option<usize>,
}

/// One way of a branch.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its name in reports.
    pub name: String,
    /// When it is taken.
    pub when: Condition,
    /// Where it leads.
    pub next: Option<usize>,
}

/// A step that sends a message.
#[derive(Clone, Debug)]
pub struct MessageStep {
    /// Its name.
    pub name: StepName,
    /// Its channel.
    pub channel: Channel,
    /// Who gets it, when that is not the customer.
    pub to: Option<Text>,
    /// In whose name it is sent, when that is not the shop's.
    pub from: Option<From>,
    /// The subject of an e-mail.
    pub subject: Option<Wording>,
    /// The text.
    pub text: Wording,
    /// Shorter texts of an SMS, in order, for those for whom it comes out too long.
    pub shorter: Vec<Wording>,
    /// The most parts of an SMS.
    pub at_most_parts: Option<u32>,
    /// The HTML of an e-mail.
    pub html: Option<Wording>,
    /// The links it may use, in order; the position is part of the short link.
    pub links: Vec<(String, String)>,
    /// Where it goes on once its outcome is known.
    pub next: Option<usize>,
}

impl MessageStep {
    /// Its texts, in every language.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let words = [Some(&self.text), self.subject.as_ref(), self.html.as_ref()].into_iter().flatten();
        let words = words.chain(&self.shorter).flat_map(|wording| wording.texts().map(|(_, text)| text));
        let from = self.from.iter().flat_map(|from| [Some(&from.name), from.reply_to.as_ref()]);
        words.chain(&self.to).chain(from.flatten())
    }
}

/// A step that tells a system of the shop's own.
#[derive(Clone, Debug)]
pub struct WebhookStep {
    /// Its name.
    pub name: StepName,
    /// Where it goes.
    pub url: WebhookUrl,
    /// The traits it tells of, in their order.
    pub traits: BTreeSet<String>,
    /// Where it goes on, at once.
    pub next: Option<usize>,
}

/// In whose name an e-mail is sent, as texts: the customer's own sales person, say.
#[derive(Clone, Debug)]
pub struct From {
    /// The name that is shown.
    pub name: Text,
    /// Where replies go.
    pub reply_to: Option<Text>,
}
