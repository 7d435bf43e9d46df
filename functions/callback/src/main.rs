//! Wires `callback` on Lambda: posts over HTTP, events of AWS, and what was put off, from its queue.

use std::sync::Arc;

use callback::Callback;
use cloud::clients::lambda_config;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::{self, Error};
use cloud::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let function = Arc::new(Callback::new(&lambda_config(&vars)?, &vars, Clock::system())?);
    lambda::run_events(function.invocations()).await
}
