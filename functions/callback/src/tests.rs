//! The router over the real clients, with a table and a queue at the HTTP boundary that keep what they are sent.

mod aws;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

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
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
const CODE: &str = "AAAAAAAAAAAA";
const FROM: &str = "+819012345678";
const ADDRESS_KEY: &str = "an address key of 32 characters.";
const SEGMENT: &str = "0123456789abcdefghij";
const PROVIDERS: &str = "providers:
  accounts:
    main: { provider: zettai-reach, url: https://api.example.jp, settings: { client_id: '1', sms_code: '512345' } }
    listed: { provider: zettai-reach, url: https://api.example.jp, settings: { client_id: '1', sms_code: '512345', callback_from: 203.0.113.0/24 } }
  routes: [{ channel: sms, to: { main: 1 } }]
";

/// One message `CODE` to customer `c1`; no alias. What is written and sent is kept, and each part can be down.
#[derive(Debug, Default)]
struct Aws {
    suppressed: Mutex<Vec<String>>,
    lifted: Mutex<Vec<String>>,
    sent: Mutex<Vec<Value>>,
    later: Mutex<Vec<Value>>,
    table_down: AtomicBool,
    /// The table takes requests and does not answer.
    table_stuck: AtomicBool,
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
        if target.starts_with("DynamoDB") && self.0.table_stuck.load(Ordering::Relaxed) {
            return HttpConnectorFuture::new(std::future::pending());
        }
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
        let table_down = self.table_down.load(Ordering::Relaxed);
        let down = if service == "AmazonSQS" { self.queue_down } else { table_down };
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
            "PutItem" if body["Item"]["sk"]["S"].as_str().unwrap().starts_with("opt-in#") => json!({}),
            "PutItem" if body["Item"]["stopped"]["S"] == "nothing" => {
                self.lifted.lock().unwrap().push(body["Item"]["pk"]["S"].as_str().unwrap().to_owned());
                json!({})
            }
            "PutItem" => {
                self.suppressed.lock().unwrap().push(body["Item"]["pk"]["S"].as_str().unwrap().to_owned());
                json!({})
            }
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array().unwrap();
                let bodies = entries
                    .iter()
                    .map(|entry| serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap());
                let later = body["QueueUrl"].as_str().unwrap().ends_with("/later");
                if later { &self.later } else { &self.sent }.lock().unwrap().extend(bodies);
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

fn callback(aws: &Arc<Aws>) -> Arc<Callback> {
    let connector = Connector(Arc::clone(aws));
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let config = aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("id", "key", None)))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    let vars = Vars::new(|name| {
        match name {
        "TABLE_NAME" => Some("table".to_owned()),
        "INBOX_QUEUE_URL" => Some("https://sqs.ap-northeast-1.amazonaws.com/1/inbox".to_owned()),
        "LATER_QUEUE_URL" => Some("https://sqs.ap-northeast-1.amazonaws.com/1/later".to_owned()),
        "DEAD_LETTER_QUEUE_URL" => Some("https://sqs.ap-northeast-1.amazonaws.com/1/dead".to_owned()),
        "ADDRESS_KEY" => Some(ADDRESS_KEY.to_owned()),
        "CALLBACK_SECRET" => Some(secret().reveal()),
        "LINK_BASE_URL" => Some("https://t.example.jp".to_owned()),
        "PROVIDER_SECRETS" => Some(json!({ "main": { "token": "t", "callback": SEGMENT }, "listed": { "token": "t", "callback": SEGMENT } }).to_string()),
        _ => None,
    }
    });
    Arc::new(Callback::new(&config, &vars, Clock::from_millis(|| NOW.seconds() * 1000)).unwrap())
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
    ask(&callback(aws), request).await
}

async fn ask(function: &Arc<Callback>, request: Request<Body>) -> (u16, HeaderMap, Value) {
    let (head, body) = function.router().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
}

/// A receipt of a known message and of an unknown one, a known person's opt-out and an unknown person's.
fn post() -> String {
    let reply = |from: &str, to: Option<&str>| json!({ "type": "reply", "from": from, "to_reference": to, "text": "停止", "at": NOW, "id": "r" });
    json!([
        { "type": "receipt", "reference": CODE, "status": "delivered", "at": NOW, "parts": 1, "price": { "amount": "11", "currency": "JPY" } },
        { "type": "receipt", "reference": "CCCCCCCCCCCC", "status": "delivered", "at": NOW },
        { "type": "receipt", "reference": "not a code", "status": "delivered", "at": NOW },
        reply(FROM, Some(CODE)),
        reply("+819099998888", None),
    ])
    .to_string()
}

/// Where what is stopped to a number is kept.
fn kept_of(number: &str) -> String {
    let key = cloud::keyed::AddressKey::parse(ADDRESS_KEY).unwrap();
    format!("S#sms#{}", key.address(Channel::Sms, number))
}

#[tokio::test]
async fn what_is_known_reaches_the_inbox_and_every_word_suppresses() {
    let aws = Arc::default();
    let (status, _, body) = answer(&aws, signed(&post(), NOW)).await;
    assert_eq!((status, body), (200, json!({ "accepted": 2, "unknown": 3 })));
    let mut suppressed = aws.suppressed.lock().unwrap().clone();
    suppressed.sort();
    let mut expected = ["+819012345678", "+819099998888"].map(kept_of);
    expected.sort();
    assert_eq!(suppressed, expected);
    let receipt = json!({ "type": "receipt", "code": CODE, "status": "delivered", "parts": 1, "yen": 11 });
    let proof = json!({ "source": "reply", "evidence": format!("reply r to message {CODE}") });
    let opted_out = json!({ "type": "opt_out", "channel": "sms", "at": NOW, "proof": proof });
    assert_eq!(
        *aws.sent.lock().unwrap(),
        [json!({ "v": 1, "customer": "c1", "inputs": [receipt, opted_out] })]
    );
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_table_or_the_queue_is_down() {
    let table_down = Aws { table_down: AtomicBool::new(true), ..Aws::default() };
    let queue_down = Aws { queue_down: true, ..Aws::default() };
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

fn receipt(at: Timestamp) -> Request<Body> {
    let receipt =
        json!({ "type": "receipt", "reference": CODE, "status": "delivered", "at": NOW, "parts": 1 });
    signed(&receipt.to_string(), at)
}

/// An instance that is warm, and then its table does not answer.
async fn in_trouble(aws: &Arc<Aws>) -> Arc<Callback> {
    let function = callback(aws);
    assert_eq!(ask(&function, receipt(NOW)).await.0, 200);
    aws.sent.lock().unwrap().clear();
    function
}

#[tokio::test]
async fn a_busy_table_puts_posts_off_within_a_providers_time() {
    for stuck in [false, true] {
        let aws = Arc::default();
        let function = in_trouble(&aws).await;
        if stuck { &aws.table_stuck } else { &aws.table_down }.store(true, Ordering::Relaxed);
        let began = Instant::now();
        let (status, _, body) = ask(&function, receipt(NOW)).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!((status, body), (200, json!({ "put_off": 1 })), "stuck: {stuck}");
        let later = aws.later.lock().unwrap().clone();
        assert_eq!((later.len(), &later[0]["at"]), (1, &json!(NOW)));
        assert!(aws.sent.lock().unwrap().is_empty());
        // What is forged is refused all the same, and nothing of it waits.
        let mut forged = receipt(NOW);
        *forged.body_mut() = Body::from("[]");
        assert_eq!(ask(&function, forged).await.0, 403);
        assert_eq!(aws.later.lock().unwrap().len(), 1);
        // The table answers again.
        aws.table_down.store(false, Ordering::Relaxed);
        aws.table_stuck.store(false, Ordering::Relaxed);
        let event = serde_json::from_value(json!({ "Records": [{
            "messageId": "1", "body": later[0].to_string(), "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
        }] }));
        let done = Arc::clone(&function).handle(event.unwrap()).await;
        assert!(done.batch_item_failures.is_empty());
        let told = json!({ "type": "receipt", "code": CODE, "status": "delivered", "parts": 1, "yen": null });
        assert_eq!(aws.sent.lock().unwrap()[0]["inputs"], json!([told]));
    }
}

/// After an opt-out is acknowledged no message may leave: it is kept, and acknowledged only once it is stored.
#[tokio::test]
async fn an_opt_out_is_kept_and_not_acknowledged_while_the_table_is_down() {
    let aws = Arc::default();
    let function = in_trouble(&aws).await;
    aws.table_down.store(true, Ordering::Relaxed);
    let reply = json!({ "type": "reply", "from": FROM, "to_reference": CODE, "text": "もう配信を停止してください。電話は090-9999-0000", "at": NOW, "id": "r" });
    let (status, headers, _) = ask(&function, signed(&reply.to_string(), NOW)).await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
    let later = aws.later.lock().unwrap().clone();
    assert_eq!(
        later[0]["notices"][0]["text"], "STOP",
        "what people write at length waits nowhere: {later:?}"
    );
    aws.table_down.store(false, Ordering::Relaxed);
    let event = json!({ "Records": [{ "messageId": "1", "body": later[0].to_string(), "attributes": {}, "messageAttributes": {} }] });
    let done = function.handle(serde_json::from_value(event).unwrap()).await;
    assert!(done.batch_item_failures.is_empty());
    assert_eq!(*aws.suppressed.lock().unwrap(), [kept_of(FROM)]);
    let proof = json!({ "source": "reply", "evidence": format!("reply r to message {CODE}") });
    let told = json!({ "type": "opt_out", "channel": "sms", "at": NOW, "proof": proof });
    assert_eq!(aws.sent.lock().unwrap()[0]["inputs"], json!([told]));
}

#[tokio::test]
async fn who_asks_for_messages_again_gets_them() {
    let aws = Arc::default();
    let reply =
        json!({ "type": "reply", "from": FROM, "to_reference": CODE, "text": "再開", "at": NOW, "id": "r" });
    let (status, _, body) = answer(&aws, signed(&reply.to_string(), NOW)).await;
    assert_eq!((status, body), (200, json!({ "accepted": 1, "unknown": 0 })));
    assert_eq!(*aws.lifted.lock().unwrap(), [kept_of(FROM)]);
    let inputs = aws.sent.lock().unwrap()[0]["inputs"].clone();
    let proof = json!({ "source": "reply", "evidence": format!("reply r to message {CODE}") });
    assert_eq!(inputs[0], json!({ "type": "opt_in", "channel": "sms", "at": NOW, "proof": proof }));
    assert_eq!(inputs[1]["word"], "再開");
}

/// A provider without a signature is known by its secret path and, where the shop lists them, by where it posts from.
/// What a header claims is no matter.
#[tokio::test]
async fn only_listed_addresses_may_post() {
    let delivery = json!({ "eventNotifications": [{
        "type": "DLR", "dateTime": "20261118120000", "messageId": "1", "phoneNumber": "09012345678", "smsCode": "00051234",
        "carrierId": 103, "clientTag": CODE, "statusId": 2, "detailedStatusId": 1, "separatedSuccessCount": 1,
    }] });
    let body = form(&delivery.to_string());
    let aws: Arc<Aws> = Arc::default();
    for (from, expected) in [(Some("203.0.113.9"), 200), (Some("203.0.114.9"), 403), (None, 403)] {
        let path = format!("/callbacks/listed/{SEGMENT}");
        let mut post = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", "203.0.113.9")
            .header("forwarded", "for=203.0.113.9")
            .body(Body::from(body.clone()))
            .unwrap();
        if let Some(from) = from {
            let context =
                json!({ "http": { "sourceIp": from, "method": "POST", "path": "/" }, "timeEpoch": 0 });
            let context =
                lambda_http::request::RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap());
            post.extensions_mut().insert(context);
        }
        let before = aws.sent.lock().unwrap().len();
        assert_eq!(answer(&aws, post).await.0, expected, "{from:?}");
        assert_eq!(aws.sent.lock().unwrap().len() > before, expected == 200);
    }
}

#[test]
fn posts_that_came_before_are_known() {
    let (headers, posts) = (HeaderMap::new(), Posts::default());
    let post =
        |body: &'static [u8]| Post { method: &Method::POST, url: "", segment: None, headers: &headers, body };
    assert!(!posts.repeats("main", None, &post(b"a")));
    assert!(!posts.repeats("other", None, &post(b"a")));
    assert!(!posts.repeats("main", Some("reference=1"), &post(b"a")));
    assert!(!posts.repeats("main", None, &post(b"b")));
    assert!(posts.repeats("main", None, &post(b"a")));
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
