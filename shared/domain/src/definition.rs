//! Definitions as they are written: YAML files of segments, journeys and the shop, checked before they are taken.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::{self, Clock24};
use crate::condition::Condition;
use crate::consent::Purpose;
use crate::list::ListSource;
use crate::message::Policy;
use crate::mistakes::plain;
use crate::names::{AudienceName, JourneyName, SegmentName, StepName};
use crate::place::{self, Place};
use crate::words::Words;

/// The most steps a journey may have, nested ones included.
pub const STEPS_LIMIT: usize = 200;

/// The most bytes of one definition: an item of the table holds 400 KB (of 1,024 bytes), its keys included.
pub const DEFINITION_BYTES: usize = 400 * 1024 - 1024;

/// One definition, told apart by its first key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "one is held at a time, while it is read")]
pub enum Definition {
    /// `segment:` who.
    Segment(SegmentSource),
    /// `journey:` what happens next.
    Journey(JourneySource),
    /// `shop:` what the shop allows.
    Shop(Shop),
    /// `list:` customers by their ids.
    List(ListSource),
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentSource {
    /// Its name.
    pub name: SegmentName,
    /// Its name for people: a text, or one in each language as `{ ja: …, en: … }`.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub title: Words,
    /// What it is for, in the same way.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub description: Words,
    /// Who is in it.
    pub when: Condition,
}

/// The shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// The zone of customers of whom none is known.
    pub time_zone: String,
    /// What it allows.
    #[serde(default)]
    pub policy: Policy,
}

impl Default for Shop {
    fn default() -> Self {
        Self { time_zone: calendar::JAPAN.to_owned(), policy: Policy::default() }
    }
}

/// A journey as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneySource {
    /// Its name.
    pub name: JourneyName,
    /// Its name for people: a text, or one in each language as `{ ja: …, en: … }`.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub title: Words,
    /// What it is for, in the same way.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub description: Words,
    /// Why its messages are sent.
    pub purpose: Purpose,
    /// What begins it.
    pub enter: EnterSource,
    /// Who may begin it.
    #[serde(default)]
    pub allowed: Option<Condition>,
    /// How often one customer may begin it: never left to a default.
    pub reentry: ReEntrySource,
    /// The event that is its goal.
    #[serde(default)]
    pub goal: Option<String>,
    /// What ends it before its goal.
    #[serde(default)]
    pub exit: Option<Condition>,
    /// What happens, in order.
    pub steps: Vec<StepSource>,
}

/// What begins a journey.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EnterSource {
    /// Entering a segment.
    Segment(SegmentName),
    /// The birthday, at a local time such as `10:00`.
    Birthday(Clock24),
}

/// How often a customer may begin a journey.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReEntrySource {
    /// Once.
    Never,
    /// Again after so many days.
    AfterDays(u32),
    /// So many times within so many days.
    AtMost {
        /// How many times.
        times: u32,
        /// In how many days.
        within_days: u32,
    },
}

/// A step as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepSource {
    /// Sends an SMS.
    Sms(SmsSource),
    /// Sends an e-mail.
    Email(EmailSource),
    /// Waits, such as `3d`, `12h`, `30m`.
    Wait(Length),
    /// Waits for an event.
    WaitFor(WaitForSource),
    /// Takes the first way whose condition holds; a way without one is taken when no other is.
    Branch(Vec<WaySource>),
    /// Puts the customer on an audience.
    AddToAudience(AudienceName),
    /// Takes the customer off an audience.
    RemoveFromAudience(AudienceName),
    /// Ends the journey here.
    Exit,
}

/// An SMS.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsSource {
    /// The step's name.
    pub name: StepName,
    /// The text.
    pub text: String,
    /// Where `{{ links.NAME }}` leads.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z_]+$" }, "additionalProperties" = { "type": "string", "pattern": "^https?://" }))]
    pub links: Links,
}

/// An e-mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailSource {
    /// The step's name.
    pub name: StepName,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML.
    #[serde(default)]
    pub html: Option<String>,
    /// Where `{{ links.NAME }}` leads.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z_]+$" }, "additionalProperties" = { "type": "string", "pattern": "^https?://" }))]
    pub links: Links,
}

/// Links by name, in the order of their names.
pub type Links = std::collections::BTreeMap<String, String>;

/// A wait for an event.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitForSource {
    /// The event's name.
    pub event: String,
    /// For how long.
    pub within: Length,
    /// What happens when it came.
    #[serde(default)]
    pub then: Vec<StepSource>,
    /// What happens when it did not.
    #[serde(default)]
    pub otherwise: Vec<StepSource>,
}

/// One way of a branch.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaySource {
    /// Its name in reports.
    pub name: String,
    /// When it is taken.
    #[serde(default)]
    pub when: Option<Condition>,
    /// What happens on it.
    #[serde(default)]
    pub steps: Vec<StepSource>,
}

/// A length of time, written `3d`, `12h`, `30m` or `1d 12h`; a day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = LENGTH))]
pub struct Length {
    /// Seconds.
    pub seconds: i64,
}

/// Lengths as they are usually written; others that jiff reads, such as ISO 8601, are taken as well.
const LENGTH: &str = "^(\\s*[0-9]+\\s*(w|d|h|m|min|days?|hours?|hrs?|minutes?|mins?|weeks?))+\\s*$|^P";

impl TryFrom<String> for Length {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time; write it as 3d, 12h, 30m or 1d 12h");
        let span: jiff::Span = text.parse().map_err(|_| wrong())?;
        let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
        if length.as_secs() < 60
            || length.as_secs() > 3 * 366 * crate::time::DAY
            || length.as_secs() % 60 != 0
        {
            return Err(format!("`{text}` is out of range; a wait is whole minutes, from 1m to 1098d"));
        }
        Ok(Self { seconds: length.as_secs() })
    }
}

/// Something that is wrong in a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `line:column`; a mistake between definitions, the name of the one that makes it.
    pub place: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Reads one definition from YAML, and stops at the first mistake.
pub fn parse(yaml: &str) -> Result<Definition, Mistake> {
    serde_saphyr::from_str_with_options(yaml, place::options()).map_err(|error| {
        let at = error.location().and_then(Place::of).unwrap_or(Place::START);
        Mistake { place: at.to_string(), what: plain(&error) }
    })
}
