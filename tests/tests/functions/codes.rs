//! `verify` and the page of `link`: what is right once, what never is, and that answers give nothing away.

use anyhow::{Context, Result, ensure};
use cloud::table::people::Stopped;
use domain::contact::Channel;
use domain::time::MINUTE;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::codes::{Answer, another, ask, check, code, post, texts};
use tests::customers::Someone;
use tests::picture::everything;
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

const NUMBER: &str = "090-1234-5678";

/// As many codes as a test likes.
const GENEROUS: &str = "shop:
  time_zone: Asia/Tokyo
  codes:
    domain: example.jp
    limits: { number_per_hour: 1000, prefix_per_hour: 1000, address_per_hour: 1000, total_per_minute: 1000, yen_per_day: 100000 }
";

async fn generous() -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    shop.apply(&[GENEROUS]).await?;
    shop.settle().await?;
    Ok(shop)
}

/// Asks for a code and has it sent.
async fn sent(shop: &Shop, body: &Value) -> Result<String> {
    let id = ask(shop, body).await?;
    shop.settle().await?;
    Ok(id)
}

#[test]
fn the_code_that_was_sent_is_right_once() -> Result<()> {
    alone(async {
        let shop = generous().await?;
        for body in [
            json!({ "to": NUMBER }),
            json!({ "to": NUMBER, "locale": "en" }),
            json!({ "to": NUMBER, "shape": "code_with_help" }),
            json!({ "to": NUMBER, "shape": "code_with_help", "locale": "en", "domain": "login.example.com" }),
        ] {
            let answer = post(&shop, "/v1/verifications", &body).await?;
            ensure!(answer.json()?["expires_at"] == MORNING.plus(300).to_string(), "{answer:?}");
            shop.settle().await?;
            let id = answer.json()?["id"].as_str().context("an id")?.to_owned();
            let code = code(&shop, &id)?;
            let text = texts(&shop, &id)?.concat();
            let host = body["domain"].as_str().unwrap_or("example.jp");
            ensure!(text.lines().last() == Some(&format!("@{host} #{code}")), "{text}");
            ensure!(text.matches(&code).count() == 2, "{text}");
            ensure!(!check(&shop, &id, Some(&another(&code))).await?, "any code will do");
            ensure!(!check(&shop, &id, None).await?, "no code will do");
            ensure!(check(&shop, &id, Some(&code)).await?, "it is the code");
            ensure!(!check(&shop, &id, Some(&code)).await?, "twice");
        }
        let entry = shop.accepted()?.pop().context("a message")?;
        ensure!(entry.to == "+819012345678", "{}", entry.to);
        ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
        ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
        Ok(())
    })
}

#[test]
fn five_wrong_codes_end_it_however_many_come_at_once() -> Result<()> {
    alone(async {
        let shop = generous().await?;
        let id = sent(&shop, &json!({ "to": NUMBER })).await?;
        let right = code(&shop, &id)?;
        for _ in 0..4 {
            ensure!(!check(&shop, &id, Some(&another(&right))).await?, "any code will do");
        }
        ensure!(check(&shop, &id, Some(&right)).await?, "the fifth try counts");
        let id = sent(&shop, &json!({ "to": NUMBER })).await?;
        let right = code(&shop, &id)?;
        let wrong = another(&right);
        let tried = join_all((0..50).map(|_| check(&shop, &id, Some(&wrong)))).await;
        ensure!(
            tried.into_iter().collect::<Result<Vec<_>>>()?.iter().all(|approved| !approved),
            "one went through"
        );
        let kept = shop.table.verification(&domain::verification::Id::parse(&id).context("an id")?).await?;
        ensure!(kept.is_some_and(|kept| kept.verification.tries_left == 0), "tries are left");
        ensure!(!check(&shop, &id, Some(&right)).await?, "a sixth try counts");
        // The right one, by many at once: one of them is told so.
        let id = sent(&shop, &json!({ "to": NUMBER })).await?;
        let right = code(&shop, &id)?;
        let tried = join_all((0..50).map(|_| check(&shop, &id, Some(&right)))).await;
        let approved = tried.into_iter().filter(|approved| matches!(approved, Ok(true))).count();
        ensure!(approved == 1, "approved {approved} times");
        Ok(())
    })
}

