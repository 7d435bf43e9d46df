use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::time::Timestamp;
use mail_parser::MessageParser;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;
use crate::fake::{Fake, account};

const REQUEST: EmailRequest<'static> = EmailRequest {
    reference: "k3Jd02aB9xYz",
    to: "a..hana@docomo.ne.jp",
    from: "つなぎ商店 <shop@example.jp>",
    subject: "春の新作のご案内",
    text: "花子様",
    html: Some("<p>花子様</p>"),
    headers: &[],
    at: Timestamp::from_seconds(1_772_413_200),
};

const SECRETS: [(&str, &str); 2] = [("access_key_id", "AKIDEXAMPLE"), ("secret_access_key", "wJalrXUtnFEMI")];

fn nothing() -> Vars {
    Vars::new(|_| None)
}

fn at(url: &str) -> Ses {
    let settings = [("region", "ap-northeast-1"), ("configuration_set", "tsunagi")];
    Ses::new(&account(url, &settings, &SECRETS), &nothing()).unwrap()
}

/// SES, answering everything with an error of its own.
async fn refusing(status: u16, code: &str, message: &str) -> (Fake, Ses) {
    let body = serde_json::json!({ "message": message }).to_string();
    let fake = Fake::with_headers(status, &[("x-amzn-errortype", code)], &body).await;
    let ses = at(&fake.url);
    (fake, ses)
}

#[tokio::test]
async fn an_email_travels_as_mime_with_our_code() {
    let fake = Fake::answering(200, r#"{"MessageId":"0106019c-1"}"#).await;
    let accepted = at(&fake.url).send(&REQUEST).await;
    assert_eq!(accepted, Ok(Accepted { provider_id: "0106019c-1".to_owned(), parts: 1, price: None }));
    let asked = fake.once();
    assert_eq!((asked.method.as_str(), asked.uri.as_str()), ("POST", "/v2/email/outbound-emails"));
    let signed = asked.header("authorization");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(signed.contains("/ap-northeast-1/ses/aws4_request"), "{signed}");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["Destination"]["ToAddresses"], serde_json::json!(["\"a..hana\"@docomo.ne.jp"]));
    assert_eq!(body["EmailTags"], serde_json::json!([{ "Name": "code", "Value": "k3Jd02aB9xYz" }]));
    assert_eq!(body["ConfigurationSetName"], "tsunagi");
    let raw = STANDARD.decode(body["Content"]["Raw"]["Data"].as_str().unwrap()).unwrap();
    let message = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(message.subject(), Some(REQUEST.subject));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("つなぎ商店"));
}

#[tokio::test]
async fn each_error_has_its_class() {
    let temporary = || SendError::Temporary { reason: "too many requests" };
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |code: &str| SendError::Configuration { reason: format!("SES's error {code}") };
    let unclear = |reason| SendError::Unclear { reason };
    let unverified = "Email address is not verified. The following identities failed the check in region AP-NORTHEAST-1: \
                      hana@example.jp";
    let cases = [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded.", temporary()),
        (400, "ThrottlingException", "Daily message quota exceeded.", temporary()),
        (400, "LimitExceededException", "", temporary()),
        (400, "MessageRejected", "Address blacklisted.", permanent("MessageRejected")),
        (400, "MessageRejected", unverified, configuration("MessageRejected")),
        (400, "BadRequestException", "Missing final '@domain'", permanent("BadRequestException")),
        (
            400,
            "BadRequestException",
            "Configuration set name is not valid",
            configuration("BadRequestException"),
        ),
        (400, "MailFromDomainNotVerifiedException", "", configuration("MailFromDomainNotVerifiedException")),
        (400, "AccountSuspendedException", "", configuration("AccountSuspendedException")),
        (400, "SendingPausedException", "", configuration("SendingPausedException")),
        (404, "NotFoundException", "Configuration set does not exist.", configuration("NotFoundException")),
        (403, "AccessDeniedException", "not authorized", configuration("AccessDeniedException")),
        (403, "UnrecognizedClientException", "", configuration("UnrecognizedClientException")),
        (403, "InvalidSignatureException", "", configuration("InvalidSignatureException")),
        (500, "InternalFailure", "", unclear("the provider failed")),
        (503, "ServiceUnavailable", "", unclear("service unavailable")),
        (504, "TooManyRequestsException", "", unclear("the provider failed")),
    ];
    for (status, code, message, expected) in cases {
        let (fake, ses) = refusing(status, code, message).await;
        let error = ses.send(&REQUEST).await.unwrap_err();
        assert_eq!(error, expected, "{status} {code} {message}");
        assert!(!error.to_string().contains("example.jp"), "no address is repeated");
        // One request, whatever comes of it.
        fake.once();
    }
}

