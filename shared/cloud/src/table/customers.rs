//! Customers: one item each, written under a condition on its revision.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::customer::{Customer, versions};
use domain::due::{Due, DueReason};
use domain::names::CustomerId;
use domain::time::{DAY, Timestamp};

use super::{Item, Reading, Table, new_attempt, number, read_number, read_text, shard, text};
use crate::call::Call;
use crate::version::Shape;

pub(super) const CUSTOMER: Shape = Shape { kind: "a customer's document", steps: versions::STEPS };

/// The sort key of a customer.
pub const SORT: &str = "customer";

/// Seconds after which the sweep of `schedule` looks again at a customer whose key in the due index lies in the past.
pub const SWEEP_SECONDS: i64 = 15 * 60;

/// The attribute that says until when a customer is being erased.
pub(super) const ERASING: &str = "erasing";

/// The most bytes of a customer's document, below `DynamoDB`'s 400 KB an item.
const DOCUMENT_LIMIT: usize = 350_000;

/// A customer as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The customer.
    pub customer: Customer,
    /// Its revision; 0 when it is not stored yet.
    pub revision: u64,
    /// Its key in the due index.
    pub due_at: Option<Timestamp>,
    /// The attempt that wrote it.
    pub attempt: String,
    /// Until when it is being erased, if it is: then the customer is one of whom nothing is known.
    pub erasing: Option<Timestamp>,
}

/// What became of a write.
#[derive(Debug)]
pub enum Committed {
    /// It is written, under this revision.
    Written(u64),
    /// Another write came first; this is what it wrote.
    Conflict(Box<Stored>),
}

impl Stored {
    /// A customer that is not stored yet.
    pub fn absent(id: CustomerId) -> Self {
        let customer = Customer::new(id);
        Self { customer, revision: 0, due_at: None, attempt: String::new(), erasing: None }
    }

    /// Reads an item.
    pub fn read(item: &Item) -> Result<Self> {
        let erasing = read_number(item, ERASING).map(Timestamp::from_seconds);
        Ok(Self {
            customer: match erasing {
                Some(_) => Customer::new(customer_of(read_text(item, "pk")?)?),
                None => document(item)?,
            },
            erasing,
            revision: read_number(item, "rev")
                .and_then(|number| u64::try_from(number).ok())
                .context("a customer has no revision")?,
            due_at: read_number(item, "due_at").map(Timestamp::from_seconds),
            attempt: read_text(item, "by").unwrap_or_default().to_owned(),
        })
    }
}

/// The document of an item.
pub(crate) fn document(item: &Item) -> Result<Customer> {
    CUSTOMER.document(item, "doc")
}

/// The item of a customer at a revision that an attempt writes.
pub(super) fn item(customer: &Customer, revision: u64, attempt: &str) -> Result<Item> {
    let document = serde_json::to_string(customer)?;
    anyhow::ensure!(
        document.len() <= DOCUMENT_LIMIT,
        "a customer's document of {} bytes; at most {DOCUMENT_LIMIT}",
        document.len()
    );
    Ok(Item::from([
        ("pk".to_owned(), text(format!("C#{}", customer.id))),
        ("sk".to_owned(), text(SORT)),
        ("rev".to_owned(), number(revision)),
        ("by".to_owned(), text(attempt)),
        ("doc".to_owned(), text(document)),
        CUSTOMER.mark(),
    ]))
}

/// Whose key it is.
pub(super) fn customer_of(pk: &str) -> Result<CustomerId> {
    let id = pk.strip_prefix("C#").context("a key that is no customer's")?;
    Ok(CustomerId::parse(id)?)
}

/// The key a customer gets in the due index: the next instant, unless leaving the key it has is cheaper.
///
/// Moving a key costs two writes on the index. A key that is too early costs one look: a read, and the write that moves
/// it then. So a key that is far ahead stays where it is, since it will probably be outdated again before it comes. A
/// key that has come stays while all that is due next is to ask after a message: its outcome nearly always comes first
/// and moves the key on, and where it does not, the sweep finds the key in time.
pub fn due_key(stored: Option<Timestamp>, next: Option<&Due>, now: Timestamp) -> Option<Timestamp> {
    let at = next.map(|due| due.at);
    match (stored, next) {
        (Some(stored), _) if stored.since(now) > DAY && at.is_none_or(|at| at >= stored) => Some(stored),
        (Some(stored), Some(Due { why: DueReason::Watch(_), at }))
            if stored <= now && at.since(now) <= SWEEP_SECONDS =>
        {
            Some(stored)
        }
        (_, _) => at,
    }
}

