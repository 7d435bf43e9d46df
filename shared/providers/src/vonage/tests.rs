//! Vonage's adapter against a server that answers as Vonage documents, and its posts as they come.

use std::time::Duration;

use http::HeaderMap;

use super::*;
use crate::abroad::counterpart::{
    CALLBACK, Counterpart, NOW, REQUEST, SEGMENT, account, configuration, json_post, malformed, nobody,
    permanent, receipt, undelivered,
};

const SETTINGS: [(&str, &str); 2] = [("api_key", "abcd1234"), ("sender", "Shop")];
const SECRETS: [(&str, &str); 2] = [("secret", "api-secret-1"), ("callback", SEGMENT)];
const SIGNATURE_SECRET: &str = "Xk2vPq7LmZ4tYw9B";
const DELIVERED: &str = include_str!("../../tests/recorded/vonage/delivered.json");

/// One whose posts come by the secret path.
fn vonage(base_url: &str) -> Vonage {
    Vonage::new(&account(base_url, &SETTINGS, &SECRETS)).unwrap()
}

/// One whose posts are signed.
fn signing(algorithm: &str) -> Vonage {
    let settings = [SETTINGS[0], SETTINGS[1], ("signature_method", algorithm)];
    let secrets = [SECRETS[0], ("signature", SIGNATURE_SECRET)];
    Vonage::new(&account("http://127.0.0.1:1", &settings, &secrets)).unwrap()
}

fn json() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, "application/json; charset=utf-8".parse().unwrap())])
}

fn read(algorithm: &str, body: &str, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
    signing(algorithm).notices(&json_post(&json(), "", body.as_bytes()), now)
}

