//! Calls that are refused, and how that is said. None of it depends on whether anybody knows the number.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloud::write_key::CHALLENGE;
use domain::verification::Limit;
use serde_json::json;

/// Why a call was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The write key is missing or wrong.
    Unauthorized,
    /// The path is none of ours.
    NoRoute,
    /// The method is not POST.
    NotPost,
    /// The body could not be read.
    Unreadable(StatusCode),
    /// The body is not what it should be.
    Malformed(String),
    /// Numbers of this country get no codes.
    Country,
    /// A limit is reached.
    Limit {
        /// Which.
        limit: Limit,
        /// In how many seconds it begins anew.
        seconds: i64,
    },
    /// Something of ours is down.
    Unavailable,
}

impl Refusal {
    /// Something of ours is down: it is logged here, once.
    pub(crate) fn unavailable(error: &anyhow::Error) -> Self {
        tracing::error!(verify.deferred = 1, error = format!("{error:#}"), "a call was not taken");
        Self::Unavailable
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let just =
            |status: StatusCode, error: &str| (status, Json(json!({ "error": error }))).into_response();
        let with = |(name, value): (header::HeaderName, HeaderValue), mut response: Response| {
            response.headers_mut().insert(name, value);
            response
        };
        match self {
            Self::Unauthorized => with(
                (header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE)),
                just(
                    StatusCode::UNAUTHORIZED,
                    "the write key is missing or wrong; send it as the user name of Basic authentication, with an empty password",
                ),
            ),
            Self::NoRoute => just(
                StatusCode::NOT_FOUND,
                "there is no such path; calls go to /v1/verifications or /v1/verifications/check",
            ),
            Self::NotPost => with(
                (header::ALLOW, HeaderValue::from_static("POST")),
                just(StatusCode::METHOD_NOT_ALLOWED, "calls are sent by POST"),
            ),
            Self::Unreadable(status) => {
                just(status, "the body could not be read; send plain JSON, of a few lines")
            }
            Self::Malformed(error) => just(StatusCode::BAD_REQUEST, &error),
            Self::Country => just(
                StatusCode::UNPROCESSABLE_ENTITY,
                "numbers of this country get no codes; the shop lists countries under `codes.countries`",
            ),
            Self::Limit { limit, seconds } => {
                let error = format!("the limit of codes by {} is reached; try again later", limit.name());
                let body = json!({ "error": error, "limit": limit.name() });
                let response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
                with((header::RETRY_AFTER, HeaderValue::from(seconds)), response)
            }
            Self::Unavailable => with(
                (header::RETRY_AFTER, HeaderValue::from_static("5")),
                just(StatusCode::SERVICE_UNAVAILABLE, "not taken; send the same request again"),
            ),
        }
    }
}
