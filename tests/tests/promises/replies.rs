//! What people write back: opt-outs and their return, words of the shop's own, a reply that a journey waits for and that
//! reaches a person; and mailboxes that take nothing any longer.

use anyhow::{Context, Result, ensure};
use cloud::table::people::Stopped;
use domain::contact::Channel;
use domain::names::CustomerId;
use domain::time::DAY;
use providers::receipts::Secret;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::optout::post;
use crate::world::{MORNING, lapsed_shop_of};

const SHOP: &str = "shop:
  time_zone: Asia/Tokyo
  replies: { opt_out: [さようなら], opt_in: [ただいま] }
";

/// One SMS a day, for four days.
const DAILY: &str = "journey:
  name: daily
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: one, text: \"{{ sender }} {{ optout }}\" }
    - wait: 1d
    - sms: { name: two, text: \"{{ sender }} {{ optout }}\" }
    - wait: 1d
    - sms: { name: three, text: \"{{ sender }} {{ optout }}\" }
    - wait: 1d
    - sms: { name: four, text: \"{{ sender }} {{ optout }}\" }
";

const ASKING: &str = "journey:
  name: asking
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }} ご来店されますか 停止はSTOP返信\" }
    - wait_for:
        when: { replied: hello }
        within: 3d
        then:
          - notify:
              name: call
              to: \"sales@shop.example.jp\"
              subject: \"{{ customer.name }} replied {{ steps.hello.reply | default: 'something' }}\"
              text: \"{{ customer.phone }}\"
        otherwise: [{ add_to_audience: silent }]
";

const LETTERS: &str = "journey:
  name: letters
  purpose: marketing
  enter: { event: Asked }
  reentry: { at_most: { times: 12, within_days: 365 } }
  steps:
    - email: { name: letter, subject: Hello, text: \"{{ sender }} {{ optout }}\" }
";

/// Posts what a person wrote.
async fn write(shop: &Shop, someone: &Someone, text: &str, id: &str) -> Result<()> {
    let (now, secret) = (shop.clock.now(), Secret::parse(&shop.secrets.callback_secret)?);
    let reply = json!({ "type": "reply", "from": someone.e164(), "to_reference": null, "text": text, "at": now, "id": id });
    let status = post(shop, now, &secret, &reply.to_string()).await?;
    ensure!(status == StatusCode::OK, "a reply was answered with {status}");
    Ok(())
}

async fn stopped(shop: &Shop, someone: &Someone) -> Result<Option<Stopped>> {
    let all = shop.table.suppressed(Channel::Sms, &[someone.e164()]).await?;
    Ok(all.into_values().next())
}

fn sent(shop: &Shop, someone: &Someone) -> Result<usize> {
    Ok(shop.accepted()?.iter().filter(|entry| entry.to == someone.e164()).count())
}

/// Who opted out by a reply comes back by one, which is on record; the provider that posts that reply once more does not
/// undo an opt-out that came after it.
#[test]
fn who_opted_out_by_a_reply_comes_back_by_one() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 2, DAILY).await?;
        shop.apply(&[SHOP]).await?;
        // Until every instance knows them.
        shop.pass(60).await?;
        let (someone, other) = (Someone::willing(0), Someone::willing(1));
        ensure!((sent(&shop, &someone)?, sent(&shop, &other)?) == (1, 1));
        write(&shop, &someone, "さようなら。", "r1").await?;
        ensure!(stopped(&shop, &someone).await? == Some(Stopped::Marketing));
        shop.pass(DAY + 3600).await?;
        ensure!(
            (sent(&shop, &someone)?, sent(&shop, &other)?) == (1, 2),
            "an opt-out in the shop's own word"
        );
        write(&shop, &someone, "restart", "r2").await?;
        ensure!(stopped(&shop, &someone).await? == Some(Stopped::Marketing), "restart is no opt-in");
        write(&shop, &someone, "ただいま", "r3").await?;
        ensure!(stopped(&shop, &someone).await?.is_none());
        shop.settle().await?;
        let id = CustomerId::parse(&someone.id)?;
        let customer = shop.table.customer(&id).await?.context("the customer")?.customer;
        ensure!(
            customer.consents_to(Channel::Sms, domain::consent::Purpose::Marketing),
            "{:?}",
            customer.consents
        );
        shop.pass(DAY).await?;
        ensure!((sent(&shop, &someone)?, sent(&shop, &other)?) == (2, 3), "messages again");
        write(&shop, &someone, "STOP", "r4").await?;
        shop.pass(60).await?;
        write(&shop, &someone, "ただいま", "r3").await?;
        ensure!(stopped(&shop, &someone).await? == Some(Stopped::Marketing), "a repetition lifts nothing");
        shop.pass(DAY).await?;
        ensure!((sent(&shop, &someone)?, sent(&shop, &other)?) == (2, 4));
        ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
        Ok(())
    })
}

