//! `tsunagi cards`, as it is typed.

use std::fs;
use std::process::Output;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::shop::{Shop, tsunagi};

const JOURNEY: &str = "journey:
  name: thanks
  purpose: transactional
  enter: request
  reentry: per_key
  steps:
    - card: thanks
";

fn cards(shop: &Shop, arguments: &[&str]) -> Output {
    tsunagi("cards", shop.data()).args(arguments).output().unwrap()
}

/// The rows of a file as spreadsheets read it, without when each was passed, and that.
fn rows(file: &[u8]) -> (Vec<Vec<String>>, Vec<String>) {
    let text = std::str::from_utf8(file).unwrap().strip_prefix('\u{feff}').unwrap();
    assert!(
        text.starts_with("id,name,postal_code,prefecture,city,street,country,journey,at,key\r\n"),
        "{text}"
    );
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
    rows.map(|mut row| {
        let at = row.remove(8);
        (row, at)
    })
    .unzip()
}

fn call(customer: &str, traits: &Value) -> [Value; 2] {
    let at = Timestamp::now().to_string();
    [
        json!({ "type": "identify", "userId": customer, "timestamp": at, "traits": traits }),
        json!({ "type": "enroll", "userId": customer, "timestamp": at, "journey": "thanks", "key": format!("A-{customer}") }),
    ]
}

#[tokio::test]
async fn cards_for_whoever_prints_them() {
    let mut shop = Shop::with_faults("{}");
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("thanks.yaml"), JOURNEY).unwrap();
    assert!(tsunagi("apply", shop.data()).arg(files.path()).output().unwrap().status.success());
    let address = json!({ "postalCode": "0600001", "state": "北海道", "city": "札幌市中央区", "street": "北一条西1-1" });
    shop.take(&call("1001", &json!({ "name": "山田 花子", "address": address }))).await;
    shop.take(&call("=1002", &json!({ "lastName": "@佐藤", "firstName": "次郎" }))).await;
    let both = |output: &Output| output.status.success() && rows(&output.stdout).0.len() == 2;
    shop.wait_until("both have a card", async |shop| both(&cards(shop, &["thanks"]))).await;
    // It needs nothing that is up.
    shop.stop();
    let written = cards(&shop, &["thanks"]);
    let (mut people, at) = rows(&written.stdout);
    people.sort();
    assert_eq!(
        people,
        [
            ["'=1002", "'@佐藤 次郎", "", "", "", "", "", "thanks", "A-=1002"],
            [
                "1001",
                "山田 花子",
                "060-0001",
                "北海道",
                "札幌市中央区",
                "北一条西1-1",
                "",
                "thanks",
                "A-1001"
            ],
        ]
    );
    let said = String::from_utf8(written.stderr).unwrap();
    assert_eq!(said.trim_end(), "2 cards `thanks`; 1 of them without a postal code");
    let zone = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
    let today = Timestamp::now().to_zoned(zone).date();
    let days = [today.yesterday().unwrap(), today].map(|day| day.to_string());
    assert!(at.iter().all(|at| days.iter().any(|day| at.starts_with(day))), "{at:?}");
    for (bound, found) in [("--since", [2, 0]), ("--before", [0, 2])] {
        for (day, found) in [-2, 2].into_iter().zip(found) {
            let day = today.saturating_add(day.days()).to_string();
            let part = cards(&shop, &["thanks", bound, &day]);
            assert_eq!(rows(&part.stdout).0.len(), found, "{bound} {day}");
        }
    }
    let file = files.path().join("cards.csv");
    let quiet = cards(&shop, &["thanks", "--out", file.to_str().unwrap()]);
    assert!(quiet.status.success() && quiet.stdout.is_empty());
    assert_eq!(fs::read(&file).unwrap(), written.stdout);
    let typo = cards(&shop, &["thank"]);
    let said = String::from_utf8(typo.stderr).unwrap();
    assert_eq!(said.trim_end(), "tsunagi: no journey has a card `thank`; did you mean `thanks`?");
    assert!(!typo.status.success());
}
