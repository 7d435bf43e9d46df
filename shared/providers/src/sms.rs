//! Sending one SMS.

use cloud::config::{ConfigError, Vars};
pub use domain::consent::Purpose;

use crate::answer::{Accepted, LookUp, SendError};
use crate::sandbox::{self, Sandbox};
use crate::settings::{Names, required, wrong};

const NAMES: Names = Names { provider: "SMS_PROVIDER", url: "SMS_PROVIDER_URL", key: "SMS_PROVIDER_KEY" };
const EXPECTED: &str = "the name of an SMS provider: sandbox";

/// One SMS to one person.
#[derive(Clone, Copy)]
pub struct SmsRequest<'a> {
    /// Our message code: it comes back in receipts, and is what a look-up asks for.
    pub reference: &'a str,
    /// The receiver's number in E.164.
    pub to: &'a str,
    /// The text as the person will read it.
    pub text: &'a str,
    /// Why it is sent; providers route the two kinds differently.
    pub purpose: Purpose,
}

/// A provider of SMS.
#[derive(Clone, Debug)]
pub enum SmsProvider {
    /// The provider on loopback.
    Sandbox(Sandbox),
}

impl SmsProvider {
    /// The provider that `SMS_PROVIDER` names.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        Self::from_config(&required(vars, NAMES.provider, EXPECTED)?, vars)
    }

    /// The provider called `name`, set up from `SMS_PROVIDER_URL`, `SMS_PROVIDER_KEY` and `STAGE`.
    pub fn from_config(name: &str, vars: &Vars) -> Result<Self, ConfigError> {
        match name {
            sandbox::NAME => Sandbox::from_config(NAMES, vars).map(Self::Sandbox),
            _ => Err(wrong(NAMES.provider, EXPECTED)),
        }
    }

    /// The provider's name, as it stands in its callback's URL.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => sandbox::NAME,
        }
    }

    /// Sends one SMS: exactly one request, never repeated here.
    pub async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.send_sms(request).await,
        }
    }

    /// Asks whether the provider took `reference`. A failure is [`SendError::Unknown`] or
    /// [`SendError::Configuration`]; it proves nothing about the message.
    pub async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.look_up_sms(reference).await,
        }
    }
}
