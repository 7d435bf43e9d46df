//! The one table: how each kind of item is keyed, read and written.

pub mod blocks;
pub mod budgets;
pub mod consents;
pub mod counts;
pub mod customers;
pub mod definitions;
pub mod due;
pub mod erasures;
pub mod ledger;
pub mod messages;
pub mod opt_ins;
pub mod people;
pub mod runs;
pub mod spending;
mod strike;
pub mod untold;
pub mod verifications;
pub mod webhooks;
mod written;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};

use crate::call::Call;
use crate::concurrent;
use crate::config::{ConfigError, Vars};
use crate::keyed::AddressKey;

/// An item as the client gives it.
pub type Item = HashMap<String, AttributeValue>;

/// The most keys of one `BatchGetItem`.
const KEYS_LIMIT: usize = 100;

/// The most items of one `BatchWriteItem`.
const WRITES_LIMIT: usize = 25;

/// Rounds in which keys that a `BatchGetItem` left out are asked for again.
const UNPROCESSED_LIMIT: usize = 8;

/// Requests under way at once within one call of this module.
const CONCURRENCY: usize = 16;

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    due_shards: u32,
    address_key: Option<AddressKey>,
}

/// An item that is put without a condition.
#[derive(Clone, Debug)]
pub struct Row {
    pk: String,
    sk: String,
    item: Item,
}

/// Whether a read must see every write that was acknowledged before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It must; costs twice as much.
    Consistent,
    /// It may lag behind by a moment.
    Eventual,
}

impl Table {
    /// The table that `TABLE_NAME` names, its due index spread over `DUE_SHARDS` (8 when that is not given: what does
    /// not write customers does not need it).
    pub fn from_vars(client: Client, vars: &Vars) -> Result<Self, ConfigError> {
        let due_shards = if vars.get("DUE_SHARDS").is_some() { vars.parsed("DUE_SHARDS")? } else { 8 };
        let address_key = vars.get("ADDRESS_KEY").map(|_| AddressKey::from_vars(vars)).transpose()?;
        Ok(Self { client, name: vars.required("TABLE_NAME")?, due_shards, address_key })
    }

    /// The same, for whoever asks about addresses: `ADDRESS_KEY` must be there.
    pub fn keyed(client: Client, vars: &Vars) -> Result<Self, ConfigError> {
        let address_key = Some(AddressKey::from_vars(vars)?);
        Ok(Self { address_key, ..Self::from_vars(client, vars)? })
    }

    /// The key that addresses and ids are hashed under.
    pub fn address_key(&self) -> Result<&AddressKey> {
        self.address_key.as_ref().context("addresses are asked about without ADDRESS_KEY")
    }

    /// Opens a connection, by asking for an item that is never there.
    pub(crate) async fn connect(&self) -> Result<()> {
        self.get("-", "-", Reading::Eventual).await.map(|_| ())
    }

    async fn get(&self, pk: &str, sk: &str, reading: Reading) -> Result<Option<Item>> {
        let request = self.client.get_item().table_name(&self.name).key("pk", text(pk)).key("sk", text(sk));
        let request = request.consistent_read(reading == Reading::Consistent);
        Ok(request.call().await.context("reading an item")?.item)
    }

    /// Reads items by key in any number; those that are not there are left out, in no order.
    async fn get_all(&self, keys: Vec<(String, String)>, reading: Reading) -> Result<Vec<Item>> {
        let chunks: Vec<Vec<(String, String)>> = keys.chunks(KEYS_LIMIT).map(<[_]>::to_vec).collect();
        let table = self.clone();
        let read = concurrent::map(CONCURRENCY, chunks, move |keys| {
            let table = table.clone();
            async move { table.get_chunk(keys, reading).await }
        });
        let mut items = Vec::new();
        for chunk in read.await {
            items.extend(chunk??);
        }
        Ok(items)
    }

    /// Puts items that depend on nothing, 25 in a request; of two with one key the later stands.
    pub async fn put_all(&self, items: Vec<Row>) -> Result<()> {
        let unique: BTreeMap<(String, String), Item> = items
            .into_iter()
            .map(|Row { pk, sk, mut item }| {
                item.insert("pk".to_owned(), text(&pk));
                item.insert("sk".to_owned(), text(&sk));
                ((pk, sk), item)
            })
            .collect();
        let puts = unique.into_values().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        self.write_all(puts.collect::<Result<_>>()?).await
    }

    /// Of items whose keys say all of them, those that are not there yet.
    pub async fn missing(&self, items: Vec<Row>) -> Result<Vec<Row>> {
        let keys = items.iter().map(|row| (row.pk.clone(), row.sk.clone())).collect();
        let there = self.get_all(keys, Reading::Eventual).await?;
        let there = there.iter().map(|item| Ok((read_text(item, "pk")?, read_text(item, "sk")?)));
        let there = there.collect::<Result<BTreeSet<_>>>()?;
        Ok(items.into_iter().filter(|row| !there.contains(&(row.pk.as_str(), row.sk.as_str()))).collect())
    }

