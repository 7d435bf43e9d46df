//! Sending one message by LINE.

use cloud::config::{ConfigError, Vars};
use domain::time::Timestamp;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError};
use crate::line::{self, Line};
use crate::post::Post;
use crate::receipts::{Notice, ReceiptError};
use crate::sandbox::{self, Sandbox};
use crate::settings::{Names, required, wrong};

const NAMES: Names = Names { provider: "LINE_PROVIDER", url: "LINE_PROVIDER_URL", key: "LINE_PROVIDER_KEY" };
const EXPECTED: &str = "sandbox, or empty where nothing is sent by LINE; an official account stands in the definition `providers`";

/// One message to one person.
#[derive(Clone, Copy)]
pub struct LineRequest<'a> {
    /// Our message code: the retry key is made of it.
    pub reference: &'a str,
    /// The person's LINE user id.
    pub to: &'a str,
    /// The text as the person will read it.
    pub text: &'a str,
}

/// A way to people at LINE.
#[derive(Clone, Debug)]
pub enum LineProvider {
    /// An official account at LINE.
    Line(Box<Line>),
    /// The provider on loopback.
    Sandbox(Sandbox),
}

impl LineProvider {
    /// The provider that `LINE_PROVIDER` names.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        match required(vars, NAMES.provider, EXPECTED)?.as_str() {
            sandbox::NAME => Sandbox::from_config(NAMES, vars).map(Self::Sandbox),
            _ => Err(wrong(NAMES.provider, EXPECTED)),
        }
    }

    /// The provider called `name`, through an account of the shop's own.
    pub fn open(name: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        match name {
            line::NAME => Ok(Self::Line(Box::new(Line::new(account)?))),
            sandbox::NAME => Sandbox::open(account, vars).map(Self::Sandbox),
            _ => Err(account.error("provider", "is none that sends by LINE")),
        }
    }

    /// Sends one message: exactly one request, never repeated here.
    pub async fn send(&self, request: &LineRequest<'_>) -> Result<Accepted, SendError> {
        match self {
            Self::Line(line) => line.send(request).await,
            Self::Sandbox(sandbox) => sandbox.send_line(request).await,
        }
    }

    /// Whether a message that may have left may be sent again: the provider knows it by its reference.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Line(_) => line::REPEATABLE,
            Self::Sandbox(_) => false,
        }
    }

    /// Asks whether the provider took `reference`. A failure is [`SendError::Unknown`] or
    /// [`SendError::Configuration`]; it proves nothing about the message.
    pub async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self {
            Self::Line(line) => line.look_up(reference).await,
            Self::Sandbox(sandbox) => sandbox.look_up_line(reference).await,
        }
    }

    /// Checks and reads what was posted to the account's callback.
    pub fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        match self {
            Self::Line(line) => line.notices(post, now),
            // It posts to `/callbacks/sandbox`, which is checked by `CALLBACK_SECRET`.
            Self::Sandbox(_) => Err(ReceiptError::Forged),
        }
    }

    /// Asks the provider for something harmless that proves that the account works; a line to read.
    pub async fn check(&self) -> Result<String, SendError> {
        match self {
            Self::Line(line) => line.check().await,
            Self::Sandbox(sandbox) => sandbox.check().await,
        }
    }
}
