//! The adapter, and the same provider expressed as settings, against a server that answers as the documentation says.

use super::*;
use crate::fake::{Fake, REQUEST, SEGMENT, account, posted};
use crate::generic::Generic;

const NOW: Timestamp = Timestamp::from_seconds(1_795_307_500);
const DELIVERED: &str = include_str!("../../tests/recorded/zettai-reach/delivered.txt");
const SETTINGS: &str = include_str!("../../tests/recorded/generic/zettai-reach.yaml");
const SUCCESS: &str =
    r#"{"responseCode":0,"responseMessage":"Success.","phoneNumber":"+819012345678","smsMessage":"…"}"#;

/// The provider, one way or the other.
enum Subject {
    Adapter(ZettaiReach),
    Settings(Box<Generic>),
}

impl Subject {
    async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        match self {
            Self::Adapter(adapter) => adapter.send(request).await,
            Self::Settings(generic) => generic.send(request).await,
        }
    }

    async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        match self {
            Self::Adapter(adapter) => adapter.look_up(reference).await,
            Self::Settings(generic) => generic.look_up(reference).await,
        }
    }

    async fn check(&self) -> Result<String, SendError> {
        match self {
            Self::Adapter(adapter) => adapter.check().await,
            Self::Settings(generic) => generic.check().await,
        }
    }

    fn notices(&self, segment: Option<&str>, body: &str) -> Result<Vec<Notice>, ReceiptError> {
        posted(segment, body, |post| match self {
            Self::Adapter(adapter) => adapter.notices(post, NOW),
            Self::Settings(generic) => generic.notices(post, NOW),
        })
    }
}

fn ours(url: &str) -> Account {
    account(url, &[("client_id", "12345"), ("sms_code", "00051")], &[("token", "token-of-32-letters")])
}

fn subjects(url: &str) -> [Subject; 2] {
    let account = ours(url);
    let settings = serde_saphyr::from_str(SETTINGS).unwrap();
    [
        Subject::Adapter(ZettaiReach::new(&account).unwrap()),
        Subject::Settings(Box::new(Generic::new(&account, &settings).unwrap())),
    ]
}

fn adapter(url: &str) -> ZettaiReach {
    ZettaiReach::new(&ours(url)).unwrap()
}

