//! Faults put between a function and the services it calls, so that tests can break every boundary.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

/// Decides what goes wrong, call by call.
pub trait Faults: Send + Sync {
    /// The fault for `call`. The same call of the same run must get the same answer.
    fn on(&self, call: &Call) -> Fault;

    /// Hears that a batch is about to be handed to `function`, and how often one of its messages was delivered at most,
    /// this delivery included.
    fn batch(&self, _function: &str, _deliveries: u32) {}
}

/// The service that is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// `DynamoDB_20120810.*`
    DynamoDb,
    /// `AmazonSQS.*`
    Sqs,
    /// `AWSEvents.*`
    EventBridge,
}

/// A call, by what identifies it from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// The function that calls.
    pub function: String,
    /// The service called.
    pub service: Service,
    /// The operation, as AWS names it.
    pub operation: String,
    /// Table and key, or queue and digest of what is asked of it.
    pub key: String,
    /// How many calls of this very kind came before, retries by the SDK included.
    pub nth: u32,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The function's process dies before the request leaves.
    KillBefore,
    /// The function's process dies after the operation happened and before it learns so.
    KillAfter,
    /// The service refuses for its load; the SDK tries again.
    Throttle,
    /// The request is lost: nothing happens, and the SDK sees a time-out.
    LoseRequest,
    /// The operation happens, and the SDK sees a time-out.
    LoseResponse,
    /// The operation happens after so many milliseconds.
    Delay(u64),
    /// An eventually consistent read by key lags behind: of what was written by `PutItem`, it misses so many of the latest
    /// writes of each item. Nothing, with another operation or a consistent read.
    Stale(usize),
}

/// Ends the process of one function: after it fires, none of the function's calls completes until it is reset.
#[derive(Debug, Default)]
pub struct KillSwitch {
    /// Odd while the function is dead; changes at each death and each start.
    life: AtomicU64,
    fired: Notify,
}

impl KillSwitch {
    /// Whether the function is dead.
    pub fn is_killed(&self) -> bool {
        !self.life().is_multiple_of(2)
    }

    /// Completes when the function is dead. The runtime then drops the invocation.
    pub async fn killed(&self) {
        loop {
            let fired = self.fired.notified();
            tokio::pin!(fired);
            fired.as_mut().enable();
            if self.is_killed() {
                return;
            }
            fired.await;
        }
    }

    /// Kills the function.
    pub fn fire(&self) {
        let died = |life: u64| life.is_multiple_of(2).then(|| life + 1);
        if self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, died).is_ok() {
            self.fired.notify_waiters();
        }
    }

    /// Starts the function anew. Calls of its earlier life stay unanswered.
    pub fn reset(&self) {
        let starts = |life: u64| (!life.is_multiple_of(2)).then(|| life + 1);
        self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, starts).ok();
    }

    pub(crate) fn life(&self) -> u64 {
        self.life.load(Ordering::Acquire)
    }

    /// Never completes if the life that `since` was read in has ended.
    pub(crate) async fn outlive(&self, since: u64) {
        if !since.is_multiple_of(2) || self.life() != since {
            pending::<()>().await;
        }
    }
}

/// The faults of a region, with the count of calls that makes `nth`.
pub(crate) struct Injector {
    faults: Arc<dyn Faults>,
    seen: Mutex<HashMap<Call, u32>>,
}

impl Injector {
    pub(crate) fn new(faults: Arc<dyn Faults>) -> Self {
        Self { faults, seen: Mutex::default() }
    }

    pub(crate) fn batch(&self, function: &str, deliveries: u32) {
        self.faults.batch(function, deliveries);
    }

    pub(crate) fn on(&self, function: &str, service: Service, operation: &str, key: String) -> Fault {
        let (function, operation) = (function.to_owned(), operation.to_owned());
        let mut call = Call { function, service, operation, key, nth: 0 };
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let next = seen.entry(call.clone()).or_default();
            call.nth = *next;
            *next += 1;
        }
        self.faults.on(&call)
    }
}

impl fmt::Debug for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Injector")
    }
}

/// `value` with its keys in order: the SDK writes attribute maps in the order of a hash table.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries = entries.into_iter().map(|(key, value)| format!("{key}:{}", canonical(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_switch_fires_once_and_starts_anew() {
        let switch = KillSwitch::default();
        let life = switch.life();
        switch.fire();
        switch.fire();
        switch.killed().await;
        assert!(switch.is_killed());
        switch.reset();
        assert!(!switch.is_killed());
        let earlier = switch.outlive(life);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(5), earlier).await.is_err());
        switch.outlive(switch.life()).await;
    }

    #[test]
    fn canonical_text_does_not_depend_on_order() {
        let one: Value = serde_json::from_str(r#"{"b":[1,{"y":2,"x":null}],"a":"t"}"#).unwrap();
        assert_eq!(canonical(&one), r#"{a:"t",b:[1,{x:null,y:2}]}"#);
    }
}
