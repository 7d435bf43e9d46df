//! The provider's HTTP API and its inbox.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use domain::contact::LineId;
use domain::message::LINE_LIMIT;
use serde::Deserialize;
use serde_json::json;

use crate::faults::{Fate, Faults};
use crate::inbox::{Acceptance, Incoming};
use crate::listing::{Channel, InboxQuery};
use crate::options::Phase;
use crate::page;
use crate::sandbox::Shared;

/// The longest SMS that Japanese business routes accept, in characters.
const MAX_SMS_CHARACTERS: usize = 660;
/// How many messages the page shows.
const PAGE_MESSAGES: u32 = 100;

type SharedState = State<Arc<Shared>>;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/sms/messages", post(post_sms).get(look_up_sms))
        .route("/email/messages", post(post_email).get(look_up_email))
        .route("/line/messages", post(post_line).get(look_up_line))
        .route(
            "/inbox",
            get(async |State(shared): SharedState, Query(query): Query<InboxQuery>| {
                Json(shared.state().inbox.list(&query))
            }),
        )
        .route("/inbox/stats", get(async |State(shared): SharedState| Json(shared.state().inbox.stats())))
        .route("/people/stats", get(async |State(shared): SharedState| Json(shared.state().people.clone())))
        .route("/faults", put(put_faults).get(async |State(shared): SharedState| Json(shared.state().faults)))
        .route("/", get(show))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "no_such_page"))
        .with_state(shared)
}

type Posted = Result<Json<Incoming>, JsonRejection>;

async fn post_sms(State(shared): SharedState, headers: HeaderMap, posted: Posted) -> Response {
    send(&shared, Channel::Sms, &headers, posted).await
}

async fn post_email(State(shared): SharedState, headers: HeaderMap, posted: Posted) -> Response {
    send(&shared, Channel::Email, &headers, posted).await
}

async fn post_line(State(shared): SharedState, headers: HeaderMap, posted: Posted) -> Response {
    send(&shared, Channel::Line, &headers, posted).await
}

async fn send(shared: &Shared, channel: Channel, headers: &HeaderMap, posted: Posted) -> Response {
    if !authorized(shared, channel, headers) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let Ok(Json(incoming)) = posted else { return refusal(StatusCode::BAD_REQUEST, "unreadable") };
    let reference = incoming.reference.clone();
    silence_if_asked(shared, Phase::BeforeAccept, &reference).await;
    pause(shared).await;
    if let Some(refused) = down(shared) {
        return refused;
    }
    let fate = shared.fate(channel, &reference);
    match fate {
        Fate::Unavailable { .. } => return refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Fate::Throttled { .. } => {
            return refusal(StatusCode::TOO_MANY_REQUESTS, "throttled");
        }
        Fate::Refused => return refusal(StatusCode::BAD_REQUEST, "refused"),
        Fate::Accepted | Fate::Misreported | Fate::Unanswered | Fate::CutOff => {}
    }
    if let Some(problem) = problem(channel, &incoming) {
        return refusal(StatusCode::BAD_REQUEST, problem);
    }
    let acceptance = match shared.accept(channel, incoming) {
        Ok(acceptance) => acceptance,
        Err(error) => {
            tracing::error!(error = %error, "the sandbox refuses a message that it cannot keep");
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "cannot_keep_it");
        }
    };
    silence_if_asked(shared, Phase::AfterAccept, &reference).await;
    match fate {
        Fate::Unanswered => std::future::pending().await,
        Fate::CutOff => cut_off(),
        Fate::Misreported => refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Fate::Accepted | Fate::Unavailable { .. } | Fate::Throttled { .. } | Fate::Refused => {
            (StatusCode::CREATED, Json(accepted(channel, &acceptance))).into_response()
        }
    }
}

#[derive(Deserialize)]
struct LookUpQuery {
    reference: String,
}

async fn look_up_sms(State(shared): SharedState, headers: HeaderMap, query: Query<LookUpQuery>) -> Response {
    look_up(&shared, Channel::Sms, &headers, &query).await
}

async fn look_up_email(
    State(shared): SharedState,
    headers: HeaderMap,
    query: Query<LookUpQuery>,
) -> Response {
    look_up(&shared, Channel::Email, &headers, &query).await
}

