//! Messages: their codes, and whether one may leave.

use std::collections::BTreeSet;

use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calendar::{PAYMENT_HOURS, PermittedHours, Weekday, Weekdays};
use crate::chance::draw;
use crate::condition::dates::Day;
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::customer::Customer;
use crate::event::base62;
use crate::holidays;
use crate::money::Yen;
use crate::names::{CustomerId, JourneyName};
use crate::time::Timestamp;

/// Length of a message code: 71 bits.
pub const CODE_LENGTH: usize = 12;

/// The short code of one message: the same on every replay, and not to be guessed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

impl Code {
    /// The code of the message that `step` of an enrollment sends: base62 of an HMAC-SHA256 over what names it.
    pub fn derive(
        key: &CodeKey,
        customer: &CustomerId,
        journey: &JourneyName,
        version: u32,
        (entered, enrolled): (Timestamp, Option<&str>),
        step: usize,
    ) -> Self {
        let mut named = format!("{customer}\n{journey}\n{version}\n{}\n{step}", entered.seconds());
        if let Some(enrolled) = enrolled {
            named.extend(["\n", enrolled]);
        }
        let digest = key.mac().chain_update(named.as_bytes()).finalize().into_bytes();
        let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self(base62(number, CODE_LENGTH))
    }

    /// Reads a code; `None` when the text can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == CODE_LENGTH && text.chars().all(|c| c.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Code {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "not a message code".to_owned())
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

/// The secret that message codes are derived with.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeKey(String);

impl CodeKey {
    /// Takes a secret of at least 16 bytes.
    pub fn parse(secret: &str) -> Option<Self> {
        (secret.len() >= 16).then(|| Self(secret.to_owned()))
    }

    /// For functions that read definitions and derive no codes.
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// HMAC-SHA256 under this key, which is filled up with zeros to a block, or hashed when it is longer (RFC 2104).
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        let hashed = Sha256::digest(self.0.as_bytes());
        let mut block = Key::<Hmac<Sha256>>::default();
        let key = if self.0.len() <= block.len() { self.0.as_bytes() } else { hashed.as_slice() };
        block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
        Hmac::new(&block)
    }
}

impl std::fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeKey(…)")
    }
}

/// Why a message will not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The person never agreed, or took the agreement back.
    NoConsent,
    /// There is no number or address.
    NoAddress,
    /// The address opted out, bounced or does not exist.
    Suppressed,
    /// The enrollment had ended when the message was about to leave.
    Ended,
    /// The text needs something that is not known of this person.
    MissingValue,
    /// The text is longer than a message may be.
    TooLong,
    /// The customer gets none of the journey's messages, so that what they bring can be told.
    HeldOut,
    /// The journey was paused when it was time.
    Late,
    /// What the journey may cost in a month is spent.
    BudgetSpent,
    /// What every account that could take it may cost in a month is spent.
    LimitSpent,
    /// The person agreed, and has not confirmed it as the double opt-in asks for.
    Unconfirmed,
}

impl SkipReason {
    /// The reason in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoConsent => "no consent",
            Self::NoAddress => "no address",
            Self::Suppressed => "opted out or suppressed",
            Self::Ended => "journey ended before sending",
            Self::MissingValue => "a value the text needs is missing",
            Self::TooLong => "text too long",
            Self::HeldOut => "held out",
            Self::Late => "journey paused when it was time",
            Self::BudgetSpent => "budget of the month spent",
            Self::LimitSpent => "monthly limit of the provider's account spent",
            Self::Unconfirmed => "consent not yet confirmed (double opt-in)",
        }
    }
}

/// Why a message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Outside the permitted hours of the receiver's zone.
    QuietHours,
    /// The person had as many messages as the shop allows.
    FrequencyCap,
    /// The journey is paused.
    Paused,
    /// No provider takes messages at the moment.
    ProviderDown,
}

impl HoldReason {
    /// The reason in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::QuietHours => "quiet hours",
            Self::FrequencyCap => "frequency cap",
            Self::Paused => "journey paused",
            Self::ProviderDown => "the provider takes no messages at the moment",
        }
    }
}

/// At most this many marketing messages in so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrequencyCap {
    /// The channel it bounds; all together, when none is named.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// How many messages.
    pub at_most: u32,
    /// In how many days of 24 hours.
    pub within_days: u32,
}

