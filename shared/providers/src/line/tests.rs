//! The adapter against a server that answers as the documentation says.

use http::{HeaderMap, Method};

use super::*;
use crate::fake::{CALLBACK, Fake, account};

const NOW: Timestamp = Timestamp::from_seconds(1_795_307_500);
const USER: &str = "U4af4980629f1b2c3d4e5f60718293a4b";
const REQUEST: LineRequest<'static> = LineRequest {
    reference: "k3Jd02aB9xYz",
    to: USER,
    text: "つなぎ商店です\n\"https://s.example/k3Jd02aB9xYz\"",
};
const SENT: &str = r#"{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7b"}]}"#;
const TEXT: &str = include_str!("../../tests/recorded/line/message.json");

fn ours(url: &str) -> Account {
    account(url, &[], &[("token", "token-1"), ("channel_secret", "8c570fa6dd201bb328f1c1eac23a96d8")])
}

fn adapter(url: &str) -> Line {
    Line::new(&ours(url)).unwrap()
}

fn taken(id: &str) -> Accepted {
    Accepted { provider_id: id.to_owned(), parts: 1, price: None }
}

#[tokio::test]
async fn the_request_is_a_push_with_a_retry_key() {
    let fake = Fake::answering(200, SENT).await;
    let line = adapter(&fake.url);
    assert_eq!(line.send(&REQUEST).await, Ok(taken("461230966842064897")));
    let asked = fake.once();
    assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("POST", "/v2/bot/message/push"));
    assert_eq!(asked.header("authorization"), "Bearer token-1");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body, json!({ "to": USER, "messages": [{ "type": "text", "text": REQUEST.text }] }));
    line.send(&REQUEST).await.unwrap();
    line.send(&LineRequest { reference: "Zz9876543210", ..REQUEST }).await.unwrap();
    let keys: Vec<_> = fake.asked().iter().map(|asked| asked.header("x-line-retry-key").to_owned()).collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
}

#[test]
fn a_retry_key_is_a_uuid_of_version_5() {
    let key = retry_key("k3Jd02aB9xYz");
    let lengths: Vec<_> = key.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert!(key.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c)), "{key}");
    assert!(key[14..].starts_with('5') && key[19..].starts_with(['8', '9', 'a', 'b']), "{key}");
}

#[tokio::test]
async fn a_key_that_was_taken_before_is_an_acceptance() {
    let body =
        r#"{"message":"The retry key is already accepted","sentMessages":[{"id":"461","quoteToken":"I"}]}"#;
    let fake = Fake::answering(409, body).await;
    assert_eq!(adapter(&fake.url).send(&REQUEST).await, Ok(taken("461")));
    let header = ("x-line-accepted-request-id", "123e4567-e89b-12d3-a456-426655440001");
    let body = r#"{"message":"The retry key is already accepted"}"#;
    let fake = Fake::with_headers(409, &[header], body).await;
    assert_eq!(adapter(&fake.url).send(&REQUEST).await, Ok(taken("k3Jd02aB9xYz")));
}

