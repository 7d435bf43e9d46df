//! What AWS tells: posts of SNS to an account, and events of `EventBridge` to the function.

use super::*;

/// A reply by SMS, as a topic posts it, and the certificate of the key that signed it.
const REPLY: &str = include_str!("../../../../shared/providers/src/sns/fixtures/reply.json");
const PEM: &str = include_str!("../../../../shared/providers/src/sns/fixtures/certificate.pem");

/// SNS, which serves its certificate or an error; its address.
async fn sns(status: StatusCode) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(move || async move { (status, PEM) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A table whose shop has an account at AWS that replies are posted to.
fn listening(sns: &str) -> Aws {
    let providers = format!(
        "providers:
  accounts:
    replies:
      provider: aws
      settings: {{ sender: '000512345', topics: 'arn:aws:sns:ap-northeast-1:123456789012:replies', sns_url: '{sns}' }}
  routes: [{{ channel: sms, to: {{ replies: 1 }} }}]
"
    );
    Aws { providers: Some(providers), ..Aws::default() }
}

fn reply(sns: &str, text: &str) -> Request<Body> {
    let mut reply: Value = serde_json::from_str(REPLY).unwrap();
    reply["SigningCertURL"] = json!(format!("{sns}/SimpleNotificationService-1.pem"));
    let body = reply.to_string().replace("停止", text);
    Request::post("/callbacks/replies")
        .header("x-amz-sns-message-type", "Notification")
        .body(body.into())
        .unwrap()
}

#[tokio::test]
async fn a_reply_that_sns_signed_opts_its_sender_out() {
    let sns = sns(StatusCode::OK).await;
    let aws = Arc::new(listening(&sns));
    let (status, _, body) = answer(&aws, reply(&sns, "停止")).await;
    assert_eq!((status, body), (200, json!({ "accepted": 0, "unknown": 1 })));
    assert_eq!(*aws.suppressed.lock().unwrap(), [kept_of("+819012345678")]);
}

#[tokio::test]
async fn a_reply_that_sns_did_not_sign_changes_nothing() {
    let sns = sns(StatusCode::OK).await;
    let aws = Arc::new(listening(&sns));
    assert_eq!(answer(&aws, reply(&sns, "解除")).await.0, 403);
    assert!(aws.suppressed.lock().unwrap().is_empty());
}

/// SNS is to post again what could not be judged: 403 would have it give up.
#[tokio::test]
async fn without_the_certificate_nothing_is_judged() {
    let sns = sns(StatusCode::SERVICE_UNAVAILABLE).await;
    let aws = Arc::new(listening(&sns));
    let (status, headers, _) = answer(&aws, reply(&sns, "停止")).await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
    assert!(aws.suppressed.lock().unwrap().is_empty());
}

fn event(source: &str, kind: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": "5c0fa4f8-e4ba-ed02-6101-c795472fccd0", "detail-type": kind, "source": source,
        "account": "111122223333", "time": "2026-11-18T11:06:30Z", "region": "ap-northeast-1", "resources": [],
        "detail": detail,
    })
}

fn delivered() -> Value {
    event(
        "aws.sms-voice",
        "Text Message Delivery Status Updated",
        &json!({ "eventType": "TEXT_DELIVERED", "isFinal": true, "context": { "code": CODE }, "totalMessageParts": 2 }),
    )
}

async fn invoke(aws: &Arc<Aws>, payload: Value) -> Result<Value> {
    callback(aws).invocations()(payload).await
}

#[tokio::test]
async fn one_function_takes_events_and_requests() {
    let aws = Arc::default();
    assert_eq!(invoke(&aws, delivered()).await.unwrap(), Value::Null);
    let receipt = json!({ "type": "receipt", "code": CODE, "status": "delivered", "parts": 2, "yen": null });
    let expected = json!({ "v": 1, "customer": "c1", "inputs": [receipt] });
    assert_eq!(*aws.sent.lock().unwrap(), [expected]);

    let body = post();
    let headers = signed(&body, NOW).headers().clone();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let headers = [receipts::ID_HEADER, receipts::TIMESTAMP_HEADER, receipts::SIGNATURE_HEADER];
    let headers: BTreeMap<&str, String> = headers.map(|name| (name, text(name))).into();
    let route = "POST /callbacks/{account}";
    let request = json!({
        "version": "2.0", "routeKey": route, "rawPath": "/callbacks/sandbox", "rawQueryString": "", "headers": headers,
        "requestContext": {
            "accountId": "111122223333", "apiId": "api", "domainName": "t.example.jp", "requestId": "1",
            "http": {
                "method": "POST", "path": "/callbacks/sandbox", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "",
            },
            "routeKey": route, "stage": "$default", "time": "", "timeEpoch": 0,
        },
        "body": body, "isBase64Encoded": false,
    });
    let answered = invoke(&aws, request).await.unwrap();
    assert_eq!((&answered["statusCode"], &answered["isBase64Encoded"]), (&json!(200), &json!(false)));
    assert_eq!(answered["body"], r#"{"accepted":2,"unknown":3}"#);
    assert_eq!(aws.sent.lock().unwrap().len(), 2);
}

/// Lambda brings an event again that ended in an error, and keeps it with the dead letters in the end.
#[tokio::test]
async fn an_event_that_cannot_be_taken_comes_again() {
    for aws in [Aws { table_down: true.into(), ..Aws::default() }, Aws { queue_down: true, ..Aws::default() }]
    {
        let aws = Arc::new(aws);
        assert!(invoke(&aws, delivered()).await.is_err());
        assert!(aws.sent.lock().unwrap().is_empty());
    }
    let bounce = event(
        "aws.ses",
        "Email Bounced",
        &json!({ "eventType": "Bounce", "mail": { "tags": { "code": [CODE] } } }),
    );
    let error = invoke(&Arc::default(), bounce).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "an event of AWS's: cannot be read at /detail/bounce/bounceType");
}

#[tokio::test]
async fn events_of_others_in_the_account_are_nothing_to_us() {
    let aws: Arc<Aws> = Arc::default();
    let mut theirs = delivered();
    theirs["detail"]["context"] = json!({ "code": "CCCCCCCCCCCC" });
    for event in [theirs, event("aws.ses", "Sending Status Disabled", &json!({ "version": "1.0.0" }))] {
        assert_eq!(invoke(&aws, event).await.unwrap(), Value::Null);
    }
    assert!(aws.sent.lock().unwrap().is_empty() && aws.suppressed.lock().unwrap().is_empty());
}
