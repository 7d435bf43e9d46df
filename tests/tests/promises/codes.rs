//! One-time codes: a flood of requests sends no more than the limits allow, and a campaign delays none.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::time::HOUR;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use tests::codes::{ask, check, code, post, texts};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

/// Requests under way at once: a function has ten seconds, whatever else the machine does.
const AT_ONCE: usize = 40;

/// How many were taken, and how many each limit stopped, when so many ask at one instant.
async fn flood(
    shop: &Shop,
    requests: impl Iterator<Item = Value>,
) -> Result<(usize, BTreeMap<String, usize>)> {
    let answers =
        stream::iter(requests).map(|body| async move { post(shop, "/v1/verifications", &body).await });
    let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
    let (mut taken, mut limits) = (0, BTreeMap::new());
    for answer in answers {
        let answer = answer?;
        match answer.status.as_u16() {
            202 => taken += 1,
            429 => {
                let limit = answer.json()?["limit"].as_str().context("a limit")?.to_owned();
                *limits.entry(limit).or_default() += 1;
            }
            _ => anyhow::bail!("{answer:?}"),
        }
    }
    Ok((taken, limits))
}

/// A number and an address of which each is asked for once.
fn spread(number: u32) -> Value {
    json!({ "to": format!("090{:04}{:04}", 1_000 + number % 9_000, number / 9_000), "ip": format!("2001:db8:{number:x}::1") })
}

async fn shop_with(limits: &str) -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    shop.apply(&[&format!("shop: {{ time_zone: Asia/Tokyo, codes: {{ limits: {{ {limits} }} }} }}")]).await?;
    shop.settle().await?;
    Ok(shop)
}

const OFF: &str = "number_per_hour: 100000, address_per_hour: 100000, prefix_per_hour: 100000";

/// What the provider was sent, and what it charged.
fn sent(shop: &Shop) -> Result<(usize, i64)> {
    let accepted = shop.accepted()?;
    ensure!(accepted.iter().all(|entry| entry.times == 1), "one was sent twice");
    Ok((accepted.len(), accepted.iter().map(|entry| entry.price_yen).sum()))
}

#[test]
fn a_flood_of_ten_thousand_sends_what_the_limits_allow() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let begun = Instant::now();
        let (taken, limits) = flood(&shop, (0..10_000).map(spread)).await?;
        shop.settle().await?;
        println!(
            "10,000 requests at one instant in {:?}: {taken} taken, stopped by {limits:?}",
            begun.elapsed()
        );
        ensure!(taken == 60, "{taken} were taken");
        let (messages, yen) = sent(&shop)?;
        ensure!(messages == 60 && yen <= 5_000, "{messages} messages for {yen} yen");
        // Whoever was stopped by what others did has lost none of the codes to the own number.
        let mut shop = shop;
        shop.pass(60).await?;
        for _ in 0..5 {
            let id = ask(&shop, &spread(9_999)).await?;
            shop.settle().await?;
            ensure!(check(&shop, &id, Some(&code(&shop, &id)?)).await?, "it is the code");
        }
        Ok(())
    })
}

/// The request of a number.
type Request = fn(u32) -> Value;

/// Each limit alone, against a thousand at once that only it can stop; none is overrun by one, and none stops early.
#[test]
fn no_limit_is_overrun_by_requests_at_once() -> Result<()> {
    let one_number = |number: u32| json!({ "to": "090-1234-5678", "ip": format!("192.0.{}.{}", number / 250, number % 250) });
    let one_range = |number: u32| json!({ "to": format!("0901234{number:04}"), "ip": format!("192.0.{}.{}", number / 250, number % 250) });
    let one_address = |number: u32| {
        let mut body = spread(number);
        body["ip"] = "2001:db8::7".into();
        body
    };
    let cases: [(&str, Request, &str, usize); 5] = [
        ("number", one_number, "total_per_minute: 100000, yen_per_day: 1000000", 5),
        ("prefix", one_range, "total_per_minute: 100000, yen_per_day: 1000000", 50),
        ("address", one_address, "total_per_minute: 100000, yen_per_day: 1000000", 20),
        ("total", spread, "yen_per_day: 1000000", 60),
        ("yen", spread, "total_per_minute: 100000, yen_per_day: 95", 9),
    ];
    for (limit, request, others, most) in cases {
        alone(async {
            let shop = shop_with(others).await?;
            let (taken, limits) = flood(&shop, (0..1_000).map(request)).await?;
            shop.settle().await?;
            ensure!(limits.keys().collect::<Vec<_>>() == [limit], "{limit}: {limits:?}");
            // Of one number the latest is sent: the others have stopped counting by then.
            let sent = sent(&shop)?.0;
            let expected = if limit == "number" { 1 } else { taken };
            ensure!(taken <= most && sent == expected, "{limit}: {taken} were taken, {sent} sent");
            ensure!(taken == most, "{limit}: only {taken} were taken");
            Ok(())
        })?;
    }
    Ok(())
}

