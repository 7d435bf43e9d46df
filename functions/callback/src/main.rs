//! Wires `callback` on Lambda.

use callback::{Callback, Invocations};
use cloud::clients::lambda_config;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::telemetry;
use lambda_http::{lambda_runtime, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let function = Invocations::of(Callback::new(&lambda_config(&vars)?, &vars, Clock::system())?);
    lambda_runtime::run(service_fn(move |invocation| function.clone().handle(invocation))).await
}
