//! Infobip's adapter against a server that answers as Infobip documents, and its posts as they come.

use std::time::Duration;

use http::{HeaderMap, Method};

use super::*;
use crate::abroad::counterpart::{
    CALLBACK, Counterpart, NOW, REQUEST, SEGMENT, account, configuration, json_post, malformed, nobody,
    permanent, undelivered,
};

const SETTINGS: [(&str, &str); 1] = [("sender", "Shop")];
const SECRETS: [(&str, &str); 2] = [("key", "api-key-1"), ("callback", SEGMENT)];
const REPORTS: &str = include_str!("../../tests/recorded/infobip/reports.json");

fn infobip(base_url: &str) -> Infobip {
    Infobip::new(&account(base_url, &SETTINGS, &SECRETS)).unwrap()
}

fn read(body: &str) -> Result<Vec<Notice>, ReceiptError> {
    infobip("http://127.0.0.1:1").notices(&json_post(&HeaderMap::new(), SEGMENT, body.as_bytes()), NOW)
}

#[tokio::test]
async fn a_message_has_our_code_for_its_id() {
    let server =
        Counterpart::answering(200, include_str!("../../tests/recorded/infobip/accepted.json")).await;
    let accepted = Accepted { provider_id: REQUEST.reference.to_owned(), parts: 2, price: None };
    assert_eq!(infobip(&server.base_url).send(&REQUEST).await, Ok(accepted));
    let asked = server.only();
    assert_eq!((asked.method.as_str(), asked.uri.to_string().as_str()), ("POST", "/sms/3/messages"));
    assert_eq!(asked.header("authorization"), "App api-key-1");
    assert_eq!(asked.header("content-type"), "application/json");
    let expected = json!({
        "messages": [{
            "sender": "Shop",
            "destinations": [{ "to": "819012345678", "messageId": REQUEST.reference }],
            "content": { "text": REQUEST.text },
            "webhooks": { "delivery": { "url": CALLBACK }, "contentType": "application/json" },
        }],
        "options": { "includeSmsCountInResponse": true },
    });
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
}

