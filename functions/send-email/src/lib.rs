//! `send-email`: takes tasks from its queue and lets each e-mail reach the provider once at most.

use anyhow::Result;
use cloud::clock::Clock;
use cloud::config::Vars;
use domain::contact::Channel;
use providers::answer::{Accepted, LookUp, SendError};
use providers::email::{EmailProvider, EmailRequest};
use sending::{Rendered, Sender, Transport};

/// The way to an e-mail provider.
#[derive(Clone, Debug)]
pub struct Email {
    provider: EmailProvider,
    from: String,
}

/// Wires the function.
pub fn wire(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Sender<Email>> {
    let provider = EmailProvider::from_vars(vars)?;
    let from = vars.required("EMAIL_FROM")?;
    Sender::new(Email { provider, from }, config, vars, clock)
}

impl Transport for Email {
    const CHANNEL: Channel = Channel::Email;

    async fn send(&self, message: &Rendered) -> Result<Accepted, SendError> {
        let request = EmailRequest {
            reference: message.code.as_str(),
            to: &message.to,
            from: &self.from,
            subject: &message.subject,
            text: &message.text,
            html: message.html.as_deref(),
            headers: &message.headers,
        };
        self.provider.send(&request).await
    }

    async fn look_up(&self, code: &str) -> Result<LookUp, SendError> {
        self.provider.look_up(code).await
    }
}
