//! Erasure: the mark under which nothing more is written of a person, the note that keeps late news out, and how each
//! kind of item is taken away.
//!
//! The note stands under a keyed hash of the id and holds two instants: it says that what was told until then is gone,
//! without saying of whom.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::contact::Channel;
use domain::input::List;
use domain::message::Code;
use domain::names::{CustomerId, JourneyName};
use domain::time::{DAY, Timestamp};

use super::consents;
use super::customers::{ERASING, SORT, refused};
use super::ledger::{self, LedgerRow, row_key};
use super::people::{ALIAS, alias, member_key};
use super::{CONDITION_FAILED, Item, Reading, Table, canceled_for, number, read_number, read_text, text};
use crate::call::Call;
use crate::erasure::FENCE_SECONDS;

/// How long the note is kept, in seconds: a year, in which files of before may be imported again. Queues keep what they
/// hold for two weeks at most, and providers send receipts for three days.
const KEPT_SECONDS: i64 = 366 * DAY;

/// How long the record of consents is kept after the last message to a person, in seconds: 特定電子メール法 art. 3-2 and
/// 施行規則 art. 4-2 ask for a month.
const CONSENTS_KEPT_SECONDS: i64 = 31 * DAY;

const NOTE: &str = "erased";

/// An erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// What was told until this instant does not count.
    pub until: Timestamp,
    /// When that was first written.
    pub begun: Timestamp,
    /// When nothing was left.
    pub finished: Option<Timestamp>,
}

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Whoever read the person before may still write, for so many seconds.
    Open(i64),
    /// Nothing more is written of the person.
    Closed(Erasure),
    /// It is over.
    Over,
}

impl Table {
    /// The erasure of an id, read consistently.
    pub async fn erasure(&self, id: &CustomerId) -> Result<Option<Erasure>> {
        self.get(&self.note(id)?, NOTE, Reading::Consistent).await?.as_ref().map(read).transpose()
    }

    /// The erasures of ids, read consistently; ids without one are left out.
    pub async fn erasures(&self, ids: &[CustomerId]) -> Result<BTreeMap<CustomerId, Erasure>> {
        let notes = ids.iter().map(|id| Ok((self.note(id)?, id)));
        let notes: BTreeMap<String, &CustomerId> = notes.collect::<Result<_>>()?;
        let keys = notes.keys().map(|pk| (pk.clone(), NOTE.to_owned())).collect();
        let items = self.get_all(keys, Reading::Consistent).await?;
        let found = items.iter().filter_map(|item| {
            let id = notes.get(read_text(item, "pk").ok()?)?;
            Some(read(item).map(|erasure| ((*id).clone(), erasure)))
        });
        found.collect()
    }

    /// Notes that what was told of an id `until` an instant is to go, and marks the customer: from here on no write goes
    /// through that rests on an earlier read of it. Doing it again is harmless.
    pub async fn fence(&self, id: &CustomerId, until: Timestamp, now: Timestamp) -> Result<Fence> {
        let erasure = self.begin_erasure(id, until, now).await?;
        if erasure.finished.is_some() {
            return Ok(Fence::Over);
        }
        let marked = match self.get(&customer(id), SORT, Reading::Consistent).await? {
            Some(item) => {
                if read_number(&item, ERASING) != Some(erasure.until.seconds()) {
                    self.mark(id, erasure.until, now).await?;
                }
                read_number(&item, MARKED).map_or(now, Timestamp::from_seconds)
            }
            None => erasure.begun,
        };
        let open = FENCE_SECONDS - now.since(marked);
        Ok(if open > 0 { Fence::Open(open) } else { Fence::Closed(erasure) })
    }

    async fn begin_erasure(&self, id: &CustomerId, until: Timestamp, now: Timestamp) -> Result<Erasure> {
        let begun = Erasure { until, begun: now, finished: None };
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(self.noted(id, &begun, now)?))
            .condition_expression("attribute_not_exists(pk) OR told_until < :until")
            .expression_attribute_values(":until", number(until.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.call().await {
            Ok(_) => Ok(begun),
            Err(error) => read(&refused(error)?),
        }
    }

    /// Notes that an erasure is over, unless another was asked for in the meantime.
    pub async fn finish_erasure(&self, id: &CustomerId, erasure: &Erasure, now: Timestamp) -> Result<()> {
        let finished = Erasure { finished: Some(now), ..*erasure };
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(self.noted(id, &finished, now)?))
            .condition_expression("told_until = :until")
            .expression_attribute_values(":until", number(erasure.until.seconds()));
        super::people::unless_later(request.call().await.err()).context("noting that an erasure is over")
    }

