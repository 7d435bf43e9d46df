//! What Lambda invokes the function with: an HTTP request, an event of `EventBridge`, or what was put off, from its queue.
//!
//! All come to one function, told apart by their shape: what they tell is the same, and so is what is done about it. A
//! function for each, of the same code, would be two more to start cold, to allow and to watch, for a few lines here.

use std::sync::Arc;

use cloud::lambda::{self, Events};
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, Service};
use serde_json::Value;

use crate::Callback;

/// What an event of `EventBridge` has, and nothing else.
const EVENT: &str = "detail-type";

/// What a batch of a queue has, and nothing else.
const BATCH: &str = "Records";

impl Callback {
    /// Takes invocations of all kinds; an event is answered with null.
    pub fn invocations(self: Arc<Self>) -> Events {
        let router = self.router();
        lambda::events((self, router), |function, invocation| async move {
            let (callback, router) = &*function;
            if invocation.get(EVENT).is_some() {
                callback.event(&invocation).await?;
                return Ok(Value::Null);
            }
            if invocation.get(BATCH).is_some() {
                let done = Arc::clone(callback).handle(serde_json::from_value(invocation)?).await;
                return Ok(serde_json::to_value(done)?);
            }
            let request: LambdaRequest = serde_json::from_value(invocation)?;
            let request = LambdaEvent::new(request, Context::default());
            let answer = Adapter::from(router.clone()).call(request);
            Ok(serde_json::to_value(answer.await?)?)
        })
    }
}
