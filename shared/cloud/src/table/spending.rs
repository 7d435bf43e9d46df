//! What goes through an account at a provider in a month: `B#account/NAME`, `2026-11`.
//!
//! What a message may cost is taken before the call to the provider, on condition of what is left, and set right once, when it is
//! known what it did cost. What a crash took twice stays taken: a limit ends messages too early rather than too late. So
//! more is added before the message says so, and less after. The budget of the message's journey goes with it.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::message::Code;
use domain::money::Yen;
use domain::names::{AccountName, JourneyName};
use domain::spend::Spent;
use domain::verification::Id;
use futures_util::future::BoxFuture;

use super::messages::WRITING;
use super::{Item, Reading, Table, held, number, read_number, read_text, text};
use crate::call::Call;

/// What was taken for a message out of a month of its account, of its journey's budget, or of both, and what is known of it;
/// it stands in the message's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The journey, where it has a budget.
    pub journey: Option<JourneyName>,
    /// The month, by the shop's calendar.
    pub month: String,
    /// What was taken: the most that it may cost.
    pub taken: Yen,
    /// What it likely costs, in hundredths of a yen.
    pub likely_sen: i64,
    /// What it cost, once that is known.
    pub known: Option<Yen>,
}

const JOURNEY: &str = "budget_of";
const MONTH: &str = "month";
const TAKEN: &str = "taken";
const LIKELY: &str = "likely_sen";
const KNOWN: &str = "known_yen";

impl Charge {
    /// What it likely costs, rounded up to a whole yen.
    pub const fn likely(&self) -> Yen {
        Yen(self.likely_sen.saturating_add(99).div_euclid(100))
    }

    /// What a claim writes of it, by name.
    pub(super) const ATTRIBUTES: [&str; 4] = [JOURNEY, MONTH, TAKEN, LIKELY];

    /// Reads it from a message's item; none where nothing was taken.
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            journey: read_text(item, JOURNEY).ok().and_then(|name| JourneyName::parse(name).ok()),
            month: read_text(item, MONTH).ok()?.to_owned(),
            taken: Yen(read_number(item, TAKEN)?),
            likely_sen: read_number(item, LIKELY)?,
            known: read_number(item, KNOWN).map(Yen),
        })
    }

    /// The same with its values.
    pub(super) fn attributes(&self) -> Item {
        let journey = self.journey.iter().map(|journey| (JOURNEY.to_owned(), text(journey.as_str())));
        let taken = [
            (MONTH.to_owned(), text(&self.month)),
            (TAKEN.to_owned(), number(self.taken.0)),
            (LIKELY.to_owned(), number(self.likely_sen)),
        ];
        journey.chain(taken).collect()
    }
}

/// What is paid for: its item says what was taken for it.
#[derive(Clone, Copy, Debug)]
pub enum Sent<'a> {
    /// A message.
    Message(&'a Code),
    /// The SMS of a one-time code.
    OneTimeCode(&'a Id),
}

/// A message of which it is known what it cost.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// Which.
    pub sent: Sent<'a>,
    /// The account it went through, where that is the shop's own.
    pub account: Option<&'a AccountName>,
    /// What was taken for it.
    pub charge: &'a Charge,
    /// Its parts.
    pub parts: u32,
    /// What it cost.
    pub yen: Yen,
}

impl Table {
    /// Takes what a message may cost out of a month of an account; `false` when its limit leaves less.
    pub async fn take_from_account(
        &self,
        account: &AccountName,
        charge: &Charge,
        limit: Option<Yen>,
    ) -> Result<bool> {
        let mut request = self
            .update_account(account, &charge.month)
            .update_expression("ADD yen :yen, messages :one")
            .expression_attribute_values(":yen", number(charge.taken.0))
            .expression_attribute_values(":one", number(1));
        if let Some(limit) = limit {
            if charge.taken > limit {
                return Ok(false);
            }
            request = request
                .condition_expression("attribute_not_exists(yen) OR yen <= :most")
                .expression_attribute_values(":most", number(limit.0 - charge.taken.0));
        }
        held(request.call().await.err(), "taking from an account's month")
    }

    /// Gives back what was taken for a message that the provider has certainly not taken.
    pub async fn give_back_to_account(&self, account: &AccountName, charge: &Charge) -> Result<()> {
        let request = self
            .update_account(account, &charge.month)
            .update_expression("ADD yen :yen, messages :one")
            .expression_attribute_values(":yen", number(-charge.taken.0))
            .expression_attribute_values(":one", number(-1));
        once(request).await.context("giving back to an account's month")
    }

