//! Dry runs, as they are typed.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::shop::tsunagi;

const SHOP: &str = "shop:
  time_zone: Asia/Tokyo
  prices: { docomo: 9, au: 9, softbank: 9, rakuten: 9, international: 9 }
";

const EVERYONE: &str = "segment:
  name: everyone
  when: { trait: { name: phone, exists: true } }
";

const SALE: &str = "journey:
  name: sale
  purpose: marketing
  enter: { campaign: { segment: everyone, at: 2026-12-01T10:00 } }
  reentry: never
  goal: Order Completed
  steps:
    - sms:
        name: hello
        text: \"{{ sender }}です。本日より感謝祭 {{ links.shop }} 停止はSTOP返信\"
        links: { shop: \"https://shop.example.jp/sale\" }
";

/// Files with definitions, and of customers who may be written to by SMS.
fn files(definitions: &[(&str, &str)], customers: u32) -> TempDir {
    let files = tempfile::tempdir().unwrap();
    for (name, text) in definitions {
        fs::write(files.path().join(name), text).unwrap();
    }
    let mut csv = "id,phone,sms_consent,consent_at\n".to_owned();
    for number in 0..customers {
        let _ = writeln!(csv, "{number:05},090{:08},yes,2026-01-01 10:00", 10_000_000 + number);
    }
    fs::write(files.path().join("customers"), csv).unwrap();
    files
}

/// A dry run without an installation.
fn simulate(files: &Path, arguments: &[&str]) -> Command {
    let mut command = tsunagi("simulate", &files.join("none"));
    command.arg("--definitions").arg(files).arg("--customers").arg(files.join("customers")).args(arguments);
    command
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
    text.trim_end().to_owned()
}

fn told(command: &mut Command) -> Value {
    serde_json::from_str(&said(command.arg("--json"))).unwrap()
}

/// 10,000 × ¥9, CTR 10 %, 2 % of those who clicked buy: CPA ¥4,500. No installation is needed, and none is made.
#[test]
fn what_a_conversion_costs_under_assumed_rates() {
    let files = files(&[("shop.yaml", SHOP), ("everyone.yaml", EVERYONE), ("sale.yaml", SALE)], 10_000);
    let assumed = ["sale", "--assume", "ctr=0.1", "cvr=0.02", "yen=3000"];
    let one = told(simulate(files.path(), &assumed).args(["--threads", "1"]));
    let figures = json!({
        "entries": 10_000, "sends": 10_000, "held": 0, "skipped": 0, "parts": 10_000, "yen": 90_000, "clicks": 1_000,
        "conversions": 20, "revenue_yen": 60_000, "cpa_yen": 4_500
    });
    for (name, figure) in figures.as_object().unwrap() {
        assert_eq!(&one[name], figure, "{name} of {one}");
    }
    assert_eq!(one["sends_by_day_and_hour"], json!({ "2026-12-01": { "10": 10_000 } }));
    // Threads change the time, and nothing else.
    for threads in ["2", "3"] {
        assert_eq!(told(simulate(files.path(), &assumed).args(["--threads", threads])), one);
    }
    assert!(!files.path().join("none").exists());
    assert_snapshot!(said(&mut simulate(files.path(), &assumed)));
}

#[test]
fn what_cannot_be_played_is_told() {
    let files = files(&[("shop.yaml", SHOP), ("everyone.yaml", EVERYONE), ("sale.yaml", SALE)], 1);
    let complaint = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        text.replace(files.path().to_str().unwrap(), "DIR").trim_end().to_owned()
    };
    assert_snapshot!(complaint(&mut simulate(files.path(), &["sales"])), @"tsunagi: there is no journey `sales`; did you mean `sale`?");
    assert_snapshot!(complaint(&mut simulate(files.path(), &["sale", "--against", "3"])), @"tsunagi: sale has no version 3; it has 1");
    let reversed = ["sale", "--from", "2026-12-02", "--to", "2026-12-01"];
    assert_snapshot!(complaint(&mut simulate(files.path(), &reversed)), @"tsunagi: the first day, 2026-12-02, is after the last, 2026-12-01; give others with --from and --to");
    let nothing = &mut tsunagi("simulate", &files.path().join("none"));
    assert_snapshot!(complaint(nothing.arg("sale")), @"tsunagi: there is no installation in DIR/none; begin with `tsunagi demo` or `tsunagi up`, or name one with --data; or name files of customers with --customers");
}

const BUYERS: &str = "segment:
  name: buyers
  when: { event: { name: Order Completed } }
";