/// What the shop allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Hours in which marketing may leave.
    pub hours: PermittedHours,
    /// Bounds on marketing messages.
    pub caps: Vec<FrequencyCap>,
    /// Days on which no marketing leaves, such as holidays.
    pub days_off: BTreeSet<Day>,
    /// The country on whose national holidays no marketing leaves.
    pub holidays_off: Option<Country>,
    /// Days of the week on which no marketing leaves.
    pub weekdays_off: BTreeSet<Weekday>,
    /// What was held until the hours begin leaves spread over so many minutes, so that not everyone hears at once.
    pub spread_minutes: u32,
}

/// A country whose national holidays are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Country {
    /// 日本
    Japan,
}

impl Country {
    fn is_holiday(self, date: Date) -> bool {
        match self {
            Self::Japan => holidays::is_holiday(date),
        }
    }
}

/// What one journey allows beyond what the shop does: less.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tightened {
    /// Hours in which its messages may leave, whatever their purpose.
    pub hours: Option<PermittedHours>,
    /// Bounds on marketing messages, those of other journeys counted too, at which this one holds back.
    pub caps: Vec<FrequencyCap>,
    /// Whether it reminds of payments: none of its messages leaves between 21:00 and 8:00 (貸金業法 art. 21).
    pub reminds_of_payment: bool,
    /// The most yen that its SMS and LINE messages may cost in a month of the shop's calendar; those that would cost more are left out.
    #[schemars(with = "Option<u32>")]
    pub budget_yen_per_month: Option<Yen>,
}

impl Tightened {
    /// The hours of the journey's messages for a purpose; none when they may leave at any time.
    pub fn hours(&self, purpose: Purpose, policy: &Policy) -> Option<PermittedHours> {
        let shop = match purpose {
            Purpose::Marketing => Some(policy.hours),
            Purpose::Transactional => None,
        };
        let payment = self.reminds_of_payment.then_some(PAYMENT_HOURS);
        [shop, self.hours, payment].into_iter().flatten().reduce(PermittedHours::and)
    }
}

impl Policy {
    /// Whether marketing may leave on a day.
    fn is_open(&self, date: Date) -> bool {
        !self.days_off.contains(&Day(date))
            && !self.holidays_off.is_some_and(|country| country.is_holiday(date))
            && !self.weekdays_off.iter().any(|day| Weekdays::of(&[*day]).has(date))
    }
}

/// What the shop allows, and the zone of people of whom none is known.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Hours and caps.
    pub policy: &'a Policy,
    /// The shop's zone.
    pub zone: &'a TimeZone,
}

/// When permission is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A journey reached the message.
    Planning,
    /// The message is about to leave.
    Sending,
}

/// Whether a message may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Send,
    /// Not before an instant.
    Hold(Timestamp, HoldReason),
    /// Never.
    Skip(SkipReason),
}

/// A message that asks whether it may leave.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// Its channel.
    pub channel: Channel,
    /// Its purpose.
    pub purpose: Purpose,
    /// What its journey allows.
    pub tightened: &'a Tightened,
}

/// Whether a message may leave `now`: address, consent, permitted hours and days, caps.
///
/// Suppression is not known here, but for a mailbox that is given up; the sender reads it at the moment of sending. `moment` says whether messages that
/// wait to be sent count against the caps: when one is planned they do, when one is sent it is among them itself.
pub fn permission(
    customer: &Customer,
    asks: Asks<'_>,
    rules: Rules<'_>,
    moment: Moment,
    now: Timestamp,
) -> Permission {
    let Asks { channel, purpose, tightened } = asks;
    let Some(address) = customer.address(channel) else {
        return Permission::Skip(SkipReason::NoAddress);
    };
    if channel == Channel::Email && customer.mailbox.is_given_up(address) {
        return Permission::Skip(SkipReason::Suppressed);
    }
    if !customer.consents_to(channel, purpose) {
        let asked = (channel, purpose) == (Channel::Email, Purpose::Marketing);
        let asked = asked && customer.awaits_confirmation().is_some();
        return Permission::Skip(if asked { SkipReason::Unconfirmed } else { SkipReason::NoConsent });
    }
    let marketing = purpose == Purpose::Marketing;
    let caps = rules.policy.caps.iter().chain(&tightened.caps);
    let caps = caps.filter(|cap| marketing && cap.channel.is_none_or(|capped| capped == channel));
    if let Some(until) = caps.filter_map(|cap| capped(customer, *cap, moment, now)).max() {
        return Permission::Hold(until, HoldReason::FrequencyCap);
    }
    let Some(hours) = tightened.hours(purpose, rules.policy) else { return Permission::Send };
    let open = |date: Date| !marketing || rules.policy.is_open(date);
    let opening = hours.next_on(now, &customer.zone(rules.zone), open);
    if opening == now {
        return Permission::Send;
    }
    let length = hours.minutes().min(rules.policy.spread_minutes);
    let spread = draw(&[customer.id.as_str(), &opening.seconds().to_string()], length);
    Permission::Hold(opening.plus(60 * i64::from(spread)), HoldReason::QuietHours)
}