/// What an address that does not exist stopped, no reply lifts.
#[test]
fn a_number_that_is_none_stays_suppressed() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 2, DAILY).await?;
        let (someone, other) = (Someone::willing(0), Someone::willing(1));
        let accepted = shop.accepted()?;
        let message = accepted.iter().find(|entry| entry.to == someone.e164()).context("a message")?;
        let (now, secret) = (shop.clock.now(), Secret::parse(&shop.secrets.callback_secret)?);
        let receipt = json!({
            "type": "receipt", "reference": message.reference, "status": { "invalid": { "reason": "no_such_number" } }, "at": now,
        });
        ensure!(post(&shop, now, &secret, &receipt.to_string()).await? == StatusCode::OK);
        ensure!(stopped(&shop, &someone).await? == Some(Stopped::Everything));
        write(&shop, &someone, "START", "r1").await?;
        ensure!(stopped(&shop, &someone).await? == Some(Stopped::Everything));
        shop.pass(DAY + 3600).await?;
        ensure!((sent(&shop, &someone)?, sent(&shop, &other)?) == (1, 2));
        Ok(())
    })
}

#[test]
fn a_reply_can_be_waited_for_and_reaches_a_person() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 2, ASKING).await?;
        let (someone, other) = (Someone::willing(0), Someone::willing(1));
        shop.pass(3600).await?;
        write(&shop, &someone, "はい", "r1").await?;
        shop.pass(600).await?;
        let told: Vec<_> = shop.accepted()?.into_iter().filter(|it| it.channel == Channel::Email).collect();
        ensure!(told.len() == 1 && told[0].to == "sales@shop.example.jp", "{} e-mails", told.len());
        let text = told[0].text.as_deref().unwrap_or_default();
        ensure!(text.contains(&someone.e164()), "{text}");
        shop.pass(4 * DAY).await?;
        let customer = |id: &str| -> Result<CustomerId> { Ok(CustomerId::parse(id)?) };
        let silent = domain::names::AudienceName::parse("silent")?;
        for (id, expected) in [(&someone.id, false), (&other.id, true)] {
            let stored = shop.table.customer(&customer(id)?).await?.context("the customer")?;
            ensure!(stored.customer.in_audience(&silent) == expected, "{id}");
        }
        Ok(())
    })
}

/// A post that comes again, word for word, is taken and changes nothing: providers post anew when they miss our answer.
#[test]
fn a_replayed_post_changes_nothing() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 1, DAILY).await?;
        shop.pass(600).await?;
        let message = shop.accepted()?.pop().context("a message")?;
        let (now, secret) = (shop.clock.now(), Secret::parse(&shop.secrets.callback_secret)?);
        let both = json!([
            { "type": "receipt", "reference": message.reference, "status": "delivered", "at": now, "parts": 1, "price": { "amount": "9", "currency": "JPY" } },
            { "type": "reply", "from": message.to, "to_reference": message.reference, "text": "はい", "at": now, "id": "r1" },
        ]);
        let id = CustomerId::parse("c00000")?;
        let mut states = Vec::new();
        for _ in 0..3 {
            ensure!(post(&shop, now, &secret, &both.to_string()).await? == StatusCode::OK);
            shop.settle().await?;
            let stored = shop.table.customer(&id).await?.context("the customer")?;
            states.push((stored.revision, stored.customer));
        }
        ensure!(states[0] == states[1] && states[1] == states[2], "a repetition changed something");
        shop.pass(200).await?;
        ensure!(post(&shop, now.plus(-600), &secret, &both.to_string()).await? == StatusCode::FORBIDDEN);
        Ok(())
    })
}

/// Five letters in a row over more than a week bounced for the moment: the sixth does not leave. A new address gets mail.
#[test]
fn a_mailbox_that_keeps_bouncing_gets_no_more() -> Result<()> {
    alone(async {
        let mut opening = Opening::at(MORNING);
        opening.provider.receipts_never = 1.0;
        let mut shop = Shop::open(opening).await?;
        let someone = Someone::willing(0);
        shop.take(&[someone.identify(shop.clock.now())]).await?;
        shop.apply(&[LETTERS]).await?;
        shop.settle().await?;
        let secret = Secret::parse(&shop.secrets.callback_secret)?;
        let letters = |shop: &Shop| -> Result<Vec<sandbox::Entry>> {
            Ok(shop.accepted()?.into_iter().filter(|it| it.channel == Channel::Email).collect())
        };
        for number in 0..7 {
            let now = shop.clock.now();
            let ask: Value = someone.event("Asked", &number.to_string(), now, &json!({}));
            shop.take(&[ask]).await?;
            shop.settle().await?;
            let all = letters(&shop)?;
            ensure!(all.len() == (number + 1).min(5), "{} letters at the {number}th", all.len());
            let last = all.last().context("a letter")?;
            let bounce = json!({
                "type": "receipt", "reference": last.reference, "status": { "bounced": { "permanent": false } }, "at": now,
            });
            // Twice, as receipts come.
            for _ in 0..2 {
                ensure!(post(&shop, now, &secret, &bounce.to_string()).await? == StatusCode::OK);
            }
            shop.pass(2 * DAY).await?;
        }
        let report = shop.report("letters").await?;
        ensure!((report.total.entered, report.total.sent, report.skipped_total()) == (7, 5, 2), "{report:?}");
        let now = shop.clock.now();
        let moved = json!({ "type": "identify", "userId": someone.id, "timestamp": now.to_string(), "traits": { "email": "new@example.jp" } });
        shop.take(&[moved, someone.event("Asked", "new", now, &json!({}))]).await?;
        shop.settle().await?;
        let last = letters(&shop)?.pop().context("a letter")?;
        ensure!(last.to == "new@example.jp", "a letter to the new address");
        Ok(())
    })
}
