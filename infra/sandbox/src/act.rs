//! People act: receipts and replies are posted, links followed, purchases made.

use domain::tariff::Price;
use domain::time::Timestamp;
use futures_util::StreamExt;
use futures_util::stream;
use providers::receipts::{LineDid, Notice, ReceiptStatus};

use crate::agenda::{Errand, Target};
use crate::calls::{self, Outcome};
use crate::chance::hash;
use crate::listing::Channel;
use crate::people::Action;
use crate::sandbox::{Shared, State};
use crate::shop::{Purchase, PurchaseKind, Shop, UserIds};

/// The most notices or events of one post.
const BATCH: usize = 100;
/// How many actions are enough for one round, to bound what is held in memory for them.
const ROUND: usize = 2000;

/// What one errand comes to.
enum Deed {
    Notice(Notice),
    Fetch(String),
    Shop(Purchase),
    Nothing,
}

pub(crate) async fn act(shared: &Shared, now: Timestamp) -> usize {
    let mut actions = 0;
    loop {
        match round(shared, now).await {
            0 => return actions,
            done => actions += done,
        }
    }
}

async fn round(shared: &Shared, now: Timestamp) -> usize {
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
    let posts = batches(notices).into_iter().map(|batch| calls::post_notices(shared, batch));
    settle(shared, now, stream::iter(posts).buffered(concurrency).collect().await);
    let fetches = fetches.into_iter().map(|(errand, url)| calls::fetch(shared, errand, url));
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
            let known = batches(known(shared, purchases, user_ids));
            let posts = known.into_iter().map(|batch| calls::post_events(shared, write_key, batch));
            stream::iter(posts).buffered(concurrency).collect().await
        }
    };
    settle(shared, now, outcomes);
    actions
}

/// What is due, by time, reference and action, or in a seeded disorder.
fn in_order(seed: u64, state: &mut State, now: Timestamp) -> Vec<Errand> {
    let mut due = state.agenda.take_due(now, ROUND);
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
            price: Price::of_yen(price_yen),
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
        Action::Scan => follow(Target::Scanned),
        Action::Open => follow(Target::Pixel),
        Action::Click => follow(Target::Link),
        Action::StartCheckout { amount_yen } => purchase(PurchaseKind::CheckoutStarted, amount_yen, false),
        Action::Buy { amount_yen, spontaneous } => purchase(PurchaseKind::Bought, amount_yen, spontaneous),
        Action::Reply(words) => {
            let id = format!("reply-{:016x}", hash(seed, &["reply", channel.name(), &reference]));
            Deed::Notice(match channel {
                Channel::Email => {
                    Notice::EmailReply { reference, text: Some(words.text().to_owned()), at: errand.at, id }
                }
                Channel::Sms => Notice::Reply {
                    from: inbox.to(errand.index).to_owned(),
                    to_reference: Some(reference),
                    text: words.text().to_owned(),
                    at: errand.at,
                    id,
                },
                Channel::Line => Notice::Line {
                    user: inbox.to(errand.index).to_owned(),
                    did: LineDid::Wrote(words.text().to_owned()),
                    at: errand.at,
                    id,
                },
            })
        }
    }
}

fn batches<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut items = items.into_iter();
    let mut batches = Vec::new();
    loop {
        let batch: Vec<T> = items.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return batches;
        }
        batches.push(batch);
    }
}

fn known(
    shared: &Shared,
    purchases: Vec<(Errand, Purchase)>,
    user_ids: &UserIds,
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
        let fetched = outcome
            .errands
            .iter()
            .any(|errand| matches!(errand.action, Action::Scan | Action::Open | Action::Click));
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
        Action::Scan => state.agenda.forget_target(errand.index, Target::Scanned),
        Action::Open => state.agenda.forget_target(errand.index, Target::Pixel),
        Action::Click => state.agenda.forget_target(errand.index, Target::Link),
        Action::Delivered | Action::Undelivered | Action::Bounced { .. } | Action::Reply(_) => {}
        Action::StartCheckout { .. } | Action::Buy { .. } => return,
    }
    state.inbox.acted(errand.index);
}
