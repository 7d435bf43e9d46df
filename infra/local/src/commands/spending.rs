//! What went through accounts at providers this month.

use std::fmt::Write;

use anyhow::{Context, Result};
use cloud::table::Table;
use domain::calendar::month;
use domain::definitions::Definitions;
use domain::money::Yen;
use domain::names::AccountName;
use domain::spelling::counted;
use domain::spend::Spent;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::text::say;
use super::{Data, now, place};
use crate::definitions;

/// An account and its month.
#[derive(Debug)]
pub struct OfAccount {
    account: AccountName,
    provider: String,
    month: String,
    spent: Spent,
    limit: Option<Yen>,
}

/// Lists the accounts of an installation, each with its month.
pub async fn list(data: &Data, as_json: bool) -> Result<()> {
    let reader = place::reader(&data.data)?;
    let definitions = definitions::current(&reader.table).await?;
    let accounts = of(&reader.table, &definitions, now()?).await?;
    if as_json {
        let figures: Vec<Value> = accounts.iter().map(OfAccount::figures).collect();
        say(&serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    definitions.providers.as_ref().context(
        "no accounts are defined: everything goes to the sandbox; apply a file with `providers:` to send through your own",
    )?;
    for account in accounts {
        say(&account.in_words());
    }
    Ok(())
}

/// The accounts that are defined, each with the month it is by the shop's calendar.
pub async fn of(table: &Table, definitions: &Definitions, now: Timestamp) -> Result<Vec<OfAccount>> {
    let mut accounts = Vec::new();
    let defined = definitions.providers.iter().flat_map(|providers| &providers.accounts);
    for (name, source) in defined {
        let month = month(now, &definitions.zone);
        accounts.push(OfAccount {
            spent: table.account_spending(name, &month).await?,
            account: name.clone(),
            provider: source.provider.clone(),
            month,
            limit: source.monthly_limit,
        });
    }
    Ok(accounts)
}

impl OfAccount {
    /// Lines to read.
    pub fn in_words(&self) -> String {
        let Self { account, provider, month, spent, limit } = self;
        let limit = limit.map_or_else(
            || "no limit".to_owned(),
            |limit| format!("limit {limit}, {} left", Yen((limit.0 - spent.yen.0).max(0))),
        );
        let mut text = format!(
            "{account} ({provider}), {month}: {}, {} at most; {limit}",
            counted(spent.messages, "message"),
            spent.yen
        );
        if spent.known > 0 {
            let percent =
                spent.difference_percent().map(|percent| format!(" ({percent:+} %)")).unwrap_or_default();
            let _ = write!(
                text,
                "\n  of {} the price is known: {}, estimated {}, actual {}{percent}",
                counted(spent.known, "message"),
                counted(spent.parts, "part"),
                spent.estimated(),
                spent.actual,
            );
        }
        text.extend(self.warning().map(|warning| format!("\n  {warning}")));
        text
    }

    /// What is wrong, when actual and estimated price part.
    pub fn warning(&self) -> Option<String> {
        let percent = self.spent.off_by_percent()?;
        let where_to = if percent > 0 { "above" } else { "below" };
        Some(format!(
            "what `{}` costs in {} is {} % {where_to} the estimate: look at its prices",
            self.account,
            self.month,
            percent.abs()
        ))
    }

    /// One JSON object.
    pub fn figures(&self) -> Value {
        let Self { account, provider, month, spent, limit } = self;
        json!({
            "account": account,
            "provider": provider,
            "month": month,
            "messages": spent.messages,
            "yen_at_most": spent.yen,
            "monthly_limit": limit,
            "known": {
                "messages": spent.known,
                "parts": spent.parts,
                "estimated_yen": spent.estimated(),
                "actual_yen": spent.actual,
                "difference_percent": spent.difference_percent(),
            },
            "off_by_percent": spent.off_by_percent(),
        })
    }
}
