//! `send-code`: each code reaches the provider once at most, and one that may have reached it is never sent again.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use axum::routing::post;
use axum::{Json, Router};
use cloud::table::verifications::RECEIPT_SECONDS;
use domain::contact::Channel;
use domain::enrollment::Status;
use domain::names::AccountName;
use domain::time::{MINUTE, Timestamp};
use domain::verification::Id;
use local::faults::{Fault, Faults};
use providers::receipts::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use reqwest::StatusCode;
use sandbox::PeopleSettings;
use serde_json::json;
use tests::codes::{ask, check, code};
use tests::customers::Someone;
use tests::picture::everything;
use tests::shop::{Opening, Shop, alone};
use tokio::net::TcpListener;

use crate::deaths::AtCall;
use crate::world::MORNING;

/// Monday, 2 March 2026, 3:00 in Japan.
const NIGHT: Timestamp = Timestamp::from_seconds(1_772_388_000);

const DAY: &str = "2026-03-02";

const GENEROUS: &str = "shop:
  time_zone: Asia/Tokyo
  codes: { limits: { number_per_hour: 1000, prefix_per_hour: 1000, address_per_hour: 1000, total_per_minute: 1000, yen_per_day: 100000 } }
";

async fn shop(opening: Opening) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    shop.apply(&[GENEROUS]).await?;
    shop.settle().await?;
    Ok(shop)
}

fn with(provider: sandbox::Faults) -> Opening {
    Opening { provider, ..Opening::at(MORNING) }
}

async fn ask_for(shop: &Shop, number: u32) -> Result<String> {
    ask(shop, &json!({ "to": Someone::willing(number).phone })).await
}

async fn outcome(shop: &Shop, id: &str) -> Result<Option<Status>> {
    let kept = shop.table.verification(&Id::parse(id).context("an id")?).await?.context("a verification")?;
    Ok(kept.outcome.map(|outcome| outcome.status))
}

/// How often the provider took the SMS of a verification.
fn times(shop: &Shop, id: &str) -> Result<u32> {
    Ok(shop.accepted()?.iter().filter(|entry| entry.reference == id).map(|entry| entry.times).sum())
}

#[test]
fn a_code_leaves_at_night_and_its_receipt_is_kept() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(NIGHT)).await?;
        let id = ask_for(&shop, 1).await?;
        shop.pass(3 * MINUTE).await?;
        ensure!(
            times(&shop, &id)? == 1 && outcome(&shop, &id).await? == Some(Status::Accepted),
            "not at night"
        );
        let told = shop.table.code_receipt(&Id::parse(&id).context("an id")?).await?;
        ensure!(told == Some(Status::Delivered), "{told:?}");
        let charged: i64 = shop.accepted()?.iter().map(|entry| entry.price_yen).sum();
        ensure!(shop.table.codes_cost(DAY).await?.0 == charged, "it cost {charged}");
        ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
        Ok(())
    })
}

/// The provider takes each SMS and its answer breaks off.
#[test]
fn after_unknown_another_code_is_sent_and_the_first_does_not_count() -> Result<()> {
    alone(async {
        let mut shop = shop(with(sandbox::Faults { cut_off: 1.0, ..sandbox::Faults::default() })).await?;
        let first = ask_for(&shop, 1).await?;
        shop.settle().await?;
        ensure!(
            outcome(&shop, &first).await? == Some(Status::Unknown),
            "{:?}",
            outcome(&shop, &first).await?
        );
        shop.pass(4 * MINUTE).await?;
        ensure!(times(&shop, &first)? == 1, "it was sent again");
        shop.sandbox()?.set_faults(sandbox::Faults::default())?;
        let second = ask_for(&shop, 1).await?;
        shop.settle().await?;
        let (old, new) = (code(&shop, &first)?, code(&shop, &second)?);
        ensure!(old != new && first != second, "the same code");
        ensure!(!check(&shop, &first, Some(&old)).await?, "the first counts");
        ensure!(!check(&shop, &second, Some(&old)).await?, "the first counts");
        ensure!(check(&shop, &second, Some(&new)).await?, "the second does not count");
        Ok(())
    })
}