async fn look_up_line(State(shared): SharedState, headers: HeaderMap, query: Query<LookUpQuery>) -> Response {
    look_up(&shared, Channel::Line, &headers, &query).await
}

async fn look_up(shared: &Shared, channel: Channel, headers: &HeaderMap, query: &LookUpQuery) -> Response {
    if !authorized(shared, channel, headers) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    pause(shared).await;
    if let Some(refused) = down(shared) {
        return refused;
    }
    match shared.state().inbox.look_up(channel, &query.reference) {
        Some(entry) => {
            let price_yen = named(channel, entry.price_yen);
            let body =
                json!({ "id": entry.id, "parts": entry.parts, "price_yen": price_yen, "times": entry.times });
            Json(body).into_response()
        }
        None => refusal(StatusCode::NOT_FOUND, "not found"),
    }
}

async fn put_faults(State(shared): SharedState, posted: Result<Json<Faults>, JsonRejection>) -> Response {
    let result = match posted {
        Ok(Json(faults)) => shared.set_faults(faults).map_err(|error| error.to_string()),
        Err(rejection) => Err(rejection.body_text()),
    };
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => refusal(StatusCode::BAD_REQUEST, &problem),
    }
}

async fn show(State(shared): SharedState) -> Response {
    let (entries, stats) = {
        let state = shared.state();
        (state.inbox.latest(PAGE_MESSAGES), state.inbox.stats())
    };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page::inbox(&entries, stats).into_string())).into_response()
}

fn authorized(shared: &Shared, channel: Channel, headers: &HeaderMap) -> bool {
    let key = match channel {
        Channel::Sms => &shared.options.sms_key,
        Channel::Email => &shared.options.email_key,
        Channel::Line => &shared.options.line_key,
    };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")) == Some(key)
}

/// What a provider would refuse about a message.
fn problem(channel: Channel, incoming: &Incoming) -> Option<&'static str> {
    if incoming.reference.is_empty() {
        return Some("no_reference");
    }
    if incoming.text.is_empty() {
        return Some("no_text");
    }
    match channel {
        Channel::Sms => {
            let digits = incoming.to.strip_prefix('+').unwrap_or_default();
            let number = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            let too_long = incoming.text.chars().count() > MAX_SMS_CHARACTERS;
            if number { too_long.then_some("text_too_long") } else { Some("invalid_number") }
        }
        Channel::Email => {
            let parts = incoming.to.split_once('@');
            let address = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
            if address { incoming.from.is_none().then_some("no_sender") } else { Some("invalid_address") }
        }
        Channel::Line => {
            let too_long = incoming.text.encode_utf16().count() > LINE_LIMIT;
            match LineId::parse(&incoming.to) {
                Ok(_) => too_long.then_some("text_too_long"),
                Err(_) => Some("invalid_line_id"),
            }
        }
    }
}

async fn silence_if_asked(shared: &Shared, phase: Phase, reference: &str) {
    if shared.options.on_request.as_ref().is_some_and(|hook| hook(phase, reference)) {
        std::future::pending::<()>().await;
    }
}

/// The refusal of everything, while the provider is down.
fn down(shared: &Shared) -> Option<Response> {
    let status = shared.state().faults.down;
    let status = StatusCode::from_u16(status).ok().filter(|_| status > 0)?;
    Some(refusal(status, "down"))
}

async fn pause(shared: &Shared) {
    let latency_ms = shared.state().faults.latency_ms;
    if latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
}

fn accepted(channel: Channel, acceptance: &Acceptance) -> serde_json::Value {
    let price_yen = named(channel, acceptance.price_yen);
    json!({ "id": acceptance.id, "parts": acceptance.parts, "price_yen": price_yen })
}

/// A price, where the provider of a channel names one.
fn named(channel: Channel, price_yen: i64) -> Option<i64> {
    match channel {
        Channel::Sms | Channel::Email => Some(price_yen),
        Channel::Line => None,
    }
}

/// An acceptance whose body breaks off with the connection.
fn cut_off() -> Response {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let pieces = futures_util::stream::iter([Ok("{\"id\":"), Err(broken)]);
    (StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], Body::from_stream(pieces)).into_response()
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({ "error": problem }))).into_response()
}
