//! Every night it is told, once, when an account costs other than was estimated.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use domain::names::AccountName;
use domain::time::{DAY, Timestamp};
use local::events::Rule;
use recompute::{SPEND_OFF, SpendOff};
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

const JOURNEY: &str = "journey:
  name: notice
  purpose: transactional
  enter: { event: Asked }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }}より\" }
";

/// An account at the sandbox, which charges ¥9 a part, with another price in its table.
fn providers(url: &str, yen: &str) -> String {
    format!(
        "providers:
  accounts:
    main:
      provider: sandbox
      url: \"{url}\"
      prices:
        - {{ from: 2026-01-01, currency: JPY, per_part: {{ docomo: {yen}, au: {yen}, softbank: {yen}, rakuten: {yen} }} }}
  routes:
    - {{ channel: sms, to: {{ main: 1 }} }}
"
    )
}

type Heard = Arc<Mutex<Vec<Value>>>;

fn listen(shop: &Shop) -> Result<Heard> {
    let heard = Heard::default();
    let sink = Arc::clone(&heard);
    let rule = Rule {
        name: "spend".to_owned(),
        bus: "Bus".to_owned(),
        pattern: json!({ "source": ["tsunagi"], "detail-type": [SPEND_OFF] }),
        targets: vec!["spend".to_owned()],
    };
    let sink = move |_, envelope: Value| {
        let sink = Arc::clone(&sink);
        let deliver: futures_util::future::BoxFuture<'static, Result<()>> = Box::pin(async move {
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(envelope);
            Ok(())
        });
        deliver
    };
    shop.stack.runtime.region().bus().wire(vec![rule], Arc::new(sink))?;
    Ok(heard)
}

/// What is told in two nights when so many messages go through an account with this price in its table.
async fn told(people: u32, yen: &str) -> Result<Vec<SpendOff>> {
    let mut shop = Shop::open(Opening::at(MORNING)).await?;
    let url = shop.sandbox()?.url();
    shop.apply(&[JOURNEY, &providers(&url, yen)]).await?;
    shop.settle().await?;
    let heard = listen(&shop)?;
    for chunk in (0..people).collect::<Vec<_>>().chunks(200) {
        let calls = chunk.iter().map(|number| Someone::willing(*number)).flat_map(|someone| {
            [someone.identify(MORNING), someone.event("Asked", "1", MORNING, &json!({}))]
        });
        shop.take(&calls.collect::<Vec<_>>()).await?;
        shop.settle().await?;
    }
    shop.pass(DAY).await?;
    let first = heard.lock().unwrap_or_else(PoisonError::into_inner).len();
    // The same night again.
    shop.stack.runtime.tick("recompute").await?;
    ensure!(heard.lock().unwrap_or_else(PoisonError::into_inner).len() == first, "told twice on a day");
    shop.pass(DAY).await?;
    ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(heard
        .into_iter()
        .map(|envelope| serde_json::from_value(envelope["detail"].clone()))
        .collect::<Result<_, _>>()?)
}

#[test]
fn what_is_off_is_told_once_a_day() -> Result<()> {
    alone(async {
        let off = SpendOff {
            account: AccountName::parse("main")?,
            month: "2026-03".to_owned(),
            percent: 80,
            estimated_yen: 600,
            actual_yen: 1_080,
        };
        ensure!(told(120, "5").await? == [off.clone(), off], "of 120 messages");
        Ok(())
    })
}

#[test]
fn what_is_right_or_little_is_not_told() -> Result<()> {
    alone(async {
        ensure!(told(120, "9").await?.is_empty(), "it is right");
        ensure!(told(120, "\"8.8\"").await?.is_empty(), "rounded up it is right");
        ensure!(told(40, "5").await?.is_empty(), "forty parts tell nothing");
        Ok(())
    })
}
