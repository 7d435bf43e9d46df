//! `ingest`: customers and events over HTTP, in the form of Segment's HTTP tracking API
//! (<https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/>).
//!
//! Two calls are ours: `enroll` begins a journey for a customer, and `remove` takes the customer out of it.
//!
//! It differs where Segment keeps silent: a call that can't be used is reported with its index, its field and what would
//! be right, and nothing is acknowledged before the queue has it.

mod consent;
mod parse;
mod refusal;
mod request;
mod track;
mod traits;
mod value;

use std::future::ready;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use axum::{Json, Router, body::Bytes};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::edge::Edge;
use cloud::inbox;
use cloud::queue::Queue;
use cloud::write_key::WriteKey;
use serde::Serialize;
use serde_json::Value;

pub use crate::parse::{Rejection, parse};
use crate::refusal::Refusal;
use crate::request::BODY_LIMIT;

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Ingest {
    inbox: Queue,
    key: WriteKey,
    clock: Clock,
    edge: Edge,
}

/// The answer to calls that were read.
#[derive(Debug, Serialize)]
struct Accepted {
    /// Calls that the inbox has.
    accepted: usize,
    /// Calls that were left out.
    rejected: Vec<Rejected>,
}

/// A call that was left out.
#[derive(Debug, Serialize)]
struct Rejected {
    /// Its place in the batch, from 0.
    index: usize,
    #[serde(flatten)]
    why: Rejection,
}

impl Ingest {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        Ok(Self {
            inbox: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("INBOX_QUEUE_URL")?),
            key: WriteKey::new(&vars.required("WRITE_KEY")?),
            clock,
            edge: Edge::from_vars(vars),
        })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
        let edge = self.edge.clone();
        Router::new()
            .route("/v1/batch", calls(request::batch))
            .route("/v1/identify", calls(|body| request::one("identify", body)))
            .route("/v1/track", calls(|body| request::one("track", body)))
            .route("/v1/enroll", calls(|body| request::one("enroll", body)))
            .route("/v1/remove", calls(|body| request::one("remove", body)))
            .fallback(async || Refusal::NoRoute)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(map_request(move |request: Request| ready(edge.admit(request))))
            .with_state(Arc::new(self))
    }

    /// Acknowledged only once the queue has every call that could be read. Sending the same again is harmless.
    async fn take(&self, items: &[Value]) -> Result<Response, Refusal> {
        let now = self.clock.now();
        let (mut calls, mut rejected) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            match parse(item, now) {
                Ok(call) => calls.push(call),
                Err(why) => rejected.push(Rejected { index, why }),
            }
        }
        let accepted = calls.len();
        let sent = match inbox::together(calls) {
            Ok(inboxes) => self.inbox.send(&inboxes).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = sent {
            tracing::error!(
                ingest.deferred = accepted,
                error = format!("{error:#}"),
                "the inbox did not take calls"
            );
            return Err(Refusal::Unavailable);
        }
        if !rejected.is_empty() {
            tracing::warn!(
                ingest.accepted = accepted,
                ingest.rejected = rejected.len(),
                "calls were left out"
            );
        }
        let nothing = accepted == 0 && !rejected.is_empty();
        let status = if nothing { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED };
        Ok((status, Json(Accepted { accepted, rejected })).into_response())
    }
}

/// A route whose body `read` turns into calls.
fn calls<F>(read: F) -> MethodRouter<Arc<Ingest>>
where
    F: Fn(&[u8]) -> Result<Vec<Value>, Refusal> + Clone + Send + Sync + 'static,
{
    let answer = async move |State(ingest): State<Arc<Ingest>>,
                             headers: HeaderMap,
                             body: Result<Bytes, BytesRejection>| {
        request::authorize(&ingest.key, &headers)?;
        let body = request::body(&headers, body)?;
        ingest.take(&read(&body)?).await
    };
    post(answer).fallback(async || Refusal::NotPost)
}

#[cfg(test)]
mod tests;
