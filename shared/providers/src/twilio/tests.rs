//! Twilio's adapter against a server that answers as Twilio documents, and its posts as they come.

use std::time::Duration;

use http::HeaderMap;

use super::*;
use crate::abroad::counterpart::{
    CALLBACK, Counterpart, NOW, REQUEST, account, configuration, malformed, nobody, permanent, receipt,
    undelivered,
};

const SID: &str = "AC0123456789abcdef0123456789abcdef";
const MESSAGE: &str = "SMfedcba9876543210fedcba9876543210";
const SETTINGS: [(&str, &str); 2] = [("account_sid", SID), ("sender", "+14155550100")];
const SECRETS: [(&str, &str); 1] = [("token", "auth-token-1")];
const NAMED: &str = "https://shop.example/callbacks/notices/0123456789abcdef?reference=k3Jd02aZ9QmX";

fn twilio(base_url: &str) -> Twilio {
    Twilio::new(&account(base_url, &SETTINGS, &SECRETS)).unwrap()
}

fn signature(token: &str, signed: &str) -> HeaderMap {
    let signature = STANDARD.encode(mac::<Hmac<Sha1>>(token.as_bytes(), signed.as_bytes()));
    HeaderMap::from_iter([(SIGNATURE_HEADER.parse().unwrap(), signature.parse().unwrap())])
}

/// The address and the fields by name, as the signature has them.
fn signed(url: &str, body: &str) -> String {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    fields.iter().fold(url.to_owned(), |text, (name, value)| format!("{text}{name}{value}"))
}

fn read(url: &str, body: &str) -> Result<Vec<Notice>, ReceiptError> {
    read_by(&twilio("http://127.0.0.1:1"), url, body)
}

fn read_by(twilio: &Twilio, url: &str, body: &str) -> Result<Vec<Notice>, ReceiptError> {
    let headers = signature("auth-token-1", &signed(url, body));
    let post = Post { method: &Method::POST, url, segment: None, headers: &headers, body: body.as_bytes() };
    twilio.notices(&post, NOW)
}

