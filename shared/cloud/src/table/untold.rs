//! What people said on our pages, kept until the inbox has heard it. A row stands in the due index, where `schedule` finds it
//! like a customer that is due and tells the inbox; whoever wrote it takes it away when the inbox took it at once.

use anyhow::{Context, Result};
use domain::event::EventId;
use domain::input::Input;
use domain::names::CustomerId;
use domain::time::Timestamp;

use super::{Item, Reading, Row, Table, number, shard, text};
use crate::call::Call;
use crate::version::Shape;

const SAID: Shape = Shape { kind: "what was said on a page", steps: &[] };

/// Seconds that whoever wrote a row has to tell the inbox itself.
const PATIENCE_SECONDS: i64 = 30;

impl Table {
    /// What a customer said at `at`, as a row, and the row's sort key.
    pub fn untold_row(
        &self,
        customer: &CustomerId,
        inputs: &[Input],
        at: Timestamp,
    ) -> Result<(Row, String)> {
        row(customer, inputs, at, self.due_shards)
    }

    /// What stands in a row; none when it was told meanwhile.
    pub async fn untold(&self, customer: &CustomerId, sort: &str) -> Result<Option<Vec<Input>>> {
        let item = self.get(&format!("C#{customer}"), sort, Reading::Consistent).await?;
        item.as_ref().map(inputs).transpose()
    }

    /// Takes a row away: the inbox has it.
    pub async fn told(&self, customer: &CustomerId, sort: &str) -> Result<()> {
        let request = self.client.delete_item().table_name(&self.name);
        let request = request.key("pk", text(format!("C#{customer}"))).key("sk", text(sort));
        request.call().await.context("taking a row away")?;
        Ok(())
    }
}

/// What stands in a row.
pub(super) fn inputs(item: &Item) -> Result<Vec<Input>> {
    SAID.document(item, "inputs")
}

/// What a customer said at `at`, as a row in one of so many shards of the due index, and the row's sort key.
pub(super) fn row(
    customer: &CustomerId,
    inputs: &[Input],
    at: Timestamp,
    due_shards: u32,
) -> Result<(Row, String)> {
    let inputs = serde_json::to_string(inputs)?;
    let sk = format!("untold#{:012}#{}", at.seconds(), EventId::of(&inputs).as_str());
    let item = Item::from([
        ("inputs".to_owned(), text(inputs)),
        SAID.mark(),
        ("due_shard".to_owned(), text(shard(customer.as_str(), due_shards).to_string())),
        ("due_at".to_owned(), number(at.plus(PATIENCE_SECONDS).seconds())),
    ]);
    Ok((Row { pk: format!("C#{customer}"), sk: sk.clone(), item }, sk))
}
