//! `verify`: a shop's server asks for a one-time code to a mobile number, and whether what a person typed is that code.
//!
//! Whoever asks learns nothing from answers or their time: not whether anybody knows a number, nor why a code was refused.
//! What a number is known for (that it does not exist, say) is looked up when the SMS is sent, by `send-code`.

mod refusal;
mod request;

use std::future::ready;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::middleware::map_request;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use cloud::caller;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::definitions::{Cache, code_key};
use cloud::edge::Edge;
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::write_key::WriteKey;
use domain::contact::{Channel, Phone};
use domain::definitions::Definitions;
use domain::message::CodeKey;
use domain::money::Yen;
use domain::routes::{Asking, RoutePurpose};
use domain::time::{MINUTE, Timestamp};
use domain::verification::{
    CodeTask, Count, Decision, Host, Id, LinkToken, OneTimeCode, Said, Stands, TRIES, Taken, Verification,
    counts, decide, is_code, say,
};
use serde_json::json;

use crate::refusal::Refusal;
use crate::request::{BODY_LIMIT, Check, Start};

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Verify {
    table: Table,
    definitions: Cache,
    codes: Queue,
    clock: Clock,
    write_key: WriteKey,
    key: CodeKey,
    link_base: String,
    /// The shop's name in messages.
    sender: String,
    edge: Edge,
}

