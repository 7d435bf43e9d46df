//! Who is in a journey, who would be, and what its texts come to, as the commands tell of stored customers.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

use crate::shop::{Shop, tsunagi};

const SHOP: &str = "shop: { time_zone: Asia/Tokyo }
";

const INVITED: &str = "journey:
  name: invited
  purpose: transactional
  enter: request
  reentry: per_key
  steps:
    - wait: 3d
    - sms: { name: hello, text: \"{{ sender }}です。ご案内です。\" }
";

const CUSTOMERS: &str = "id,name,phone,email,city,sms_consent,email_consent,consent_at
1,山田花子,09010000001,hanako@example.jp,京都,yes,yes,2026-01-01 10:00
2,鈴木一郎,09010000002,,長岡京市粟生西条,yes,,2026-01-01 10:00
3,髙橋 次郎,09010000003,,,yes,,2026-01-01 10:00
4,佐藤三郎,09010000004,,札幌,no,,2026-01-01 10:00
5,田中五郎,,goro@example.jp,那覇,,yes,2026-01-01 10:00
";

fn customers() -> (TempDir, TempDir) {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let csv = files.path().join("customers");
    fs::write(&csv, CUSTOMERS).unwrap();
    ran(tsunagi("import", data.path()).arg("customers").arg(&csv));
    (files, data)
}

/// What a command says, and how it ends; the directory left out.
fn said(command: &mut Command, files: &Path) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let text = text.replace(files.to_str().unwrap(), "DIR");
    format!("{}: {}", output.status.code().unwrap(), text.trim_end())
}

fn ran(command: &mut Command) -> String {
    let text = said(command, Path::new("/none"));
    text.strip_prefix("0: ").unwrap_or_else(|| panic!("{text}")).to_owned()
}

fn apply(files: &Path, data: &Path, definitions: &[(&str, &str)]) -> String {
    let directory = files.join("definitions");
    fs::create_dir_all(&directory).unwrap();
    for (name, text) in definitions {
        fs::write(directory.join(name), text).unwrap();
    }
    ran(tsunagi("apply", data).arg(&directory))
}

