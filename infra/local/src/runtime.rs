//! A region that runs: the template's tables, queues, bus and functions, tied together as the template says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage, SqsMessageAttribute};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::table::Table;
use serde_json::Value;

use crate::events::{DEFAULT_BUS, Rule};
use crate::expiry;
use crate::faults::Faults;
use crate::functions::Function;
use crate::region::{self, Durability, Region};
use crate::schedule::{self, Schedule};
use crate::sqs::{QueueSettings, Received};
use crate::template::{self, Given, Key, Source, Template};

/// How a runtime is opened.
#[derive(Clone)]
pub struct Options {
    /// The directory of its data.
    pub data: PathBuf,
    /// When a write counts as done.
    pub durability: Durability,
    /// The time.
    pub clock: Clock,
    /// What goes wrong; nothing, if none.
    pub faults: Option<Arc<dyn Faults>>,
    /// What the template's stack is given.
    pub given: Given,
}

/// A region that runs.
pub struct Runtime {
    region: Arc<Region>,
    template: Template,
    functions: RwLock<BTreeMap<String, Function>>,
}

/// A queue that feeds a function.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The queue.
    pub queue: String,
    /// The function.
    pub function: String,
    /// Messages in one batch at most.
    pub batch_size: usize,
    /// Batches under way at once at most, in real time.
    pub concurrency: usize,
    /// Whether the template limits that because each message, one a batch, is a long piece of work.
    pub limited: bool,
}

impl Runtime {
    /// Opens or creates what the template declares, and starts its functions.
    pub async fn open(options: Options) -> Result<Arc<Self>> {
        let template = Template::parse(template::EMBEDDED, &options.given)?;
        let region = Region::open(region::Options {
            data: options.data,
            durability: options.durability,
            clock: options.clock,
            faults: options.faults,
        })?;
        create(&region, &template).await?;
        let functions = template
            .functions
            .iter()
            .map(|(folder, declared)| Ok((folder.clone(), Function::start(folder, declared, &region)?)));
        let functions = RwLock::new(functions.collect::<Result<_>>()?);
        let runtime = Arc::new(Self { region, template, functions });
        runtime.wire_bus()?;
        runtime.release().await?;
        Ok(runtime)
    }

    /// Gives back what an earlier process held when it ended: at once, or when what it asked of a provider is settled.
    async fn release(&self) -> Result<()> {
        for Feed { queue, function, .. } in self.feeds() {
            let seconds = self.function(&function)?.settle_seconds();
            self.region.queues().release(&queue, seconds * 1000).await?;
        }
        Ok(())
    }

    /// The template.
    pub const fn template(&self) -> &Template {
        &self.template
    }

    /// The region.
    pub const fn region(&self) -> &Arc<Region> {
        &self.region
    }

    /// The table, as `caller` reads it: what it uses is counted under that name.
    pub fn table(&self, caller: &str) -> Result<Table> {
        let name = self.template.tables.keys().next().context("the template has no table")?.clone();
        let key = self.template.functions.values().find_map(|it| it.environment.get("ADDRESS_KEY")).cloned();
        let vars = Vars::new(move |variable| match variable {
            "TABLE_NAME" => Some(name.clone()),
            "ADDRESS_KEY" => key.clone(),
            _ => None,
        });
        Ok(Table::from_vars(aws_sdk_dynamodb::Client::new(&self.region.sdk_config(caller)), &vars)?)
    }

    /// Queues that feed functions, in the order in which they are drained.
    pub fn feeds(&self) -> Vec<Feed> {
        let feeds = self.template.functions.iter().flat_map(|(folder, function)| {
            function.sources.iter().filter_map(move |source| match source {
                Source::Queue { queue, batch_size, concurrency, .. } => Some(Feed {
                    queue: queue.clone(),
                    function: folder.clone(),
                    batch_size: *batch_size as usize,
                    concurrency: concurrency.map_or(POLLERS, |limit| POLLERS.min(limit as usize)),
                    limited: concurrency.is_some() && *batch_size == 1,
                }),
                Source::Schedule { .. } | Source::Rule { .. } => None,
            })
        });
        feeds.collect()
    }

    /// Functions that the clock invokes, and when.
    pub fn schedules(&self) -> Result<Vec<(String, Schedule)>> {
        let schedules = self.template.functions.iter().flat_map(|(folder, function)| {
            function.sources.iter().filter_map(move |source| match source {
                Source::Schedule { expression, time_zone, .. } => Some(
                    Schedule::parse(expression, time_zone)
                        .map(|schedule| (folder.clone(), schedule))
                        .map_err(Into::into),
                ),
                Source::Queue { .. } | Source::Rule { .. } => None,
            })
        });
        schedules.collect()
    }

