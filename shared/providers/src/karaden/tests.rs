//! The adapter against a server that answers as the documentation says.

use super::*;
use crate::fake::{Fake, REQUEST, SEGMENT, account, posted};

const NOW: Timestamp = Timestamp::from_seconds(1_795_307_500);
const RECEIVED: &str = include_str!("../../tests/recorded/karaden/received.json");
const ID: &str = "5f0d1b1c-8a8f-4c7d-9d3a-2b8f6a1c9e10";

fn ours(url: &str) -> Account {
    account(url, &[("tenant_id", "tenant 1"), ("service_id", "42")], &[("token", "token-1")])
}

fn adapter(url: &str) -> Karaden {
    Karaden::new(&ours(url)).unwrap()
}

fn accepted_as(parts: u32) -> Accepted {
    Accepted { provider_id: ID.to_owned(), parts, price: None }
}

#[tokio::test]
async fn the_request_is_the_form_that_the_documentation_asks_for() {
    let fake = Fake::answering(200, include_str!("../../tests/recorded/karaden/accepted.json")).await;
    assert_eq!(adapter(&format!("{}/api", fake.url)).send(&REQUEST).await, Ok(accepted_as(2)));
    let asked = fake.once();
    assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("POST", "/api/tenant%201/messages"));
    assert_eq!(asked.header("authorization"), "Bearer token-1");
    assert_eq!(asked.header("karaden-version"), "2023-01-01");
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    let expected =
        [("body", REQUEST.text), ("service_id", "42"), ("tags[]", "k3Jd02aB9xYz"), ("to", "09012345678")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(asked.fields().into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn parts_that_are_not_told_are_counted() {
    let fake = Fake::answering(200, r#"{"id":"m-1","object":"message"}"#).await;
    let expected = Accepted { provider_id: "m-1".to_owned(), parts: 1, price: None };
    assert_eq!(adapter(&fake.url).send(&REQUEST).await, Ok(expected));
}

#[tokio::test]
async fn each_answer_has_its_class() {
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let unclear = |reason| SendError::Unclear { reason };
    let cases: [(u16, &str, SendError); 12] = [
        (
            429,
            r#"{"object":"error","code":"too_many_requests"}"#,
            SendError::Temporary { reason: "too many requests" },
        ),
        (400, r#"{"object":"error","code":"bad_request","message":"x"}"#, permanent("bad_request")),
        (422, r#"{"object":"error","code":"422001","errors":{"to":["+819012345678"]}}"#, permanent("422001")),
        (422, r#"{"object":"error","code":"+819012345678"}"#, permanent("unnamed")),
        (
            422,
            r#"{"object":"error","code":"422001","errors":{"service_id":["x"]}}"#,
            configuration("service_id is refused"),
        ),
        (401, r#"{"object":"error","code":"unauthorized"}"#, configuration("HTTP 401: unauthorized")),
        (403, "", configuration("HTTP 403: unnamed")),
        (404, "", configuration("HTTP 404: unnamed")),
        (500, "", unclear("the provider failed")),
        (503, "", unclear("service unavailable")),
        (200, "<html>", unclear("unreadable acceptance")),
        (200, r#"{"object":"message"}"#, unclear("unreadable acceptance")),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::answering(status, body).await;
        assert_eq!(adapter(&fake.url).send(&REQUEST).await, Err(expected), "{status} {body}");
    }
    let refused = adapter("http://127.0.0.1:9").send(&REQUEST).await;
    assert_eq!(refused, Err(SendError::Temporary { reason: "no connection" }));
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_not_asked_for() {
    let fake = Fake::answering(200, "{}").await;
    let long = "あ".repeat(661);
    let foreign = adapter(&fake.url).send(&SmsRequest { to: "+14155550100", ..REQUEST }).await;
    assert_eq!(foreign, Err(SendError::Permanent { code: "number-not-of-japan".to_owned() }));
    let too_long = adapter(&fake.url).send(&SmsRequest { text: &long, ..REQUEST }).await;
    assert_eq!(too_long, Err(SendError::Permanent { code: "text-too-long".to_owned() }));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_look_up_lists_the_messages_with_the_tag() {
    let fake = Fake::answering(200, include_str!("../../tests/recorded/karaden/list.json")).await;
    let karaden = adapter(&fake.url);
    assert_eq!(karaden.look_up("k3Jd02aB9xYz").await, Ok(LookUp::Accepted(accepted_as(2))));
    assert_eq!(fake.once().uri, "/tenant%201/messages?service_id=42&tag=k3Jd02aB9xYz");
    let others = Err(SendError::Unknown { reason: "a list of other messages" });
    assert_eq!(karaden.look_up("Zz9876543210").await, others);
    let fake = Fake::answering(200, include_str!("../../tests/recorded/karaden/list-empty.json")).await;
    assert_eq!(adapter(&fake.url).look_up("k3Jd02aB9xYz").await, Ok(LookUp::NotAccepted));
    for (status, body) in [(200, "{}"), (200, "<html>"), (429, ""), (503, ""), (401, "")] {
        let fake = Fake::answering(status, body).await;
        let error = adapter(&fake.url).look_up("k3Jd02aB9xYz").await.unwrap_err();
        assert!(matches!(error, SendError::Unknown { .. } | SendError::Configuration { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_check_lists_nothing_and_shows_no_secret() {
    let fake = Fake::answering(200, include_str!("../../tests/recorded/karaden/list-empty.json")).await;
    let line = adapter(&fake.url).check().await.unwrap();
    assert_eq!(line, "Karaden takes the token for service 42");
    assert_eq!(fake.once().fields()["tag"], "tsunagi-check");
    let fake = Fake::answering(401, "").await;
    assert!(matches!(adapter(&fake.url).check().await, Err(SendError::Configuration { .. })));
}

fn read(body: &str) -> Result<Vec<Notice>, ReceiptError> {
    posted(Some(SEGMENT), body, |post| adapter("http://127.0.0.1:9").notices(post, NOW))
}

#[test]
fn receipts_are_read_once_they_are_final() {
    let receipt = |status, at: &str, parts| {
        let at = Timestamp::parse(at).unwrap();
        vec![Notice::Receipt { reference: "k3Jd02aB9xYz".to_owned(), status, at, parts, price: None }]
    };
    let undelivered = |reason: &str| {
        let status = ReceiptStatus::Undelivered { reason: reason.to_owned() };
        receipt(status, "2026-11-22T09:30:06+09:00", None)
    };
    let delivered = receipt(ReceiptStatus::Delivered, "2026-11-22T09:30:05+09:00", Some(2));
    let cases = [
        (RECEIVED, delivered),
        (include_str!("../../tests/recorded/karaden/unconnected.json"), undelivered("docomo: unreachable")),
        (include_str!("../../tests/recorded/karaden/error.json"), undelivered("not delivered")),
        (include_str!("../../tests/recorded/karaden/send-error.json"), undelivered("not sent")),
        (include_str!("../../tests/recorded/karaden/canceled.json"), undelivered("canceled")),
        (include_str!("../../tests/recorded/karaden/processing.json"), vec![]),
        (include_str!("../../tests/recorded/karaden/waiting.json"), vec![]),
        (include_str!("../../tests/recorded/karaden/never-known.json"), vec![]),
    ];
    for (body, expected) in cases {
        assert_eq!(read(body), Ok(expected), "{body}");
    }
}

#[test]
fn a_batch_and_further_fields_are_read() {
    let further = RECEIVED.replacen('{', r#"{"rcs":{"a":[1]},"#, 1);
    assert_eq!(read(&format!("[{RECEIVED},{further}]")).map(|notices| notices.len()), Ok(2));
}

#[test]
fn a_post_that_did_not_come_by_the_secret_path_is_forged() {
    for segment in [None, Some(""), Some("0123456789abcdeg")] {
        let read = posted(segment, RECEIVED, |post| adapter("http://127.0.0.1:9").notices(post, NOW));
        assert_eq!(read, Err(ReceiptError::Forged));
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let cases = [
        ("{".to_owned(), "body"),
        ("7".to_owned(), "body"),
        (RECEIVED.replace("\"done\"", "\"undone\""), "/result"),
        (RECEIVED.replace("\"received\"", "\"seen\""), "/sent_result"),
        (RECEIVED.replace("\"status\": \"done\"", "\"status\": \"lost\""), "/status"),
        (RECEIVED.replace("k3Jd02aB9xYz", "+819012345678"), "/tags"),
        (RECEIVED.replace("2026-11-22T09:30:05+09:00", "soon"), "/received_at"),
        (RECEIVED.replace("sent\": 2", "sent\": -2"), "/charged_count_per_sent"),
    ];
    for (body, place) in cases {
        assert_eq!(read(&body), Err(ReceiptError::Malformed { place: place.to_owned() }), "{body}");
    }
}

#[test]
fn an_account_that_lacks_something_is_told_where() {
    let good = ours("https://prg.karaden.jp/api");
    for (place, name) in [("settings.tenant_id", "tenant_id"), ("settings.service_id", "service_id")] {
        let mut account = good.clone();
        account.settings.remove(name);
        assert_eq!(Karaden::new(&account).unwrap_err().place, place);
    }
    for (place, name) in [("secrets.token", "token"), ("secrets.callback", "callback")] {
        let mut account = good.clone();
        account.secrets.remove(name);
        assert_eq!(Karaden::new(&account).unwrap_err().place, place);
    }
    let shown = format!("{:?}", Karaden::new(&good).unwrap());
    assert!(!shown.contains("token-1") && !shown.contains(SEGMENT), "{shown}");
}
