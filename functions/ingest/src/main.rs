//! Wires `ingest` on Lambda.

use cloud::clients::lambda_config;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::{self, Error};
use cloud::telemetry;
use ingest::Ingest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let function = Ingest::new(&lambda_config(&vars)?, &vars, Clock::system())?;
    lambda::run_http(function.router()).await
}
