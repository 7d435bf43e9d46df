//! `tsunagi sandbox`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use providers::receipts::Secret;
use sandbox::{Faults, Options, PeopleSettings, Sandbox};

use super::Data;
use super::place;
use super::text::say;

/// Only the provider.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    #[command(flatten)]
    data: Data,
    /// Where it listens: an address of loopback.
    #[arg(long, default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// The HTTP API that receipts go to.
    #[arg(long, default_value = "http://127.0.0.1:8787", value_name = "URL")]
    callback: String,
    /// Let its people click and reply; without it they only receive.
    #[arg(long)]
    people: bool,
    /// What goes wrong, as JSON: `'{"latency_ms":500,"unavailable":0.1}'`.
    ///
    /// `latency_ms`: how long every answer takes. The others are shares of messages, from 0 to 1. Of the answer, together
    /// at most 1: `unavailable` (503) and `throttled` (429), one to three times before the message is accepted; `refused`
    /// (400) for good; `unanswered`, accepted but the request times out; `cut_off`, accepted but the answer breaks off. Of the
    /// receipts: `receipts_twice`, `receipts_never`, and `"receipts_shuffled":true` for up to ten minutes late and in another
    /// order. While it runs, `curl -X PUT -H 'content-type: application/json' -d JSON URL/faults` changes all of it.
    #[arg(long, value_name = "JSON", value_parser = faults)]
    faults: Option<Faults>,
}

/// Reads what is to go wrong; the error names what does not fit.
pub(super) fn faults(text: &str) -> Result<Faults, String> {
    let faults: Faults = serde_json::from_str(text).map_err(|error| error.to_string())?;
    faults.check().map_err(|error| error.to_string())?;
    Ok(faults)
}

impl SandboxArgs {
    pub(super) async fn run(self) -> Result<()> {
        let secrets = place::secrets(&self.data.data)?;
        let secret = Secret::parse(&secrets.callback_secret)?;
        let mut options = Options::new(&self.callback, secret, &secrets.provider_key, &secrets.provider_key);
        options.listen = self.listen;
        options.kept_in = Some(place::sandbox_file(&self.data.data));
        options.faults = self.faults.unwrap_or_default();
        options.people = if self.people { PeopleSettings::default() } else { PeopleSettings::quiet() };
        let sandbox = Arc::new(Sandbox::start(options).await?);
        say(&format!("sandbox   {}", sandbox.url()));
        tokio::spawn(Arc::clone(&sandbox).run_people());
        tokio::signal::ctrl_c().await?;
        Ok(())
    }
}
