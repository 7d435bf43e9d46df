//! CM.com's adapter against a server that answers as CM.com documents, and its posts as they come.

use std::time::Duration;

use http::HeaderMap;

use super::*;
use crate::abroad::counterpart::{
    Counterpart, NOW, REQUEST, SEGMENT, account, configuration, json_post, malformed, nobody, permanent,
    receipt, undelivered,
};

const SETTINGS: [(&str, &str); 1] = [("sender", "Shop")];
const SECRETS: [(&str, &str); 2] = [("token", "00000000-0000-4000-8000-000000000001"), ("callback", SEGMENT)];
const DELIVERED: &str = include_str!("../../tests/recorded/cm/delivered.json");

fn cm(base_url: &str) -> Cm {
    Cm::new(&account(base_url, &SETTINGS, &SECRETS)).unwrap()
}

fn read(body: &str) -> Result<Vec<Notice>, ReceiptError> {
    cm("http://127.0.0.1:1").notices(&json_post(&HeaderMap::new(), SEGMENT, body.as_bytes()), NOW)
}

#[tokio::test]
async fn a_message_is_one_for_sms_alone() {
    let server = Counterpart::answering(200, include_str!("../../tests/recorded/cm/accepted.json")).await;
    let accepted = Accepted { provider_id: REQUEST.reference.to_owned(), parts: 2, price: None };
    assert_eq!(cm(&server.base_url).send(&REQUEST).await, Ok(accepted));
    let asked = server.only();
    assert_eq!((asked.method.as_str(), asked.uri.to_string().as_str()), ("POST", "/v1.0/message"));
    assert_eq!(asked.header("x-cm-producttoken"), SECRETS[0].1);
    assert_eq!(asked.header("content-type"), "application/json");
    let expected = json!({ "messages": { "msg": [{
        "from": "Shop",
        "to": [{ "number": "00819012345678" }],
        "body": { "type": "auto", "content": REQUEST.text },
        "reference": REQUEST.reference,
        "allowedChannels": ["SMS"],
        "minimumNumberOfMessageParts": 1,
        "maximumNumberOfMessageParts": 8,
    }] } });
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
}

#[tokio::test]
async fn a_text_of_more_parts_than_are_sent_whole_is_not_sent() {
    let server = Counterpart::answering(200, include_str!("../../tests/recorded/cm/accepted.json")).await;
    let cm = cm(&server.base_url);
    let (fits, long) = ("つ".repeat(8 * 67), "つ".repeat(8 * 67 + 1));
    let refused = permanent("more-than-8-parts");
    assert_eq!(cm.send(&SmsRequest { text: &long, ..REQUEST }).await, Err(refused));
    assert_eq!(server.count(), 0);
    assert!(cm.send(&SmsRequest { text: &fits, ..REQUEST }).await.is_ok());
}

