//! `tsunagi up`.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use cloud::clock::Clock;
use sandbox::{Faults, PeopleSettings};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::Data;
use super::place::{self, Holder};
use super::sandbox::faults;
use super::text::say;
use crate::region::Durability;
use crate::stack::{Particulars, Provider, SandboxSetup, Setup, Stack};

/// Where the data is unless something else is said, as [`Data`] has it.
const DEFAULT_DATA: &str = ".tsunagi";

/// Serves the HTTP API and runs the functions.
#[derive(Debug, Args)]
pub struct Up {
    #[command(flatten)]
    data: Data,
    /// Where the HTTP API listens: an address of loopback.
    #[arg(long, default_value = "127.0.0.1:8787", env = "TSUNAGI_LISTEN")]
    listen: SocketAddr,
    /// When a write counts as done: on disk (safe against a power cut), or with the system (safe against kill -9).
    #[arg(long, value_enum, default_value_t = Lasting::Durable)]
    durability: Lasting,
    /// The shop's name in messages.
    #[arg(long, default_value = "つなぎ書店", env = "TSUNAGI_SENDER")]
    sender: String,
    /// The shop's postal address, on the page behind every advertisement.
    #[arg(long, default_value = "", env = "TSUNAGI_SENDER_ADDRESS")]
    sender_address: String,
    /// Where complaints and questions go, on the same page: a phone number or an e-mail address.
    #[arg(long, default_value = "", env = "TSUNAGI_SENDER_CONTACT")]
    sender_contact: String,
    /// A sandbox in another process (`tsunagi sandbox`) instead of the one in this process.
    #[arg(long, value_name = "URL")]
    provider: Option<String>,
    /// Where the sandbox listens, its inbox with it: an address of loopback. Port 0 finds a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR", conflicts_with = "provider")]
    sandbox_listen: SocketAddr,
    /// What goes wrong at the sandbox, as JSON: `'{"latency_ms":500,"unavailable":0.1}'`. `tsunagi sandbox --help` tells
    /// all there is; `curl -X PUT` of the same to the sandbox's /faults changes it.
    #[arg(long, value_name = "JSON", value_parser = faults, conflicts_with = "provider")]
    sandbox_faults: Option<Faults>,
    /// Let the sandbox's people click, reply and buy; without it they only receive.
    #[arg(long)]
    people: bool,
}

/// [`Durability`] as an option.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Lasting {
    /// On disk.
    Durable,
    /// With the system.
    Fast,
}

impl Lasting {
    /// What is written for it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Fast => "fast",
        }
    }
}

impl From<Lasting> for Durability {
    fn from(lasting: Lasting) -> Self {
        match lasting {
            Lasting::Durable => Self::Durable,
            Lasting::Fast => Self::Fast,
        }
    }
}

impl Up {
    pub(super) async fn run(self) -> Result<()> {
        if !self.listen.ip().is_loopback() {
            bail!(
                "--listen {} is not on loopback; this is for one machine, put a proxy before it to open it",
                self.listen
            );
        }
        let data = self.data.data.clone();
        let Holder::We(_held) = place::hold(&data)? else {
            bail!("{} is up already; stop it first, or choose another directory with --data", data.display());
        };
        let secrets = place::secrets(&data)?;
        let write_key = secrets.write_key.clone();
        let people = if self.people { PeopleSettings::default() } else { PeopleSettings::quiet() };
        let provider = match self.provider {
            Some(url) => Provider::Elsewhere(url),
            None => Provider::Sandbox(Box::new(SandboxSetup {
                listen: self.sandbox_listen,
                kept_in: Some(place::sandbox_file(&data)),
                seed: 1,
                people,
                faults: self.sandbox_faults.unwrap_or_default(),
                concurrency: 16,
                keep_texts: true,
                on_request: None,
            })),
        };
        let stack = Stack::start(Setup {
            data: data.clone(),
            durability: self.durability.into(),
            clock: Clock::system(),
            listen: self.listen,
            link_base: None,
            sender: self.sender,
            particulars: Particulars { address: self.sender_address, contact: self.sender_contact },
            secrets,
            provider,
            faults: None,
        })
        .await?;
        place::announce(&data, &stack.base_url)?;
        stack.runtime.run()?;
        say(&format!("API       {}", stack.base_url));
        if let Some(sandbox) = stack.sandbox.clone() {
            say(&format!("sandbox   {}", sandbox.url()));
            tokio::spawn(sandbox.run_people());
        }
        say(&format!("write key {write_key}"));
        say(&trial(&stack.base_url, &write_key, &data));
        say("Ctrl-C stops it; nothing that was acknowledged is lost.");
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
        Ok(())
    }
}

/// Lines to type: a customer who may be written to, an order, a one-time code, and what became of the customer.
fn trial(url: &str, write_key: &str, data: &Path) -> String {
    let post = |call: &str, body: Value| {
        format!("curl -u {write_key}: -H 'content-type: application/json' {url}/v1/{call} -d '{body}'")
    };
    let consents = json!({ "sms": { "marketing": true } });
    let traits = json!({ "name": "花", "phone": "090-1234-5678", "consents": consents });
    let customer = post("identify", json!({ "userId": "1", "traits": traits }));
    let properties = json!({ "order_id": "A-1", "total": 1980 });
    let event = json!({ "userId": "1", "event": "Order Completed", "properties": properties });
    let order = post("track", event);
    let code = post("verifications", json!({ "to": "090-1234-5678", "shape": "code_with_help" }));
    let place = if data == Path::new(DEFAULT_DATA) {
        String::new()
    } else {
        // Quoted for a shell.
        format!(" --data '{}'", data.display().to_string().replace('\'', "'\\''"))
    };
    format!("try it    {customer}\n          {order}\n          {code}\n          tsunagi explain 1{place}")
}