    /// Takes one batch from a queue to its function, as Lambda's poller does: what was handled is deleted, what failed
    /// stays hidden until its visibility ends. Returns how many messages there were.
    pub async fn poll(&self, feed: &Feed) -> Result<usize> {
        let queues = self.region.queues();
        let messages = queues.receive(&feed.queue, feed.batch_size).await?;
        let count = messages.len();
        if count == 0 {
            return Ok(0);
        }
        let mut receipts: BTreeMap<String, String> =
            messages.iter().map(|message| (message.message_id.clone(), message.receipt.clone())).collect();
        let bytes = messages.iter().map(|message| message.body.len() as u64).sum();
        self.region.meter().sqs(&feed.function, "ReceiveMessage", bytes);
        let deliveries = messages.iter().map(|message| message.receive_count).max().unwrap_or_default();
        self.region.hand_over(&feed.function, deliveries);
        let event = batch(&feed.queue, messages);
        let response = self.invoke(&feed.function, move |function| function.batch(event)).await;
        match response {
            Ok(SqsBatchResponse { batch_item_failures, .. }) => {
                for failure in batch_item_failures {
                    receipts.remove(&failure.item_identifier);
                }
            }
            Err(error) => {
                tracing::warn!(function = feed.function, error = format!("{error:#}"), "a batch failed");
                return Ok(count);
            }
        }
        for _ in 0..receipts.len().div_ceil(10) {
            self.region.meter().sqs(&feed.function, "DeleteMessageBatch", 1);
        }
        queues.delete(&feed.queue, receipts.into_values().collect()).await?;
        Ok(count)
    }

    /// Invokes a function by the clock.
    pub async fn tick(&self, function: &str) -> Result<()> {
        self.invoke(function, |function| function.event(Value::Null)).await
    }

    /// Invokes a function with an HTTP event.
    pub async fn request(&self, function: &str, event: Value) -> Result<axum::response::Response> {
        self.invoke(function, move |function| function.request(event)).await
    }

    /// Invokes a function. When a fault kills it, its task is dropped where it stands and the function starts anew,
    /// with nothing in its memory.
    async fn invoke<O, F, Fut>(&self, folder: &str, call: F) -> Result<O>
    where
        O: Send + 'static,
        F: FnOnce(Function) -> Fut,
        Fut: Future<Output = Result<O>> + Send + 'static,
    {
        self.region.meter().invoked(folder);
        let mut task = tokio::spawn(call(self.function(folder)?));
        let switch = self.region.kill_switch(folder);
        let seconds =
            self.template.functions.get(folder).map_or(u32::MAX, |declared| declared.timeout_seconds);
        let error = tokio::select! {
            ended = &mut task => return ended.map_err(|_| anyhow!("{folder} panicked"))?,
            () = switch.killed() => anyhow!("{folder} was killed"),
            () = tokio::time::sleep(Duration::from_secs(seconds.into())) => {
                switch.fire();
                anyhow!("{folder} took longer than {seconds} s")
            }
        };
        task.abort();
        let _ = task.await;
        self.restart(folder)?;
        switch.reset();
        Err(error)
    }

    fn function(&self, folder: &str) -> Result<Function> {
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        functions.get(folder).cloned().with_context(|| format!("there is no function `{folder}`"))
    }

    fn restart(&self, folder: &str) -> Result<()> {
        let declared = self.template.functions.get(folder).context("a function that is not declared")?;
        let started = Function::start(folder, declared, &self.region)?;
        self.functions.write().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), started);
        Ok(())
    }

    /// Ties the bus's rules to their functions; an event is accepted once each target has handled it.
    fn wire_bus(self: &Arc<Self>) -> Result<()> {
        let buses = self.template.buses.iter().map(String::as_str).chain([DEFAULT_BUS]);
        let rules = buses.flat_map(|bus| {
            self.template.rules(bus).map(move |(pattern, function)| Rule {
                name: format!("{bus}-{function}"),
                bus: bus.to_owned(),
                pattern: pattern.clone(),
                targets: vec![function.to_owned()],
            })
        });
        let runtime = Arc::downgrade(self);
        let sink = move |target: String, envelope: Value| {
            let runtime = Weak::clone(&runtime);
            let deliver: futures_util::future::BoxFuture<'static, Result<()>> = Box::pin(async move {
                let runtime = runtime.upgrade().context("the runtime has stopped")?;
                runtime.invoke(&target, move |function| function.event(envelope)).await
            });
            deliver
        };
        self.region.bus().wire(rules.collect(), Arc::new(sink))
    }

    /// Runs by the real clock: pollers of every queue, every schedule, and the removal of what has expired.
    pub fn run(self: &Arc<Self>) -> Result<()> {
        tokio::spawn(expiry::sweep_for_ever(Arc::clone(&self.region)));
        for (function, schedule) in self.schedules()? {
            tokio::spawn(schedule::tick_for_ever(Arc::clone(self), function, schedule));
        }
        self.run_pollers();
        Ok(())
    }

    /// Runs the pollers of every queue, and nothing by the clock.
    pub fn run_pollers(self: &Arc<Self>) {
        for feed in self.feeds() {
            for _ in 0..feed.concurrency {
                let (runtime, feed) = (Arc::clone(self), feed.clone());
                tokio::spawn(async move { runtime.poll_for_ever(&feed).await });
            }
        }
    }

    async fn poll_for_ever(&self, feed: &Feed) {
        let mut arrivals = self.region.queues().arrivals();
        loop {
            arrivals.mark_unchanged();
            match self.poll(feed).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(queue = feed.queue, error = format!("{error:#}"), "polling failed");
                }
            }
            let _ = tokio::time::timeout(IDLE, arrivals.changed()).await;
        }
    }
}

