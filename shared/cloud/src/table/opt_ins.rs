//! Replies that ask for marketing again, and the suppressions they lift. What an opt-out stopped can be asked for again by
//! whoever has the address; an address that does not exist stays suppressed.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::contact::Channel;
use domain::time::{DAY, Timestamp};

use super::customers::refused;
use super::people::{LIFTED, Stopped, unless_later};
use super::{Table, number, read_number, text};
use crate::call::Call;

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
        match request.call().await {
            Ok(_) => Ok(at),
            Err(error) => {
                let known = refused(error).context("noting an opt-in")?;
                Ok(read_number(&known, "at").map_or(at, Timestamp::from_seconds).min(at))
            }
        }
    }

    /// Lifts what stopped marketing to an address at an instant or before; a later opt-out stands, and so does what stops
    /// everything. That it was lifted is noted for as long as an earlier word may come late.
    pub async fn lift(&self, channel: Channel, address: &str, until: Timestamp) -> Result<()> {
        let request = self
            .put_suppression(self.suppression(channel, address)?, LIFTED, "asked for again", until)
            .item("expires", number(until.plus(KEPT_SECONDS).seconds()))
            .condition_expression("attribute_not_exists(pk) OR (stopped <> :everything AND #at <= :until)")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":everything", text(Stopped::Everything.name()))
            .expression_attribute_values(":until", number(until.seconds()));
        unless_later(request.call().await.err()).context("lifting a suppression")
    }
}
