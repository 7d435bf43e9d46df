//! People act: receipts and replies are posted, links followed, purchases made.

use std::collections::BTreeMap;

use domain::time::Timestamp;
use futures_util::StreamExt;
use futures_util::stream;
use providers::receipts::{ID_HEADER, Notice, ReceiptStatus, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::agenda::{Errand, Target};
use crate::chance::hash;
use crate::inbox::Channel;
use crate::people::Action;
use crate::sandbox::{Shared, State};
use crate::shop::{Purchase, PurchaseKind, Shop};

/// The most notices or events of one post.
const BATCH: usize = 100;
/// What people's browsers call themselves.
const BROWSER: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                       (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

/// Counts of what people did, once each however often it had to be tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleStats {
    /// Receipts that were taken.
    pub receipts: u64,
    /// Replies that were taken.
    pub replies: u64,
    /// E-mails opened.
    pub opens: u64,
    /// Links followed.
    pub clicks: u64,
    /// Carts that were taken.
    pub checkouts: u64,
    /// Purchases that were taken.
    pub purchases: u64,
    /// Their worth in yen.
    pub bought_yen: u64,
    /// Opens and clicks without a pixel or a link in the message.
    pub nothing_to_follow: u64,
    /// Carts and purchases of people whom the shop does not know.
    pub strangers: u64,
    /// Actions that failed and were put off.
    pub put_off: u64,
    /// Actions that failed too often.
    pub given_up: u64,
    /// Answers to opens and clicks, by HTTP status.
    pub fetched: BTreeMap<u16, u64>,
    /// Answers to posts of receipts, replies and events, by HTTP status.
    pub posted: BTreeMap<u16, u64>,
}

/// What one errand comes to.
enum Deed {
    Notice(Notice),
    Fetch(String),
    Shop(Purchase),
    Nothing,
}

/// One request, and the errands that hang on it.
struct Outcome {
    errands: Vec<Errand>,
    done: bool,
    status: Option<StatusCode>,
}

pub(crate) async fn act(shared: &Shared, now: Timestamp) -> usize {
    let (mut notices, mut fetches, mut purchases) = (Vec::new(), Vec::new(), Vec::new());
    let actions = {
        let mut state = shared.state();
        let due = in_order(shared.options.seed, &mut state, now);
        for errand in &due {
            match deed(shared.options.seed, &state, errand) {
                Deed::Notice(notice) => notices.push((*errand, notice)),
                Deed::Fetch(url) => fetches.push((*errand, url)),
                Deed::Shop(purchase) => purchases.push((*errand, purchase)),
                Deed::Nothing => {
                    state.people.nothing_to_follow += 1;
                    finish(&mut state, *errand);
                }
            }
        }
        due.len()
    };
    let concurrency = shared.options.concurrency;
    let posts = notices.chunks(BATCH).map(|batch| post_notices(shared, batch));
    settle(shared, now, stream::iter(posts).buffered(concurrency).collect().await);
    let fetches = fetches.iter().map(|(errand, url)| fetch(shared, *errand, url));
    settle(shared, now, stream::iter(fetches).buffered(concurrency).collect().await);
    let outcomes = match &shared.options.shop {
        Shop::Nothing => Vec::new(),
        Shop::Sink(sink) => {
            let calls = purchases.into_iter().map(async |(errand, purchase)| Outcome {
                errands: vec![errand],
                done: sink(purchase).await,
                status: None,
            });
            stream::iter(calls).buffered(concurrency).collect().await
        }
        Shop::Ingest { write_key, user_ids } => {
            let known = known(shared, purchases, user_ids);
            let posts = known.chunks(BATCH).map(|batch| post_events(shared, write_key, batch));
            stream::iter(posts).buffered(concurrency).collect().await
        }
    };
    settle(shared, now, outcomes);
    actions
}

/// What is due, by time, reference and action, or in a seeded disorder.
fn in_order(seed: u64, state: &mut State, now: Timestamp) -> Vec<Errand> {
    let mut due = state.agenda.take_due(now);
    let inbox = &state.inbox;
    if state.faults.receipts_shuffled {
        due.sort_by_cached_key(|errand| (hash(seed, &["order", inbox.reference(errand.index)]), *errand));
    } else {
        due.sort_by_cached_key(|errand| (errand.due, inbox.reference(errand.index).to_owned(), *errand));
    }
    due
}

fn deed(seed: u64, state: &State, errand: &Errand) -> Deed {
    let inbox = &state.inbox;
    let channel = inbox.channel(errand.index);
    let reference = inbox.reference(errand.index).to_owned();
    let receipt = |status| {
        let (parts, price_yen) = inbox.parts(errand.index);
        let reference = reference.clone();
        Deed::Notice(Notice::Receipt {
            reference,
            status,
            at: errand.at,
            parts: Some(parts),
            price_yen: Some(price_yen),
        })
    };
    let purchase = |kind, amount_yen, spontaneous| {
        Deed::Shop(Purchase {
            address: inbox.to(errand.index).to_owned(),
            channel,
            order_id: Purchase::order_id(seed, channel, &reference, spontaneous),
            reference: reference.clone(),
            kind,
            at: errand.at,
            amount_yen,
        })
    };
    let follow = |target| match state.agenda.target(errand.index, target) {
        Some(url) => Deed::Fetch(url.to_owned()),
        None => Deed::Nothing,
    };
    match errand.action {
        Action::Delivered => receipt(ReceiptStatus::Delivered),
        Action::Undelivered => receipt(ReceiptStatus::Undelivered { reason: "absent".to_owned() }),
        Action::Bounced { permanent } => receipt(ReceiptStatus::Bounced { permanent }),
        Action::Open => follow(Target::Pixel),
        Action::Click => follow(Target::Link),
        Action::StartCheckout { amount_yen } => purchase(PurchaseKind::CheckoutStarted, amount_yen, false),
        Action::Buy { amount_yen, spontaneous } => purchase(PurchaseKind::Bought, amount_yen, spontaneous),
        Action::Reply(words) => {
            let id = format!("reply-{:016x}", hash(seed, &["reply", channel.name(), &reference]));
            Deed::Notice(match channel {
                Channel::Email => Notice::EmailReply { reference, at: errand.at, id },
                Channel::Sms => Notice::Reply {
                    from: inbox.to(errand.index).to_owned(),
                    to_reference: Some(reference),
                    text: words.text().to_owned(),
                    at: errand.at,
                    id,
                },
            })
        }
    }
}

/// The id is of the content, so that the same post again carries the same id, as Standard Webhooks asks.
async fn post_notices(shared: &Shared, batch: &[(Errand, Notice)]) -> Outcome {
    let errands = batch.iter().map(|(errand, _)| *errand).collect();
    let notices: Vec<&Notice> = batch.iter().map(|(_, notice)| notice).collect();
    let body = serde_json::to_string(&notices).unwrap_or_default();
    let id = format!("msg_{:016x}", hash(shared.options.seed, &["post", &body]));
    let signed_at = Timestamp::from_seconds((shared.options.clock)().div_euclid(1000));
    let signature = sign(&shared.options.secret, &id, signed_at, body.as_bytes());
    let request = shared
        .client
        .post(format!("{}/callbacks/sandbox", shared.options.callback_url))
        .header(CONTENT_TYPE, "application/json")
        .header(ID_HEADER, id)
        .header(TIMESTAMP_HEADER, signed_at.seconds())
        .header(SIGNATURE_HEADER, signature)
        .body(body);
    post(request, errands).await
}

async fn post_events(shared: &Shared, write_key: &str, batch: &[(Errand, Purchase, String)]) -> Outcome {
    let errands = batch.iter().map(|(errand, ..)| *errand).collect();
    let events: Vec<_> = batch.iter().map(|(_, purchase, user_id)| purchase.track(user_id)).collect();
    let request = shared
        .client
        .post(format!("{}/v1/batch", shared.options.callback_url))
        .basic_auth(write_key, Some(""))
        .json(&json!({ "batch": events }));
    post(request, errands).await
}

async fn post(request: RequestBuilder, errands: Vec<Errand>) -> Outcome {
    let status = request.send().await.ok().map(|response| response.status());
    Outcome { errands, done: status.is_some_and(|status| status.is_success()), status }
}

/// A person looks once; only when nothing came back do they look again.
async fn fetch(shared: &Shared, errand: Errand, url: &str) -> Outcome {
    let response = shared.client.get(url).header(USER_AGENT, BROWSER).send().await.ok();
    let status = response.map(|response| response.status());
    let done = status.is_some_and(|status| !status.is_server_error());
    Outcome { errands: vec![errand], done, status }
}

fn known(
    shared: &Shared,
    purchases: Vec<(Errand, Purchase)>,
    user_ids: &crate::shop::UserIds,
) -> Vec<(Errand, Purchase, String)> {
    let mut known = Vec::new();
    for (errand, purchase) in purchases {
        match user_ids(&purchase.address) {
            Some(user_id) => known.push((errand, purchase, user_id)),
            None => shared.state().people.strangers += 1,
        }
    }
    known
}

/// Counts what was done, and puts off what failed.
fn settle(shared: &Shared, now: Timestamp, outcomes: Vec<Outcome>) {
    let mut guard = shared.state();
    let state = &mut *guard;
    for outcome in outcomes {
        let fetched =
            outcome.errands.iter().any(|errand| matches!(errand.action, Action::Open | Action::Click));
        if let Some(status) = outcome.status {
            let statuses = if fetched { &mut state.people.fetched } else { &mut state.people.posted };
            *statuses.entry(status.as_u16()).or_default() += 1;
        }
        for errand in outcome.errands {
            let again = if outcome.done { None } else { errand.again(now) };
            match again {
                Some(errand) => {
                    state.people.put_off += 1;
                    state.agenda.push(errand);
                }
                None if outcome.done => state.people.count(errand.action),
                None => state.people.given_up += 1,
            }
            if again.is_none() {
                finish(state, errand);
            }
        }
    }
}

/// Lets go of what was kept for the errand.
fn finish(state: &mut State, errand: Errand) {
    match errand.action {
        Action::Open => state.agenda.forget_target(errand.index, Target::Pixel),
        Action::Click => state.agenda.forget_target(errand.index, Target::Link),
        Action::Delivered | Action::Undelivered | Action::Bounced { .. } | Action::Reply(_) => {}
        Action::StartCheckout { .. } | Action::Buy { .. } => return,
    }
    state.inbox.acted(errand.index);
}

impl PeopleStats {
    fn count(&mut self, action: Action) {
        match action {
            Action::Delivered | Action::Undelivered | Action::Bounced { .. } => self.receipts += 1,
            Action::Reply(_) => self.replies += 1,
            Action::Open => self.opens += 1,
            Action::Click => self.clicks += 1,
            Action::StartCheckout { .. } => self.checkouts += 1,
            Action::Buy { amount_yen, .. } => {
                self.purchases += 1;
                self.bought_yen += u64::from(amount_yen);
            }
        }
    }
}