#[tokio::test]
async fn each_code_has_its_class() {
    let of = |code: i64| configuration(&format!("CM.com's error {code}"));
    let refused = |code: i64| permanent(&code.to_string());
    let failed = SendError::Unclear { reason: "the provider failed" };
    let whole = [
        (101, of(101)),
        (102, of(102)),
        (103, of(103)),
        (202, refused(202)),
        (203, refused(203)),
        (500, failed),
    ];
    for (code, expected) in whole {
        let body = json!({ "details": "to 00819012345678", "errorCode": code, "messages": [] }).to_string();
        let server = Counterpart::answering(400, body.leak()).await;
        assert_eq!(cm(&server.base_url).send(&REQUEST).await, Err(expected), "{code}");
        assert_eq!(server.count(), 1);
    }
    let of_one = [
        (301, of(301)),
        (302, refused(302)),
        (303, refused(303)),
        (304, refused(304)),
        (305, refused(305)),
        (401, refused(401)),
        (402, refused(402)),
        (403, refused(403)),
    ];
    for (code, expected) in of_one {
        let message = json!({ "status": "Rejected", "parts": 0, "messageErrorCode": code });
        let body = json!({ "errorCode": 201, "messages": [message] }).to_string().leak();
        for status in [200, 400] {
            let server = Counterpart::answering(status, body).await;
            assert_eq!(cm(&server.base_url).send(&REQUEST).await, Err(expected.clone()), "{status} {code}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_these_is_sorted_by_what_it_proves() {
    let unknown = || SendError::Unknown { reason: "unreadable acceptance" };
    let cases: [(u16, &'static str, SendError); 10] = [
        (400, include_str!("../../tests/recorded/cm/refused.json"), permanent("303")),
        (400, include_str!("../../tests/recorded/cm/unauthorized.json"), configuration("CM.com's error 101")),
        (400, r#"{"errorCode":999}"#, permanent("999")),
        (429, r#"{"errorCode":403}"#, SendError::Temporary { reason: "too many requests" }),
        (503, r#"{"errorCode":401}"#, SendError::Unclear { reason: "service unavailable" }),
        (401, "", configuration("HTTP 401: unnamed")),
        (200, "<html>", unknown()),
        (200, r#"{"errorCode":0,"messages":[]}"#, unknown()),
        (200, r#"{"errorCode":0,"messages":[{"status":"Accepted"}]}"#, unknown()),
        (200, r#"{"errorCode":999,"messages":[]}"#, unknown()),
    ];
    for (status, body, expected) in cases {
        let server = Counterpart::answering(status, body).await;
        assert_eq!(cm(&server.base_url).send(&REQUEST).await, Err(expected), "{status} {body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_not_asked_for_again() {
    let server = Counterpart::silent().await;
    let mut cm = cm(&server.base_url);
    cm.client = crate::http::client_within(Duration::from_millis(200));
    assert_eq!(cm.send(&REQUEST).await, Err(SendError::Unknown { reason: "time-out" }));
    let cannot = SendError::Unknown { reason: "the provider cannot be asked" };
    assert_eq!(cm.look_up(REQUEST.reference).await, Err(cannot));
    assert_eq!(server.count(), 1);
    cm.base_url = nobody().await;
    assert_eq!(cm.send(&REQUEST).await, Err(SendError::Temporary { reason: "no connection" }));
}

#[tokio::test]
async fn a_check_sends_a_list_of_no_messages() {
    let server = Counterpart::answering(400, r#"{"errorCode":203,"messages":[]}"#).await;
    let line = cm(&server.base_url).check().await;
    assert_eq!(line.as_deref(), Ok("the product token was not refused; messages are from Shop"));
    assert_eq!(server.only().body, r#"{"messages":{"msg":[]}}"#);
    let server = Counterpart::answering(400, include_str!("../../tests/recorded/cm/unauthorized.json")).await;
    assert_eq!(cm(&server.base_url).check().await, Err(configuration("CM.com's error 101")));
}

#[test]
fn status_reports_are_read() {
    let cases = [
        (DELIVERED, Some(ReceiptStatus::Delivered)),
        (include_str!("../../tests/recorded/cm/read.json"), Some(ReceiptStatus::Delivered)),
        (include_str!("../../tests/recorded/cm/rejected.json"), Some(undelivered("rejected-7"))),
        (include_str!("../../tests/recorded/cm/failed.json"), Some(undelivered("failed-5"))),
        (include_str!("../../tests/recorded/cm/carried.json"), None),
    ];
    for (body, status) in cases {
        let expected: Vec<Notice> = status.map(receipt).into_iter().collect();
        assert_eq!(read(body), Ok(expected), "{body}");
    }
}

#[test]
fn several_reports_may_come_at_once_and_some_are_not_of_ours() {
    let read = read(include_str!("../../tests/recorded/cm/several.json")).unwrap();
    let other = Notice::Receipt {
        reference: "aaaaaaaaaaaa".to_owned(),
        status: undelivered("failed-5"),
        at: NOW,
        parts: None,
        price: None,
    };
    assert_eq!(read, [receipt(ReceiptStatus::Delivered), other]);
}

#[test]
fn a_time_that_the_shop_shaped_is_taken_if_it_can_be_read() {
    let body = DELIVERED.replace("2026-11-18T11:06:40", "18-11-2026 11:06");
    assert_eq!(read(&body), Ok(vec![receipt(ReceiptStatus::Delivered)]));
}

#[test]
fn a_message_to_us_is_a_reply_with_an_id_of_what_it_says() {
    let body = include_str!("../../tests/recorded/cm/reply.json");
    let replies = read(body).unwrap();
    let [Notice::Reply { from, to_reference, text, at, id }] = replies.as_slice() else {
        panic!("{replies:?}")
    };
    assert_eq!((from.as_str(), text.as_str(), *at), ("+819012345678", "停止", NOW));
    assert_eq!(to_reference.as_deref(), Some(REQUEST.reference));
    assert_eq!(id.len(), 32);
    assert_eq!(read(body), Ok(replies.clone()), "the same when it is posted again");
    for (was, is) in [("停止", "再開"), ("11:06:40", "11:06:41"), ("00819012345678", "00819012345679")] {
        assert_ne!(read(&body.replace(was, is)), Ok(replies.clone()), "{is}");
    }
    assert_eq!(read(include_str!("../../tests/recorded/cm/whatsapp.json")), Ok(Vec::new()));
}

#[test]
fn what_does_not_come_by_the_secret_path_is_forged() {
    let cm = cm("http://127.0.0.1:1");
    let headers = HeaderMap::new();
    let good = json_post(&headers, SEGMENT, DELIVERED.as_bytes());
    for segment in [None, Some(""), Some("0123456789abcdee"), Some("0123456789abcdef0")] {
        assert_eq!(cm.notices(&Post { segment, ..good }, NOW), Err(ReceiptError::Forged), "{segment:?}");
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    for (body, place) in [
        ("{", "body"),
        ("{}", "/message"),
        (r#"{"messages":{"msg":[{"reference":"a"}]}}"#, "/messages/msg/0/status/code"),
        (r#"{"messages":{"msg":{"reference":["a"],"status":{"code":"2"}}}}"#, "/messages/msg/0/reference"),
        (r#"{"message":{"text":"x"}}"#, "/from/number"),
        (r#"{"message":{"text":"x"},"from":{"number":"00819012345678"},"timeUtc":"soon"}"#, "/timeUtc"),
    ] {
        assert_eq!(read(body), Err(malformed(place)), "{body}");
    }
    let many = json!({ "messages": { "msg": vec![json!({}); MAX_NOTICES + 1] } }).to_string();
    assert_eq!(read(&many), Err(malformed("/messages/msg/1000")));
}

#[test]
fn a_wrong_account_names_the_place_and_shows_no_secret() {
    let place = |settings: &[(&str, &str)], secrets: &[(&str, &str)]| {
        Cm::new(&account("http://127.0.0.1:1", settings, secrets)).unwrap_err().place
    };
    assert_eq!(place(&[], &SECRETS), "settings.sender");
    assert_eq!(place(&SETTINGS, &SECRETS[1..]), "secrets.token");
    assert_eq!(place(&SETTINGS, &SECRETS[..1]), "secrets.callback");
    let shown = format!("{:?}", cm("http://127.0.0.1:1"));
    assert!(!shown.contains(SEGMENT) && !shown.contains(SECRETS[0].1), "{shown}");
}