/// The instant at which a cap lets the next message through, when it does not now.
fn capped(customer: &Customer, cap: FrequencyCap, moment: Moment, now: Timestamp) -> Option<Timestamp> {
    let window = i64::from(cap.within_days) * crate::time::DAY;
    let mut sent: Vec<Timestamp> = customer
        .enrollments
        .iter()
        .flat_map(|enrollment| enrollment.messages().map(move |message| (enrollment, message)))
        .filter(|(_, message)| cap.channel.is_none_or(|channel| channel == message.channel))
        .filter(|(_, message)| message.purpose == Purpose::Marketing)
        .filter(|(enrollment, message)| {
            message.status.left() || (moment == Moment::Planning && enrollment.is_outstanding(message))
        })
        .map(|(_, message)| message.at)
        .filter(|at| now.since(*at) < window)
        .collect();
    sent.sort_unstable();
    let allowed = usize::try_from(cap.at_most).unwrap_or(usize::MAX);
    let over = sent.len().checked_sub(allowed)?;
    sent.get(over).or(sent.last()).map(|at| at.plus(window))
}

/// The most characters of a reply that is kept to branch on.
const REPLY_LIMIT: usize = 20;

/// What a reply says, to branch on: in half-width small letters, without the space around it. `None` for one that is
/// empty or longer than a choice would be; what people write at length is nobody's to keep here.
pub fn reply_word(text: &str) -> Option<String> {
    let word = text.chars().map(crate::spelling::narrow).collect::<String>().trim().to_lowercase();
    let length = word.chars().count();
    (1..=REPLY_LIMIT).contains(&length).then_some(word)
}

/// The most characters an SMS may have on Japanese business routes, in UTF-16 code units: an emoji is two or more.
pub const SMS_LIMIT: usize = 660;

/// The most characters a text of LINE may have, in UTF-16 code units
/// (<https://developers.line.biz/en/reference/messaging-api/#text-message>).
pub const LINE_LIMIT: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_and_differ_by_what_they_name() {
        let key = CodeKey::parse("0123456789abcdef").unwrap();
        let (customer, journey) = (CustomerId::parse("7").unwrap(), JourneyName::parse("win-back").unwrap());
        let code = |entered, step| {
            Code::derive(&key, &customer, &journey, 1, (Timestamp::from_seconds(entered), None), step)
        };
        assert_eq!(code(10, 0), code(10, 0));
        assert_ne!(code(10, 0), code(10, 1));
        assert_ne!(code(10, 0), code(11, 0));
        assert_eq!(Code::parse(code(10, 0).as_str()), Some(code(10, 0)));
        assert_eq!(Code::parse("../../etc/pw"), None);
        assert_eq!(CodeKey::parse("short"), None);
    }

    /// At least ten characters of base62, spread as chance would, and nothing of whom they are about.
    #[test]
    fn codes_cannot_be_guessed() {
        const { assert!(CODE_LENGTH >= 10) };
        let key = CodeKey::parse("0123456789abcdef").unwrap();
        let journey = JourneyName::parse("win-back").unwrap();
        let mut known = BTreeSet::new();
        let mut characters = std::collections::BTreeMap::<char, u32>::new();
        for number in 0..5_000 {
            let customer = CustomerId::parse(&format!("c{number:05}")).unwrap();
            let code = Code::derive(&key, &customer, &journey, 1, (Timestamp::from_seconds(9), None), 0);
            assert!(code.as_str().len() == CODE_LENGTH && !code.as_str().contains(customer.as_str()));
            code.as_str().chars().for_each(|c| *characters.entry(c).or_default() += 1);
            assert!(known.insert(code));
        }
        let expected = 5_000 * u32::try_from(CODE_LENGTH).unwrap() / 62;
        assert_eq!(characters.len(), 62);
        assert!(characters.values().all(|count| count.abs_diff(expected) < expected / 4), "{characters:?}");
    }
}