    async fn mark(&self, id: &CustomerId, until: Timestamp, now: Timestamp) -> Result<()> {
        let request = self.client.update_item().table_name(&self.name);
        let request = request
            .key("pk", text(customer(id)))
            .key("sk", text(SORT))
            .update_expression(
                "SET erasing = :until, marked = if_not_exists(marked, :now), rev = rev + :one REMOVE due_shard, due_at",
            )
            .condition_expression("attribute_exists(pk) AND (attribute_not_exists(erasing) OR erasing < :until)")
            .expression_attribute_values(":until", number(until.seconds()))
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":one", number(1));
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(()),
            Err(error) if error.is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("marking a customer"),
        }
    }

    /// Puts a row of the ledger in the place of another, so that at no instant both are there or neither. Where it stands
    /// already, the other one goes.
    pub async fn replace_row(&self, journey: &JourneyName, old: &LedgerRow, new: &LedgerRow) -> Result<()> {
        let gone = row_key(journey, old);
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(ledger::item(journey, new, 0)?))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        let delete = Delete::builder()
            .table_name(&self.name)
            .key("pk", text(&gone.0))
            .key("sk", text(&gone.1))
            .build()?;
        let request = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().delete(delete).build());
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(()),
            Err(error) if canceled_for(&error, CONDITION_FAILED) => {
                self.delete_all(BTreeSet::from([gone])).await
            }
            Err(error) => Err(error).context("replacing a row of the ledger"),
        }
    }

    /// Deletes messages.
    pub async fn delete_messages(&self, codes: &BTreeSet<Code>) -> Result<()> {
        let key = |code: &Code| (format!("M#{}", code.as_str()), super::messages::SORT.to_owned());
        self.delete_all(codes.iter().map(key).collect()).await
    }

    /// Deletes a customer's rows in lists.
    pub async fn delete_members(&self, id: &CustomerId, lists: &[List]) -> Result<()> {
        self.delete_all(lists.iter().map(|list| member_key(list, id)).collect()).await
    }

    /// Deletes what leads from an address to a customer, unless it leads to another one by now.
    pub async fn delete_alias(&self, id: &CustomerId, channel: Channel, hash: &str) -> Result<()> {
        let request = self.client.delete_item().table_name(&self.name);
        let request = request
            .key("pk", text(alias(channel, hash)))
            .key("sk", text(ALIAS))
            .condition_expression("attribute_not_exists(pk) OR customer = :customer")
            .expression_attribute_values(":customer", text(id.as_str()));
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(()),
            Err(error) if error.is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("deleting an alias"),
        }
    }

    /// Keeps what the law asks for of the record of consents, under the hash of the id: when the person said what about
    /// which channel, where it came from, and the hashes of the addresses. It is kept for a month after the last message.
    pub async fn keep_consents(
        &self,
        id: &CustomerId,
        beside: &[Item],
        addresses: &[(Channel, String)],
        last_message: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(expires) =
            last_message.map(|at| at.plus(CONSENTS_KEPT_SECONDS)).filter(|expires| *expires > now)
        else {
            return Ok(());
        };
        let hashes: Vec<String> =
            addresses.iter().map(|(channel, hash)| format!("{channel}#{hash}")).collect();
        let mut rows = Vec::new();
        for item in beside {
            let sk = read_text(item, "sk")?;
            let Some(said_at) = sk.strip_prefix("consent#").and_then(|rest| rest.split('#').next()) else {
                continue;
            };
            let said = consents::read(item)?.word;
            let (channel, purpose, given) = (said.channel, said.purpose.name(), said.given);
            let kept = Item::from([
                ("source".to_owned(), text(read_text(item, "source")?)),
                ("addresses".to_owned(), text(hashes.join(" "))),
                ("expires".to_owned(), number(expires.seconds())),
            ]);
            let sk = format!("consent#{said_at}#{channel}#{purpose}#{given}");
            rows.push(super::Row { pk: self.note(id)?, sk, item: kept });
        }
        self.put_all(rows).await
    }

    /// What stands beside a customer, read consistently.
    pub async fn beside(&self, id: &CustomerId) -> Result<Vec<Item>> {
        let mut items = self.partition(&customer(id), Reading::Consistent).await?;
        items.retain(|item| read_text(item, "sk").is_ok_and(|sk| sk != SORT));
        Ok(items)
    }

    /// Deletes items beside a customer.
    pub async fn delete_beside(&self, id: &CustomerId, beside: &[Item]) -> Result<()> {
        let keys = beside.iter().map(|item| Ok((customer(id), read_text(item, "sk")?.to_owned())));
        self.delete_all(keys.collect::<Result<_>>()?).await
    }

    /// Deletes the customer, once nothing else is left.
    pub async fn delete_customer(&self, id: &CustomerId) -> Result<()> {
        let request = self.client.delete_item().table_name(&self.name);
        let request = request.key("pk", text(customer(id))).key("sk", text(SORT));
        let request = request.condition_expression("attribute_not_exists(pk) OR attribute_exists(erasing)");
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(()),
            Err(error) if error.is_conditional_check_failed_exception() => {
                bail!("the customer came back while it was erased; the erasure begins again")
            }
            Err(error) => Err(error).context("deleting a customer"),
        }
    }

    fn note(&self, id: &CustomerId) -> Result<String> {
        Ok(format!("E#{}", self.address_key()?.customer(id)))
    }

    fn noted(&self, id: &CustomerId, erasure: &Erasure, now: Timestamp) -> Result<Item> {
        let mut item = Item::from([
            ("pk".to_owned(), text(self.note(id)?)),
            ("sk".to_owned(), text(NOTE)),
            ("told_until".to_owned(), number(erasure.until.seconds())),
            ("begun".to_owned(), number(erasure.begun.seconds())),
        ]);
        // One that is not over is not forgotten.
        if let Some(finished) = erasure.finished {
            item.insert("finished".to_owned(), number(finished.seconds()));
            item.insert("expires".to_owned(), number(now.plus(KEPT_SECONDS).seconds()));
        }
        Ok(item)
    }
}

/// The attribute that says when a customer was first marked.
const MARKED: &str = "marked";

fn customer(id: &CustomerId) -> String {
    format!("C#{id}")
}

fn read(item: &Item) -> Result<Erasure> {
    let instant = |name| read_number(item, name).map(Timestamp::from_seconds);
    Ok(Erasure {
        until: instant("told_until").context("the note of an erasure has no time")?,
        begun: instant("begun").context("the note of an erasure has no time")?,
        finished: instant("finished"),
    })
}
