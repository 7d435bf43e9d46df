//! `callback` while the table is throttled, slow or gone: it answers within the provider's time, and what it took is taken
//! once the table is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::enrollment::Status;
use domain::names::CustomerId;
use local::faults::{Call, Fault, Faults, Service};
use providers::receipts::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use reqwest::StatusCode;
use serde_json::json;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop_of};

const ONE: &str = "journey:
  name: one
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }} {{ optout }}\" }
    - wait: 5d
    - sms: { name: again, text: \"{{ sender }} {{ optout }}\" }
";

/// The least that a provider waits for an answer (Shopify's rule for webhooks; 絶対リーチ!SMS waits for ten seconds).
const PATIENCE: Duration = Duration::from_secs(5);

/// Trouble with what `callback` asks of the table.
#[derive(Default)]
struct Trouble(AtomicU8);

impl Faults for Trouble {
    fn on(&self, call: &Call) -> Fault {
        if call.function != "callback" || call.service != Service::DynamoDb {
            return Fault::None;
        }
        match self.0.load(Ordering::Relaxed) {
            1 => Fault::Throttle,
            2 => Fault::Delay(20_000),
            3 => Fault::LoseRequest,
            _ => Fault::None,
        }
    }
}

/// Posts, and says what was answered. Providers whose answer is no 2xx post again.
async fn post(shop: &Shop, body: &serde_json::Value) -> Result<StatusCode> {
    let (now, secret, body) =
        (shop.clock.now(), Secret::parse(&shop.secrets.callback_secret)?, body.to_string());
    let began = Instant::now();
    let request = shop
        .http
        .post(format!("{}/callbacks/sandbox", shop.stack.base_url))
        .header(ID_HEADER, "post-1")
        .header(TIMESTAMP_HEADER, now.seconds().to_string())
        .header(SIGNATURE_HEADER, sign(&secret, "post-1", now, body.as_bytes()));
    let status = request.body(body).send().await?.status();
    ensure!(began.elapsed() < PATIENCE, "answered after {:?}", began.elapsed());
    Ok(status)
}

#[test]
fn posts_are_answered_in_time_and_taken_once_the_table_is_back() -> Result<()> {
    for trouble in 1..=3 {
        let faults = Arc::new(Trouble::default());
        alone(async {
            let opening =
                Opening { faults: Some(Arc::clone(&faults) as Arc<dyn Faults>), ..Opening::at(MORNING) };
            let mut shop = lapsed_shop_of(opening, 3, ONE).await?;
            let accepted = shop.accepted()?;
            let receipt = |index: usize| {
                let reference = &accepted[index].reference;
                json!({ "type": "receipt", "reference": reference, "status": "delivered", "at": MORNING, "parts": 1, "price": { "amount": "9", "currency": "JPY" } })
            };
            // A warm instance.
            ensure!(post(&shop, &receipt(0)).await? == StatusCode::OK);
            faults.0.store(trouble, Ordering::Relaxed);
            ensure!(post(&shop, &receipt(1)).await? == StatusCode::OK, "trouble {trouble}");
            let opted_out = json!({ "type": "reply", "from": accepted[2].to, "to_reference": null, "text": "停止", "at": MORNING, "id": "r" });
            ensure!(
                post(&shop, &opted_out).await? == StatusCode::SERVICE_UNAVAILABLE,
                "an opt-out is not stored"
            );
            faults.0.store(0, Ordering::Relaxed);
            shop.pass(900).await?;
            let delivered = Status::Delivered;
            for entry in &accepted[..2] {
                let id = format!("c0000{}", entry.to.chars().last().context("a digit")?);
                let stored = shop.table.customer(&CustomerId::parse(&id)?).await?.context("the customer")?;
                let message = stored.customer.enrollments[0].messages().next().context("a message")?;
                ensure!(message.status == delivered, "trouble {trouble}: {:?}", message.status);
            }
            // Though the provider did not post again, the opt-out holds.
            shop.pass(6 * domain::time::DAY).await?;
            let again: Vec<String> = shop.accepted()?.into_iter().skip(3).map(|entry| entry.to).collect();
            ensure!(again.len() == 2 && !again.contains(&accepted[2].to), "{} messages", again.len());
            ensure!(
                shop.dead_letters().await?.is_empty() && shop.forbidden().is_empty(),
                "{:?}",
                shop.forbidden()
            );
            Ok(())
        })?;
    }
    Ok(())
}