#[test]
fn a_code_is_over_after_its_minutes_and_when_another_is_asked_for() -> Result<()> {
    alone(async {
        let mut shop = generous().await?;
        let (first, second) = (sent(&shop, &json!({ "to": NUMBER })).await?, "090-8765-4321");
        let elsewhere = sent(&shop, &json!({ "to": second })).await?;
        let before = code(&shop, &first)?;
        let again = sent(&shop, &json!({ "to": "+81 90 1234 5678" })).await?;
        ensure!(!check(&shop, &first, Some(&before)).await?, "the one before still counts");
        ensure!(check(&shop, &elsewhere, Some(&code(&shop, &elsewhere)?)).await?, "another number's is over");
        shop.pass(299).await?;
        ensure!(check(&shop, &again, Some(&code(&shop, &again)?)).await?, "five minutes are not over");
        let late = sent(&shop, &json!({ "to": NUMBER })).await?;
        shop.pass(5 * MINUTE).await?;
        ensure!(!check(&shop, &late, Some(&code(&shop, &late)?)).await?, "five minutes are over");
        shop.apply(&["shop: { time_zone: Asia/Tokyo, codes: { valid_minutes: 60 } }"]).await?;
        shop.pass(MINUTE).await?;
        let long = sent(&shop, &json!({ "to": NUMBER, "shape": "code_with_help" })).await?;
        ensure!(texts(&shop, &long)?.concat().contains("60分間有効"), "the text does not say so");
        shop.pass(59 * MINUTE).await?;
        ensure!(check(&shop, &long, Some(&code(&shop, &long)?)).await?, "an hour is not over");
        Ok(())
    })
}

/// The link of a verification, below the shop's address.
fn link(shop: &Shop, id: &str) -> Result<String> {
    let text = texts(shop, id)?.concat();
    let (_, link) = text.split_once("https://t.example.jp").context("a link")?;
    Ok(link.split_whitespace().next().context("a link")?.to_owned())
}

async fn page(shop: &Shop, path: &str, press: bool) -> Result<(StatusCode, String)> {
    let url = format!("{}{path}", shop.stack.base_url);
    let request = if press { shop.http.post(url) } else { shop.http.get(url) };
    let answer = request.send().await?;
    Ok((answer.status(), answer.text().await?))
}

#[test]
fn a_link_is_confirmed_by_its_button_and_by_nothing_else() -> Result<()> {
    alone(async {
        let mut shop = generous().await?;
        let body = json!({ "to": NUMBER, "shape": "link" });
        let id = sent(&shop, &body).await?;
        let path = link(&shop, &id)?;
        ensure!(!texts(&shop, &id)?.concat().contains("@example.jp"), "a link has no code to fill in");
        for _ in 0..3 {
            let (status, text) = page(&shop, &path, false).await?;
            ensure!(status == StatusCode::OK && text.contains("確認する"), "{status}: {text}");
        }
        ensure!(!check(&shop, &id, None).await?, "looking at the page confirmed it");
        // Who knows the name of a verification knows no link: none of these is one.
        let guesses = ["A".repeat(12), id.clone(), String::new()];
        for guess in guesses {
            let (status, _) = page(&shop, &format!("/v/{id}{guess}"), true).await?;
            ensure!(status == StatusCode::NOT_FOUND, "{guess}: {status}");
        }
        ensure!(!check(&shop, &id, None).await?, "a guess confirmed it");
        let (status, text) = page(&shop, &path, true).await?;
        ensure!(status == StatusCode::OK && text.contains("確認しました"), "{status}: {text}");
        ensure!(page(&shop, &path, true).await?.0 == StatusCode::NOT_FOUND, "a link is good once");
        ensure!(!check(&shop, &id, Some("000000")).await?, "it has no code");
        ensure!(check(&shop, &id, None).await?, "it is confirmed");
        ensure!(!check(&shop, &id, None).await?, "twice");
        let late = sent(&shop, &body).await?;
        let path = link(&shop, &late)?;
        shop.pass(5 * MINUTE).await?;
        ensure!(page(&shop, &path, false).await?.0 == StatusCode::NOT_FOUND, "it is over");
        ensure!(page(&shop, &path, true).await?.0 == StatusCode::NOT_FOUND, "it is over");
        ensure!(!check(&shop, &late, None).await?, "it is over");
        ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
        Ok(())
    })
}

