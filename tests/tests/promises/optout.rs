//! Opt-outs: at once, on every way, and never by a mere look.

use anyhow::{Context, Result};
use domain::time::{DAY, Timestamp};
use providers::receipts::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use reqwest::StatusCode;
use serde_json::json;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop, lapsed_shop_of};

/// Two SMS, a day apart.
const TWO_SMS: &str = "journey:
  name: two-sms
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: one, text: \"{{ sender }} {{ optout }}\" }
    - wait: 1d
    - sms: { name: two, text: \"{{ sender }} {{ optout }}\" }
";

/// The path of the opt-out page in a message.
fn optout_path(text: &str) -> Result<String> {
    let path = text.split("https://t.example.jp").nth(1).context("a message has no link")?;
    Ok(path.split_whitespace().next().unwrap_or_default().to_owned())
}

async fn two_messages(people: u32) -> Result<Shop> {
    lapsed_shop_of(Opening::at(MORNING), people, TWO_SMS).await
}

/// Posts to `callback` what a provider that holds `secret` would tell at `now`.
pub(crate) async fn post(shop: &Shop, now: Timestamp, secret: &Secret, body: &str) -> Result<StatusCode> {
    let request = shop
        .http
        .post(format!("{}/callbacks/sandbox", shop.stack.base_url))
        .header(ID_HEADER, "test")
        .header(TIMESTAMP_HEADER, now.seconds().to_string())
        .header(SIGNATURE_HEADER, sign(secret, "test", now, body.as_bytes()));
    Ok(request.body(body.to_owned()).send().await?.status())
}

#[test]
fn one_tap_on_the_page_stops_messages_and_a_look_at_it_does_not() -> Result<()> {
    alone(async {
        let mut shop = two_messages(3).await?;
        let first = shop.accepted()?;
        assert_eq!(first.len(), 3);
        let page = |index: usize| -> Result<String> {
            let text = first[index].text.as_deref().context("texts are kept")?;
            Ok(format!("{}{}", shop.stack.base_url, optout_path(text)?))
        };
        assert_eq!(shop.http.get(page(0)?).send().await?.status(), StatusCode::OK);
        let tapped = shop.http.post(page(1)?).body("List-Unsubscribe=One-Click").send().await?;
        assert_eq!(tapped.status(), StatusCode::OK);
        // The suppression holds before the inbox has heard of it.
        shop.pass(2 * DAY).await?;
        let second: Vec<String> = shop.accepted()?.into_iter().skip(3).map(|entry| entry.to).collect();
        assert!(second.contains(&first[0].to) && second.contains(&first[2].to), "{}", second.len());
        assert!(!second.contains(&first[1].to));
        let report = shop.report("two-sms").await?;
        assert_eq!((report.total.entered, report.total.sent), (3, 3));
        assert_eq!(report.steps[1].skipped, 1);
        Ok(())
    })
}

#[test]
fn a_reply_stops_messages_that_are_queued() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop(Opening::at(MORNING), 2).await?;
        let secret = Secret::parse(&shop.secrets.callback_secret)?;
        let someone = Someone::willing(0);
        shop.pass(DAY - 120).await?;
        let now = shop.clock.now();
        let reply = json!([{ "type": "reply", "from": someone.e164(), "to_reference": null, "text": "配信を停止してください", "at": now, "id": "r1" }]);
        assert_eq!(post(&shop, now, &secret, &reply.to_string()).await?, StatusCode::OK);
        shop.pass(3600).await?;
        let to: Vec<String> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        assert_eq!(to, [Someone::willing(1).e164()]);
        assert_eq!(shop.report("one-sms").await?.skipped_total(), 1);
        Ok(())
    })
}

#[test]
fn forged_and_stale_receipts_change_nothing() -> Result<()> {
    alone(async {
        let mut shop = two_messages(1).await?;
        let message = shop.accepted()?.pop().context("one message")?;
        shop.pass(600).await?;
        let before = shop.table.customer(&domain::names::CustomerId::parse("c00000")?).await?;
        let now = shop.clock.now();
        let body = json!([{ "type": "receipt", "reference": message.reference, "status": { "undelivered": { "reason": "x" } }, "at": now, "parts": 9, "price": { "amount": "900", "currency": "JPY" } }]).to_string();
        let secret = Secret::parse(&shop.secrets.callback_secret)?;
        let other = Secret::from_bytes([1; 32]);
        assert_eq!(post(&shop, now, &other, &body).await?, StatusCode::FORBIDDEN);
        assert_eq!(post(&shop, now.plus(-600), &secret, &body).await?, StatusCode::FORBIDDEN);
        shop.settle().await?;
        assert_eq!(shop.table.customer(&domain::names::CustomerId::parse("c00000")?).await?, before);
        Ok(())
    })
}

#[test]
fn unknown_codes_get_a_plain_page_and_never_a_redirect() -> Result<()> {
    alone(async {
        let shop = two_messages(1).await?;
        for path in ["/l/AAAAAAAAAAAA", "/l/AAAAAAAAAAAA/3", "/l/..%2Fetc", "/o/AAAAAAAAAAAA", "/l/x"] {
            let answer = shop.http.get(format!("{}{path}", shop.stack.base_url)).send().await?;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert!(answer.headers().get("location").is_none(), "{path}");
        }
        Ok(())
    })
}

#[test]
fn what_is_due_at_night_leaves_in_the_morning() -> Result<()> {
    alone(async {
        // 2026-03-02 23:00 in Japan; the SMS is due a day later, at 23:00.
        let mut shop = lapsed_shop(Opening::at(MORNING.plus(13 * 3600)), 5).await?;
        shop.pass(3 * DAY).await?;
        let accepted = shop.accepted()?;
        assert_eq!(accepted.len(), 5);
        let morning = Timestamp::parse("2026-03-04T09:00:00+09:00")?;
        assert!(accepted.iter().all(|entry| entry.accepted_at == morning.seconds() * 1000));
        Ok(())
    })
}
