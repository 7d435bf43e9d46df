//! Every night: whether what accounts at providers did cost is what was estimated.

use anyhow::Result;
use domain::calendar::month;
use domain::definitions::Definitions;
use domain::names::AccountName;
use domain::time::DAY;
use serde::{Deserialize, Serialize};

use crate::{Recompute, local_day};

/// The detail type of the event by which it is told.
pub const SPEND_OFF: &str = "Spend Off";

/// Actual and estimated price of what went through an account part by 5 % or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendOff {
    /// The account.
    pub account: AccountName,
    /// The month, as `2026-11`.
    pub month: String,
    /// By how many percent the actual price is above the estimate; negative where it is below.
    pub percent: i64,
    /// Of the messages whose price is known, what they were likely to cost, in yen.
    pub estimated_yen: i64,
    /// What they did cost, in yen.
    pub actual_yen: i64,
}

impl Recompute {
    /// Tells of every account whose month is off, once a day: by the metric `spend.off_by_percent` in the log, and on the bus. The
    /// month is that of the day before, so that a month's last day is judged as well.
    pub(crate) async fn watch_spending(&self, definitions: &Definitions) -> Result<()> {
        let Some(providers) = &definitions.providers else { return Ok(()) };
        let now = self.clock.now();
        let (day, month) =
            (local_day(now, definitions)?.to_string(), month(now.plus(-DAY), &definitions.zone));
        for account in providers.accounts.keys() {
            let spent = self.table.account_spending(account, &month).await?;
            let Some(percent) = spent.off_by_percent() else { continue };
            if self.table.is_told_off(account, &month, &day).await? {
                continue;
            }
            tracing::warn!(
                spend.off_by_percent = percent,
                spend.account = account.as_str(),
                spend.month = month,
                spend.estimated_yen = spent.estimated().0,
                spend.actual_yen = spent.actual.0,
                "what an account costs is not what was estimated: look at its prices"
            );
            let event = SpendOff {
                account: account.clone(),
                month: month.clone(),
                percent,
                estimated_yen: spent.estimated().0,
                actual_yen: spent.actual.0,
            };
            self.bus.put(&[(SPEND_OFF, event)]).await?;
            self.table.tell_off(account, &month, &day).await?;
        }
        Ok(())
    }
}
