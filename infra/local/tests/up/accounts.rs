//! The commands about accounts at providers, as they are typed.

use std::fs;

use crate::shop::tsunagi;

const ACCOUNTS: &str = "providers:
  accounts:
    main:
      provider: sandbox
      monthly_limit: 300000
      prices: [{ from: 2026-04-01, currency: JPY, per_part: { docomo: 9, au: 9, softbank: 9, rakuten: 9 } }]
    abroad: { provider: sandbox }
  routes:
    - { channel: sms, to: { main: 1 }, then: [abroad] }
";

#[test]
fn accounts_are_listed_with_their_month_and_withdrawn() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let said = |command: &str, arguments: &[&str]| {
        let output = tsunagi(command, data.path()).args(arguments).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text)
    };
    let file = files.path().join("providers.yaml");
    fs::write(&file, ACCOUNTS).unwrap();
    let (code, text) = said("apply", &[file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = said("providers", &[]);
    assert_eq!(code, Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("abroad (sandbox), 20")
            && lines[0].ends_with(": 0 messages, ¥0 at most; no limit"),
        "{text}"
    );
    assert!(lines[1].ends_with(": 0 messages, ¥0 at most; limit ¥300,000, ¥300,000 left"), "{text}");
    let (code, text) = said("providers", &["--json"]);
    assert_eq!(code, Some(0), "{text}");
    let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(listed[1]["monthly_limit"], 300_000);
    let (code, text) = said("withdraw", &["providers"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("providers version 2: withdrawn\nmessages go through the configured provider again"),
        "{text}"
    );
    let (code, text) = said("providers", &[]);
    assert!(code == Some(1) && text.contains("no accounts are defined"), "{text}");
    // A segment has a name.
    assert_eq!(said("withdraw", &["segment"]).0, Some(2));
}
