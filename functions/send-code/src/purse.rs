//! What a one-time code may cost its account in a month: taken before the call, as for any other message.
//!
//! What was taken for one that may have been accepted stays taken, at the most that it may cost, until the provider or its
//! receipt says the price, so that a limit ends a month early and never late.

use anyhow::Result;
use cloud::table::Table;
use cloud::table::spending::{Charge, Known, Sent};
use domain::calendar::month;
use domain::definitions::Definitions;
use domain::money::Yen;
use domain::names::AccountName;
use domain::tariff::Billed;
use domain::time::Timestamp;
use domain::verification::Id;

/// What was taken from an account; nothing where the way is the configured one.
#[derive(Clone, Debug)]
pub(crate) struct Purse(Option<Taken>);

#[derive(Clone, Debug)]
struct Taken {
    account: AccountName,
    billed: Billed,
    charge: Charge,
}

impl Purse {
    /// Takes what a text to a number may cost through an account; `None` when its limit leaves less.
    pub(crate) async fn take(
        table: &Table,
        definitions: &Definitions,
        account: Option<&AccountName>,
        (to, text): (&str, &str),
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let Some((name, source)) = account.and_then(|name| Some((name, definitions.account(name)?))) else {
            return Ok(Some(Self(None)));
        };
        let quote = definitions.quote(Some(name), to, text, now);
        let month = month(now, &definitions.zone);
        let charge =
            Charge { journey: None, month, taken: quote.dearest, likely_sen: quote.likely_sen, known: None };
        let took = table.take_from_account(name, &charge, source.monthly_limit).await?;
        Ok(took.then(|| Self(Some(Taken { account: name.clone(), billed: source.billed, charge }))))
    }

    /// What the code likely costs, where that is known.
    pub(crate) fn likely(&self) -> Option<Yen> {
        self.0.as_ref().map(|taken| taken.charge.likely())
    }

    /// The account, and what was taken from it.
    pub(crate) fn charged(&self) -> Option<(&AccountName, &Charge)> {
        self.0.as_ref().map(|taken| (&taken.account, &taken.charge))
    }

    /// Sets right what was taken for a code whose price the provider said at once. One that is billed when it is delivered is
    /// left to its receipt.
    pub(crate) async fn settle(&self, table: &Table, id: &Id, parts: u32, yen: Yen) {
        let Some(Taken { account, billed: Billed::Accepted, charge }) = &self.0 else { return };
        let known = Known { sent: Sent::OneTimeCode(id), account: Some(account), charge, parts, yen };
        if let Err(error) = table.settle(&known).await {
            tracing::warn!(error = format!("{error:#}"), "an account's month could not be set right");
        }
    }

    /// Gives back what was taken for a code that was certainly not accepted.
    pub(crate) async fn give_back(self, table: &Table) {
        let Some(Taken { account, charge, .. }) = self.0 else { return };
        if let Err(error) = table.give_back_to_account(&account, &charge).await {
            tracing::warn!(error = format!("{error:#}"), "an account's month could not be set right");
        }
    }
}
