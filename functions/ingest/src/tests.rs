//! The router over the real SQS client, with a queue at the HTTP boundary that keeps what it is sent.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud::inbox::Inbox;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::*;

/// A queue that is up and keeps its messages, or is down.
#[derive(Clone, Debug)]
enum Sqs {
    Up(Arc<Mutex<Vec<Inbox>>>),
    Down,
}

impl HttpConnector for Sqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self::Up(kept) = self else {
            let refused = r#"{"__type":"com.amazonaws.sqs#ServiceUnavailable"}"#;
            return HttpConnectorFuture::ready(Ok(HttpResponse::new(
                503.try_into().unwrap(),
                SdkBody::from(refused),
            )));
        };
        let request: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut successful = Vec::new();
        for entry in request["Entries"].as_array().unwrap() {
            kept.lock().unwrap().push(serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap());
            successful.push(json!({ "Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "" }));
        }
        let answer = json!({ "Successful": successful, "Failed": [] }).to_string();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from(answer))))
    }
}

fn ingest(sqs: Sqs) -> Router {
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(sqs.clone()));
    let config = aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("id", "key", None)))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    let vars = Vars::new(|name| match name {
        "INBOX_QUEUE_URL" => Some("https://sqs.ap-northeast-1.amazonaws.com/1/inbox".to_owned()),
        "WRITE_KEY" => Some("key".to_owned()),
        _ => None,
    });
    Ingest::new(&config, &vars, Clock::from_millis(|| 1_795_305_600_000)).unwrap().router()
}

fn request(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("authorization", format!("Basic {}", STANDARD.encode("key:")));
    request.body(body.into()).unwrap()
}

async fn answer(router: Router, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let response = router.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    (head.status, head.headers, serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap())
}

async fn refused(request: Request<Body>) -> (u16, Value) {
    let (status, _, body) = answer(ingest(Sqs::Down), request).await;
    (status.as_u16(), body)
}

fn track(customer: &str, order: u32) -> Value {
    json!({
        "type": "track", "userId": customer, "event": "Order Completed", "properties": { "order_id": order, "total": 10 },
    })
}

#[tokio::test]
async fn good_calls_reach_the_queue_and_bad_ones_are_named() {
    let kept = Arc::default();
    let bad = json!({ "type": "track", "userId": "a", "event": "Viewed", "timestamp": "0000-00-00" });
    let batch = json!({ "batch": [track("b", 1), bad, track("a", 2), track("b", 3)], "sentAt": "x", "writeKey": "y" });
    let request = request("/v1/batch", batch.to_string());
    let (status, _, body) = answer(ingest(Sqs::Up(Arc::clone(&kept))), request).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let error = "not an instant; write it as 2026-11-22T09:00:00+09:00 or 2026-11-22T00:00:00Z";
    assert_eq!(
        body,
        json!({ "accepted": 3, "rejected": [{ "index": 1, "field": "timestamp", "error": error }] })
    );
    let kept = kept.lock().unwrap();
    let shape: Vec<_> = kept.iter().map(|inbox| (inbox.customer.as_str(), inbox.inputs.len())).collect();
    assert_eq!(shape, [("b", 2), ("a", 1)]);
}

