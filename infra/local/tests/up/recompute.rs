//! `tsunagi recompute` and `tsunagi segments`, while an installation is up and while it is not.

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
    // The run of these definitions is under way until its second time is over: none is begun beside it.
    assert_eq!(said(&run(&shop, "recompute", &[])).trim(), everyone);
    shop.wait_until("everyone is a member", async |shop| {
        let segments: Value = serde_json::from_str(&said(&run(shop, "segments", &["--json"]))).unwrap();
        segments[0]["members"] == CUSTOMERS
    })
    .await;

    shop.stop();
    let alone = said(&run(&shop, "recompute", &[]));
    assert!(alone.starts_with(&everyone), "{alone}");
    assert_eq!(runs(&shop).as_array().unwrap().len(), 1);
    let watched = run(&shop, "recompute", &["--watch"]);
    let complained = String::from_utf8_lossy(&watched.stderr);
    assert!(!watched.status.success() && complained.contains("nothing is at work here"), "{complained}");
    let segments = said(&run(&shop, "segments", &[]));
    assert!(segments.lines().nth(1).is_some_and(|line| line.starts_with("buyers")), "{segments}");
}
