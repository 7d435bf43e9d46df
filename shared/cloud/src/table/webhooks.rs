//! Webhooks that were taken: what a later delivery of the same task need not send again.

use anyhow::{Context, Result};
use domain::message::Code;
use domain::time::Timestamp;

use super::messages::KEPT_SECONDS;
use super::{Reading, Table, number, text};
use crate::call::Call;

const SORT: &str = "webhook";

fn partition(code: &Code) -> String {
    format!("W#{}", code.as_str())
}

impl Table {
    /// Whether the receiver took a webhook, as far as was noted.
    pub async fn is_webhook_taken(&self, code: &Code) -> Result<bool> {
        Ok(self.get(&partition(code), SORT, Reading::Consistent).await?.is_some())
    }

    /// Notes that the receiver took a webhook.
    pub async fn put_webhook_taken(&self, code: &Code, at: Timestamp) -> Result<()> {
        let request = self.client.put_item().table_name(&self.name).item("pk", text(partition(code)));
        let request = request.item("sk", text(SORT)).item("at", number(at.seconds()));
        let request = request.item("expires", number(at.plus(KEPT_SECONDS).seconds()));
        request.call().await.context("noting that a webhook was taken")?;
        Ok(())
    }
}