#[test]
fn customers_are_asked_to_begin_and_to_leave() {
    let (files, data) = customers();
    apply(files.path(), data.path(), &[("shop.yaml", SHOP), ("invited.yaml", INVITED)]);
    let journeys = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
        said(command.args(["journeys", "--data"]).arg(data.path()).args(arguments), files.path())
    };
    let list = files.path().join("ids.csv");
    let list = list.to_str().unwrap();
    fs::write(list, "会員番号,氏名\n１,花子\n2,一郎\n").unwrap();
    assert_snapshot!(journeys(&["enroll", "invited", "1", "7", "8"]), @"1: tsunagi: there are no customers `7`, `8`, 2 in all; nobody was asked for");
    assert_snapshot!(journeys(&["enroll", "invite", "1"]), @"1: tsunagi: there is no journey `invite`; did you mean `invited`?");
    assert_snapshot!(journeys(&["enroll", "invited", "--file", list, "--key", "spring"]), @"
    0: invited: asked for 2 customers
    `tsunagi explain CUSTOMER` tells what became of each. Messages leave once `tsunagi up` runs.
    ");
    assert_snapshot!(journeys(&["enroll", "invited", "1", "3", "--key", "spring"]), @"
    0: invited: asked for 1 customer; not for 1 who are in it
    `tsunagi explain CUSTOMER` tells what became of each. Messages leave once `tsunagi up` runs.
    ");
    let live = |count: u64| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
        let list = ran(command.args(["journeys", "--json", "--data"]).arg(data.path()));
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list[0]["in_it"], count, "{list}");
    };
    live(3);
    let explained = ran(tsunagi("explain", data.path()).arg("1"));
    assert!(
        explained.contains("invited: entered (version 1): asked for, under the key spring"),
        "{explained}"
    );
    assert!(
        explained.contains("now: invited waits until ") && explained.contains(", then sends `hello` by SMS"),
        "{explained}"
    );
    assert_snapshot!(journeys(&["remove", "invited", "1", "2", "5"]), @"
    0: invited: 2 customers leave it; 1 was not in it
    `tsunagi explain CUSTOMER` tells what became of each. Messages leave once `tsunagi up` runs.
    ");
    live(1);
    let ended = ran(tsunagi("report", data.path()).args(["invited", "--list", "ended"]));
    let ended: Vec<String> = ended
        .lines()
        .map(|line| {
            line.split(',')
                .enumerate()
                .filter(|(at, _)| *at != 2)
                .map(|(_, cell)| cell)
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    assert_eq!(ended, ["customer,step,detail", "1,,taken out of it", "2,,taken out of it"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_asked_to_begin_while_it_is_up() {
    let shop = Shop::with_faults("{}");
    shop.import(3).await;
    let files = tempfile::tempdir().unwrap();
    apply(files.path(), shop.data(), &[("invited.yaml", INVITED)]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
    let command = command.args(["journeys", "--data"]).arg(shop.data());
    let text = ran(command.args(["enroll", "invited", "00000", "00002", "--key", "a"]));
    assert!(text.starts_with("invited: asked for 2 customers\n") && !text.contains("once"), "{text}");
    shop.wait_until("both are in it", async |shop| {
        let report = ran(tsunagi("report", shop.data()).args(["invited", "--list", "entered"]));
        report.lines().count() == 3
    })
    .await;
}

const EVERYONE: &str = "segment:
  name: everyone
  when: { any: [{ trait: { name: phone, exists: true } }, { trait: { name: email, exists: true } }] }
";

const SALE: &str = "journey:
  name: sale
  purpose: marketing
  enter: { campaign: { segment: everyone, at: 2099-12-01T10:00 } }
  reentry: never
  goal: Order Completed
  steps:
    - sms:
        name: hello
        text: \"{{ sender }}より{{ customer.city }}の皆さまへ、本日より感謝祭です {{ links.shop }} 停止はSTOP返信\"
        shorter: [\"{{ sender }} 感謝祭 {{ links.shop }} 停止はSTOP返信\"]
        at_most_parts: 1
        links: { shop: \"https://shop.example.jp/sale\" }
    - wait: 2d
    - email:
        name: letter
        subject: 感謝祭
        text: |
          {{ customer.name }}様

          {{ sender }}です。感謝祭は明日までです。 {{ links.shop }}

          配信の停止: {{ optout }}
        links: { shop: \"https://shop.example.jp/sale\" }
";

#[test]
fn a_campaign_is_counted_before_it_begins() {
    let (files, data) = customers();
    let definitions = files.path().join("definitions");
    fs::create_dir(&definitions).unwrap();
    for (name, text) in [("shop.yaml", SHOP), ("everyone.yaml", EVERYONE), ("sale.yaml", SALE)] {
        fs::write(definitions.join(name), text).unwrap();
    }
    let counted = |text: &str| text[text.find("campaign ").unwrap()..].to_owned();
    let plan = counted(&ran(tsunagi("plan", data.path()).arg(&definitions)));
    assert_snapshot!(plan);
    let applied = ran(tsunagi("apply", data.path()).arg(&definitions));
    let applied = counted(&applied);
    let campaign = plan.split("\njourney sale:").next();
    assert_eq!(applied.split("\nCustomers are").next(), campaign, "{applied}");
}

#[test]
fn texts_are_filled_in_for_every_customer() {
    let (files, data) = customers();
    let definitions = files.path().join("definitions");
    fs::create_dir(&definitions).unwrap();
    for (name, text) in [("everyone.yaml", EVERYONE), ("sale.yaml", SALE)] {
        fs::write(definitions.join(name), text).unwrap();
    }
    let text =
        said(tsunagi("validate", data.path()).arg("--against-customers").arg(&definitions), files.path());
    let (_, cases) = text.split_once('\n').unwrap();
    assert_snapshot!(cases);
    assert!(!cases.contains("山田") && !cases.contains("0901"), "{cases}");
}
