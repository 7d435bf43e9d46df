//! Replies that ask for marketing again, and the suppressions they lift. What an opt-out stopped can be asked for again by
//! whoever has the address; an address that does not exist stays suppressed.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::contact::Channel;
use domain::time::{DAY, Timestamp};

use super::customers::refused;
use super::people::{SUPPRESSION, Stopped};
use super::{Table, number, read_number, text};

/// How long it is known that a reply came before.
const KEPT_SECONDS: i64 = 180 * DAY;

impl Table {
    /// When a reply first came that asks for messages to an address: `at`, or earlier where it came before. A provider that
    /// posts a reply anew, and whoever repeats what they overheard, says nothing new by it.
    pub async fn asked_again(
        &self,
        channel: Channel,
        address: &str,
        reply: &str,
        at: Timestamp,
    ) -> Result<Timestamp> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", text(self.suppression(channel, address)?))
            .item("sk", text(format!("opt-in#{reply}")))
            .item("at", number(at.seconds()))
            .item("expires", number(at.plus(KEPT_SECONDS).seconds()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(at),
            Err(error) => {
                let known = refused(error).context("noting an opt-in")?;
                Ok(read_number(&known, "at").map_or(at, Timestamp::from_seconds).min(at))
            }
        }
    }

    /// Lifts the suppression of an address that opted out before an instant; an opt-out at it or later stands, and so does
    /// what stops everything.
    pub async fn lift(&self, channel: Channel, address: &str, asked: Timestamp) -> Result<()> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key("pk", text(self.suppression(channel, address)?))
            .key("sk", text(SUPPRESSION))
            .condition_expression("stopped = :marketing AND #at < :asked")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":marketing", text(Stopped::Marketing.name()))
            .expression_attribute_values(":asked", number(asked.seconds()));
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) | Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(error).context("lifting a suppression"),
        }
    }
}