    /// Sets right what was taken for a message. Told twice it counts once; of two that differ, the dearer one.
    pub async fn settle(&self, message: &Known<'_>) -> Result<()> {
        let stood = message.charge.known.unwrap_or(message.charge.taken);
        if message.charge.known.is_some_and(|known| known >= message.yen) {
            return Ok(());
        }
        // A budget holds that already.
        if message.account.is_none() && message.yen == stood {
            return Ok(());
        }
        let more = message.yen > stood;
        if more {
            self.count(message, stood).await?;
        }
        if self.know(message).await? && !more {
            self.count(message, stood).await?;
        }
        Ok(())
    }

    /// Writes down what a message cost; `false` when that, or something else, was written meanwhile.
    async fn know(&self, message: &Known<'_>) -> Result<bool> {
        let request = match message.sent {
            Sent::Message(code) => self.update(code),
            Sent::OneTimeCode(id) => self.verification_update(id),
        };
        let request = request.update_expression(format!("SET {KNOWN} = :yen"));
        let request = request.expression_attribute_values(":yen", number(message.yen.0));
        let request = match message.charge.known {
            None => request
                .condition_expression(format!("attribute_exists(pk) AND attribute_not_exists({KNOWN})")),
            Some(known) => request
                .condition_expression(format!("{KNOWN} = :known"))
                .expression_attribute_values(":known", number(known.0)),
        };
        held(request.call().await.err(), WRITING)
    }

    async fn count(&self, message: &Known<'_>, stood: Yen) -> Result<()> {
        let (month, by) = (&message.charge.month, Yen(message.yen.0 - stood.0));
        if let Some(journey) = message.charge.journey.as_ref().filter(|_| !by.is_zero()) {
            self.correct_budget(journey, month, by).await?;
        }
        let Some(account) = message.account else { return Ok(()) };
        let request = self.update_account(account, month);
        let request = match message.charge.known {
            None => request
                .update_expression(
                    "ADD yen :more, known :one, parts :parts, estimated_sen :likely, actual :actual",
                )
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":parts", number(message.parts))
                .expression_attribute_values(":likely", number(message.charge.likely_sen))
                .expression_attribute_values(":actual", number(message.yen.0)),
            Some(known) => request
                .update_expression("ADD yen :more, actual :actual")
                .expression_attribute_values(":actual", number(message.yen.0 - known.0)),
        };
        let request = request.expression_attribute_values(":more", number(by.0));
        once(request).await.context("counting what a message cost")
    }

    /// What went through an account in a month.
    pub async fn account_spending(&self, account: &AccountName, month: &str) -> Result<Spent> {
        let item = self.get(&key(account), month, Reading::Eventual).await?.unwrap_or_default();
        let count = |name| read_number(&item, name).unwrap_or(0);
        let whole = |name| u64::try_from(count(name)).unwrap_or(0);
        Ok(Spent {
            messages: whole("messages"),
            yen: Yen(count("yen")),
            known: whole("known"),
            parts: whole("parts"),
            estimated_sen: count("estimated_sen"),
            actual: Yen(count("actual")),
        })
    }

    /// Whether it was told on this day already that actual and estimate part.
    pub async fn is_told_off(&self, account: &AccountName, month: &str, day: &str) -> Result<bool> {
        let item = self.get(&key(account), month, Reading::Consistent).await?;
        Ok(item.is_some_and(|item| read_text(&item, "told").is_ok_and(|told| told >= day)))
    }

    /// Writes down that it was told on this day.
    pub async fn tell_off(&self, account: &AccountName, month: &str, day: &str) -> Result<()> {
        let request = self.update_account(account, month).update_expression("SET told = :day");
        request.expression_attribute_values(":day", text(day)).call().await.context("noting an alarm")?;
        Ok(())
    }

    fn update_account(&self, account: &AccountName, month: &str) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.name);
        request.key("pk", text(key(account))).key("sk", text(month))
    }
}

/// Makes a request that takes something off exactly once: the client would repeat one whose answer was lost, and what was
/// given back twice would let a limit be passed.
pub(super) fn once(
    request: UpdateItemFluentBuilder,
) -> BoxFuture<'static, std::result::Result<(), UpdateItemError>> {
    let config = Config::builder().retry_config(RetryConfig::disabled());
    Box::pin(async {
        match request.customize().config_override(config).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_service_error()),
        }
    })
}

fn key(account: &AccountName) -> String {
    // Names of journeys, whose budgets stand at `B#NAME`, have no slash.
    format!("B#account/{account}")
}