#[tokio::test]
async fn the_request_is_the_form_that_the_documentation_asks_for() {
    let fake = Fake::answering(200, SUCCESS).await;
    for subject in subjects(&fake.url) {
        subject.send(&REQUEST).await.unwrap();
    }
    let asked = fake.asked();
    assert_eq!(asked.len(), 2);
    for asked in asked {
        assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("POST", "/p5/api/mt.json"));
        assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
        let expected = [
            ("clientId", "12345"),
            ("clientTag", "k3Jd02aB9xYz"),
            ("message", REQUEST.text),
            ("phoneNumber", "09012345678"),
            ("smsCode", "00051"),
            ("token", "token-of-32-letters"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(asked.fields().into_iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_tag_that_was_taken_before_is_an_acceptance() {
    let duplicate = r#"{"responseCode":400,"responseMessage":"Duplicate client tag."}"#;
    for body in [SUCCESS, duplicate, r#"{"responseCode":"0"}"#] {
        let fake = Fake::answering(200, body).await;
        for subject in subjects(&fake.url) {
            let expected = Accepted { provider_id: "k3Jd02aB9xYz".to_owned(), parts: 1, price: None };
            assert_eq!(subject.send(&REQUEST).await, Ok(expected), "{body}");
        }
    }
    let long = "あ".repeat(133);
    let fake = Fake::answering(200, SUCCESS).await;
    for subject in subjects(&fake.url) {
        let accepted = subject.send(&SmsRequest { text: &long, ..REQUEST }).await.unwrap();
        assert_eq!(accepted.parts, 3, "parts as docomo counts them");
    }
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let unclear = |reason| SendError::Unclear { reason };
    let undocumented = "a response code that is not documented";
    let cases: [(u16, &str, SendError); 15] = [
        (
            200,
            r#"{"responseCode":100,"responseMessage":"Required phoneNumber."}"#,
            permanent("100-phoneNumber"),
        ),
        (
            200,
            r#"{"responseCode":110,"responseMessage":"Invalid phoneNumber."}"#,
            permanent("110-phoneNumber"),
        ),
        (200, r#"{"responseCode":120,"responseMessage":"Message too long."}"#, permanent("120-message")),
        (
            200,
            r#"{"responseCode":110,"responseMessage":"Invalid token."}"#,
            configuration("token is refused (110)"),
        ),
        (
            200,
            r#"{"responseCode":110,"responseMessage":"Invalid ClientId"}"#,
            configuration("clientId is refused (110)"),
        ),
        (
            200,
            r#"{"responseCode":110,"responseMessage":"Invalid smsCode."}"#,
            configuration("smsCode is refused (110)"),
        ),
        (200, r#"{"responseCode":110,"responseMessage":"Invalid +819012345678"}"#, permanent("110")),
        (
            200,
            r#"{"responseCode":300,"responseMessage":"Exceed sending count."}"#,
            configuration("the contract's messages are used up (300)"),
        ),
        (200, r#"{"responseCode":500,"responseMessage":"System error."}"#, unclear("the provider failed")),
        (200, r#"{"responseCode":999}"#, unclear(undocumented)),
        (200, "<html>", unclear("unreadable acceptance")),
        (429, "", SendError::Temporary { reason: "too many requests" }),
        (403, "", configuration("HTTP 403: unnamed")),
        (302, "", configuration("HTTP 302: unnamed")),
        (502, "", unclear("the provider failed")),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::answering(status, body).await;
        for subject in subjects(&fake.url) {
            let error = subject.send(&REQUEST).await.unwrap_err();
            assert!(!error.to_string().contains("9012345678"), "{error}");
            match subject {
                Subject::Adapter(_) => assert_eq!(error, expected, "{status} {body}"),
                Subject::Settings(_) => assert_eq!(
                    std::mem::discriminant(&error),
                    std::mem::discriminant(&expected),
                    "{status} {body}: {error}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_not_asked_for() {
    let fake = Fake::answering(200, SUCCESS).await;
    let long = "あ".repeat(661);
    for subject in subjects(&fake.url) {
        let foreign = subject.send(&SmsRequest { to: "+14155550100", ..REQUEST }).await;
        assert_eq!(foreign, Err(SendError::Permanent { code: "number-not-of-japan".to_owned() }));
        let too_long = subject.send(&SmsRequest { text: &long, ..REQUEST }).await;
        assert_eq!(too_long, Err(SendError::Permanent { code: "text-too-long".to_owned() }));
    }
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_look_up_finds_the_tag_or_proves_that_it_was_never_taken() {
    let accepted =
        LookUp::Accepted(Accepted { provider_id: "k3Jd02aB9xYz".to_owned(), parts: 3, price: None });
    let cases = [
        (include_str!("../../tests/recorded/zettai-reach/status-delivered.json"), accepted),
        (include_str!("../../tests/recorded/zettai-reach/status-none.json"), LookUp::NotAccepted),
    ];
    for (body, expected) in cases {
        let fake = Fake::answering(200, body).await;
        for subject in subjects(&fake.url) {
            assert_eq!(subject.look_up("k3Jd02aB9xYz").await.as_ref(), Ok(&expected));
        }
        for asked in fake.asked() {
            let expected =
                "/p5/api/status.json?clientId=12345&clientTag=k3Jd02aB9xYz&token=token-of-32-letters";
            let mut query: Vec<_> = asked.uri.split(['?', '&']).collect();
            query[1..].sort_unstable();
            assert_eq!(query.join("&").replacen('&', "?", 1), expected);
            assert_eq!(asked.method, "GET");
        }
    }
}

#[tokio::test]
async fn the_parts_of_a_message_on_its_way_are_not_told_yet() {
    let sending = include_str!("../../tests/recorded/zettai-reach/status-sending.json");
    let fake = Fake::answering(200, sending).await;
    let expected = Accepted { provider_id: "k3Jd02aB9xYz".to_owned(), parts: 1, price: None };
    assert_eq!(adapter(&fake.url).look_up("k3Jd02aB9xYz").await, Ok(LookUp::Accepted(expected)));
}

#[tokio::test]
async fn a_look_up_that_fails_proves_nothing() {
    let cases = [
        (200, r#"{"responseCode":500,"responseMessage":"System error."}"#),
        (200, "<html>"),
        (503, ""),
        (200, r#"{"responseCode":110,"responseMessage":"Invalid token."}"#),
    ];
    for (status, body) in cases {
        let fake = Fake::answering(status, body).await;
        for subject in subjects(&fake.url) {
            let error = subject.look_up("k3Jd02aB9xYz").await.unwrap_err();
            assert!(matches!(error, SendError::Unknown { .. } | SendError::Configuration { .. }), "{error}");
        }
    }
    let other = include_str!("../../tests/recorded/zettai-reach/status-delivered.json");
    let fake = Fake::answering(200, other).await;
    let error = adapter(&fake.url).look_up("Zz9876543210").await;
    assert_eq!(error, Err(SendError::Unknown { reason: "the status of another message" }));
}

#[tokio::test]
async fn a_refused_connection_proves_that_nothing_left() {
    for subject in subjects("http://127.0.0.1:9") {
        assert_eq!(subject.send(&REQUEST).await, Err(SendError::Temporary { reason: "no connection" }));
        let unknown = Err(SendError::Unknown { reason: "no connection" });
        assert_eq!(subject.look_up("k3Jd02aB9xYz").await, unknown);
    }
}

#[tokio::test]
async fn a_check_asks_for_a_message_that_never_was() {
    let none = include_str!("../../tests/recorded/zettai-reach/status-none.json");
    let fake = Fake::answering(200, none).await;
    for subject in subjects(&fake.url) {
        let line = subject.check().await.unwrap();
        assert!(!line.contains("token-of-32-letters"), "{line}");
    }
    assert!(fake.asked().iter().all(|asked| asked.fields()["clientTag"] == "tsunagi-check"));
    let fake = Fake::answering(200, r#"{"responseCode":110,"responseMessage":"Invalid token."}"#).await;
    for subject in subjects(&fake.url) {
        assert!(matches!(subject.check().await, Err(SendError::Configuration { .. })));
    }
}

fn receipt(reference: &str, status: ReceiptStatus, at: &str, parts: Option<u32>) -> Notice {
    let at = Timestamp::parse(at).unwrap();
    Notice::Receipt { reference: reference.to_owned(), status, at, parts, price: None }
}

#[test]
fn receipts_are_read_once_they_are_final() {
    let at = "2026-11-22T09:30:05+09:00";
    let delivered = receipt("k3Jd02aB9xYz", ReceiptStatus::Delivered, at, Some(3));
    let second = receipt("Zz9876543210", ReceiptStatus::Delivered, "2026-11-22T09:30:06+09:00", Some(1));
    let cases = [
        (DELIVERED, vec![delivered.clone()]),
        (include_str!("../../tests/recorded/zettai-reach/further-fields.txt"), vec![delivered.clone()]),
        (include_str!("../../tests/recorded/zettai-reach/sending.txt"), vec![]),
        (include_str!("../../tests/recorded/zettai-reach/unknown.txt"), vec![]),
        (include_str!("../../tests/recorded/zettai-reach/batch.txt"), vec![delivered, second]),
    ];
    for (body, expected) in cases {
        for subject in subjects("http://127.0.0.1:9") {
            assert_eq!(subject.notices(Some(SEGMENT), body).as_ref(), Ok(&expected), "{body}");
        }
    }
}

#[test]
fn a_failure_names_the_carrier_and_why() {
    let at = "2026-11-22T09:30:05+09:00";
    let cases = [
        (
            include_str!("../../tests/recorded/zettai-reach/failed.txt"),
            ["docomo: unreachable (31824)", "31824"],
        ),
        (
            include_str!("../../tests/recorded/zettai-reach/failed-at-no-known-carrier.txt"),
            ["not delivered (99999)", "99999"],
        ),
    ];
    for (body, reasons) in cases {
        for (subject, reason) in subjects("http://127.0.0.1:9").into_iter().zip(reasons) {
            let status = ReceiptStatus::Undelivered { reason: reason.to_owned() };
            let expected = Ok(vec![receipt("k3Jd02aB9xYz", status, at, None)]);
            assert_eq!(subject.notices(Some(SEGMENT), body), expected);
        }
    }
}

#[test]
fn a_post_that_did_not_come_by_the_secret_path_is_forged() {
    for subject in subjects("http://127.0.0.1:9") {
        for segment in [None, Some(""), Some("0123456789abcdeg")] {
            assert_eq!(subject.notices(segment, DELIVERED), Err(ReceiptError::Forged));
            assert_eq!(subject.notices(segment, "{"), Err(ReceiptError::Forged));
        }
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let event = |event: &str| format!("json={{\"eventNotifications\":[{event}]}}");
    let cases = [
        (
            event(r#"{"type":"DLR","statusId":7,"clientTag":"k3Jd02aB9xYz"}"#),
            "/eventNotifications/0/statusId",
        ),
        (event(r#"{"type":"DLR","clientTag":"k3Jd02aB9xYz"}"#), "/eventNotifications/0/statusId"),
        (event(r#"{"type":"DLR","statusId":2}"#), "/eventNotifications/0/clientTag"),
        (
            event(r#"{"type":"DLR","statusId":2,"clientTag":"a","dateTime":"soon"}"#),
            "/eventNotifications/0/dateTime",
        ),
        (
            event(r#"{"type":"DLR","statusId":2,"clientTag":"a","separatedSuccessCount":"many"}"#),
            "/eventNotifications/0/separatedSuccessCount",
        ),
        ("json={}".to_owned(), "/eventNotifications"),
    ];
    for (body, place) in cases {
        for subject in subjects("http://127.0.0.1:9") {
            let malformed = Err(ReceiptError::Malformed { place: place.to_owned() });
            assert_eq!(subject.notices(Some(SEGMENT), &body), malformed, "{body}");
        }
    }
    let adapter = adapter("http://127.0.0.1:9");
    let read = |body: &str| posted(Some(SEGMENT), body, |post| adapter.notices(post, NOW));
    let malformed = |place: &str| Err(ReceiptError::Malformed { place: place.to_owned() });
    assert_eq!(read(&event(r#"{"type":"MO"}"#)), malformed("/eventNotifications/0/type"));
    assert_eq!(read("xml=%3Cx%2F%3E"), malformed("body"));
}

#[test]
fn a_tag_that_came_back_longer_is_still_ours() {
    assert_eq!(code_of("k3Jd02aB9xYz"), "k3Jd02aB9xYz");
    assert_eq!(code_of("k3Jd02aB9xYz-01"), "k3Jd02aB9xYz");
    assert_eq!(code_of("another system's tag"), "another system's tag");
    assert_eq!(code_of("停止停止停止"), "停止停止停止");
}

#[test]
fn an_account_that_lacks_something_is_told_where() {
    let good = ours("https://sms-api.aossms.com");
    for (place, name) in [("settings.client_id", "client_id"), ("settings.sms_code", "sms_code")] {
        let mut account = good.clone();
        account.settings.remove(name);
        assert_eq!(ZettaiReach::new(&account).unwrap_err().place, place);
    }
    for (place, name) in [("secrets.token", "token"), ("secrets.callback", "callback")] {
        let mut account = good.clone();
        account.secrets.remove(name);
        assert_eq!(ZettaiReach::new(&account).unwrap_err().place, place);
    }
    let plain = Account { url: Some("http://sms.example.jp".to_owned()), ..good.clone() };
    assert_eq!(ZettaiReach::new(&plain).unwrap_err().place, "url");
    let shown = format!("{:?}", ZettaiReach::new(&good).unwrap());
    assert!(!shown.contains("token-of-32-letters") && !shown.contains(SEGMENT), "{shown}");
}
