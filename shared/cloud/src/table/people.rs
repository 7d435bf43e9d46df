//! What is kept beside customers: which address leads to whom, who opted out, and who is on which list.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use domain::consent::Purpose;
use domain::contact::Channel;
use domain::input::List;
use domain::names::CustomerId;
use domain::time::{DAY, Timestamp};

use super::customers::refused;
use super::{Item, Reading, Row, Table, number, read_text, shard, text};
use crate::call::Call;
use crate::keyed::AddressKey;

/// Over how many partitions the rows of one list are spread.
pub const LIST_SHARDS: u32 = 16;

/// How long the row of someone who left a list is kept, so that a late write of the time before can't bring it back.
const LEFT_KEPT_SECONDS: i64 = 30 * DAY;

/// The sort key of what leads from an address to its customer.
pub(super) const ALIAS: &str = "alias";

/// What the sort keys begin with of the addresses that are noted beside a customer.
pub(crate) const BESIDE: &str = "alias#";

/// The sort key of what is stopped to an address.
const SUPPRESSION: &str = "suppression";

/// What a suppression that was lifted stops.
pub(super) const LIFTED: &str = "nothing";

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
    /// An address leads to a customer, the latest one standing; and beside the customer, that it does: the address itself
    /// stands in neither.
    pub fn alias(key: &AddressKey, channel: Channel, address: &str, customer: &CustomerId) -> [Self; 2] {
        let hash = key.address(channel, address);
        let item = Item::from([("customer".to_owned(), text(customer.as_str()))]);
        [
            Self { pk: alias(channel, &hash), sk: ALIAS.to_owned(), item },
            Self { pk: format!("C#{customer}"), sk: format!("{BESIDE}{channel}#{hash}"), item: Item::new() },
        ]
    }
}

impl Table {
    /// The customer an address leads to.
    pub async fn alias(&self, channel: Channel, address: &str) -> Result<Option<CustomerId>> {
        let hash = self.address_key()?.address(channel, address);
        let item = self.get(&alias(channel, &hash), ALIAS, Reading::Eventual).await?;
        item.map(|item| Ok(CustomerId::parse(read_text(&item, "customer")?)?)).transpose()
    }

    /// Stops messages to an address as of an instant, at once and for good. What stops all of them is not narrowed later; a
    /// word that comes late changes nothing of what was said after it.
    pub async fn suppress(
        &self,
        channel: Channel,
        address: &str,
        stopped: Stopped,
        why: &str,
        at: Timestamp,
    ) -> Result<()> {
        let hash = self.address_key()?.address(channel, address);
        self.suppress_hashed(channel, &hash, stopped, why, at).await
    }

    /// The same of an address that is known by its hash.
    pub async fn suppress_hashed(
        &self,
        channel: Channel,
        hash: &str,
        stopped: Stopped,
        why: &str,
        at: Timestamp,
    ) -> Result<()> {
        let mut request = self.put_suppression(suppression(channel, hash), stopped.name(), why, at);
        match stopped {
            Stopped::Everything => {}
            Stopped::Marketing => {
                request = request
                    .condition_expression(
                        "attribute_not_exists(pk) OR (stopped <> :everything AND #at <= :at)",
                    )
                    .expression_attribute_names("#at", "at")
                    .expression_attribute_values(":everything", text(Stopped::Everything.name()))
                    .expression_attribute_values(":at", number(at.seconds()));
            }
        }
        unless_later(request.call().await.err()).context("writing a suppression")
    }

    /// Puts what is stopped to an address, in its partition; under which condition is for the caller to add.
    pub(super) fn put_suppression(
        &self,
        partition: String,
        stopped: &str,
        why: &str,
        at: Timestamp,
    ) -> PutItemFluentBuilder {
        let request = self.client.put_item().table_name(&self.name);
        request
            .item("pk", text(partition))
            .item("sk", text(SUPPRESSION))
            .item("stopped", text(stopped))
            .item("why", text(why))
            .item("at", number(at.seconds()))
    }

    /// The partition of what is stopped to an address.
    pub(super) fn suppression(&self, channel: Channel, address: &str) -> Result<String> {
        Ok(suppression(channel, &self.address_key()?.address(channel, address)))
    }

    /// What is stopped to these addresses, read consistently; addresses without a suppression are left out.
    pub async fn suppressed(
        &self,
        channel: Channel,
        addresses: &[String],
    ) -> Result<BTreeMap<String, Stopped>> {
        let key = self.address_key()?;
        let hashed =
            |address: &String| (suppression(channel, &key.address(channel, address)), address.clone());
        let hashed: BTreeMap<String, String> = addresses.iter().map(hashed).collect();
        let keys = hashed.keys().map(|pk| (pk.clone(), SUPPRESSION.to_owned())).collect();
        let items = self.get_all(keys, Reading::Consistent).await?;
        let mut found = BTreeMap::new();
        for item in &items {
            let stopped = match read_text(item, "stopped")? {
                LIFTED => continue,
                marketing if marketing == Stopped::Marketing.name() => Stopped::Marketing,
                _ => Stopped::Everything,
            };
            let address =
                hashed.get(read_text(item, "pk")?).context("a suppression that was not asked for")?;
            found.insert(address.clone(), stopped);
        }
        Ok(found)
    }

    /// The suppressions of addresses that are known by their hashes, as they are stored.
    pub(crate) async fn suppressions(&self, hashes: &[(Channel, String)]) -> Result<Vec<Item>> {
        let key = |(channel, hash): &(Channel, String)| (suppression(*channel, hash), SUPPRESSION.to_owned());
        self.get_all(hashes.iter().map(key).collect(), Reading::Eventual).await
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
        let (pk, sk) = member_key(list, customer);
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", text(pk))
            .item("sk", text(sk))
            .item("member", aws_sdk_dynamodb::types::AttributeValue::Bool(member))
            .item("since", number(since.seconds()))
            .item("rev", number(revision))
            .condition_expression("attribute_not_exists(pk) OR rev < :rev")
            .expression_attribute_values(":rev", number(revision));
        if !member {
            request = request.item("expires", number(since.plus(LEFT_KEPT_SECONDS).seconds()));
        }
        unless_later(request.call().await.err())
    }
}

/// The key of what leads from an address to its customer.
pub(super) fn alias(channel: Channel, hash: &str) -> String {
    format!("A#{channel}#{hash}")
}

/// The key of an address's suppression.
pub(crate) fn suppression(channel: Channel, hash: &str) -> String {
    format!("S#{channel}#{hash}")
}

/// The key of a customer's row in a list.
pub(super) fn member_key(list: &List, customer: &CustomerId) -> (String, String) {
    let (name, id) = (list_partition(list), customer.as_str());
    (format!("{name}#{}", shard(id, LIST_SHARDS)), id.to_owned())
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
