//! Wires `callback` on Lambda: posts come over HTTP, and what was put off from its queue.

#![recursion_limit = "256"]

use std::sync::Arc;

use callback::Callback;
use cloud::clients::lambda_config;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::telemetry;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent, Service, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let function = Arc::new(Callback::new(&lambda_config(&vars)?, &vars, Clock::system())?);
    let http = Adapter::from(function.router());
    let invoked = service_fn(move |event: LambdaEvent<Value>| {
        let (function, mut http) = (Arc::clone(&function), http.clone());
        async move {
            let (payload, context) = event.into_parts();
            if payload.pointer("/Records/0/eventSource").is_some_and(|source| source == "aws:sqs") {
                let done = function.handle(serde_json::from_value(payload)?).await;
                return Ok::<_, Error>(serde_json::to_value(done)?);
            }
            let request: LambdaRequest = serde_json::from_value(payload)?;
            Ok(serde_json::to_value(http.call(LambdaEvent::new(request, context)).await?)?)
        }
    });
    lambda_http::lambda_runtime::run(invoked).await
}
