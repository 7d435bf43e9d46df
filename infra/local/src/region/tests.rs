use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use tokio::time::timeout;

use super::*;
use crate::faults::Call;
use crate::sqs::QueueSettings;

/// A region in a directory of its own, and its time.
pub(crate) struct Bench {
    pub(crate) region: Arc<Region>,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) directory: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::open(Durability::Fast, None)
    }

    pub(crate) fn open(durability: Durability, faults: Option<Arc<dyn Faults>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(1_800_000_000_000));
        let region = open(&directory, &now, durability, faults);
        Self { region, now, directory }
    }

    /// As after the end of the process.
    pub(crate) fn reopen(self) -> Self {
        let Self { region, now, directory } = self;
        drop(Arc::into_inner(region).expect("nobody else holds the region"));
        let region = open(&directory, &now, Durability::Fast, None);
        Self { region, now, directory }
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.region.sdk_config("test"))
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.region.sdk_config("test"))
    }
}

fn open(
    directory: &tempfile::TempDir,
    now: &Arc<AtomicI64>,
    durability: Durability,
    faults: Option<Arc<dyn Faults>>,
) -> Arc<Region> {
    let time = Arc::clone(now);
    let clock = Clock::from_millis(move || time.load(Ordering::SeqCst));
    Region::open(Options { data: directory.path().join("region"), durability, clock, faults }).unwrap()
}

/// The table `main` with a sparse index `due`, keys only.
pub(crate) async fn create_table(client: &aws_sdk_dynamodb::Client) {
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
    };
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let due = GlobalSecondaryIndex::builder()
        .index_name("due")
        .key_schema(key("due_shard", KeyType::Hash))
        .key_schema(key("due_at", KeyType::Range))
        .projection(keys_only);
    client
        .create_table()
        .table_name("main")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("due_shard", ScalarAttributeType::S))
        .attribute_definitions(attribute("due_at", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(due.build().unwrap())
        .send()
        .await
        .unwrap();
}

pub(crate) fn customer(client: &aws_sdk_dynamodb::Client, id: &str, bytes: usize) -> PutItemFluentBuilder {
    let put = client.put_item().table_name("main").item("pk", S(format!("C#{id}")));
    put.item("sk", S("customer".to_owned())).item("rev", N("1".to_owned())).item("doc", S("d".repeat(bytes)))
}

type Rule = Box<dyn Fn(&Call) -> Fault + Send + Sync>;
struct By(Rule);

impl Faults for By {
    fn on(&self, call: &Call) -> Fault {
        self.0(call)
    }
}

fn broken(rule: impl Fn(&Call) -> Fault + Send + Sync + 'static) -> Bench {
    Bench::open(Durability::Fast, Some(Arc::new(By(Box::new(rule)))))
}

fn first_put(fault: Fault) -> Bench {
    let hit = move |call: &Call| call.operation == "PutItem" && call.nth == 0;
    broken(move |call| if hit(call) { fault } else { Fault::None })
}

async fn count(bench: &Bench) -> i32 {
    bench.dynamodb().scan().table_name("main").limit(100).send().await.unwrap().count()
}

#[tokio::test]
async fn a_throttled_call_is_tried_again_by_the_sdk() {
    let bench = first_put(Fault::Throttle);
    create_table(&bench.dynamodb()).await;
    customer(&bench.dynamodb(), "1", 10).send().await.unwrap();
    assert_eq!(count(&bench).await, 1);
}

#[tokio::test]
async fn a_throttled_queue_is_tried_again_by_the_sdk() {
    let bench = broken(|call| if call.nth == 0 { Fault::Throttle } else { Fault::None });
    bench.region.queues().create("inbox", QueueSettings::default()).await.unwrap();
    bench.sqs().send_message().queue_url(queue_url("inbox")).message_body("x").send().await.unwrap();
    assert_eq!(bench.region.queues().counts("inbox").await.unwrap().visible, 1);
}

#[tokio::test]
async fn after_a_lost_request_the_retry_does_the_work() {
    let bench = first_put(Fault::LoseRequest);
    create_table(&bench.dynamodb()).await;
    customer(&bench.dynamodb(), "1", 10)
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn after_a_lost_response_the_retry_meets_its_own_work() {
    let bench = first_put(Fault::LoseResponse);
    create_table(&bench.dynamodb()).await;
    let put = customer(&bench.dynamodb(), "1", 10).condition_expression("attribute_not_exists(pk)");
    let error = put.send().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    assert_eq!(count(&bench).await, 1);
}

#[tokio::test]
async fn a_killed_function_hears_nothing_until_it_starts_anew() {
    for (fault, happened) in [(Fault::KillBefore, 0), (Fault::KillAfter, 1)] {
        let bench = first_put(fault);
        let other = aws_sdk_dynamodb::Client::new(&bench.region.sdk_config("other"));
        create_table(&other).await;
        let switch = bench.region.kill_switch("test");
        let client = bench.dynamodb();
        let invocation = tokio::spawn(async move { customer(&client, "1", 10).send().await });
        switch.killed().await;
        let a_while = Duration::from_millis(50);
        assert!(
            timeout(a_while, bench.dynamodb().list_tables().send()).await.is_err(),
            "the process is dead"
        );
        assert_eq!(other.scan().table_name("main").limit(9).send().await.unwrap().count(), happened);
        assert!(!invocation.is_finished());
        invocation.abort();

        switch.reset();
        customer(&bench.dynamodb(), "1", 10).send().await.unwrap();
        assert_eq!(count(&bench).await, 1);
    }
}

#[tokio::test]
async fn a_call_is_known_by_its_key_and_not_by_what_it_writes() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let bench = broken(move |call| {
        seen.lock().unwrap().push((call.operation.clone(), call.key.clone(), call.nth));
        Fault::None
    });
    create_table(&bench.dynamodb()).await;
    keys.lock().unwrap().clear();
    customer(&bench.dynamodb(), "1", 10).send().await.unwrap();
    customer(&bench.dynamodb(), "1", 20).send().await.unwrap();
    let key = r#"main/{pk:{S:"C#1"},sk:{S:"customer"}}"#.to_owned();
    let call = |nth| ("PutItem".to_owned(), key.clone(), nth);
    assert_eq!(*keys.lock().unwrap(), [call(0), call(1)]);
}

#[tokio::test]
async fn a_delayed_call_takes_its_time() {
    let bench = first_put(Fault::Delay(30));
    create_table(&bench.dynamodb()).await;
    let started = tokio::time::Instant::now();
    customer(&bench.dynamodb(), "1", 10).send().await.unwrap();
    assert!(started.elapsed().as_millis() >= 30);
}
