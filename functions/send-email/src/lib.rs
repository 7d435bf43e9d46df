//! `send-email`: takes tasks from its queue and lets each e-mail reach the provider once at most.

use anyhow::Result;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::lambda::Batches;
use domain::contact::Channel;
use providers::account::{Account, AccountError};
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
pub fn wire(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Batches> {
    // Where the shop defines its accounts, none need be configured.
    let provider = vars.get("EMAIL_PROVIDER").map(|_| EmailProvider::from_vars(vars)).transpose()?;
    let from = vars.required("EMAIL_FROM")?;
    Ok(Sender::new(provider.map(|provider| Email { provider, from }), config, vars, clock)?.batches())
}

impl Transport for Email {
    const CHANNEL: Channel = Channel::Email;

    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        let from = account.settings.get("from").cloned().or_else(|| vars.get("EMAIL_FROM"));
        let from =
            from.ok_or_else(|| account.error("settings.from", "is not set: the address e-mails come from"))?;
        Ok(Self { provider: EmailProvider::open(provider, account, vars)?, from })
    }

    fn is_repeatable(&self) -> bool {
        self.provider.is_repeatable()
    }

    fn is_gone(&self, refusal: &str) -> bool {
        self.provider.is_gone(refusal)
    }

    async fn send(&self, message: &Rendered) -> Result<Accepted, SendError> {
        let named = message.from.as_ref().map(|name| in_the_name_of(name, &self.from));
        let request = EmailRequest {
            reference: message.code.as_str(),
            to: &message.to,
            from: named.as_deref().unwrap_or(&self.from),
            subject: &message.subject,
            text: &message.text,
            html: message.html.as_deref(),
            headers: &message.headers,
            at: message.at,
        };
        self.provider.send(&request).await
    }

    async fn look_up(&self, code: &str) -> Result<LookUp, SendError> {
        self.provider.look_up(code).await
    }
}

/// The shop's own address under somebody else's name, which stands in quotes: RFC 5322, 3.2.4.
fn in_the_name_of(name: &str, from: &str) -> String {
    let address = from.rsplit_once('<').map_or(from, |(_, address)| address.trim_end_matches('>')).trim();
    let quoted: String = name
        .trim()
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c => vec![c],
        })
        .collect();
    format!("\"{quoted}\" <{address}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_over_the_shops_address() {
        for from in ["つなぎ商店 <shop@example.jp>", "shop@example.jp"] {
            assert_eq!(in_the_name_of(r#"佐藤 "花" \"#, from), r#""佐藤 \"花\" \\" <shop@example.jp>"#);
        }
    }
}
