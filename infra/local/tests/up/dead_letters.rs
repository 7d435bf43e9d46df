//! `tsunagi dead-letters`, while an installation is up and while it is not.

use local::sqs::{Outgoing, Queues};
use serde_json::{Value, json};

use crate::shop::{Shop, tsunagi};

/// A message of which only the customer can be read, with something of a person in it.
const POISON: &str = "{\"v\":1,\"customer\":\"c1\",\n\"inputs\":\"090-1234-5678\"}";

fn listed(shop: &Shop, arguments: &[&str]) -> Value {
    let output = tsunagi("dead-letters", shop.data()).arg("--json").args(arguments).output().unwrap();
    let (said, complained) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    assert!(output.status.success(), "{complained:?}");
    let said = said.unwrap();
    assert!(!said.contains("090"), "{said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test]
async fn dead_letters_are_listed_and_sent_back() {
    let mut shop = Shop::with_faults("{}");
    let nothing = json!({ "count": 0, "letters": [], "redriven": null });
    assert_eq!(listed(&shop, &[]), nothing);
    let file = shop.data().join("queues.sqlite");
    let queues = Queues::open(&file, local::region::Durability::Fast, cloud::clock::Clock::system()).unwrap();
    queues
        .send("InboxQueue", vec![Outgoing { body: POISON.to_owned(), ..Outgoing::default() }])
        .await
        .unwrap();
    drop(queues);
    let dead = async |shop: &Shop| shop.queued() == [("InboxDeadLetters".to_owned(), 1)].into();
    shop.wait_until("the message is given up", dead).await;
    let found = listed(&shop, &[]);
    let letter = &found["letters"][0];
    assert_eq!(
        (&found["count"], &letter["queue"], &letter["customer"]),
        (&json!(1), &json!("InboxQueue"), &json!("c1"))
    );
    assert!(
        letter["cause"].as_str().is_some_and(|cause| cause.contains("does not read at line 2")),
        "{letter}"
    );
    assert!(letter["sent_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{letter}");
    assert_eq!(listed(&shop, &["--redrive"])["redriven"], 1, "through `up`");
    shop.wait_until("it is given up again", dead).await;

    shop.stop();
    let again = listed(&shop, &["--redrive"]);
    assert_eq!((&again["count"], &again["redriven"]), (&json!(1), &json!(1)), "without `up`");
    assert_eq!(shop.queued(), [("InboxQueue".to_owned(), 1)].into(), "it waits for `up`");
    assert_eq!(listed(&shop, &[]), nothing);
}

#[test]
fn a_directory_without_an_installation_is_not_made_one() {
    let directory = tempfile::tempdir().unwrap();
    let none = directory.path().join("none");
    let output = tsunagi("dead-letters", &none).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("there is no installation in"), "{complaint}");
    assert!(!none.exists());
}
