//! Wires `send-line` on Lambda.

use cloud::clients::{connect_table, lambda_config};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::{self, Error};
use cloud::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let config = lambda_config(&vars)?;
    let function = send_line::wire(&config, &vars, Clock::system())?;
    connect_table(&config, &vars).await?;
    lambda::run_batches(function).await
}