/// What the provider certainly did not take is sent in seconds, and not when nobody waits for it any more.
#[test]
fn what_was_not_taken_is_sent_again_while_it_is_valid() -> Result<()> {
    alone(async {
        for faults in [
            sandbox::Faults { throttled: 1.0, ..sandbox::Faults::default() },
            // 503, and the provider says on being asked that it took nothing.
            sandbox::Faults { unavailable: 1.0, ..sandbox::Faults::default() },
        ] {
            let mut shop = shop(with(faults)).await?;
            let id = ask_for(&shop, 1).await?;
            shop.pass(4 * MINUTE).await?;
            ensure!(times(&shop, &id)? == 1, "{faults:?}");
            ensure!(check(&shop, &id, Some(&code(&shop, &id)?)).await?, "{faults:?}");
        }
        let mut shop = shop(with(sandbox::Faults { down: 429, ..sandbox::Faults::default() })).await?;
        let id = ask_for(&shop, 1).await?;
        shop.pass(5 * MINUTE).await?;
        shop.sandbox()?.set_faults(sandbox::Faults::default())?;
        shop.pass(10 * MINUTE).await?;
        ensure!(times(&shop, &id)? == 0, "it was sent when it was over");
        ensure!(shop.table.codes_cost(DAY).await?.0 == 0, "it was paid for");
        ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
        Ok(())
    })
}

#[test]
fn what_the_provider_refuses_is_not_paid_for() -> Result<()> {
    alone(async {
        let shop = shop(with(sandbox::Faults { refused: 1.0, ..sandbox::Faults::default() })).await?;
        let id = ask_for(&shop, 1).await?;
        shop.settle().await?;
        ensure!(matches!(outcome(&shop, &id).await?, Some(Status::Failed(_))), "it was not refused");
        ensure!(shop.table.codes_cost(DAY).await?.0 == 0, "it was paid for");
        Ok(())
    })
}

/// A task that comes again, with or without its function dying at any of its calls, before it or after it.
#[test]
fn one_call_at_most_however_often_a_task_comes_and_whenever_its_function_dies() -> Result<()> {
    for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LoseResponse] {
        alone(async {
            let at_call = AtCall::of("send-code");
            let faults = Some(Arc::clone(&at_call) as Arc<dyn Faults>);
            let mut shop = shop(Opening { faults, ..Opening::at(MORNING) }).await?;
            at_call.watch();
            ask_for(&shop, 0).await?;
            shop.settle().await?;
            let calls = at_call.made();
            ensure!(calls >= 3, "it made {calls} calls");
            let mut unsent = 0;
            for call in 0..calls {
                at_call.arm(call, fault);
                let id = ask_for(&shop, u32::try_from(call)? + 1).await?;
                let queues = shop.stack.runtime.region().queues();
                let task = queues.peek("CodesQueue", 10).await?.pop().context("a task")?.body;
                for _ in 0..2 {
                    let request = aws_sdk_sqs::Client::new(&shop.stack.runtime.region().sdk_config("test"))
                        .send_message();
                    let url = local::region::queue_url("CodesQueue");
                    request.queue_url(url).message_body(task.clone()).send().await?;
                }
                shop.pass(4 * MINUTE).await?;
                let sent = times(&shop, &id)?;
                ensure!(sent <= 1, "{fault:?} at call {call}: sent {sent} times");
                if sent == 1 {
                    ensure!(check(&shop, &id, Some(&code(&shop, &id)?)).await?, "{fault:?} at call {call}");
                }
                unsent += usize::from(sent == 0);
                shop.pass(10 * MINUTE).await?;
                ensure!(times(&shop, &id)? == sent, "{fault:?} at call {call}: sent late");
                ensure!(outcome(&shop, &id).await?.is_some(), "{fault:?} at call {call}: nothing is known");
                at_call.watch();
            }
            // Only whoever dies between the claim and the call leaves a code that nobody gets.
            ensure!(unsent <= 1, "{fault:?}: {unsent} codes were not sent");
            ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
            Ok(())
        })?;
    }
    Ok(())
}

