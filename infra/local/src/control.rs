//! What commands in other processes ask of an installation that is up, with its write key.

use std::sync::Arc;

use ::recompute::DefinitionApplied;
use anyhow::Result;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::runtime::Runtime;
use crate::{dead_letters, definitions, runs};

/// Takes the number of the definitions that were applied.
pub const DEFINITION_APPLIED: &str = "/_local/definition-applied";

/// Answers the dead letters; a post sends them back.
pub const DEAD_LETTERS: &str = "/_local/dead-letters";

/// A post begins a recomputation, unless one is under way, and answers which.
pub const RECOMPUTE: &str = "/_local/recompute";

/// The routes.
pub fn routes(runtime: &Arc<Runtime>, write_key: &str) -> Router {
    let expected: Arc<str> = format!("Basic {}", STANDARD.encode(format!("{write_key}:"))).into();
    let with_key = move |request: Request, next: Next| {
        let expected = Arc::clone(&expected);
        async move {
            match request.headers().get("authorization") {
                Some(given) if given.as_bytes() == expected.as_bytes() => next.run(request).await,
                _ => StatusCode::UNAUTHORIZED.into_response(),
            }
        }
    };
    Router::new()
        .route(DEFINITION_APPLIED, post(applied))
        .route(DEAD_LETTERS, get(list).post(redrive))
        .route(RECOMPUTE, post(recompute))
        .route_layer(middleware::from_fn(with_key))
        .with_state(Arc::clone(runtime))
}

async fn applied(State(runtime): State<Arc<Runtime>>, Json(applied): Json<DefinitionApplied>) -> Response {
    answer(definitions::announce(&runtime, applied.number).await.map(|()| StatusCode::NO_CONTENT))
}

async fn list(State(runtime): State<Arc<Runtime>>) -> Response {
    answer(dead_letters::list(runtime.region().queues()).await.map(Json).map_err(Into::into))
}

async fn redrive(State(runtime): State<Arc<Runtime>>) -> Response {
    answer(dead_letters::redrive(runtime.region().queues()).await.map(Json).map_err(Into::into))
}

async fn recompute(State(runtime): State<Arc<Runtime>>) -> Response {
    answer(runs::ask(&runtime).await.map(Json))
}

fn answer(outcome: Result<impl IntoResponse>) -> Response {
    outcome.map_or_else(
        |error| {
            tracing::error!(error = format!("{error:#}"), "a command's request failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        },
        IntoResponse::into_response,
    )
}
