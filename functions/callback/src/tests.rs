//! The router over the real clients, with a table and a queue at the HTTP boundary that keep what they are sent.

mod aws;

use std::sync::Mutex;

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
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
const CODE: &str = "AAAAAAAAAAAA";
const FROM: &str = "+819012345678";
const SEGMENT: &str = "0123456789abcdefghij";
const PROVIDERS: &str = "providers:
  accounts:
    main: { provider: zettai-reach, url: https://api.example.jp, settings: { client_id: '1', sms_code: '512345' } }
  routes: [{ channel: sms, to: { main: 1 } }]
";

/// One message `CODE` to customer `c1`; no alias. What is written and sent is kept, and each part can be down.
#[derive(Debug, Default)]
struct Aws {
    suppressed: Mutex<Vec<String>>,
    sent: Mutex<Vec<Value>>,
    table_down: bool,
    queue_down: bool,
    /// The definition of accounts, where it is not [`PROVIDERS`].
    providers: Option<String>,
}

#[derive(Clone, Debug)]
struct Connector(Arc<Aws>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap().to_owned();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (status, answer) = match self.0.exchange(&target, &body) {
            Some(answer) => (200, answer),
            None => (503, json!({ "__type": "ServiceUnavailable" })),
        };
        let answer = SdkBody::from(answer.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), answer)))
    }
}

impl Aws {
    fn exchange(&self, target: &str, body: &Value) -> Option<Value> {
        let (service, operation) = target.split_once('.').unwrap();
        let down = if service == "AmazonSQS" { self.queue_down } else { self.table_down };
        if down {
            return None;
        }
        Some(match operation {
            "BatchGetItem" => {
                let keys = body["RequestItems"]["table"]["Keys"].as_array().unwrap();
                let items: Vec<Value> =
                    keys.iter().filter(|key| key["pk"]["S"] == format!("M#{CODE}")).map(message).collect();
                json!({ "Responses": { "table": items }, "UnprocessedKeys": {} })
            }
            "GetItem" => json!({}),
            "Query" => json!({ "Items": [{
                "pk": { "S": "D#" }, "sk": { "S": "providers#providers#000001" }, "yaml": { "S": self.providers.as_deref().unwrap_or(PROVIDERS) },
            }] }),
            "PutItem" => {
                self.suppressed.lock().unwrap().push(body["Item"]["pk"]["S"].as_str().unwrap().to_owned());
                json!({})
            }
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array().unwrap();
                let bodies = entries
                    .iter()
                    .map(|entry| serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap());
                self.sent.lock().unwrap().extend(bodies);
                let took = entries
                    .iter()
                    .map(|entry| json!({ "Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "" }));
                json!({ "Successful": took.collect::<Vec<_>>(), "Failed": [] })
            }
            other => panic!("{other}"),
        })
    }
}

fn message(key: &Value) -> Value {
    json!({
        "pk": key["pk"], "sk": key["sk"], "customer": { "S": "c1" }, "channel": { "S": "sms" }, "to": { "S": FROM },
        "links": { "S": "[]" }, "claimed_at": { "N": "1" }, "attempt": { "S": "a" }, "expires": { "N": "2" },
    })
}

fn secret() -> Secret {
    Secret::from_bytes([7; 32])
}

fn callback(aws: &Arc<Aws>) -> Router {
    function(aws).router()
}

fn function(aws: &Arc<Aws>) -> Callback {
    let connector = Connector(Arc::clone(aws));
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let config = aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("id", "key", None)))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    let vars = Vars::new(|name| match name {
        "TABLE_NAME" => Some("table".to_owned()),
        "INBOX_QUEUE_URL" => Some("https://sqs.ap-northeast-1.amazonaws.com/1/inbox".to_owned()),
        "CALLBACK_SECRET" => Some(secret().reveal()),
        "LINK_BASE_URL" => Some("https://t.example.jp".to_owned()),
        "PROVIDER_SECRETS" => Some(json!({ "main": { "token": "t", "callback": SEGMENT } }).to_string()),
        _ => None,
    });
    Callback::new(&config, &vars, Clock::from_millis(|| NOW.seconds() * 1000)).unwrap()
}

