//! Requests that are refused as a whole, and how that is said.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloud::write_key::CHALLENGE;
use serde_json::{Value, json};

use crate::request::{BODY_LIMIT, ITEMS_LIMIT};

/// Why none of a request was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The write key is missing or wrong.
    Unauthorized,
    /// The path is none of ours.
    NoRoute,
    /// The method is not POST.
    NotPost,
    /// The body is larger than [`BODY_LIMIT`].
    TooLarge,
    /// The batch holds more than [`ITEMS_LIMIT`] calls.
    TooMany,
    /// The body is compressed.
    Encoded,
    /// The connection broke before the body was there.
    CutOff,
    /// The body is not JSON.
    NotJson {
        /// What is wrong.
        error: String,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// The body is JSON of another shape.
    Malformed(String),
    /// The queue did not take the calls.
    Unavailable,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let just = |status, error: &str| (status, Json(json!({ "error": error }))).into_response();
        match self {
            Self::Unauthorized => with(
                header::WWW_AUTHENTICATE,
                CHALLENGE,
                just(
                    StatusCode::UNAUTHORIZED,
                    "the write key is missing or wrong; send it as the user name of Basic authentication, with an empty password",
                ),
            ),
            Self::NoRoute => just(
                StatusCode::NOT_FOUND,
                "there is no such path; calls go to /v1/batch, /v1/identify, /v1/track, /v1/enroll or /v1/remove",
            ),
            Self::NotPost => {
                with(header::ALLOW, "POST", just(StatusCode::METHOD_NOT_ALLOWED, "calls are sent by POST"))
            }
            Self::TooLarge => limit("body", BODY_LIMIT, "bytes"),
            Self::TooMany => limit("`batch`", ITEMS_LIMIT, "calls"),
            Self::Encoded => just(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is compressed; send it as plain JSON, without Content-Encoding",
            ),
            Self::CutOff => {
                just(StatusCode::BAD_REQUEST, "the body could not be read to its end; send it again")
            }
            Self::NotJson { error, line, column } => {
                let body = json!({ "error": format!("the body is not JSON: {error}"), "line": line, "column": column });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Self::Malformed(error) => just(StatusCode::BAD_REQUEST, &error),
            Self::Unavailable => with(
                header::RETRY_AFTER,
                "5",
                just(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not taken; send the same request again, calls that come twice count once",
                ),
            ),
        }
    }
}

fn limit(what: &str, limit: usize, unit: &str) -> Response {
    let error = format!("{what} is too large; at most {limit} {unit} a request: send it in several");
    let body: Value = json!({ "error": error, "limit": limit, "unit": unit });
    (StatusCode::PAYLOAD_TOO_LARGE, Json(body)).into_response()
}

fn with(name: HeaderName, value: &'static str, mut response: Response) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
