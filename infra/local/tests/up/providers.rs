//! Commands about accounts at providers, about a journey that is to finish, and a second scenario beside a first.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::shop::tsunagi;

const SID: &str = "AC0123456789abcdef0123456789abcdef";

/// Providers on loopback: each answers everything alike. The first part of the path tells which.
fn stand_ins() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let lines: Vec<String> =
                reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let Some(asked) = lines.first() else { continue };
            let length = lines.iter().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            });
            reader.read_exact(&mut vec![0; length.unwrap_or(0)]).unwrap();
            let path = asked.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match path.split('/').nth(1).unwrap_or_default() {
                "twilio" => ("200 OK", r#"{"status":"active"}"#),
                "closed" => ("200 OK", r#"{"status":"closed"}"#),
                "vonage" => ("200 OK", r#"{"value":12.5}"#),
                "infobip" => (
                    "401 Unauthorized",
                    r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED"}}}"#,
                ),
                "karaden" | "zettai" => ("200 OK", r#"{"responseCode":0,"data":[]}"#),
                "cm" => ("200 OK", r#"{"errorCode":201,"messages":[]}"#),
                "media" => ("200 OK", r#"{"result":"200"}"#),
                "any" => ("200 OK", "{}"),
                _ => ("404 Not Found", r#"{"error":"not found"}"#),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

fn apply(data: &Path, files: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = tsunagi("apply", data).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn each_account_is_asked_and_what_is_wrong_is_told() {
    let (data, url) = (tempfile::tempdir().unwrap(), stand_ins());
    let accounts = format!(
        "providers:
  accounts:
    main: {{ provider: twilio, url: {url}/twilio, settings: {{ account_sid: {SID}, sender: '+14155550100' }} }}
    closed: {{ provider: twilio, url: {url}/closed, settings: {{ account_sid: {SID}, sender: '+14155550100' }} }}
    abroad: {{ provider: vonage, url: {url}/vonage, settings: {{ api_key: k, sender: Shop }} }}
    denied: {{ provider: infobip, url: {url}/infobip, settings: {{ sender: Shop }} }}
    fast: {{ provider: zettai-reach, url: {url}/zettai, settings: {{ client_id: '1', sms_code: '512345' }} }}
    slow: {{ provider: media-sms, url: {url}/media, settings: {{ username: shop, callback_from: nowhere }} }}
    tenant: {{ provider: karaden, url: {url}/karaden, settings: {{ tenant_id: '1', service_id: '2' }} }}
    listed: {{ provider: cm, url: {url}/cm, settings: {{ sender: Shop }} }}
    loopback: {{ provider: sandbox, url: {url}/sandbox }}
    other:
      provider: generic
      url: {url}/any
      generic:
        url: https://sms.example.jp
        send: {{ path: /m, body: {{ json: {{ to: '{{{{ to }}}}' }} }}, answer: {{ rules: [{{ status: [200], means: accepted }}] }} }}
  routes: [{{ channel: sms, to: {{ main: 1 }} }}]
"
    );
    apply(data.path(), &[("providers.yaml", &accounts)]);
    let segment = "0123456789abcdefghij";
    let secrets = json!({
        "main": { "token": "twilio-token" }, "closed": { "token": "twilio-token" },
        "abroad": { "secret": "vonage-secret", "callback": segment }, "denied": { "key": "infobip-key", "callback": segment },
        "fast": { "token": "zettai-token", "callback": segment },
        "slow": { "password": "media-password", "callback": segment }, "loopback": { "key": "pk_sandbox_key" },
        "tenant": { "token": "karaden-token", "callback": segment },
        "listed": { "token": "cm-token", "callback": segment },
        "other": { "callback": segment },
    });
    let mut check = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
    let output = check
        .args(["providers", "check", "--data"])
        .arg(data.path())
        .env("PROVIDER_SECRETS", secrets.to_string())
        .output()
        .unwrap();
    let (said, complaint) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let line = |name: &str| {
        let all: Vec<&str> = said.lines().filter(|line| line.starts_with(&format!("{name} ("))).collect();
        assert_eq!(all.len(), 1, "{name}: {said}{complaint}");
        all[0].to_owned()
    };
    for name in ["main", "abroad", "fast", "tenant", "listed", "loopback", "other"] {
        assert!(line(name).contains(": ok: "), "{}", line(name));
    }
    assert!(line("abroad").contains("12.50"), "{}", line("abroad"));
    for (name, why) in [("closed", "closed"), ("denied", "UNAUTHORIZED"), ("slow", "settings.callback_from")]
    {
        assert!(line(name).contains(": NOT RIGHT: ") && line(name).contains(why), "{}", line(name));
    }
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint.contains("3 accounts not right"), "{complaint}");
    for secret in
        ["twilio-token", "vonage-secret", "infobip-key", "zettai-token", "media-password", "pk_sandbox"]
    {
        assert!(!said.contains(secret) && !complaint.contains(secret), "{said}{complaint}");
    }
}

/// Nobody begins a journey that is to finish, and whoever is in it stays.
#[test]
fn a_journey_is_told_to_finish() {
    let data = tempfile::tempdir().unwrap();
    let journey = "journey:\n  name: notice\n  purpose: transactional\n  enter: { event: Asked }\n  reentry: never\n  steps: [{ wait: 3d }]\n";
    apply(data.path(), &[("notice.yaml", journey)]);
    let run = |arguments: &[&str]| {
        let output = tsunagi("journeys", data.path()).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    };
    let state = || {
        let (code, said) = run(&["--json"]);
        assert_eq!(code, 0, "{said}");
        serde_json::from_str::<Value>(&said).unwrap()[0]["state"].clone()
    };
    assert_eq!(state(), "running");
    assert_eq!(run(&["stop", "notice"]).0, 2, "how it is stopped is to be said");
    let (code, said) = run(&["stop", "notice", "--finish"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("notice: nobody begins it any more; who is in it goes on to its end"), "{said}");
    assert_eq!(state(), "ended");
    let (code, said) = run(&["stop", "notice", "--finish"]);
    assert!(code == 0 && said.contains("notice has ended already"), "{said}");
}

/// Two scenarios in one folder: the second one's README stands beside the first's.
#[test]
fn a_second_scenario_keeps_the_first_ones_readme() {
    let folder = tempfile::tempdir().unwrap();
    let add = |name: &str| {
        let mut add = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
        let output = add.args(["scenarios", "add", name]).arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    };
    add("win-back");
    let first = fs::read_to_string(folder.path().join("README.md")).unwrap();
    add("survey");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let second = fs::read_to_string(folder.path().join("README-survey.md")).unwrap();
    assert_eq!(second, fs::read_to_string(scenarios.join("survey/README.md")).unwrap());
    assert_eq!(fs::read_to_string(folder.path().join("README.md")).unwrap(), first);
    assert_eq!(first, fs::read_to_string(scenarios.join("win-back/README.md")).unwrap());
}
