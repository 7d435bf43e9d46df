//! `callback`: receipts, replies and bounces that providers post.

mod accounts;
mod notices;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router, body::Bytes};
use cloud::clock::Clock;
use cloud::concurrent;
use cloud::config::{ConfigError, Vars};
use cloud::definitions::Cache;
use cloud::inbox;
use cloud::queue::Queue;
use cloud::table::Table;
use domain::contact::Channel;
use domain::message::{Code, CodeKey};
use domain::names::CustomerId;
use domain::time::Timestamp;
use providers::post::Post;
use providers::receipts::{self, Notice, ReceiptError, Secret};
use serde_json::{Value, json};

use crate::accounts::Accounts;
use crate::notices::Known;

/// The most bytes of one post.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Suppressions and look-ups under way at once.
const CONCURRENCY: usize = 16;

/// Seconds after which a provider may post again what we could not take.
const RETRY_SECONDS: &str = "5";

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Callback {
    table: Table,
    inbox: Queue,
    secret: Secret,
    accounts: Accounts,
    clock: Clock,
}

/// What became of a post's notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    /// Notices that reached a customer.
    accepted: usize,
    /// Notices of messages or people that nobody here knows.
    unknown: usize,
}

impl Callback {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let secret = vars.required("CALLBACK_SECRET")?;
        let wrong = |error: receipts::SecretError| ConfigError {
            name: "CALLBACK_SECRET",
            what: format!("is {error}"),
        };
        let secret = Secret::parse(&secret).map_err(wrong)?;
        let table = Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?;
        let definitions = Cache::new(table.clone(), clock.clone(), CodeKey::none());
        Ok(Self {
            accounts: Accounts::new(definitions, vars)?,
            table,
            inbox: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("INBOX_QUEUE_URL")?),
            secret,
            clock,
        })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/callbacks/{account}", any(receive))
            .route("/callbacks/{account}/{segment}", any(receive))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(Arc::new(self))
    }

    /// Checks and reads a post to the account of a name; `sandbox` is the account of shops that define none.
    async fn read(&self, name: &str, post: Post<'_>, query: Option<&str>, now: Timestamp) -> Result<Posted> {
        let Some(account) = self.accounts.named(name).await? else {
            return Ok(receipts::parse(name, post.headers, post.body, &self.secret, now));
        };
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{}{query}", account.url);
        Ok(account.provider.notices(&Post { url: &url, ..post }, now))
    }

    /// Takes what a provider tells, once it is read and known to be the provider's. All of it can be taken again.
    async fn take(&self, notices: &[Notice], now: Timestamp) -> Result<Taken> {
        let codes: Vec<Code> = notices.iter().filter_map(notices::code).collect();
        let messages = self.table.messages(&codes).await?;
        let senders = notices.iter().filter_map(|notice| notices::sender(notice, &messages)).collect();
        let known = Known { senders: self.customers(senders).await?, messages };
        self.suppress(notices, &known, now).await?;
        let inputs: Vec<_> =
            notices.iter().filter_map(|notice| notices::input(notice, &known, now)).collect();
        let accepted = inputs.len();
        self.inbox.send(&inbox::together(inputs)?).await?;
        Ok(Taken { accepted, unknown: notices.len() - accepted })
    }

    /// The customers that numbers lead to.
    async fn customers(&self, numbers: BTreeSet<String>) -> Result<BTreeMap<String, CustomerId>> {
        let table = self.table.clone();
        let found = concurrent::map(CONCURRENCY, numbers.into_iter().collect(), move |number: String| {
            let table = table.clone();
            async move { table.alias(Channel::Sms, &number).await.map(|customer| (number, customer)) }
        });
        let mut customers = BTreeMap::new();
        for found in found.await {
            if let (number, Some(customer)) = found?? {
                customers.insert(number, customer);
            }
        }
        Ok(customers)
    }

    /// Suppresses every address that is to get nothing more; whom it belongs to is no matter.
    async fn suppress(&self, notices: &[Notice], known: &Known, now: Timestamp) -> Result<()> {
        let found =
            notices.iter().filter_map(|notice| notices::suppression(notice, &known.messages)).collect();
        let table = self.table.clone();
        let written = concurrent::map(CONCURRENCY, found, move |found: notices::Suppression| {
            let table = table.clone();
            async move { table.suppress(found.channel, &found.address, found.stopped, found.why, now).await }
        });
        written.await.into_iter().try_for_each(|result| result?)
    }
}

/// What a post came to: notices, or that it changes nothing.
type Posted = std::result::Result<Vec<Notice>, ReceiptError>;

async fn receive(
    State(callback): State<Arc<Callback>>,
    Path(path): Path<Vec<String>>,
    (method, uri): (Method, Uri),
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let error = json!({ "error": format!("the post is too large; at most {BODY_LIMIT} bytes") });
            return answer(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(_) => return answer(StatusCode::BAD_REQUEST, json!({ "error": "the post could not be read" })),
    };
    let now = callback.clock.now();
    let account = path.first().map(String::as_str).unwrap_or_default();
    let segment = path.get(1).map(String::as_str);
    let post = Post { method: &method, url: "", segment, headers: &headers, body: &body };
    let notices = match callback.read(account, post, uri.query(), now).await {
        Ok(Ok(notices)) => notices,
        Ok(Err(error)) => return refused(&error),
        Err(error) => return deferred(0, &error),
    };
    match callback.take(&notices, now).await {
        Ok(Taken { accepted, unknown }) => {
            if unknown > 0 {
                tracing::info!(
                    callback.accepted = accepted,
                    callback.unknown = unknown,
                    "a post named unknown messages or people"
                );
            }
            answer(StatusCode::OK, json!({ "accepted": accepted, "unknown": unknown }))
        }
        Err(error) => deferred(notices.len(), &error),
    }
}

/// The provider is to post the same again.
fn deferred(notices: usize, error: &anyhow::Error) -> Response {
    tracing::error!(callback.deferred = notices, error = format!("{error:#}"), "a post was not taken");
    let body = Json(json!({ "error": "not taken; post the same again" }));
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_SECONDS)], body).into_response()
}

/// Who forges a post learns nothing from the answer.
fn refused(error: &ReceiptError) -> Response {
    match error {
        ReceiptError::Forged => {
            tracing::warn!(callback.forged = 1, "a post was not the provider's");
            answer(StatusCode::FORBIDDEN, json!({}))
        }
        ReceiptError::Stale => {
            tracing::warn!(callback.stale = 1, "a post was signed too long ago or ahead");
            answer(StatusCode::FORBIDDEN, json!({}))
        }
        ReceiptError::Malformed { place } => {
            tracing::warn!(callback.malformed = 1, callback.place = place, "a post could not be read");
            answer(StatusCode::BAD_REQUEST, json!({ "error": error.to_string(), "place": place }))
        }
    }
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests;
