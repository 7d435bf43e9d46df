use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::meter::Counts;
use crate::region::Durability;
use crate::region::tests::{Bench, create_table, customer};

async fn with_table() -> (Bench, aws_sdk_dynamodb::Client) {
    let bench = Bench::new();
    let client = bench.dynamodb();
    create_table(&client).await;
    (bench, client)
}

fn used(bench: &Bench) -> Counts {
    bench.region.meter().snapshot().0["test"].clone()
}

#[tokio::test]
async fn a_failed_condition_shows_the_old_item_if_asked() {
    let (_bench, client) = with_table().await;
    customer(&client, "1", 10).send().await.unwrap();
    for wanted in [true, false] {
        let mut put = customer(&client, "1", 20).condition_expression("attribute_not_exists(pk)");
        if wanted {
            put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        }
        let error = put.send().await.unwrap_err().into_service_error();
        let PutItemError::ConditionalCheckFailedException(failed) = error else { panic!("{error:?}") };
        let doc = failed.item().map(|item| item["doc"].clone());
        assert_eq!(doc, wanted.then(|| S("d".repeat(10))));
    }
}

#[tokio::test]
async fn an_update_is_guarded_by_the_revision() {
    let (_bench, client) = with_table().await;
    customer(&client, "1", 10).send().await.unwrap();
    let update = || {
        let update = client.update_item().table_name("main").key("pk", S("C#1".to_owned()));
        update
            .key("sk", S("customer".to_owned()))
            .update_expression("SET rev = rev + :one")
            .condition_expression("rev = :old")
            .expression_attribute_values(":one", N("1".to_owned()))
            .expression_attribute_values(":old", N("1".to_owned()))
    };
    update().send().await.unwrap();
    let error = update().send().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception());
}

#[tokio::test]
async fn the_index_is_sparse_and_in_order() {
    let (_bench, client) = with_table().await;
    for (id, due) in [("late", Some("30")), ("never", None), ("soon", Some("7"))] {
        let mut put = customer(&client, id, 10);
        if let Some(due) = due {
            put = put.item("due_shard", S("0".to_owned())).item("due_at", N(due.to_owned()));
        }
        put.send().await.unwrap();
    }
    let due = client
        .query()
        .table_name("main")
        .index_name("due")
        .key_condition_expression("due_shard = :s AND due_at <= :now")
        .expression_attribute_values(":s", S("0".to_owned()))
        .expression_attribute_values(":now", N("100".to_owned()))
        .limit(1_000)
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = due.items().iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    assert_eq!(ids, ["C#soon", "C#late"]);
    assert!(!due.items()[0].contains_key("doc"), "keys only");
}

#[tokio::test]
async fn a_batch_get_answers_what_there_is() {
    let (_bench, client) = with_table().await;
    customer(&client, "1", 10).send().await.unwrap();
    customer(&client, "2", 10).send().await.unwrap();
    let mut keys = KeysAndAttributes::builder();
    for id in ["1", "2", "3"] {
        let key = [("pk", S(format!("C#{id}"))), ("sk", S("customer".to_owned()))];
        keys = keys.keys(key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    }
    let found = client.batch_get_item().request_items("main", keys.build().unwrap()).send().await.unwrap();
    let found = &found.responses().unwrap()["main"];
    let found: BTreeSet<_> = found.iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    assert_eq!(found, BTreeSet::from(["C#1", "C#2"]));
}

#[tokio::test]
async fn what_is_not_there_is_refused_as_by_aws() {
    let bench = Bench::new();
    let client = bench.dynamodb();
    let error = customer(&client, "1", 10).send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    let error = client.list_backups().send().await.unwrap_err();
    let code = aws_sdk_dynamodb::error::ProvideErrorMetadata::code(&error);
    assert_eq!(code, Some("UnknownOperationException"));
}

#[tokio::test]
async fn the_meter_reads_units_of_table_and_index() {
    let (bench, client) = with_table().await;
    // 2 for the item, 1 for the index.
    let put =
        customer(&client, "1", 1_500).item("due_shard", S("0".to_owned())).item("due_at", N("7".to_owned()));
    put.send().await.unwrap();
    assert_eq!(used(&bench).write_units.to_string(), "3");

    // The item that the condition met is the larger one.
    let put = customer(&client, "1", 10).condition_expression("attribute_not_exists(pk)");
    put.send().await.unwrap_err();
    assert_eq!(used(&bench).write_units.to_string(), "5");

    let get = client.get_item().table_name("main").key("pk", S("C#1".to_owned()));
    let got = get.key("sk", S("customer".to_owned())).send().await.unwrap();
    assert!(got.consumed_capacity().is_none(), "nobody asked");
    assert_eq!(used(&bench).read_units.to_string(), "0.5");
    assert_eq!(used(&bench).dynamodb["PutItem"], 2);

    let got =
        client.scan().table_name("main").limit(9).return_consumed_capacity(ReturnConsumedCapacity::Total);
    assert!(got.send().await.unwrap().consumed_capacity().is_some(), "asked");
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_billed_either_way() {
    let (bench, client) = with_table().await;
    customer(&client, "1", 10).send().await.unwrap();
    let before = used(&bench).write_units;
    let put = |id: &str| {
        let put = Put::builder().table_name("main").item("pk", S(format!("C#{id}")));
        let put = put.item("sk", S("customer".to_owned())).condition_expression("attribute_not_exists(pk)");
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let both = client.transact_write_items().transact_items(put("2")).transact_items(put("1"));
    let error = both.send().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception());
    assert_eq!((used(&bench).write_units - before).to_string(), "4");
    let one = client.transact_write_items().transact_items(put("3"));
    one.send().await.unwrap();
    assert_eq!((used(&bench).write_units - before).to_string(), "6");
    assert_eq!(client.scan().table_name("main").limit(9).send().await.unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writes_share_syncs() {
    let bench = Bench::open(Durability::Durable, None);
    let client = bench.dynamodb();
    create_table(&client).await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..16 {
        let client = client.clone();
        tasks.spawn(async move {
            for n in 0..10 {
                customer(&client, &format!("{writer}-{n}"), 10).send().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let (writes, syncs) = bench.region.dynamodb().commits().unwrap();
    assert_eq!(writes, 161);
    assert!(syncs < writes, "{syncs} syncs for {writes} writes");
}

#[tokio::test]
async fn tables_outlive_the_process() {
    let (bench, client) = with_table().await;
    customer(&client, "1", 10).send().await.unwrap();
    drop(client);
    let bench = bench.reopen();
    assert_eq!(bench.dynamodb().scan().table_name("main").limit(9).send().await.unwrap().count(), 1);
}
