//! The pace of a contract, kept by a whole sender: how far apart its calls are, and what becomes of messages whose turn is far.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cloud::config::Vars;
use domain::time::DAY;
use sandbox::{Hook, Phase};
use serde_json::json;
use tests::customers::Someone;
use tests::picture::everything;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING, ONE_SMS};

const QUEUE: &str = "SmsQueue";

/// A shop that has written to nobody yet, of people who lapsed and an account at the sandbox that takes so many messages a
/// second.
async fn shop(opening: Opening, people: u32, per_second: u32) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    let long_ago = MORNING.plus(-60 * DAY);
    let people = (0..people).map(Someone::willing);
    let calls = people.flat_map(|it| [it.identify(long_ago), it.order("first", long_ago, 3000)]);
    shop.take(&calls.collect::<Vec<_>>()).await?;
    shop.settle().await?;
    let url = shop.sandbox()?.url();
    let providers = format!(
        "providers:
  accounts: {{ main: {{ provider: sandbox, url: \"{url}\", per_second: {per_second} }} }}
  routes: [{{ channel: sms, to: {{ main: 1 }} }}]
"
    );
    let at_once = ONE_SMS.replacen("    - wait: 1d\n", "", 1);
    shop.apply(&[LAPSED, &at_once, &providers]).await?;
    Ok(shop)
}

/// Does all there is to do at this instant but to send.
async fn all_but_sending(shop: &Shop) -> Result<()> {
    let runtime = &shop.stack.runtime;
    loop {
        let mut worked = 0;
        for feed in runtime.feeds().iter().filter(|feed| feed.function != "send-sms") {
            worked += runtime.poll(feed).await?;
        }
        if worked == 0 {
            return Ok(());
        }
    }
}

/// Hands what waits to a new instance, one of so many that share the contract.
async fn an_instance_of(shop: &Shop, instances: u32) -> Result<()> {
    let (runtime, region) = (&shop.stack.runtime, shop.stack.runtime.region());
    let declared = runtime.template().functions.get("send-sms").context("the template has send-sms")?;
    let mut variables = declared.environment.clone();
    variables.insert("SEND_CONCURRENCY".to_owned(), instances.to_string());
    let vars = Vars::new(move |name| variables.get(name).cloned());
    let function = send_sms::wire(&region.sdk_config("send-sms"), &vars, region.clock().clone())?;
    let tasks = region.queues().receive(QUEUE, 10).await?;
    let records = tasks.iter().enumerate().map(|(index, task)| {
        json!({ "messageId": index.to_string(), "body": task.body, "attributes": {}, "messageAttributes": {} })
    });
    let event = json!({ "Records": records.collect::<Vec<_>>() });
    let answer = function(serde_json::from_value(event)?).await;
    ensure!(answer.batch_item_failures.is_empty(), "{answer:?}");
    region.queues().delete(QUEUE, tasks.into_iter().map(|task| task.receipt).collect()).await?;
    Ok(())
}

/// Half a second, as there is no other clock to wait by. No call comes before its turn, however slow the machine is.
#[test]
fn calls_are_as_far_apart_as_the_contract_wants() -> Result<()> {
    const PEOPLE: u32 = 20;
    const APART: Duration = Duration::from_millis(25);
    alone(async {
        let calls: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let seen = Arc::clone(&calls);
        let watch: Hook = Arc::new(move |phase, _| {
            if phase == Phase::BeforeAccept {
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            }
            false
        });
        let shop = shop(Opening { on_request: Some(watch), ..Opening::at(MORNING) }, PEOPLE, 40).await?;
        let began = Instant::now();
        shop.settle().await?;
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        calls.sort_unstable();
        ensure!(calls.len() == PEOPLE as usize, "{} calls", calls.len());
        for (before, at) in (0..).zip(&calls) {
            let after = at.duration_since(began);
            ensure!(after >= APART * before, "the call after {before} others came after {after:?}");
        }
        ensure!(shop.report("one-sms").await?.total.sent == u64::from(PEOPLE), "not all were sent");
        Ok(())
    })
}

/// One of twenty instances may call every twenty seconds: the others are put back, unclaimed, until then.
#[test]
fn whose_turn_is_far_goes_back_to_the_queue_and_is_sent_when_it_comes() -> Result<()> {
    alone(async {
        let shop = shop(Opening::at(MORNING), 3, 1).await?;
        all_but_sending(&shop).await?;
        let queues = shop.stack.runtime.region().queues();
        for sent in 1..=3_usize {
            an_instance_of(&shop, 20).await?;
            let accepted = shop.accepted()?;
            let to: BTreeSet<&str> = accepted.iter().map(|entry| entry.to.as_str()).collect();
            ensure!((accepted.len(), to.len()) == (sent, sent), "{sent}: {to:?}");
            let claimed = everything(&shop).await?.into_iter().filter(|item| item.contains("S(\"M#")).count();
            ensure!(claimed == sent, "{claimed} claims for {sent} messages");
            let waiting = queues.peek(QUEUE, 10).await?.len();
            ensure!(waiting == 3 - sent, "{waiting} wait after {sent}");
            ensure!(queues.receive(QUEUE, 10).await?.is_empty(), "they come before their turn");
            shop.clock.set(shop.clock.now().plus(21));
        }
        shop.settle().await?;
        let report = shop.report("one-sms").await?;
        ensure!(report.total.sent == 3 && report.is_complete(), "{report:?}");
        ensure!(shop.dead_letters().await?.is_empty() && shop.forbidden().is_empty());
        Ok(())
    })
}
