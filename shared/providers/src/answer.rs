//! What a provider answered, and what each failure proves.

use domain::tariff::Price;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

/// The longest provider code that is repeated in errors and reports.
const MAX_CODE_LENGTH: usize = 48;
/// The longest run of digits in such a code; a longer one might be a telephone number.
const MAX_CODE_DIGITS: usize = 6;

/// The provider took the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The provider's own id of the message.
    pub provider_id: String,
    /// Parts that will be billed; 1 for an e-mail.
    pub parts: u32,
    /// The price of all parts, when the provider names it at once.
    pub price: Option<Price>,
}

/// What the provider knows of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// It took the message.
    Accepted(Accepted),
    /// It never took it: sending it is not a repetition.
    NotAccepted,
}

/// Why there is no acceptance. The texts hold no personal data: nothing of a provider's prose is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The provider has certainly not taken the message; it may be sent again.
    #[error("not accepted for the moment: {reason}")]
    Temporary {
        /// What happened.
        reason: &'static str,
    },
    /// The provider refuses this message: a bad number, an opt-out, a text too long.
    #[error("refused by the provider: {code}")]
    Permanent {
        /// The provider's code for it.
        code: String,
    },
    /// No message can be accepted until someone corrects the account, the key or the address.
    #[error("the provider's URL, key or account is not right: {reason}")]
    Configuration {
        /// What happened.
        reason: String,
    },
    /// The provider answered, and the answer proves neither acceptance nor refusal: a look-up decides.
    #[error("the provider's answer proves nothing: {reason}")]
    Unclear {
        /// What happened.
        reason: &'static str,
    },
    /// The request left and its fate is not known: it must not be repeated.
    #[error("the request left and was not answered: {reason}")]
    Unknown {
        /// What happened.
        reason: &'static str,
    },
}

/// What a look-up comes to at a provider that has none: only a receipt can tell what became of a message.
pub const CANNOT_BE_ASKED: SendError = SendError::Unknown { reason: "the provider cannot be asked" };

/// Sorts a failure without an answer. Only a connection that never opened proves that nothing was sent.
pub(crate) fn sort_failure(error: &reqwest::Error) -> SendError {
    if error.is_builder() {
        SendError::Configuration { reason: "the request cannot be built".to_owned() }
    } else if error.is_connect() {
        SendError::Temporary { reason: "no connection" }
    } else if error.is_timeout() {
        SendError::Unknown { reason: "time-out" }
    } else {
        SendError::Unknown { reason: "connection lost" }
    }
}

/// Sorts an answer that is no acceptance; `code` is the provider's word for it.
///
/// Proof of refusal is what providers document as an answer before acceptance: too many requests, a bad message, a bad
/// account. A 5xx may come from a gateway that lost the answer of a server behind it, 503 as well; a 409 may mean that
/// the message was taken before.
pub(crate) fn sort_status(status: StatusCode, code: Option<&str>) -> SendError {
    match status.as_u16() {
        429 => SendError::Temporary { reason: "too many requests" },
        400 | 413 | 422 => SendError::Permanent { code: safe_code(code) },
        408 => SendError::Unclear { reason: "the provider timed out" },
        409 => SendError::Unclear { reason: "a conflict" },
        503 => SendError::Unclear { reason: "service unavailable" },
        300..=499 => {
            SendError::Configuration { reason: format!("HTTP {}: {}", status.as_u16(), safe_code(code)) }
        }
        200..=299 => SendError::Unknown { reason: "unreadable acceptance" },
        _ => SendError::Unclear { reason: "the provider failed" },
    }
}

/// A look-up that failed proves nothing about the message, whatever the same failure would prove of a send.
pub(crate) fn inconclusive(error: SendError) -> SendError {
    match error {
        SendError::Temporary { reason } | SendError::Unclear { reason } => SendError::Unknown { reason },
        SendError::Permanent { code } => {
            SendError::Configuration { reason: format!("look-up refused: {code}") }
        }
        SendError::Configuration { .. } | SendError::Unknown { .. } => error,
    }
}

/// The provider's code if it is a code and cannot be a number, an address or a text of the customer's.
pub(crate) fn safe_code(code: Option<&str>) -> String {
    let code = code.unwrap_or_default();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    let longest_number = code.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
    let safe = !code.is_empty()
        && code.len() <= MAX_CODE_LENGTH
        && longest_number <= MAX_CODE_DIGITS
        && code.chars().all(word);
    if safe { code.to_owned() } else { "unnamed".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_may_be_personal_are_not_repeated() {
        assert_eq!(safe_code(Some("invalid_number")), "invalid_number");
        assert_eq!(safe_code(Some("21610")), "21610");
        for code in ["+819012345678", "819012345678", "a@example.jp", "no such person", ""] {
            assert_eq!(safe_code(Some(code)), "unnamed", "{code}");
        }
        assert_eq!(safe_code(None), "unnamed");
    }

    #[test]
    fn a_failed_look_up_is_no_proof() {
        let refused = SendError::Temporary { reason: "no connection" };
        assert_eq!(inconclusive(refused), SendError::Unknown { reason: "no connection" });
    }
}
