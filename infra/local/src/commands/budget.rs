//! What a journey has spent of its budget of the month.

use anyhow::Result;
use cloud::table::Table;
use domain::calendar::month;
use domain::contact::Channel;
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
    /// What one part of its SMS costs at most, or one message where all of them go by LINE.
    part: Yen,
    /// What it sends no more of when the budget is spent.
    sends: &'static str,
}

/// What the current version of a journey may cost this month, and what it has; none when it may cost whatever it does.
pub async fn of(
    table: &Table,
    definitions: &Definitions,
    name: &JourneyName,
    now: Timestamp,
) -> Result<Option<Budget>> {
    let Some((_, journey)) = definitions.current(name) else { return Ok(None) };
    let Some(yen) = journey.policy.budget_yen_per_month else { return Ok(None) };
    let month = month(now, &definitions.zone);
    let spent = table.spent(name, &month).await?;
    let prices = definitions.shop.prices;
    let sends = |channel| {
        (0..journey.steps.len()).any(|step| journey.message(step).is_some_and(|it| it.channel == channel))
    };
    let (part, sends) = if sends(Channel::Line) && !sends(Channel::Sms) {
        (prices.line, "messages by LINE")
    } else {
        let parts = [prices.docomo, prices.au, prices.softbank, prices.rakuten];
        (parts.into_iter().max().unwrap_or(0), "SMS")
    };
    Ok(Some(Budget { month, spent, yen, part: Yen(i64::from(part)), sends }))
}

impl Budget {
    /// Whether not even one more part fits.
    pub fn is_spent(&self) -> bool {
        self.spent + self.part > self.yen
    }

    /// As words to read.
    pub fn in_words(&self) -> String {
        let stopped = if self.is_spent() {
            format!(": it sends no more {} this month", self.sends)
        } else {
            String::new()
        };
        format!("budget of {}: {} of {} spent{stopped}", self.month, self.spent, self.yen)
    }

    /// As one JSON object.
    pub fn figures(&self) -> Value {
        json!({ "month": self.month, "spent_yen": self.spent, "yen": self.yen, "in_words": self.in_words() })
    }
}
