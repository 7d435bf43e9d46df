//! Wires `ingest` on Lambda.

use cloud::clients::{connect_queue, lambda_config};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::telemetry;
use ingest::Ingest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let config = lambda_config(&vars)?;
    let function = Ingest::new(&config, &vars, Clock::system())?;
    connect_queue(&config, &vars, "INBOX_QUEUE_URL").await?;
    lambda_http::run(function.router()).await
}
