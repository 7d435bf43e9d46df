//! Wires `ingest` on Lambda.

use cloud::clients::{connect_queue, lambda_config};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::{self, Error};
use cloud::telemetry;
use ingest::Ingest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let config = lambda_config(&vars)?;
    let function = Ingest::new(&config, &vars, Clock::system())?;
    connect_queue(&config, &vars, "INBOX_QUEUE_URL").await?;
    lambda::run_http(function.router()).await
}
