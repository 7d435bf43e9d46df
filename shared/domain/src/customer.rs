//! A customer: one small document that holds all that decisions about this person need.

mod value;
pub mod versions;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::consent::{ConsentSaid, Purpose};
use crate::contact::{Channel, Email, Phone};
use crate::enrollment::{Enrollment, Note};
use crate::event::{Added, Event, History, NAMES_LIMIT, ORDER_COMPLETED};
use crate::mailbox::Mailbox;
use crate::names::{AudienceName, CustomerId, JourneyName, SegmentName};
use crate::time::Timestamp;

/// A value together with when it was said; of two, the later stands whatever order they come in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped<T>(pub T, pub Timestamp);

/// The value of a trait.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// The trait was taken away.
    Absent,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// The most bytes that names and values of a customer's traits may have together.
pub const TRAITS_BYTES: usize = 60_000;

/// The trait that names the person's time zone.
pub const TIME_ZONE: &str = "time_zone";

impl Value {
    /// The value as one word or number, such as the id of an order.
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Absent | Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// About as many bytes as the value takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Absent | Self::Boolean(_) | Self::Integer(_) | Self::Number(_) => 20,
            Self::Text(text) => text.len() + 20,
            Self::List(texts) => texts.iter().map(|text| text.len() + 3).sum::<usize>() + 20,
        }
    }
}

/// Who is in a segment, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Whether the customer is a member.
    pub member: bool,
    /// Since when that has been so.
    pub since: Timestamp,
}

/// What is kept of an enrollment at the last: when it began, and its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Past(pub Timestamp, #[serde(default, skip_serializing_if = "Option::is_none")] pub Option<String>);

/// A customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// The shop's own id of this person.
    pub id: CustomerId,
    /// What is known of the person: name, phone (E.164), email, `line_id`, birthday, `time_zone`, and the shop's own traits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traits: BTreeMap<String, Stamped<Value>>,
    /// The person's word per channel and purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<Channel, BTreeMap<Purpose, Stamped<bool>>>,
    /// When marketing by e-mail was last agreed to without the confirmation that the shop's double opt-in asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<Timestamp>,
    /// The e-mail address whose owner last confirmed the agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Stamped<String>>,
    /// What the person did, by event name; purchases are [`crate::event::ORDER_COMPLETED`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<String, History>,
    /// Segments the person is or was in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<SegmentName, Membership>,
    /// Lists a journey put the person on, for other systems to read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub audiences: BTreeMap<AudienceName, Membership>,
    /// Journeys the person is in, and the last ones that ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrollments: Vec<Enrollment>,
    /// When earlier enrollments began that are no longer kept whole, and their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub past: BTreeMap<JourneyName, Vec<Past>>,
    /// Requests to begin a journey that were decided lately, by their keys: one that comes again changes nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub asked: BTreeSet<(Timestamp, JourneyName, String)>,
    /// Instants at which a journey that follows the calendar begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub armed: BTreeMap<JourneyName, Timestamp>,
    /// The [`crate::definitions::Definitions::number`] this document was last changed under: who knows only earlier
    /// definitions must read them anew before deciding anything about it.
    #[serde(default)]
    pub definitions: u32,
    /// What became of e-mails, as far as it tells of the mailbox.
    #[serde(default, skip_serializing_if = "Mailbox::is_empty")]
    pub mailbox: Mailbox,
    /// Decisions that belong to no enrollment, such as why one did not begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Until when what was told of this id was erased; see [`crate::erasure`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_until: Option<Timestamp>,
}

impl Customer {
    /// A customer of whom nothing is known yet.
    pub fn new(id: CustomerId) -> Self {
        Self {
            id,
            traits: BTreeMap::new(),
            consents: BTreeMap::new(),
            unconfirmed: None,
            confirmed: None,
            events: BTreeMap::new(),
            segments: BTreeMap::new(),
            audiences: BTreeMap::new(),
            enrollments: Vec::new(),
            past: BTreeMap::new(),
            asked: BTreeSet::new(),
            armed: BTreeMap::new(),
            definitions: 0,
            mailbox: Mailbox::default(),
            notes: Vec::new(),
            erased_until: None,
        }
    }

    /// A trait that is there.
    pub fn value(&self, name: &str) -> Option<&Value> {
        match self.traits.get(name) {
            Some(Stamped(Value::Absent, _)) | None => None,
            Some(Stamped(value, _)) => Some(value),
        }
    }

