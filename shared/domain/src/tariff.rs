//! What an account at a provider charges: prices of a part with their currency and the days from which they hold.
//!
//! Amounts are whole millionths of their currency, so that nothing is lost of a price such as $0.0745. What one message
//! costs is rounded up to a whole yen: a limit is never passed by fractions.

mod price;

use std::fmt;

use jiff::tz::Offset;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::condition::dates::Day;
use crate::definition::Mistake;
use crate::money::Yen;
use crate::parts::{Network, Route, parts};
use crate::time::Timestamp;

pub use self::price::Price;

/// Millionths in one.
const MILLION: i128 = 1_000_000;

/// Digits after the point that an amount may have.
const DIGITS: usize = 6;

/// The most that an amount may be, in millionths: a million.
const AMOUNT_LIMIT: i64 = 1_000_000_000_000;

/// Of a hundred phones in Japan, so many are of each carrier, the brands on its network included: about what the ministry's
/// quarterly figures of contracts say (総務省 電気通信サービスの契約数及びシェア, 2024). By these a likely price is weighed, since the
/// carrier of a number is not known before its receipt.
const CARRIERS: [(Route, i64); 4] =
    [(Route::Docomo, 40), (Route::Au, 30), (Route::Softbank, 26), (Route::Rakuten, 4)];

/// An amount of a currency, in millionths; written as a number, or as a text such as `"0.0745"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// Reads a decimal number that is not negative, of at most six digits after its point and at most a million.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > DIGITS {
            return None;
        }
        let millionths: i64 = format!("{fraction:0<DIGITS$}").parse().ok()?;
        let amount = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(millionths)?;
        (amount <= AMOUNT_LIMIT).then_some(Self(amount))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let fraction = format!("{fraction:0>DIGITS$}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            fraction => write!(f, "{whole}.{fraction}"),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl de::Visitor<'_> for Reader {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount from 0 to 1000000 with at most six digits after its point, such as 9 or \"0.0745\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                Amount::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
            // The shortest decimal that is this number: what was written.
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An amount of a currency: a number, or a text such as \"0.0745\"; at most six digits after its point.",
            "type": ["number", "string"],
            "minimum": 0,
            "pattern": "^[0-9]+(\\.[0-9]{1,6})?$"
        })
    }
}

/// The letters of the yen.
const YEN: &str = "JPY";

/// A currency by its three letters (ISO 4217).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Z]{3}$"))]
pub struct Currency(String);

impl Currency {
    /// The yen.
    pub fn yen() -> Self {
        Self(YEN.to_owned())
    }

    /// Its letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the yen.
    pub fn is_yen(&self) -> bool {
        self.0 == YEN
    }
}

impl TryFrom<String> for Currency {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_code {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a currency; write it as JPY or USD"))
        }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

/// What an account charges from a day on, until the day of the next entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// The first day on which it holds, by Japan's calendar.
    pub from: Day,
    /// The currency of its prices, such as `JPY` or `USD`.
    pub currency: Currency,
    /// What one unit of that currency is worth in yen; needed unless it is `JPY`. A price that the provider's receipts name
    /// in this currency is converted by it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yen_per: Option<Amount>,
    /// The price of one part by each way it may go.
    pub per_part: PerPart,
}

/// The price of one part: to the carriers of Japan (all four, where the provider sends to them directly), and by an
/// international route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PerPart {
    /// To phones of docomo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docomo: Option<Amount>,
    /// To phones of au.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub au: Option<Amount>,
    /// To phones of `SoftBank`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub softbank: Option<Amount>,
    /// To phones of Rakuten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rakuten: Option<Amount>,
    /// By an international route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub international: Option<Amount>,
}

/// For which messages a provider charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Billed {
    /// For every one that it accepted.
    #[default]
    Accepted,
    /// For those that reached a phone.
    Delivered,
}

/// What a message is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The most parts it may have.
    pub parts: u32,
    /// What it costs at most: by the dearest way it may go.
    pub dearest: Yen,
    /// What it likely costs, in hundredths of a yen: the mean of the ways, weighed by how many phones each carrier has.
    pub likely_sen: i64,
}

impl Quote {
    /// That of a channel which is billed by the message, however long it is.
    pub const fn of_message(price: Yen) -> Self {
        Self { parts: 1, dearest: price, likely_sen: price.0.saturating_mul(100) }
    }

    /// What it likely costs, rounded up to a whole yen.
    pub const fn likely(self) -> Yen {
        Yen(ceil(self.likely_sen, 100))
    }
}

impl PerPart {
    const fn of(&self, route: Route) -> Option<Amount> {
        match route {
            Route::Docomo => self.docomo,
            Route::Au => self.au,
            Route::Softbank => self.softbank,
            Route::Rakuten => self.rakuten,
            Route::International => self.international,
        }
    }

