//! The dated price file: what AWS charges, what a dollar is worth, and what is assumed of what can't be measured here.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use domain::condition::dates::Day;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// AWS's prices in Tokyo that this command was built with.
pub const TOKYO: &str = include_str!("../../data/prices/aws-tokyo.yaml");

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Invocations of functions.
    LambdaRequests,
    /// Time of functions on `x86_64`, by their memory.
    LambdaSecondsX86,
    /// Time of functions on `arm64`, by their memory.
    LambdaSecondsArm,
    /// Write request units of the table and its index.
    TableWrites,
    /// Read request units.
    TableReads,
    /// SQS requests of 64 KiB.
    QueueRequests,
    /// Requests to the HTTP API.
    ApiRequests,
    /// Events put on the bus.
    BusEvents,
    /// Invocations by `EventBridge` Scheduler.
    ClockInvocations,
    /// Logs taken in.
    LogGigabytes,
    /// Metrics that alarms read, a month.
    AlarmMetrics,
    /// Dashboards, a month.
    Dashboards,
    /// Secrets, a month.
    Secrets,
    /// Requests to KMS.
    KeyRequests,
    /// State transitions of Step Functions' standard workflows.
    Transitions,
    /// Parts of SMS to Japan through AWS.
    SmsParts,
    /// E-mails through SES.
    Emails,
}

impl Item {
    const ALL: [Self; 17] = [
        Self::LambdaRequests,
        Self::LambdaSecondsX86,
        Self::LambdaSecondsArm,
        Self::TableWrites,
        Self::TableReads,
        Self::QueueRequests,
        Self::ApiRequests,
        Self::BusEvents,
        Self::ClockInvocations,
        Self::LogGigabytes,
        Self::AlarmMetrics,
        Self::Dashboards,
        Self::Secrets,
        Self::KeyRequests,
        Self::Transitions,
        Self::SmsParts,
        Self::Emails,
    ];
}

/// A price.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// US dollars for `per` units.
    #[serde(deserialize_with = "amount")]
    usd: f64,
    /// How many units that is for.
    #[serde(deserialize_with = "positive")]
    per: f64,
    /// What is counted.
    pub unit: String,
    /// How many units every account gets each month for nothing, for good.
    #[serde(default, deserialize_with = "amount")]
    pub free: f64,
    /// The page that says so.
    pub source: String,
}

/// What a dollar is taken to be worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Yen for one dollar.
    #[serde(deserialize_with = "positive")]
    pub yen: f64,
    /// The day it is of.
    pub as_of: Day,
}

/// What AWS decides and what one machine can't measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// How many ask a queue at once while it is empty.
    #[serde(deserialize_with = "positive")]
    pub pollers: f64,
    /// How long each of them waits for an answer, in seconds.
    #[serde(deserialize_with = "positive")]
    pub poll_seconds: f64,
    /// What an invocation takes by itself, in milliseconds.
    #[serde(deserialize_with = "amount")]
    pub invocation_ms: f64,
    /// What each call to table, queue or bus takes, in milliseconds.
    #[serde(deserialize_with = "amount")]
    pub aws_call_ms: f64,
    /// What a call to a provider takes, in milliseconds.
    #[serde(deserialize_with = "amount")]
    pub provider_call_ms: f64,
    /// What Lambda itself logs of an invocation, in bytes.
    #[serde(deserialize_with = "amount")]
    pub invocation_log_bytes: f64,
    /// What the API logs of a request, in bytes.
    #[serde(deserialize_with = "amount")]
    pub request_log_bytes: f64,
    /// After how many seconds the table's key is asked for again.
    #[serde(deserialize_with = "positive")]
    pub key_seconds: f64,
}

/// A price file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// The day of its prices.
    pub as_of: Day,
    /// The region of its prices.
    pub region: String,
    /// What a dollar is worth.
    pub yen_per_dollar: Rate,
    /// What is assumed.
    pub assumptions: Assumptions,
    items: BTreeMap<Item, Price>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    as_of: Value,
    region: String,
    currency: String,
    yen_per_dollar: Value,
    prices: BTreeMap<String, Value>,
    assumptions: Value,
}

impl Prices {
    /// Reads a price file; an error names the field.
    pub fn parse(yaml: &str) -> Result<Self> {
        let value: Value = serde_saphyr::from_str(yaml).context("it is no YAML")?;
        let written: Written = serde_json::from_value(value)?;
        ensure!(written.currency == "USD", "currency: prices are read in USD, not in {}", written.currency);
        let mut items = BTreeMap::new();
        for (name, price) in written.prices {
            let place = format!("prices.{name}");
            let item: Item = field(&place, Value::String(name))?;
            items.insert(item, field(&place, price)?);
        }
        for item in Item::ALL {
            let name = serde_json::to_value(item)?;
            ensure!(items.contains_key(&item), "prices.{}: it is missing", name.as_str().unwrap_or_default());
        }
        Ok(Self {
            as_of: field("as_of", written.as_of)?,
            region: written.region,
            yen_per_dollar: field("yen_per_dollar", written.yen_per_dollar)?,
            assumptions: field("assumptions", written.assumptions)?,
            items,
        })
    }

    /// The price of an item. A file that lacks one is not read.
    pub fn of(&self, item: Item) -> &Price {
        &self.items[&item]
    }

    /// Yen for so many units of an item.
    pub fn yen(&self, item: Item, quantity: f64) -> f64 {
        let Price { usd, per, .. } = self.of(item);
        quantity / per * usd * self.yen_per_dollar.yen
    }
}

fn field<T: DeserializeOwned>(place: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).with_context(|| place.to_owned())
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err(D::Error::custom(format!("{number} is below 0; write what is paid, or 0")))
    }
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = amount(deserializer)?;
    if number > 0.0 { Ok(number) } else { Err(D::Error::custom("0 is too little; write a number above it")) }
}
