//! Sending one e-mail.

use cloud::config::{ConfigError, Vars};
use domain::time::Timestamp;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError};
use crate::sandbox::{self, Sandbox};
use crate::ses::{self, Ses};
use crate::settings::{Names, required, wrong};
use crate::smtp::{self, Smtp};

const NAMES: Names =
    Names { provider: "EMAIL_PROVIDER", url: "EMAIL_PROVIDER_URL", key: "EMAIL_PROVIDER_KEY" };
const EXPECTED: &str =
    "the name of an e-mail provider: sandbox; others are accounts of the definition `providers`";

/// One e-mail to one person.
#[derive(Clone, Copy)]
pub struct EmailRequest<'a> {
    /// Our message code: it comes back in receipts, and is what a look-up asks for.
    pub reference: &'a str,
    /// The receiver's address.
    pub to: &'a str,
    /// The sender, as `Name <address>` or an address.
    pub from: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// The same as HTML.
    pub html: Option<&'a str>,
    /// Further headers, such as `List-Unsubscribe`.
    pub headers: &'a [(String, String)],
    /// When it is sent, as the e-mail itself says.
    pub at: Timestamp,
}

/// A provider of e-mail.
#[derive(Clone, Debug)]
pub enum EmailProvider {
    /// The provider on loopback.
    Sandbox(Sandbox),
    /// Amazon SES.
    Ses(Box<Ses>),
    /// A mail server.
    Smtp(Box<Smtp>),
}

impl EmailProvider {
    /// The provider that `EMAIL_PROVIDER` names.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        Self::from_config(&required(vars, NAMES.provider, EXPECTED)?, vars)
    }

    /// The provider called `name`, set up from `EMAIL_PROVIDER_URL`, `EMAIL_PROVIDER_KEY` and `STAGE`.
    pub fn from_config(name: &str, vars: &Vars) -> Result<Self, ConfigError> {
        match name {
            sandbox::NAME => Sandbox::from_config(NAMES, vars).map(Self::Sandbox),
            _ => Err(wrong(NAMES.provider, EXPECTED)),
        }
    }

    /// The provider called `name`, through an account of the shop's own. Its setting `from` is the address e-mails come from,
    /// where that is another than the shop's.
    pub fn open(name: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        if account.settings.get("from").is_some_and(|from| crate::mime::sender(from).is_none()) {
            return Err(account.error("settings.from", "is wrong: `Name <name@example.jp>` or an address"));
        }
        Ok(match name {
            sandbox::NAME => Self::Sandbox(Sandbox::open(account, vars)?),
            ses::NAME => Self::Ses(Box::new(Ses::new(account, vars)?)),
            smtp::NAME => Self::Smtp(Box::new(Smtp::new(account)?)),
            _ => return Err(account.error("provider", "is none that sends e-mail")),
        })
    }

    /// The provider's name, as it stands in its callback's URL.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => sandbox::NAME,
            Self::Ses(_) => ses::NAME,
            Self::Smtp(_) => smtp::NAME,
        }
    }

    /// Whether a refusal says that the mailbox is none (RFC 3463: bad mailbox, bad system, a domain without mail). SES tells
    /// it by an event.
    pub fn is_gone(&self, refusal: &str) -> bool {
        match self {
            Self::Smtp(_) => ["-5.1.1", "-5.1.2", "-5.1.10"].iter().any(|code| refusal.ends_with(code)),
            Self::Sandbox(_) | Self::Ses(_) => false,
        }
    }

    /// Sends one e-mail: exactly one request, never repeated here.
    pub async fn send(&self, request: &EmailRequest<'_>) -> Result<Accepted, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.send_email(request).await,
            Self::Ses(provider) => provider.send(request).await,
            Self::Smtp(provider) => provider.send(request).await,
        }
    }

    /// Whether a message that may have left may be sent again: the provider knows it by its reference.
    pub const fn is_repeatable(&self) -> bool {
        match self {
            Self::Sandbox(_) => false,
            Self::Ses(_) => ses::REPEATABLE,
            Self::Smtp(_) => smtp::REPEATABLE,
        }
    }

    /// Asks whether the provider took `reference`. A failure is [`SendError::Unknown`] or
    /// [`SendError::Configuration`]; it proves nothing about the message.
    pub async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.look_up_email(reference).await,
            Self::Ses(provider) => provider.look_up(reference).await,
            Self::Smtp(provider) => provider.look_up(reference).await,
        }
    }

    /// Asks the provider for something harmless that proves that the account works; a line to read.
    pub async fn check(&self) -> Result<String, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.check().await,
            Self::Ses(provider) => provider.check().await,
            Self::Smtp(provider) => provider.check().await,
        }
    }
}
