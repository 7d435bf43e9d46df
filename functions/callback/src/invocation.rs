//! What Lambda invokes the function with: an HTTP request, or an event of `EventBridge`.
//!
//! Both come to one function, told apart by their shape: what they tell is the same, and so is what is done about it. A
//! second function of the same code would be a second one to start cold, to allow and to watch, for a few lines here.

use axum::Router;
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, Service};
use serde_json::Value;

use crate::Callback;

/// What an event of `EventBridge` has, and no HTTP request.
const EVENT: &str = "detail-type";

/// The function as Lambda invokes it.
#[derive(Clone, Debug)]
pub struct Invocations {
    callback: Callback,
    router: Router,
}

impl Invocations {
    /// Of a function.
    pub fn of(callback: Callback) -> Self {
        Self { router: callback.clone().router(), callback }
    }

    /// Handles one invocation; an event is answered with null.
    pub async fn handle(self, invocation: LambdaEvent<Value>) -> Result<Value, Error> {
        let LambdaEvent { payload, context } = invocation;
        if payload.get(EVENT).is_some() {
            self.callback.event(&payload).await.map_err(|error| format!("{error:#}"))?;
            return Ok(Value::Null);
        }
        let request: LambdaRequest = serde_json::from_value(payload)?;
        let response = Adapter::from(self.router).call(LambdaEvent::new(request, context)).await?;
        Ok(serde_json::to_value(response)?)
    }
}