/// What a day costs is bounded whatever the hours bring; the next day begins anew.
#[test]
fn a_day_costs_no_more_than_its_yen() -> Result<()> {
    alone(async {
        let mut shop = shop_with(&format!("{OFF}, total_per_minute: 100000, yen_per_day: 200")).await?;
        for hour in 0..14 {
            flood(&shop, (0..10).map(|number| spread(100 * hour + number))).await?;
            shop.settle().await?;
            ensure!(sent(&shop)?.1 <= 200, "{:?}", sent(&shop)?);
            shop.pass(HOUR).await?;
        }
        let (messages, yen) = sent(&shop)?;
        ensure!(yen > 180, "{messages} messages for {yen} yen");
        // Midnight in Japan.
        shop.pass(HOUR).await?;
        let (taken, _) = flood(&shop, (5_000..5_010).map(spread)).await?;
        ensure!(taken == 10, "the next day is none: {taken}");
        Ok(())
    })
}

const CAMPAIGN: &str = "journey:
  name: campaign
  purpose: marketing
  enter: { event: Asked }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }}よりご案内です 停止はSTOP返信\" }
";

/// So many SMS wait in the queue of a campaign, all pollers run, and a code is asked for: how long it takes, and how many of
/// the campaign's messages left before it.
async fn code_behind(people: u32) -> Result<(Duration, usize)> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    shop.apply(&[CAMPAIGN]).await?;
    shop.settle().await?;
    for chunk in (0..people).collect::<Vec<_>>().chunks(500) {
        let calls = chunk.iter().map(|number| Someone::willing(*number)).flat_map(|someone| {
            [someone.identify(MORNING), someone.event("Asked", "1", MORNING, &json!({}))]
        });
        shop.take(&calls.collect::<Vec<_>>()).await?;
    }
    let runtime = &shop.stack.runtime;
    for feed in runtime.feeds().iter().filter(|feed| feed.function == "advance") {
        while runtime.poll(feed).await? > 0 {}
    }
    let waiting = runtime.region().queues().peek("SmsQueue", people as usize + 1).await?.len();
    ensure!(waiting == people as usize, "{waiting} wait");
    // A provider takes its time.
    shop.sandbox()?.set_faults(sandbox::Faults { latency_ms: 100, ..sandbox::Faults::default() })?;
    runtime.run_pollers();
    while shop.accepted()?.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (begun, before) = (Instant::now(), shop.accepted()?.len());
    let id = ask(&shop, &json!({ "to": "080-1234-5678" })).await?;
    while texts(&shop, &id)?.is_empty() {
        ensure!(begun.elapsed() < Duration::from_mins(1), "the code waits behind the campaign");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok((begun.elapsed(), shop.accepted()?.len() - before))
}

async fn a_code_overtakes(people: u32) -> Result<()> {
    let (took, before) = code_behind(people).await?;
    println!("a code behind {people} SMS: {took:?}, and {before} of them left meanwhile");
    ensure!(before < people as usize / 4, "{before} of {people} left first");
    Ok(())
}

#[test]
fn a_campaign_does_not_delay_a_code() -> Result<()> {
    alone(a_code_overtakes(1_000))
}

#[test]
#[ignore = "long: a campaign of ten thousand"]
fn a_campaign_of_ten_thousand_does_not_delay_a_code() -> Result<()> {
    alone(a_code_overtakes(10_000))
}
