//! The record of consents, which only grows: a row for each word that a person said about messages, with what there is to
//! show for it. The law wants it kept for as long as advertisements are sent on its strength and a while after (特定電子メール法
//! art. 3-2, rule 4); rows do not expire, and go when the person is erased.

use anyhow::{Context, Result};
use domain::consent::ConsentSaid;
use domain::event::EventId;
use domain::names::CustomerId;
use domain::time::Timestamp;

use super::{Item, Row, Table, read_text, text};
use crate::call::Call;
use crate::version::Shape;

const WORD: Shape = Shape { kind: "a consent", steps: &[] };

/// What the sort keys of consents begin with.
const PREFIX: &str = "consent#";

/// Rows in one page.
const PAGE: i32 = 1_000;

/// A word on the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it was said.
    pub at: Timestamp,
    /// What, and how.
    pub word: ConsentSaid,
}

impl Row {
    /// A word on the record. Its key says all of it, so the same word makes the same row however often it comes, and no
    /// other word touches that row.
    pub fn consent(customer: &CustomerId, word: &ConsentSaid, at: Timestamp) -> Result<Self> {
        let said = serde_json::to_string(word)?;
        let (channel, purpose, given) = (word.channel, word.purpose.name(), word.given);
        let hash = EventId::of(&said);
        let sk = format!("{PREFIX}{:012}#{channel}#{purpose}#{given}#{}", at.seconds(), hash.as_str());
        let item = Item::from([
            ("said".to_owned(), text(said)),
            ("source".to_owned(), text(word.proof.source.name())),
            WORD.mark(),
        ]);
        Ok(Self { pk: format!("C#{customer}"), sk, item })
    }
}

impl Table {
    /// All that a customer said about messages, the earliest first.
    pub async fn consents(&self, customer: &CustomerId) -> Result<Vec<Recorded>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let request = self.of_consents(customer).limit(PAGE).set_exclusive_start_key(after);
            let page = request.call().await.context("reading consents")?;
            all.extend(page.items().iter().map(read).collect::<Result<Vec<_>>>()?);
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// The last so many words that a customer said about messages, the latest first, read consistently.
    pub async fn last_consents(&self, customer: &CustomerId, count: i32) -> Result<Vec<Recorded>> {
        let request = self.of_consents(customer).limit(count).scan_index_forward(false).consistent_read(true);
        let page = request.call().await.context("reading consents")?;
        page.items().iter().map(read).collect()
    }

    fn of_consents(
        &self,
        customer: &CustomerId,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :customer AND begins_with(sk, :consent)")
            .expression_attribute_values(":customer", text(format!("C#{customer}")))
            .expression_attribute_values(":consent", text(PREFIX))
    }
}

pub(super) fn read(item: &Item) -> Result<Recorded> {
    let key = read_text(item, "sk")?.strip_prefix(PREFIX).and_then(|key| key.split('#').next());
    let at = key.and_then(|seconds| seconds.parse().ok()).context("a consent's key has no time")?;
    Ok(Recorded { at: Timestamp::from_seconds(at), word: WORD.document(item, "said")? })
}
