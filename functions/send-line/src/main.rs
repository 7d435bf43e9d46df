//! Wires `send-line` on Lambda.

use std::sync::Arc;

use cloud::clients::{connect_table, lambda_config};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::telemetry;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::environment();
    telemetry::start(&vars);
    let config = lambda_config(&vars)?;
    let function = Arc::new(send_line::wire(&config, &vars, Clock::system())?);
    connect_table(&config, &vars).await?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<_>| {
        let function = Arc::clone(&function);
        async move { Ok::<_, Error>(function.handle(event.payload).await) }
    }))
    .await
}
