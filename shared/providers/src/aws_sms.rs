//! AWS End User Messaging (<https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html>).
//!
//! The account has the settings `sender` (the origination identity: a short code, a number, a sender id or a pool) and
//! `region` (left out, that of the function), and where they are wanted `configuration_set`, `max_price` (US dollars for a
//! message), `time_to_live` (seconds), `protect` (a protect configuration) and `check_number`. On AWS it sends by the
//! function's role, elsewhere by the secrets `access_key_id` and `secret_access_key`. `url` is another endpoint, such as
//! one within a VPC.
//!
//! A message carries our code in its context, and every event names it: those of `EventBridge`'s default bus reach
//! `callback` by the template's rules, those of a topic, and the answers of people, as [`crate::sns`] tells. There is no
//! idempotency key and nothing to look a message up by: what left and was not answered is unknown until an event names it.

mod refusal;

use std::fmt;

use aws_sdk_pinpointsmsvoicev2::Client;
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::builders::SendTextMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::types::MessageType;
use cloud::config::Vars;

use crate::abroad::estimated_parts;
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError};
use crate::aws_account::{optional, region, sdk_config};
use crate::aws_events::CODE;
use crate::http::REQUEST_TIMEOUT;
use crate::sms::{Purpose, SmsRequest};

/// The name by which configuration and callbacks call AWS.
pub const NAME: &str = "aws";
/// Whether a repeated request is one message.
pub(crate) const REPEATABLE: bool = false;

const SENDER: &str = "a short code, a number, a sender id, or the id or ARN of a pool";
const MAX_PRICE: &str = "US dollars for one message, such as 0.15";
const TIME_TO_LIVE: &str = "5 to 259200 seconds";

/// For how many seconds a message may be on its way.
const LIVING_SECONDS: std::ops::RangeInclusive<i32> = 5..=259_200;
/// Characters of a price before the point and behind it.
const PRICE_DIGITS: (usize, usize) = (2, 5);

/// A number that messages are only ever checked with, never sent to.
const CHECK_NUMBER: &str = "+819012345678";

/// An account at AWS.
#[derive(Clone)]
pub struct AwsSms {
    client: Client,
    region: String,
    sender: String,
    configuration_set: Option<String>,
    max_price: Option<String>,
    time_to_live: Option<i32>,
    protect: Option<String>,
    check_number: String,
}

impl fmt::Debug for AwsSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSms").field("sender", &self.sender).finish_non_exhaustive()
    }
}

impl AwsSms {
    pub(crate) fn new(account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        let wrong = |place: &str, expected: &str| account.error(place, &format!("is wrong: {expected}"));
        let region = region(account, vars)?;
        let max_price = optional(account, "max_price");
        if max_price.as_deref().is_some_and(|price| !is_price(price)) {
            return Err(wrong("settings.max_price", MAX_PRICE));
        }
        let time_to_live = optional(account, "time_to_live")
            .map(|seconds| seconds.parse().ok().filter(|seconds| LIVING_SECONDS.contains(seconds)))
            .map(|seconds| seconds.ok_or_else(|| wrong("settings.time_to_live", TIME_TO_LIVE)))
            .transpose()?;
        Ok(Self {
            client: Client::new(&sdk_config(account, vars, &region, REQUEST_TIMEOUT)?),
            region,
            sender: account.setting("sender", SENDER)?.to_owned(),
            configuration_set: optional(account, "configuration_set"),
            max_price,
            time_to_live,
            protect: optional(account, "protect"),
            check_number: optional(account, "check_number").unwrap_or_else(|| CHECK_NUMBER.to_owned()),
        })
    }

    /// Sends one SMS.
    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let sent = self.message(request).send().await.map_err(|error| refusal::sort(&error))?;
        let provider_id = sent.message_id.filter(|id| !id.is_empty());
        Ok(Accepted {
            provider_id: provider_id.ok_or(SendError::Unknown { reason: "unreadable acceptance" })?,
            parts: estimated_parts(request.text),
            price: None,
        })
    }

    /// AWS cannot be asked.
    #[expect(clippy::unused_async, reason = "as with the providers that can be asked")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Has AWS judge a message that it does not send: the key, the sender and the account's permissions are what is
    /// needed to send one.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let request = SmsRequest {
            reference: "check",
            to: &self.check_number,
            text: "Tsunagi",
            purpose: Purpose::Transactional,
        };
        self.message(&request).dry_run(true).send().await.map_err(|error| refusal::sort(&error))?;
        Ok(format!("{} takes messages from {}", self.region, self.sender))
    }

    fn message(&self, request: &SmsRequest<'_>) -> SendTextMessageFluentBuilder {
        let kind = match request.purpose {
            Purpose::Marketing => MessageType::Promotional,
            Purpose::Transactional => MessageType::Transactional,
        };
        self.client
            .send_text_message()
            .destination_phone_number(request.to)
            .origination_identity(&self.sender)
            .message_body(request.text)
            .message_type(kind)
            .set_configuration_set_name(self.configuration_set.clone())
            .set_max_price(self.max_price.clone())
            .set_time_to_live(self.time_to_live)
            .set_protect_configuration_id(self.protect.clone())
            .context(CODE, request.reference)
    }
}

/// Whether AWS reads a text as a price: `[0-9]{0,2}\.[0-9]{1,5}`.
fn is_price(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(whole, rest)| {
        let (most, least) = PRICE_DIGITS;
        digits(whole) && whole.len() <= most && digits(rest) && (1..=least).contains(&rest.len())
    })
}

#[cfg(test)]
mod tests;
