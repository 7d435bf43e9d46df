//! `callback`: receipts, replies and bounces that providers post, and those that AWS puts on `EventBridge`'s default bus.

mod accounts;
mod codes;
mod invocation;
mod later;
mod notices;
mod repeated;
mod spending;

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::map_request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, RequestExt, Router, body::Bytes};
use cloud::caller;
use cloud::clock::Clock;
use cloud::concurrent;
use cloud::config::{ConfigError, Vars};
use cloud::definitions::Cache;
use cloud::edge::Edge;
use cloud::inbox;
use cloud::queue::Queue;
use cloud::table::Table;
use domain::chance::draw;
use domain::contact::Channel;
use domain::message::{Code, CodeKey};
use domain::replies::ReplyWords;
use domain::time::Timestamp;
use providers::aws_events;
use providers::post::Post;
use providers::receipts::{self, Notice, ReceiptError, Secret};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::accounts::Accounts;
use crate::notices::{Address, Again, Friendship, Known, Senders};
use crate::repeated::Posts;

/// The most bytes of one post.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Suppressions and look-ups under way at once.
const CONCURRENCY: usize = 16;

/// How long a post waits for the definitions in force; then the last ones do.
const READING: Duration = Duration::from_secs(1);

/// How long a post waits for the table; then what it says is put off. With the definitions before it and the queue after
/// it, a provider has its answer within 4.5 s: they wait for 5 s at least (絶対リーチ!SMS for 10, Twilio for 15).
const TAKING: Duration = Duration::from_secs(2);

/// How long a post waits for the queue of what is put off.
const QUEUEING: Duration = Duration::from_millis(1_500);

/// Seconds after which a provider may post again what we could not take.
const RETRY_SECONDS: &str = "5";

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Callback {
    table: Table,
    inbox: Queue,
    /// What could not be taken in time.
    later: Queue,
    dead_letters: Queue,
    posts: Posts,
    secret: Secret,
    accounts: Accounts,
    clock: Clock,
    edge: Edge,
}

/// What became of a post's notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    /// Notices that reached a customer.
    accepted: usize,
    /// Notices of messages or people that nobody here knows.
    unknown: usize,
}

