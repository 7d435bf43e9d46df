//! What a receiver's answer means.

use anyhow::anyhow;
use cloud::batch::Failure;
use http::StatusCode;

/// Sorts an answer: taken, to be sent again, or refused for good.
pub(crate) fn sort(status: StatusCode) -> Result<(), Failure> {
    let code = status.as_u16();
    match code {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => Err(Failure::Retry(anyhow!("the receiver answered HTTP {code}"))),
        300..=399 => Err(Failure::Fail(anyhow!(
            "the receiver answered HTTP {code}, and redirects are not followed; let it answer 2xx at the address itself, \
             then drive the letter back"
        ))),
        _ => Err(Failure::Fail(anyhow!(
            "the receiver answered HTTP {code}, which says that it will never take it; when it does, drive the letter back"
        ))),
    }
}

/// Sorts a failure without an answer: the receiver may have taken it or not, and knows one that comes twice by its id.
pub(crate) fn sort_failure(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        Failure::Fail(anyhow!("the request can't be built"))
    } else if error.is_connect() {
        Failure::Retry(anyhow!("there is no connection to the receiver"))
    } else if error.is_timeout() {
        Failure::Retry(anyhow!("the receiver did not answer in time"))
    } else {
        Failure::Retry(anyhow!("the connection to the receiver was lost"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(code: u16) -> &'static str {
        match sort(StatusCode::from_u16(code).unwrap()) {
            Ok(()) => "taken",
            Err(Failure::Retry(_)) => "again",
            Err(Failure::Fail(_)) => "never",
        }
    }

    #[test]
    fn answers() {
        for (codes, expected) in [
            (vec![200, 201, 202, 204, 299], "taken"),
            (vec![408, 429, 500, 502, 503, 504, 599], "again"),
            (vec![301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 422, 499], "never"),
        ] {
            for code in codes {
                assert_eq!(sorted(code), expected, "{code}");
            }
        }
    }
}