#[tokio::test]
async fn single_calls_and_empty_batches() {
    let kept = Arc::default();
    for (path, call) in [
        ("/v1/identify", json!({ "userId": "a", "traits": { "name": "花" } })),
        ("/v1/track", json!({ "userId": "a", "event": "Viewed", "type": "track" })),
        ("/v1/enroll", json!({ "userId": "a", "journey": "invited", "key": "spring" })),
        ("/v1/remove", json!({ "userId": "a", "journey": "invited" })),
    ] {
        let (status, _, body) =
            answer(ingest(Sqs::Up(Arc::clone(&kept))), request(path, call.to_string())).await;
        assert_eq!((status.as_u16(), body), (202, json!({ "accepted": 1, "rejected": [] })));
    }
    assert_eq!(kept.lock().unwrap().len(), 4);
    let none = json!({ "accepted": 0, "rejected": [] });
    assert_eq!(refused(request("/v1/batch", r#"{"batch":[]}"#)).await, (202, none));
}

#[tokio::test]
async fn nothing_is_claimed_while_the_queue_is_down() {
    let (status, headers, body) =
        answer(ingest(Sqs::Down), request("/v1/track", track("a", 1).to_string())).await;
    assert_eq!((status.as_u16(), &headers["retry-after"]), (503, &"5".parse().unwrap()));
    assert_eq!(
        body,
        json!({ "error": "not taken; send the same request again, calls that come twice count once" })
    );
}

#[tokio::test]
async fn only_bad_calls_are_a_bad_request() {
    let error = "an id of 0 characters; use 1 to 128 characters without control characters";
    let rejected = json!({ "accepted": 0, "rejected": [{ "index": 0, "field": "userId", "error": error }] });
    assert_eq!(refused(request("/v1/track", track("", 1).to_string())).await, (400, rejected));
}

#[tokio::test]
async fn without_the_key_nothing_is_read() {
    for credentials in
        ["", "Basic", "Basic !", "Basic a2V5", "Bearer a2V5Og==", "Basic a2V5OnA=", "Basic a2V6Og=="]
    {
        let request = Request::post("/v1/batch").header("authorization", credentials).body(Body::from("{"));
        let (status, headers, body) = answer(ingest(Sqs::Down), request.unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{credentials}");
        assert_eq!(headers["www-authenticate"], "Basic realm=\"write key\", charset=\"UTF-8\"");
        let error = "the write key is missing or wrong; send it as the user name of Basic authentication, with an empty password";
        assert_eq!(body, json!({ "error": error }));
    }
}

#[tokio::test]
async fn what_is_too_much_is_named_with_its_limit() {
    let large = refused(request("/v1/batch", vec![b' '; 512_001])).await;
    let error = "body is too large; at most 512000 bytes a request: send it in several";
    assert_eq!(large, (413, json!({ "error": error, "limit": 512_000, "unit": "bytes" })));
    let many = refused(request("/v1/batch", json!({ "batch": vec![1; 2_501] }).to_string())).await;
    let error = "`batch` is too large; at most 2500 calls a request: send it in several";
    assert_eq!(many, (413, json!({ "error": error, "limit": 2_500, "unit": "calls" })));
}

#[tokio::test]
async fn bodies_that_are_no_batch() {
    let cases = [
        (
            "/v1/batch",
            "{\n \"batch\": [,]}",
            json!({ "error": "the body is not JSON: expected value", "line": 2, "column": 12 }),
        ),
        (
            "/v1/batch",
            "",
            json!({ "error": "the body is not JSON: EOF while parsing a value", "line": 1, "column": 0 }),
        ),
        ("/v1/batch", "[]", json!({ "error": "the body is a list; it is an object" })),
        ("/v1/batch", "{}", json!({ "error": "`batch` is missing; it is a list of calls" })),
        ("/v1/batch", r#"{"batch":{}}"#, json!({ "error": "`batch` is an object; it is a list of calls" })),
        ("/v1/batch", r#"{"batches":[]}"#, json!({ "error": "`batches`: unknown; did you mean `batch`?" })),
        (
            "/v1/track",
            r#"{"type":"identify"}"#,
            json!({ "error": "`type` is not `track`, as the path says; leave it out" }),
        ),
    ];
    for (path, body, expected) in cases {
        assert_eq!(refused(request(path, body)).await, (400, expected), "{body}");
    }
    let mut zipped = request("/v1/batch", "x");
    zipped.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(refused(zipped).await.0, 415);
    assert_eq!(refused(request("/v1/page", "{}")).await.0, 404);
    let get = Request::get("/v1/batch").body(Body::empty()).unwrap();
    assert_eq!(refused(get).await.0, 405);
}

#[test]
fn the_key_is_never_shown() {
    assert_eq!(format!("{:?}", WriteKey::new("secret")), "WriteKey(…)");
}