/// An answer, and the calls that `verify` made for it.
async fn worked(shop: &Shop, path: &str, body: &Value) -> Result<(Answer, String)> {
    let before = shop.used();
    let answer = post(shop, path, body).await?;
    let used = shop.used().since(&before);
    let used = used.0.get("verify").context("verify was invoked")?;
    Ok((answer, format!("{:?} {:?}", used.dynamodb, used.sqs)))
}

#[test]
fn refusals_are_alike_to_the_byte_and_in_their_work() -> Result<()> {
    alone(async {
        let mut shop = generous().await?;
        let to = |number: u32| json!({ "to": Someone::willing(number).phone });
        let late = sent(&shop, &to(1)).await?;
        shop.pass(5 * MINUTE).await?;
        let used = sent(&shop, &to(2)).await?;
        check(&shop, &used, Some(&code(&shop, &used)?)).await?;
        let replaced = sent(&shop, &to(3)).await?;
        sent(&shop, &to(3)).await?;
        let unsent = ask(&shop, &to(4)).await?;
        let wrong = sent(&shop, &to(5)).await?;
        let nobodys = "AAAAAAAAAAAA".to_owned();
        let mut seen = Vec::new();
        for id in [late, used, replaced, unsent, wrong, nobodys, "no id at all".to_owned()] {
            let body = json!({ "id": id, "code": "123456" });
            seen.push(worked(&shop, "/v1/verifications/check", &body).await?);
        }
        let (answer, work) = &seen[0];
        ensure!(
            answer.body == r#"{"status":"refused"}"# && work.contains("\"UpdateItem\": 2"),
            "{answer:?} {work}"
        );
        ensure!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
        Ok(())
    })
}

/// A customer's number, one that opted out, one that does not exist, and one that nobody knows: whoever asks can't tell.
#[test]
fn known_and_unknown_numbers_are_answered_alike() -> Result<()> {
    alone(async {
        let shop = generous().await?;
        let customer = Someone::willing(1);
        shop.take(&[customer.identify(MORNING)]).await?;
        shop.settle().await?;
        let (opted_out, gone, unknown) = (Someone::willing(2), Someone::willing(3), Someone::willing(4));
        for (someone, stopped) in [(&opted_out, Stopped::Marketing), (&gone, Stopped::Everything)] {
            shop.table.suppress(Channel::Sms, &someone.e164(), stopped, "test", MORNING).await?;
        }
        // The definitions are read once, and kept for half a minute.
        sent(&shop, &json!({ "to": Someone::willing(5).phone })).await?;
        let mut seen = Vec::new();
        for someone in [&customer, &opted_out, &gone, &unknown] {
            let (answer, work) = worked(&shop, "/v1/verifications", &json!({ "to": someone.phone })).await?;
            let id = answer.json()?["id"].as_str().context("an id")?.to_owned();
            let body = answer.body.replace(&id, "ID");
            shop.settle().await?;
            seen.push((someone.e164(), id, (answer.status, body, work)));
        }
        ensure!(seen.iter().all(|(.., answer)| *answer == seen[0].2), "{seen:?}");
        // The one that does not exist gets nothing, and nothing is paid for it.
        let to: Vec<String> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        ensure!(to[1..] == [customer.e164(), opted_out.e164(), unknown.e164()], "{to:?}");
        ensure!(shop.table.codes_cost("2026-03-02").await?.0 == charged(&shop)?, "it was paid for");
        Ok(())
    })
}

