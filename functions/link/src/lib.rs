//! `link`: short links, the picture that tells of opening, the page to opt out, and the form for an e-mail address. Links
//! need the table only: a click that can't be told to the inbox still leads where it should.

mod form;
mod pages;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::inbox::Inbox;
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::messages::MessageItem;
use cloud::table::people::Stopped;
use domain::input::Input;
use domain::message::Code;
use tokio::time::timeout;

use self::form::Typed;
use self::visit::{By, location, named};

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
    inbox: Queue,
    clock: Clock,
    sender_name: String,
}

impl Link {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        Ok(Self {
            table: Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?,
            inbox: Queue::new(aws_sdk_sqs::Client::new(config), vars.required("INBOX_QUEUE_URL")?),
            clock,
            sender_name: vars.required("SENDER_NAME")?,
        })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
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
                .post(|State(link): State<Arc<Self>>, code: Named<String>| async move {
                    link.optout(&named(code)).await
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
            .fallback(|State(link): State<Arc<Self>>| async move { link.gone() })
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

    /// The page changes nothing: what fetches links ahead must not opt anyone out.
    async fn optout_page(&self, code: &str) -> Response {
        match self.find(code).await {
            Ok(Some(message)) => pages::optout(&self.sender_name, message.channel).into_response(),
            Ok(None) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }

    /// Acknowledged only once the address is suppressed; the customer's own document follows through the inbox.
    async fn optout(&self, code: &str) -> Response {
        let message = match self.find(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        let at = self.clock.now();
        if let Err(error) = self
            .table
            .suppress(message.channel, &message.to, Stopped::Marketing, "opted out on the page", at)
            .await
        {
            return self.busy(&error);
        }
        let news = Inbox::new(message.customer, vec![Input::OptOut { channel: message.channel, at }]);
        if let Err(error) = self.inbox.send(&[news]).await {
            return self.busy(&error);
        }
        pages::opted_out(&self.sender_name, message.channel).into_response()
    }

    /// Tells the inbox what was done, within a limit: nobody is kept waiting for a queue.
    async fn tell(&self, news: Inbox) {
        let sent = timeout(TELLING, self.inbox.send(&[news])).await;
        if let Err(error) = sent.map_err(anyhow::Error::from).flatten() {
            tracing::error!(error = format!("{error:#}"), "the inbox did not take what a person did");
        }
    }

    fn gone(&self) -> Response {
        (StatusCode::NOT_FOUND, pages::gone(&self.sender_name)).into_response()
    }

    fn busy(&self, error: &anyhow::Error) -> Response {
        tracing::error!(error = format!("{error:#}"), "the table did not answer");
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], pages::busy(&self.sender_name))
            .into_response()
    }
}
