//! Messages: the claim that lets one provider call through, and what its links and receipts lead back to.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use domain::contact::Channel;
use domain::enrollment::Status;
use domain::message::Code;
use domain::money::Yen;
use domain::names::{AccountName, CustomerId};
use domain::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

use super::customers::refused;
use super::spending::Charge;
use super::{
    CONDITION_FAILED, CONFLICT, Item, Reading, Row, Table, canceled_for, held, number, read_number,
    read_text, text,
};
use crate::call::Call;
use crate::version::Shape;

const MESSAGE: Shape<Item> = Shape { kind: "a message", steps: &[] };

/// What fails where a message is written.
pub(super) const WRITING: &str = "writing a message";

/// How often a transaction is made again that met another write.
const CONFLICTS_LIMIT: usize = 5;

/// How long a message's links and receipts lead somewhere.
pub const KEPT_SECONDS: i64 = 180 * DAY;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageItem {
    /// Its code.
    pub code: Code,
    /// Whom it is for.
    pub customer: CustomerId,
    /// Its channel.
    pub channel: Channel,
    /// Where it went.
    pub to: String,
    /// Where its links lead, in order.
    pub links: Vec<String>,
    /// Whether it asks for an e-mail address: its code then opens the form.
    pub asks_email: bool,
    /// When the claim was made.
    pub claimed_at: Timestamp,
    /// Who made the claim.
    pub attempt: String,
    /// Through which account it goes; none where no accounts are defined.
    pub account: Option<AccountName>,
    /// What was taken for it out of a month of that account, and of its journey's budget.
    pub charge: Option<Charge>,
    /// What became of it; none while that is not known.
    pub outcome: Option<Recorded>,
    /// When it is forgotten.
    pub expires: Timestamp,
}

/// What a sender recorded of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What became of it.
    pub status: Status,
    /// The provider's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Estimated parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// Estimated price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yen: Option<Yen>,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// It is ours: the provider may be called.
    Ours,
    /// There is one already.
    Taken(Box<MessageItem>),
}

impl MessageItem {
    /// What a claim writes.
    pub(super) fn claimed(&self) -> Result<Item> {
        let mut item = Item::from([
            ("pk".to_owned(), text(format!("M#{}", self.code.as_str()))),
            ("sk".to_owned(), text(SORT)),
            ("customer".to_owned(), text(self.customer.as_str())),
            ("channel".to_owned(), text(self.channel.name())),
            ("to".to_owned(), text(&self.to)),
            ("links".to_owned(), text(serde_json::to_string(&self.links)?)),
            ("claimed_at".to_owned(), number(self.claimed_at.seconds())),
            ("attempt".to_owned(), text(&self.attempt)),
            ("expires".to_owned(), number(self.expires.seconds())),
            MESSAGE.mark(),
        ]);
        item.extend(self.charge.iter().flat_map(Charge::attributes));
        item.extend(self.account.iter().map(|account| ("account".to_owned(), text(account.as_str()))));
        item.extend(self.asks_email.then(|| (ASKS_EMAIL.to_owned(), AttributeValue::Bool(true))));
        Ok(item)
    }

    pub(super) fn read(item: &Item) -> Result<Self> {
        let item = &*MESSAGE.item(item)?;
        let seconds =
            |name| read_number(item, name).map(Timestamp::from_seconds).context("a message has no time");
        let outcome = read_text(item, "outcome")
            .ok()
            .map(serde_json::from_str)
            .transpose()
            .context("reading a message")?;
        let code = read_text(item, "pk")?
            .strip_prefix("M#")
            .and_then(Code::parse)
            .context("a message has no code")?;
        Ok(Self {
            code,
            customer: CustomerId::parse(read_text(item, "customer")?)?,
            channel: serde_json::from_value(read_text(item, "channel")?.into())?,
            to: read_text(item, "to")?.to_owned(),
            links: serde_json::from_str(read_text(item, "links")?)?,
            asks_email: item.contains_key(ASKS_EMAIL),
            claimed_at: seconds("claimed_at")?,
            attempt: read_text(item, "attempt")?.to_owned(),
            account: read_text(item, "account").ok().map(AccountName::parse).transpose()?,
            charge: Charge::read(item),
            outcome,
            expires: seconds("expires")?,
        })
    }
}

