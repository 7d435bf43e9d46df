//! `tsunagi providers check`, as it is typed, against providers on loopback.

use std::fs;
use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::shop::tsunagi;

const SID: &str = "AC0123456789abcdef0123456789abcdef";

/// Basic authentication as the account [`SID`] with the token `right`.
const TWILIO: &str = "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpyaWdodA==";

/// Two providers at one address: each answers whoever knows its key, and refuses all others as it does.
async fn answered(uri: Uri, headers: HeaderMap) -> (StatusCode, HeaderMap, &'static str) {
    let authorization =
        headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match uri.path() {
        "/v2/email/account" if authorization.contains("Credential=RIGHT/") => (
            StatusCode::OK,
            HeaderMap::new(),
            r#"{"SendingEnabled":true,"ProductionAccessEnabled":true,"SendQuota":{"Max24HourSend":50000,"MaxSendRate":14}}"#,
        ),
        "/v2/email/account" => (
            StatusCode::FORBIDDEN,
            HeaderMap::from_iter([(
                "x-amzn-errortype".parse().unwrap(),
                "UnrecognizedClientException".parse().unwrap(),
            )]),
            r#"{"message":"The security token included in the request is invalid."}"#,
        ),
        path if path.starts_with("/2010-04-01/") && authorization == TWILIO => {
            (StatusCode::OK, HeaderMap::new(), r#"{"status":"active"}"#)
        }
        _ => (StatusCode::UNAUTHORIZED, HeaderMap::new(), r#"{"code":20003,"message":"Authenticate"}"#),
    }
}

/// What the command says of the accounts, and how it ends.
async fn checked(data: &Path, key: &str) -> (bool, String) {
    let secrets = serde_json::json!({
        "text": { "token": key },
        "mail": { "access_key_id": key.to_uppercase(), "secret_access_key": "not-for-print" },
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
    command.args(["providers", "check", "--data"]).arg(data);
    command.env("PROVIDER_SECRETS", secrets.to_string());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn right_and_wrong_keys_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(get(answered))).await });
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let providers = format!(
        "providers:
  accounts:
    text: {{ provider: twilio, url: \"{url}\", settings: {{ account_sid: {SID}, sender: '+14155550100' }} }}
    mail: {{ provider: ses, url: \"{url}\", settings: {{ region: ap-northeast-1 }} }}
  routes:
    - {{ channel: sms, to: {{ text: 1 }} }}
    - {{ channel: email, to: {{ mail: 1 }} }}
"
    );
    fs::write(files.path().join("providers.yaml"), providers).unwrap();
    let applied = tsunagi("apply", data.path()).arg(files.path()).output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let (right, told) = checked(data.path(), "right").await;
    assert!(right, "{told}");
    assert!(told.contains("text (twilio): ok: the account is active"), "{told}");
    assert!(
        told.contains("mail (ses): ok: the account in ap-northeast-1 takes messages, 50000 a day"),
        "{told}"
    );
    let (right, told) = checked(data.path(), "wrong").await;
    assert!(!right, "{told}");
    assert!(told.contains("text (twilio): NOT RIGHT"), "{told}");
    assert!(told.contains("mail (ses): NOT RIGHT") && told.contains("UnrecognizedClientException"), "{told}");
    assert!(told.contains("2 accounts not right"), "{told}");
    assert!(!told.contains("not-for-print"), "no secret is repeated");
}
