//! Logs: at most 1 KB a message, and nothing in them by which a person can be known.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once};

use anyhow::{Result, ensure};
use cloud::telemetry;
use sandbox::Faults;
use serde_json::Value;
use tests::codes;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};
use tracing_subscriber::fmt::MakeWriter;

use crate::campaign::{GROUP, GROUPS, START, check, live};
use crate::killer::lock;

/// The budget.
const BYTES_PER_MESSAGE: usize = 1024;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    static LINES: Lines = Lines::default();
}

/// Writes to the lines of the thread that logs: other tests of this process log on theirs.
struct OfThisThread;

impl MakeWriter<'_> for OfThisThread {
    type Writer = Lines;
    fn make_writer(&self) -> Lines {
        LINES.with(Clone::clone)
    }
}

static SUBSCRIBED: Once = Once::new();

/// Begins anew with the lines of this thread, which is where a shop lives.
fn listen() -> Lines {
    SUBSCRIBED.call_once(|| {
        // Whoever else subscribes in this process comes too late, and its logs are not looked at.
        let _ = tracing::subscriber::set_global_default(telemetry::lines("info", OfThisThread));
    });
    let lines = LINES.with(Clone::clone);
    lock(&lines.0).clear();
    lines
}

/// What the functions log in a campaign, and how many messages it sent.
fn logged(provider: Faults) -> Result<(String, usize)> {
    let lines = listen();
    let messages = alone(async {
        let mut shop = Shop::open(Opening { provider, ..Opening::at(START) }).await?;
        // Bad input is logged as well.
        let bad = serde_json::json!({ "type": "identify", "userId": "9", "traits": { "phone": "090-9876-5432-1" } });
        ensure!(shop.stack.ingest(&[bad]).await?["accepted"] == 0, "a broken number was taken");
        live(&mut shop).await?;
        check(&shop).await?;
        Ok(shop.accepted()?.len())
    })?;
    let text = String::from_utf8(lock(&lines.0).clone())?;
    ensure!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "a line is no JSON");
    Ok((text, messages))
}

fn is_anonymous(log: &str) -> Result<()> {
    for someone in (0..GROUPS * GROUP).map(Someone::number) {
        let telling = [&someone.phone, &someone.phone[1..], &someone.name, &someone.email];
        for telling in telling {
            ensure!(!log.contains(telling), "{telling} is in the log");
        }
    }
    for telling in
        ["98765432", "9876-5432", "つなぎ花子", "お元気ですか", "停止はSTOP返信", "@example.jp", "+8190"]
    {
        ensure!(!log.contains(telling), "{telling} is in the log");
    }
    Ok(())
}

#[test]
fn a_campaign_logs_little_and_names_nobody() -> Result<()> {
    let (log, messages) = logged(Faults::default())?;
    println!("{} bytes of log a message", log.len() / messages);
    ensure!(log.len() <= BYTES_PER_MESSAGE * messages, "{} bytes for {messages} messages", log.len());
    ensure!(log.contains("customers are due"), "nothing was logged");
    is_anonymous(&log)
}

#[test]
fn what_goes_wrong_names_nobody() -> Result<()> {
    let faults = Faults { unavailable: 0.2, throttled: 0.2, refused: 0.2, cut_off: 0.2, ..Faults::default() };
    let (log, messages) = logged(faults)?;
    println!("{} bytes of log a message when the provider fails", log.len() / messages);
    ensure!(log.contains("\"WARN\""), "nothing was logged");
    is_anonymous(&log)
}

#[test]
fn one_time_codes_name_nobody() -> Result<()> {
    let lines = listen();
    let mut secrets = Vec::new();
    alone(async {
        let faults =
            Faults { unavailable: 0.2, throttled: 0.2, refused: 0.2, cut_off: 0.2, ..Faults::default() };
        let mut shop = Shop::open(Opening { provider: faults, ..Opening::at(START) }).await?;
        shop.apply(&["shop: { time_zone: Asia/Tokyo, codes: { limits: { prefix_per_hour: 1000 } } }"])
            .await?;
        for number in 0..20 {
            // Each asks six times, which is once too often; every other by a link.
            let shape = if number % 2 == 0 { "code" } else { "link" };
            let body = serde_json::json!({
                "to": Someone::number(number).phone, "shape": shape, "ip": format!("192.0.2.{number}"), "domain": "example.jp",
            });
            for _ in 0..6 {
                let answer = codes::post(&shop, "/v1/verifications", &body).await?;
                let id = answer.json()?["id"].as_str().unwrap_or_default().to_owned();
                shop.settle().await?;
                secrets.extend(codes::code(&shop, &id));
                codes::check(&shop, &id, Some("１２３４５６")).await?;
            }
            codes::post(&shop, "/v1/verifications", &serde_json::json!({ "to": "090-9876-5432-1" })).await?;
            shop.pass(60).await?;
        }
        Ok(())
    })?;
    let log = String::from_utf8(lock(&lines.0).clone())?;
    ensure!(log.contains("verify.limited") && log.contains("\"WARN\""), "nothing was logged");
    ensure!(secrets.len() > 5, "{} codes", secrets.len());
    for telling in secrets.iter().map(String::as_str).chain(["123456", "192.0.2.", "認証コード", "/v/"])
    {
        ensure!(
            !log.contains(&format!("\"{telling}")) && !log.contains(&format!(" {telling}")),
            "{telling} is in the log"
        );
    }
    is_anonymous(&log)
}
