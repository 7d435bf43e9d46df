//! Sending one SMS.

use cloud::config::{ConfigError, Vars};
pub use domain::consent::Purpose;
use domain::message::SMS_LIMIT;
use domain::time::Timestamp;
use serde::Deserialize;

use crate::account::{Account, AccountError};
use crate::addresses::Addresses;
use crate::answer::{Accepted, LookUp, SendError};
use crate::aws_sms::{self, AwsSms};
use crate::cm::{self, Cm};
use crate::generic::{self, Generic, GenericSettings};
use crate::infobip::{self, Infobip};
use crate::karaden::{self, Karaden};
use crate::media_sms::{self, MediaSms};
use crate::post::Post;
use crate::reading::domestic;
use crate::receipts::{Notice, ReceiptError};
use crate::sandbox::{self, Sandbox};
use crate::settings::{Names, required, wrong};
use crate::twilio::{self, Twilio};
use crate::vonage::{self, Vonage};
use crate::zettai_reach::{self, ZettaiReach};

const NAMES: Names = Names { provider: "SMS_PROVIDER", url: "SMS_PROVIDER_URL", key: "SMS_PROVIDER_KEY" };
const EXPECTED: &str =
    "the name of an SMS provider: sandbox; others are accounts of the definition `providers`";

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

impl SmsRequest<'_> {
    /// The number as it is dialled in Japan, for providers that send there alone; the text may be as long as carriers there
    /// take it.
    pub(crate) fn within_japan(&self) -> Result<String, SendError> {
        let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
        if self.text.encode_utf16().count() > SMS_LIMIT {
            return Err(permanent("text-too-long"));
        }
        domestic(self.to).ok_or_else(|| permanent("number-not-of-japan"))
    }
}

/// A provider of SMS.
#[derive(Clone, Debug)]
pub enum SmsProvider {
    /// AWS End User Messaging.
    Aws(Box<AwsSms>),
    /// CM.com.
    Cm(Box<Cm>),
    /// One that its settings describe.
    Generic(Box<Generic>),
    /// Infobip.
    Infobip(Box<Infobip>),
    /// 空電プッシュ.
    Karaden(Box<Karaden>),
    /// メディアSMS.
    MediaSms(Box<MediaSms>),
    /// The provider on loopback.
    Sandbox(Sandbox),
    /// Twilio.
    Twilio(Box<Twilio>),
    /// Vonage.
    Vonage(Box<Vonage>),
    /// 絶対リーチ!SMS.
    ZettaiReach(Box<ZettaiReach>),
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

    /// The provider called `name`, through an account of the shop's own.
    pub fn open(name: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        Addresses::of(account)?;
        Ok(match name {
            aws_sms::NAME => Self::Aws(Box::new(AwsSms::new(account, vars)?)),
            cm::NAME => Self::Cm(Box::new(Cm::new(account)?)),
            generic::NAME => {
                let settings = account.generic.as_ref().map(GenericSettings::deserialize).transpose();
                let settings = settings.map_err(|error| account.error("generic", &error.to_string()))?;
                let settings = settings.ok_or_else(|| account.error("generic", "is not there"))?;
                Self::Generic(Box::new(Generic::new(account, &settings)?))
            }
            infobip::NAME => Self::Infobip(Box::new(Infobip::new(account)?)),
            karaden::NAME => Self::Karaden(Box::new(Karaden::new(account)?)),
            media_sms::NAME => Self::MediaSms(Box::new(MediaSms::new(account)?)),
            sandbox::NAME => Self::Sandbox(Sandbox::open(account, vars)?),
            twilio::NAME => Self::Twilio(Box::new(Twilio::new(account)?)),
            vonage::NAME => Self::Vonage(Box::new(Vonage::new(account)?)),
            zettai_reach::NAME => Self::ZettaiReach(Box::new(ZettaiReach::new(account)?)),
            _ => return Err(account.error("provider", "is none that sends SMS")),
        })
    }

