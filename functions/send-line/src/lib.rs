//! `send-line`: takes tasks from its queue and lets each message reach LINE once at most.

use anyhow::Result;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::Batches;
use domain::contact::Channel;
use domain::time::HOUR;
use providers::account::{Account, AccountError};
use providers::answer::{Accepted, LookUp, SendError};
use providers::push::{LineProvider, LineRequest};
use sending::{Rendered, Sender, Transport};

/// For how long after its first request a retry key is surely known: LINE keeps it for 24 hours.
const KNOWN_SECONDS: i64 = 23 * HOUR;

/// The way to LINE.
#[derive(Clone, Debug)]
pub struct Line(LineProvider);

/// Wires the function. Without a provider and without an account of the shop's own, messages fail for `no_account`.
pub fn wire(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Batches> {
    let usual = vars.get("LINE_PROVIDER").map(|_| LineProvider::from_vars(vars)).transpose()?;
    Ok(Sender::new(usual.map(Line), config, vars, clock)?.batches())
}

impl Transport for Line {
    const CHANNEL: Channel = Channel::Line;

    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        LineProvider::open(provider, account, vars).map(Self)
    }

    fn is_repeatable(&self) -> bool {
        self.0.is_repeatable()
    }

    fn known_seconds(&self) -> i64 {
        KNOWN_SECONDS
    }

    async fn send(&self, message: &Rendered) -> Result<Accepted, SendError> {
        let request = LineRequest { reference: message.code.as_str(), to: &message.to, text: &message.text };
        self.0.send(&request).await
    }

    async fn look_up(&self, code: &str) -> Result<LookUp, SendError> {
        self.0.look_up(code).await
    }
}
