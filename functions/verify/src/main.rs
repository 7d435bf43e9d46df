//! Wires `verify` on Lambda.

use cloud::clients::{connect_table, lambda_config};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::{self, Error};
use cloud::telemetry;
use verify::Verify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let config = lambda_config(&vars)?;
    let function = Verify::new(&config, &vars, Clock::system())?;
    connect_table(&config, &vars).await?;
    lambda::run_http(function.router()).await
}
