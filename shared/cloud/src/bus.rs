//! The event bus.

use crate::call::Call;
use anyhow::{Context, Result, bail};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde::Serialize;

/// The `source` of every event of ours.
pub const SOURCE: &str = "tsunagi";

/// The most entries of one request.
const ENTRIES_LIMIT: usize = 10;

/// The bus.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// The bus called `name`.
    pub const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Puts events on the bus: the detail type and the detail of each.
    pub async fn put<T: Serialize>(&self, events: &[(&str, T)]) -> Result<()> {
        for events in events.chunks(ENTRIES_LIMIT) {
            let mut request = self.client.put_events();
            for (detail_type, detail) in events {
                let entry = PutEventsRequestEntry::builder()
                    .source(SOURCE)
                    .detail_type(*detail_type)
                    .detail(serde_json::to_string(detail)?)
                    .event_bus_name(&self.name);
                request = request.entries(entry.build());
            }
            let answer = request.call().await.context("putting events on the bus")?;
            if answer.failed_entry_count() > 0 {
                bail!("the bus refused {} events", answer.failed_entry_count());
            }
        }
        Ok(())
    }
}