impl Taken {
    /// Says so where something was of nobody here.
    fn tell(self) {
        if self.unknown > 0 {
            tracing::info!(
                callback.accepted = self.accepted,
                callback.unknown = self.unknown,
                "a post named unknown messages or people"
            );
        }
    }
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
        let sqs = aws_sdk_sqs::Client::new(config);
        let definitions = Cache::new(table.clone(), clock.clone(), CodeKey::none());
        Ok(Self {
            accounts: Accounts::new(definitions, vars)?,
            table,
            inbox: Queue::new(sqs.clone(), vars.required("INBOX_QUEUE_URL")?),
            later: Queue::new(sqs.clone(), vars.required("LATER_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            posts: Posts::default(),
            secret,
            clock,
            edge: Edge::from_vars(vars),
        })
    }

    /// The function's routes.
    pub fn router(self: &Arc<Self>) -> Router {
        let edge = self.edge.clone();
        Router::new()
            .route("/callbacks/{account}", any(receive))
            .route("/callbacks/{account}/{segment}", any(receive))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(map_request(move |request: Request| ready(edge.admit(request))))
            .with_state(Arc::clone(self))
    }

    /// Checks and reads a post to the account of a name; `sandbox` is the account of shops that define none.
    async fn read(&self, came: Came<'_>, now: Timestamp) -> Result<Posted> {
        let Came { account: name, post, query, from } = came;
        let definitions = self.accounts.definitions().await?;
        let words = definitions.shop.replies.clone();
        let Some(account) = self.accounts.named(name, &definitions)? else {
            let notices = receipts::parse(name, post.headers, post.body, &self.secret, now);
            return Ok(notices.map(|notices| (notices, words)));
        };
        if !account.takes(from) {
            return Ok(Err(ReceiptError::Forged));
        }
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{}{query}", account.url);
        let notices = account.provider.notices(&Post { url: &url, ..post }, now).await;
        Ok(notices.map(|notices| (notices, words)))
    }

    /// Takes an event of `EventBridge`. An error means that it is to come again: Lambda sees to that twice, and then keeps
    /// it with the dead letters.
    async fn event(&self, event: &Value) -> Result<()> {
        let now = self.clock.now();
        let notices = aws_events::from_bus(event, now).context("an event of AWS's")?;
        self.take(&notices, &ReplyWords::default(), now).await?.tell();
        Ok(())
    }

    /// Takes what a provider tells, once it is read and known to be the provider's. All of it can be taken again.
    async fn take(&self, notices: &[Notice], words: &ReplyWords, now: Timestamp) -> Result<Taken> {
        let codes: Vec<Code> = notices.iter().filter_map(notices::code).collect();
        let messages = self.table.messages(&codes).await?;
        let senders = notices.iter().filter_map(|notice| notices::sender(notice, &messages)).collect();
        let mut known = Known { senders: self.customers(senders).await?, messages, asked: BTreeMap::new() };
        self.suppress(notices, &known, words, now).await?;
        for again in notices.iter().filter_map(|notice| notices::again(notice, &known.messages, words)) {
            let asked = self.lift(&again, now).await?;
            known.asked.insert(again.id, asked);
        }
        let notices = &self.priced(notices, &known).await?;
        let inputs: Vec<_> =
            notices.iter().filter_map(|notice| notices::inputs(notice, &known, words, now)).collect();
        let accepted = inputs.len() + self.codes(notices, &known.messages, now).await?;
        let inputs = inputs
            .into_iter()
            .flat_map(|(customer, inputs)| inputs.into_iter().map(move |input| (customer.clone(), input)));
        self.inbox.send(&inbox::together(inputs.collect())?).await?;
        Ok(Taken { accepted, unknown: notices.len() - accepted })
    }

    /// The customers that numbers and LINE ids lead to.
    async fn customers(&self, senders: BTreeSet<Address>) -> Result<Senders> {
        let table = self.table.clone();
        let found = concurrent::map(CONCURRENCY, senders.into_iter().collect(), move |sender: Address| {
            let table = table.clone();
            async move { table.alias(sender.0, &sender.1).await.map(|customer| (sender, customer)) }
        });
        let mut customers = BTreeMap::new();
        for found in found.await {
            if let (sender, Some(customer)) = found?? {
                customers.insert(sender, customer);
            }
        }
        Ok(customers)
    }

    /// Finds out what messages did cost, and has the months of their accounts and journeys say so.
    async fn priced(&self, notices: &[Notice], known: &Known) -> Result<Vec<Notice>> {
        if known.messages.values().all(|message| message.account.is_none() && message.charge.is_none()) {
            return Ok(notices.to_vec());
        }
        let definitions = self.accounts.definitions().await?;
        let notices = spending::priced(notices, &known.messages, &definitions);
        let found = notices.iter().filter_map(|notice| spending::known(notice, &known.messages)).collect();
        let table = self.table.clone();
        let settled = concurrent::map(CONCURRENCY, found, move |found: spending::Cost| {
            let table = table.clone();
            async move { table.settle(&found.known()).await }
        });
        settled.await.into_iter().try_for_each(|result| result?)?;
        Ok(notices)
    }

    /// Suppresses every address that is to get nothing more; whom it belongs to is no matter.
    async fn suppress(
        &self,
        notices: &[Notice],
        known: &Known,
        words: &ReplyWords,
        now: Timestamp,
    ) -> Result<()> {
        let found = notices
            .iter()
            .filter_map(|notice| notices::suppression(notice, &known.messages, words))
            .collect();
        let table = self.table.clone();
        let written = concurrent::map(CONCURRENCY, found, move |found: notices::Suppression| {
            let table = table.clone();
            async move {
                let notices::Suppression { channel, address, stopped, why, at } = found;
                table.suppress(channel, &address, stopped, why, now.min(at)).await
            }
        });
        written.await.into_iter().try_for_each(|result| result?)?;
        // One after the other: a person may block, follow and block again within a post.
        for Friendship { user, blocked, at } in notices.iter().filter_map(|it| notices::friendship(it, now)) {
            if blocked {
                self.table.block(Channel::Line, user, at).await?;
            } else {
                self.table.unblock(Channel::Line, user, at).await?;
            }
        }
        Ok(())
    }

    /// Lets marketing go to an address again that opted out before it was asked for; returns when that was.
    async fn lift(&self, again: &Again, now: Timestamp) -> Result<Timestamp> {
        let Again { channel, address, id, at } = again;
        let reply = format!("{:08x}", draw(&[id, "reply"], u32::MAX));
        let asked = self.table.asked_again(*channel, address, &reply, now.min(*at)).await?;
        // What was said within the same second may have been said after it.
        self.table.lift(*channel, address, asked.plus(-1)).await?;
        Ok(asked)
    }
}

/// A post as it came.
#[derive(Clone, Copy, Debug)]
struct Came<'a> {
    account: &'a str,
    post: Post<'a>,
    query: Option<&'a str>,
    /// The address it came from.
    from: Option<IpAddr>,
}

