//! `DynamoDB` in this process: the JSON protocol over `dynoxide`, metered, durable by group commit.

mod commit;
#[cfg(test)]
mod tests;
mod turns;
mod units;

use std::path::Path;

use anyhow::Context as _;
use dynoxide::actions::batch_get_item::BatchGetItemRequest;
use dynoxide::actions::batch_write_item::BatchWriteItemRequest;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::actions::transact_get_items::TransactGetItemsRequest;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use dynoxide::types::item_size;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::commit::GroupCommit;
use self::turns::Turns;
pub(crate) use self::units::Units;
use self::units::{Listed as _, Side, Watched};
use crate::faults::canonical;
use crate::region::{Answer, Durability};

/// The mode in which `DynamoDB` reports the units of a table and of its indexes.
const INDEXES: &str = "INDEXES";
/// The mode in which a failed condition shows the item it failed on.
const ALL_OLD: &str = "ALL_OLD";

/// The tables of a region.
pub struct DynamoDb {
    database: Turns<Database>,
    commit: Option<GroupCommit>,
}

/// A refusal as it goes over the wire, and what it consumed.
struct Failure {
    status: u16,
    body: String,
    units: Units,
}

type Outcome = Result<(Vec<u8>, Units), Failure>;

/// Runs an operation that reports its capacity, and leaves the report out where the caller did not ask for it.
macro_rules! metered {
    ($self:expr, $method:ident, $side:expr, $request:expr) => {{
        let mut request = $request;
        let asked = request.return_consumed_capacity.replace(INDEXES.to_owned());
        let response = $self.database.lock().$method(request);
        response.and_then(|mut response| {
            let units = response.consumed_capacity.listed($side);
            if asked.is_none() {
                response.consumed_capacity = None;
            }
            Ok((json(&response)?, units))
        })
    }};
}

/// The same for a write with a condition: it sees the item the condition failed on, for its size is what is billed.
macro_rules! conditional {
    ($self:expr, $method:ident, $request:expr, $size:expr) => {{
        let mut request = $request;
        let size = $size(&request);
        let watched = Watched::new(&mut request.return_values_on_condition_check_failure, size);
        metered!($self, $method, Side::Write, request).map_err(|error| watched.failure(error))
    }};
}