pub(super) const SORT: &str = "message";

/// The attribute of a message that asks for an e-mail address; others do without it.
const ASKS_EMAIL: &str = "asks_email";

impl Table {
    /// Claims a message: of all who try, one may call the provider.
    pub async fn claim(&self, message: &MessageItem) -> Result<Claimed> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(message.claimed()?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.call().await {
            Ok(_) => Ok(Claimed::Ours),
            Err(error) => {
                let taken = MessageItem::read(&refused(error)?)?;
                if taken.attempt == message.attempt {
                    Ok(Claimed::Ours)
                } else {
                    Ok(Claimed::Taken(Box::new(taken)))
                }
            }
        }
    }

    /// Writes down through which account a message goes and what was taken for it, when the claim says otherwise; whichever
    /// it was claimed for has certainly not taken it. `false` when the claim is no longer ours.
    pub async fn go_through(
        &self,
        code: &Code,
        attempt: &str,
        to: &str,
        account: Option<&AccountName>,
        charge: Option<&Charge>,
        now: Timestamp,
    ) -> Result<bool> {
        let request = self.update(code);
        let told = account.map(|account| ("account".to_owned(), text(account.as_str())));
        let told: HashMap<String, AttributeValue> =
            told.into_iter().chain(charge.into_iter().flat_map(Charge::attributes)).collect();
        let (mut set, mut removed) = ("SET claimed_at = :now, #to = :to".to_owned(), Vec::new());
        let mut request =
            request.expression_attribute_names("#to", "to").expression_attribute_values(":to", text(to));
        for (index, name) in std::iter::once("account").chain(Charge::ATTRIBUTES).enumerate() {
            request = request.expression_attribute_names(format!("#{index}"), name);
            match told.get(name) {
                Some(value) => {
                    set.extend([", #", &index.to_string(), " = :v", &index.to_string()]);
                    request = request.expression_attribute_values(format!(":v{index}"), value.clone());
                }
                None => removed.push(format!("#{index}")),
            }
        }
        let remove =
            if removed.is_empty() { String::new() } else { format!(" REMOVE {}", removed.join(", ")) };
        let request = request
            .update_expression(set + &remove)
            .condition_expression("attempt = :mine AND attribute_not_exists(outcome)")
            .expression_attribute_values(":mine", text(attempt))
            .expression_attribute_values(":now", number(now.seconds()));
        held(request.call().await.err(), WRITING)
    }

    /// Takes over a claim whose holder is gone, once the provider has proved that it never accepted the message.
    /// `false` when someone else was quicker.
    pub async fn take_over(&self, taken: &MessageItem, attempt: &str, now: Timestamp) -> Result<bool> {
        let request = self.update(&taken.code).update_expression("SET attempt = :mine, claimed_at = :now");
        let request = request
            .condition_expression("attribute_not_exists(outcome) AND (attempt = :theirs OR attempt = :mine)")
            .expression_attribute_values(":mine", text(attempt))
            .expression_attribute_values(":theirs", text(&taken.attempt))
            .expression_attribute_values(":now", number(now.seconds()));
        held(request.call().await.err(), WRITING)
    }

    /// Renews a claim; `false` when it is no longer ours.
    pub async fn keep_claim(&self, code: &Code, attempt: &str, now: Timestamp) -> Result<bool> {
        let request = self.update(code).update_expression("SET claimed_at = :now");
        let request = request
            .condition_expression("attempt = :mine AND attribute_not_exists(outcome)")
            .expression_attribute_values(":mine", text(attempt))
            .expression_attribute_values(":now", number(now.seconds()));
        held(request.call().await.err(), WRITING)
    }

