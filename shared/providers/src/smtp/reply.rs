//! What a failure proves, by how far the conversation had come.

use std::error::Error as StdError;

use lettre::transport::smtp::Error;

use crate::answer::{SendError, safe_code};

/// Where in a conversation it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connection, greeting, encryption.
    Opening,
    /// Login.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Receiver,
    /// `DATA`.
    Data,
    /// The message.
    Message {
        /// Whether the line that ends it may have left.
        ended: bool,
    },
}

/// Codes that ask for a login or for encryption, wherever they come (RFC 4954, 6; RFC 3207, 4).
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];

/// `552`: the message is larger than the server takes, said at `MAIL FROM` as well (RFC 1870, 6.1).
const TOO_LARGE: u16 = 552;

/// Sorts a failure. A reply of the server is its word on the message; what is lost before the end of the message was not taken.
pub(super) fn sort(error: &Error, stage: Stage) -> SendError {
    if let Some(code) = error.status() {
        let code = u16::from(code);
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        return if error.is_permanent() {
            refused(code, &text, stage)
        } else {
            SendError::Temporary { reason: "the mail server asks to try again later" }
        };
    }
    // Behind the end of a message a broken connection proves nothing, whatever broke it.
    if is_tls(error) && !matches!(stage, Stage::Message { ended: true }) {
        return SendError::Configuration { reason: "no encryption with the server is possible".to_owned() };
    }
    if error.is_client() {
        let reason = match stage {
            Stage::Opening => "the server offers no STARTTLS",
            Stage::Login => "the server takes no login of a kind that is known",
            Stage::Sender | Stage::Receiver | Stage::Data | Stage::Message { .. } => {
                "the message cannot be written"
            }
        };
        return SendError::Configuration { reason: reason.to_owned() };
    }
    match stage {
        Stage::Opening => SendError::Temporary { reason: "no connection" },
        Stage::Message { ended: true } => SendError::Unknown { reason: "connection lost" },
        Stage::Login | Stage::Sender | Stage::Receiver | Stage::Data | Stage::Message { ended: false } => {
            SendError::Temporary { reason: "connection lost before the end of the message" }
        }
    }
}

fn refused(code: u16, text: &str, stage: Stage) -> SendError {
    let named =
        safe_code(Some(&enhanced(text).map_or_else(|| code.to_string(), |word| format!("{code}-{word}"))));
    let configuration =
        |place: &str| SendError::Configuration { reason: format!("{place} is refused: {named}") };
    if LOGIN_CODES.contains(&code) {
        return configuration("the login");
    }
    match stage {
        Stage::Opening => configuration("the connection"),
        Stage::Login => configuration("the login"),
        Stage::Sender if code != TOO_LARGE => configuration("the sender"),
        // Every mail server's word for a client that it sends nothing on for.
        Stage::Receiver if text.to_ascii_lowercase().contains("relay") => configuration("the login"),
        Stage::Sender | Stage::Receiver | Stage::Data | Stage::Message { .. } => {
            SendError::Permanent { code: named }
        }
    }
}

/// The enhanced status code at the beginning of a reply's text (RFC 3463). The rest, which may repeat an address, is left.
fn enhanced(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let mut numbers = word.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let three = number(numbers.next()) && number(numbers.next()) && number(numbers.next());
    (three && numbers.next().is_none()).then_some(word)
}

/// Whether it is encryption that failed: the client wraps that like any other failure of a connection.
fn is_tls(error: &Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if inner.is_some() || error.is::<rustls::Error>() {
            return true;
        }
        cause = error.source();
    }
    error.is_tls()
}