/// Pollers of one queue in real time.
const POLLERS: usize = 2;

/// How long a poller without work waits before it looks again by itself.
const IDLE: Duration = Duration::from_secs(1);

fn batch(queue: &str, messages: Vec<Received>) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = messages
        .into_iter()
        .map(|received| {
            let mut message = SqsMessage::default();
            message.message_id = Some(received.message_id);
            message.receipt_handle = Some(received.receipt);
            message.body = Some(received.body);
            message
                .attributes
                .insert("ApproximateReceiveCount".to_owned(), received.receive_count.to_string());
            message.attributes.insert("SentTimestamp".to_owned(), received.sent_at_ms.to_string());
            for (name, value) in received.attributes {
                let mut attribute = SqsMessageAttribute::default();
                attribute.data_type = value["DataType"].as_str().map(ToOwned::to_owned);
                attribute.string_value = value["StringValue"].as_str().map(ToOwned::to_owned);
                message.message_attributes.insert(name, attribute);
            }
            message.event_source = Some("aws:sqs".to_owned());
            message.event_source_arn =
                Some(format!("arn:aws:sqs:{}:{}:{queue}", region::NAME, region::ACCOUNT));
            message.aws_region = Some(region::NAME.to_owned());
            message
        })
        .collect();
    event
}

async fn create(region: &Arc<Region>, template: &Template) -> Result<()> {
    let client = aws_sdk_dynamodb::Client::new(&region.sdk_config("runtime"));
    for (name, table) in &template.tables {
        create_table(&client, name, table).await?;
    }
    for (name, queue) in &template.queues {
        let settings = QueueSettings {
            visibility_seconds: queue.visibility_seconds,
            delay_seconds: queue.delay_seconds,
            dead_letter: queue.dead_letters.as_ref().map(|dead| (dead.queue.clone(), dead.max_receives)),
        };
        region.queues().create(name, settings).await?;
    }
    Ok(())
}

async fn create_table(client: &aws_sdk_dynamodb::Client, name: &str, table: &template::Table) -> Result<()> {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    request = request.set_key_schema(Some(schema(&table.key)?));
    for (attribute, kind) in &table.attributes {
        let kind = match kind {
            template::AttributeType::S => ScalarAttributeType::S,
            template::AttributeType::N => ScalarAttributeType::N,
            template::AttributeType::B => ScalarAttributeType::B,
        };
        request = request.attribute_definitions(
            AttributeDefinition::builder().attribute_name(attribute).attribute_type(kind).build()?,
        );
    }
    for (index, declared) in &table.indexes {
        let projection = match declared.projection {
            template::Projection::All => ProjectionType::All,
            template::Projection::KeysOnly => ProjectionType::KeysOnly,
        };
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(index)
                .set_key_schema(Some(schema(&declared.key)?))
                .projection(Projection::builder().projection_type(projection).build())
                .build()?,
        );
    }
    match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Ok(_) => {}
        Err(error) if error.is_resource_in_use_exception() => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("creating the table {name}")),
    }
    if let Some(attribute) = &table.expires {
        let expiry = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
        client.update_time_to_live().table_name(name).time_to_live_specification(expiry).send().await?;
    }
    Ok(())
}

fn schema(key: &Key) -> Result<Vec<KeySchemaElement>> {
    let element =
        |name: &String, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let mut schema = vec![element(&key.partition, KeyType::Hash)?];
    if let Some(sort) = &key.sort {
        schema.push(element(sort, KeyType::Range)?);
    }
    Ok(schema)
}
