//! Definitions as they are written: YAML files of segments, journeys and the shop, checked before they are taken.
//!
//! One file of more than 500 lines: it is the language, read from top to bottom, and the schema that editors complete by.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::calendar::{self, Clock24, Moment, Weekday};
use crate::condition::Condition;
use crate::condition::values::ValueTest;
use crate::consent::Purpose;
use crate::customer::Value;
use crate::event_match::EventMatch;
use crate::journey::{WhenLate, WhenPassed};
use crate::list::ListSource;
use crate::message::{Policy, Tightened};
pub use crate::mistakes::Mistake;
use crate::mistakes::plain;
use crate::names::{AudienceName, CardName, GroupName, JourneyName, SegmentName, StepName};
use crate::parts::Prices;
use crate::place::{self, Place};
use crate::replies::ReplyWords;
use crate::routes::Providers;
use crate::shorthand;
use crate::time::Length;
use crate::verification::Codes;
use crate::webhook::WebhookUrl;
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
    /// `providers:` through which accounts messages go.
    Providers(Providers),
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
    /// What texts say of the shop beside its name, such as `phone: "03-1234-5678"`: `{{ shop.phone }}` in a text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z_]{1,40}$", "not": { "const": "name" } }, "additionalProperties" = { "type": "string", "minLength": 1 }))]
    pub details: BTreeMap<String, String>,
    /// What an SMS and a LINE message cost.
    #[serde(default)]
    pub prices: Prices,
    /// One-time codes: what their SMS say, how long they are valid, how many are sent.
    #[serde(default, skip_serializing_if = "Codes::is_usual")]
    pub codes: Codes,
    /// Replies that opt out or in, beside those that everybody knows (STOP, 停止, START, 再開 …).
    #[serde(default)]
    pub replies: ReplyWords,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            time_zone: calendar::JAPAN.to_owned(),
            policy: Policy::default(),
            details: BTreeMap::new(),
            prices: Prices::default(),
            codes: Codes::default(),
            replies: ReplyWords::default(),
        }
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
    /// The event that is its goal: its name, or `{ name, where, matching }`.
    #[serde(default)]
    pub goal: Option<EventMatch>,
    /// What ends it before its goal.
    #[serde(default)]
    pub exit: Option<Condition>,
    /// Of those who could begin several journeys at one instant, the journey with the higher number comes first; 0 when
    /// nothing is said.
    #[serde(default)]
    pub priority: i32,
    /// Of the journeys with this word a customer is in one at a time.
    #[serde(default)]
    pub group: Option<GroupName>,
    /// What it allows beyond what the shop does: less.
    #[serde(default)]
    pub policy: Tightened,
    /// What becomes of a message whose time came while the journey was paused: `send` (when nothing is said) or `skip`.
    #[serde(default)]
    pub when_late: WhenLate,
    /// How many in a hundred get none of its messages and cards, to tell what it brought: from 1 to 50. Webhooks, traits and
    /// audiences concern them too.
    #[serde(default)]
    pub holdout_percent: Option<u8>,
    /// What happens, in order.
    pub steps: Vec<StepSource>,
}

/// What begins a journey.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EnterSource {
    /// Entering a segment.
    Segment(SegmentName),
    /// Leaving a segment.
    LeftSegment(SegmentName),
    /// Something the customer does: the name of an event, or `{ name, where, key }`.
    #[serde(deserialize_with = "event_entry")]
    #[schemars(schema_with = "event_entry_schema")]
    Event(EventEntrySource),
    /// The birthday, at a local time such as `10:00`.
    Birthday(Clock24),
    /// A date in a trait, once for each value: moved, it begins at the new date; taken away, not at all.
    Date(DateSource),
    /// Every anniversary of a date in a trait.
    Anniversary(AnniversarySource),
    /// Days of the calendar, for whoever `allowed` takes in then.
    Schedule(ScheduleSource),
    /// One instant, for those who are in a segment at it.
    Campaign(CampaignSource),
    /// Only that someone asks for it: a call of the API, a file, a command. Every journey can be asked for.
    Request,
}

/// An event that begins a journey.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventEntrySource {
    /// The event's name.
    pub name: String,
    /// What its properties must say; `yen` is what it was worth.
    #[serde(default, rename = "where")]
    pub filter: Vec<ValueTest>,
    /// The property that tells one enrollment from another, such as `order_id`: a customer can be in the journey once for
    /// each.
    #[serde(default)]
    pub key: Option<String>,
}

