//! What a journey has spent of its budget of the month.

use anyhow::Result;
use cloud::table::Table;
use domain::calendar::month;
use domain::definitions::Definitions;
use domain::money::Yen;
use domain::names::JourneyName;
use domain::time::Timestamp;
use serde_json::{Value, json};

/// The budget of a journey in one month.
#[derive(Debug)]
pub struct Budget {
    month: String,
    spent: Yen,
    yen: Yen,
    /// What one part costs at most.
    part: Yen,
}

/// What the current version of a journey may cost this month, and what it has; none when it may cost whatever it does.
pub async fn of(
    table: &Table,
    definitions: &Definitions,
    name: &JourneyName,
    now: Timestamp,
) -> Result<Option<Budget>> {
    let yen = definitions.current(name).and_then(|(_, journey)| journey.policy.budget_yen_per_month);
    let Some(yen) = yen else { return Ok(None) };
    let month = month(now, &definitions.zone);
    let spent = table.spent(name, &month).await?;
    let prices = definitions.shop.prices;
    let part = [prices.docomo, prices.au, prices.softbank, prices.rakuten].into_iter().max().unwrap_or(0);
    Ok(Some(Budget { month, spent, yen, part: Yen(i64::from(part)) }))
}

impl Budget {
    /// Whether not even an SMS of one part fits any more.
    pub fn is_spent(&self) -> bool {
        self.spent + self.part > self.yen
    }

    /// As words to read.
    pub fn in_words(&self) -> String {
        let stopped = if self.is_spent() { ": it sends no more SMS this month" } else { "" };
        format!("budget of {}: {} of {} spent{stopped}", self.month, self.spent, self.yen)
    }

    /// As one JSON object.
    pub fn figures(&self) -> Value {
        json!({ "month": self.month, "spent_yen": self.spent, "yen": self.yen, "in_words": self.in_words() })
    }
}