    /// Gives a claim back after the provider proved that it did not accept the message, so that a later delivery of the
    /// same task may claim it at once.
    pub async fn release(&self, code: &Code, attempt: &str) -> Result<()> {
        let request = self.client.delete_item().table_name(&self.name);
        let request = request.key("pk", text(format!("M#{}", code.as_str()))).key("sk", text(SORT));
        let request = request
            .condition_expression("attempt = :mine AND attribute_not_exists(outcome)")
            .expression_attribute_values(":mine", text(attempt));
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(()),
            Err(error) if error.is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("releasing a claim"),
        }
    }

    /// Records what became of a message that `attempt` claimed. An outcome that stands is not overwritten.
    pub async fn record(&self, code: &Code, attempt: &str, outcome: &Recorded) -> Result<bool> {
        let request = self.update(code).update_expression("SET outcome = :outcome");
        let request = request
            .condition_expression("attempt = :mine AND (attribute_not_exists(outcome) OR outcome = :outcome)")
            .expression_attribute_values(":mine", text(attempt))
            .expression_attribute_values(":outcome", text(serde_json::to_string(outcome)?));
        held(request.call().await.err(), WRITING)
    }

    /// Puts items that stand beside a message's customer, on condition that the message is there: an erasure takes the
    /// messages away before it looks at what stands beside their customer, so nothing is left behind its back. `false` when
    /// the message is gone.
    pub async fn put_behind(&self, code: &Code, rows: Vec<Row>) -> Result<bool> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .key("pk", text(format!("M#{}", code.as_str())))
            .key("sk", text(SORT))
            .condition_expression("attribute_exists(pk)")
            .build()?;
        let mut items = vec![TransactWriteItem::builder().condition_check(check).build()];
        for Row { pk, sk, item } in rows {
            let put = Put::builder().table_name(&self.name).set_item(Some(item));
            let put = put.item("pk", text(pk)).item("sk", text(sk)).build()?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        for _ in 0..CONFLICTS_LIMIT {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            match request.call().await.map_err(SdkError::into_service_error) {
                Ok(_) => return Ok(true),
                Err(error) if canceled_for(&error, CONDITION_FAILED) => return Ok(false),
                // A receipt is being written.
                Err(error) if canceled_for(&error, CONFLICT) => {}
                Err(error) => return Err(error).context("writing behind a message"),
            }
        }
        bail!("a message was written {CONFLICTS_LIMIT} times at the same instant")
    }

    pub(super) fn update(
        &self,
        code: &Code,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.name);
        request.key("pk", text(format!("M#{}", code.as_str()))).key("sk", text(SORT))
    }

    /// A message by its code. A reader that lags behind is asked again: links and receipts follow a claim closely.
    pub async fn message(&self, code: &Code) -> Result<Option<MessageItem>> {
        let key = format!("M#{}", code.as_str());
        let mut item = self.get(&key, SORT, Reading::Eventual).await?;
        if item.is_none() {
            item = self.get(&key, SORT, Reading::Consistent).await?;
        }
        item.as_ref().map(MessageItem::read).transpose()
    }

    /// Messages by their codes; those that are not there are left out.
    pub async fn messages(&self, codes: &[Code]) -> Result<BTreeMap<Code, MessageItem>> {
        let mut found = BTreeMap::new();
        for reading in [Reading::Eventual, Reading::Consistent] {
            let missing = codes.iter().filter(|code| !found.contains_key(*code));
            let mut keys: Vec<(String, String)> =
                missing.map(|code| (format!("M#{}", code.as_str()), SORT.to_owned())).collect();
            keys.sort_unstable();
            keys.dedup();
            for item in self.get_all(keys, reading).await? {
                let message = MessageItem::read(&item)?;
                found.insert(message.code.clone(), message);
            }
        }
        Ok(found)
    }
}
