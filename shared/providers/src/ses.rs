//! Amazon SES, API version 2 (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>).
//!
//! The account has the settings `region` (where it is not the function's) and `configuration_set` (through which SES tells
//! what becomes of messages). Requests are signed as the function's role, or with the secrets `access_key_id` and
//! `secret_access_key`.
//!
//! Our code travels as the tag `code`, which every event of the message repeats. SES takes no idempotency token and cannot be
//! asked after a message: one that left and was not answered is unknown until an event names it. SES signs with DKIM, the
//! headers by which one opts out as well.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cloud::config::Vars;
use reqwest::StatusCode;

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError, safe_code, sort_status};
use crate::aws_account::{optional, region, sdk_config};
use crate::email::EmailRequest;
use crate::http::REQUEST_TIMEOUT;
use crate::mime::letter;

/// The name by which configuration calls SES.
pub const NAME: &str = "ses";
/// Whether a repeated request is one message.
pub(crate) const REPEATABLE: bool = false;

/// The tag that names our message.
pub const CODE_TAG: &str = "code";

/// An account at SES.
#[derive(Clone)]
pub struct Ses {
    client: Client,
    region: String,
    configuration_set: Option<String>,
}

impl fmt::Debug for Ses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ses").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Ses {
    pub(crate) fn new(account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        let region = region(account, vars)?;
        let client = Client::new(&sdk_config(account, vars, &region, REQUEST_TIMEOUT)?);
        Ok(Self { client, region, configuration_set: optional(account, "configuration_set") })
    }

    /// Sends one e-mail.
    pub(crate) async fn send(&self, request: &EmailRequest<'_>) -> Result<Accepted, SendError> {
        let letter = letter(request)?;
        let unbuilt =
            |_: BuildError| SendError::Configuration { reason: "a request cannot be built".to_owned() };
        let raw = RawMessage::builder().data(Blob::new(letter.bytes)).build().map_err(unbuilt)?;
        let tag = MessageTag::builder().name(CODE_TAG).value(request.reference).build().map_err(unbuilt)?;
        let sent = self
            .client
            .send_email()
            .destination(Destination::builder().to_addresses(letter.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .email_tags(tag)
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        let output = sent.map_err(|error| sort(&error))?;
        let id = output.message_id().ok_or(SendError::Unknown { reason: "unreadable acceptance" })?;
        Ok(Accepted { provider_id: id.to_owned(), parts: 1, price: None })
    }

    /// SES cannot be asked.
    #[expect(clippy::unused_async, reason = "as with the providers that can be asked")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Reads the account, which sends nothing.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let account = self.client.get_account().send().await.map_err(|error| sort(&error))?;
        if !account.sending_enabled() {
            let reason = "sending is paused for the account".to_owned();
            return Err(SendError::Configuration { reason });
        }
        let quota = account.send_quota().map(|quota| {
            let (day, second) = (quota.max24_hour_send(), quota.max_send_rate());
            // A quota below nothing is SES's word for none.
            if day < 0.0 {
                "without a daily quota".to_owned()
            } else {
                format!("{day} a day and {second} a second")
            }
        });
        let quota = quota.unwrap_or_else(|| "of an unnamed quota".to_owned());
        let reach = if account.production_access_enabled() {
            ""
        } else {
            "; it is in the sandbox of SES: only verified addresses are reached"
        };
        Ok(format!("the account in {} takes messages, {quota}{reach}", self.region))
    }
}

/// What a failed request proves of its message.
fn sort<E>(error: &SdkError<E, HttpResponse>) -> SendError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => {
            SendError::Configuration { reason: "the request cannot be built".to_owned() }
        }
        // Of the whole request: the connection has a limit of its own.
        SdkError::TimeoutError(_) => SendError::Unknown { reason: "time-out" },
        SdkError::DispatchFailure(failure) => {
            if never_connected(failure.as_connector_error().map(|error| error as &(dyn StdError + 'static))) {
                SendError::Temporary { reason: "no connection" }
            } else if failure.is_timeout() {
                SendError::Unknown { reason: "time-out" }
            } else {
                SendError::Unknown { reason: "connection lost" }
            }
        }
        SdkError::ResponseError(response) => match status(response.raw()) {
            Some(status) => sort_status(status, None),
            None => SendError::Unknown { reason: "unreadable acceptance" },
        },
        SdkError::ServiceError(service) => {
            let (code, text) = (service.err().code(), service.err().message().unwrap_or_default());
            refusal(status(service.raw()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code, text)
        }
        _ => SendError::Unknown { reason: "no answer" },
    }
}

fn status(response: &HttpResponse) -> Option<StatusCode> {
    StatusCode::from_u16(response.status().as_u16()).ok()
}

/// Whether the connection never opened, which proves that nothing was sent.
fn never_connected(error: Option<&(dyn StdError + 'static)>) -> bool {
    let mut error = error;
    while let Some(cause) = error {
        if let Some(client) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
            return client.is_connect();
        }
        error = cause.source();
    }
    false
}

/// Sorts SES's own errors by their documentation; their prose, which may name addresses, is read and not repeated.
fn refusal(status: StatusCode, code: Option<&str>, text: &str) -> SendError {
    let configuration = || SendError::Configuration { reason: format!("SES's error {}", safe_code(code)) };
    match code.unwrap_or_default() {
        _ if status.is_server_error() => sort_status(status, code),
        // Both quotas, a second's and a day's: "wait for an interval of up to 10 minutes, and then retry".
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "LimitExceededException" => {
            SendError::Temporary { reason: "too many requests" }
        }
        // In the sandbox of SES the receiver's address as well; the sender's, anywhere.
        "MessageRejected" if text.contains("not verified") => configuration(),
        "MessageRejected" => SendError::Permanent { code: "MessageRejected".to_owned() },
        "BadRequestException" => {
            let words = text.to_lowercase();
            if ["configuration set", "tag", "from address", "tenant"].iter().any(|word| words.contains(word))
            {
                configuration()
            } else {
                SendError::Permanent { code: "BadRequestException".to_owned() }
            }
        }
        "AccountSuspendedException"
        | "SendingPausedException"
        | "MailFromDomainNotVerifiedException"
        | "NotFoundException"
        | "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidSignatureException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => configuration(),
        // A clock that is wrong, a key that is over: nothing that SES documents of a message.
        _ if status == StatusCode::BAD_REQUEST => configuration(),
        _ => sort_status(status, code),
    }
}

#[cfg(test)]
mod tests;
