//! `tsunagi person`, while an installation is up and while it is not.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::{Value, json};

use crate::shop::Shop;

const ID: &str = "person-1";
const NUMBER: &str = "09087650001";

fn person(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
    command.arg("person").args(arguments).env("TSUNAGI_DATA", data).output().unwrap()
}

async fn known(shop: &Shop) {
    let traits = json!({ "name": "祇園花子", "phone": NUMBER, "consents": { "sms": { "marketing": true } } });
    shop.take(&[json!({ "type": "identify", "userId": ID, "traits": traits })]).await;
    shop.wait_until("she is stored", async |shop| person(shop.data(), &["export", ID]).status.success())
        .await;
}

fn is_gone(shop: &Shop) {
    let output = person(shop.data(), &["export", ID]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains("nothing is kept of this id"), "{complaint}");
}

#[tokio::test]
async fn a_person_is_exported_and_erased() {
    let mut shop = Shop::with_faults("{}");
    known(&shop).await;
    let exported: Value = serde_json::from_slice(&person(shop.data(), &["export", ID]).stdout).unwrap();
    assert_eq!(exported["customer"]["traits"]["phone"][0], "+819087650001", "{exported}");
    assert_eq!(exported["addresses"][0]["address"], "+819087650001", "{exported}");
    // Nobody is erased by a slip.
    let output = person(shop.data(), &["erase", ID]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains("say --yes"), "{complaint}");
    shop.stop();
    let output = person(shop.data(), &["erase", ID, "--yes"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.starts_with("Erased: 1 customer"), "{said}");
    is_gone(&shop);
    let output = person(shop.data(), &["erase", ID, "--yes"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.starts_with("Nothing was kept of this id"), "{said}");
}

#[tokio::test]
#[ignore = "a minute of real time"]
async fn an_installation_that_is_up_erases_within_two_minutes() {
    let shop = Shop::with_faults("{}");
    known(&shop).await;
    let began = Instant::now();
    let output = person(shop.data(), &["erase", ID, "--yes"]);
    assert!(output.status.success(), "{}", String::from_utf8(output.stderr).unwrap());
    assert!(began.elapsed().as_secs() < 120, "{:?}", began.elapsed());
    is_gone(&shop);
}