impl DynamoDb {
    /// Opens or creates the tables in the file at `path`.
    pub fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let text = path.to_str().context("the data directory's path is not UTF-8")?;
        let database = Database::new(text).with_context(|| format!("opening {text}"))?;
        let commit = match durability {
            Durability::Durable => {
                // The way to `PRAGMA synchronous=NORMAL`: it syncs where the log begins anew, and the rest is group
                // commit's business.
                database.disable_bulk_loading().context("setting synchronous=NORMAL")?;
                Some(GroupCommit::start(path)?)
            }
            // `synchronous=OFF`, as SQLite is built here (`.cargo/config.toml`).
            Durability::Fast => None,
        };
        Ok(Self { database: Turns::new(database), commit })
    }

    /// The embedded database, for what has no operation: sizes, snapshots.
    pub fn database(&self) -> &Database {
        self.database.get()
    }

    /// Removes the items that have expired by the system's clock, and answers how many those were. It goes through every
    /// table that has an expiry and blocks its thread meanwhile; others have their turns in between.
    ///
    /// # Errors
    /// When the file cannot be read or written; what was removed before stays removed.
    pub fn sweep(&self) -> anyhow::Result<usize> {
        Ok(self.database().sweep_ttl()?)
    }

    /// Writes made, and syncs to disk that they shared. None when not durable.
    pub fn commits(&self) -> Option<(u64, u64)> {
        self.commit.as_ref().map(GroupCommit::counts)
    }

    /// Answers one request. What it did, and all that its answer rests on, is on disk by then.
    pub(crate) async fn call(&self, operation: &str, body: &[u8]) -> (Answer, Units) {
        let Some(commit) = &self.commit else { return answer(self.run(operation, body)) };
        let write = is_write(operation);
        if write {
            commit.begin();
        }
        let outcome = self.run(operation, body);
        let synced = commit.settle(write, outcome.is_ok()).await;
        answer(synced.map_err(|error| DynoxideError::InternalServerError(error).into()).and(outcome))
    }

    /// What identifies a request from run to run: its table and keys, or all that it asks for.
    pub(crate) fn key(&self, operation: &str, body: &[u8]) -> String {
        let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return String::new() };
        let table = request["TableName"].as_str().unwrap_or_default().to_owned();
        let key = match operation {
            "PutItem" => {
                let mut item = request["Item"].take();
                let names = self.key_names(&table);
                if let Some(item) = item.as_object_mut() {
                    item.retain(|name, _| names.contains(name));
                }
                item
            }
            "GetItem" | "UpdateItem" | "DeleteItem" => request["Key"].take(),
            _ => {
                if let Some(request) = request.as_object_mut() {
                    // Drawn at random by the SDK.
                    request.remove("ClientRequestToken");
                }
                request
            }
        };
        format!("{table}/{}", canonical(&key))
    }

    fn key_names(&self, table: &str) -> Vec<String> {
        let schema = self.database().get_table_metadata(table).ok().flatten().map(|meta| meta.key_schema);
        let schema: Value = schema.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let names = schema.as_array().into_iter().flatten();
        names.filter_map(|key| key["AttributeName"].as_str().map(str::to_owned)).collect()
    }

    fn run(&self, operation: &str, body: &[u8]) -> Outcome {
        let db = self.database();
        let free = |response: Result<Vec<u8>, _>| Ok((response?, Units::default()));
        let outcome = match operation {
            "GetItem" => metered!(self, get_item, Side::Read, read::<GetItemRequest>(body)?),
            "Query" => metered!(self, query, Side::Read, read::<QueryRequest>(body)?),
            "Scan" => metered!(self, scan, Side::Read, in_one_part(read::<ScanRequest>(body)?)),
            "BatchGetItem" => metered!(self, batch_get_item, Side::Read, read::<BatchGetItemRequest>(body)?),
            "TransactGetItems" => {
                metered!(self, transact_get_items, Side::Read, read::<TransactGetItemsRequest>(body)?)
            }
            "BatchWriteItem" => {
                metered!(self, batch_write_item, Side::Write, read::<BatchWriteItemRequest>(body)?)
            }
            "PutItem" => {
                let put = |request: &PutItemRequest| item_size(&request.item);
                return conditional!(self, put_item, read::<PutItemRequest>(body)?, put);
            }
            "UpdateItem" => {
                let known = |_: &UpdateItemRequest| 0;
                return conditional!(self, update_item, read::<UpdateItemRequest>(body)?, known);
            }
            "DeleteItem" => {
                let known = |_: &DeleteItemRequest| 0;
                return conditional!(self, delete_item, read::<DeleteItemRequest>(body)?, known);
            }
            "TransactWriteItems" => return self.transact(read(body)?),
            "CreateTable" => free(db.create_table(read(body)?).and_then(|r| json(&r))),
            "DescribeTable" => free(db.describe_table(read(body)?).and_then(|r| json(&r))),
            "UpdateTimeToLive" => free(db.update_time_to_live(read(body)?).and_then(|r| json(&r))),
            "DescribeTimeToLive" => free(db.describe_time_to_live(read(body)?).and_then(|r| json(&r))),
            _ => return Err(Failure::unknown_operation()),
        };
        outcome.map_err(Failure::from)
    }

    fn transact(&self, mut request: TransactWriteItemsRequest) -> Outcome {
        let watched = units::watch_all(&mut request.transact_items);
        metered!(self, transact_write_items, Side::Write, request)
            .map_err(|error| units::transaction_failure(&watched, error))
    }
}

impl Failure {
    fn unknown_operation() -> Self {
        let body = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.to_owned();
        Self { status: 400, body, units: Units::default() }
    }
}

impl From<DynoxideError> for Failure {
    fn from(error: DynoxideError) -> Self {
        Self { status: error.status_code(), body: error.to_json(), units: Units::default() }
    }
}

fn answer(outcome: Outcome) -> (Answer, Units) {
    match outcome {
        Ok((body, units)) => (Answer { status: 200, body, code: None }, units),
        Err(Failure { status, body, units }) => {
            (Answer { status, body: body.into_bytes(), code: None }, units)
        }
    }
}

/// Has the first part of a scan in parts hold all items, and the others none. `dynoxide` has no index in the order of
/// its parts: it reads and sorts the whole table for each of their pages. A scan in one part goes by the primary key.
fn in_one_part(mut request: ScanRequest) -> ScanRequest {
    /// One of so many parts that most hold nothing: there are fewer hashes.
    const EMPTY: (u32, u32) = (1, 1_000_000);
    if let (Some(part), Some(parts @ 1..=1_000_000)) = (request.segment, request.total_segments)
        && part < parts
    {
        (request.segment, request.total_segments) =
            if part == 0 { (None, None) } else { (Some(EMPTY.0), Some(EMPTY.1)) };
    }
    request
}

fn is_write(operation: &str) -> bool {
    !matches!(
        operation,
        "GetItem"
            | "Query"
            | "Scan"
            | "BatchGetItem"
            | "TransactGetItems"
            | "DescribeTable"
            | "DescribeTimeToLive"
    )
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        // dynoxide's own checks, which mark the errors that are about values and not about form.
        match text.strip_prefix("VALIDATION:").or_else(|| text.strip_prefix("VALIDATION_REQUEST:")) {
            Some(text) => DynoxideError::ValidationException(text.to_owned()),
            None => DynoxideError::SerializationException(text),
        }
    })
}

fn json<T: Serialize>(response: &T) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