#[tokio::test]
async fn a_message_is_one_form_with_basic_authentication() {
    let server = Counterpart::answering(201, include_str!("../../tests/recorded/twilio/accepted.json")).await;
    let accepted = Accepted { provider_id: MESSAGE.to_owned(), parts: 2, price: None };
    assert_eq!(twilio(&server.base_url).send(&REQUEST).await, Ok(accepted));
    let asked = server.only();
    assert_eq!(asked.method, Method::POST);
    assert_eq!(asked.uri.to_string(), format!("/2010-04-01/Accounts/{SID}/Messages.json"));
    let credentials = STANDARD.encode(format!("{SID}:auth-token-1"));
    assert_eq!(asked.header("authorization"), format!("Basic {credentials}"));
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    let expected =
        [("To", REQUEST.to), ("From", "+14155550100"), ("Body", REQUEST.text), ("StatusCallback", NAMED)];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(asked.form(), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_messaging_service_sends_and_counts_later() {
    let server = Counterpart::answering(
        201,
        r#"{"sid":"SM1","status":"accepted","num_segments":"0","price":"-8.40","price_unit":"JPY"}"#,
    )
    .await;
    let service = "MG0123456789abcdef0123456789abcdef";
    let mut account = account(&server.base_url, &[("account_sid", SID), ("sender", service)], &SECRETS);
    account.callback = None;
    let accepted = Accepted { provider_id: "SM1".to_owned(), parts: 1, price: Price::read(8.4, "JPY") };
    assert_eq!(Twilio::new(&account).unwrap().send(&REQUEST).await, Ok(accepted));
    let form = server.only().form();
    assert_eq!(form.get("MessagingServiceSid").map(String::as_str), Some(service));
    assert!(!form.contains_key("From") && !form.contains_key("StatusCallback"), "{form:?}");
}

#[tokio::test]
async fn each_error_has_its_class() {
    let later = || SendError::Temporary { reason: "Twilio asks to try again later" };
    let unclear = |reason| SendError::Unclear { reason };
    let unknown = || SendError::Unknown { reason: "unreadable acceptance" };
    let cases: [(u16, &'static str, SendError); 24] = [
        (429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#, later()),
        (429, "", SendError::Temporary { reason: "too many requests" }),
        (400, r#"{"code":21611}"#, later()),
        (400, r#"{"code":30001}"#, later()),
        (400, r#"{"code":30003}"#, later()),
        (400, r#"{"code":30008}"#, later()),
        (400, r#"{"code":21211,"message":"Invalid 'To' Phone Number: +8190XXXX5678"}"#, permanent("21211")),
        (400, r#"{"code":21610}"#, permanent("21610")),
        (400, r#"{"code":21612}"#, permanent("21612")),
        (400, r#"{"code":21614}"#, permanent("21614")),
        (403, r#"{"code":21408}"#, permanent("21408")),
        (400, r#"{"code":30005}"#, permanent("30005")),
        (400, r#"{"code":21999}"#, permanent("21999")),
        (401, r#"{"code":20003,"message":"Authenticate"}"#, configuration("Twilio's error 20003")),
        (404, r#"{"code":20404}"#, configuration("Twilio's error 20404")),
        (400, r#"{"code":21606}"#, configuration("Twilio's error 21606")),
        (400, r#"{"code":30002}"#, configuration("Twilio's error 30002")),
        (401, "", configuration("HTTP 401: unnamed")),
        (500, r#"{"code":20500}"#, unclear("the provider failed")),
        (503, r#"{"code":20429}"#, unclear("service unavailable")),
        (409, "", unclear("a conflict")),
        (201, "<html>", unknown()),
        (201, r#"{"status":"queued"}"#, unknown()),
        (201, r#"{"sid":"SM1","status":"failed","error_code":30007}"#, permanent("30007")),
    ];
    for (status, body, expected) in cases {
        let server = Counterpart::answering(status, body).await;
        assert_eq!(twilio(&server.base_url).send(&REQUEST).await, Err(expected), "{status} {body}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_not_asked_for_again() {
    let server = Counterpart::silent().await;
    let mut twilio = twilio(&server.base_url);
    twilio.client = crate::http::client_within(Duration::from_millis(200));
    assert_eq!(twilio.send(&REQUEST).await, Err(SendError::Unknown { reason: "time-out" }));
    assert_eq!(server.count(), 1);
    let cannot = SendError::Unknown { reason: "the provider cannot be asked" };
    assert_eq!(twilio.look_up(REQUEST.reference).await, Err(cannot));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_refused_connection_proves_that_nothing_left() {
    let refused = SendError::Temporary { reason: "no connection" };
    assert_eq!(twilio(&nobody().await).send(&REQUEST).await, Err(refused));
}

#[tokio::test]
async fn a_check_reads_the_account() {
    let server = Counterpart::answering(200, r#"{"status":"active","friendly_name":"Shop"}"#).await;
    let line = twilio(&server.base_url).check().await;
    assert_eq!(line.as_deref(), Ok("the account is active; messages are from +14155550100"));
    let asked = server.only();
    assert_eq!(asked.method, Method::GET);
    assert_eq!(asked.uri.to_string(), format!("/2010-04-01/Accounts/{SID}.json"));
    for (status, body, reason) in [
        (200, r#"{"status":"suspended"}"#, "the account is suspended"),
        (200, "<html>", "the account is unnamed"),
        (401, r#"{"code":20003}"#, "Twilio's error 20003"),
    ] {
        let server = Counterpart::answering(status, body).await;
        assert_eq!(twilio(&server.base_url).check().await, Err(configuration(reason)), "{body}");
    }
}

#[test]
fn receipts_name_the_message_by_their_address() {
    let cases = [
        (include_str!("../../tests/recorded/twilio/delivered.txt"), Some(ReceiptStatus::Delivered)),
        (include_str!("../../tests/recorded/twilio/undelivered.txt"), Some(undelivered("30005"))),
        (include_str!("../../tests/recorded/twilio/failed.txt"), Some(undelivered("30002"))),
        (include_str!("../../tests/recorded/twilio/canceled.txt"), Some(undelivered("canceled"))),
        (include_str!("../../tests/recorded/twilio/sent.txt"), None),
    ];
    for (body, status) in cases {
        let expected: Vec<Notice> = status.map(receipt).into_iter().collect();
        assert_eq!(read(NAMED, body.trim_end()), Ok(expected), "{body}");
        assert_eq!(read(CALLBACK, body.trim_end()), Ok(Vec::new()), "of a message that someone else sent");
    }
}

#[test]
fn parts_and_price_are_taken_where_they_are_told() {
    let read = read(NAMED, include_str!("../../tests/recorded/twilio/priced.txt").trim_end()).unwrap();
    let [Notice::Receipt { parts, price, .. }] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((*parts, price), (Some(2), &Price::read(16.8, "JPY")));
}

#[test]
fn a_price_is_in_whatever_currency_it_is_told() {
    let body = include_str!("../../tests/recorded/twilio/priced.txt").trim_end();
    let body = body.replace("Price=-16.8&PriceUnit=JPY", "Price=-0.149&PriceUnit=USD");
    let read = read(NAMED, &body).unwrap();
    let [Notice::Receipt { price, .. }] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!(*price, Price::read(0.149, "USD"));
}

#[test]
fn a_message_to_us_is_a_reply() {
    let body = include_str!("../../tests/recorded/twilio/reply.txt").trim_end();
    let reply = Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: None,
        text: "停止".to_owned(),
        at: NOW,
        id: "SM00000000000000000000000000000001".to_owned(),
    };
    assert_eq!(read(CALLBACK, body), Ok(vec![reply.clone()]));
    let url = format!("{CALLBACK}?{body}");
    let headers = signature("auth-token-1", &url);
    let post = Post { method: &Method::GET, url: &url, segment: None, headers: &headers, body: b"" };
    assert_eq!(twilio("http://127.0.0.1:1").notices(&post, NOW), Ok(vec![reply]), "by GET");
    let whatsapp = include_str!("../../tests/recorded/twilio/whatsapp.txt").trim_end();
    assert_eq!(read(CALLBACK, whatsapp), Ok(Vec::new()));
}

/// The examples of Twilio's documentation and of its libraries' tests.
#[test]
fn signs_as_twilio_documents() {
    let twilio = Twilio::new(&account("http://127.0.0.1:1", &SETTINGS, &[("token", "12345")])).unwrap();
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    for (from, signature) in
        [("14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ("12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")]
    {
        let body = format!(
            "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B{from}&To=%2B18005551212&Caller=%2B{from}"
        );
        let headers = HeaderMap::from_iter([(SIGNATURE_HEADER.parse().unwrap(), signature.parse().unwrap())]);
        let post =
            Post { method: &Method::POST, url, segment: None, headers: &headers, body: body.as_bytes() };
        assert_eq!(twilio.verify(&post), Ok(()), "{from}");
    }
}

#[test]
fn the_address_may_be_signed_with_its_port_or_without() {
    let body = include_str!("../../tests/recorded/twilio/delivered.txt").trim_end();
    let twilio = twilio("http://127.0.0.1:1");
    let cases = [
        ("https://a.example/c?reference=x", "https://a.example:443/c?reference=x", true),
        ("https://a.example:443/c?reference=x", "https://a.example/c?reference=x", true),
        ("https://a.example:8443/c?reference=x", "https://a.example/c?reference=x", true),
        ("http://a.example?reference=x", "http://a.example:80?reference=x", true),
        ("https://a.example/c?reference=x", "https://a.example/c?reference=y", false),
        ("https://a.example/c?reference=x", "https://b.example/c?reference=x", false),
    ];
    for (url, was_signed, good) in cases {
        let headers = signature("auth-token-1", &signed(was_signed, body));
        let post =
            Post { method: &Method::POST, url, segment: None, headers: &headers, body: body.as_bytes() };
        let expected = if good { Ok(()) } else { Err(ReceiptError::Forged) };
        assert_eq!(twilio.verify(&post), expected, "{url} {was_signed}");
    }
}

#[test]
fn of_a_field_that_comes_twice_each_value_is_signed_once_in_order() {
    let (url, body) = ("https://a.example/c", "B=2&A=z&A=y&A=z&MessageStatus=sent");
    let headers = signature("auth-token-1", "https://a.example/cAyAzB2MessageStatussent");
    let post = Post { method: &Method::POST, url, segment: None, headers: &headers, body: body.as_bytes() };
    assert_eq!(twilio("http://127.0.0.1:1").notices(&post, NOW), Ok(Vec::new()));
}

#[test]
fn what_twilio_has_not_signed_is_forged() {
    let body = include_str!("../../tests/recorded/twilio/delivered.txt").trim_end();
    let twilio = twilio("http://127.0.0.1:1");
    let good = signature("auth-token-1", &signed(NAMED, body));
    let other = signature("auth-token-2", &signed(NAMED, body));
    let garbage = HeaderMap::from_iter([(SIGNATURE_HEADER.parse().unwrap(), "?".parse().unwrap())]);
    let tampered = body.replace("MessageStatus=delivered", "MessageStatus=failed");
    let elsewhere = NAMED.replace("k3Jd02aZ9QmX", "aaaaaaaaaaaa");
    let none = HeaderMap::new();
    for (headers, url, body) in [
        (&none, NAMED, body),
        (&garbage, NAMED, body),
        (&other, NAMED, body),
        (&good, NAMED, tampered.as_str()),
        (&good, elsewhere.as_str(), body),
        (&good, NAMED, ""),
    ] {
        let post = Post { method: &Method::POST, url, segment: None, headers, body: body.as_bytes() };
        assert_eq!(twilio.notices(&post, NOW), Err(ReceiptError::Forged), "{url} {body}");
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    for (body, place) in [
        ("", "/From"),
        ("From=%2B819012345678&MessageSid=SM1", "/Body"),
        ("From=%2B819012345678&Body=x", "/MessageSid"),
        ("MessageStatus=failed&ErrorCode=%2B819012345678", "/ErrorCode"),
    ] {
        assert_eq!(read(NAMED, body), Err(malformed(place)), "{body}");
    }
    assert_eq!(read(NAMED, "MessageStatus=teleported&New=1"), Ok(Vec::new()), "a status we do not know yet");
}

/// The contract is Twilio's own description of its API: what is asked, by the real client, fits it; what it may answer is
/// read; and each status that a message may have means something here.
#[tokio::test]
async fn requests_and_statuses_are_as_twilio_describes_them() {
    let contract: Value =
        serde_json::from_str(include_str!("../../tests/recorded/twilio/contract.json")).unwrap();
    let example: &'static str = contract["example"].to_string().leak();
    let service = "MG0123456789abcdef0123456789abcdef";
    for (sender, field) in [("+14155550100", "From"), (service, "MessagingServiceSid")] {
        let server =
            Counterpart::answering(u16::try_from(contract["accepted"].as_u64().unwrap()).unwrap(), example)
                .await;
        let account = account(&server.base_url, &[("account_sid", SID), ("sender", sender)], &SECRETS);
        let accepted = Twilio::new(&account).unwrap().send(&REQUEST).await.unwrap();
        assert_eq!(accepted.provider_id, contract["example"]["sid"].as_str().unwrap());
        let asked = server.only();
        assert_eq!(asked.method.as_str().to_ascii_lowercase(), contract["method"].as_str().unwrap());
        let path = contract["path"].as_str().unwrap().replace("{AccountSid}", SID);
        assert_eq!(asked.uri.to_string(), path);
        assert_eq!(asked.header("content-type"), contract["content"].as_str().unwrap());
        assert!(asked.header("authorization").starts_with("Basic "), "{}", contract["security"]);
        let form = asked.form();
        for name in form.keys() {
            assert!(contract["parameters"].get(name).is_some(), "there is no parameter {name}");
        }
        for name in contract["required"].as_array().unwrap() {
            assert!(form.contains_key(name.as_str().unwrap()), "{name} is missing");
        }
        assert!(form.contains_key(field), "{form:?}");
    }
    for (schema, sid, prefix) in [
        (&contract["accountSid"], SID, "AC"),
        (&contract["parameters"]["MessagingServiceSid"], service, "MG"),
    ] {
        assert_eq!(schema["pattern"], format!("^{prefix}[0-9a-fA-F]{{32}}$"));
        assert!(is_sid(sid, prefix));
    }
    for property in ["sid", "status", "num_segments", "price", "price_unit", "error_code"] {
        assert!(contract["message"].get(property).is_some(), "{property}");
    }
    let recorded: Value =
        serde_json::from_str(include_str!("../../tests/recorded/twilio/accepted.json")).unwrap();
    for property in recorded.as_object().unwrap().keys() {
        assert!(contract["message"].get(property).is_some(), "{property}");
    }
    let described: BTreeSet<&str> =
        contract["status"].as_array().unwrap().iter().map(|status| status.as_str().unwrap()).collect();
    assert_eq!(described, FINAL.iter().map(|(name, _)| *name).chain(PASSING).collect());
}

#[test]
fn a_wrong_account_names_the_place_and_shows_no_secret() {
    let place = |settings: &[(&str, &str)], secrets: &[(&str, &str)]| {
        Twilio::new(&account("http://127.0.0.1:1", settings, secrets)).unwrap_err().place
    };
    assert_eq!(place(&SETTINGS[1..], &SECRETS), "settings.account_sid");
    assert_eq!(place(&[("account_sid", "AC12/../x"), SETTINGS[1]], &SECRETS), "settings.account_sid");
    assert_eq!(place(&SETTINGS[..1], &SECRETS), "settings.sender");
    assert_eq!(place(&SETTINGS, &[]), "secrets.token");
    let shown = format!("{:?}", twilio("http://127.0.0.1:1"));
    assert!(!shown.contains("auth-token-1") && !shown.contains("0123456789abcdef"), "{shown}");
}
