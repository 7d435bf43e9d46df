//! `send-webhook`: a system of the shop's own is told at least once, by a signed request that it knows when it comes
//! twice; and the journey does not wait for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use domain::time::Timestamp;
use local::dead_letters;
use local::faults::{Fault, Faults};
use serde_json::json;
use standardwebhooks::Webhook;
use tests::customers::Someone;
use tests::receiver::{Post, Receiver};
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;
use crate::world::MORNING;

/// Longer than a receiver is asked again.
const GIVEN_UP: i64 = 4 * 3600;

/// A shop that tells a receiver of every order, and then the customer.
async fn shop(opening: Opening, receiver: &Receiver) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    let journey = format!(
        "journey:
  name: orders
  purpose: transactional
  enter: {{ event: {{ name: Order Placed, key: order_id }} }}
  reentry: per_key
  steps:
    - webhook: {{ name: tell-warehouse, url: \"{}\", traits: [name, rank] }}
    - sms: {{ name: thanks, text: \"{{{{ sender }}}} ありがとうございます\" }}
",
        receiver.url
    );
    shop.apply(&[&journey]).await?;
    shop.settle().await?;
    Ok(shop)
}

/// The customer of this number orders.
async fn orders(shop: &Shop, number: u32) -> Result<()> {
    let (someone, now) = (Someone::willing(number), shop.clock.now());
    let properties = json!({ "order_id": format!("A-{number}"), "shop": "銀座" });
    shop.take(&[someone.identify(now), someone.event("Order Placed", "1", now, &properties)]).await
}

fn ids(posts: &[Post]) -> Result<BTreeSet<String>> {
    posts.iter().map(Post::id).collect()
}

/// The clock stands at the real time, which the libraries that receivers use compare the signature's with.
#[test]
fn one_signed_request() -> Result<()> {
    alone(async {
        let receiver = Receiver::start().await?;
        let now = jiff::Timestamp::now().as_second();
        let shop = shop(Opening::at(Timestamp::from_seconds(now)), &receiver).await?;
        orders(&shop, 1).await?;
        shop.settle().await?;
        let posts = receiver.posts();
        let [post] = posts.as_slice() else { anyhow::bail!("{} requests", posts.len()) };
        ensure!(post.path == "/hooks" && post.headers["content-type"] == "application/json", "{post:?}");
        Webhook::new(&shop.secrets.webhook_secret)?.verify(&post.body, &post.headers)?;
        let other = Webhook::new(&shop.secrets.callback_secret)?.verify(&post.body, &post.headers);
        ensure!(other.is_err(), "any secret will do");
        let mut forged = post.body.clone();
        forged.push(b' ');
        let forged = Webhook::new(&shop.secrets.webhook_secret)?.verify(&forged, &post.headers);
        ensure!(forged.is_err(), "the body is not signed");
        let said = post.json()?;
        let expected = json!({
            "id": post.id()?, "at": said["at"], "journey": "orders", "version": 1, "step": "tell-warehouse",
            "key": "A-1", "customer": "c00001", "traits": { "name": "つなぎ花子00001", "rank": null },
            "event": { "order_id": "A-1", "shop": "銀座" },
        });
        ensure!(said == expected, "{said}");
        let report = shop.report("orders").await?;
        let counted: Vec<_> =
            report.branches.iter().map(|it| (it.step.as_str(), it.ways["passed"].entered)).collect();
        ensure!(counted == [("webhook tell-warehouse", 1)] && report.total.sent == 1, "{report:?}");
        let forbidden = shop.forbidden();
        ensure!(forbidden.is_empty(), "the template does not allow {forbidden:?}");
        Ok(())
    })
}

#[test]
fn a_receiver_that_is_down_is_asked_again() -> Result<()> {
    alone(async {
        let receiver = Receiver::start().await?;
        let mut shop = shop(Opening::at(MORNING), &receiver).await?;
        receiver.answers(&[500, 503, 429, 408]);
        orders(&shop, 1).await?;
        shop.settle().await?;
        ensure!(
            receiver.posts().len() == 1 && shop.report("orders").await?.total.sent == 1,
            "the journey waits"
        );
        shop.pass(GIVEN_UP).await?;
        let posts = receiver.posts();
        ensure!(posts.len() == 5 && ids(&posts)?.len() == 1, "{:?}", ids(&posts));
        ensure!(posts.iter().all(|post| post.body == posts[0].body), "it says something else each time");
        ensure!(shop.dead_letters().await?.is_empty(), "it was taken in the end");
        // One that never comes back.
        receiver.answers(&[500; 20]);
        orders(&shop, 2).await?;
        shop.pass(GIVEN_UP).await?;
        ensure!(receiver.posts().len() == 5 + 9, "asked {} times", receiver.posts().len() - 5);
        let letters = shop.dead_letters().await?;
        let [letter] = letters.as_slice() else { anyhow::bail!("{} letters", letters.len()) };
        let cause = letter.attributes["cause"]["StringValue"].as_str().context("no cause")?;
        ensure!(
            cause
                == "the webhook tell-warehouse of the journey orders (version 1): the receiver answered HTTP 500",
            "{cause}"
        );
        Ok(())
    })
}

#[test]
fn a_refusal_is_a_dead_letter_at_once_and_may_be_driven_back() -> Result<()> {
    for status in [404, 302] {
        alone(async {
            let receiver = Receiver::start().await?;
            let mut shop = shop(Opening::at(MORNING), &receiver).await?;
            receiver.answers(&[status]);
            orders(&shop, 1).await?;
            shop.settle().await?;
            let letters = shop.dead_letters().await?;
            let [letter] = letters.as_slice() else { anyhow::bail!("{} letters", letters.len()) };
            let cause = letter.attributes["cause"]["StringValue"].as_str().context("no cause")?;
            ensure!(cause.contains(&format!("the receiver answered HTTP {status}")), "{cause}");
            ensure!(!letter.body.contains("花子"), "a trait waits in a queue: {}", letter.body);
            shop.pass(GIVEN_UP).await?;
            ensure!(receiver.posts().iter().all(|post| post.path == "/hooks"), "a redirect was followed");
            ensure!(receiver.posts().len() == 1, "it was asked again");
            let redriven = dead_letters::redrive(shop.stack.runtime.region().queues()).await?;
            shop.settle().await?;
            let posts = receiver.posts();
            ensure!(redriven.moved == 1 && posts.len() == 2 && ids(&posts)?.len() == 1, "{posts:?}");
            ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
            Ok(())
        })?;
    }
    Ok(())
}

/// `advance` and `send-webhook` die before and after every call they make: no webhook is lost, and whoever knows one that
/// comes twice by its id sees each once. One is made twice only where it was taken and that was not noted.
#[test]
fn killed_at_every_call() -> Result<()> {
    for function in ["advance", "send-webhook"] {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            alone(async {
                let (receiver, at_call) = (Receiver::start().await?, AtCall::of(function));
                let faults = Some(Arc::clone(&at_call) as Arc<dyn Faults>);
                let mut shop = shop(Opening { faults, ..Opening::at(MORNING) }, &receiver).await?;
                at_call.watch();
                orders(&shop, 0).await?;
                shop.pass(60).await?;
                let calls = at_call.made();
                ensure!(calls >= 2, "{function} made {calls} calls");
                let mut twice = 0;
                for call in 0..calls {
                    let number = u32::try_from(call)? + 1;
                    let before = receiver.posts().len();
                    at_call.arm(call, fault);
                    orders(&shop, number).await?;
                    shop.pass(GIVEN_UP).await?;
                    let posts = receiver.posts().split_off(before);
                    ensure!(ids(&posts)?.len() == 1, "{fault:?} at call {call} of {function}: {posts:?}");
                    twice += posts.len() - 1;
                    at_call.watch();
                }
                ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
                ensure!(
                    shop.report("orders").await?.total.sent == 1 + u64::try_from(calls)?,
                    "a customer was not told"
                );
                let expected = usize::from(function == "send-webhook" && fault == Fault::KillBefore);
                ensure!(twice == expected, "{fault:?} of {function}: {twice} were made twice");
                Ok(())
            })?;
        }
    }
    Ok(())
}