fn signed(body: &str, at: Timestamp) -> Request<Body> {
    Request::post("/callbacks/sandbox")
        .header(receipts::ID_HEADER, "post-1")
        .header(receipts::TIMESTAMP_HEADER, at.seconds())
        .header(receipts::SIGNATURE_HEADER, receipts::sign(&secret(), "post-1", at, body.as_bytes()))
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn answer(aws: &Arc<Aws>, request: Request<Body>) -> (u16, HeaderMap, Value) {
    let (head, body) = callback(aws).oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
}

/// A receipt of a known message and of an unknown one, a known person's opt-out and an unknown person's.
fn post() -> String {
    let reply = |from: &str, to: Option<&str>| json!({ "type": "reply", "from": from, "to_reference": to, "text": "停止", "at": NOW, "id": "r" });
    json!([
        { "type": "receipt", "reference": CODE, "status": "delivered", "at": NOW, "parts": 1, "price_yen": 11 },
        { "type": "receipt", "reference": "CCCCCCCCCCCC", "status": "delivered", "at": NOW },
        { "type": "receipt", "reference": "not a code", "status": "delivered", "at": NOW },
        reply(FROM, Some(CODE)),
        reply("+819099998888", None),
    ])
    .to_string()
}

#[tokio::test]
async fn what_is_known_reaches_the_inbox_and_every_word_suppresses() {
    let aws = Arc::default();
    let (status, _, body) = answer(&aws, signed(&post(), NOW)).await;
    assert_eq!((status, body), (200, json!({ "accepted": 2, "unknown": 3 })));
    let mut suppressed = aws.suppressed.lock().unwrap().clone();
    suppressed.sort();
    assert_eq!(suppressed, ["S#sms#+819012345678", "S#sms#+819099998888"]);
    let receipt = json!({ "type": "receipt", "code": CODE, "status": "delivered", "parts": 1, "yen": 11 });
    let opted_out = json!({ "type": "opt_out", "channel": "sms", "at": NOW });
    assert_eq!(
        *aws.sent.lock().unwrap(),
        [json!({ "v": 1, "customer": "c1", "inputs": [receipt, opted_out] })]
    );
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_table_or_the_queue_is_down() {
    let (table_down, queue_down) =
        (Aws { table_down: true, ..Aws::default() }, Aws { queue_down: true, ..Aws::default() });
    for (aws, suppressed) in [(table_down, 0), (queue_down, 2)] {
        let aws = Arc::new(aws);
        let (status, headers, body) = answer(&aws, signed(&post(), NOW)).await;
        assert_eq!((status, body), (503, json!({ "error": "not taken; post the same again" })));
        assert_eq!(headers["retry-after"], "5");
        assert_eq!((aws.suppressed.lock().unwrap().len(), aws.sent.lock().unwrap().len()), (suppressed, 0));
    }
}

#[tokio::test]
async fn what_is_forged_stale_or_unreadable_changes_nothing() {
    let aws = Arc::default();
    let mut forged = signed(&post(), NOW);
    *forged.body_mut() = Body::from(post().replace("停止", "解除"));
    let mut elsewhere = signed(&post(), NOW);
    *elsewhere.uri_mut() = "/callbacks/nobody".parse().unwrap();
    let place = json!({ "error": "cannot be read at [0].status", "place": "[0].status" });
    let large = json!({ "error": "the post is too large; at most 1048576 bytes" });
    let cases = [
        (forged, 403, json!({})),
        (elsewhere, 403, json!({})),
        (signed(&post(), NOW.plus(-301)), 403, json!({})),
        (signed(r#"{"type":"receipt","reference":"a","status":1}"#, NOW), 400, place),
        (signed(&" ".repeat(BODY_LIMIT + 1), NOW), 413, large),
    ];
    for (request, expected, body) in cases {
        let (status, _, answered) = answer(&aws, request).await;
        assert_eq!((status, answered), (expected, body));
    }
    assert_eq!((aws.suppressed.lock().unwrap().len(), aws.sent.lock().unwrap().len()), (0, 0));
}

/// What is posted to an account of the shop's own is read by its provider, and changes nothing without its secret.
#[tokio::test]
async fn an_account_of_the_shops_own() {
    let receipt = json!({ "eventNotifications": [{
        "type": "DLR", "dateTime": "20261118120000", "messageId": "1", "phoneNumber": "09012345678", "smsCode": "00051234",
        "carrierId": 103, "carrierName": "docomo", "clientTag": CODE, "statusId": 2, "statusDescription": "Delivered",
        "detailedStatusId": 1, "separatedSuccessCount": 1,
    }] });
    let body = form(&receipt.to_string());
    let post = |path: &str| {
        Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body.clone()))
            .unwrap()
    };
    let aws = Arc::default();
    for path in
        ["/callbacks/main".to_owned(), "/callbacks/main/wrong".to_owned(), format!("/callbacks/x/{SEGMENT}")]
    {
        assert_eq!(answer(&aws, post(&path)).await.0, 403, "{path}");
    }
    assert!(aws.sent.lock().unwrap().is_empty());
    let (status, _, body) = answer(&aws, post(&format!("/callbacks/main/{SEGMENT}"))).await;
    assert_eq!((status, body), (200, json!({ "accepted": 1, "unknown": 0 })));
    let sent = aws.sent.lock().unwrap().clone();
    let expected = json!({ "type": "receipt", "code": CODE, "status": "delivered", "parts": 1, "yen": null });
    assert_eq!(sent[0]["inputs"][0], expected, "{sent:?}");
}

/// A form of one field.
fn form(json: &str) -> String {
    let encoded = json.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    format!("json={encoded}")
}

#[test]
fn a_wrong_secret_names_its_variable() {
    let unset = ["DUE_SHARDS", "PROVIDER_SECRETS"];
    let vars = Vars::new(move |name| (!unset.contains(&name)).then(|| "short".to_owned()));
    let config = aws_types::SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let error = Callback::new(&config, &vars, Clock::system()).unwrap_err().to_string();
    let expected = "environment variable CALLBACK_SECRET is not a webhook secret; write whsec_ and the base64 of at least 24 random bytes";
    assert_eq!(error, expected);
}
