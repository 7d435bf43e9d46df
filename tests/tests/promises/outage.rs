//! A provider that is down for an hour: nothing is lost, repeated or sent at night, and it is hardly asked meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use anyhow::{Context, Result, ensure};
use domain::time::Timestamp;
use sandbox::{Faults, Hook, Phase, Sandbox};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

/// Monday, 2 March 2026, 17:30 in Japan: two and a half hours before marketing stops.
const EVENING: Timestamp = Timestamp::from_seconds(1_772_440_200);

const HOUR: i64 = 3_600;

const SHOP: &str = "shop: { time_zone: Asia/Tokyo }";

const JOURNEY: &str = "journey:
  name: notice
  purpose: marketing
  enter: { event: Asked }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }}よりご案内です 停止はSTOP返信\" }
";

/// People ask while the provider answers every request with a status; an hour later it works again. It gets so many requests at
/// most.
async fn hour_of(status: u16, people: u32, most: usize) -> Result<()> {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let count: Hook = Arc::new(move |phase, _| {
        counted.fetch_add(usize::from(phase == Phase::BeforeAccept), Ordering::Relaxed);
        false
    });
    let provider = Faults { down: status, ..Faults::default() };
    let mut shop = Shop::open(Opening { provider, on_request: Some(count), ..Opening::at(EVENING) }).await?;
    shop.apply(&[SHOP, JOURNEY]).await?;
    ask(&shop, people).await?;
    shop.pass(HOUR).await?;
    ensure!(shop.accepted()?.is_empty(), "it was down");
    shop.sandbox()?.set_faults(Faults::default())?;
    shop.pass(30 * HOUR).await?;
    let requests = requests.load(Ordering::Relaxed);
    println!("{people} people, {status} for an hour: {requests} requests");
    all_were_told(&shop, people).await?;
    ensure!(requests <= most, "{requests} requests for {people} people");
    Ok(())
}

async fn ask(shop: &Shop, people: u32) -> Result<()> {
    for chunk in (0..people).collect::<Vec<_>>().chunks(500) {
        let now = shop.clock.now();
        let calls = chunk.iter().map(|number| Someone::willing(*number)).flat_map(|someone| {
            [someone.identify(now), someone.event("Asked", "1", now, &serde_json::json!({}))]
        });
        shop.take(&calls.collect::<Vec<_>>()).await?;
        shop.settle().await?;
    }
    Ok(())
}

/// Everyone got one message, between nine and eight.
async fn all_were_told(shop: &Shop, people: u32) -> Result<()> {
    let accepted = shop.accepted()?;
    let to: BTreeSet<&str> = accepted.iter().map(|entry| entry.to.as_str()).collect();
    ensure!(accepted.len() == people as usize && to.len() == accepted.len(), "{} accepted", accepted.len());
    let report = shop.report("notice").await?;
    ensure!(report.is_complete() && report.total.sent == u64::from(people), "{report:?}");
    for entry in &accepted {
        // Japan has no summer time.
        let hour = (entry.accepted_at.div_euclid(1_000) + 9 * HOUR).rem_euclid(24 * HOUR) / HOUR;
        ensure!((9..20).contains(&hour), "one was accepted at {hour}:00");
    }
    ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
    Ok(())
}

#[test]
fn an_hour_of_too_many_requests() -> Result<()> {
    alone(hour_of(429, 1_500, 1_800))
}

#[test]
fn an_hour_of_failures() -> Result<()> {
    alone(hour_of(503, 1_500, 1_800))
}

/// Too few calls to tell how the account is: each message is tried again by minutes.
#[test]
fn an_hour_of_a_small_shop() -> Result<()> {
    alone(hour_of(429, 5, 70))?;
    alone(hour_of(503, 5, 70))
}

#[test]
#[ignore = "long: a campaign of ten thousand, twice"]
fn an_hour_of_a_campaign_of_ten_thousand() -> Result<()> {
    alone(hour_of(429, 10_000, 12_000))?;
    alone(hour_of(500, 10_000, 12_000))
}

/// Of an hour's requests six in ten fail, one this way and one that, in no order: no message is repeated or lost without a word, and the account
/// is left alone for most of the time.
#[test]
fn an_hour_in_which_most_requests_fail() -> Result<()> {
    const PEOPLE: u32 = 1_500;
    alone(async {
        let (requests, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let provider: Arc<OnceLock<Weak<Sandbox>>> = Arc::default();
        let (counted, healed, failing) = (Arc::clone(&requests), Arc::clone(&over), Arc::clone(&provider));
        let fail: Hook = Arc::new(move |phase, _| {
            if phase == Phase::BeforeAccept {
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let drawn = number.wrapping_mul(2_654_435_761) >> 7;
                let fails = !healed.load(Ordering::Relaxed) && drawn % 10 < 6;
                let down = if fails { [429, 503][drawn / 10 % 2] } else { 0 };
                if let Some(sandbox) = failing.get().and_then(Weak::upgrade) {
                    let _ = sandbox.set_faults(Faults { down, ..Faults::default() });
                }
            }
            false
        });
        let mut shop = Shop::open(Opening { on_request: Some(fail), ..Opening::at(EVENING) }).await?;
        ensure!(provider.set(Arc::downgrade(shop.sandbox()?)).is_ok(), "one shop a hook");
        shop.apply(&[SHOP, JOURNEY]).await?;
        ask(&shop, PEOPLE).await?;
        shop.pass(HOUR).await?;
        let (asked, accepted) = (requests.load(Ordering::Relaxed), shop.accepted()?.len());
        over.store(true, Ordering::Relaxed);
        shop.sandbox()?.set_faults(Faults::default())?;
        shop.pass(30 * HOUR).await?;
        let all = requests.load(Ordering::Relaxed);
        println!(
            "{PEOPLE} people, six in ten failed for an hour: {asked} requests then, {accepted} accepted; {all} in all"
        );
        let told = shop.accepted()?;
        let to: BTreeSet<&str> = told.iter().map(|entry| entry.to.as_str()).collect();
        ensure!(to.len() == told.len(), "someone was told twice");
        let report = shop.report("notice").await?;
        ensure!(report.is_complete() && shop.dead_letters().await?.is_empty(), "{report:?}");
        ensure!(told.len() == PEOPLE as usize, "{} accepted", told.len());
        ensure!(all <= PEOPLE as usize * 6 / 5, "{all} requests for {PEOPLE} people");
        Ok(())
    })
}

/// With a second account, a campaign goes through it while the first can't be reached.
#[test]
fn a_second_account_takes_over() -> Result<()> {
    const PEOPLE: u32 = 300;
    alone(async {
        let mut shop = Shop::open(Opening::at(EVENING)).await?;
        let backup = shop.sandbox()?.url();
        let providers = format!(
            "providers:
  accounts:
    main: {{ provider: sandbox, url: \"http://127.0.0.1:1\" }}
    backup: {{ provider: sandbox, url: \"{backup}\" }}
  routes:
    - {{ channel: sms, to: {{ main: 1 }}, then: [backup] }}
"
        );
        shop.apply(&[SHOP, JOURNEY, &providers]).await?;
        ask(&shop, PEOPLE).await?;
        all_were_told(&shop, PEOPLE).await?;
        let code = shop.accepted()?.first().context("a message")?.reference.clone();
        let message = shop.table.message(&domain::message::Code::parse(&code).context("a code")?).await?;
        let account = message.and_then(|message| message.account).context("the account is written down")?;
        ensure!(account.as_str() == "backup", "{account}");
        shop.pass(HOUR).await
    })
}
