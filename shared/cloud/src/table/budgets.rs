//! What journeys have spent in a month: `B#JOURNEY`, `2026-11`, one number, of those that have a budget.
//!
//! An amount is taken before the call to the provider. What a crash took twice stays taken: a budget ends a message too
//! early rather than too late.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::money::Yen;
use domain::names::JourneyName;

use super::spending::once;
use super::{Reading, Table, held, number, read_number, text};
use crate::call::Call;

fn key(journey: &JourneyName) -> String {
    format!("B#{journey}")
}

impl Table {
    /// Takes an amount out of the budget of a month; `false` when it holds less.
    pub async fn take_from_budget(
        &self,
        journey: &JourneyName,
        month: &str,
        amount: Yen,
        budget: Yen,
    ) -> Result<bool> {
        if amount > budget {
            return Ok(false);
        }
        let request = self
            .add_to_budget(journey, month, amount)
            .condition_expression("attribute_not_exists(yen) OR yen <= :most")
            .expression_attribute_values(":most", number(budget.0 - amount.0));
        held(request.call().await.err(), "taking from a budget")
    }

    /// Sets right what was taken: more when the provider charged more, less when it charged less or nothing.
    pub async fn correct_budget(&self, journey: &JourneyName, month: &str, by: Yen) -> Result<()> {
        once(self.add_to_budget(journey, month, by)).await.context("correcting a budget")
    }

    fn add_to_budget(&self, journey: &JourneyName, month: &str, yen: Yen) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.name);
        let request = request.key("pk", text(key(journey))).key("sk", text(month));
        request.update_expression("ADD yen :yen").expression_attribute_values(":yen", number(yen.0))
    }

    /// What a journey with a budget has spent in a month.
    pub async fn spent(&self, journey: &JourneyName, month: &str) -> Result<Yen> {
        let item = self.get(&key(journey), month, Reading::Eventual).await?;
        Ok(Yen(item.and_then(|item| read_number(&item, "yen")).unwrap_or(0)))
    }
}