impl Table {
    /// Reads customers; each that is not there is [`Stored::absent`], and one whose document does not read is an error of
    /// its own, so that the others need not wait for it.
    pub async fn customers(
        &self,
        ids: &[CustomerId],
        reading: Reading,
    ) -> Result<BTreeMap<CustomerId, Result<Stored>>> {
        let keys = ids.iter().map(|id| (format!("C#{id}"), SORT.to_owned())).collect();
        let mut found: BTreeMap<CustomerId, Result<Stored>> = BTreeMap::new();
        for item in self.get_all(keys, reading).await? {
            let id = customer_of(read_text(&item, "pk")?)?;
            found.insert(id, Stored::read(&item));
        }
        for id in ids {
            found.entry(id.clone()).or_insert_with(|| Ok(Stored::absent(id.clone())));
        }
        Ok(found)
    }

    /// Writes a customer if its revision is still the one that was read. A write whose answer was lost and that the
    /// client made again is known by its attempt.
    pub async fn commit(
        &self,
        before: &Stored,
        after: &Customer,
        due_at: Option<Timestamp>,
    ) -> Result<Committed> {
        let attempt = new_attempt();
        let revision = before.revision + 1;
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(after, revision, &attempt)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(due_at) = due_at {
            request = request
                .item("due_shard", text(shard(after.id.as_str(), self.due_shards).to_string()))
                .item("due_at", number(due_at.seconds()));
        }
        request = if before.revision == 0 {
            request.condition_expression("attribute_not_exists(pk)")
        } else {
            request
                .condition_expression("rev = :rev")
                .expression_attribute_values(":rev", number(before.revision))
        };
        match request.call().await {
            Ok(_) => Ok(Committed::Written(revision)),
            Err(error) => {
                let refused = refused(error)?;
                if refused.is_empty() {
                    // Whoever was there when it was read is erased.
                    return Ok(Committed::Conflict(Box::new(Stored::absent(after.id.clone()))));
                }
                let current = Stored::read(&refused)?;
                if current.attempt == attempt {
                    Ok(Committed::Written(revision))
                } else {
                    Ok(Committed::Conflict(Box::new(current)))
                }
            }
        }
    }

    /// Reads one customer.
    pub async fn customer(&self, id: &CustomerId) -> Result<Option<Stored>> {
        let item = self.get(&format!("C#{id}"), SORT, Reading::Consistent).await?;
        item.as_ref().map(Stored::read).transpose()
    }
}

/// The item that stands in the way of a conditional put; any other error is returned.
pub(crate) fn refused(error: SdkError<PutItemError>) -> Result<Item> {
    let error = error.into_service_error();
    if let PutItemError::ConditionalCheckFailedException(refused) = error {
        return Ok(refused.item.unwrap_or_default());
    }
    Err(error).context("writing an item")
}

#[cfg(test)]
mod tests {
    use domain::names::JourneyName;

    use super::*;

    #[test]
    fn keys_in_the_due_index_move_only_when_that_is_cheaper() {
        let at = |days: i64| Some(Timestamp::from_seconds(days * DAY));
        let now = Timestamp::from_seconds(10 * DAY);
        let journey = JourneyName::parse("win-back").unwrap();
        let due = |at: Timestamp, why: fn(JourneyName) -> DueReason| Due { at, why: why(journey.clone()) };
        let step = |days: i64| due(Timestamp::from_seconds(days * DAY), DueReason::Step);
        let watch = due(now.plus(900), DueReason::Watch);
        let soon = Some(now.plus(60));
        assert_eq!(due_key(None, Some(&step(12)), now), at(12), "the first key");
        assert_eq!(due_key(at(190), Some(&step(195)), now), at(190), "far ahead: it stays");
        assert_eq!(due_key(at(190), None, now), at(190), "far ahead: it stays");
        assert_eq!(due_key(at(190), Some(&step(12)), now), at(12), "earlier: it must move");
        assert_eq!(due_key(soon, Some(&step(12)), now), at(12), "close: a look would come to nothing");
        assert_eq!(
            due_key(at(10), Some(&watch), now),
            at(10),
            "come, and the sweep asks after the message in time"
        );
        assert_eq!(due_key(None, Some(&watch), now), Some(now.plus(900)), "no key the sweep could find");
        assert_eq!(
            due_key(at(10), Some(&due(now.plus(300), DueReason::Step)), now),
            Some(now.plus(300)),
            "a short wait"
        );
        assert_eq!(due_key(at(10), None, now), None, "nothing will come");
    }

    #[test]
    fn an_id_may_look_like_a_key() {
        assert_eq!(customer_of("C#C#1").unwrap().as_str(), "C#1");
    }
}
