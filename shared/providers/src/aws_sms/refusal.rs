//! What each failure of `SendTextMessage` proves.
//! <https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html#API_SendTextMessage_Errors>

use std::error::Error;

use aws_sdk_pinpointsmsvoicev2::config::http::HttpResponse;
use aws_sdk_pinpointsmsvoicev2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::SendTextMessageError;
use aws_sdk_pinpointsmsvoicev2::types::{self, error::ValidationException};
use reqwest::StatusCode;

use crate::answer::{SendError, safe_code, sort_status};

/// Conflicts and validations that are about this receiver or this text, whatever the account.
const OF_THE_MESSAGE: [&str; 6] = [
    "DESTINATION_PHONE_NUMBER_OPTED_OUT",
    "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE",
    "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION",
    "DESTINATION_COUNTRY_BLOCKED",
    "MAXIMUM_SIZE_EXCEEDED",
    "PRICE_OVER_THRESHOLD",
];

/// The fields of a request that differ from message to message.
const FIELDS_OF_THE_MESSAGE: [&str; 2] = ["DestinationPhoneNumber", "MessageBody"];

/// What AWS's services answer to too many requests, beside the error that this one declares.
const THROTTLED: [&str; 5] = [
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
];

/// Sorts a failure. Only a connection that never opened, or what AWS documents as a refusal, proves that nothing was sent.
pub(super) fn sort(error: &SdkError<SendTextMessageError, HttpResponse>) -> SendError {
    match error {
        SdkError::ConstructionFailure(_) => {
            SendError::Configuration { reason: "the request cannot be built".to_owned() }
        }
        SdkError::TimeoutError(_) => SendError::Unknown { reason: "time-out" },
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) if never_connected(error) => SendError::Temporary { reason: "no connection" },
            Some(error) if error.is_user() => {
                SendError::Configuration { reason: "the request cannot be built".to_owned() }
            }
            Some(_) | None => SendError::Unknown { reason: "connection lost" },
        },
        SdkError::ResponseError(answer) => by_status(answer.raw().status().as_u16(), None),
        SdkError::ServiceError(answer) => refused(answer.err(), answer.raw().status().as_u16()),
        _ => SendError::Unknown { reason: "an unknown failure" },
    }
}

/// Whether the connection never opened: smithy's client sorts such an error with those of connections that broke, and
/// hyper, below it, tells them apart.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let hyper = error.downcast_ref::<hyper_util::client::legacy::Error>();
        if hyper.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return true;
        }
        next = error.source();
    }
    false
}

#[expect(clippy::wildcard_enum_match_arm, reason = "so the SDK asks to match what it has no name for")]
fn refused(error: &SendTextMessageError, status: u16) -> SendError {
    use SendTextMessageError as Refused;
    match error {
        Refused::ThrottlingException(_) => SendError::Temporary { reason: "too many requests" },
        Refused::InternalServerException(_) => SendError::Unclear { reason: "the provider failed" },
        Refused::ConflictException(conflict) => {
            by_reason("ConflictException", conflict.reason().map(types::ConflictExceptionReason::as_str))
        }
        Refused::ValidationException(refused) => invalid(refused),
        Refused::ServiceQuotaExceededException(quota) => of_the_account(
            "ServiceQuotaExceededException",
            quota.reason().map(types::ServiceQuotaExceededExceptionReason::as_str),
        ),
        Refused::AccessDeniedException(denied) => of_the_account(
            "AccessDeniedException",
            denied.reason().map(types::AccessDeniedExceptionReason::as_str),
        ),
        Refused::ResourceNotFoundException(missing) => of_the_account(
            "ResourceNotFoundException",
            missing.resource_type().map(types::ResourceType::as_str),
        ),
        other => match other.code() {
            Some(code) if THROTTLED.contains(&code) => SendError::Temporary { reason: "too many requests" },
            code => by_status(status, code),
        },
    }
}

/// A message that is not valid: refused for good where that is for its number or its text, else something of the account.
fn invalid(refused: &ValidationException) -> SendError {
    let of_the_message = |field: &str| {
        FIELDS_OF_THE_MESSAGE
            .iter()
            .any(|name| field.rsplit('.').next().is_some_and(|field| name.eq_ignore_ascii_case(field)))
    };
    let fields = refused.fields();
    let reason = refused.reason().map(types::ValidationExceptionReason::as_str);
    if !fields.is_empty() && fields.iter().all(|field| of_the_message(field.name())) {
        return SendError::Permanent { code: reason.unwrap_or("ValidationException").to_owned() };
    }
    by_reason("ValidationException", reason)
}

fn by_reason(kind: &str, reason: Option<&str>) -> SendError {
    match OF_THE_MESSAGE.iter().find(|known| reason == Some(*known)) {
        Some(code) => SendError::Permanent { code: (*code).to_owned() },
        None => of_the_account(kind, reason),
    }
}

fn of_the_account(kind: &str, reason: Option<&str>) -> SendError {
    let reason = reason.map(|reason| format!(": {}", safe_code(Some(reason)))).unwrap_or_default();
    SendError::Configuration { reason: format!("{kind}{reason}") }
}

/// An error that the operation does not declare: a 400 is of the key or the address, such as
/// `UnrecognizedClientException`, and proves nothing about the message.
fn by_status(status: u16, code: Option<&str>) -> SendError {
    match status {
        400..=428 | 430..=499 => {
            SendError::Configuration { reason: format!("HTTP {status}: {}", safe_code(code)) }
        }
        _ => StatusCode::from_u16(status)
            .map_or(SendError::Unclear { reason: "an unknown answer" }, |status| sort_status(status, code)),
    }
}
