//! What runs a function: Lambda's runtime, or the one-machine runtime with the same events.
//!
//! A function is handed over as a boxed call, so that its body is compiled once, with its crate: what an `async fn` does is
//! otherwise compiled anew in every program that waits for it.

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use futures_util::future::{BoxFuture, LocalBoxFuture};
pub use lambda_http::Error;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use serde_json::Value;

/// Handles batches from a queue, and says which of their messages are to come again.
pub type Batches = Arc<dyn Fn(SqsEvent) -> BoxFuture<'static, SqsBatchResponse> + Send + Sync>;

/// Handles events of the bus or of the clock. An error means that the event is to come again.
pub type Events = Arc<dyn Fn(Value) -> BoxFuture<'static, anyhow::Result<Value>> + Send + Sync>;

/// A function that takes batches.
pub fn batches<T, F>(function: T, handle: impl Fn(Arc<T>, SqsEvent) -> F + Send + Sync + 'static) -> Batches
where
    T: Send + Sync + 'static,
    F: Future<Output = SqsBatchResponse> + Send + 'static,
{
    let function = Arc::new(function);
    Arc::new(move |event| Box::pin(handle(Arc::clone(&function), event)))
}

/// A function that takes events.
pub fn events<T, F>(function: T, handle: impl Fn(Arc<T>, Value) -> F + Send + Sync + 'static) -> Events
where
    T: Send + Sync + 'static,
    F: Future<Output = anyhow::Result<Value>> + Send + 'static,
{
    let function = Arc::new(function);
    Arc::new(move |event| Box::pin(handle(Arc::clone(&function), event)))
}

/// Runs a function that takes batches, on Lambda.
pub fn run_batches(function: Batches) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let done = function(event.payload);
        async { Ok::<_, Error>(done.await) }
    })))
}

/// Runs a function that takes events, on Lambda.
pub fn run_events(function: Events) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let done = function(event.payload);
        // What Lambda is told of an error is its first line alone.
        async { Ok::<_, Error>(done.await.map_err(|error| format!("{error:#}"))?) }
    })))
}

/// Runs a function that answers HTTP, on Lambda.
pub fn run_http(router: Router) -> LocalBoxFuture<'static, Result<(), Error>> {
    Box::pin(lambda_http::run(router))
}