fn charged(shop: &Shop) -> Result<i64> {
    Ok(shop.accepted()?.iter().map(|entry| entry.price_yen).sum())
}

#[test]
fn neither_table_nor_queue_holds_a_code_or_a_link() -> Result<()> {
    alone(async {
        let shop = generous().await?;
        let (one, other) = (json!({ "to": NUMBER }), json!({ "to": "090-8765-4321", "shape": "link" }));
        let (id, linked) = (ask(&shop, &one).await?, ask(&shop, &other).await?);
        let waiting = shop.stack.runtime.region().queues().peek("CodesQueue", 10).await?;
        let waiting: Vec<String> = waiting.into_iter().map(|message| message.body).collect();
        ensure!(
            waiting == [format!(r#"{{"v":1,"id":"{id}"}}"#), format!(r#"{{"v":1,"id":"{linked}"}}"#)],
            "{waiting:?}"
        );
        let unsent = everything(&shop).await?.into_iter().filter(|item| item.contains("9012345678")).count();
        ensure!(unsent == 1, "the number of an SMS that is to be sent stands in {unsent} items");
        shop.settle().await?;
        let (code, link) = (code(&shop, &id)?, link(&shop, &linked)?);
        let tag = link.strip_prefix(&format!("/v/{linked}")).context("a tag")?;
        for item in everything(&shop).await? {
            ensure!(!item.contains(tag), "a link: {item}");
            // Six digits may be a part of a number; as a value of their own they are a code.
            ensure!(!item.contains(&format!("\"{code}\"")), "a code: {item}");
            let number = ["9012345678", "9087654321"].iter().any(|number| item.contains(number));
            ensure!(!number, "a number, though its SMS was sent: {item}");
            ensure!(!item.contains("K#") || item.contains("expires"), "a counter for ever: {item}");
        }
        Ok(())
    })
}

#[test]
fn what_is_wrong_with_a_call_is_told() -> Result<()> {
    alone(async {
        let mut shop = generous().await?;
        for (path, body, status, told) in [
            ("/v1/verifications", json!({ "to": "03-1234-5678" }), 400, "`to` is not a mobile number"),
            ("/v1/verifications", json!({ "to": "+14155550100" }), 422, "numbers of this country"),
            ("/v1/verifications", json!({ "to": NUMBER, "shape": "voice" }), 400, "`shape` is not one of"),
            ("/v1/verifications/check", json!({ "code": "1" }), 400, "`id` is missing"),
        ] {
            let answer = post(&shop, path, &body).await?;
            ensure!(answer.status.as_u16() == status, "{answer:?}");
            let error = answer.json()?["error"].as_str().context("an error")?.to_owned();
            ensure!(error.starts_with(told), "{error}");
        }
        for path in ["/v1/verifications", "/v1/verifications/check"] {
            let request =
                shop.http.post(format!("{}{path}", shop.stack.base_url)).basic_auth("guess", Some(""));
            let answer = request.json(&json!({ "to": NUMBER })).send().await?;
            ensure!(answer.status() == StatusCode::UNAUTHORIZED, "{}", answer.status());
        }
        shop.apply(&["shop: { time_zone: Asia/Tokyo, codes: { countries: [1] } }"]).await?;
        // Definitions are kept for half a minute.
        shop.pass(MINUTE).await?;
        sent(&shop, &json!({ "to": "+14155550100" })).await?;
        let to: Vec<String> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        ensure!(to == ["+14155550100"], "{to:?}");
        let answer = post(&shop, "/v1/verifications", &json!({ "to": NUMBER })).await?;
        ensure!(answer.status == StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
        Ok(())
    })
}
