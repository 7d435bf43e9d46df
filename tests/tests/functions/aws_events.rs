//! What AWS tells on the default bus reaches `callback` by the template's rules, and through it the customer.

use anyhow::{Context, Result, ensure};
use domain::contact::Channel;
use domain::money::Yen;
use domain::names::AccountName;
use domain::time::DAY;
use sandbox::Faults;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING, lapsed_shop_of};

const SMS: &str = "journey:
  name: texts
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: one, text: \"{{ sender }} 停止はSTOP返信\" }
    - wait: 30d
";

const LETTERS: &str = "journey:
  name: letters
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - email: { name: one, subject: \"{{ sender }}\", text: \"{{ sender }} {{ optout }}\" }
    - wait: 1d
    - email: { name: two, subject: \"{{ sender }}\", text: \"{{ sender }} {{ optout }}\" }
";

/// Has End User Messaging tell of a message.
async fn sms_event(shop: &Shop, code: &str, kind: &str, is_final: bool) -> Result<()> {
    let detail = json!({
        "eventType": kind, "eventVersion": "1.0", "eventTimestamp": shop.clock.now().seconds() * 1000, "isFinal": is_final,
        "context": { "code": code }, "totalMessageParts": 2, "totalMessagePrice": 0.1484,
    });
    tell(shop, "aws.sms-voice", "Text Message Delivery Status Updated", &detail).await
}

/// Has SES tell of a letter.
async fn email_event(shop: &Shop, code: &str, (kind, name): (&str, &str), of: Value) -> Result<()> {
    let mut detail = json!({ "eventType": name, "mail": { "tags": { "code": [code] } } });
    detail[name.to_lowercase()] = of;
    tell(shop, "aws.ses", kind, &detail).await
}

async fn tell(shop: &Shop, source: &str, kind: &str, detail: &Value) -> Result<()> {
    shop.stack.runtime.region().bus().told_by_aws(source, kind, detail).await?;
    shop.settle().await
}

/// Every SMS is taken and the answer lost: what AWS tells settles it, whatever comes first, twice or too late.
#[test]
fn sms_that_were_unknown_are_settled_and_a_final_state_stands() -> Result<()> {
    alone(async {
        let provider = Faults { cut_off: 1.0, receipts_never: 1.0, ..Faults::default() };
        let shop = lapsed_shop_of(Opening { provider, ..Opening::at(MORNING) }, 3, SMS).await?;
        let codes: Vec<String> = shop.accepted()?.into_iter().map(|entry| entry.reference).collect();
        ensure!(codes.len() == 3 && shop.report("texts").await?.unknown == 3, "{codes:?}");

        // On its way, which the rule keeps from the function.
        let unmatched = shop.stack.runtime.region().bus().unmatched();
        sms_event(&shop, &codes[0], "TEXT_QUEUED", false).await?;
        assert_eq!(shop.stack.runtime.region().bus().unmatched(), unmatched + 1);
        assert_eq!(shop.report("texts").await?.unknown, 3);

        for kind in ["TEXT_DELIVERED", "TEXT_DELIVERED", "TEXT_UNREACHABLE"] {
            sms_event(&shop, &codes[0], kind, true).await?;
        }
        sms_event(&shop, &codes[1], "TEXT_CARRIER_BLOCKED", true).await?;
        sms_event(&shop, &codes[2], "TEXT_INVALID", true).await?;
        let report = shop.report("texts").await?;
        assert_eq!((report.unknown, report.total.sent, report.total.delivered), (0, 3, 1), "{report:?}");
        assert_eq!(report.sms_parts, 6, "as AWS bills them");
        // A number that is none gets nothing more; one that a carrier blocked may.
        let numbers: Vec<String> = (0..3).map(|index| Someone::willing(index).e164()).collect();
        let stopped = shop.table.suppressed(Channel::Sms, &numbers).await?;
        let invalid =
            shop.accepted()?.into_iter().find(|entry| entry.reference == codes[2]).context("sent")?;
        assert_eq!(stopped.into_keys().collect::<Vec<_>>(), [invalid.to]);
        assert_eq!(shop.forbidden(), Vec::<String>::new());
        Ok(())
    })
}

/// AWS names what a message cost in dollars: the account's month and the report have it in yen, once, by the account's rate.
#[test]
fn a_price_in_dollars_is_paid_in_yen() -> Result<()> {
    alone(async {
        let provider = Faults { cut_off: 1.0, receipts_never: 1.0, ..Faults::default() };
        let shop = Shop::open(Opening { provider, ..Opening::at(MORNING) }).await?;
        let (someone, long_ago) = (Someone::willing(0), MORNING.plus(-60 * DAY));
        shop.take(&[someone.identify(long_ago), someone.order("first", long_ago, 3000)]).await?;
        shop.settle().await?;
        let url = shop.sandbox()?.url();
        let providers = format!(
            "providers:
  accounts:
    main:
      provider: sandbox
      url: \"{url}\"
      prices: [{{ from: 2026-01-01, currency: USD, yen_per: 150, per_part: {{ international: \"0.05\" }} }}]
  routes: [{{ channel: sms, to: {{ main: 1 }} }}]
"
        );
        shop.apply(&[LAPSED, SMS, &providers]).await?;
        shop.settle().await?;
        let code = shop.accepted()?.pop().context("it was sent")?.reference;
        for _ in 0..2 {
            sms_event(&shop, &code, "TEXT_DELIVERED", true).await?;
        }
        let spent = shop.table.account_spending(&AccountName::parse("main")?, "2026-03").await?;
        assert_eq!((spent.yen, spent.actual, spent.known, spent.parts), (Yen(23), Yen(23), 1, 2));
        let report = shop.report("texts").await?;
        assert_eq!((report.total.cost_yen, report.sms_parts), (Yen(23), 2));
        Ok(())
    })
}

#[test]
fn complaints_and_bounces_stop_further_letters_and_an_opening_is_kept() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 4, LETTERS).await?;
        let first = shop.accepted()?;
        ensure!(first.len() == 4, "{}", first.len());
        let at = shop.clock.now().to_string();
        let code = |index: usize| first[index].reference.as_str();
        let complaint = ("Email Complaint Received", "Complaint");
        for _ in 0..2 {
            email_event(
                &shop,
                code(0),
                complaint,
                json!({ "complaintFeedbackType": "abuse", "timestamp": at }),
            )
            .await?;
        }
        let bounced = |kind: &str| json!({ "bounceType": kind, "bounceSubType": "General", "timestamp": at });
        email_event(&shop, code(1), ("Email Bounced", "Bounce"), bounced("Permanent")).await?;
        email_event(&shop, code(2), ("Email Bounced", "Bounce"), bounced("Transient")).await?;
        email_event(&shop, code(3), ("Email Opened", "Open"), json!({ "timestamp": at })).await?;
        let unmatched = shop.stack.runtime.region().bus().unmatched();
        email_event(&shop, code(3), ("Email Clicked", "Click"), json!({ "timestamp": at })).await?;
        assert_eq!(shop.stack.runtime.region().bus().unmatched(), unmatched + 1, "our own links count");

        shop.pass(2 * DAY).await?;
        let mut second: Vec<String> = shop.accepted()?.into_iter().skip(4).map(|entry| entry.to).collect();
        second.sort();
        let mut expected = [first[2].to.clone(), first[3].to.clone()];
        expected.sort();
        assert_eq!(second, expected, "whose letters pass, and bounced for a while");
        let letters = shop.report("letters").await?;
        assert_eq!((letters.steps[0].figures.opened, letters.steps[1].skipped), (1, 2), "{letters:?}");
        Ok(())
    })
}

/// Nobody but AWS puts events of its sources on a bus, there as here.
#[test]
fn events_of_aws_are_not_for_others_to_put() -> Result<()> {
    alone(async {
        let shop = lapsed_shop_of(Opening::at(MORNING), 1, &SMS.replace("texts", "other")).await?;
        let client = aws_sdk_eventbridge::Client::new(&shop.stack.runtime.region().sdk_config("stranger"));
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
            .source("aws.ses")
            .detail_type("Email Bounced")
            .detail("{}")
            .build();
        let answer = client.put_events().entries(entry).send().await?;
        assert_eq!(answer.entries()[0].error_code(), Some("NotAuthorizedForSourceException"));
        Ok(())
    })
}
