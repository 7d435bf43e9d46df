//! Bad input: each gets an error that names the place, nothing is lost, nothing panics.

use anyhow::{Context, Result};
use domain::names::CustomerId;
use domain::time::DAY;
use local::definitions;
use local::sqs::Outgoing;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING, ONE_SMS};

async fn post(shop: &Shop, key: &str, body: String) -> Result<(StatusCode, Value)> {
    let request = shop.http.post(format!("{}/v1/batch", shop.stack.base_url)).basic_auth(key, Some(""));
    let answer = request.header("content-type", "application/json").body(body).send().await?;
    let status = answer.status();
    Ok((status, answer.json().await.unwrap_or(Value::Null)))
}

#[test]
fn good_items_beside_bad_ones_are_taken() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let good = Someone::willing(1);
        let track = |field: &str, value: Value| {
            let mut call = good.order("bad", MORNING, 100);
            call[field] = value;
            call
        };
        let batch = [
            good.identify(MORNING),
            json!({ "type": "identify", "traits": {} }),
            track("timestamp", json!("1970-01-01T00:00:00Z")),
            track("timestamp", json!("2999-01-01T00:00:00Z")),
            track("timestamp", json!("yesterday")),
            track("event", json!(7)),
            track("event", json!("x".repeat(200))),
            track("userID", json!("1")),
            json!({ "type": "identify", "userId": "2", "traits": { "phone": "03-1234-5678" } }),
            json!({ "type": "track", "userId": "2", "event": "Order Completed", "properties": { "order_id": "1", "total": -5 } }),
            json!({ "type": "page", "userId": "2" }),
            json!(17),
        ];
        let (status, answer) =
            post(&shop, &shop.secrets.write_key, json!({ "batch": batch }).to_string()).await?;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(1)), "{answer}");
        let places: Vec<(u64, &str)> = answer["rejected"]
            .as_array()
            .context("a list of what was rejected")?
            .iter()
            .map(|rejected| {
                (rejected["index"].as_u64().unwrap_or(0), rejected["field"].as_str().unwrap_or("?"))
            })
            .collect();
        let expected = [
            (1, "userId"),
            (2, "timestamp"),
            (3, "timestamp"),
            (4, "timestamp"),
            (5, "event"),
            (6, "event"),
            (7, "userID"),
            (8, "traits.phone"),
            (9, "properties.total"),
            (10, "type"),
            (11, ""),
        ];
        assert_eq!(places, expected, "{answer}");
        assert!(
            answer["rejected"][6]["error"].as_str().is_some_and(|error| error.contains("userId")),
            "{answer}"
        );
        shop.settle().await?;
        let stored =
            shop.table.customer(&CustomerId::parse(&good.id)?).await?.context("the good one is stored")?;
        assert_eq!(stored.customer.text("phone"), Some(good.e164().as_str()));
        Ok(())
    })
}

#[test]
fn requests_that_cannot_be_taken_at_all() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let key = shop.secrets.write_key.clone();
        let call = Someone::willing(1).identify(MORNING);
        let (status, answer) = post(&shop, &key, "{\"batch\": [\n  {\"type\": }".to_owned()).await?;
        assert_eq!((status, &answer["line"]), (StatusCode::BAD_REQUEST, &json!(2)), "{answer}");
        assert_eq!(post(&shop, &key, "[]".to_owned()).await?.0, StatusCode::BAD_REQUEST);
        assert_eq!(
            post(&shop, "wrong", json!({ "batch": [call] }).to_string()).await?.0,
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(
            post(&shop, "", json!({ "batch": [call] }).to_string()).await?.0,
            StatusCode::UNAUTHORIZED
        );
        let many = json!({ "batch": vec![json!({}); 2_501] }).to_string();
        let (status, answer) = post(&shop, &key, many).await?;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
        let large = json!({ "batch": [call], "context": "x".repeat(520_000) }).to_string();
        assert_eq!(post(&shop, &key, large).await?.0, StatusCode::PAYLOAD_TOO_LARGE);
        shop.settle().await?;
        assert!(shop.table.customer(&CustomerId::parse("c00001")?).await?.is_none());
        Ok(())
    })
}

#[test]
fn a_definition_with_a_typo_is_not_applied() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let typo = ONE_SMS.replace("    - wait: 1d", "    - wiat: 1d");
        let files = [("lapsed.yaml".to_owned(), LAPSED.to_owned()), ("one.yaml".to_owned(), typo)];
        let mistakes = definitions::put(&shop.table, &files).await?.err().context("it has a mistake")?;
        let text = mistakes.join("\n");
        assert!(
            text.starts_with("one.yaml:8:7:")
                && text.contains("wiat")
                && text.contains("did you mean `wait`"),
            "{text}"
        );
        assert!(
            shop.table.definitions().await?.is_empty(),
            "nothing is applied while one file has a mistake"
        );
        Ok(())
    })
}

#[test]
fn a_poison_message_ends_in_the_dead_letters_with_its_cause() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let queues = shop.stack.runtime.region().queues();
        shop.take(&[Someone::willing(1).identify(MORNING)]).await?;
        let poison = Outgoing {
            body: "{\"v\":1,\"customer\":\"c1\",\n\"inputs\":7}".to_owned(),
            ..Outgoing::default()
        };
        queues.send("InboxQueue", vec![poison]).await?;
        shop.take(&[Someone::willing(2).identify(MORNING)]).await?;
        shop.settle().await?;
        for id in ["c00001", "c00002"] {
            assert!(
                shop.table.customer(&CustomerId::parse(id)?).await?.is_some(),
                "{id}: the rest of the batch is handled"
            );
        }
        let dead = shop.dead_letters().await?;
        assert_eq!(dead.len(), 1);
        let cause = serde_json::to_string(&dead[0])?;
        assert!(cause.contains("does not read at line 2"), "{cause}");
        assert_eq!(queues.redrive("InboxDeadLetters").await?, 1, "it is driven back");
        assert_eq!(shop.dead_letters().await?.len(), 0, "and is on its way");
        shop.settle().await?;
        assert_eq!(shop.dead_letters().await?.len(), 1, "driven back, it ends where it was");
        Ok(())
    })
}

#[test]
fn a_payload_of_a_later_version_waits_for_those_who_know_it() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        let queues = shop.stack.runtime.region().queues();
        for queue in ["InboxQueue", "SmsQueue", "EmailQueue", "RecomputeQueue"] {
            let later = "{\"v\":99,\"customer\":\"c1\",\"changed\":\"since\"}".to_owned();
            queues.send(queue, vec![Outgoing { body: later, ..Outgoing::default() }]).await?;
        }
        shop.settle().await?;
        assert_eq!(shop.dead_letters().await?.len(), 0, "it is given up at once");
        shop.pass(DAY).await?;
        let dead = shop.dead_letters().await?;
        assert_eq!(dead.len(), 4);
        for letter in dead {
            let letter = serde_json::to_string(&letter)?;
            assert!(letter.contains(" of version 99, and this release reads up to "), "{letter}");
            assert!(letter.contains(": deploy a release that knows it"), "{letter}");
        }
        Ok(())
    })
}
