//! Which occurrences of an event a journey means: the goal, what it waits for, what begins it.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::condition::Subject;
use crate::condition::events::passed;
use crate::condition::values::ValueTest;
use crate::customer::{Customer, Value};
use crate::enrollment::Enrollment;
use crate::event::Occurrence;
use crate::shorthand;
use crate::time::Timestamp;

/// An event, written as its name alone or as `{ name, where, matching }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventMatch {
    /// The event's name.
    pub name: String,
    /// What its properties must say; `yen` is what it was worth.
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<ValueTest>,
    /// The property that must be the same as the key of the enrollment, such as `order_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matching: Option<String>,
}

impl EventMatch {
    /// Whether an occurrence is meant, in an enrollment with this key.
    pub fn takes(&self, occurrence: &Occurrence, key: Option<&str>, zone: &dyn Fn() -> TimeZone) -> bool {
        let same = |property: &String| {
            let value = occurrence.3.get(property).and_then(Value::word);
            key.is_some() && value.as_deref() == key
        };
        self.matching.as_ref().is_none_or(same) && passed(&self.filter, occurrence, zone)
    }

    /// The earliest that happened between two instants, both included, in an enrollment with this key.
    pub fn first_between<'a>(
        &self,
        subject: Subject<'a>,
        key: Option<&str>,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<&'a Occurrence> {
        self.first(subject, key, (from, until), |_| true)
    }

    /// The earliest that happened since an enrollment began until an instant, what began it apart: also what happened
    /// before the beginning was heard of.
    pub fn first_since_begun<'a>(
        &self,
        subject: Subject<'a>,
        (enrollment, from): (&Enrollment, Timestamp),
        until: Timestamp,
    ) -> Option<&'a Occurrence> {
        let counts = |kept: &Occurrence| !enrollment.is_begun_by(&kept.1);
        self.first(subject, enrollment.key.as_deref(), (from, until), counts)
    }

    fn first<'a>(
        &self,
        subject: Subject<'a>,
        key: Option<&str>,
        (from, until): (Timestamp, Timestamp),
        counts: impl Fn(&Occurrence) -> bool,
    ) -> Option<&'a Occurrence> {
        let history = subject.customer.events.get(&self.name)?;
        let zone = || subject.customer.zone(&subject.definitions.zone);
        let mut between = history.recent.iter().filter(|kept| from <= kept.0 && kept.0 <= until);
        between.find(|kept| counts(kept) && self.takes(kept, key, &zone))
    }

    /// When the next of this name is that is dated later than `now`.
    pub fn ahead(&self, customer: &Customer, now: Timestamp) -> Option<Timestamp> {
        customer.events.get(&self.name)?.ahead(now)
    }
}

/// The map form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EventFields {
    /// The event's name.
    name: String,
    /// What its properties must say; `yen` is what it was worth.
    #[serde(default, rename = "where")]
    filter: Vec<ValueTest>,
    /// The property that must be the same as the key of the enrollment, such as `order_id`.
    #[serde(default)]
    matching: Option<String>,
}

impl<'de> Deserialize<'de> for EventMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let of_name = |name| EventFields { name, filter: Vec::new(), matching: None };
        let expected = "the name of an event, or `{ name: …, where: … }`";
        let EventFields { name, filter, matching } = shorthand::name_or_map(deserializer, expected, of_name)?;
        Ok(Self { name, filter, matching })
    }
}

impl JsonSchema for EventMatch {
    fn schema_name() -> Cow<'static, str> {
        "EventMatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<EventFields>();
        json_schema!({ "anyOf": [{ "type": "string" }, map] })
    }
}