    /// Sends one SMS: exactly one request, never repeated here.
    pub async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.send_sms(request).await,
            Self::Aws(provider) => provider.send(request).await,
            Self::Cm(provider) => provider.send(request).await,
            Self::Generic(provider) => provider.send(request).await,
            Self::Infobip(provider) => provider.send(request).await,
            Self::Karaden(provider) => provider.send(request).await,
            Self::MediaSms(provider) => provider.send(request).await,
            Self::Twilio(provider) => provider.send(request).await,
            Self::Vonage(provider) => provider.send(request).await,
            Self::ZettaiReach(provider) => provider.send(request).await,
        }
    }

    /// Whether a message that may have left may be sent again: the provider knows it by its reference.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Aws(_) => aws_sms::REPEATABLE,
            Self::Cm(_) => cm::REPEATABLE,
            Self::Generic(provider) => provider.repeatable(),
            Self::Infobip(_) => infobip::REPEATABLE,
            Self::Karaden(_) => karaden::REPEATABLE,
            Self::MediaSms(_) => media_sms::REPEATABLE,
            Self::Sandbox(_) => false,
            Self::Twilio(_) => twilio::REPEATABLE,
            Self::Vonage(_) => vonage::REPEATABLE,
            Self::ZettaiReach(_) => zettai_reach::REPEATABLE,
        }
    }

    /// Asks whether the provider took `reference`. A failure is [`SendError::Unknown`] or
    /// [`SendError::Configuration`]; it proves nothing about the message.
    pub async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.look_up_sms(reference).await,
            Self::Aws(provider) => provider.look_up(reference).await,
            Self::Cm(provider) => provider.look_up(reference).await,
            Self::Generic(provider) => provider.look_up(reference).await,
            Self::Infobip(provider) => provider.look_up(reference).await,
            Self::Karaden(provider) => provider.look_up(reference).await,
            Self::MediaSms(provider) => provider.look_up(reference).await,
            Self::Twilio(provider) => provider.look_up(reference).await,
            Self::Vonage(provider) => provider.look_up(reference).await,
            Self::ZettaiReach(provider) => provider.look_up(reference).await,
        }
    }

    /// Checks and reads what was posted to the account's callback.
    pub fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        let notices = self.read(post, now)?;
        Ok(notices.into_iter().map(|notice| self.judged(notice)).collect())
    }

    fn read(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        match self {
            // It posts through SNS, whose certificates have to be fetched: `crate::sns` reads that. The sandbox posts to
            // `/callbacks/sandbox`, which is checked by `CALLBACK_SECRET`.
            Self::Aws(_) | Self::Sandbox(_) => Err(ReceiptError::Forged),
            Self::Cm(provider) => provider.notices(post, now),
            Self::Generic(provider) => provider.notices(post, now),
            Self::Infobip(provider) => provider.notices(post, now),
            Self::Karaden(provider) => provider.notices(post, now),
            Self::MediaSms(provider) => provider.notices(post, now),
            Self::Twilio(provider) => provider.notices(post, now),
            Self::Vonage(provider) => provider.notices(post, now),
            Self::ZettaiReach(provider) => provider.notices(post, now),
        }
    }

    /// Asks the provider for something harmless that proves that the account works; a line to read.
    pub async fn check(&self) -> Result<String, SendError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.check().await,
            Self::Aws(provider) => provider.check().await,
            Self::Cm(provider) => provider.check().await,
            Self::Generic(provider) => provider.check().await,
            Self::Infobip(provider) => provider.check().await,
            Self::Karaden(provider) => provider.check().await,
            Self::MediaSms(provider) => provider.check().await,
            Self::Twilio(provider) => provider.check().await,
            Self::Vonage(provider) => provider.check().await,
            Self::ZettaiReach(provider) => provider.check().await,
        }
    }
}
