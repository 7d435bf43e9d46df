//! What items were before they were last put: what a reader sees that lags behind.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// Every image that `PutItem` wrote, oldest first, by table and key.
#[derive(Debug, Default)]
pub(super) struct Images(Mutex<HashMap<String, Vec<Value>>>);

impl Images {
    /// Keeps the item of a `PutItem` that went through.
    pub(super) fn put(&self, key: String, request: &[u8]) {
        let Ok(mut request) = serde_json::from_slice::<Value>(request) else { return };
        self.lock().entry(key).or_default().push(request["Item"].take());
    }

    /// The answer to a read by key as it was `missed` writes of each item ago. `key` tells the key of what a `PutItem`
    /// would put. None when the read is no such read, or consistent.
    pub(super) fn age(
        &self,
        operation: &str,
        request: &[u8],
        answer: &[u8],
        missed: usize,
        key: impl Fn(&Value) -> String,
    ) -> Option<Vec<u8>> {
        let request: Value = serde_json::from_slice(request).ok()?;
        let mut answer: Value = serde_json::from_slice(answer).ok()?;
        let images = self.lock();
        let earlier = |table: &str, item: Value| {
            let key = key(&json!({ "TableName": table, "Item": &item }));
            let Some(written) = images.get(&key) else { return Some(item) };
            written.len().checked_sub(missed + 1).map(|place| written[place].clone())
        };
        match operation {
            "GetItem" if request["ConsistentRead"] != true => {
                let item = answer.as_object_mut()?.remove("Item")?;
                if let Some(item) = earlier(request["TableName"].as_str()?, item) {
                    answer["Item"] = item;
                }
            }
            "BatchGetItem" => {
                for (table, items) in answer["Responses"].as_object_mut()? {
                    if request["RequestItems"][table]["ConsistentRead"] != true {
                        let Value::Array(read) = items.take() else { return None };
                        *items = read.into_iter().filter_map(|item| earlier(table, item)).collect();
                    }
                }
            }
            _ => return None,
        }
        serde_json::to_vec(&answer).ok()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
