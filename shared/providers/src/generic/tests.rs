//! Settings against a server that answers as they expect, or otherwise. 絶対リーチ expressed as settings is tested with its
//! adapter. One file, above 500 lines, because every test here stands on the same settings and the same server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::tariff::Price;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::fake::{CALLBACK, Fake, REQUEST, SEGMENT, account, posted};
use crate::receipts::ReceiptStatus;

const NOW: Timestamp = Timestamp::from_seconds(1_795_307_500);
const CM: &str = include_str!("../../tests/recorded/generic/cm.yaml");
const CM_DELIVERED: &str = include_str!("../../tests/recorded/generic/cm-receipt-delivered.json");

fn read(yaml: &str) -> GenericSettings {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

fn ours(url: &str) -> Account {
    let settings = [("sender", "Tsunagi"), ("tenant", "a/b 1"), ("user", "shop")];
    account(url, &settings, &[("token", "token-1"), ("key", "key-1")])
}

fn set_up(url: &str, yaml: &str) -> Result<Generic, AccountError> {
    Generic::new(&ours(url), &read(yaml))
}

/// A provider that is sent to as `send` says, with a rule that takes every 200.
fn sending(url: &str, send: &str) -> Generic {
    let answer = "answer: { rules: [{ status: [200], means: accepted }] }";
    set_up(url, &format!("url: https://sms.example.jp\nsend: {{ {send}, {answer} }}")).unwrap()
}

fn taken(id: &str, parts: u32, price: Option<Price>) -> Accepted {
    Accepted { provider_id: id.to_owned(), parts, price }
}

mod cm {
    use super::*;

    fn cm(url: &str) -> Generic {
        set_up(url, CM).unwrap()
    }

    #[tokio::test]
    async fn the_request_is_what_the_documentation_asks_for() {
        let body = json!({
            "details": "Created 1 message(s)", "errorCode": 0,
            "messages": [{ "to": "00819012345678", "status": "Accepted", "reference": "k3Jd02aB9xYz", "parts": 2,
                "messageDetails": null, "messageErrorCode": 0 }],
        });
        let fake = Fake::answering(200, &body.to_string()).await;
        assert_eq!(cm(&fake.url).send(&REQUEST).await, Ok(taken("k3Jd02aB9xYz", 2, None)));
        let asked = fake.once();
        assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("POST", "/v1.0/message"));
        assert_eq!(asked.header("x-cm-producttoken"), "token-1");
        assert_eq!(asked.header("content-type"), "application/json");
        let expected = json!({ "messages": { "msg": [{
            "from": "Tsunagi", "to": [{ "number": "00819012345678" }],
            "body": { "type": "auto", "content": REQUEST.text }, "reference": "k3Jd02aB9xYz",
            "allowedChannels": ["SMS"], "minimumNumberOfMessageParts": 1, "maximumNumberOfMessageParts": 8,
        }] } });
        assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
    }

    #[tokio::test]
    async fn each_refusal_has_its_class() {
        let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
        let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
        let unclear = |reason| SendError::Unclear { reason };
        let cases = [
            (401, 101, configuration("HTTP 401: 101")),
            (400, 103, configuration("HTTP 400: 103")),
            (400, 201, permanent("201")),
            (400, 303, permanent("303")),
            (400, 402, permanent("402")),
            (200, 401, permanent("401")),
            (500, 500, unclear("the provider failed")),
            (200, 999, unclear("an answer that no rule names")),
            (400, 999, permanent("999")),
            (429, 999, SendError::Temporary { reason: "too many requests" }),
        ];
        for (status, code, expected) in cases {
            let body = format!(r#"{{"details":"+819012345678","errorCode":{code},"messages":[]}}"#);
            let fake = Fake::answering(status, &body).await;
            assert_eq!(cm(&fake.url).send(&REQUEST).await, Err(expected), "{status} {code}");
        }
        let fake = Fake::answering(200, "<html>").await;
        let unreadable = cm(&fake.url).send(&REQUEST).await;
        assert_eq!(unreadable, Err(unclear("an answer that no rule names")));
    }

    #[tokio::test]
    async fn a_provider_that_cannot_be_asked_is_not_asked() {
        let cm = cm("http://127.0.0.1:9");
        let unknown = Err(SendError::Unknown { reason: "the provider cannot be asked" });
        assert_eq!(cm.look_up("k3Jd02aB9xYz").await, unknown);
        assert!(cm.check().await.unwrap().contains("no harmless request"));
        assert!(!cm.repeatable());
        assert_eq!(cm.send(&REQUEST).await, Err(SendError::Temporary { reason: "no connection" }));
    }

    #[test]
    fn receipts_are_read_alone_and_together() {
        let receipt = |reference: &str, status, seconds| {
            let at = Timestamp::from_seconds(seconds);
            Notice::Receipt { reference: reference.to_owned(), status, at, parts: None, price: None }
        };
        let failed = |reason: &str| ReceiptStatus::Undelivered { reason: reason.to_owned() };
        let delivered = receipt("k3Jd02aB9xYz", ReceiptStatus::Delivered, 1_795_307_405);
        let cases = [
            (CM_DELIVERED, vec![delivered.clone()]),
            (include_str!("../../tests/recorded/generic/cm-receipt-accepted.json"), vec![]),
            (
                include_str!("../../tests/recorded/generic/cm-receipt-failed.json"),
                vec![receipt("k3Jd02aB9xYz", failed("Absent subscriber"), 1_795_307_405)],
            ),
            (
                include_str!("../../tests/recorded/generic/cm-receipts.json"),
                vec![delivered, receipt("Zz9876543210", failed("Rejected"), 1_795_307_406)],
            ),
        ];
        let cm = cm("http://127.0.0.1:9");
        for (body, expected) in cases {
            assert_eq!(posted(Some(SEGMENT), body, |post| cm.notices(post, NOW)), Ok(expected), "{body}");
            assert_eq!(posted(None, body, |post| cm.notices(post, NOW)), Err(ReceiptError::Forged));
        }
        let unnamed = CM_DELIVERED.replace("\"2\"", "\"9\"");
        let malformed = ReceiptError::Malformed { place: "/messages/msg/status/code".to_owned() };
        assert_eq!(posted(Some(SEGMENT), &unnamed, |post| cm.notices(post, NOW)), Err(malformed));
    }
}

#[test]
fn a_number_that_is_none_is_told_apart() {
    let settings = "url: https://sms.example.jp
send: { path: /m, body: { json: { to: '{{ to }}' } }, answer: { rules: [{ status: [200], means: accepted }] } }
receipts:
  format: json
  receipt:
    reference: /id
    status: { at: /state, delivered: [ok], undelivered: [failed], invalid: [no_such_number] }
";
    let generic = set_up("http://127.0.0.1:9", settings).unwrap();
    for (state, expected) in [
        ("failed", ReceiptStatus::Undelivered { reason: "failed".to_owned() }),
        ("no_such_number", ReceiptStatus::Invalid { reason: "no_such_number".to_owned() }),
    ] {
        let body = json!({ "id": "k3Jd02aB9xYz", "state": state }).to_string();
        let notices = posted(Some(SEGMENT), &body, |post| generic.notices(post, NOW)).unwrap();
        let Notice::Receipt { status, .. } = &notices[0] else { panic!("{notices:?}") };
        assert_eq!(*status, expected);
    }
    let twice = settings.replace("undelivered: [failed]", "undelivered: [no_such_number]");
    assert_eq!(set_up("http://127.0.0.1:9", &twice).unwrap_err().place, "generic.receipts.receipt.status");
}

#[tokio::test]
async fn what_fills_a_template_stays_what_it_is() {
    let text = "a\"b\\c\n{{ token }} <x> & 停止 \u{1f600}";
    let request = SmsRequest { text, ..REQUEST };
    let fake = Fake::answering(200, "").await;
    let json = r#"path: /m, body: { json: { a: ["{{ text }}", 7, true, null], b: "{{ text }}!" } }"#;
    sending(&fake.url, json).send(&request).await.unwrap();
    let body: Value = serde_json::from_str(&fake.once().body).unwrap();
    assert_eq!(body, json!({ "a": [text, 7, true, null], "b": format!("{text}!") }));

    let fake = Fake::answering(200, "").await;
    sending(&fake.url, r#"path: /m, body: { form: { "text[]": "{{ text }}" } }"#)
        .send(&request)
        .await
        .unwrap();
    assert_eq!(fake.once().fields()["text[]"], text);

    let fake = Fake::answering(200, "").await;
    let query = r#"method: GET, path: "/{{ tenant }}/m/", query: { text: "{{ text }}" }"#;
    sending(&fake.url, query).send(&request).await.unwrap();
    let asked = fake.once();
    assert_eq!(asked.fields()["text"], text);
    assert!(asked.uri.starts_with("/a%2Fb%201/m/?text="), "{}", asked.uri);

    let fake = Fake::answering(200, "").await;
    let xml =
        r#"path: /m, body: { text: { content_type: text/xml, template: "<t>{{ text | escape }}</t>" } }"#;
    sending(&fake.url, xml).send(&request).await.unwrap();
    let asked = fake.once();
    assert_eq!(asked.header("content-type"), "text/xml");
    assert!(asked.body.contains("&lt;x&gt; &amp; 停止"), "{}", asked.body);
}

#[tokio::test]
async fn headers_carry_the_account_and_never_a_second_line() {
    let fake = Fake::answering(200, "").await;
    let send = r#"method: PUT, path: /m, headers: { X-Purpose: "{{ purpose }} {{ to_domestic }}" },
        basic: { user: "{{ user }}", password: "{{ key }}" }"#;
    sending(&fake.url, send).send(&REQUEST).await.unwrap();
    let asked = fake.once();
    assert_eq!(asked.method, Method::PUT);
    assert_eq!(asked.header("x-purpose"), "marketing 09012345678");
    assert_eq!(asked.header("authorization"), format!("Basic {}", STANDARD.encode("shop:key-1")));
    let fake = Fake::answering(200, "").await;
    let injecting = sending(&fake.url, r#"path: /m, headers: { X-Text: "{{ text }}" }"#);
    let error = injecting.send(&SmsRequest { text: "a\r\nX-Admin: 1", ..REQUEST }).await;
    assert_eq!(error, Err(SendError::Configuration { reason: "the request cannot be built".to_owned() }));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_number_of_another_country_has_no_domestic_form() {
    let fake = Fake::answering(200, "").await;
    let generic = sending(&fake.url, r#"path: /m, body: { form: { to: "{{ to_domestic }}" } }"#);
    let error = generic.send(&SmsRequest { to: "+14155550100", ..REQUEST }).await;
    assert_eq!(error, Err(SendError::Permanent { code: "number-not-of-japan".to_owned() }));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn an_answer_may_be_a_form_and_tell_id_parts_and_price() {
    let yaml = "
url: https://sms.example.jp
repeatable: true
send:
  path: /send
  answer:
    format: form
    code: err
    id: msgid
    parts: parts
    price: { at: price }
    rules:
      - { where: [{ at: result, is: [ok] }], means: accepted }
      - { status: [5xx], means: temporary }
      - { where: [{ at: err }], means: permanent }
look_up:
  method: GET
  path: /find
  query: { ref: '{{ reference }}', text: '{{ text }}' }
  answer:
    id: /found/0/id
    rules:
      - { where: [{ at: /found/0 }], means: accepted }
      - { where: [{ at: /total, is: [0] }], means: not_accepted }
check: { path: /balance, answer: { rules: [{ status: [200], means: accepted }] } }
";
    let cases = [
        (200, "result=ok&msgid=m+1&parts=3&price=29.7", Ok(taken("m 1", 3, Price::read(29.7, "JPY")))),
        (200, "result=ok", Ok(taken("k3Jd02aB9xYz", 1, None))),
        (200, "result=ng&err=E-12", Err(SendError::Permanent { code: "E-12".to_owned() })),
        (200, "result=ng&err=%2B819012345678", Err(SendError::Permanent { code: "unnamed".to_owned() })),
        (503, "", Err(SendError::Temporary { reason: "the provider asks to wait" })),
        (200, "result=ng", Err(SendError::Unclear { reason: "an answer that no rule names" })),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::answering(status, body).await;
        assert_eq!(set_up(&fake.url, yaml).unwrap().send(&REQUEST).await, expected, "{status} {body}");
    }
    let unknown = |reason| Err(SendError::Unknown { reason });
    let asked = [
        (200, r#"{"total":1,"found":[{"id":"m-1"}]}"#, Ok(LookUp::Accepted(taken("m-1", 1, None)))),
        (200, r#"{"total":0,"found":[]}"#, Ok(LookUp::NotAccepted)),
        (200, "{}", unknown("an answer that no rule names")),
        (429, "", unknown("too many requests")),
    ];
    for (status, body, expected) in asked {
        let fake = Fake::answering(status, body).await;
        assert_eq!(set_up(&fake.url, yaml).unwrap().look_up("k3Jd02aB9xYz").await, expected, "{body}");
        assert_eq!(fake.once().uri, "/find?ref=k3Jd02aB9xYz&text=");
    }
    let fake = Fake::answering(200, "").await;
    let generic = set_up(&fake.url, yaml).unwrap();
    assert!(generic.repeatable());
    assert_eq!(generic.check().await.unwrap(), "the provider answers, and takes the account");
    assert_eq!(fake.once().uri, "/balance");
}

const RECEIPTS: &str = "
url: https://sms.example.jp
send: { path: /m, answer: { rules: [{ status: [200], means: accepted }] } }
receipts:
  format: json
  SIGNATURE
  receipt:
    where: [{ at: kind, contains: [dlr] }]
    reference: ref
    status: { at: state, delivered: [DELIVRD, 1], undelivered: [UNDELIV], OTHERWISE }
    time: { at: time, format: TIME }
    parts: parts
    price: { at: /price/amount, currency_at: /price/currency }
  reply:
    where: [{ at: kind, is: [mo] }, { at: text }]
    from: from
    text: text
    reference: ref
    time: { at: time, format: TIME }
";

fn reading(signature: &str, otherwise: &str, time: &str) -> Generic {
    let yaml = RECEIPTS.replace("SIGNATURE", signature).replace("OTHERWISE", otherwise).replace("TIME", time);
    set_up("https://sms.example.jp", &yaml).unwrap()
}

fn notices(generic: &Generic, body: &Value) -> Result<Vec<Notice>, ReceiptError> {
    posted(Some(SEGMENT), &body.to_string(), |post| generic.notices(post, NOW))
}

#[test]
fn times_are_read_as_they_are_written() {
    let at = Timestamp::from_seconds(1_795_307_405);
    let times = [
        ("rfc3339", json!("2026-11-22T09:30:05+09:00"), at),
        ("japan", json!("2026-11-22 09:30:05"), at),
        ("unix", json!(1_795_307_405), at),
        ("unix_millis", json!("1795307405999"), at),
        ("unix", Value::Null, NOW),
    ];
    for (format, time, at) in times {
        let generic = reading("", "on_its_way: []", format);
        let body = json!({ "kind": "DLR", "ref": "a", "state": "1", "time": time, "parts": "2" });
        let (reference, status) = ("a".to_owned(), ReceiptStatus::Delivered);
        let expected = Notice::Receipt { reference, status, at, parts: Some(2), price: None };
        assert_eq!(notices(&generic, &body), Ok(vec![expected]), "{format}");
        let body = json!({ "kind": "DLR", "ref": "a", "state": 1, "time": "soon" });
        let malformed = ReceiptError::Malformed { place: "/time".to_owned() };
        assert_eq!(notices(&generic, &body), Err(malformed));
    }
}

#[test]
fn a_price_is_taken_with_its_currency() {
    let price = |amount: Value, currency: &str| {
        let generic = reading("", "on_its_way: []", "unix");
        let price = json!({ "amount": amount, "currency": currency });
        notices(&generic, &json!({ "kind": "dlr", "ref": "a", "state": 1, "price": price }))
    };
    let taken = |amount, currency| match price(amount, currency).unwrap().as_slice() {
        [Notice::Receipt { price, .. }] => price.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(taken(json!(9.9), "JPY"), Price::read(9.9, "JPY"));
    assert_eq!(taken(json!("9"), "JPY"), Price::of_yen(9));
    assert_eq!(taken(json!("0.08"), "EUR"), Price::read(0.08, "EUR"));
    assert_eq!(taken(Value::Null, "JPY"), None);
    let malformed = ReceiptError::Malformed { place: "/price/amount".to_owned() };
    assert_eq!(price(json!("9 yen"), "JPY"), Err(malformed));
}

#[test]
fn a_status_that_is_not_named_is_what_the_settings_say() {
    let body = json!({ "kind": "dlr", "ref": "a", "state": "EXPIRED" });
    let read = |otherwise| notices(&reading("", otherwise, "unix"), &body);
    assert_eq!(read("on_its_way: [SENT]"), Err(ReceiptError::Malformed { place: "/state".to_owned() }));
    assert_eq!(read("on_its_way: [EXPIRED]"), Ok(vec![]));
    assert_eq!(read("otherwise: on_its_way"), Ok(vec![]));
    let status = ReceiptStatus::Undelivered { reason: "EXPIRED".to_owned() };
    let (reference, at) = ("a".to_owned(), NOW);
    let expected = Notice::Receipt { reference, status, at, parts: None, price: None };
    assert_eq!(read("otherwise: undelivered"), Ok(vec![expected]));
}

#[test]
fn replies_are_told_from_receipts_and_known_again() {
    let generic = reading("", "on_its_way: []", "unix");
    let reply =
        json!({ "kind": "mo", "from": "09012345678", "text": " 停止 ", "ref": "a", "time": 1_795_307_405 });
    let other = json!({ "kind": "mo", "from": "09012345678", "text": "はい", "time": 1_795_307_405 });
    let neither = json!({ "kind": "balance", "left": 3 });
    let read = notices(&generic, &json!([reply, other, neither, reply])).unwrap();
    let ids: Vec<_> = read
        .iter()
        .map(|notice| match notice {
            Notice::Reply { from, to_reference, text, at, id } => {
                assert_eq!((from.as_str(), at.seconds()), ("+819012345678", 1_795_307_405));
                assert_eq!(to_reference.as_deref(), (text == " 停止 ").then_some("a"));
                id
            }
            other @ (Notice::Receipt { .. }
            | Notice::EmailReply { .. }
            | Notice::Line { .. }
            | Notice::Complaint { .. }
            | Notice::OptOut { .. }
            | Notice::Open { .. }) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0] == ids[2] && ids[0] != ids[1]);
}

#[test]
fn signatures_of_each_kind_are_checked() {
    fn made<M: Mac + KeyInit>(body: &str) -> Vec<u8> {
        let mac = <M as KeyInit>::new_from_slice(b"key-1").unwrap().chain_update(body.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
    let body = json!({ "kind": "dlr", "ref": "a", "state": 1 }).to_string();
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let (sha256, sha1) = (made::<Hmac<sha2::Sha256>>(&body), made::<Hmac<sha1::Sha1>>(&body));
    let kinds = [
        ("hmac-sha256", "hex", "sha256=", format!("sha256={}", hex(&sha256))),
        ("hmac-sha256", "hex", "", hex(&sha256).to_uppercase()),
        ("hmac-sha256", "base64", "", STANDARD.encode(&sha256)),
        ("hmac-sha1", "hex", "", hex(&sha1)),
        ("hmac-sha1", "base64", "", STANDARD.encode(&sha1)),
    ];
    for (algorithm, encoding, prefix, good) in kinds {
        let signature = format!(
            "signature: {{ header: X-Sig, algorithm: {algorithm}, encoding: {encoding}, prefix: '{prefix}', secret: key }}"
        );
        let generic = reading(&signature, "on_its_way: []", "unix");
        let read = |signature: Option<&str>, body: &str| {
            let (method, mut headers) = (Method::POST, HeaderMap::new());
            if let Some(signature) = signature {
                headers.insert("x-sig", HeaderValue::from_str(signature).unwrap());
            }
            let body = body.as_bytes();
            let post =
                Post { method: &method, url: CALLBACK, segment: Some(SEGMENT), headers: &headers, body };
            generic.notices(&post, NOW)
        };
        assert_eq!(read(Some(&good), &body).map(|notices| notices.len()), Ok(1), "{signature}");
        assert_eq!(read(Some(&good), &format!("{body} ")), Err(ReceiptError::Forged));
        let short = &good[..good.len() - 2];
        for signature in [None, Some(""), Some(prefix), Some("sha256=zz"), Some(short)] {
            assert_eq!(read(signature, &body), Err(ReceiptError::Forged), "{signature:?}");
        }
    }
}

#[test]
fn a_receipt_may_stand_in_the_query() {
    let yaml = "
url: https://sms.example.jp
send: { path: /m, answer: { rules: [{ status: [200], means: accepted }] } }
receipts:
  format: query
  receipt: { reference: ref, status: { at: st, delivered: [1], undelivered: [2] } }
";
    let generic = set_up("https://sms.example.jp", yaml).unwrap();
    let (method, headers) = (Method::GET, HeaderMap::new());
    let read = |query: &str| {
        let url = format!("{CALLBACK}{query}");
        generic.notices(
            &Post { method: &method, url: &url, segment: Some(SEGMENT), headers: &headers, body: b"" },
            NOW,
        )
    };
    let (reference, status) = ("a".to_owned(), ReceiptStatus::Delivered);
    let expected = Notice::Receipt { reference, status, at: NOW, parts: None, price: None };
    assert_eq!(read("?ref=a&st=1&x=%E5%81%9C"), Ok(vec![expected]));
    assert_eq!(read(""), Err(ReceiptError::Malformed { place: "/st".to_owned() }));
}

/// It is over the body, and whoever saw one could write any query beside it.
#[test]
fn a_query_has_no_signature() {
    let yaml = "url: https://a.jp
send: { path: /m, answer: { rules: [{ status: [200], means: accepted }] } }
receipts:
  format: query
  signature: { header: X, algorithm: hmac-sha1, encoding: hex, secret: key }
  receipt: { reference: r, status: { at: s, delivered: [1], undelivered: [2] } }
";
    let error = set_up("https://a.jp", yaml).unwrap_err();
    assert_eq!(error.place, "generic.receipts.signature");
    assert!(error.to_string().contains("leave it out"), "{error}");
}

#[test]
fn without_receipts_every_post_is_forged() {
    let generic = sending("https://sms.example.jp", "path: /m");
    assert_eq!(notices(&generic, &json!({})), Err(ReceiptError::Forged));
}

#[test]
fn settings_that_cannot_work_are_told_where_and_how_to_mend_them() {
    let accepts = "{ rules: [{ status: [200], means: accepted }] }";
    let send = |send: &str| format!("url: https://a.jp\nsend: {{ {send} }}");
    let rules = |rules: &str| send(&format!("path: /m, answer: {{ rules: [{rules}] }}"));
    let receipts = |receipts: &str| {
        format!("{}\nreceipts: {{ {receipts} }}", send(&format!("path: /m, answer: {accepts}")))
    };
    let item = "reference: r, status: { at: s, delivered: [1], undelivered: [2] }";
    let cases = [
        (send(&format!("path: m, answer: {accepts}")), "generic.send.path", "begins with /"),
        (
            send(&format!("path: '/{{{{ tennant }}}}', answer: {accepts}")),
            "generic.send.path",
            "there are reference, to,",
        ),
        (
            send(&format!("path: /m, body: {{ json: {{ a: ['{{{{ text'] }} }}, answer: {accepts}")),
            "generic.send.body.json.a[0]",
            "is broken",
        ),
        (
            send(&format!("path: /m, body: {{ form: {{ a: '{{{{ links.shop }}}}' }} }}, answer: {accepts}")),
            "generic.send.body.form.a",
            "a variable that is not known",
        ),
        (
            send(&format!("path: /m, headers: {{ 'X Y': a }}, answer: {accepts}")),
            "generic.send.headers.X Y",
            "letters, digits and -",
        ),
        (
            send(&format!("path: /m, headers: {{ X: \"a\\nb\" }}, answer: {accepts}")),
            "generic.send.headers.X",
            "one line",
        ),
        (rules(""), "generic.send.answer.rules", "{ status: [200], means: accepted }"),
        (rules("{ means: accepted }"), "generic.send.answer.rules[0]", "neither a status nor"),
        (
            rules("{ status: [2000], means: accepted }"),
            "generic.send.answer.rules[0].status[0]",
            "such as 4xx",
        ),
        (
            rules("{ status: [200], where: [{ at: '' }], means: accepted }"),
            "generic.send.answer.rules[0].where[0].at",
            "a JSON Pointer such as",
        ),
        (
            rules("{ where: [{ at: '/a~2', is: [1] }], means: accepted }"),
            "generic.send.answer.rules[0].where[0].at",
            "~ is written ~0",
        ),
        (
            rules("{ where: [{ at: a, is: [[1]] }], means: accepted }"),
            "generic.send.answer.rules[0].where[0].is[0]",
            "a text, a number",
        ),
        (
            rules("{ status: [200], means: accepted }, { status: [404], means: not_accepted }"),
            "generic.send.answer.rules[1].means",
            "only a look-up",
        ),
        (receipts("format: json"), "generic.receipts", "add `receipt`"),
        (
            receipts(&format!("format: json, json_field: j, receipt: {{ {item} }}")),
            "generic.receipts.json_field",
            "leave it out",
        ),
        (
            receipts(
                "format: json, receipt: { reference: r, status: { at: s, delivered: [1], undelivered: ['1'] } }",
            ),
            "generic.receipts.receipt.status",
            "means two things",
        ),
        (
            receipts(
                "format: json, receipt: { reference: r, status: { at: s, delivered: [], undelivered: [] } }",
            ),
            "generic.receipts.receipt.status.delivered",
            "at least one",
        ),
        (
            receipts("format: json, reply: { where: [], from: f, text: t }"),
            "generic.receipts.reply.where",
            "such as { at: text }",
        ),
        (
            receipts(&format!(
                "format: json, signature: {{ header: X, algorithm: hmac-sha1, encoding: hex, secret: other }}, receipt: {{ {item} }}"
            )),
            "secrets.other",
            "what the provider signs its posts with",
        ),
    ];
    for (yaml, place, remedy) in cases {
        let error = set_up("https://a.jp", &yaml).unwrap_err();
        assert_eq!(error.place, place, "{yaml}");
        assert!(error.what.contains(remedy), "{error}");
        assert!(!error.to_string().contains("token-1"), "{error}");
    }
}

#[test]
fn names_that_mean_two_things_are_refused() {
    let settings = read(&format!(
        "url: https://a.jp\nsend: {{ path: /m, answer: {} }}",
        "{ rules: [{ status: [200], means: accepted }] }"
    ));
    let mut clashing = ours("https://a.jp");
    clashing.settings.insert("to".to_owned(), "a".to_owned());
    let error = Generic::new(&clashing, &settings).unwrap_err();
    assert_eq!((error.place.as_str(), error.what.contains("such as my_to")), ("settings.to", true));
    let mut twice = ours("https://a.jp");
    twice.secrets.insert("sender".to_owned(), "a".to_owned());
    assert_eq!(Generic::new(&twice, &settings).unwrap_err().place, "secrets.sender");
    let plain = Account { url: Some("http://a.jp".to_owned()), ..ours("https://a.jp") };
    assert_eq!(Generic::new(&plain, &settings).unwrap_err().place, "url");
}

#[test]
fn settings_read_back_as_they_were_written_and_take_no_unknown_field() {
    for yaml in [CM, include_str!("../../tests/recorded/generic/zettai-reach.yaml")] {
        let settings = read(yaml);
        let again = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<GenericSettings>(&again).unwrap(), settings);
        assert!(serde_saphyr::from_str::<GenericSettings>(&format!("{yaml}\nretries: 3\n")).is_err());
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", set_up("https://a.jp", CM).unwrap());
    assert!(!shown.contains("token-1") && !shown.contains(SEGMENT), "{shown}");
}