/// What a code cost its account's month is what its receipt says; where only what is delivered is billed, that of the others is
/// nothing.
#[test]
fn a_code_is_settled_against_its_account() -> Result<()> {
    for (billed, undelivered) in
        [("accepted", 0.0), ("accepted", 1.0), ("delivered", 0.0), ("delivered", 1.0)]
    {
        alone(async {
            let people = PeopleSettings { undelivered, ..PeopleSettings::quiet() };
            let mut shop = shop(Opening { people, ..Opening::at(MORNING) }).await?;
            let url = shop.sandbox()?.url();
            shop.apply(&[&format!(
                "providers:
  accounts:
    main:
      provider: sandbox
      url: \"{url}\"
      billed: {billed}
      prices: [{{ from: 2026-01-01, currency: JPY, per_part: {{ docomo: 12, au: 12, softbank: 12, rakuten: 12 }} }}]
  routes: [{{ channel: sms, to: {{ main: 1 }} }}]
"
            )])
            .await?;
            ask_for(&shop, 1).await?;
            shop.pass(4 * MINUTE).await?;
            let told: i64 = shop.accepted()?.iter().map(|entry| entry.price_yen).sum();
            let cost = if (billed, undelivered) == ("delivered", 1.0) { 0 } else { told };
            ensure!(told > 0, "it was not sent");
            let main = AccountName::parse("main")?;
            let spent = shop.table.account_spending(&main, &DAY[..7]).await?;
            ensure!(
                (spent.yen.0, spent.actual.0, spent.known) == (cost, cost, 1),
                "{billed}, {undelivered}: {spent:?}"
            );
            ensure!(shop.table.codes_cost(DAY).await?.0 == cost, "{billed}, {undelivered}");
            Ok(())
        })?;
    }
    Ok(())
}

/// Of what was sent only a hash of the number is kept, for longer than any receipt may come. Who is erased meanwhile is out of
/// it, and the receipt settles what the SMS cost all the same.
#[test]
fn a_receipt_settles_a_code_whose_number_was_forgotten() -> Result<()> {
    for erased in [false, true] {
        alone(async {
            let mut shop = shop(Opening::at(MORNING)).await?;
            let url = shop.sandbox()?.url();
            shop.apply(&[&format!(
                "providers:
  accounts:
    main:
      provider: sandbox
      url: \"{url}\"
      billed: delivered
      prices: [{{ from: 2026-01-01, currency: JPY, per_part: {{ docomo: 12, au: 12, softbank: 12, rakuten: 12 }} }}]
  routes: [{{ channel: sms, to: {{ main: 1 }} }}]
"
            )])
            .await?;
            let someone = Someone::willing(1);
            let hash = shop.table.address_key()?.address(Channel::Sms, &someone.e164());
            let id = ask_for(&shop, 1).await?;
            shop.settle().await?;
            let main = AccountName::parse("main")?;
            ensure!(shop.table.account_spending(&main, &DAY[..7]).await?.known == 0, "nothing is told yet");
            let number = someone.e164();
            let items = everything(&shop).await?;
            ensure!(!items.iter().any(|item| item.contains(number.trim_start_matches('+'))), "{items:#?}");
            let item =
                items.iter().find(|item| item.contains(&format!("S(\"V#{id}\")"))).context("its item")?;
            let expires = item.split("\"expires\": N(\"").nth(1).and_then(|rest| rest.split('"').next());
            let expires = Timestamp::from_seconds(expires.context("it expires")?.parse()?);
            ensure!(expires >= MORNING.plus(RECEIPT_SECONDS), "it is forgotten at {expires}");
            if erased {
                shop.table.forget_verifications(&hash).await?;
                ensure!(!everything(&shop).await?.concat().contains(&hash), "its hash is left");
                ensure!(!check(&shop, &id, Some(&code(&shop, &id)?)).await?, "it counts still");
            }
            shop.pass(4 * MINUTE).await?;
            let told: i64 = shop.accepted()?.iter().map(|entry| entry.price_yen).sum();
            let spent = shop.table.account_spending(&main, &DAY[..7]).await?;
            ensure!(told > 0 && (spent.yen.0, spent.known) == (told, 1), "{spent:?}, {told} told");
            ensure!(shop.table.codes_cost(DAY).await?.0 == told, "the day is not set right");
            ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
            Ok(())
        })?;
    }
    Ok(())
}

