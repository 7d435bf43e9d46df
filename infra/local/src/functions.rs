//! The functions as they run on this machine: the handlers that run on Lambda, built from the template's variables and
//! given events in Lambda's shapes.

use std::sync::Arc;

use advance::Advance;
use anyhow::{Context, Result, bail};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use callback::Callback;
use cloud::config::Vars;
use cloud::lambda::{Batches, Events};
use erase::Erase;
use ingest::Ingest;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use link::Link;
use person::Person;
use recompute::Recompute;
use schedule::Schedule;
use send_code::SendCode;
use send_webhook::SendWebhook;
use serde_json::Value;
use tower::ServiceExt;
use verify::Verify;

use crate::region::Region;
use crate::template;

/// One function, started.
#[derive(Clone)]
pub enum Function {
    /// Sends messages.
    Sender(Batches),
    /// Takes batches of a queue.
    Batches(Batches),
    /// Takes events, or batches as events.
    Events(Events),
    /// Takes both events and HTTP.
    Callback(Events, Router),
    /// Answers HTTP.
    Http(Router),
}

impl Function {
    /// Starts the function in `functions/<folder>`, as its `main.rs` does on Lambda.
    pub fn start(folder: &str, declared: &template::Function, region: &Arc<Region>) -> Result<Self> {
        let mut variables = declared.environment.clone();
        // However many batches are under way here, one instance handles them all.
        if let Some(instances) = variables.get_mut("SEND_CONCURRENCY") {
            "1".clone_into(instances);
        }
        let vars = Vars::new(move |name| variables.get(name).cloned());
        let config = region.sdk_config(folder);
        let clock = region.clock().clone();
        let started = match folder {
            "advance" => Advance::new(&config, &vars, clock).map(|it| Self::Batches(it.batches())),
            "schedule" => Schedule::new(&config, &vars, clock).map(|it| Self::Events(it.events())),
            "recompute" => Recompute::new(&config, &vars, clock).map(|it| Self::Events(it.events())),
            "send-sms" => send_sms::wire(&config, &vars, clock).map(Self::Sender),
            "send-email" => send_email::wire(&config, &vars, clock).map(Self::Sender),
            "send-line" => send_line::wire(&config, &vars, clock).map(Self::Sender),
            "send-code" => SendCode::new(&config, &vars, clock).map(|it| Self::Batches(it.batches())),
            "send-webhook" => SendWebhook::new(&config, &vars, clock).map(|it| Self::Batches(it.batches())),
            "erase" => Erase::new(&config, &vars, clock).map(|it| Self::Batches(it.batches())),
            "person" => Person::new(&config, &vars, clock).map(|it| Self::Http(it.router())),
            "ingest" => Ingest::new(&config, &vars, clock).map(|it| Self::Http(it.router())),
            "callback" => Callback::new(&config, &vars, clock).map(Arc::new).map(|it| {
                let router = it.router();
                Self::Callback(it.invocations(), router)
            }),
            "verify" => Verify::new(&config, &vars, clock).map(|it| Self::Http(it.router())),
            "link" => Link::new(&config, &vars, clock).map(|it| Self::Http(it.router())),
            _ => bail!("there is no function `{folder}`"),
        };
        started.with_context(|| format!("starting {} (functions/{folder})", declared.logical_id))
    }

    /// How many seconds after the end of its process what it asked of others may still be under way.
    pub const fn settle_seconds(&self) -> i64 {
        match self {
            Self::Sender(_) => sending::SETTLE_SECONDS,
            // A webhook that is sent twice is known by its id, and a code that was claimed is sent by nobody else.
            Self::Batches(_) | Self::Events(_) | Self::Callback(..) | Self::Http(_) => 0,
        }
    }

    /// Invokes it with a batch from a queue.
    pub async fn batch(self, event: SqsEvent) -> Result<SqsBatchResponse> {
        Ok(match self {
            Self::Sender(function) | Self::Batches(function) => function(event).await,
            Self::Events(function) | Self::Callback(function, _) => {
                serde_json::from_value(function(serde_json::to_value(event)?).await?)?
            }
            Self::Http(_) => bail!("a queue is tied to a function that takes no batches"),
        })
    }

    /// Invokes it with an event from the bus or the clock.
    pub async fn event(self, event: Value) -> Result<()> {
        match self {
            Self::Events(function) | Self::Callback(function, _) => function(event).await.map(|_| ()),
            Self::Sender(_) | Self::Batches(_) | Self::Http(_) => {
                bail!("an event is tied to a function that takes none")
            }
        }
    }

    /// Invokes it with an HTTP request as API Gateway hands it over: an event of payload format 2.0.
    pub async fn request(self, event: Value) -> Result<axum::response::Response> {
        let router = match self {
            Self::Http(router) | Self::Callback(_, router) => router,
            Self::Sender(_) | Self::Batches(_) | Self::Events(_) => {
                bail!("a route is tied to a function that answers no HTTP")
            }
        };
        let event: LambdaRequest = serde_json::from_value(event).context("an HTTP event does not read")?;
        let request: Request = event.into();
        let request: http::Request<Body> = request;
        match router.oneshot(request.map(axum::body::Body::new)).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}
