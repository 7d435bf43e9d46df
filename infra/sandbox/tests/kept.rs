//! A sandbox that ends and starts again knows what it accepted. Alone in its process, for it looks at its memory.

#![expect(clippy::unwrap_used, reason = "this file is a test as a whole")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use cloud::config::Vars;
use providers::answer::{Accepted, LookUp};
use providers::receipts::Secret;
use providers::sms::{Purpose, SmsProvider, SmsRequest};
use sandbox::{InboxQuery, Options, PeopleSettings, Sandbox};

/// 10:00 in Japan, in milliseconds.
const TEN: i64 = 1_795_309_200_000;

/// Messages that an earlier process accepted.
const MANY: u32 = 100_000;

/// Bytes that they may take.
const MEMORY: u64 = 40 << 20;

async fn start(path: &Path, now: i64) -> (Sandbox, SmsProvider) {
    let mut options = Options::new("http://127.0.0.1:1", Secret::from_bytes([9; 32]), "key", "key");
    options.people = PeopleSettings::quiet();
    options.clock = Arc::new(move || now);
    options.kept_in = Some(path.to_owned());
    let sandbox = Sandbox::start(options).await.unwrap();
    let url = sandbox.url();
    let vars = Vars::new(move |name| match name {
        "SMS_PROVIDER_URL" => Some(url.clone()),
        "SMS_PROVIDER_KEY" => Some("key".to_owned()),
        _ => None,
    });
    (sandbox, SmsProvider::from_config("sandbox", &vars).unwrap())
}

async fn send(provider: &SmsProvider, reference: &str) -> Accepted {
    let text = "あ".repeat(71);
    let request = SmsRequest { reference, to: "+819012345678", text: &text, purpose: Purpose::Transactional };
    provider.send(&request).await.unwrap()
}

#[tokio::test]
async fn what_was_accepted_is_known_after_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.jsonl");
    let (sandbox, provider) = start(&path, TEN).await;
    let first = send(&provider, "m1").await;
    let second = send(&provider, "m2").await;
    let (listed, stats) = (sandbox.inbox(&InboxQuery::default()), sandbox.stats());
    assert!(listed[0].text.is_some());
    end(sandbox, &path).await;

    let (sandbox, provider) = start(&path, TEN + 60_000).await;
    assert_eq!(sandbox.stats(), stats);
    let mut expected = listed;
    for entry in &mut expected {
        entry.text = None;
    }
    assert_eq!(sandbox.inbox(&InboxQuery::default()), expected);
    assert_eq!(provider.look_up("m1").await, Ok(LookUp::Accepted(first.clone())));
    assert_eq!(provider.look_up("m2").await, Ok(LookUp::Accepted(second)));
    assert_eq!(provider.look_up("m3").await, Ok(LookUp::NotAccepted));
    assert!(sandbox.next_action_at().is_some(), "receipts are posted that the first may not have posted");
    // A double send is found across the end as well.
    assert_ne!(send(&provider, "m1").await.provider_id, first.provider_id);
    end(sandbox, &path).await;

    let (sandbox, _) = start(&path, TEN + 7_200_000).await;
    let times: Vec<u32> = sandbox.inbox(&InboxQuery::default()).iter().map(|entry| entry.times).collect();
    assert_eq!((times, sandbox.stats().duplicates), (vec![2, 1], 1));
    assert_eq!(sandbox.next_action_at(), None, "nobody posts receipts of hours ago");
}

/// Ends a sandbox, and waits until the server has let go of the file.
async fn end(sandbox: Sandbox, path: &Path) {
    drop(sandbox);
    let file = File::open(path).unwrap();
    while file.try_lock().is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_hundred_thousand_messages_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.jsonl");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    for number in 0..MANY {
        let line = format!(
            r#"{{"channel":"sms","reference":"{number:012}","to":"+8190{number:08}","parts":1,"accepted_at":{TEN}}}"#
        );
        writeln!(file, "{line}").unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let before = resident();
    let (sandbox, _) = start(&path, TEN + 7_200_000).await;
    let taken = resident().saturating_sub(before);
    assert_eq!(sandbox.stats().sms.price_yen, i64::from(MANY) * 9);
    assert!(taken < MEMORY, "{taken} bytes");
}

/// The memory that this process holds, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1_024
}