#[tokio::test]
async fn an_acceptance_that_does_not_read_is_unknown() {
    for body in ["<html>", "{}", ""] {
        let fake = Fake::answering(200, body).await;
        let unknown = SendError::Unknown { reason: "unreadable acceptance" };
        assert_eq!(at(&fake.url).send(&REQUEST).await, Err(unknown), "{body}");
        fake.once();
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = at(&url).send(&REQUEST).await;
    assert_eq!(error, Err(SendError::Temporary { reason: "no connection" }));
}

/// A server that takes a request and says nothing; it hangs up when it is told so.
async fn silent(hangs_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut some = vec![0; 64 * 1024];
                while stream.read(&mut some).await.is_ok_and(|read| read > 0) && !hangs_up {}
                // Long enough for all of a request to have come.
                tokio::time::sleep(Duration::from_millis(50)).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn what_left_and_was_not_answered_is_unknown() {
    let lost = at(&silent(true).await).send(&REQUEST).await;
    assert_eq!(lost, Err(SendError::Unknown { reason: "connection lost" }));
    let late = at(&silent(false).await).send(&REQUEST).await;
    assert_eq!(late, Err(SendError::Unknown { reason: "time-out" }));
    let asked = at("http://127.0.0.1:1").look_up("k3Jd02aB9xYz").await;
    assert_eq!(asked, Err(SendError::Unknown { reason: "the provider cannot be asked" }));
}

#[tokio::test]
async fn a_check_reads_the_account() {
    let body = |sending: bool, production: bool| {
        format!(
            r#"{{"SendingEnabled":{sending},"ProductionAccessEnabled":{production},"SendQuota":{{"Max24HourSend":50000,"MaxSendRate":14,"SentLast24Hours":3}}}}"#
        )
    };
    let fake = Fake::answering(200, &body(true, true)).await;
    let told = "the account in ap-northeast-1 takes messages, 50000 a day and 14 a second";
    assert_eq!(at(&fake.url).check().await.as_deref(), Ok(told));
    assert_eq!((fake.once().method.as_str(), fake.once().uri.as_str()), ("GET", "/v2/email/account"));
    let fake = Fake::answering(200, &body(true, false)).await;
    assert!(
        at(&fake.url).check().await.is_ok_and(|told| told.ends_with("only verified addresses are reached"))
    );
    let fake = Fake::answering(200, &body(false, true)).await;
    assert!(matches!(at(&fake.url).check().await, Err(SendError::Configuration { .. })));
    let (_fake, ses) = refusing(403, "UnrecognizedClientException", "").await;
    assert!(matches!(ses.check().await, Err(SendError::Configuration { .. })));
}

#[test]
fn what_is_missing_is_named() {
    let error = |settings: &[(&str, &str)], secrets: &[(&str, &str)], vars: &Vars| {
        Ses::new(&account("https://ses.example", settings, secrets), vars).err().unwrap().to_string()
    };
    let region = [("region", "ap-northeast-1")];
    let role = Vars::new(|name| name.starts_with("AWS_").then(|| "ap-northeast-1".to_owned()));
    assert!(error(&[], &SECRETS, &nothing()).contains("settings.region: is not set"));
    assert!(
        error(&[("region", "evil.example/")], &SECRETS, &nothing()).contains("settings.region: is wrong")
    );
    assert!(error(&region, &[], &nothing()).contains("secrets.access_key_id: is not set"));
    assert!(error(&region, &SECRETS[..1], &role).contains("secrets.secret_access_key: is not set"));
    // The function's role, in the function's region.
    let role = Ses::new(&account("https://ses.example", &[], &[]), &role).unwrap();
    assert_eq!(format!("{role:?}"), "Ses { region: \"ap-northeast-1\", .. }");
}
