//! Blocks: a person keeps the shop's account from writing to them, as at LINE, and may take that back.
//!
//! A block stops every message, since none arrives, and the person has opted out by it. To take it back is no agreement to
//! advertisement: notices of contract and performance pass again, and no more than those.

use anyhow::{Context, Result};
use domain::contact::Channel;
use domain::time::Timestamp;

use super::people::{Stopped, unless_later};
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
            .put_suppression(self.suppression(channel, address)?, Stopped::Everything.name(), BLOCKED, at)
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
            .put_suppression(self.suppression(channel, address)?, Stopped::Marketing.name(), WAS_BLOCKED, at)
            .condition_expression("why = :blocked AND #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":blocked", text(BLOCKED))
            .expression_attribute_values(":at", number(at.seconds()));
        unless_later(request.call().await.err()).context("taking a block back")
    }
}
