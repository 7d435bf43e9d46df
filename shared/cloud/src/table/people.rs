//! What is kept beside customers: which address leads to whom, who opted out, and who is on which list.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_sdk_dynamodb::error::SdkError;
use domain::consent::Purpose;
use domain::contact::Channel;
use domain::input::List;
use domain::names::CustomerId;
use domain::time::{DAY, Timestamp};

use super::customers::refused;
use super::{Item, Reading, Row, Table, number, read_text, shard, text};

/// Over how many partitions the rows of one list are spread.
pub const LIST_SHARDS: u32 = 16;

/// How long the row of someone who left a list is kept, so that a late write of the time before can't bring it back.
const LEFT_KEPT_SECONDS: i64 = 30 * DAY;

/// What a suppression stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Advertisement: the person opted out (特定電子メール法 art. 3-3 leaves notices of contract and performance).
    Marketing,
    /// Every message: the address does not exist.
    Everything,
}

impl Stopped {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Everything => "everything",
        }
    }

    /// Whether it stops a message for `purpose`.
    pub const fn stops(self, purpose: Purpose) -> bool {
        match (self, purpose) {
            (Self::Everything, _) | (Self::Marketing, Purpose::Marketing) => true,
            (Self::Marketing, Purpose::Transactional) => false,
        }
    }
}

impl Row {
    /// An address leads to a customer; the latest one stands.
    pub fn alias(channel: Channel, address: &str, customer: &CustomerId) -> Self {
        let item = Item::from([("customer".to_owned(), text(customer.as_str()))]);
        Self { pk: format!("A#{channel}#{address}"), sk: "alias".to_owned(), item }
    }
}

impl Table {
    /// The customer an address leads to.
    pub async fn alias(&self, channel: Channel, address: &str) -> Result<Option<CustomerId>> {
        let item = self.get(&format!("A#{channel}#{address}"), "alias", Reading::Eventual).await?;
        item.map(|item| Ok(CustomerId::parse(read_text(&item, "customer")?)?)).transpose()
    }

    /// Stops messages to an address, at once and for good. What stops all of them is not narrowed later.
    pub async fn suppress(
        &self,
        channel: Channel,
        address: &str,
        stopped: Stopped,
        why: &str,
        at: Timestamp,
    ) -> Result<()> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", text(format!("S#{channel}#{address}")))
            .item("sk", text("suppression"))
            .item("stopped", text(stopped.name()))
            .item("why", text(why))
            .item("at", number(at.seconds()));
        match stopped {
            Stopped::Everything => {}
            Stopped::Marketing => {
                request = request
                    .condition_expression("attribute_not_exists(pk) OR stopped = :marketing")
                    .expression_attribute_values(":marketing", text(Stopped::Marketing.name()));
            }
        }
        unless_later(request.send().await.err()).context("writing a suppression")
    }

    /// What is stopped to these addresses, read consistently; addresses without a suppression are left out.
    pub async fn suppressed(
        &self,
        channel: Channel,
        addresses: &[String],
    ) -> Result<BTreeMap<String, Stopped>> {
        let unique: BTreeSet<&String> = addresses.iter().collect();
        let keys = unique
            .iter()
            .map(|address| (format!("S#{channel}#{address}"), "suppression".to_owned()))
            .collect();
        let prefix = format!("S#{channel}#");
        let items = self.get_all(keys, Reading::Consistent).await?;
        let read = |item: &Item| {
            let marketing = read_text(item, "stopped")? == Stopped::Marketing.name();
            let stopped = if marketing { Stopped::Marketing } else { Stopped::Everything };
            Ok((read_text(item, "pk")?.replacen(&prefix, "", 1), stopped))
        };
        items.iter().map(read).collect()
    }

    /// Writes a customer's row in a list, unless a later revision of the customer wrote it.
    pub async fn put_member(
        &self,
        list: &List,
        customer: &CustomerId,
        member: bool,
        since: Timestamp,
        revision: u64,
    ) -> Result<()> {
        let name = list_partition(list);
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", text(format!("{name}#{}", shard(customer.as_str(), LIST_SHARDS))))
            .item("sk", text(customer.as_str()))
            .item("member", aws_sdk_dynamodb::types::AttributeValue::Bool(member))
            .item("since", number(since.seconds()))
            .item("rev", number(revision))
            .condition_expression("attribute_not_exists(pk) OR rev < :rev")
            .expression_attribute_values(":rev", number(revision));
        if !member {
            request = request.item("expires", number(since.plus(LEFT_KEPT_SECONDS).seconds()));
        }
        unless_later(request.send().await.err())
    }
}

/// The rows of one list begin so.
pub(crate) fn list_partition(list: &List) -> String {
    match list {
        List::Segment(name) => format!("G#{name}"),
        List::Audience(name) => format!("L#{name}"),
    }
}

/// A projection that lost against a later one has nothing left to do.
pub(crate) fn unless_later(
    error: Option<SdkError<aws_sdk_dynamodb::operation::put_item::PutItemError>>,
) -> Result<()> {
    error.map_or(Ok(()), |error| refused(error).map(|_| ()))
}
