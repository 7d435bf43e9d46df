//! The SDK's client against a server that answers as the API reference documents.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::fake::{Fake, REQUEST, account};

const SETTINGS: [(&str, &str); 2] = [("region", "ap-northeast-1"), ("sender", "000512345")];
const SECRETS: [(&str, &str); 2] = [("access_key_id", "AKIDEXAMPLE"), ("secret_access_key", "not-a-key")];

fn nothing() -> Vars {
    Vars::new(|_| None)
}

fn at(url: &str) -> AwsSms {
    AwsSms::new(&account(url, &SETTINGS, &SECRETS), &nothing()).unwrap()
}

async fn answered(status: u16, kind: &str, body: Value) -> SendError {
    let fake = Fake::with_headers(status, &[("x-amzn-errortype", kind)], &body.to_string()).await;
    let error = at(&fake.url).send(&REQUEST).await.unwrap_err();
    // The SDK repeats none of them by itself.
    fake.once();
    error
}

#[tokio::test]
async fn a_message_is_one_signed_request_that_names_our_code() {
    let fake = Fake::answering(200, r#"{"MessageId":"862a8790-60c0-4430-9b2b-658bdexample"}"#).await;
    let accepted = at(&fake.url).send(&REQUEST).await.unwrap();
    assert_eq!(accepted.provider_id, "862a8790-60c0-4430-9b2b-658bdexample");
    assert_eq!((accepted.parts, accepted.price), (estimated_parts(REQUEST.text), None));
    let asked = fake.once();
    assert_eq!(asked.method, http::Method::POST);
    assert_eq!(asked.header("x-amz-target"), "PinpointSMSVoiceV2.SendTextMessage");
    let signed = asked.header("authorization");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(signed.contains("/ap-northeast-1/sms-voice/aws4_request"), "{signed}");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let expected = json!({
        "DestinationPhoneNumber": "+819012345678", "OriginationIdentity": "000512345",
        "MessageBody": REQUEST.text, "MessageType": "PROMOTIONAL", "Context": { "code": REQUEST.reference },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn settings_and_purpose_travel_with_the_message() {
    let fake = Fake::answering(200, r#"{"MessageId":"1"}"#).await;
    let mut account = account(&fake.url, &SETTINGS, &[]);
    for (name, value) in [
        ("configuration_set", "shop"),
        ("max_price", "0.15"),
        ("time_to_live", "3600"),
        ("protect", "protect-1"),
    ] {
        account.settings.insert(name.to_owned(), value.to_owned());
    }
    // The function's role, as Lambda hands it over.
    let role = Vars::new(|name| match name {
        "AWS_ACCESS_KEY_ID" => Some("ASIAROLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("not-a-key".to_owned()),
        "AWS_SESSION_TOKEN" => Some("session".to_owned()),
        _ => None,
    });
    let notice = SmsRequest { purpose: Purpose::Transactional, ..REQUEST };
    AwsSms::new(&account, &role).unwrap().send(&notice).await.unwrap();
    let asked = fake.once();
    assert!(asked.header("authorization").contains("Credential=ASIAROLE/"));
    assert_eq!(asked.header("x-amz-security-token"), "session");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let of = |name: &str| body[name].clone();
    assert_eq!(of("MessageType"), "TRANSACTIONAL");
    assert_eq!(
        (of("ConfigurationSetName"), of("MaxPrice"), of("TimeToLive"), of("ProtectConfigurationId")),
        (json!("shop"), json!("0.15"), json!(3600), json!("protect-1"))
    );
}

#[tokio::test]
async fn refusals_are_sorted_by_what_they_prove() {
    let temporary = SendError::Temporary { reason: "too many requests" };
    let unclear = |reason| SendError::Unclear { reason };
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let reason = |reason: &str| json!({ "Message": "told in prose, +819012345678", "Reason": reason });
    let fields = |reason: &str, field: &str| json!({ "Reason": reason, "Fields": [{ "Name": field, "Message": "+819012345678" }] });
    let (conflict, invalid, quota) =
        ("ConflictException", "ValidationException", "ServiceQuotaExceededException");
    let opted_out = "DESTINATION_PHONE_NUMBER_OPTED_OUT";
    let blocked = "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION";
    let cases = [
        (400, "ThrottlingException", json!({}), temporary.clone()),
        (429, "TooManyRequestsException", json!({}), temporary),
        (500, "InternalServerException", json!({}), unclear("the provider failed")),
        (503, "ServiceUnavailable", json!({}), unclear("service unavailable")),
        (400, conflict, reason(opted_out), permanent(opted_out)),
        (400, conflict, reason(blocked), permanent(blocked)),
        (
            400,
            conflict,
            reason("DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
            configuration("ConflictException: DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
        ),
        (
            400,
            conflict,
            reason("RESOURCE_NOT_ACTIVE"),
            configuration("ConflictException: RESOURCE_NOT_ACTIVE"),
        ),
        (
            400,
            quota,
            reason("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
            configuration("ServiceQuotaExceededException: MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
        ),
        (400, "AccessDeniedException", json!({}), configuration("AccessDeniedException")),
        (
            400,
            "AccessDeniedException",
            reason("ACCOUNT_DISABLED"),
            configuration("AccessDeniedException: ACCOUNT_DISABLED"),
        ),
        (
            400,
            "ResourceNotFoundException",
            json!({ "ResourceType": "pool", "ResourceId": "pool-1" }),
            configuration("ResourceNotFoundException: pool"),
        ),
        (
            400,
            invalid,
            fields("FIELD_VALIDATION_FAILED", "DestinationPhoneNumber"),
            permanent("FIELD_VALIDATION_FAILED"),
        ),
        (400, invalid, fields("INVALID_PARAMETER", "messageBody"), permanent("INVALID_PARAMETER")),
        (400, invalid, reason("PRICE_OVER_THRESHOLD"), permanent("PRICE_OVER_THRESHOLD")),
        (
            400,
            invalid,
            fields("FIELD_VALIDATION_FAILED", "OriginationIdentity"),
            configuration("ValidationException: FIELD_VALIDATION_FAILED"),
        ),
        (
            400,
            invalid,
            reason("SENDER_ID_NOT_REGISTERED"),
            configuration("ValidationException: SENDER_ID_NOT_REGISTERED"),
        ),
        (
            400,
            "UnrecognizedClientException",
            json!({}),
            configuration("HTTP 400: UnrecognizedClientException"),
        ),
        (403, "InvalidSignatureException", json!({}), configuration("HTTP 403: InvalidSignatureException")),
    ];
    for (status, kind, body, expected) in cases {
        assert_eq!(answered(status, kind, body.clone()).await, expected, "{kind} {body}");
    }
}

#[tokio::test]
async fn an_acceptance_that_does_not_read_is_unknown() {
    for body in ["{}", "not JSON", r#"{"MessageId":""}"#] {
        let fake = Fake::answering(200, body).await;
        let error = at(&fake.url).send(&REQUEST).await.unwrap_err();
        assert_eq!(error, SendError::Unknown { reason: "unreadable acceptance" }, "{body}");
        fake.once();
    }
}

#[tokio::test]
async fn only_a_connection_that_never_opened_proves_that_nothing_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let provider = at(&url);
    // Taken, read, and hung up on.
    let hung_up = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        drop(stream);
        drop(listener);
    });
    let lost = provider.send(&REQUEST).await.unwrap_err();
    assert_eq!(lost, SendError::Unknown { reason: "connection lost" });
    hung_up.await.unwrap();
    // Nobody listens any more.
    let refused = provider.send(&REQUEST).await.unwrap_err();
    assert_eq!(refused, SendError::Temporary { reason: "no connection" });
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut provider = at(&url);
    let account = account(&url, &SETTINGS, &SECRETS);
    let config = sdk_config(&account, &nothing(), "ap-northeast-1", Duration::from_millis(300)).unwrap();
    provider.client = Client::new(&config);
    // It is connected to, and never answers.
    let error = provider.send(&REQUEST).await.unwrap_err();
    assert_eq!(error, SendError::Unknown { reason: "time-out" });
    drop(listener);
}

#[tokio::test]
async fn aws_cannot_be_asked_after_a_message() {
    let looked = at("http://127.0.0.1:9").look_up("k3Jd02aB9xYz").await;
    assert_eq!(looked, Err(SendError::Unknown { reason: "the provider cannot be asked" }));
}

#[tokio::test]
async fn a_check_sends_nothing() {
    let fake = Fake::answering(200, r#"{"MessageId":"1"}"#).await;
    let told = at(&fake.url).check().await.unwrap();
    assert_eq!(told, "ap-northeast-1 takes messages from 000512345");
    let body: Value = serde_json::from_str(&fake.once().body).unwrap();
    assert_eq!((&body["DryRun"], &body["DestinationPhoneNumber"]), (&json!(true), &json!(CHECK_NUMBER)));
    let refused = Fake::with_headers(400, &[("x-amzn-errortype", "AccessDeniedException")], "{}").await;
    let error = at(&refused.url).check().await.unwrap_err();
    assert_eq!(error, SendError::Configuration { reason: "AccessDeniedException".to_owned() });
}

#[test]
fn what_is_missing_or_wrong_in_an_account_is_named() {
    let place = |change: &[(&str, &str)], secrets: &[(&str, &str)]| {
        let mut account = account("https://sms.example.jp", &SETTINGS, secrets);
        for (name, value) in change {
            account.settings.insert((*name).to_owned(), (*value).to_owned());
        }
        AwsSms::new(&account, &nothing()).map_err(|error| error.place).err()
    };
    assert_eq!(place(&[], &SECRETS), None);
    for price in ["0.15", ".5", "12.00001"] {
        assert_eq!(place(&[("max_price", price)], &SECRETS), None, "{price}");
    }
    let cases = [
        ("region", "", "settings.region"),
        ("region", "evil.example/x", "settings.region"),
        ("sender", " ", "settings.sender"),
        ("max_price", "20", "settings.max_price"),
        ("max_price", "¥20", "settings.max_price"),
        ("time_to_live", "4", "settings.time_to_live"),
        ("time_to_live", "3d", "settings.time_to_live"),
    ];
    for (name, value, expected) in cases {
        assert_eq!(place(&[(name, value)], &SECRETS).as_deref(), Some(expected), "{name} {value}");
    }
    assert_eq!(place(&[], &[]).as_deref(), Some("secrets.access_key_id"));
    assert_eq!(place(&[], &SECRETS[..1]).as_deref(), Some("secrets.secret_access_key"));
}
