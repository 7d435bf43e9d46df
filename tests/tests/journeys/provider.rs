//! The boundary to the provider: killed before it accepts, killed after, and timed out after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use anyhow::{Context, Result, ensure};
use domain::contact::Channel;
use local::runtime::Runtime;
use sandbox::{Faults, Hook, Phase};
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::picture::{Picture, differences};
use tests::shop::{Opening, Shop, alone};

use crate::campaign::{DEFINITIONS, START, answer, begin, check, live};
use crate::killer::lock;

/// What the provider accepted in the campaign without faults, by reference.
type References = BTreeMap<String, Channel>;

fn undisturbed() -> Result<(Picture, References)> {
    alone(async {
        let mut shop = Shop::open(Opening::at(START)).await?;
        live(&mut shop).await?;
        Ok((check(&shop).await?, references(&shop)?))
    })
}

fn references(shop: &Shop) -> Result<References> {
    Ok(shop.accepted()?.into_iter().map(|entry| (entry.reference, entry.channel)).collect())
}

#[test]
fn killed_before_and_after_every_acceptance() -> Result<()> {
    let (baseline, references) = undisturbed()?;
    for phase in [Phase::BeforeAccept, Phase::AfterAccept] {
        let killed = Arc::new(Mutex::new(BTreeSet::new()));
        let runtime = Arc::new(OnceLock::new());
        let hook = hook(phase, &references, &killed, &runtime);
        alone(async {
            let mut shop = Shop::open(Opening { on_request: Some(hook), ..Opening::at(START) }).await?;
            ensure!(runtime.set(Arc::downgrade(&shop.stack.runtime)).is_ok(), "one shop a hook");
            live(&mut shop).await?;
            let different = differences(&baseline, &check(&shop).await?);
            ensure!(different.is_empty(), "{phase:?}: {}", different.join("\n"));
            Ok(())
        })?;
        let killed = lock(&killed);
        ensure!(killed.iter().eq(references.keys()), "{phase:?}: {} of {}", killed.len(), references.len());
        println!("{phase:?}: {} requests were fatal", killed.len());
    }
    Ok(())
}

/// Ends the sender at the first request for each message.
fn hook(
    fatal: Phase,
    references: &References,
    killed: &Arc<Mutex<BTreeSet<String>>>,
    runtime: &Arc<OnceLock<Weak<Runtime>>>,
) -> Hook {
    let (references, killed, runtime) = (references.clone(), Arc::clone(killed), Arc::clone(runtime));
    Arc::new(move |phase, reference| {
        if phase != fatal || !lock(&killed).insert(reference.to_owned()) {
            return false;
        }
        let function = match references.get(reference) {
            Some(Channel::Sms) => "send-sms",
            Some(Channel::Email) => "send-email",
            Some(Channel::Line) => "send-line",
            None => return false,
        };
        if let Some(runtime) = runtime.get().and_then(Weak::upgrade) {
            runtime.region().kill_switch(function).fire();
        }
        true
    })
}

/// Every SMS is accepted and the answer lost, and no receipt comes: it is unknown, never sent again, and only it is;
/// a click proves that it arrived.
#[test]
fn timed_out_after_acceptance() -> Result<()> {
    let (baseline, references) = undisturbed()?;
    let expected: Picture = baseline.into_iter().map(|(key, value)| without_answer(key, value)).collect();
    alone(async {
        let provider = Faults { cut_off: 1.0, receipts_never: 1.0, ..Faults::default() };
        let mut shop = Shop::open(Opening { provider, ..Opening::at(START) }).await?;
        begin(&mut shop).await?;
        shop.sandbox()?.set_faults(Faults::default())?;
        answer(&mut shop).await?;
        let different = differences(&expected, &check(&shop).await?);
        ensure!(different.is_empty(), "{}", different.join("\n"));
        ensure!(self::references(&shop)? == references, "other messages were accepted");
        let report = shop.report("win-back").await?;
        let hello = report.steps.first().context("the SMS")?;
        ensure!(hello.unknown > 0 && hello.figures.delivered == 0 && report.unknown > 0, "{report:?}");
        println!("{} unknown, {} proved by a click", hello.unknown, hello.figures.sent);
        Ok(())
    })
}

