//! What a message may cost: taken out of its journey's budget and its account's month before the provider is called, and
//! set right afterwards.

use anyhow::Result;
use cloud::table::spending::{Charge, Known, Sent};
use domain::calendar::month;
use domain::definitions::Definitions;
use domain::message::Code;
use domain::money::Yen;
use domain::names::{AccountName, JourneyName};
use domain::tariff::{Billed, Quote};
use domain::time::Timestamp;

use crate::{Rendered, Sender, Transport};

/// What a message may cost by one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    /// What it is expected to cost; none where nothing is billed, as with e-mail.
    quote: Option<Quote>,
    /// The month, by the shop's calendar.
    month: String,
    /// The journey, and what it may cost in the month.
    budget: Option<(JourneyName, Yen)>,
    /// The account, where it is the shop's own.
    account: Option<Purse>,
}

/// What an account may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Purse {
    name: AccountName,
    limit: Option<Yen>,
    billed: Billed,
}

/// Whether there was enough to take from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// There was.
    All,
    /// The journey's budget holds less.
    BudgetSpent,
    /// The account's limit leaves less.
    LimitSpent,
}

impl Bill {
    /// What a message may cost through an account on the day it is.
    pub(crate) fn of(
        definitions: &Definitions,
        account: Option<&AccountName>,
        message: &Rendered,
        now: Timestamp,
    ) -> Self {
        let quote = message.billed.then(|| match message.price {
            Some(price) => Quote::of_message(price),
            None => definitions.quote(account, &message.to, &message.text, now),
        });
        let purse = account.and_then(|name| {
            let source = definitions.account(name)?;
            Some(Purse { name: name.clone(), limit: source.monthly_limit, billed: source.billed })
        });
        Self {
            month: month(now, &definitions.zone),
            budget: message.budget.clone(),
            account: purse.filter(|_| quote.is_some()),
            quote,
        }
    }

    /// What it costs at most.
    fn most(&self) -> Yen {
        self.quote.map_or(Yen::ZERO, |quote| quote.dearest)
    }

    /// What is taken, as its claim says; none where that is nothing.
    pub(crate) fn charge(&self) -> Option<Charge> {
        let quote = self.quote.filter(|_| self.budget.is_some() || self.account.is_some())?;
        Some(Charge {
            journey: self.budget.as_ref().map(|(journey, _)| journey.clone()),
            month: self.month.clone(),
            taken: quote.dearest,
            likely_sen: quote.likely_sen,
            known: None,
        })
    }

    /// The account, and what is taken from its month.
    fn charged(&self) -> Option<(&Purse, Charge)> {
        self.account.as_ref().zip(self.charge())
    }

    /// What was taken for a message that was claimed before, by its claim; none where that was nothing.
    pub(crate) fn claimed(mut self, charge: Option<Charge>) -> Option<Self> {
        let (charge, quote) = charge.zip(self.quote.as_mut())?;
        (quote.dearest, quote.likely_sen) = (charge.taken, charge.likely_sen);
        self.month = charge.month;
        self.budget = self.budget.filter(|_| charge.journey.is_some());
        Some(self)
    }

    /// What it likely costs.
    pub(crate) fn likely(&self) -> Option<Yen> {
        self.quote.map(Quote::likely)
    }
}

impl<T: Transport> Sender<T> {
    /// Takes what a message may cost out of its journey's budget and its account's month; nothing where one of them holds
    /// less.
    pub(crate) async fn take(&self, bill: &Bill) -> Result<Took> {
        if let Some((journey, budget)) = &bill.budget
            && !self.table.take_from_budget(journey, &bill.month, bill.most(), *budget).await?
        {
            return Ok(Took::BudgetSpent);
        }
        let Some((purse, charge)) = bill.charged() else { return Ok(Took::All) };
        if self.table.take_from_account(&purse.name, &charge, purse.limit).await? {
            return Ok(Took::All);
        }
        self.give_back_to_journey(bill).await;
        Ok(Took::LimitSpent)
    }

    /// Gives back what was taken for a message that was certainly not accepted.
    pub(crate) async fn give_back(&self, bill: &Bill) {
        self.give_back_to_journey(bill).await;
        if let Some((purse, charge)) = bill.charged()
            && let Err(error) = self.table.give_back_to_account(&purse.name, &charge).await
        {
            tracing::warn!(error = format!("{error:#}"), "an account's month could not be set right");
        }
    }

    /// Sets right what was taken for an accepted message, where the provider said at once what it costs. One that is
    /// billed when it is delivered is left to its receipt.
    pub(crate) async fn charge(&self, bill: &Bill, code: &Code, parts: u32, price: Option<Yen>) {
        let Some((yen, charge)) = price.zip(bill.charge()) else { return };
        let purse = bill.account.as_ref();
        if purse.is_some_and(|purse| purse.billed == Billed::Delivered) {
            return;
        }
        let account = purse.map(|purse| &purse.name);
        let known = Known { sent: Sent::Message(code), account, charge: &charge, parts, yen };
        if let Err(error) = self.table.settle(&known).await {
            tracing::warn!(error = format!("{error:#}"), "a month could not be set right");
        }
    }

    /// What can't be given back stays taken: the budget ends early, not late.
    async fn give_back_to_journey(&self, bill: &Bill) {
        let Some((journey, _)) = bill.budget.as_ref().filter(|_| !bill.most().is_zero()) else { return };
        let by = Yen(-bill.most().0);
        if let Err(error) = self.table.correct_budget(journey, &bill.month, by).await {
            tracing::warn!(error = format!("{error:#}"), "a budget could not be set right");
        }
    }
}
