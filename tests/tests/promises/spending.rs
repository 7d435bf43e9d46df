//! A budget a month: never overspent, and it says so.

use anyhow::{Result, ensure};
use domain::money::Yen;
use domain::names::{AccountName, JourneyName};
use domain::time::DAY;
use providers::receipts::Secret;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::optout::post;
use crate::world::{LAPSED, MORNING, lapsed_shop_of};

/// Two SMS of one part and ¥9 each, the second on 1 April, and money for seven a month.
const SEVEN_A_MONTH: &str = "journey:
  name: seven
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  policy: { budget_yen_per_month: 65 }
  steps:
    - sms: { name: march, text: \"{{ sender }} {{ optout }}\" }
    - wait: 30d
    - sms: { name: april, text: \"{{ sender }} {{ optout }}\" }
";

async fn spent(shop: &Shop, month: &str) -> Result<Yen> {
    shop.table.spent(&JourneyName::parse("seven")?, month).await
}

fn charged(shop: &Shop) -> Result<Yen> {
    Ok(shop.accepted()?.iter().map(|entry| Yen(entry.price_yen)).sum())
}

#[test]
fn a_budget_stops_its_journey_until_the_next_month() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 20, SEVEN_A_MONTH).await?;
        assert_eq!(shop.accepted()?.len(), 7);
        shop.pass(29 * DAY).await?;
        assert_eq!((spent(&shop, "2026-03").await?, charged(&shop)?), (Yen(63), Yen(63)));
        shop.pass(2 * DAY).await?;
        assert_eq!(shop.accepted()?.len(), 14);
        assert_eq!(spent(&shop, "2026-04").await?, Yen(63));
        let report = shop.report("seven").await?;
        assert!(report.is_complete());
        assert_eq!(
            report.steps.iter().map(|step| (step.figures.sent, step.skipped)).collect::<Vec<_>>(),
            [(7, 13), (7, 13)]
        );
        assert_eq!(report.skipped.keys().collect::<Vec<_>>(), ["budget of the month spent"]);
        Ok(())
    })
}

/// What receipts say is what the journey's budget and the account's month are left with, by the provider's own price and
/// count: less than what was taken or more, told once or three times.
#[test]
fn a_receipt_sets_a_budget_right_once() -> Result<()> {
    alone(async {
        let mut opening = Opening::at(MORNING);
        opening.provider.receipts_never = 1.0;
        let shop = Shop::open(opening).await?;
        let long_ago = MORNING.plus(-60 * DAY);
        let people = (0..4).map(Someone::willing);
        let calls = people.flat_map(|it| [it.identify(long_ago), it.order("first", long_ago, 3000)]);
        shop.take(&calls.collect::<Vec<_>>()).await?;
        shop.settle().await?;
        let url = shop.sandbox()?.url();
        let providers = format!(
            "providers:
  accounts:
    main:
      provider: sandbox
      url: \"{url}\"
      billed: delivered
      prices: [{{ from: 2026-01-01, currency: JPY, per_part: {{ docomo: 12, au: 12, softbank: 12, rakuten: 12 }} }}]
  routes: [{{ channel: sms, to: {{ main: 1 }} }}]
"
        );
        shop.apply(&[LAPSED, SEVEN_A_MONTH, &providers]).await?;
        shop.settle().await?;
        let sent = shop.accepted()?;
        assert_eq!((sent.len(), spent(&shop, "2026-03").await?), (4, Yen(48)), "the most is taken");
        let told = [
            json!({ "status": "delivered", "parts": 1, "price": { "amount": "9", "currency": "JPY" } }),
            json!({ "status": { "undelivered": { "reason": "absent" } }, "parts": 1 }),
            json!({ "status": "delivered", "parts": 2 }),
            // No rate is known for it: what its parts cost.
            json!({ "status": "delivered", "parts": 1, "price": { "amount": "0.1", "currency": "USD" } }),
        ];
        let receipts = sent.iter().zip(told).map(|(message, mut receipt)| {
            receipt["type"] = json!("receipt");
            receipt["reference"] = json!(message.reference);
            receipt["at"] = json!(MORNING);
            receipt
        });
        let body = receipts.collect::<Value>().to_string();
        let secret = Secret::parse(&shop.secrets.callback_secret)?;
        for _ in 0..3 {
            ensure!(post(&shop, MORNING, &secret, &body).await? == StatusCode::OK);
            shop.settle().await?;
            let main = shop.table.account_spending(&AccountName::parse("main")?, "2026-03").await?;
            assert_eq!((spent(&shop, "2026-03").await?, main.yen), (Yen(45), Yen(45)));
        }
        Ok(())
    })
}

/// What was not sent is not paid for: a refusal or an outage gives back what was taken.
#[test]
fn what_the_provider_refuses_is_given_back() -> Result<()> {
    alone(async {
        let mut opening = Opening::at(MORNING);
        opening.provider.unavailable = 0.3;
        opening.provider.throttled = 0.2;
        opening.provider.refused = 0.3;
        let mut shop = lapsed_shop_of(opening, 20, SEVEN_A_MONTH).await?;
        shop.pass(DAY).await?;
        let accepted = shop.accepted()?.len();
        assert!((1..=7).contains(&accepted), "{accepted}");
        assert_eq!(spent(&shop, "2026-03").await?, charged(&shop)?);
        assert!(shop.report("seven").await?.failed > 0, "some were refused");
        Ok(())
    })
}

/// Of whatever goes wrong at the provider, no more than the budget is ever spent.
#[test]
fn a_budget_is_never_overspent() -> Result<()> {
    alone(async {
        let mut opening = Opening::at(MORNING);
        opening.provider.unavailable = 0.2;
        opening.provider.unanswered = 0.4;
        opening.provider.cut_off = 0.2;
        let mut shop = lapsed_shop_of(opening, 20, SEVEN_A_MONTH).await?;
        shop.pass(DAY).await?;
        let (spent, charged) = (spent(&shop, "2026-03").await?, charged(&shop)?);
        assert!(Yen::ZERO < charged && charged <= spent && spent <= Yen(65), "{charged} of {spent}");
        Ok(())
    })
}
