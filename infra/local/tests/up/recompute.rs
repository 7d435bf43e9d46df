//! `tsunagi recompute` and `tsunagi segments`, while an installation is up and while it is not.

use std::fmt::Write as _;
use std::process::Output;

use serde_json::{Value, json};

use crate::shop::{Shop, tsunagi};

const CUSTOMERS: u32 = 40;

fn run(shop: &Shop, command: &str, arguments: &[&str]) -> Output {
    tsunagi(command, shop.data()).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn runs(shop: &Shop) -> Value {
    serde_json::from_str(&said(&run(shop, "recompute", &["--status", "--json"]))).unwrap()
}

#[tokio::test]
async fn runs_are_followed_and_segments_counted() {
    let mut shop = Shop::with_faults("{}");
    let nothing = said(&run(&shop, "recompute", &["--status"]));
    assert!(nothing.starts_with("There was no run yet"), "{nothing}");
    shop.import(CUSTOMERS).await;
    shop.apply();
    // Two definitions are one application, and one run.
    let everyone = format!("{CUSTOMERS} customers read, {CUSTOMERS} changed");
    assert_eq!(said(&run(&shop, "recompute", &["--watch"])).trim(), everyone);
    let found = runs(&shop);
    let [found] = found.as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!(
        [&found["number"], &found["state"], &found["read"], &found["changed"], &found["share"]],
        [&json!(2), &json!("again"), &json!(CUSTOMERS), &json!(CUSTOMERS), &json!(1.0)],
        "{found}"
    );
    shop.wait_until("everyone is a member", async |shop| {
        let segments: Value = serde_json::from_str(&said(&run(shop, "segments", &["--json"]))).unwrap();
        segments[0]["members"] == CUSTOMERS
    })
    .await;

    // That run waits for its second time: whoever asks has everyone read anew, and finds nobody.
    let nobody = format!("{CUSTOMERS} customers read, 0 changed");
    assert_eq!(said(&run(&shop, "recompute", &[])).trim(), nobody);

    shop.stop();
    let alone = said(&run(&shop, "recompute", &[]));
    assert!(alone.starts_with(&nobody), "{alone}");
    let found = runs(&shop);
    assert_eq!(found.as_array().unwrap().len(), 3, "{found}");
    let watched = run(&shop, "recompute", &["--watch"]);
    let complained = String::from_utf8_lossy(&watched.stderr);
    assert!(!watched.status.success() && complained.contains("nothing is at work here"), "{complained}");
    let segments = said(&run(&shop, "segments", &[]));
    assert!(segments.lines().nth(1).is_some_and(|line| line.starts_with("buyers")), "{segments}");
}

/// Definitions that ask for scores come first, customers after them, and nothing is ever up.
#[test]
fn what_is_asked_for_before_there_are_customers_is_learnt_by_hand() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let command = |name: &str, arguments: &[&str]| {
        said(&tsunagi(name, data.path()).args(arguments).output().unwrap()).trim().to_owned()
    };
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let scores = "segment:\n  name: bought-last\n  when: { rfm: { recency: { at_least: 5 } } }\n".to_owned();
    std::fs::write(path("bought-last.yaml"), scores).unwrap();
    let applied = command("apply", &[&path("bought-last.yaml")]);
    let unlearnt =
        "scores are not learnt yet; who enters is known after the survey that `tsunagi apply` begins";
    assert!(applied.contains(unlearnt), "{applied}");
    let joined = "A run that reads everyone was under way; this follows it.";
    let after = "What follows for whom it changed is done once `tsunagi up` runs.";
    assert_eq!(command("recompute", &[]), format!("{joined}\n0 customers read, 0 changed\n{after}"));
    let segments = command("segments", &[]);
    assert!(
        segments.contains("scores are not learnt yet; who is in is known after the next survey"),
        "{segments}"
    );

    let mut orders = "order_id,customer_id,ordered_at,total\n".to_owned();
    for number in 0..50 {
        let (month, day) = (1 + number / 25, 1 + number % 25);
        writeln!(orders, "A-{number},{number},2026-{month:02}-{day:02} 10:00,3000").unwrap();
    }
    std::fs::write(path("orders.csv"), orders).unwrap();
    command("import", &["orders", &path("orders.csv")]);
    // Who entered was written when the survey before the second look was over.
    let read = command("recompute", &[]);
    assert!(read.starts_with("50 customers read, "), "{read}");
    let found: Value = serde_json::from_str(&command("segments", &["--json"])).unwrap();
    assert_eq!(found[0]["members"], 10, "{found}");
    let status = command("recompute", &["--status"]);
    assert!(
        status.contains("\n  50 customers had bought\n  purchases: too little to learn from"),
        "{status}"
    );
    assert!(status.lines().all(|line| line.chars().count() <= 140), "{status}");
}
