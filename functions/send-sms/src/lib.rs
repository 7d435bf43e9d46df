//! `send-sms`: takes tasks from its queue and lets each SMS reach the provider once at most.

use anyhow::Result;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::Batches;
use domain::contact::Channel;
use providers::account::{Account, AccountError};
use providers::answer::{Accepted, LookUp, SendError};
use providers::sms::{SmsProvider, SmsRequest};
use sending::{Rendered, Sender, Transport};

/// The way to an SMS provider.
#[derive(Clone, Debug)]
pub struct Sms(SmsProvider);

/// Wires the function.
pub fn wire(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Batches> {
    // Where the shop defines its accounts, none need be configured.
    let usual = vars.get("SMS_PROVIDER").map(|_| SmsProvider::from_vars(vars)).transpose()?;
    Ok(Sender::new(usual.map(Sms), config, vars, clock)?.batches())
}

impl Transport for Sms {
    const CHANNEL: Channel = Channel::Sms;

    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        SmsProvider::open(provider, account, vars).map(Self)
    }

    fn is_repeatable(&self) -> bool {
        self.0.is_repeatable()
    }

    fn is_gone(&self, refusal: &str) -> bool {
        self.0.is_gone(refusal)
    }

    async fn send(&self, message: &Rendered) -> Result<Accepted, SendError> {
        let request = SmsRequest {
            reference: message.code.as_str(),
            to: &message.to,
            text: &message.text,
            purpose: message.purpose,
        };
        self.0.send(&request).await
    }

    async fn look_up(&self, code: &str) -> Result<LookUp, SendError> {
        self.0.look_up(code).await
    }
}