#[tokio::test]
async fn a_message_is_one_form() {
    let server = Counterpart::answering(200, include_str!("../../tests/recorded/vonage/accepted.json")).await;
    let accepted = Accepted { provider_id: "0C0000001234567B".to_owned(), parts: 2, price: None };
    assert_eq!(vonage(&server.base_url).send(&REQUEST).await, Ok(accepted));
    let asked = server.only();
    assert_eq!((asked.method.as_str(), asked.uri.to_string().as_str()), ("POST", "/sms/json"));
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    let expected = [
        ("api_key", "abcd1234"),
        ("api_secret", "api-secret-1"),
        ("from", "Shop"),
        ("to", "819012345678"),
        ("text", REQUEST.text),
        ("type", "unicode"),
        ("client-ref", REQUEST.reference),
        ("callback", CALLBACK),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(asked.form(), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_text_of_latin_letters_is_no_unicode() {
    let server = Counterpart::answering(200, include_str!("../../tests/recorded/vonage/accepted.json")).await;
    let request = SmsRequest { text: "Hello {you}, that is 5 €", ..REQUEST };
    vonage(&server.base_url).send(&request).await.unwrap();
    assert!(!server.only().form().contains_key("type"));
}

#[tokio::test]
async fn each_status_has_its_class() {
    let often = || SendError::Temporary { reason: "too many requests" };
    let failed = || SendError::Unclear { reason: "the provider failed" };
    let of = |status: &str| configuration(&format!("Vonage's status {status}"));
    let cases = [
        ("1", often()),
        ("2", permanent("2")),
        ("3", permanent("3")),
        ("4", of("4")),
        ("5", failed()),
        ("6", permanent("6")),
        ("7", permanent("7")),
        ("8", of("8")),
        ("9", of("9")),
        ("10", often()),
        ("11", of("11")),
        ("12", permanent("12")),
        ("14", of("14")),
        ("15", of("15")),
        ("22", permanent("22")),
        ("23", of("23")),
        ("29", of("29")),
        ("32", of("32")),
        ("33", permanent("33")),
        ("99", failed()),
    ];
    for (state, expected) in cases {
        let body = format!(
            r#"{{"message-count":"1","messages":[{{"status":"{state}","error-text":"to 819012345678"}}]}}"#
        );
        let server = Counterpart::answering(200, body.leak()).await;
        assert_eq!(vonage(&server.base_url).send(&REQUEST).await, Err(expected), "{state}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_these_is_sorted_by_what_it_proves() {
    let unknown = || SendError::Unknown { reason: "unreadable acceptance" };
    let some = SendError::Unknown { reason: "only some parts of the text were accepted" };
    let cases: [(u16, &'static str, SendError); 8] = [
        (429, "", SendError::Temporary { reason: "too many requests" }),
        (401, "", configuration("HTTP 401: unnamed")),
        (502, "", SendError::Unclear { reason: "the provider failed" }),
        (200, "<html>", unknown()),
        (200, r#"{"messages":[]}"#, unknown()),
        (200, r#"{"messages":[{"status":"0"}]}"#, unknown()),
        (200, r#"{"messages":[{"to":"819012345678"}]}"#, unknown()),
        (200, r#"{"messages":[{"status":"0","message-id":"a"},{"status":"1"}]}"#, some),
    ];
    for (status, body, expected) in cases {
        let server = Counterpart::answering(status, body).await;
        assert_eq!(vonage(&server.base_url).send(&REQUEST).await, Err(expected), "{status} {body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_not_asked_for_again() {
    let server = Counterpart::silent().await;
    let mut vonage = vonage(&server.base_url);
    vonage.client = crate::http::client_within(Duration::from_millis(200));
    assert_eq!(vonage.send(&REQUEST).await, Err(SendError::Unknown { reason: "time-out" }));
    let cannot = SendError::Unknown { reason: "the provider cannot be asked" };
    assert_eq!(vonage.look_up(REQUEST.reference).await, Err(cannot));
    assert_eq!(server.count(), 1);
    vonage.base_url = nobody().await;
    assert_eq!(vonage.send(&REQUEST).await, Err(SendError::Temporary { reason: "no connection" }));
}

#[tokio::test]
async fn a_check_reads_the_balance() {
    let server = Counterpart::answering(200, r#"{"value":10.171275,"autoReload":false}"#).await;
    let line = vonage(&server.base_url).check().await;
    assert_eq!(line.as_deref(), Ok("a balance of 10.17; messages are from Shop"));
    let asked = server.only();
    let expected = "/account/get-balance?api_key=abcd1234&api_secret=api-secret-1";
    assert_eq!((asked.method, asked.uri.to_string().as_str()), (Method::GET, expected));
    let server = Counterpart::answering(401, r#"{"error-code":"401"}"#).await;
    assert_eq!(vonage(&server.base_url).check().await, Err(configuration("HTTP 401: unnamed")));
}

#[test]
fn receipts_are_read() {
    let cases = [
        (DELIVERED, Some(ReceiptStatus::Delivered)),
        (include_str!("../../tests/recorded/vonage/failed.json"), Some(undelivered("failed-6"))),
        (include_str!("../../tests/recorded/vonage/expired.json"), Some(undelivered("expired-1"))),
        (include_str!("../../tests/recorded/vonage/buffered.json"), None),
        (include_str!("../../tests/recorded/vonage/unknown.json"), None),
    ];
    for (body, status) in cases {
        let expected: Vec<Notice> = status.map(receipt).into_iter().collect();
        assert_eq!(read("hmac-sha256", body, NOW), Ok(expected), "{body}");
    }
}

#[test]
fn who_opted_out_at_vonage_has_opted_out() {
    let notices =
        read("hmac-sha256", include_str!("../../tests/recorded/vonage/rejected.json"), NOW).unwrap();
    let [Notice::OptOut { reference, at }, told] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!((reference.as_str(), *told == receipt(undelivered("rejected-9"))), ("k3Jd02aZ9QmX", true));
    assert!(at.seconds() > 0);
}

#[test]
fn a_message_to_us_is_a_reply() {
    let reply = Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: None,
        text: " 停止 A&B=C ".to_owned(),
        at: NOW,
        id: "0B00000001A2B3C4".to_owned(),
    };
    let body = include_str!("../../tests/recorded/vonage/reply.json");
    assert_eq!(read("hmac-sha256", body, NOW), Ok(vec![reply]));
    let binary = include_str!("../../tests/recorded/vonage/binary.json");
    assert_eq!(read("hmac-sha256", binary, NOW), Ok(Vec::new()));
}

#[test]
fn posts_without_a_signature_come_by_the_secret_path_in_any_form() {
    let vonage = vonage("http://127.0.0.1:1");
    let none = HeaderMap::new();
    let query = include_str!("../../tests/recorded/vonage/delivered.query.txt").trim_end();
    let url = format!("{CALLBACK}?{query}");
    let segment = Some(SEGMENT);
    let by_get = Post { method: &Method::GET, url: &url, segment, headers: &none, body: b"" };
    assert_eq!(vonage.notices(&by_get, NOW), Ok(vec![receipt(ReceiptStatus::Delivered)]));
    let form = include_bytes!("../../tests/recorded/vonage/failed.form.txt").trim_ascii_end();
    let as_form = Post { method: &Method::POST, url: CALLBACK, segment, headers: &none, body: form };
    assert_eq!(vonage.notices(&as_form, NOW), Ok(vec![receipt(undelivered("failed-5"))]));
    let headers = json();
    let as_json = json_post(&headers, SEGMENT, DELIVERED.as_bytes());
    assert_eq!(vonage.notices(&as_json, NOW), Ok(vec![receipt(ReceiptStatus::Delivered)]));
    for segment in [None, Some(""), Some("0123456789abcdee")] {
        for post in [by_get, as_form, as_json] {
            assert_eq!(vonage.notices(&Post { segment, ..post }, NOW), Err(ReceiptError::Forged));
        }
    }
}

/// The signatures were made by Python's `hmac` and `hashlib`.
#[test]
fn signs_as_each_method_of_vonage_does() {
    let cases = [
        ("md5hash", "06bc3b919baa66b729dd81b904eb7ae6"),
        ("hmac-md5", "E5B41970BB27DC948CF4373FA91E5A77"),
        ("hmac-sha1", "9F2D4DC4384B61ECBBC468F8D34E47EEB43D67FC"),
        ("hmac-sha256", "966C904EC89614D6C54E599CBA5D5360474E03C8ADF48826F7D01D6AE20F1E94"),
        (
            "hmac-sha512",
            "FEB46FFDFDE84812098871DE8E48E13A1C427CB1BA7423220028DB2AA3CE040\
             FBEE1413AF00E8441E736C52C75D244F7DB8AE3D09793B9304728115D90DA0009",
        ),
    ];
    let recorded = cases[3].1;
    for (algorithm, signature) in cases {
        let body = DELIVERED.replace(recorded, signature);
        let delivered = Ok(vec![receipt(ReceiptStatus::Delivered)]);
        assert_eq!(read(algorithm, &body, NOW), delivered, "{algorithm}");
        for (other, _) in cases.iter().filter(|(other, _)| *other != algorithm) {
            assert_eq!(read(other, &body, NOW), Err(ReceiptError::Forged), "{algorithm} as {other}");
        }
    }
}

#[test]
fn what_vonage_has_not_signed_is_forged() {
    let tampered = DELIVERED.replace(r#""delivered""#, r#""failed""#);
    let added = DELIVERED.replacen('{', r#"{"added":"1","#, 1);
    let unsigned = DELIVERED.replace(r#""sig""#, r#""gis""#);
    for body in [tampered.as_str(), added.as_str(), unsigned.as_str(), "{", "[]", ""] {
        assert_eq!(read("hmac-sha256", body, NOW), Err(ReceiptError::Forged), "{body}");
    }
}

#[test]
fn five_minutes_either_way_are_tolerated_and_no_more() {
    for (lag, good) in [(300, true), (-300, true), (301, false), (-301, false)] {
        let expected = if good { Ok(1) } else { Err(ReceiptError::Stale) };
        let read = read("hmac-sha256", DELIVERED, NOW.plus(lag)).map(|notices| notices.len());
        assert_eq!(read, expected, "{lag}");
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let vonage = vonage("http://127.0.0.1:1");
    for (body, place) in [
        ("{", "body"),
        (r#"{"to":"Shop"}"#, "msisdn"),
        (r#"{"msisdn":"819012345678"}"#, "messageId"),
        (r#"{"msisdn":"819012345678","messageId":"a","type":"text"}"#, "text"),
    ] {
        let read = vonage.notices(&json_post(&json(), SEGMENT, body.as_bytes()), NOW);
        assert_eq!(read, Err(malformed(place)), "{body}");
    }
    let someone_elses = br#"{"status":"delivered","msisdn":"819012345678"}"#;
    assert_eq!(vonage.notices(&json_post(&json(), SEGMENT, someone_elses), NOW), Ok(Vec::new()));
}

#[test]
fn a_wrong_account_names_the_place_and_shows_no_secret() {
    let place = |settings: &[(&str, &str)], secrets: &[(&str, &str)]| {
        Vonage::new(&account("http://127.0.0.1:1", settings, secrets)).unwrap_err().place
    };
    let signed = |method| [SETTINGS[0], SETTINGS[1], ("signature_method", method)];
    assert_eq!(place(&SETTINGS[1..], &SECRETS), "settings.api_key");
    assert_eq!(place(&SETTINGS[..1], &SECRETS), "settings.sender");
    assert_eq!(place(&SETTINGS, &SECRETS[1..]), "secrets.secret");
    assert_eq!(place(&SETTINGS, &SECRETS[..1]), "secrets.callback");
    assert_eq!(place(&signed("sha256"), &[SECRETS[0], ("signature", "s")]), "settings.signature_method");
    assert_eq!(place(&SETTINGS, &[SECRETS[0], ("signature", "s")]), "settings.signature_method");
    assert_eq!(place(&signed("md5hash"), &SECRETS), "secrets.signature");
    let shown = format!("{:?} {:?}", vonage("http://127.0.0.1:1"), signing("md5hash"));
    assert!(
        ![SEGMENT, "api-secret-1", SIGNATURE_SECRET].iter().any(|secret| shown.contains(secret)),
        "{shown}"
    );
}