fn event_entry<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventEntrySource, D::Error> {
    let of_name = |name| EventEntrySource { name, filter: Vec::new(), key: None };
    shorthand::name_or_map(deserializer, "the name of an event, or `{ name: …, key: … }`", of_name)
}

fn event_entry_schema(generator: &mut SchemaGenerator) -> Schema {
    let map = generator.subschema_for::<EventEntrySource>();
    json_schema!({ "anyOf": [{ "type": "string" }, map] })
}

/// A date, and how far from it. With `at`, whole days of the calendar; with `before` or `after`, a length of time.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateSource {
    /// The trait that holds the date: a day or an instant.
    #[serde(default, rename = "trait")]
    pub attribute: Option<String>,
    /// The property of the event that began the journey, instead of a trait.
    #[serde(default)]
    pub property: Option<String>,
    /// So many days after it; before it when negative.
    #[serde(default)]
    pub days: i32,
    /// The time of day, such as `18:00`.
    #[serde(default)]
    pub at: Option<Clock24>,
    /// So long before it.
    #[serde(default)]
    pub before: Option<Length>,
    /// So long after it.
    #[serde(default)]
    pub after: Option<Length>,
}

/// The anniversary of a date.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnniversarySource {
    /// The trait that holds the date.
    #[serde(rename = "trait")]
    pub attribute: String,
    /// So many days after it; before it when negative.
    #[serde(default)]
    pub days: i32,
    /// The time of day, such as `10:00`.
    pub at: Clock24,
}

/// Days of the calendar: every day, unless days of the week or of the month are named.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSource {
    /// The time of day, by the customer's clock.
    pub at: Clock24,
    /// Days of the week.
    #[serde(default)]
    pub weekdays: Vec<Weekday>,
    /// Days of the month; a month without one has its last day instead.
    #[serde(default)]
    pub days: Vec<i8>,
}

/// A one-off journey.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignSource {
    /// To whom.
    pub segment: SegmentName,
    /// When, by the shop's clock.
    pub at: Moment,
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
    /// Once for each key: an order, an appointment, a value of the date that begins it.
    PerKey,
}

/// A step as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepSource {
    /// Sends an SMS.
    Sms(SmsSource),
    /// Sends an e-mail.
    Email(EmailSource),
    /// Sends a message by LINE to whoever has the trait `line_id`.
    Line(LineSource),
    /// Waits, such as `3d`, `12h`, `30m`.
    Wait(Length),
    /// Waits until a time of day, a day of the week, or a date.
    WaitUntil(UntilSource),
    /// Waits for an event, or until a condition holds.
    WaitFor(Box<WaitForSource>),
    /// Takes the first way whose condition holds; a way without one is taken when no other is.
    Branch(Vec<WaySource>),
    /// Takes one of several ways by chance, by their weights: the same one for a person whenever it is asked.
    Split(Vec<VariantSource>),
    /// Sets a trait of the customer.
    Set(SetSource),
    /// Puts the customer on an audience.
    AddToAudience(AudienceName),
    /// Takes the customer off an audience.
    RemoveFromAudience(AudienceName),
    /// Writes an e-mail to somebody else about the customer, such as their sales person.
    Notify(NotifySource),
    /// Tells a system of the shop's own, by an HTTPS request; the journey goes on at once.
    Webhook(WebhookSource),
    /// Puts a row in an export of cards for the post.
    Card(CardName),
    /// Ends the journey here.
    Exit,
}

/// An SMS.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsSource {
    /// The step's name.
    pub name: StepName,
    /// The text: one for all, or one in each language as `{ ja: …, en: … }`; the trait `language` tells who reads which.
    pub text: Words,
    /// The most parts it may have, with its variables filled in: from 1 to 10. Who would get more is skipped.
    #[serde(default)]
    pub at_most_parts: Option<u32>,
    /// Shorter texts, in order, for those for whom the text has too many parts.
    #[serde(default)]
    pub shorter: Vec<Words>,
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
    /// The subject: one for all, or one in each language as `{ ja: …, en: … }`.
    pub subject: Words,
    /// The text, in the same way.
    pub text: Words,
    /// The HTML, in the same way.
    #[serde(default)]
    pub html: Option<Words>,
    /// In whose name it is sent; the shop's, when nothing is said.
    #[serde(default)]
    pub from: Option<FromSource>,
    /// Where `{{ links.NAME }}` leads.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z_]+$" }, "additionalProperties" = { "type": "string", "pattern": "^https?://" }))]
    pub links: Links,
}