#[tokio::test]
async fn each_status_of_a_message_has_its_class() {
    let unclear = SendError::Unclear { reason: "a message of this id was accepted before" };
    let later = SendError::Temporary { reason: "Infobip asks to try again later" };
    let cases = [
        ("REJECTED", "REJECTED_DUPLICATE_MESSAGE_ID", unclear),
        ("REJECTED", "REJECTED_SYSTEM_ERROR", later),
        ("REJECTED", "REJECTED_NOT_ENOUGH_CREDITS", configuration("REJECTED_NOT_ENOUGH_CREDITS")),
        ("REJECTED", "REJECTED_PREPAID_PACKAGE_EXPIRED", configuration("REJECTED_PREPAID_PACKAGE_EXPIRED")),
        ("REJECTED", "REJECTED_SENDER", configuration("REJECTED_SENDER")),
        ("REJECTED", "REJECTED_SOURCE", configuration("REJECTED_SOURCE")),
        (
            "REJECTED",
            "REJECTED_DESTINATION_NOT_REGISTERED",
            configuration("REJECTED_DESTINATION_NOT_REGISTERED"),
        ),
        ("REJECTED", "REJECTED_FLOODING_FILTER", permanent("REJECTED_FLOODING_FILTER")),
        ("REJECTED", "REJECTED_DESTINATION", permanent("REJECTED_DESTINATION")),
        ("REJECTED", "MISSING_TO", permanent("MISSING_TO")),
        ("UNDELIVERABLE", "UNDELIVERABLE_REJECTED_OPERATOR", permanent("UNDELIVERABLE_REJECTED_OPERATOR")),
        ("REJECTED", "no 819012345678", permanent("unnamed")),
        ("TELEPORTED", "X", SendError::Unknown { reason: "unreadable acceptance" }),
    ];
    for (group, name, expected) in cases {
        let status = json!({ "groupName": group, "name": name });
        let body = json!({ "messages": [{ "messageId": "k3Jd02aZ9QmX", "status": status }] });
        let server = Counterpart::answering(200, body.to_string().leak()).await;
        assert_eq!(infobip(&server.base_url).send(&REQUEST).await, Err(expected), "{name}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn each_error_has_its_class() {
    let unknown = || SendError::Unknown { reason: "unreadable acceptance" };
    let cases: [(u16, &'static str, SendError); 10] = [
        (
            401,
            r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"Invalid login details"}}}"#,
            configuration("HTTP 401: UNAUTHORIZED"),
        ),
        (403, r#"{"errorCode":"E403","description":"Forbidden"}"#, configuration("HTTP 403: E403")),
        (400, r#"{"errorCode":"E400","description":"to 819012345678"}"#, permanent("E400")),
        (
            400,
            r#"{"requestError":{"serviceException":{"messageId":"BAD_REQUEST"}}}"#,
            permanent("BAD_REQUEST"),
        ),
        (429, r#"{"errorCode":"E429"}"#, SendError::Temporary { reason: "too many requests" }),
        (500, r#"{"errorCode":"E500"}"#, SendError::Unclear { reason: "the provider failed" }),
        (503, "", SendError::Unclear { reason: "service unavailable" }),
        (200, "<html>", unknown()),
        (200, r#"{"messages":[]}"#, unknown()),
        (200, r#"{"messages":[{"status":{"groupName":"PENDING"}}]}"#, unknown()),
    ];
    for (status, body, expected) in cases {
        let server = Counterpart::answering(status, body).await;
        assert_eq!(infobip(&server.base_url).send(&REQUEST).await, Err(expected), "{status} {body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_not_asked_for_again() {
    let server = Counterpart::silent().await;
    let mut infobip = infobip(&server.base_url);
    infobip.client = crate::http::client_within(Duration::from_millis(200));
    assert_eq!(infobip.send(&REQUEST).await, Err(SendError::Unknown { reason: "time-out" }));
    assert_eq!(server.count(), 1);
    infobip.base_url = nobody().await;
    assert_eq!(infobip.send(&REQUEST).await, Err(SendError::Temporary { reason: "no connection" }));
    let unknown = SendError::Unknown { reason: "no connection" };
    assert_eq!(infobip.look_up(REQUEST.reference).await, Err(unknown));
}

#[tokio::test]
async fn the_log_tells_whether_a_message_was_taken() {
    let accepted = LookUp::Accepted(Accepted {
        provider_id: REQUEST.reference.to_owned(),
        parts: 2,
        price: Price::read(16.8, "JPY"),
    });
    let unknown = |reason| SendError::Unknown { reason };
    let cases: [(u16, &'static str, Result<LookUp, SendError>); 9] = [
        (200, include_str!("../../tests/recorded/infobip/log.json"), Ok(accepted)),
        (200, include_str!("../../tests/recorded/infobip/log_refused.json"), Ok(LookUp::NotAccepted)),
        (
            200,
            include_str!("../../tests/recorded/infobip/log_repeated.json"),
            Err(unknown("the log has only a repetition of it")),
        ),
        (200, r#"{"results":[]}"#, Ok(LookUp::NotAccepted)),
        (200, r#"{"results":[{"messageId":"aaaaaaaaaaaa"}]}"#, Ok(LookUp::NotAccepted)),
        (200, "<html>", Err(unknown("unreadable acceptance"))),
        (429, r#"{"errorCode":"E429"}"#, Err(unknown("too many requests"))),
        (500, r#"{"results":[]}"#, Err(unknown("the provider failed"))),
        (401, r#"{"errorCode":"E401"}"#, Err(configuration("HTTP 401: E401"))),
    ];
    for (status, body, expected) in cases {
        let server = Counterpart::answering(status, body).await;
        let found = infobip(&server.base_url).look_up(REQUEST.reference).await;
        assert_eq!(found, expected, "{status} {body}");
        let asked = server.only();
        assert_eq!(asked.method, Method::GET);
        assert_eq!(asked.uri.to_string(), "/sms/3/logs?messageId=k3Jd02aZ9QmX");
        assert_eq!(asked.header("authorization"), "App api-key-1");
    }
}

#[tokio::test]
async fn a_check_reads_the_balance() {
    let server = Counterpart::answering(200, r#"{"balance":47.792,"currency":"EUR"}"#).await;
    let line = infobip(&server.base_url).check().await;
    assert_eq!(line.as_deref(), Ok("a balance of 47.79 EUR; messages are from Shop"));
    let asked = server.only();
    assert_eq!((asked.method.as_str(), asked.uri.to_string().as_str()), ("GET", "/account/1/balance"));
    let server = Counterpart::answering(401, r#"{"errorCode":"E401"}"#).await;
    assert_eq!(infobip(&server.base_url).check().await, Err(configuration("HTTP 401: E401")));
}

#[test]
fn a_batch_of_receipts_is_read_whole() {
    let receipt = |reference: &str, status, parts, (amount, currency)| Notice::Receipt {
        reference: reference.to_owned(),
        status,
        at: NOW,
        parts: Some(parts),
        price: Price::read(amount, currency),
    };
    let expected = vec![
        receipt("k3Jd02aZ9QmX", ReceiptStatus::Delivered, 2, (16.8, "JPY")),
        receipt("aaaaaaaaaaaa", undelivered("EC_ABSENT_SUBSCRIBER"), 1, (0.02, "EUR")),
        receipt("bbbbbbbbbbbb", undelivered("EXPIRED_EXPIRED"), 1, (0.02, "EUR")),
        receipt("cccccccccccc", undelivered("REJECTED_PREFIX_MISSING"), 1, (0.02, "EUR")),
    ];
    assert_eq!(read(REPORTS), Ok(expected));
}

#[test]
fn the_refusal_of_a_repetition_says_nothing_of_the_message() {
    let body = r#"{"results":[{"messageId":"k3Jd02aZ9QmX",
        "status":{"groupName":"REJECTED","name":"REJECTED_DUPLICATE_MESSAGE_ID"}}]}"#;
    assert_eq!(read(body), Ok(Vec::new()));
}

#[test]
fn a_message_to_us_is_a_reply() {
    let reply = Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: None,
        text: "停止 お願いします".to_owned(),
        at: NOW,
        id: "817790313235066447".to_owned(),
    };
    assert_eq!(read(include_str!("../../tests/recorded/infobip/replies.json")), Ok(vec![reply]));
}

#[test]
fn what_does_not_come_by_the_secret_path_is_forged() {
    let infobip = infobip("http://127.0.0.1:1");
    let headers = HeaderMap::new();
    let good = json_post(&headers, SEGMENT, REPORTS.as_bytes());
    for segment in [None, Some(""), Some("0123456789abcdee"), Some("0123456789abcdef0")] {
        assert_eq!(infobip.notices(&Post { segment, ..good }, NOW), Err(ReceiptError::Forged), "{segment:?}");
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    for (body, place) in [
        ("{", "body"),
        ("[]", "/results"),
        (r#"{"results":{}}"#, "/results"),
        (r#"{"results":[{"status":{"groupName":"DELIVERED"}}]}"#, "/results/0/messageId"),
        (r#"{"results":[{"status":{},"messageId":"a"}]}"#, "/results/0/status/groupName"),
        (
            r#"{"results":[{"status":{"groupName":"DELIVERED"},"messageId":"a","doneAt":"soon"}]}"#,
            "/results/0/doneAt",
        ),
        (r#"{"results":[{"from":"819012345678","messageId":"a"}]}"#, "/results/0/text"),
    ] {
        assert_eq!(read(body), Err(malformed(place)), "{body}");
    }
    let many = json!({ "results": vec![json!({}); MAX_NOTICES + 1] }).to_string();
    assert_eq!(read(&many), Err(malformed("/results/1000")));
}

#[test]
fn a_wrong_account_names_the_place_and_shows_no_secret() {
    let place = |settings: &[(&str, &str)], secrets: &[(&str, &str)]| {
        Infobip::new(&account("http://127.0.0.1:1", settings, secrets)).unwrap_err().place
    };
    assert_eq!(place(&[], &SECRETS), "settings.sender");
    assert_eq!(place(&SETTINGS, &SECRETS[1..]), "secrets.key");
    assert_eq!(place(&SETTINGS, &SECRETS[..1]), "secrets.callback");
    let shown = format!("{:?}", infobip("http://127.0.0.1:1"));
    assert!(!shown.contains(SEGMENT) && !shown.contains("api-key-1"), "{shown}");
}
