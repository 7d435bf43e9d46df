//! The adapter against a server that answers as the documentation says.

use http::HeaderMap;

use super::*;
use crate::fake::{CALLBACK, Fake, REQUEST, SEGMENT, account, posted};

const NOW: Timestamp = Timestamp::from_seconds(1_795_307_500);
const DELIVERED: &str = include_str!("../../tests/recorded/media-sms/delivered.json");

fn ours(url: &str) -> Account {
    account(url, &[("username", "shop")], &[("password", "password-1")])
}

fn adapter(url: &str) -> MediaSms {
    MediaSms::new(&ours(url)).unwrap()
}

fn taken(parts: u32) -> Accepted {
    Accepted { provider_id: "k3Jd02aB9xYz".to_owned(), parts, price: None }
}

#[tokio::test]
async fn the_request_is_what_the_documentation_asks_for() {
    let fake = Fake::answering(200, r#"{"result":"200"}"#).await;
    assert_eq!(adapter(&fake.url).send(&REQUEST).await, Ok(taken(1)));
    let asked = fake.once();
    assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("POST", "/api/"));
    assert_eq!(asked.header("authorization"), "Basic c2hvcDpwYXNzd29yZC0x");
    assert_eq!(asked.header("content-type"), "application/json");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let expected = serde_json::json!({
        "mobilenumber": "09012345678", "smstext": REQUEST.text, "smsid": "k3Jd02aB9xYz", "status": "1",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn two_way_asks_for_replies() {
    let fake = Fake::answering(200, r#"{"result":"200"}"#).await;
    let mut account = ours(&fake.url);
    account.settings.insert("two_way".to_owned(), "true".to_owned());
    MediaSms::new(&account).unwrap().send(&REQUEST).await.unwrap();
    let body: Value = serde_json::from_str(&fake.once().body).unwrap();
    assert_eq!(body["returnsms"], "1");
    account.settings.insert("two_way".to_owned(), "yes".to_owned());
    let error = MediaSms::new(&account).unwrap_err();
    assert_eq!(error.to_string(), "account `notices`: settings.two_way: is wrong: true, or false");
}

#[tokio::test]
async fn an_id_that_was_taken_before_is_an_acceptance() {
    for (status, body) in
        [(200, r#"{"result":"587"}"#), (200, r#"{"result":624}"#), (587, r#"{"result":"587"}"#)]
    {
        let fake = Fake::answering(status, body).await;
        assert_eq!(adapter(&fake.url).send(&REQUEST).await, Ok(taken(1)), "{status} {body}");
    }
}

#[tokio::test]
async fn each_result_has_its_class() {
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let temporary = |reason| SendError::Temporary { reason };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let unclear = |reason| SendError::Unclear { reason };
    let undocumented = "a result that is not documented";
    let results = [
        ("560", permanent("560")),
        ("574", permanent("574")),
        ("585", permanent("585")),
        ("618", permanent("618")),
        ("634", permanent("634")),
        ("503", temporary("too many requests")),
        ("666", temporary("too many requests")),
        ("592", temporary("outside the account's hours")),
        ("401", configuration("the user or password is refused (401)")),
        ("555", configuration("this address is blocked (555)")),
        ("615", configuration("the request is not understood (615)")),
        ("591", configuration("an option of the account is in the way (591)")),
        ("595", configuration("an option of the account is in the way (595)")),
        ("550", unclear("the provider failed")),
        ("502", unclear("the provider failed")),
        ("999", unclear(undocumented)),
    ];
    for (result, expected) in results {
        let fake = Fake::answering(200, &format!(r#"{{"result":"{result}"}}"#)).await;
        assert_eq!(adapter(&fake.url).send(&REQUEST).await, Err(expected), "{result}");
    }
    let answers: [(u16, &str, SendError); 6] = [
        (401, "<html>Authorization Required</html>", configuration("HTTP 401: unnamed")),
        (429, "", temporary("too many requests")),
        // A gateway's 503 may hide an acceptance; only the provider's own word is proof.
        (503, "<html>", unclear("service unavailable")),
        (503, r#"{"result":"503"}"#, temporary("too many requests")),
        (200, "<html>", unclear("unreadable acceptance")),
        (200, r#"{"ok":true}"#, unclear("unreadable acceptance")),
    ];
    for (status, body, expected) in answers {
        let fake = Fake::answering(status, body).await;
        assert_eq!(adapter(&fake.url).send(&REQUEST).await, Err(expected), "{status} {body}");
    }
    let refused = adapter("http://127.0.0.1:9").send(&REQUEST).await;
    assert_eq!(refused, Err(temporary("no connection")));
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
async fn a_look_up_asks_for_the_state_of_the_id() {
    let fake = Fake::answering(200, include_str!("../../tests/recorded/media-sms/state-delivered.txt")).await;
    assert_eq!(adapter(&fake.url).look_up("k3Jd02aB9xYz").await, Ok(LookUp::Accepted(taken(1))));
    assert_eq!((fake.once().method.as_str(), fake.once().uri.as_str()), ("GET", "/api5/?smsid=k3Jd02aB9xYz"));
    for body in [r#"{"result":"514"}"#, "514\n"] {
        let fake = Fake::answering(200, body).await;
        assert_eq!(adapter(&fake.url).look_up("k3Jd02aB9xYz").await, Ok(LookUp::NotAccepted));
    }
    let unproven =
        [(200, r#"{"result":"503"}"#), (200, r#"{"result":"560"}"#), (200, "<html>"), (500, ""), (401, "")];
    for (status, body) in unproven {
        let fake = Fake::answering(status, body).await;
        let error = adapter(&fake.url).look_up("k3Jd02aB9xYz").await.unwrap_err();
        assert!(matches!(error, SendError::Unknown { .. } | SendError::Configuration { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_check_asks_for_a_message_that_never_was() {
    let fake = Fake::answering(200, r#"{"result":"514"}"#).await;
    assert_eq!(adapter(&fake.url).check().await.unwrap(), "メディアSMS takes the password of shop");
    let fake = Fake::answering(401, "").await;
    assert!(matches!(adapter(&fake.url).check().await, Err(SendError::Configuration { .. })));
}

fn read(body: &str) -> Result<Vec<Notice>, ReceiptError> {
    posted(Some(SEGMENT), body, |post| adapter("http://127.0.0.1:9").notices(post, NOW))
}

fn receipt(status: ReceiptStatus) -> Notice {
    let reference = "k3Jd02aB9xYz".to_owned();
    Notice::Receipt { reference, status, at: NOW, parts: None, price: None }
}

fn undelivered(reason: &str) -> Notice {
    receipt(ReceiptStatus::Undelivered { reason: reason.to_owned() })
}

#[test]
fn receipts_are_read_once_they_are_final() {
    let cases = [
        (DELIVERED, vec![receipt(ReceiptStatus::Delivered)]),
        // Whoever clicked has it. This one comes as a form.
        (include_str!("../../tests/recorded/media-sms/clicked.txt"), vec![receipt(ReceiptStatus::Delivered)]),
        (
            include_str!("../../tests/recorded/media-sms/failed-docomo.json"),
            vec![undelivered("docomo: unreachable")],
        ),
        (
            include_str!("../../tests/recorded/media-sms/failed-otherwise.json"),
            vec![undelivered("not delivered (77)")],
        ),
        (
            include_str!("../../tests/recorded/media-sms/outside-hours.json"),
            vec![undelivered("outside the account's hours")],
        ),
        (include_str!("../../tests/recorded/media-sms/sending.json"), vec![]),
        (include_str!("../../tests/recorded/media-sms/scheduled.json"), vec![]),
    ];
    for (body, expected) in cases {
        assert_eq!(read(body), Ok(expected), "{body}");
    }
}

#[test]
fn a_receipt_may_come_as_a_query() {
    let (method, headers) = (Method::GET, HeaderMap::new());
    let url = format!("{CALLBACK}?mobilenumber=09012345678&status=1&smsid=k3Jd02aB9xYz");
    let post = Post { method: &method, url: &url, segment: Some(SEGMENT), headers: &headers, body: b"" };
    let read = adapter("http://127.0.0.1:9").notices(&post, NOW);
    assert_eq!(read, Ok(vec![receipt(ReceiptStatus::Delivered)]));
}

#[test]
fn an_opt_out_at_the_provider_is_an_opt_out_here() {
    let reply = Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: Some("k3Jd02aB9xYz".to_owned()),
        text: "停止".to_owned(),
        at: NOW,
        id: "unsubscribed-k3Jd02aB9xYz".to_owned(),
    };
    let body = include_str!("../../tests/recorded/media-sms/unsubscribed.json");
    assert_eq!(read(body), Ok(vec![reply, undelivered("unsubscribed")]));
}

#[test]
fn replies_are_read_wherever_the_text_stands() {
    let reply = |text: &str, id: &str| Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: Some("k3Jd02aB9xYz".to_owned()),
        text: text.to_owned(),
        at: Timestamp::parse("2026-11-22T09:41:00+09:00").unwrap(),
        id: id.to_owned(),
    };
    let body = include_str!("../../tests/recorded/media-sms/inbound.json");
    assert_eq!(read(body), Ok(vec![reply("停止してください", "991")]));
    let flagged = include_str!("../../tests/recorded/media-sms/inbound-flagged.json");
    assert_eq!(read(flagged), Ok(vec![reply("はい", "992")]));
    let choice = body.replace("停止してください", "1");
    assert_eq!(read(&choice), Ok(vec![reply("1", "991")]));
}

#[test]
fn a_post_that_did_not_come_by_the_secret_path_is_forged() {
    for segment in [None, Some(""), Some("0123456789abcdeg")] {
        let read = posted(segment, DELIVERED, |post| adapter("http://127.0.0.1:9").notices(post, NOW));
        assert_eq!(read, Err(ReceiptError::Forged));
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let inbound = include_str!("../../tests/recorded/media-sms/inbound.json");
    let cases = [
        ("7".to_owned(), "/status"),
        (DELIVERED.replace("\"1\"", "\"sent to 09012345678\""), "/status"),
        (DELIVERED.replace("smsid", "id"), "/smsid"),
        (inbound.replace("replyid", "id"), "/replyid"),
        (inbound.replace("09012345678", "somebody"), "/mobilenumber"),
        (inbound.replace("2026年11月22日", "今日"), "/returnsmsdatetime"),
        (inbound.replace("\"returnsms\"", "\"text\""), "/returnsms"),
    ];
    for (body, place) in cases {
        assert_eq!(read(&body), Err(ReceiptError::Malformed { place: place.to_owned() }), "{body}");
    }
}

#[test]
fn an_account_that_lacks_something_is_told_where() {
    let good = ours("https://www.sms-console.jp");
    let mut account = good.clone();
    account.settings.clear();
    assert_eq!(MediaSms::new(&account).unwrap_err().place, "settings.username");
    for (place, name) in [("secrets.password", "password"), ("secrets.callback", "callback")] {
        let mut account = good.clone();
        account.secrets.remove(name);
        assert_eq!(MediaSms::new(&account).unwrap_err().place, place);
    }
    let shown = format!("{:?}", MediaSms::new(&good).unwrap());
    assert!(!shown.contains("password-1") && !shown.contains(SEGMENT), "{shown}");
}