/// An item of the picture when no SMS was answered for.
fn without_answer(key: String, mut value: Value) -> (String, Value) {
    if key.starts_with("M ") && key.contains(" sms ") && value == "accepted" {
        value = json!("unknown");
    }
    if let Some(messages) = value.get_mut("messages").and_then(Value::as_array_mut) {
        for message in messages.iter_mut().filter(|it| it[1] == "sms" && it[2] == "delivered") {
            message[2] = if message[5] == true { json!("accepted") } else { json!("unknown") };
            (message[3], message[4]) = (Value::Null, Value::Null);
        }
    }
    (key, value)
}

/// An answer that was lost, and a receipt that says so: nothing stays unknown.
#[test]
fn receipts_settle_what_timed_out() -> Result<()> {
    let (baseline, references) = undisturbed()?;
    alone(async {
        let provider = Faults { cut_off: 1.0, ..Faults::default() };
        let mut shop = Shop::open(Opening { provider, ..Opening::at(START) }).await?;
        live(&mut shop).await?;
        let different = differences(&baseline, &check(&shop).await?);
        let rows: Vec<_> = different.iter().filter(|line| !line.starts_with("M ")).collect();
        ensure!(rows.is_empty(), "{rows:?}");
        ensure!(self::references(&shop)? == references, "other messages were accepted");
        Ok(())
    })
}

/// Refused for the moment, one to three times each: everything leaves all the same, once.
#[test]
fn refused_for_the_moment() -> Result<()> {
    let (baseline, references) = undisturbed()?;
    alone(async {
        let provider = Faults { unavailable: 0.4, throttled: 0.4, ..Faults::default() };
        let mut shop = Shop::open(Opening { provider, ..Opening::at(START) }).await?;
        live(&mut shop).await?;
        let different = differences(&baseline, &check(&shop).await?);
        ensure!(different.is_empty(), "{}", different.join("\n"));
        ensure!(self::references(&shop)? == references, "other messages were accepted");
        Ok(())
    })
}

/// Accepted, and answered as if it were not: the provider is asked, and nothing is sent again.
#[test]
fn accepted_and_called_unavailable() -> Result<()> {
    let (baseline, references) = undisturbed()?;
    alone(async {
        let provider = Faults { misreported: 1.0, ..Faults::default() };
        let mut shop = Shop::open(Opening { provider, ..Opening::at(START) }).await?;
        live(&mut shop).await?;
        let different = differences(&baseline, &check(&shop).await?);
        ensure!(different.is_empty(), "{}", different.join("\n"));
        ensure!(self::references(&shop)? == references, "other messages were accepted");
        let twice = shop.accepted()?.iter().filter(|entry| entry.times > 1).count();
        ensure!(twice == 0, "{twice} messages were sent twice");
        Ok(())
    })
}

/// The receipt of the last message comes when the journey is over for its receiver, and counts.
#[test]
fn a_receipt_after_the_end_counts() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(START.plus(10 * 3600))).await?;
        let journey = "journey:
  name: short
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }} 停止はSTOP返信\" }
";
        let (someone, at) = (Someone::willing(1), START.plus(-5 * 86_400));
        shop.take(&[someone.identify(at), someone.order("first", at, 3000)]).await?;
        shop.settle().await?;
        shop.apply(&[DEFINITIONS[1], journey]).await?;
        shop.settle().await?;
        let over = shop.report("short").await?;
        ensure!(
            over.ended.values().sum::<u64>() == 1 && (over.total.sent, over.total.delivered) == (1, 0),
            "{over:?}"
        );
        shop.pass(120).await?;
        let report = shop.report("short").await?;
        ensure!(
            (report.total.sent, report.total.delivered, report.total.cost_yen.0) == (1, 1, 9),
            "{report:?}"
        );
        Ok(())
    })
}
