//! Wires `erase` on Lambda.

#![recursion_limit = "256"]

use std::sync::Arc;

use cloud::clients::lambda_config;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::telemetry;
use erase::Erase;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let function = Arc::new(Erase::new(&lambda_config(&vars)?, &vars, Clock::system())?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<_>| {
        let function = Arc::clone(&function);
        async move { Ok::<_, Error>(function.handle(event.payload).await) }
    }))
    .await
}