    /// A trait that is there and a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.traits.get(name) {
            Some(Stamped(Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// The mobile number.
    pub fn phone(&self) -> Option<Phone> {
        self.text("phone").map(Phone::kept)
    }

    /// The e-mail address.
    pub fn email(&self) -> Option<Email> {
        self.text("email").map(Email::kept)
    }

    /// Where a message on `channel` goes.
    pub fn address(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Sms => self.text("phone"),
            Channel::Email => self.text("email"),
            Channel::Line => self.text("line_id"),
        }
    }

    /// The birthday.
    pub fn birthday(&self) -> Option<Date> {
        self.text("birthday")?.parse().ok()
    }

    /// The person's time zone, or the shop's.
    pub fn zone(&self, shop: &TimeZone) -> TimeZone {
        self.text(TIME_ZONE).and_then(|name| calendar::zone(name).ok()).unwrap_or_else(|| shop.clone())
    }

    /// Whether the person agreed to `purpose` on `channel`; a transactional message needs no agreement.
    pub fn consents_to(&self, channel: Channel, purpose: Purpose) -> bool {
        let said = self.consents.get(&channel).and_then(|said| said.get(&purpose));
        match purpose {
            Purpose::Marketing => {
                let elsewhere = channel == Channel::Email && self.is_confirmed_elsewhere();
                said.is_some_and(|said| said.0) && !elsewhere
            }
            Purpose::Transactional => said.is_none_or(|said| said.0),
        }
    }

    /// Takes the person's word; the later one stands, and of two at one instant the refusal.
    pub fn said(&mut self, word: &ConsentSaid, at: Timestamp) {
        let said = self
            .consents
            .entry(word.channel)
            .or_default()
            .entry(word.purpose)
            .or_insert(Stamped(word.given, at));
        if at > said.1 || (at == said.1 && !word.given) {
            *said = Stamped(word.given, at);
        }
        if let Some(address) = word.confirmed()
            && self.confirmed.as_ref().is_none_or(|known| (known.1, known.0.as_str()) < (at, address))
        {
            self.confirmed = Some(Stamped(address.to_owned(), at));
        }
    }

    /// Takes an agreement to marketing by e-mail that is to be confirmed first.
    pub fn agreed_unconfirmed(&mut self, at: Timestamp) {
        self.unconfirmed = self.unconfirmed.max(Some(at));
    }

    /// Since when an agreement to marketing by e-mail awaits its confirmation: it came after every other word on it, or the
    /// address that it was confirmed for has been changed.
    pub fn awaits_confirmation(&self) -> Option<Timestamp> {
        let standing = self.email_marketing();
        let asked = self.unconfirmed.filter(|at| standing.is_none_or(|standing| *at > standing.1));
        match standing {
            Some(Stamped(true, _)) if self.is_confirmed_elsewhere() => {
                asked.max(self.traits.get("email").map(|email| email.1))
            }
            Some(Stamped(true, _)) => None,
            Some(Stamped(false, _)) | None => asked,
        }
    }

    fn email_marketing(&self) -> Option<&Stamped<bool>> {
        self.consents.get(&Channel::Email)?.get(&Purpose::Marketing)
    }

    /// Whether the agreement to marketing by e-mail that stands is the confirmation of another address.
    fn is_confirmed_elsewhere(&self) -> bool {
        let standing = self.email_marketing().map(|standing| standing.1);
        let address = self.address(Channel::Email);
        self.confirmed.as_ref().is_some_and(|Stamped(confirmed, at)| {
            standing == Some(*at) && address.is_some_and(|address| address != confirmed)
        })
    }

    /// Takes what is said of the person; the later word on each trait stands, and of two at one instant the greater text.
    /// Returns the names of those that there is no room for.
    pub fn identify(&mut self, traits: &BTreeMap<String, Value>, at: Timestamp) -> Vec<String> {
        let mut left_out = Vec::new();
        for (name, value) in traits {
            let bytes = self
                .traits
                .iter()
                .filter(|(kept, _)| *kept != name)
                .map(|(name, kept)| name.len() + kept.0.bytes());
            if bytes.sum::<usize>() + name.len() + value.bytes() > TRAITS_BYTES {
                left_out.push(name.clone());
                continue;
            }
            match self.traits.get_mut(name) {
                Some(kept) if at > kept.1 || (at == kept.1 && rank(value) > rank(&kept.0)) => {
                    *kept = Stamped(value.clone(), at);
                }
                Some(_) => {}
                None => {
                    self.traits.insert(name.clone(), Stamped(value.clone(), at));
                }
            }
        }
        left_out
    }

    /// Adds an event.
    pub fn track(&mut self, event: &Event) -> Added {
        // Purchases always have a place: whether someone is a customer at all depends on them.
        let known = self.events.contains_key(&event.name) || event.name == ORDER_COMPLETED;
        if !known && self.events.len() >= NAMES_LIMIT {
            return Added::TooOld;
        }
        self.events.entry(event.name.clone()).or_default().add(event)
    }

    /// Whether the person is a member of the segment.
    pub fn is_member(&self, segment: &SegmentName) -> bool {
        self.segments.get(segment).is_some_and(|membership| membership.member)
    }

    /// Whether the person is on the list.
    pub fn in_audience(&self, audience: &AudienceName) -> bool {
        self.audiences.get(audience).is_some_and(|membership| membership.member)
    }
}

fn rank(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_word_stands_in_any_order() {
        let early = BTreeMap::from([
            ("name".to_owned(), Value::Text("花".into())),
            ("city".to_owned(), Value::Text("京都".into())),
        ]);
        let late = BTreeMap::from([
            ("name".to_owned(), Value::Text("花子".into())),
            ("city".to_owned(), Value::Absent),
        ]);
        let (one, two) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
        let mut forward = Customer::new(CustomerId::parse("1").unwrap());
        forward.identify(&early, one);
        forward.identify(&late, two);
        let mut backward = Customer::new(CustomerId::parse("1").unwrap());
        backward.identify(&late, two);
        backward.identify(&early, one);
        assert_eq!(forward, backward);
        assert_eq!((forward.text("name"), forward.text("city")), (Some("花子"), None));
    }

    #[test]
    fn a_document_reads_back() {
        let mut customer = Customer::new(CustomerId::parse("1").unwrap());
        customer.identify(
            &BTreeMap::from([("vip".to_owned(), Value::Boolean(true)), ("gone".to_owned(), Value::Absent)]),
            Timestamp::from_seconds(5),
        );
        customer.said(&ConsentSaid::new(Channel::Sms, Purpose::Marketing, true), Timestamp::from_seconds(5));
        let text = serde_json::to_string(&customer).unwrap();
        assert_eq!(serde_json::from_str::<Customer>(&text).unwrap(), customer);
    }
}
