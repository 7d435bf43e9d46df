//! Sending one e-mail.

use cloud::config::{ConfigError, Vars};

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError};
use crate::sandbox::{self, Sandbox};
use crate::settings::{Names, required, wrong};

const NAMES: Names =
    Names { provider: "EMAIL_PROVIDER", url: "EMAIL_PROVIDER_URL", key: "EMAIL_PROVIDER_KEY" };
const EXPECTED: &str = "the name of an e-mail provider: sandbox";

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
}

/// A provider of e-mail.
#[derive(Clone, Debug)]
pub enum EmailProvider {
    /// The provider on loopback.
    Sandbox(Sandbox),
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

    /// The provider called `name`, through an account of the shop's own.
    pub fn open(name: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        match name {
            sandbox::NAME => Sandbox::open(account, vars).map(Self::Sandbox),
            _ => Err(account.error("provider", "is none that sends e-mail")),
        }
    }

    /// The provider's name, as it stands in its callback's URL.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => sandbox::NAME,
        }
    }

    /// Sends one e-mail: exactly one request, never repeated here.
    pub async fn send(&self, request: &EmailRequest<'_>) -> Result<Accepted, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.send_email(request).await,
        }
    }

    /// Asks whether the provider took `reference`. A failure is [`SendError::Unknown`] or
    /// [`SendError::Configuration`]; it proves nothing about the message.
    pub async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.look_up_email(reference).await,
        }
    }
}