#[tokio::test]
async fn each_answer_has_its_class() {
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let unclear = |reason| SendError::Unclear { reason };
    let busy = r#"{"message":"The API rate limit has been exceeded. Try again later."}"#;
    let spent = r#"{"message":"You have reached your monthly limit."}"#;
    let to = r#"{"message":"The property, 'to', in the request body is invalid (line: -, column: -)"}"#;
    let cases: [(u16, &str, SendError); 14] = [
        (429, busy, SendError::Temporary { reason: "too many requests" }),
        (429, spent, configuration("the month's messages are used up")),
        (400, r#"{"message":"Failed to send messages"}"#, permanent("no-such-user")),
        (400, to, permanent("not-a-user-id")),
        (400, r#"{"message":"The request body has 1 error(s)","details":[]}"#, permanent("bad-request")),
        (413, "", permanent("unnamed")),
        (401, r#"{"message":"Authentication failed"}"#, configuration("HTTP 401: unnamed")),
        (
            403,
            r#"{"message":"Access to this API is not available for your account"}"#,
            configuration("HTTP 403: unnamed"),
        ),
        (404, "", configuration("HTTP 404: unnamed")),
        (409, r#"{"message":"another conflict"}"#, unclear("a conflict")),
        (500, "", unclear("the provider failed")),
        (503, "", unclear("service unavailable")),
        (200, "<html>", unclear("unreadable acceptance")),
        (202, "{}", unclear("unreadable acceptance")),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::answering(status, body).await;
        assert_eq!(adapter(&fake.url).send(&REQUEST).await, Err(expected), "{status} {body}");
    }
    let refused = adapter("http://127.0.0.1:9").send(&REQUEST).await;
    assert_eq!(refused, Err(SendError::Temporary { reason: "no connection" }));
}

#[tokio::test]
async fn what_line_would_refuse_is_not_asked_for() {
    let fake = Fake::answering(200, SENT).await;
    let line = adapter(&fake.url);
    for to in [
        "+819012345678",
        "",
        "U4af4980629",
        "C4af4980629f1b2c3d4e5f60718293a4b",
        "U4AF4980629F1B2C3D4E5F60718293A4B",
    ] {
        let refused = line.send(&LineRequest { to, ..REQUEST }).await;
        assert_eq!(refused, Err(SendError::Permanent { code: "not-a-user-id".to_owned() }), "{to}");
    }
    let long = "あ".repeat(5_001);
    let refused = line.send(&LineRequest { text: &long, ..REQUEST }).await;
    assert_eq!(refused, Err(SendError::Permanent { code: "text-too-long".to_owned() }));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn line_cannot_be_asked_and_says_who_the_account_is() {
    let fake = Fake::answering(200, r#"{"userId":"U1","basicId":"@216ru","displayName":"つなぎ"}"#).await;
    let line = adapter(&fake.url);
    assert_eq!(line.check().await.unwrap(), "LINE takes the token of @216ru");
    assert_eq!((fake.once().method.as_str(), fake.once().uri.as_str()), ("GET", "/v2/bot/info"));
    assert!(matches!(line.look_up("k3Jd02aB9xYz").await, Err(SendError::Unknown { .. })));
    assert_eq!(fake.asked().len(), 1);
    let fake = Fake::answering(401, "{}").await;
    assert!(matches!(adapter(&fake.url).check().await, Err(SendError::Configuration { .. })));
}

fn sign(body: &str, secret: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn with_post<T>(signature: Option<&str>, body: &str, read: impl FnOnce(&Post<'_>) -> T) -> T {
    let (method, mut headers) = (Method::POST, HeaderMap::new());
    if let Some(signature) = signature {
        headers.insert(SIGNATURE, signature.parse().unwrap());
    }
    read(&Post { method: &method, url: CALLBACK, segment: None, headers: &headers, body: body.as_bytes() })
}

fn notices(body: &str) -> Result<Vec<Notice>, ReceiptError> {
    let signature = sign(body, "8c570fa6dd201bb328f1c1eac23a96d8");
    with_post(Some(&signature), body, |post| adapter("http://127.0.0.1:9").notices(post, NOW))
}

fn did(did: LineDid, id: &str) -> Notice {
    Notice::Line { user: USER.to_owned(), did, at: Timestamp::from_seconds(1_795_307_400), id: id.to_owned() }
}

#[test]
fn what_people_did_is_read() {
    let wrote = did(LineDid::Wrote("停止 お願いします".to_owned()), "01FZ74A0TDDPYRVKNK77XKC3ZR");
    let followed = did(LineDid::Followed, "01FZ74A0TDDPYRVKNK77XKC3ZS");
    let blocked = did(LineDid::Blocked, "01FZ74A0TDDPYRVKNK77XKC3ZT");
    assert_eq!(notices(TEXT), Ok(vec![wrote.clone()]));
    assert_eq!(notices(include_str!("../../tests/recorded/line/follow.json")), Ok(vec![followed.clone()]));
    assert_eq!(notices(include_str!("../../tests/recorded/line/unfollow.json")), Ok(vec![blocked.clone()]));
    // LINE sends a post without events to see whether someone answers.
    assert_eq!(notices(include_str!("../../tests/recorded/line/empty.json")), Ok(vec![]));
    // With a sticker, a postback, a group and a kind of a later day.
    assert_eq!(
        notices(include_str!("../../tests/recorded/line/batch.json")),
        Ok(vec![followed, wrote, blocked])
    );
}

#[test]
fn the_documentations_way_to_sign_is_checked() {
    let line = adapter("http://127.0.0.1:9");
    let good = sign(TEXT, "8c570fa6dd201bb328f1c1eac23a96d8");
    let read =
        |signature: Option<&str>, body: &str| with_post(signature, body, |post| line.notices(post, NOW));
    assert!(read(Some(&good), TEXT).is_ok());
    let other = sign(TEXT, "another secret");
    for signature in [None, Some(""), Some("AAAA"), Some("not base64!"), Some(other.as_str())] {
        assert_eq!(read(signature, TEXT), Err(ReceiptError::Forged), "{signature:?}");
    }
    assert_eq!(read(Some(&good), &TEXT.replace("停止", "再開")), Err(ReceiptError::Forged));
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let cases = [
        ("{".to_owned(), "body"),
        ("{}".to_owned(), "/events"),
        (TEXT.replace("\"webhookEventId\"", "\"id\""), "/events/0/webhookEventId"),
        (TEXT.replace("\"userId\"", "\"id\""), "/events/0/source/userId"),
        (TEXT.replace("1795307400123", "\"soon\""), "/events/0/timestamp"),
        (TEXT.replace("\"text\": \"停止", "\"words\": \"停止"), "/events/0/message/text"),
    ];
    for (body, place) in cases {
        assert_eq!(notices(&body), Err(ReceiptError::Malformed { place: place.to_owned() }), "{body}");
    }
}

#[test]
fn an_account_that_lacks_something_is_told_where() {
    let good = ours("https://api.line.me");
    for name in ["token", "channel_secret"] {
        let mut account = good.clone();
        account.secrets.remove(name);
        assert_eq!(Line::new(&account).unwrap_err().place, format!("secrets.{name}"));
    }
    let shown = format!("{:?}", Line::new(&good).unwrap());
    assert!(!shown.contains("token-1") && !shown.contains("8c570fa6"), "{shown}");
}
