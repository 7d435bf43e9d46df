//! LINE, from a journey's step to the person and back: sent once whatever is lost, answered, blocked and followed again.

use anyhow::{Context, Result, ensure};
use domain::contact::Channel;
use domain::customer::Customer;
use domain::enrollment::{Enrollment, Status};
use domain::message::SkipReason;
use domain::names::CustomerId;
use domain::time::{DAY, HOUR};
use reqwest::StatusCode;
use reqwest::header::{LOCATION, USER_AGENT};
use serde_json::{Value, json};
use tests::customers::{BROWSER, Someone};
use tests::line::{LineApi, sign, webhook};
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

const HANA: &str = "U4af4980629f1b2c3d4e5f60718293a4b";

const SHOP: &str = "shop: { time_zone: Asia/Tokyo, prices: { line: 2 } }";

const NEWS: &str = "journey:
  name: news
  purpose: marketing
  enter: { event: Asked }
  reentry: never
  steps:
    - line:
        name: hello
        text: \"{{ customer.name }}さん、春の新作です {{ links.shop }}\"
        links: { shop: \"https://shop.example.jp/spring\" }
    - wait: 1d
    - line: { name: again, text: まだ間に合います }
";

/// By LINE to whoever can be reached there, else by SMS.
const RECEIPT: &str = "journey:
  name: receipt
  purpose: transactional
  enter: { event: { name: Order Completed, key: order_id } }
  reentry: per_key
  steps:
    - line: { name: by-line, text: \"ご注文 {{ event.order_id }} を承りました\" }
    - branch:
        - name: not at LINE
          when: { not: { sent: by-line } }
          steps: [{ sms: { name: by-sms, text: \"ご注文 {{ event.order_id }} を承りました\" } }]
";

async fn shop(line: &LineApi) -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    shop.apply(&[SHOP, NEWS, RECEIPT, &line.providers()]).await?;
    shop.settle().await?;
    Ok(shop)
}

/// Takes someone in who is at LINE and agreed to news there.
async fn at_line(shop: &Shop, someone: &Someone, id: &str) -> Result<()> {
    let mut identify = someone.identify(shop.clock.now());
    identify["traits"]["line_id"] = json!(id);
    identify["traits"]["consents"]["line"] = json!({ "marketing": true });
    shop.take(&[identify]).await
}

/// Posts what LINE would, signed by `secret` or by the channel's own.
async fn tell(shop: &Shop, did: &Value, secret: Option<&str>) -> Result<StatusCode> {
    let (body, signature) = webhook(HANA, did, shop.clock.now());
    let signature = secret.map_or(signature, |secret| sign(&body, secret));
    let request = shop.http.post(format!("{}/callbacks/official", shop.stack.base_url));
    let answer = request.header("x-line-signature", signature).body(body).send().await?.status();
    shop.settle().await?;
    Ok(answer)
}

async fn customer(shop: &Shop, someone: &Someone) -> Result<Customer> {
    let stored = shop.table.customer(&CustomerId::parse(&someone.id)?).await?;
    Ok(stored.context("the customer is there")?.customer)
}

async fn orders(shop: &Shop, someone: &Someone, order: &str) -> Result<()> {
    shop.take(&[someone.order(order, shop.clock.now(), 3_000)]).await?;
    shop.settle().await
}

#[test]
fn a_message_whose_answer_is_lost_is_sent_once() -> Result<()> {
    alone(async {
        let line = LineApi::start().await?;
        let mut shop = shop(&line).await?;
        let hana = Someone::willing(1);
        at_line(&shop, &hana, HANA).await?;
        line.lose_answers(1);
        shop.take(&[hana.event("Asked", "1", shop.clock.now(), &json!({}))]).await?;
        shop.settle().await?;
        ensure!(line.taken().len() == 1 && shop.report("news").await?.total.sent == 0, "the answer was lost");
        shop.pass(HOUR).await?;
        let taken = line.taken();
        let [message] = taken.as_slice() else { anyhow::bail!("{} messages", taken.len()) };
        ensure!(line.asked() == [2], "{:?}", line.asked());
        ensure!(message.to == HANA, "{}", message.to);
        let short = message.text.split_whitespace().last().context("a link")?.to_owned();
        ensure!(
            message.text.starts_with("つなぎ花子00001さん、春の新作です https://t.example.jp/l/"),
            "{message:?}"
        );
        let report = shop.report("news").await?;
        ensure!(report.total.sent == 1 && report.is_complete(), "{report:?}");
        ensure!(report.total.cost_yen.0 == 2 && report.sms_parts == 0, "{report:?}");

        // The link is ours, and its click counts.
        let short = short.replace("https://t.example.jp", &shop.stack.base_url);
        let answer = shop.http.get(short).header(USER_AGENT, BROWSER).send().await?;
        ensure!(answer.headers().get(LOCATION).is_some_and(|to| to == "https://shop.example.jp/spring"));
        shop.settle().await?;
        ensure!(shop.report("news").await?.total.clicked == 1, "the click is lost");
        ensure!(shop.forbidden().is_empty() && shop.dead_letters().await?.is_empty());
        Ok(())
    })
}

/// What a repeat is answered says nothing of the first time, unless it is that the key was taken: too many requests leave the
/// message where it is, sent and not known to be, until a later repeat tells.
#[test]
fn too_many_requests_on_a_repeat_prove_nothing() -> Result<()> {
    alone(async {
        let line = LineApi::start().await?;
        let mut shop = shop(&line).await?;
        let hana = Someone::willing(1);
        at_line(&shop, &hana, HANA).await?;
        line.lose_answers(1);
        orders(&shop, &hana, "1").await?;
        ensure!(line.taken().len() == 1, "{:?}", line.taken());
        line.throttle(2);
        shop.pass(6 * HOUR).await?;
        ensure!(line.asked() == [2], "{:?}: once, and once when there was room again", line.asked());
        let report = shop.report("receipt").await?;
        let step = &report.steps[0];
        ensure!((step.figures.sent, step.failed, step.unknown, step.skipped) == (1, 0, 0, 0), "{report:?}");
        ensure!(line.taken().len() == 1 && shop.accepted()?.is_empty(), "it was sent again");
        ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
        Ok(())
    })
}

/// For 24 hours a repeat is harmless. What is not known by then is unknown, and is not sent again.
#[test]
fn a_message_is_not_repeated_when_line_may_have_forgotten_its_key() -> Result<()> {
    alone(async {
        let line = LineApi::start().await?;
        let mut shop = shop(&line).await?;
        let hana = Someone::willing(1);
        at_line(&shop, &hana, HANA).await?;
        line.lose_answers(1);
        orders(&shop, &hana, "1").await?;
        line.down(true);
        shop.pass(25 * HOUR).await?;
        line.forget_keys();
        line.down(false);
        shop.pass(3 * DAY).await?;
        let report = shop.report("receipt").await?;
        ensure!(line.taken().len() == 1, "{:?}", line.taken());
        ensure!(report.steps[0].unknown == 1 && report.is_complete(), "{report:?}");
        Ok(())
    })
}

#[test]
fn a_reply_and_a_block_reach_the_customer() -> Result<()> {
    alone(async {
        let line = LineApi::start().await?;
        let mut shop = shop(&line).await?;
        let hana = Someone::willing(1);
        at_line(&shop, &hana, HANA).await?;
        shop.take(&[hana.event("Asked", "1", shop.clock.now(), &json!({}))]).await?;
        shop.settle().await?;
        shop.pass(HOUR).await?;

        let wrote = |text: &str| json!({ "type": "message", "message": { "type": "text", "text": text } });
        ensure!(tell(&shop, &wrote("停止"), Some("another secret")).await? == StatusCode::FORBIDDEN);
        ensure!(tell(&shop, &wrote("はい"), None).await? == StatusCode::OK);
        let replied = customer(&shop, &hana).await?;
        let words: Vec<_> =
            replied.enrollments.iter().flat_map(Enrollment::messages).map(|it| it.reply.as_deref()).collect();
        ensure!(words == [Some("はい")], "{words:?}");

        // To follow without a block before it changes nothing.
        ensure!(tell(&shop, &json!({ "type": "follow" }), None).await? == StatusCode::OK);
        ensure!(customer(&shop, &hana).await? == replied, "a follower is changed");
        orders(&shop, &hana, "1").await?;
        ensure!(line.taken().len() == 2, "{:?}", line.taken());

        ensure!(tell(&shop, &json!({ "type": "unfollow" }), None).await? == StatusCode::OK);
        shop.pass(2 * DAY).await?;
        let news = shop.report("news").await?;
        ensure!((news.steps[0].figures.sent, news.steps[1].skipped) == (1, 1), "{news:?}");

        // Nothing arrives there any more, so that a notice goes by SMS.
        orders(&shop, &hana, "2").await?;
        let skipped = customer(&shop, &hana).await?;
        let skipped: Vec<_> = skipped.enrollments.iter().flat_map(Enrollment::messages).collect();
        let suppressed = Status::Skipped(SkipReason::Suppressed);
        ensure!(skipped.iter().any(|message| message.status == suppressed), "{skipped:?}");
        let by_sms: Vec<_> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        ensure!(by_sms == [hana.e164()] && line.taken().len() == 2, "{by_sms:?}");

        // Whoever takes the block back gets notices again, and no news.
        ensure!(tell(&shop, &json!({ "type": "follow" }), None).await? == StatusCode::OK);
        orders(&shop, &hana, "3").await?;
        ensure!(line.taken().len() == 3 && shop.accepted()?.len() == 1, "{:?}", line.taken());
        let again = NEWS.replace("name: news", "name: news-again");
        shop.apply(&[&again]).await?;
        shop.pass(HOUR).await?;
        shop.take(&[hana.event("Asked", "2", shop.clock.now(), &json!({}))]).await?;
        shop.pass(2 * DAY).await?;
        ensure!(line.taken().len() == 3 && shop.report("news-again").await?.skipped_total() == 1);
        ensure!(shop.forbidden().is_empty() && shop.dead_letters().await?.is_empty());
        Ok(())
    })
}

#[test]
fn who_has_no_line_id_is_told_by_sms() -> Result<()> {
    alone(async {
        let line = LineApi::start().await?;
        let shop = shop(&line).await?;
        let ken = Someone::willing(2);
        let wrong = json!({ "type": "identify", "userId": ken.id, "traits": { "line_id": "@ken" } });
        let answer = shop.stack.ingest(&[wrong]).await?;
        let error = answer["rejected"][0]["error"].as_str().unwrap_or_default();
        ensure!(error.starts_with("not a LINE user id"), "{answer}");
        shop.take(&[ken.identify(shop.clock.now())]).await?;
        orders(&shop, &ken, "1").await?;
        let by_sms: Vec<_> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        ensure!(by_sms == [ken.e164()] && line.taken().is_empty(), "{by_sms:?}");
        Ok(())
    })
}

/// Without accounts of the shop's own the sandbox takes messages by LINE as well: that is what `up` and the demo show.
#[test]
fn the_sandbox_takes_messages_by_line() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        shop.apply(&[SHOP, NEWS]).await?;
        at_line(&shop, &Someone::willing(1), HANA).await?;
        shop.take(&[Someone::willing(1).event("Asked", "1", shop.clock.now(), &json!({}))]).await?;
        shop.settle().await?;
        let accepted = shop.accepted()?;
        let [message] = accepted.as_slice() else { anyhow::bail!("{} messages", accepted.len()) };
        ensure!(message.channel == Channel::Line && message.to == HANA, "{message:?}");
        let page = shop.http.get(shop.sandbox()?.url()).send().await?.text().await?;
        ensure!(page.contains("1 by LINE") && page.contains("LINE to U4af"), "{page}");
        Ok(())
    })
}