    /// Deletes items by key in any number; one that is not there is no matter.
    async fn delete_all(&self, keys: BTreeSet<(String, String)>) -> Result<()> {
        let deletes = keys.into_iter().map(|(pk, sk)| {
            let key = Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]);
            let delete = DeleteRequest::builder().set_key(Some(key)).build()?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        self.write_all(deletes.collect::<Result<_>>()?).await
    }

    async fn write_all(&self, writes: Vec<WriteRequest>) -> Result<()> {
        let chunks: Vec<Vec<WriteRequest>> = writes.chunks(WRITES_LIMIT).map(<[_]>::to_vec).collect();
        let table = self.clone();
        let written = concurrent::map(CONCURRENCY, chunks, move |writes| {
            let table = table.clone();
            async move { table.write_chunk(writes).await }
        });
        written.await.into_iter().try_for_each(|result| result?)
    }

    async fn write_chunk(&self, writes: Vec<WriteRequest>) -> Result<()> {
        let mut ask = HashMap::from([(self.name.clone(), writes)]);
        for _ in 0..UNPROCESSED_LIMIT {
            let answer = self.client.batch_write_item().set_request_items(Some(ask)).call().await;
            ask = answer.context("writing items")?.unprocessed_items.unwrap_or_default();
            if ask.is_empty() {
                return Ok(());
            }
        }
        anyhow::bail!("the table keeps leaving items out of a batch: it is throttled")
    }

    async fn get_chunk(&self, keys: Vec<(String, String)>, reading: Reading) -> Result<Vec<Item>> {
        let keys = keys
            .iter()
            .map(|(pk, sk)| Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]));
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .consistent_read(reading == Reading::Consistent)
            .build()?;
        let mut ask = HashMap::from([(self.name.clone(), asked)]);
        let mut items = Vec::new();
        for _ in 0..UNPROCESSED_LIMIT {
            let answer = self.client.batch_get_item().set_request_items(Some(ask)).call().await;
            let answer = answer.context("reading items")?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            ask = answer.unprocessed_keys.unwrap_or_default();
            if ask.is_empty() {
                return Ok(items);
            }
        }
        anyhow::bail!("the table keeps leaving keys out of a batch: it is throttled")
    }
}

/// A name for one attempt at a write, by which whoever made it knows its own: 44 random bits, 11 hexadecimal digits.
pub fn new_attempt() -> String {
    format!("{:011x}", fastrand::u64(..) >> 20)
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

/// A text attribute of an item.
pub(crate) fn read_text<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    match item.get(name) {
        Some(AttributeValue::S(value)) => Ok(value),
        _ => anyhow::bail!("an item has no text `{name}`"),
    }
}

/// A number attribute of an item, when it is there.
pub(crate) fn read_number(item: &Item, name: &str) -> Option<i64> {
    match item.get(name) {
        Some(AttributeValue::N(value)) => value.parse().ok(),
        _ => None,
    }
}

/// Whether the condition of an update held; any other error is returned.
pub(crate) fn held(error: Option<SdkError<UpdateItemError>>, doing: &'static str) -> Result<bool> {
    match error.map(SdkError::into_service_error) {
        None => Ok(true),
        Some(error) if error.is_conditional_check_failed_exception() => Ok(false),
        Some(error) => Err(error).context(doing),
    }
}

/// Why a transaction came to nothing: the condition of one of its parts, or somebody else writing at the same instant.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailed";
pub(crate) const CONFLICT: &str = "TransactionConflict";

/// Whether the first part of a transaction is why it came to nothing, and for what.
pub(crate) fn canceled_for(error: &TransactWriteItemsError, reason: &str) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { return false };
    canceled.cancellation_reasons().first().and_then(|first| first.code()) == Some(reason)
}

/// A stable spread of `key` over `shards`: FNV-1a, 64 bits, folded onto themselves. The last characters of a key, in which
/// numbered customers differ, have not come as far as the upper half.
pub(crate) fn shard(key: &str, shards: u32) -> u32 {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    u32::try_from((hash ^ (hash >> 32)) % u64::from(shards.max(1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_customers_are_spread_evenly() {
        for (count, shards) in [(100, 8), (1_000, 8), (1_000, 16), (10_000, 8)] {
            let mut customers = vec![0_u32; shards as usize];
            for number in 0..count {
                customers[shard(&format!("c{number:05}"), shards) as usize] += 1;
            }
            let even = count / shards;
            assert!(customers.iter().all(|held| held.abs_diff(even) <= even / 4), "{count}: {customers:?}");
        }
    }
}