    /// How many of the four carriers have a price.
    fn carriers(&self) -> usize {
        CARRIERS.iter().filter(|(route, _)| self.of(*route).is_some()).count()
    }
}

impl Tariff {
    /// By which network the account sends to a number of another, or the same.
    fn network(&self, of: Network) -> Network {
        if self.per_part.carriers() > 0 { of } else { Network::International }
    }

    /// What a text costs to a number; none where the table has no price for it.
    pub fn quote(&self, text: &str, to: &str) -> Option<Quote> {
        let by = |route: Route| {
            let parts = parts(text, route);
            Some((parts, self.price(route, parts)?))
        };
        self.weighed(Network::of(to), by)
    }

    /// What so many parts to a number of a network likely cost; none where the table has no price for them.
    pub fn of_parts(&self, parts: u32, network: Network) -> Option<Yen> {
        let by = |route: Route| Some((parts, self.price(route, parts)?));
        self.weighed(network, by).map(Quote::likely)
    }

    /// What a message to a network costs, `by` each route that the account may send it by.
    fn weighed(&self, network: Network, by: impl Fn(Route) -> Option<(u32, Yen)>) -> Option<Quote> {
        match self.network(network) {
            Network::Japan => weigh(CARRIERS.iter().map(|(route, share)| Some((by(*route)?, *share)))),
            Network::International => weigh([Some((by(Route::International)?, 100))].into_iter()),
        }
    }

    fn price(&self, route: Route, parts: u32) -> Option<Yen> {
        let millionths = i128::from(self.per_part.of(route)?.0) * i128::from(parts);
        self.yen(millionths)
    }

    /// Whole yen of an amount of its currency in millionths, rounded up.
    fn yen(&self, millionths: i128) -> Option<Yen> {
        let (millionths, one) = match self.yen_per {
            Some(rate) if !self.currency.is_yen() => (millionths * i128::from(rate.0), MILLION * MILLION),
            Some(_) | None if self.currency.is_yen() => (millionths, MILLION),
            Some(_) | None => return None,
        };
        whole(millionths, one)
    }

    fn mistakes(&self, place: &str) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut wrong = |key: &str, what: &str| {
            mistakes.push(Mistake { place: format!("{place}.{key}"), what: what.to_owned() });
        };
        if !self.currency.is_yen() && self.yen_per.is_none_or(|rate| rate.0 == 0) {
            wrong("yen_per", "is needed: how many yen one unit of the currency is, such as \"151.2\"");
        }
        if self.currency.is_yen() && self.yen_per.is_some() {
            wrong("yen_per", "is for prices in another currency; leave it out");
        }
        match self.per_part.carriers() {
            0 if self.per_part.international.is_none() => {
                wrong(
                    "per_part",
                    "has no price; write `{ docomo: 9, au: 9, softbank: 9, rakuten: 9 }`, or `{ international: 12 }`",
                );
            }
            0 | 4 => {}
            _ => wrong(
                "per_part",
                "lacks a carrier: docomo, au, softbank and rakuten have a price each, or none",
            ),
        }
        mistakes
    }
}

/// The dearest and the mean of prices, each with its weight in a hundred.
fn weigh(ways: impl Iterator<Item = Option<((u32, Yen), i64)>>) -> Option<Quote> {
    let mut quote = Quote { parts: 0, dearest: Yen::ZERO, likely_sen: 0 };
    for way in ways {
        let ((parts, yen), share) = way?;
        quote.parts = quote.parts.max(parts);
        quote.dearest = quote.dearest.max(yen);
        quote.likely_sen = quote.likely_sen.saturating_add(yen.0.saturating_mul(share));
    }
    Some(quote)
}

/// Whole yen, rounded up, of a yen in so many pieces.
fn whole(pieces: i128, in_one: i128) -> Option<Yen> {
    i64::try_from((pieces + in_one - 1) / in_one).ok().map(Yen)
}

const fn ceil(amount: i64, by: i64) -> i64 {
    amount.saturating_add(by - 1).div_euclid(by)
}

/// The price table of an account, by the days from which its entries hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tariffs(pub Vec<Tariff>);

impl Tariffs {
    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What holds at an instant; none before the first day.
    pub fn at(&self, at: Timestamp) -> Option<&Tariff> {
        let at = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default();
        let today = Day(Offset::constant(9).to_datetime(at).date());
        self.0.iter().filter(|tariff| tariff.from <= today).max_by_key(|tariff| tariff.from)
    }

    /// What is wrong with it; `place` is where it stands.
    pub fn mistakes(&self, place: &str) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (index, tariff) in self.0.iter().enumerate() {
            let place = format!("{place}[{index}]");
            mistakes.extend(tariff.mistakes(&place));
            if self.0.iter().take(index).any(|other| other.from == tariff.from) {
                let what = "two entries begin on this day; leave one".to_owned();
                mistakes.push(Mistake { place: format!("{place}.from"), what });
            }
        }
        mistakes
    }
}

#[cfg(test)]
mod tests;
