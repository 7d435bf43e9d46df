//! Wires `erase` on Lambda.

use cloud::clients::lambda_config;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::{self, Error};
use cloud::telemetry;
use erase::Erase;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let function = Erase::new(&lambda_config(&vars)?, &vars, Clock::system())?;
    lambda::run_batches(function.batches()).await
}
