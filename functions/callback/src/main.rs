//! Wires `callback` on Lambda: posts over HTTP, events of AWS, and what was put off, from its queue.

#![recursion_limit = "256"]

use std::sync::Arc;

use callback::{Callback, Invocations};
use cloud::clients::{connect_table, lambda_config};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::telemetry;
use lambda_http::{Error, lambda_runtime, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let config = lambda_config(&vars)?;
    let function = Callback::new(&config, &vars, Clock::system())?;
    let function = Invocations::of(Arc::new(function));
    connect_table(&config, &vars).await?;
    lambda_runtime::run(service_fn(move |invocation| function.clone().handle(invocation))).await
}
