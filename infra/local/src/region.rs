//! An AWS region in this process, under the real SDK clients.

mod connector;
mod images;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache};
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use aws_types::region::Region as RegionName;
use aws_types::sdk_config::{
    RetryConfig, SharedCredentialsProvider, StalledStreamProtectionConfig, TimeSource, TimeoutConfig,
};
use cloud::clock::Clock;

use self::connector::Connector;
use self::images::Images;
use crate::dynamodb::DynamoDb;
use crate::events::Bus;
use crate::faults::{Fault, Faults, Injector, KillSwitch, Service};
use crate::meter::Meter;
use crate::private;
use crate::sqs::{self, Queues};

/// The region's name.
pub const NAME: &str = "ap-northeast-1";
/// The account that owns everything in it.
pub const ACCOUNT: &str = "000000000000";
/// Set so that no client resolves an endpoint by rules; nothing ever connects to it.
const ENDPOINT: &str = "http://localhost";

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once it is on disk: it survives a power cut.
    Durable,
    /// Once the system has it: it survives the end of this process.
    Fast,
}

/// How a region is opened.
#[derive(Clone)]
pub struct Options {
    /// The directory of its files. It is created where it does not exist.
    pub data: PathBuf,
    /// When a write counts as done.
    pub durability: Durability,
    /// The region's time, and the SDK's.
    pub clock: Clock,
    /// What goes wrong; nothing, if none.
    pub faults: Option<Arc<dyn Faults>>,
}

/// Tables, queues and buses of one installation.
pub struct Region {
    dynamodb: DynamoDb,
    queues: Arc<Queues>,
    bus: Bus,
    meter: Meter,
    clock: Clock,
    injector: Option<Injector>,
    images: Images,
    switches: Mutex<BTreeMap<String, Arc<KillSwitch>>>,
}

/// A service's answer before it becomes an HTTP response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The error's code in the older query protocol, by which the SDK for SQS knows it.
    pub(crate) code: Option<&'static str>,
}

impl Region {
    /// Opens or creates the region in a directory.
    pub fn open(options: Options) -> anyhow::Result<Arc<Self>> {
        let Options { data, durability, clock, faults } = options;
        let (tables, queues) = (data.join("tables.sqlite"), data.join("queues.sqlite"));
        private::directory(&data)?;
        private::file(&tables)?;
        private::file(&queues)?;
        let queues = Queues::open(&queues, durability, clock.clone())?;
        Ok(Arc::new(Self {
            dynamodb: DynamoDb::open(&tables, durability)?,
            queues: Arc::new(queues),
            bus: Bus::new(clock.clone()),
            meter: Meter::default(),
            clock,
            injector: faults.map(Injector::new),
            images: Images::default(),
            switches: Mutex::default(),
        }))
    }

    /// Opens the tables of a directory whose queues may be in use by another process: its own queues are empty ones that
    /// vanish with `scratch`.
    pub fn open_tables(
        data: &std::path::Path,
        scratch: &std::path::Path,
        clock: Clock,
    ) -> anyhow::Result<Arc<Self>> {
        let queues = Queues::open(&scratch.join("queues.sqlite"), Durability::Fast, clock.clone())?;
        Ok(Arc::new(Self {
            dynamodb: DynamoDb::open(&data.join("tables.sqlite"), Durability::Fast)?,
            queues: Arc::new(queues),
            bus: Bus::new(clock.clone()),
            meter: Meter::default(),
            clock,
            injector: None,
            images: Images::default(),
            switches: Mutex::default(),
        }))
    }

    /// The configuration of a function's SDK clients: what they call is counted, and broken, under its name.
    pub fn sdk_config(self: &Arc<Self>, function: &str) -> SdkConfig {
        let connector = Connector {
            region: Arc::clone(self),
            function: function.into(),
            switch: self.kill_switch(function),
        };
        SdkConfig::builder()
            .region(RegionName::from_static(NAME))
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials()))
            .identity_cache(IdentityCache::no_cache())
            .endpoint_url(ENDPOINT)
            .http_client(Client(SharedHttpConnector::new(connector)))
            .time_source(RegionTime(self.clock.clone()))
            .retry_config(RetryConfig::standard())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }

    /// The switch that ends a function's process. A fault fires it; the runtime then drops the
    /// function's invocation and resets it.
    pub fn kill_switch(&self, function: &str) -> Arc<KillSwitch> {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(switches.entry(function.to_owned()).or_default())
    }

    /// The tables.
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.dynamodb
    }

    /// The queues.
    pub fn queues(&self) -> &Arc<Queues> {
        &self.queues
    }

    /// The buses.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What was used.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The region's time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn answer(&self, function: &str, service: Service, operation: &str, body: &[u8]) -> Answer {
        match service {
            Service::DynamoDb => {
                let (answer, units) = self.dynamodb.call(operation, body).await;
                self.meter.dynamodb(function, operation, units.read, units.write);
                if self.injector.is_some() && operation == "PutItem" && answer.status == 200 {
                    self.images.put(self.dynamodb.key(operation, body), body);
                }
                answer
            }
            Service::Sqs => {
                let answer = self.queues.call(operation, body).await;
                self.meter.sqs(function, operation, body.len().max(answer.body.len()) as u64);
                answer
            }
            Service::EventBridge => {
                let (answer, entries) = self.bus.call(operation, body).await;
                self.meter.events(function, entries);
                answer
            }
        }
    }

    /// The answer of an eventually consistent read that misses the latest writes.
    fn age(&self, operation: &str, request: &[u8], answer: Answer, missed: usize) -> Answer {
        let key = |put: &serde_json::Value| self.dynamodb.key("PutItem", put.to_string().as_bytes());
        let body = self.images.age(operation, request, &answer.body, missed, key).unwrap_or(answer.body);
        Answer { body, ..answer }
    }

    /// Tells whoever injects faults that a batch is about to be handed over.
    pub(crate) fn hand_over(&self, function: &str, deliveries: u32) {
        if let Some(injector) = &self.injector {
            injector.batch(function, deliveries);
        }
    }

    fn fault(&self, function: &str, service: Service, operation: &str, body: &[u8]) -> Fault {
        let Some(injector) = &self.injector else { return Fault::None };
        let key = match service {
            Service::DynamoDb => self.dynamodb.key(operation, body),
            Service::Sqs | Service::EventBridge => sqs::key(body),
        };
        injector.on(function, service, operation, key)
    }
}

/// The URL by which the SDK names a queue.
pub fn queue_url(name: &str) -> String {
    format!("https://sqs.{NAME}.amazonaws.com/{ACCOUNT}/{name}")
}

impl Answer {
    /// The JSON protocols' form of an error of the caller's.
    pub(crate) fn refuse(kind: &str, text: &str) -> Self {
        let body = serde_json::json!({"__type": kind, "message": text});
        Self { status: 400, body: body.to_string().into_bytes(), code: None }
    }
}

fn credentials() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::from_keys("local", "local", None)
}

/// One connector for all of a function's clients.
#[derive(Debug)]
struct Client(SharedHttpConnector);

impl HttpClient for Client {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

/// The region's time as the SDK reads it.
#[derive(Debug)]
struct RegionTime(Clock);

impl TimeSource for RegionTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.0.now_millis()).unwrap_or_default())
    }
}
