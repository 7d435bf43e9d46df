//! The functions as they run on this machine: the handlers that run on Lambda, built from the template's variables and
//! given events in Lambda's shapes.

use std::sync::Arc;

use advance::Advance;
use anyhow::{Context, Result, bail};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use callback::Callback;
use cloud::config::Vars;
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
use sending::Sender;
use serde_json::Value;
use tower::ServiceExt;
use verify::Verify;

use crate::region::Region;
use crate::template;

/// One function, started.
#[derive(Clone)]
pub enum Function {
    /// Steps customers.
    Advance(Arc<Advance>),
    /// Finds who is due.
    Schedule(Arc<Schedule>),
    /// Goes through all customers.
    Recompute(Arc<Recompute>),
    /// Sends SMS.
    SendSms(Arc<Sender<send_sms::Sms>>),
    /// Sends e-mail.
    SendEmail(Arc<Sender<send_email::Email>>),
    /// Sends by LINE.
    SendLine(Arc<Sender<send_line::Line>>),
    /// Sends one-time codes.
    SendCode(Arc<SendCode>),
    /// Tells the shop's own systems.
    SendWebhook(Arc<SendWebhook>),
    /// Takes what providers tell: over HTTP, from the bus, and later what it could not take at once.
    Callback(Arc<Callback>),
    /// Erases people.
    Erase(Arc<Erase>),
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
            "advance" => Advance::new(&config, &vars, clock).map(Arc::new).map(Self::Advance),
            "schedule" => Schedule::new(&config, &vars, clock).map(Arc::new).map(Self::Schedule),
            "recompute" => Recompute::new(&config, &vars, clock).map(Arc::new).map(Self::Recompute),
            "send-sms" => send_sms::wire(&config, &vars, clock).map(Arc::new).map(Self::SendSms),
            "send-email" => send_email::wire(&config, &vars, clock).map(Arc::new).map(Self::SendEmail),
            "send-line" => send_line::wire(&config, &vars, clock).map(Arc::new).map(Self::SendLine),
            "send-code" => SendCode::new(&config, &vars, clock).map(Arc::new).map(Self::SendCode),
            "send-webhook" => SendWebhook::new(&config, &vars, clock).map(Arc::new).map(Self::SendWebhook),
            "erase" => Erase::new(&config, &vars, clock).map(Arc::new).map(Self::Erase),
            "person" => Person::new(&config, &vars, clock).map(|function| Self::Http(function.router())),
            "ingest" => Ingest::new(&config, &vars, clock).map(|function| Self::Http(function.router())),
            "callback" => Callback::new(&config, &vars, clock).map(Arc::new).map(Self::Callback),
            "verify" => Verify::new(&config, &vars, clock).map(|function| Self::Http(function.router())),
            "link" => Link::new(&config, &vars, clock).map(|function| Self::Http(function.router())),
            _ => bail!("there is no function `{folder}`"),
        };
        started.with_context(|| format!("starting {} (functions/{folder})", declared.logical_id))
    }

    /// How many seconds after the end of its process what it asked of others may still be under way.
    pub const fn settle_seconds(&self) -> i64 {
        match self {
            Self::SendSms(_) | Self::SendEmail(_) | Self::SendLine(_) => sending::SETTLE_SECONDS,
            // A webhook that is sent twice is known by its id, and a code that was claimed is sent by nobody else.
            Self::Advance(_)
            | Self::Schedule(_)
            | Self::Recompute(_)
            | Self::SendCode(_)
            | Self::SendWebhook(_)
            | Self::Callback(_)
            | Self::Erase(_)
            | Self::Http(_) => 0,
        }
    }

    /// Invokes it with a batch from a queue.
    pub async fn batch(self, event: SqsEvent) -> Result<SqsBatchResponse> {
        Ok(match self {
            Self::Advance(function) => function.handle(event).await,
            Self::SendSms(function) => function.handle(event).await,
            Self::SendEmail(function) => function.handle(event).await,
            Self::SendLine(function) => function.handle(event).await,
            Self::SendCode(function) => function.handle(event).await,
            Self::SendWebhook(function) => function.handle(event).await,
            Self::Callback(function) => function.handle(event).await,
            Self::Erase(function) => function.handle(event).await,
            Self::Recompute(function) => {
                serde_json::from_value(function.handle(serde_json::to_value(event)?).await?)?
            }
            Self::Schedule(_) | Self::Http(_) => {
                bail!("a queue is tied to a function that takes no batches")
            }
        })
    }

    /// Invokes it with an event from the bus or the clock.
    pub async fn event(self, event: Value) -> Result<()> {
        match self {
            Self::Schedule(function) => function.handle().await.map(|_| ()),
            Self::Recompute(function) => function.handle(event).await.map(|_| ()),
            Self::Callback(function) => function.event(&event).await,
            Self::Advance(_)
            | Self::SendSms(_)
            | Self::SendEmail(_)
            | Self::SendLine(_)
            | Self::SendCode(_)
            | Self::SendWebhook(_)
            | Self::Erase(_)
            | Self::Http(_) => {
                bail!("an event is tied to a function that takes none")
            }
        }
    }

    /// Invokes it with an HTTP request as API Gateway hands it over: an event of payload format 2.0.
    pub async fn request(self, event: Value) -> Result<axum::response::Response> {
        let router = match self {
            Self::Http(router) => router,
            Self::Callback(function) => function.router(),
            Self::Advance(_)
            | Self::Schedule(_)
            | Self::Recompute(_)
            | Self::SendSms(_)
            | Self::SendEmail(_)
            | Self::SendLine(_)
            | Self::SendCode(_)
            | Self::SendWebhook(_)
            | Self::Erase(_) => bail!("a route is tied to a function that answers no HTTP"),
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