/// A message by LINE.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineSource {
    /// The step's name.
    pub name: StepName,
    /// The text, of at most 5,000 characters: one for all, or one in each language as `{ ja: …, en: … }`.
    pub text: Words,
    /// Where `{{ links.NAME }}` leads.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z_]+$" }, "additionalProperties" = { "type": "string", "pattern": "^https?://" }))]
    pub links: Links,
}

/// A notice to somebody else.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifySource {
    /// The step's name.
    pub name: StepName,
    /// Their e-mail address; a text with variables, such as `{{ customer.sales_email }}`.
    pub to: String,
    /// The subject.
    pub subject: Words,
    /// The text.
    pub text: Words,
}

/// A message to a system of the shop's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSource {
    /// The step's name.
    pub name: StepName,
    /// Where it goes, such as `https://shop.example.jp/hooks`; the same for every customer.
    pub url: WebhookUrl,
    /// The traits it tells of, such as `[name, phone]`; none when nothing is said.
    #[serde(default)]
    pub traits: Vec<String>,
}

/// In whose name an e-mail is sent. The address stays the shop's own, so that the mail passes the checks of receivers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromSource {
    /// The name that is shown; a text with variables, such as `{{ customer.sales_name | default: sender }}`.
    pub name: String,
    /// Where replies go; a text with variables. Without a value for a customer, replies go to the shop.
    #[serde(default)]
    pub reply_to: Option<String>,
}

/// Links by name, in the order of their names.
pub type Links = BTreeMap<String, String>;

/// A wait for an event, or until a condition holds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitForSource {
    /// The event: its name, or `{ name, where, matching }`.
    #[serde(default)]
    pub event: Option<EventMatch>,
    /// The condition: a reply, a click, a segment.
    #[serde(default)]
    pub when: Option<Condition>,
    /// For how long.
    pub within: Length,
    /// What happens when it came.
    #[serde(default)]
    pub then: Vec<StepSource>,
    /// What happens when it did not.
    #[serde(default)]
    pub otherwise: Vec<StepSource>,
}

/// Until when a step waits: `at` alone or with `days` and `weekdays`, or a date.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UntilSource {
    /// The next such time of day, by the customer's clock.
    #[serde(default)]
    pub at: Option<Clock24>,
    /// So many days of the calendar later, or more: with 3, what is reached on a Monday at any hour goes on on Thursday at
    /// the earliest.
    #[serde(default)]
    pub days: u32,
    /// On one of these days of the week.
    #[serde(default)]
    pub weekdays: Vec<Weekday>,
    /// So far from a date. One that is not there ends the journey.
    #[serde(default)]
    pub date: Option<DateSource>,
    /// What becomes of whoever the date had passed for when they came here, or when it was moved: `go_on` at once (when
    /// nothing is said) or `exit`.
    #[serde(default)]
    pub when_passed: Option<WhenPassed>,
}

/// One way of a split.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantSource {
    /// Its name in reports.
    pub name: String,
    /// How much of all goes this way, in relation to the others; 1 when nothing is said.
    #[serde(default)]
    pub weight: Option<u32>,
    /// What happens on it.
    #[serde(default)]
    pub steps: Vec<StepSource>,
}

/// A trait and what it says from then on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSource {
    /// The trait.
    #[serde(rename = "trait")]
    pub name: String,
    /// What it says; nothing takes it away.
    #[serde(default = "absent")]
    pub to: Value,
}

const fn absent() -> Value {
    Value::Absent
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

/// Reads one definition from YAML, and stops at the first mistake.
pub fn parse(yaml: &str) -> Result<Definition, Mistake> {
    serde_saphyr::from_str_with_options(yaml, place::options()).map_err(|error| {
        let at = error.location().and_then(Place::of).unwrap_or(Place::START);
        Mistake { place: at.to_string(), what: plain(&error) }
    })
}