/// What a post came to: notices and the words by which replies are read, or that it changes nothing.
type Posted = std::result::Result<(Vec<Notice>, ReplyWords), ReceiptError>;

async fn receive(
    State(callback): State<Arc<Callback>>,
    Path(path): Path<Vec<String>>,
    request: Request,
) -> Response {
    let from = caller::address(request.extensions());
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    let body = match request.extract::<Bytes, _>().await {
        Ok(body) => body,
        Err(rejection) => return unread(&rejection),
    };
    let now = callback.clock.now();
    let account = path.first().map(String::as_str).unwrap_or_default();
    let segment = path.get(1).map(String::as_str);
    let post = Post { method: &method, url: "", segment, headers: &headers, body: &body };
    let came = Came { account, post, query: uri.query(), from };
    let (notices, words) = match callback.read(came, now).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return refused(&error),
        Err(error) => return deferred(0, &error),
    };
    if callback.posts.repeats(account, uri.query(), &post) {
        tracing::info!(callback.repeated = 1, "a post came before");
    }
    let taken = timeout(TAKING, callback.take(&notices, &words, now)).await;
    match taken.context("taking a post").flatten() {
        Ok(taken) => {
            taken.tell();
            let Taken { accepted, unknown } = taken;
            answer(StatusCode::OK, json!({ "accepted": accepted, "unknown": unknown }))
        }
        Err(error) => callback.later(&notices, &words, now, &error).await,
    }
}

fn unread(rejection: &BytesRejection) -> Response {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let error = json!({ "error": format!("the post is too large; at most {BODY_LIMIT} bytes") });
        return answer(StatusCode::PAYLOAD_TOO_LARGE, error);
    }
    answer(StatusCode::BAD_REQUEST, json!({ "error": "the post could not be read" }))
}

impl Callback {
    /// Answers a post that could not be taken in time. Its notices are safe in a queue, if that takes them; an opt-out or a
    /// bounce is acknowledged all the same only once it is stored, because no message may leave after that.
    async fn later(
        &self,
        notices: &[Notice],
        words: &ReplyWords,
        now: Timestamp,
        trouble: &anyhow::Error,
    ) -> Response {
        let put_off = timeout(QUEUEING, self.put_off(notices, words, now)).await;
        if let Err(error) = put_off.context("putting a post off").flatten() {
            return deferred(notices.len(), &error);
        }
        if notices.iter().any(|notice| notices::suppresses(notice, words)) {
            return deferred(notices.len(), trouble);
        }
        tracing::warn!(
            callback.put_off = notices.len(),
            error = format!("{trouble:#}"),
            "a post is taken later"
        );
        answer(StatusCode::OK, json!({ "put_off": notices.len() }))
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
        ReceiptError::Later { reason } => deferred(0, &anyhow::anyhow!(*reason)),
    }
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests;
