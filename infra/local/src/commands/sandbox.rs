//! `tsunagi sandbox`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use providers::receipts::Secret;
use sandbox::{Options, PeopleSettings, Sandbox};

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
}

impl SandboxArgs {
    pub(super) async fn run(self) -> Result<()> {
        let secrets = place::secrets(&self.data.data)?;
        let secret = Secret::parse(&secrets.callback_secret)?;
        let mut options = Options::new(&self.callback, secret, &secrets.provider_key, &secrets.provider_key);
        options.listen = self.listen;
        options.people = if self.people { PeopleSettings::default() } else { PeopleSettings::quiet() };
        let sandbox = Arc::new(Sandbox::start(options).await?);
        say(&format!("sandbox   {}", sandbox.url()));
        tokio::spawn(Arc::clone(&sandbox).run_people());
        tokio::signal::ctrl_c().await?;
        Ok(())
    }
}
