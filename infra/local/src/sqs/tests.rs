use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};

use super::*;
use crate::region::queue_url;
use crate::region::tests::Bench;

async fn with_queue() -> (Bench, aws_sdk_sqs::Client) {
    let bench = Bench::new();
    let settings = QueueSettings { dead_letter: Some(("dead".to_owned(), 2)), ..QueueSettings::default() };
    bench.region.queues().create("inbox", settings).await.unwrap();
    let client = bench.sqs();
    (bench, client)
}

async fn send(client: &aws_sdk_sqs::Client, body: &str) {
    client.send_message().queue_url(queue_url("inbox")).message_body(body).send().await.unwrap();
}

async fn receive(client: &aws_sdk_sqs::Client, queue: &str) -> Vec<aws_sdk_sqs::types::Message> {
    let receive = client.receive_message().queue_url(queue_url(queue)).max_number_of_messages(10);
    receive.send().await.unwrap().messages.unwrap_or_default()
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

fn bodies(messages: &[aws_sdk_sqs::types::Message]) -> Vec<&str> {
    messages.iter().filter_map(|message| message.body()).collect()
}

#[tokio::test]
async fn a_received_message_is_hidden_and_comes_again() {
    let (bench, client) = with_queue().await;
    send(&client, "a").await;
    bench.pass(1);
    send(&client, "b").await;
    let first = receive(&client, "inbox").await;
    assert_eq!(bodies(&first), ["a", "b"]);
    assert!(receive(&client, "inbox").await.is_empty());
    let receipt = first[1].receipt_handle().unwrap();
    client.delete_message().queue_url(queue_url("inbox")).receipt_handle(receipt).send().await.unwrap();

    bench.pass(29_999);
    assert!(receive(&client, "inbox").await.is_empty());
    bench.pass(1);
    let again = bench.region.queues().receive("inbox", 10).await.unwrap();
    assert_eq!((again[0].body.as_str(), again[0].receive_count, again.len()), ("a", 2, 1));
    assert_eq!(Some(again[0].message_id.as_str()), first[0].message_id());
    assert_eq!(again[0].first_received_ms, Some(1_800_000_000_001));

    // The receipt of the first delivery deletes nothing.
    bench.region.queues().delete("inbox", vec![first[0].receipt_handle().unwrap().to_owned()]).await.unwrap();
    assert_eq!(bench.region.queues().counts("inbox").await.unwrap().in_flight, 1);
}

#[tokio::test]
async fn what_fails_too_often_goes_to_the_dead_letter_queue_with_its_cause() {
    let (bench, client) = with_queue().await;
    let queues = bench.region.queues();
    send(&client, "poison").await;
    send(&client, "slow").await;
    for _ in 0..2 {
        for message in queues.receive("inbox", 10).await.unwrap() {
            if message.body == "poison" {
                queues.set_cause("inbox", &message.receipt, "customer C1: no such journey").await.unwrap();
            }
        }
        bench.pass(30_000);
    }
    assert!(receive(&client, "inbox").await.is_empty());
    let dead = queues.peek("dead", 10).await.unwrap();
    let causes: Vec<_> = dead.iter().map(|message| message.cause.as_deref().unwrap()).collect();
    assert_eq!(causes, ["customer C1: no such journey", "received 2 times and not deleted"]);
    let seen = receive(&client, "dead").await;
    let cause = seen[0].message_attributes().unwrap()["cause"].string_value();
    assert_eq!((seen[0].body(), cause), (Some("poison"), Some(causes[0])));

    assert_eq!(queues.redrive("dead").await.unwrap(), 2);
    assert_eq!(queues.redrive("dead").await.unwrap(), 0);
    let back = receive(&client, "inbox").await;
    assert_eq!(bodies(&back), ["poison", "slow"]);
    // By its cause a handler knows that it was handled before.
    let kept = |message: &aws_sdk_sqs::types::Message| {
        message.message_attributes().unwrap()["cause"].string_value().unwrap().to_owned()
    };
    assert_eq!(back.iter().map(kept).collect::<Vec<_>>(), causes);
}

#[tokio::test]
async fn what_a_function_put_aside_goes_back_to_the_queue_it_names() {
    let (bench, client) = with_queue().await;
    let queues = bench.region.queues();
    queues.create("other", QueueSettings::default()).await.unwrap();
    let dead = cloud::queue::Queue::new(client.clone(), queue_url("dead"));
    dead.bury("poison".to_owned(), "unreadable", Some("inbox")).await.unwrap();
    for (body, source) in [("of no queue", None), ("of no queue of ours", Some("none"))] {
        dead.bury(body.to_owned(), "unreadable", source).await.unwrap();
    }
    // Its dead letters do not come here, so neither did this one.
    dead.bury("of another".to_owned(), "unreadable", Some("other")).await.unwrap();

    assert_eq!(queues.redrive("dead").await.unwrap(), 1);
    let back = queues.receive("inbox", 10).await.unwrap();
    let names: Vec<_> = back[0].attributes.keys().map(String::as_str).collect();
    assert_eq!((back.len(), back[0].body.as_str(), names), (1, "poison", vec!["cause"]));
    assert_eq!(back[0].attributes["cause"]["StringValue"], "unreadable");
    assert_eq!(queues.counts("dead").await.unwrap().visible, 3, "the others stay");
}

#[tokio::test]
async fn a_delay_hides_a_message_and_next_visible_at_says_until_when() {
    let (bench, client) = with_queue().await;
    let queues = bench.region.queues();
    assert_eq!(queues.next_visible_at("inbox").await.unwrap(), None);
    let send = client.send_message().queue_url(queue_url("inbox")).message_body("x").delay_seconds(5);
    send.send().await.unwrap();
    assert_eq!(queues.next_visible_at("inbox").await.unwrap(), Some(1_800_000_005_000));
    assert_eq!(queues.counts("inbox").await.unwrap(), Counts { delayed: 1, ..Counts::default() });
    bench.pass(5_000);
    let message = receive(&client, "inbox").await.remove(0);
    let give_back = client.change_message_visibility().queue_url(queue_url("inbox")).visibility_timeout(0);
    let give_back = give_back.receipt_handle(message.receipt_handle().unwrap());
    give_back.clone().send().await.unwrap();
    let again = give_back.send().await.unwrap_err().into_service_error();
    assert!(again.is_message_not_inflight(), "{again:?}");
    assert_eq!(queues.counts("inbox").await.unwrap(), Counts { visible: 1, ..Counts::default() });
}

#[tokio::test]
async fn what_a_dead_process_held_is_released() {
    let (bench, client) = with_queue().await;
    send(&client, "a").await;
    assert_eq!(receive(&client, "inbox").await.len(), 1);
    drop(client);
    let bench = bench.reopen();
    let queues = bench.region.queues();
    queues.release("inbox", 10_000).await.unwrap();
    bench.pass(9_999);
    assert!(queues.receive("inbox", 1).await.unwrap().is_empty());
    bench.pass(1);
    let again = queues.receive("inbox", 1).await.unwrap();
    assert_eq!((again[0].body.as_str(), again[0].receive_count), ("a", 2));
    let settings = queues.settings("inbox").await.unwrap();
    assert_eq!(settings.dead_letter, Some(("dead".to_owned(), 2)));
}

#[tokio::test]
async fn limits_are_those_of_sqs() {
    let (_bench, client) = with_queue().await;
    let batch = || client.send_message_batch().queue_url(queue_url("inbox"));
    let eleven = (0..11).map(|n| entry(&n.to_string(), "x")).collect();
    let error = batch().set_entries(Some(eleven)).send().await.unwrap_err().into_service_error();
    assert!(error.is_too_many_entries_in_batch_request(), "{error:?}");
    let error = batch().entries(entry("1", "x")).entries(entry("1", "y")).send().await.unwrap_err();
    assert!(error.into_service_error().is_batch_entry_ids_not_distinct());
    let half = "x".repeat(600 * 1024);
    let error = batch().entries(entry("1", &half)).entries(entry("2", &half)).send().await.unwrap_err();
    assert!(error.into_service_error().is_batch_request_too_long());
    let long = "x".repeat(1024 * 1024 + 1);
    let error =
        client.send_message().queue_url(queue_url("inbox")).message_body(long).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    let error = client.get_queue_url().queue_name("none").send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");

    let done = batch().entries(entry("ok", "x")).entries(entry("bad", "\u{1}")).send().await.unwrap();
    assert_eq!((done.successful().len(), done.failed()[0].id()), (1, "bad"));
    assert_eq!(done.successful()[0].md5_of_message_body(), "9dd4e461268c8034f5c8564e155c67a6");
}

#[tokio::test]
async fn batches_delete_and_attributes_count() {
    let (bench, client) = with_queue().await;
    send(&client, "a").await;
    send(&client, "b").await;
    let message = bench.region.queues().receive("inbox", 1).await.unwrap().remove(0);
    let url = client.get_queue_url().queue_name("inbox").send().await.unwrap().queue_url.unwrap();
    let attributes = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All);
    let attributes = attributes.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessages], "1");
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "1");
    let entry = |id: &str, receipt: &str| {
        let entry = aws_sdk_sqs::types::DeleteMessageBatchRequestEntry::builder().id(id);
        entry.receipt_handle(receipt).build().unwrap()
    };
    let delete = client.delete_message_batch().queue_url(&url);
    let delete = delete.entries(entry("good", &message.receipt)).entries(entry("bad", "made up"));
    let done = delete.send().await.unwrap();
    assert_eq!((done.successful()[0].id(), done.failed()[0].code()), ("good", "ReceiptHandleIsInvalid"));
    client.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(bench.region.queues().counts("inbox").await.unwrap(), Counts::default());
}

#[tokio::test]
async fn arrivals_wake_whoever_polls() {
    let (bench, client) = with_queue().await;
    let mut arrivals = bench.region.queues().arrivals();
    arrivals.mark_unchanged();
    send(&client, "a").await;
    assert!(arrivals.has_changed().unwrap());
    arrivals.mark_unchanged();
    bench.region.queues().receive("inbox", 10).await.unwrap();
    assert!(!arrivals.has_changed().unwrap());
}

#[tokio::test]
async fn deleted_messages_leave_their_room_to_others() {
    let (bench, _client) = with_queue().await;
    let queues = bench.region.queues();
    let file = bench.directory.path().join("region/queues.sqlite");
    let mut sizes = Vec::new();
    for _ in 0..6 {
        let messages = vec![Outgoing { body: "x".repeat(1_000), ..Outgoing::default() }; 5_000];
        queues.send("inbox", messages).await.unwrap();
        let receipts = queues.receive("inbox", MAX_RECEIVE).await.unwrap().into_iter().map(|m| m.receipt);
        queues.delete("inbox", receipts.collect()).await.unwrap();
        sizes.push(std::fs::metadata(&file).unwrap().len());
    }
    assert!(sizes[5] < sizes[2] * 5 / 4, "{sizes:?}");
}
