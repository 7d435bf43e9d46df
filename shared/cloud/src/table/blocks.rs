//! Blocks: a person keeps the shop's account from writing to them, as at LINE, and may take that back.
//!
//! A block stops every message, since none arrives, and the person has opted out by it. To take it back is no agreement to
//! advertisement: notices of contract and performance pass again, and no more than those.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use domain::contact::Channel;
use domain::time::Timestamp;

use super::people::{SUPPRESSION, Stopped, unless_later};
use super::{Table, number, text};
use crate::call::Call;

/// Why an address is suppressed whose person blocks the shop.
const BLOCKED: &str = "blocked";

/// The same of one who took it back.
const WAS_BLOCKED: &str = "was blocked";

impl Table {
    /// Stops every message to an address whose person blocked the shop at an instant, unless they have said something since
    /// that they could not have while they blocked it.
    pub async fn block(&self, channel: Channel, address: &str, at: Timestamp) -> Result<()> {
        let request = self
            .put_suppression(channel, address, Stopped::Everything, BLOCKED, at)?
            .condition_expression("attribute_not_exists(pk) OR stopped = :everything OR #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":everything", text(Stopped::Everything.name()))
            .expression_attribute_values(":at", number(at.seconds()));
        unless_later(request.call().await.err()).context("writing a block")
    }

    /// Lets all but marketing pass again to an address whose person took a block back, unless they blocked the shop later
    /// still. What is suppressed for another reason stays so.
    pub async fn unblock(&self, channel: Channel, address: &str, at: Timestamp) -> Result<()> {
        let request = self
            .put_suppression(channel, address, Stopped::Marketing, WAS_BLOCKED, at)?
            .condition_expression("why = :blocked AND #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":blocked", text(BLOCKED))
            .expression_attribute_values(":at", number(at.seconds()));
        unless_later(request.call().await.err()).context("taking a block back")
    }

    fn put_suppression(
        &self,
        channel: Channel,
        address: &str,
        stopped: Stopped,
        why: &str,
        at: Timestamp,
    ) -> Result<PutItemFluentBuilder> {
        let request = self.client.put_item().table_name(&self.name);
        Ok(request
            .item("pk", text(self.suppression(channel, address)?))
            .item("sk", text(SUPPRESSION))
            .item("stopped", text(stopped.name()))
            .item("why", text(why))
            .item("at", number(at.seconds())))
    }
}