/// Whom a receipt tells to be nobody gets nothing more, though only the hash of the number is kept.
#[test]
fn a_number_that_is_none_is_suppressed_by_its_hash() -> Result<()> {
    alone(async {
        let shop = shop(with(sandbox::Faults { receipts_never: 1.0, ..sandbox::Faults::default() })).await?;
        let id = ask_for(&shop, 1).await?;
        shop.settle().await?;
        let (now, secret) = (shop.clock.now(), Secret::parse(&shop.secrets.callback_secret)?);
        let gone = json!({ "type": "receipt", "reference": id, "status": { "invalid": { "reason": "none" } }, "at": now });
        let body = gone.to_string();
        let request = shop
            .http
            .post(format!("{}/callbacks/sandbox", shop.stack.base_url))
            .header(ID_HEADER, "post-1")
            .header(TIMESTAMP_HEADER, now.seconds().to_string())
            .header(SIGNATURE_HEADER, sign(&secret, "post-1", now, body.as_bytes()));
        ensure!(request.body(body).send().await?.status() == StatusCode::OK, "not taken");
        ask_for(&shop, 1).await?;
        shop.settle().await?;
        ensure!(shop.accepted()?.len() == 1, "another was sent there");
        Ok(())
    })
}

/// Codes go by an account at `main`, and by one at `backup` when that took nothing; other SMS by the second alone.
fn codes_by(main: &str, backup: &str) -> String {
    format!(
        "providers:
  accounts:
    main: {{ provider: sandbox, url: \"{main}\" }}
    backup: {{ provider: sandbox, url: \"{backup}\" }}
  routes:
    - {{ channel: sms, purposes: [marketing, transactional], to: {{ backup: 1 }} }}
    - {{ channel: sms, purposes: [one_time_code], to: {{ main: 1 }}, then: [backup] }}
"
    )
}

/// Codes have a route of their own, and the next account takes over where one certainly took nothing.
#[test]
fn codes_go_by_their_own_route() -> Result<()> {
    alone(async {
        let shop = shop(Opening::at(MORNING)).await?;
        shop.apply(&[&codes_by("http://127.0.0.1:1", &shop.sandbox()?.url())]).await?;
        let id = ask_for(&shop, 1).await?;
        shop.settle().await?;
        ensure!(times(&shop, &id)? == 1, "the second account did not take over");
        ensure!(check(&shop, &id, Some(&code(&shop, &id)?)).await?, "it is the code");
        Ok(())
    })
}

/// An account that fails may have taken the code, and not know it yet an instant later.
#[test]
fn what_a_failing_account_denies_at_once_goes_by_no_other() -> Result<()> {
    alone(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let send = post(move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            StatusCode::SERVICE_UNAVAILABLE
        });
        let denied = || async { (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))) };
        let failing = Router::new().route("/sms/messages", send.get(denied));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, failing).into_future());

        let shop = shop(Opening::at(MORNING)).await?;
        shop.apply(&[&codes_by(&url, &shop.sandbox()?.url())]).await?;
        let id = ask_for(&shop, 1).await?;
        shop.settle().await?;
        ensure!(calls.load(Ordering::SeqCst) == 1, "it was not asked to send");
        ensure!(times(&shop, &id)? == 0, "another account sent it as well");
        ensure!(outcome(&shop, &id).await?.is_none(), "it is given up");
        Ok(())
    })
}