impl Verify {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?;
        let key = code_key(vars)?;
        Ok(Self {
            definitions: Cache::new(table.clone(), clock.clone(), CodeKey::none()),
            table,
            codes: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("CODES_QUEUE_URL")?),
            clock,
            write_key: WriteKey::new(&vars.required("WRITE_KEY")?),
            key,
            link_base: vars.required("LINK_BASE_URL")?.trim_end_matches('/').to_owned(),
            sender: vars.required("SENDER_NAME")?,
            edge: Edge::from_vars(vars),
        })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
        let edge = self.edge.clone();
        Router::new()
            .route("/v1/verifications", post(start).fallback(async || Refusal::NotPost))
            .route("/v1/verifications/check", post(check).fallback(async || Refusal::NotPost))
            .fallback(async || Refusal::NoRoute)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(map_request(move |request: Request| ready(edge.admit(request))))
            .with_state(Arc::new(self))
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.write_key.is_known(headers) {
            return Ok(());
        }
        tracing::warn!(verify.unauthorized = 1, "a request without the write key");
        Err(Refusal::Unauthorized)
    }

    /// Acknowledged once the queue has it. What stops it stops it before anything is sent or paid for.
    async fn start(&self, start: Start, from: IpAddr) -> Result<Response, Refusal> {
        let now = self.clock.now();
        let unavailable = |error: anyhow::Error| Refusal::unavailable(&error);
        let definitions = self.definitions.at_least(0).await.map_err(unavailable)?;
        let codes = &definitions.shop.codes;
        if !codes.serves(&start.to) {
            return Err(Refusal::Country);
        }
        let id = new_id().map_err(unavailable)?;
        let mut verification = Verification {
            host: start.host.or_else(|| codes.domain.as_deref().and_then(|host| Host::parse(host).ok())),
            shape: start.shape,
            locale: start.locale,
            stands: Stands::Pending,
            tries_left: TRIES,
            expires_at: now.plus(i64::from(codes.valid_minutes) * MINUTE),
            minutes: codes.valid_minutes,
            taken: Taken { day: String::new(), yen: Yen::ZERO },
            id,
        };
        verification.taken.yen = self.price(&verification, &start.to, &definitions, now);
        let counts = counts(
            (&start.to, from),
            &codes.limits,
            &self.key,
            verification.taken.yen,
            (now, &definitions.zone),
        );
        self.take(&counts, now).await?;
        let [.., yen] = &counts;
        verification.taken.day.clone_from(&yen.window);
        self.table.begin_verification(&verification, &start.to).await.map_err(unavailable)?;
        let task = CodeTask { id: verification.id.clone() };
        self.codes.send(&[task]).await.map_err(unavailable)?;
        let (id, expires_at) = (verification.id.as_str(), verification.expires_at.to_string());
        let body = Json(json!({ "id": id, "expires_at": expires_at }));
        Ok((StatusCode::ACCEPTED, body).into_response())
    }

    /// What the SMS will cost at most: every code and every link is as long as any other.
    fn price(
        &self,
        verification: &Verification,
        to: &Phone,
        definitions: &Definitions,
        now: Timestamp,
    ) -> Yen {
        let Verification { id, shape, locale, host, minutes, .. } = verification;
        let said = Said {
            code: &OneTimeCode::sample(),
            link: &LinkToken::derive(&self.key, id).address(&self.link_base),
            sender: &self.sender,
            minutes: *minutes,
            host: host.as_ref(),
        };
        let text = say(&definitions.shop.codes, *shape, *locale, &said);
        let asking = Asking {
            channel: Channel::Sms,
            purpose: RoutePurpose::OneTimeCode,
            to: to.as_str(),
            code: id.as_str(),
        };
        definitions.dearest(asking, &text, now)
    }

    /// Takes from every counter, or from none: what one stops is given back to those before it.
    async fn take(&self, counts: &[Count], now: Timestamp) -> Result<(), Refusal> {
        let unavailable = |error: anyhow::Error| Refusal::unavailable(&error);
        let refuse = |count: &Count| {
            tracing::warn!(verify.limited = count.limit.name(), "a limit of one-time codes is reached");
            Refusal::Limit { limit: count.limit, seconds: count.until.since(now).max(1) }
        };
        let used = self.table.used(counts).await.map_err(unavailable)?;
        if let Decision::Refused { limit, .. } = decide(counts, &used)
            && let Some(count) = counts.iter().find(|count| count.limit == limit)
        {
            return Err(refuse(count));
        }
        for (index, count) in counts.iter().enumerate() {
            if self.table.take(count).await.map_err(unavailable)? {
                continue;
            }
            for taken in &counts[..index] {
                self.table.give_back(taken).await.map_err(unavailable)?;
            }
            return Err(refuse(count));
        }
        Ok(())
    }

    /// Whether a code is right, or the button behind a link was pressed. Whatever is the matter, the answer is one of two,
    /// and the same requests are made for it.
    async fn check(&self, check: Check) -> Result<Response, Refusal> {
        let now = self.clock.now();
        let nobodys = || Id::from_random([0; 16]).ok_or(Refusal::Unavailable);
        let id = check.id.map_or_else(nobodys, Ok)?;
        let unavailable = |error: anyhow::Error| Refusal::unavailable(&error);
        let from = match &check.code {
            Some(typed) => {
                let sent = self.table.take_try(&id, now).await.map_err(unavailable)?;
                is_code(&self.key, &id, sent.as_ref(), typed).then_some(Stands::Pending)
            }
            None => Some(Stands::Confirmed),
        };
        let approved = self.table.approve(&id, from, now).await.map_err(unavailable)?;
        let status = if approved { "approved" } else { "refused" };
        Ok(Json(json!({ "status": status })).into_response())
    }
}

async fn start(
    State(verify): State<Arc<Verify>>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    verify.authorize(&headers)?;
    let start = Start::read(&readable(body)?)?;
    // All calls of which that is not known count as one caller's.
    let from = start.ip.or_else(|| caller::address(&extensions)).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    verify.start(start, from).await
}

async fn check(
    State(verify): State<Arc<Verify>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    verify.authorize(&headers)?;
    verify.check(Check::read(&readable(body)?)?).await
}

fn new_id() -> Result<Id> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system's random source: {error}"))?;
    Id::from_random(bytes).context("a name that is none")
}

fn readable(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|rejection| Refusal::Unreadable(rejection.status()))
}
