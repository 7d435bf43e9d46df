//! `person`: what is kept of one person, and its erasure, over HTTP.
//!
//! It asks for a key of its own: whoever writes customers, which every server of a shop may, reads none. The id stands in
//! the body, never in the path, for an id may be an e-mail address and paths are logged.

mod export;
mod key;

use std::future::ready;
use std::sync::Arc;

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::map_request;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use cloud::clock::Clock;
use cloud::config::{ConfigError, Vars};
use cloud::edge::Edge;
use cloud::erasure::EraseTask;
use cloud::queue::Queue;
use cloud::table::Table;
use domain::names::CustomerId;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use crate::export::export;
use crate::key::AdminKey;

/// The most bytes of a request: an id has 128 characters.
const BODY_LIMIT: usize = 4 * 1024;

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Person {
    table: Table,
    erasures: Queue,
    key: AdminKey,
    clock: Clock,
    edge: Edge,
}

/// Whom a request is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The id that the shop gave.
    #[serde(rename = "userId")]
    pub customer: CustomerId,
}

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing of the id was erased, or that is too long ago.
    None,
    /// It was asked for, or is under way.
    Begun,
    /// Nothing is left.
    Erased,
}

/// Why a request was not answered.
enum Refusal {
    Unauthorized,
    Malformed,
    Unknown,
    Unavailable,
}

impl Person {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let wrong = || ConfigError {
            name: "ADMIN_KEY",
            what: "is too short; use at least 16 random characters".to_owned(),
        };
        Ok(Self {
            table: Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?,
            erasures: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("ERASE_QUEUE_URL")?),
            key: AdminKey::parse(&vars.required("ADMIN_KEY")?).ok_or_else(wrong)?,
            clock,
            edge: Edge::from_vars(vars),
        })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
        let edge = self.edge.clone();
        Router::new()
            .route("/v1/person/export", post(exported))
            .route("/v1/person/erase", post(erase))
            .route("/v1/person/erasure", post(erasure))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(map_request(move |request: Request| ready(edge.admit(request))))
            .with_state(Arc::new(self))
    }

    fn about(&self, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<CustomerId, Refusal> {
        if !self.key.is_in(headers) {
            tracing::warn!(person.unauthorized = 1, "a request without the admin key");
            return Err(Refusal::Unauthorized);
        }
        let body = body.map_err(|_| Refusal::Malformed)?;
        let About { customer } = serde_json::from_slice(&body).map_err(|_| Refusal::Malformed)?;
        Ok(customer)
    }
}

type Shared = State<Arc<Person>>;

async fn exported(
    State(person): Shared,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = person.about(&headers, body)?;
    let document = export(&person.table, &id, person.clock.now()).await.map_err(|error| failed(&error))?;
    let document = document.ok_or(Refusal::Unknown)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(document)).into_response())
}

/// Acknowledged once the queue has it. Asking again is harmless.
async fn erase(
    State(person): Shared,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let customer = person.about(&headers, body)?;
    let task = EraseTask { customer, at: person.clock.now() };
    let at = task.at;
    person.erasures.send(&[task]).await.map_err(|error| failed(&error))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "state": Stage::Begun, "told_until": at }))).into_response())
}

async fn erasure(
    State(person): Shared,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = person.about(&headers, body)?;
    let found = person.table.erasure(&id).await.map_err(|error| failed(&error))?;
    let state = match found.map(|erasure| erasure.finished) {
        None => Stage::None,
        Some(None) => Stage::Begun,
        Some(Some(_)) => Stage::Erased,
    };
    Ok(Json(json!({ "state": state, "told_until": found.map(|erasure| erasure.until) })).into_response())
}

fn failed(error: &anyhow::Error) -> Refusal {
    tracing::error!(error = format!("{error:#}"), "a request about a person failed");
    Refusal::Unavailable
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Unauthorized => {
                let error = "the admin key is missing or wrong; send it as the user name of Basic authentication, with an empty password";
                let realm = [(header::WWW_AUTHENTICATE, "Basic realm=\"admin key\", charset=\"UTF-8\"")];
                return (StatusCode::UNAUTHORIZED, realm, Json(json!({ "error": error }))).into_response();
            }
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "the body does not read; write {\"userId\": \"…\"} and nothing else",
            ),
            Self::Unknown => (StatusCode::NOT_FOUND, "nothing is kept of this id"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "not done; send the same request again"),
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}