const THANKS: &str = "journey:
  name: thanks
  purpose: transactional
  enter: { event: { name: Order Completed } }
  reentry: { after_days: 30 }
  steps:
    - wait: 1d
    - sms: { name: thanks, text: \"{{ sender }}です。お買い上げありがとうございました。\" }
";

const SECOND: &str = "journey:
  name: second
  purpose: marketing
  enter: { segment: buyers }
  reentry: never
  goal: Order Completed
  steps:
    - wait: 20d
    - sms:
        name: invite
        text: \"{{ sender }}より2度目のお買い物に500円券 {{ links.shop }} 停止はSTOP返信\"
        links: { shop: \"https://shop.example.jp/second\" }
    - wait: 30d
";

/// An installation in which 30 bought once, and every third of them once more after fifteen days.
fn installation(files: &Path) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut csv = "order_id,customer_id,ordered_at,total\n".to_owned();
    for number in 0..30 {
        let _ = writeln!(csv, "A-{number},{number:05},2026-02-01 21:30,3000");
        if number % 3 == 0 {
            let _ = writeln!(csv, "B-{number},{number:05},2026-02-16 21:30,5000");
        }
    }
    fs::write(files.join("orders"), csv).unwrap();
    for what in ["customers", "orders"] {
        said(tsunagi("import", data.path()).arg(what).arg(files.join(what)));
    }
    said(tsunagi("apply", data.path()).arg(files));
    data
}

/// Everything that is stored, as text, and the names of all files.
fn everything(data: &Path) -> String {
    let mut all = String::new();
    let mut names: Vec<_> = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names.iter().filter(|name| name.to_str().unwrap().ends_with(".sqlite")) {
        let open = Connection::open_with_flags(data.join(name), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut tables =
            open.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for table in tables {
            let mut rows = open.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
            let columns = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).unwrap());
                let _ = writeln!(all, "{table} {:?}", cells.collect::<Vec<_>>());
            }
        }
    }
    all
}

/// From the stored customers: the past is played again, drafts and versions are compared, and nothing is written.
#[test]
fn what_is_stored_is_played_and_stays_as_it_is() {
    let files = files(
        &[("shop.yaml", SHOP), ("buyers.yaml", BUYERS), ("thanks.yaml", THANKS), ("second.yaml", SECOND)],
        30,
    );
    let data = installation(files.path());
    let before = everything(data.path());
    assert!(before.contains("Order Completed") && before.contains("journey"), "{before}");
    let days = ["--from", "2026-01-15", "--to", "2026-04-30"];
    let run = |arguments: &[&str]| {
        let mut command = tsunagi("simulate", data.path());
        command.args(arguments).args(days);
        command
    };
    let second = told(&mut run(&["second"]));
    // Ten bought again before their invitation: that is their goal, by what happened.
    for (name, figure) in [
        ("entries", 30),
        ("sends", 20),
        ("conversions", 10),
        ("assumed_conversions", 0),
        ("revenue_yen", 50_000),
    ] {
        assert_eq!(second[name], figure, "{name} of {second}");
    }
    // Bought at 21:30: what is due then is held until the morning.
    assert_eq!(second["held_by_reason"], json!({ "quiet hours": 20 }));
    assert_eq!(second["sends_by_hour"], json!({ "9": 20 }));
    assert_eq!(second["also_reached_by"], json!({ "thanks": 20 }));
    assert_snapshot!(said(&mut run(&["second"])));
    assert_snapshot!(said(&mut run(&["--all"])));

    let draft = SECOND.replace("20d", "10d");
    fs::create_dir(files.path().join("draft")).unwrap();
    fs::write(files.path().join("draft/second.yaml"), draft).unwrap();
    let against = |journey: &mut Command| {
        said(journey.arg("--definitions").arg(files.path().join("draft")).args(["--against", "1"]))
    };
    let text = against(&mut run(&["second"]));
    let (_, compared) = text.split_once("compared with").unwrap();
    assert_snapshot!(compared);
    assert!(everything(data.path()) == before, "a dry run wrote something");
}

const INVITED: &str = "journey:
  name: invited
  purpose: transactional
  enter: request
  reentry: never
  steps:
    - sms: { name: hello, text: \"{{ sender }}です。ご案内です。\" }
";

#[test]
fn everyone_may_be_asked_to_begin() {
    let files = files(&[("shop.yaml", SHOP), ("invited.yaml", INVITED)], 7);
    let days = ["invited", "--from", "2026-03-01", "--to", "2026-03-02"];
    let nobody = said(&mut simulate(files.path(), &days));
    assert!(nobody.ends_with("--enroll has everyone begin it"), "{nobody}");
    let all = told(simulate(files.path(), &days).arg("--enroll"));
    assert_eq!((&all["entries"], &all["sends"], &all["people"]), (&json!(7), &json!(7), &json!(7)));
}
