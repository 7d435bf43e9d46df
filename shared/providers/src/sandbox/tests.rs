//! The real client against a real server that misbehaves in each way a provider can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use axum::routing::any;
use tokio::net::TcpListener;

use super::*;
use crate::email::EmailProvider;
use crate::sms::{Purpose, SmsProvider};

const REQUEST: SmsRequest<'static> = SmsRequest {
    reference: "k3Jd02",
    to: "+819012345678",
    text: "つなぎ http://127.0.0.1/l/k3Jd02",
    purpose: Purpose::Marketing,
};

fn provider(base_url: &str, name: &str) -> Option<String> {
    match name {
        "SMS_PROVIDER_URL" | "EMAIL_PROVIDER_URL" => Some(base_url.to_owned()),
        "SMS_PROVIDER_KEY" | "EMAIL_PROVIDER_KEY" => Some("key-1".to_owned()),
        _ => None,
    }
}

fn vars(base_url: String) -> Vars {
    Vars::new(move |name| provider(&base_url, name))
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn answering(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> SmsProvider {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let status = StatusCode::from_u16(status).unwrap();
    let base_url = serve(Router::new().fallback(any(move || async move { (status, headers, body) }))).await;
    SmsProvider::from_config("sandbox", &vars(base_url)).unwrap()
}

#[tokio::test]
async fn an_acceptance_is_read() {
    let accepted = Accepted { provider_id: "s-1".to_owned(), parts: 2, price: Price::of_yen(18) };
    let sms = answering(201, &[], r#"{"id":"s-1","parts":2,"price_yen":18,"carrier":"au"}"#).await;
    assert_eq!(sms.send(&REQUEST).await, Ok(accepted.clone()));
    assert_eq!(sms.look_up("k3Jd02").await, Ok(LookUp::Accepted(accepted)));
}

#[tokio::test]
async fn each_status_has_its_class() {
    let temporary = |reason| SendError::Temporary { reason };
    let unclear = |reason| SendError::Unclear { reason };
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let unknown = |reason| SendError::Unknown { reason };
    let cases: [(u16, &'static str, SendError); 15] = [
        (429, "", temporary("too many requests")),
        (503, "", unclear("service unavailable")),
        (400, r#"{"error":"invalid_number"}"#, permanent("invalid_number")),
        (422, r#"{"error":"+819012345678 is no number"}"#, permanent("unnamed")),
        (401, r#"{"error":"unauthorized"}"#, configuration("HTTP 401: unauthorized")),
        (403, "", configuration("HTTP 403: unnamed")),
        (404, r#"{"error":"not found"}"#, configuration("HTTP 404: unnamed")),
        (307, "", configuration("HTTP 307: unnamed")),
        (408, "", unclear("the provider timed out")),
        (409, r#"{"error":"duplicate"}"#, unclear("a conflict")),
        (500, "", unclear("the provider failed")),
        (502, "", unclear("the provider failed")),
        (504, "", unclear("the provider failed")),
        (201, "<html>", unknown("unreadable acceptance")),
        (201, r#"{"id":"s-1"}"#, unknown("unreadable acceptance")),
    ];
    for (status, body, expected) in cases {
        let sms = answering(status, &[("location", "/elsewhere")], body).await;
        assert_eq!(sms.send(&REQUEST).await, Err(expected), "{status} {body}");
    }
}

#[tokio::test]
async fn only_the_providers_own_word_is_proof_of_non_acceptance() {
    let absent = answering(404, &[], r#"{"error":"not found"}"#).await;
    assert_eq!(absent.look_up("k3Jd02").await, Ok(LookUp::NotAccepted));
    let wrong_url = answering(404, &[], r#"{"error":"no such page"}"#).await;
    assert!(matches!(wrong_url.look_up("k3Jd02").await, Err(SendError::Configuration { .. })));
    let busy = answering(503, &[], "").await;
    assert!(matches!(busy.look_up("k3Jd02").await, Err(SendError::Unknown { .. })));
}

#[tokio::test]
async fn a_refused_connection_proves_that_nothing_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sms = SmsProvider::from_config("sandbox", &vars(base_url)).unwrap();
    let refused = SendError::Temporary { reason: "no connection" };
    assert_eq!(sms.send(&REQUEST).await, Err(refused));
    let unknown = SendError::Unknown { reason: "no connection" };
    assert_eq!(sms.look_up("k3Jd02").await, Err(unknown));
}

#[tokio::test]
async fn a_time_out_after_the_request_left_is_unknown_and_not_repeated() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let hang = any(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>()
    });
    let base_url = serve(Router::new().fallback(hang)).await;
    let client = crate::http::client_within(Duration::from_millis(200));
    let sandbox = Sandbox { client, base_url, key: "key-1".to_owned() };
    assert_eq!(sandbox.send_sms(&REQUEST).await, Err(SendError::Unknown { reason: "time-out" }));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_reset_after_the_request_left_is_unknown_and_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let sms = SmsProvider::from_config("sandbox", &vars(base_url)).unwrap();
    assert_eq!(sms.send(&REQUEST).await, Err(SendError::Unknown { reason: "connection lost" }));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_email_travels_whole() {
    let echo = any(|uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let seen = format!("{uri} {} {}", headers["authorization"].to_str().unwrap(), body.len());
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["headers"][0][0], "List-Unsubscribe");
        assert_eq!(body["html"], "<p>hello</p>");
        serde_json::json!({ "id": seen, "parts": 1, "price_yen": null }).to_string()
    });
    let base_url = serve(Router::new().fallback(echo)).await;
    let email = EmailProvider::from_config("sandbox", &vars(base_url)).unwrap();
    let headers = [("List-Unsubscribe".to_owned(), "<https://a.jp/u/k3Jd02>".to_owned())];
    let request = EmailRequest {
        reference: "k3Jd02",
        to: "hana@example.jp",
        from: "Shop <shop@example.jp>",
        subject: "こんにちは",
        text: "hello",
        html: Some("<p>hello</p>"),
        headers: &headers,
        at: domain::time::Timestamp::from_seconds(1_772_413_200),
    };
    let accepted = email.send(&request).await.unwrap();
    assert!(accepted.provider_id.starts_with("/email/messages Bearer key-1 "));
}

#[test]
fn a_wrong_configuration_names_its_variable() {
    let good = vars("http://127.0.0.1:1".to_owned());
    let in_production = Vars::new(|name| match name {
        "STAGE" => Some("production".to_owned()),
        _ => provider("http://127.0.0.1:1", name),
    });
    let nothing = Vars::new(|_| None);
    let keyless = Vars::new(|name| (name == "SMS_PROVIDER_URL").then(|| "http://127.0.0.1:1".to_owned()));
    let named = |result: Result<SmsProvider, ConfigError>| result.unwrap_err().name;
    assert_eq!(named(SmsProvider::from_vars(&good)), "SMS_PROVIDER");
    assert_eq!(named(SmsProvider::from_config("twilio", &good)), "SMS_PROVIDER");
    assert_eq!(named(SmsProvider::from_config("sandbox", &in_production)), "SMS_PROVIDER");
    assert_eq!(named(SmsProvider::from_config("sandbox", &nothing)), "SMS_PROVIDER_URL");
    assert_eq!(named(SmsProvider::from_config("sandbox", &keyless)), "SMS_PROVIDER_KEY");
    let shown = format!("{:?}", SmsProvider::from_config("sandbox", &good));
    assert!(!shown.contains("key-1"), "{shown}");
}
