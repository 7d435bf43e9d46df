//! `link`: short links, the picture that tells of opening, the pages to opt out, to choose and to confirm, and the form for an
//! e-mail address. Links and all that people say of consent need the table only: a click that can't be told to the inbox
//! still leads where it should, and who opts out has opted out.

mod confirm;
mod form;
mod guesses;
mod number;
mod optout;
mod pages;
mod visit;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_request, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cloud::clock::Clock;
use cloud::config::{ConfigError, Vars};
use cloud::definitions::Cache;
use cloud::edge::Edge;
use cloud::inbox::Inbox;
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::messages::MessageItem;
use domain::input::Input;
use domain::message::{Code, CodeKey};
use tokio::time::timeout;

use self::form::Typed;
use self::guesses::Guesses;
use self::pages::Shop;
use self::visit::{By, Origin, location, named};

/// A transparent picture of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// How long a person waits for the inbox at most: long enough for the client to try again, and well below the function's
/// time-out.
const TELLING: Duration = Duration::from_secs(3);

/// What a path names, if it reads.
type Named<T> = Result<Path<T>, PathRejection>;

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Link {
    table: Table,
    definitions: Cache,
    inbox: Queue,
    clock: Clock,
    shop: Shop,
    edge: Edge,
}

impl Link {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?;
        Ok(Self {
            definitions: Cache::new(table.clone(), clock.clone(), CodeKey::none()),
            table,
            inbox: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("INBOX_QUEUE_URL")?),
            clock,
            shop: shop(vars)?,
            edge: Edge::from_vars(vars),
        })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
        let edge = self.edge.clone();
        Router::new()
            .route(
                "/l/{code}",
                get(|State(link): State<Arc<Self>>, by: By, code: Named<String>| async move {
                    link.click(&named(code), 0, by).await
                }),
            )
            .route(
                "/l/{code}/{link}",
                get(|State(link): State<Arc<Self>>, by: By, path: Named<(String, String)>| async move {
                    let (code, index) = named(path);
                    match index.parse() {
                        Ok(index) => link.click(&code, index, by).await,
                        Err(_) => link.gone(),
                    }
                }),
            )
            .route(
                "/p/{file}",
                get(|State(link): State<Arc<Self>>, by: By, file: Named<String>| async move {
                    link.open(&named(file), by).await
                }),
            )
            .route(
                "/o/{code}",
                get(|State(link): State<Arc<Self>>, code: Named<String>| async move {
                    link.optout_page(&named(code)).await
                })
                .post(
                    |State(link): State<Arc<Self>>,
                     code: Named<String>,
                     origin: Origin,
                     body: Result<Bytes, BytesRejection>| async move {
                        link.optout(&named(code), &origin, body).await
                    },
                )
                .layer(DefaultBodyLimit::max(form::BODY_LIMIT)),
            )
            .route(
                "/o/{code}/preferences",
                post(
                    |State(link): State<Arc<Self>>, code: Named<String>, origin: Origin, typed: Typed| async move {
                        link.prefer(&named(code), &origin, typed).await
                    },
                )
                .layer(DefaultBodyLimit::max(form::BODY_LIMIT)),
            )
            .route(
                "/c/{code}",
                get(|State(link): State<Arc<Self>>, code: Named<String>| async move {
                    link.confirm_page(&named(code)).await
                })
                .post(|State(link): State<Arc<Self>>, code: Named<String>, origin: Origin| async move {
                    link.confirm(&named(code), &origin).await
                }),
            )
            .route(
                "/f/{code}",
                get(|State(link): State<Arc<Self>>, code: Named<String>| async move {
                    link.email_form(&named(code)).await
                })
                .post(|State(link): State<Arc<Self>>, code: Named<String>, typed: Typed| async move {
                    link.take_email(&named(code), typed).await
                })
                .layer(DefaultBodyLimit::max(form::BODY_LIMIT)),
            )
            .route(
                "/v/{token}",
                get(|State(link): State<Arc<Self>>, token: Named<String>| async move {
                    link.number_page(&named(token)).await
                })
                .post(|State(link): State<Arc<Self>>, token: Named<String>| async move {
                    link.confirm_number(&named(token)).await
                }),
            )
            .fallback(|State(link): State<Arc<Self>>| async move { link.gone() })
            .layer(from_fn_with_state(Guesses::new(self.clock.clone()), guesses::stop))
            .layer(map_response(pages::guarded))
            .layer(map_request(move |request: Request| ready(edge.admit(request))))
            .with_state(Arc::new(self))
    }

    async fn find(&self, code: &str) -> Result<Option<MessageItem>> {
        let Some(code) = Code::parse(code) else { return Ok(None) };
        let found = self.table.message(&code).await?;
        Ok(found.filter(|message| message.expires > self.clock.now()))
    }

    async fn click(&self, code: &str, index: usize, by: By) -> Response {
        let message = match self.find(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        let Some(target) = message.links.get(index).and_then(|url| location(url)) else {
            return self.gone();
        };
        let at = self.clock.now();
        let by = by.visitor(message.claimed_at, at);
        let click = Input::Click { code: message.code, link: index, by, at };
        self.tell(Inbox::new(message.customer, vec![click])).await;
        let headers =
            [(header::LOCATION, target), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (StatusCode::FOUND, headers).into_response()
    }

    /// The picture is the same whether the code is known or not. A program that fetches it ahead opens nothing.
    async fn open(&self, file: &str, by: By) -> Response {
        let code = file.strip_suffix(".gif").filter(|_| !by.ahead).unwrap_or_default();
        match self.find(code).await {
            Ok(Some(message)) => {
                let opened = Input::Open { code: message.code, at: self.clock.now() };
                self.tell(Inbox::new(message.customer, vec![opened])).await;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(error = format!("{error:#}"), "an opening was not counted"),
        }
        ([(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store")], PIXEL).into_response()
    }

    /// Tells the inbox what was done, within a limit: nobody is kept waiting for a queue. Whether it took it.
    async fn tell(&self, news: Inbox) -> bool {
        let sent = timeout(TELLING, self.inbox.send(&[news])).await;
        let sent = sent.map_err(anyhow::Error::from).flatten();
        if let Err(error) = &sent {
            tracing::error!(error = format!("{error:#}"), "the inbox did not take what a person did");
        }
        sent.is_ok()
    }

    fn gone(&self) -> Response {
        (StatusCode::NOT_FOUND, pages::gone(&self.shop)).into_response()
    }

    fn busy(&self, error: &anyhow::Error) -> Response {
        tracing::error!(error = format!("{error:#}"), "the table did not answer");
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], pages::busy(&self.shop))
            .into_response()
    }
}

/// Who sends. In production the law's particulars must be there; on a laptop they may be missing.
fn shop(vars: &Vars) -> Result<Shop, ConfigError> {
    let production = vars.get("STAGE").as_deref() == Some("production");
    let particular = |name: &'static str| {
        if production { vars.required(name).map(Some) } else { Ok(vars.get(name)) }
    };
    Ok(Shop {
        name: vars.required("SENDER_NAME")?,
        address: particular("SENDER_ADDRESS")?,
        contact: particular("SENDER_CONTACT")?,
    })
}
