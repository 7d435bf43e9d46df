//! A shop: a whole stack on a virtual clock, in a directory of its own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::table::Table;
use domain::names::JourneyName;
use domain::report::Report;
use domain::time::Timestamp;
use local::commands::read_report;
use local::definitions;
use local::faults::Faults;
use local::meter::Snapshot;
use local::region::Durability;
use local::sqs::Received;
use local::stack::{Particulars, Provider, SandboxSetup, Secrets, Setup, Stack};
use local::virtual_time::{Driver, VirtualClock};
use sandbox::{Hook, InboxQuery, PeopleSettings, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::line;
use crate::shuffle::Shuffle;

/// How often a request is made again when the function that takes it was killed.
const ATTEMPTS: usize = 50;

/// How often a run goes on after the function that the clock invokes was killed.
const KILLED_TICKS: usize = 10_000;

/// Runs a shop's life on this thread, and lets go of all that it started when it is over.
pub fn alone<T>(life: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(life)
}

/// How a shop is opened.
#[derive(Clone)]
pub struct Opening {
    /// The instant at which its clock starts.
    pub start: Timestamp,
    /// What people do.
    pub people: PeopleSettings,
    /// What goes wrong at the provider.
    pub provider: sandbox::Faults,
    /// Looks at every request to the provider.
    pub on_request: Option<Hook>,
    /// What goes wrong between functions and services.
    pub faults: Option<Arc<dyn Faults>>,
    /// The clock, when whoever injects faults reads it too.
    pub clock: Option<VirtualClock>,
    /// The seed by which the inbox delivers each message one to five times, in any order.
    pub shuffled: Option<u64>,
}

impl Opening {
    /// A shop without faults, whose people do nothing.
    pub const fn at(start: Timestamp) -> Self {
        Self {
            start,
            people: PeopleSettings::quiet(),
            provider: NO_FAULTS,
            on_request: None,
            faults: None,
            clock: None,
            shuffled: None,
        }
    }
}

const NO_FAULTS: sandbox::Faults = sandbox::Faults {
    latency_ms: 0,
    down: 0,
    unavailable: 0.0,
    throttled: 0.0,
    refused: 0.0,
    misreported: 0.0,
    unanswered: 0.0,
    cut_off: 0.0,
    receipts_twice: 0.0,
    receipts_never: 0.0,
    receipts_shuffled: false,
};

/// A shop.
pub struct Shop {
    /// Everything that runs.
    pub stack: Stack,
    /// Its clock.
    pub clock: VirtualClock,
    /// Its table, for looking at.
    pub table: Table,
    /// Its keys.
    pub secrets: Secrets,
    /// The client for requests to its API.
    pub http: reqwest::Client,
    driver: Driver,
    shuffle: Option<Shuffle>,
    #[expect(dead_code, reason = "the data lies in it")]
    directory: TempDir,
}

impl Shop {
    /// Opens a shop.
    pub async fn open(opening: Opening) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let clock = opening.clock.unwrap_or_else(|| VirtualClock::at(opening.start));
        let mut secrets = Secrets::from_seed(7);
        // Accounts that a test may define, at the sandbox.
        for account in ["main", "backup"] {
            let key = BTreeMap::from([("key".to_owned(), secrets.provider_key.clone())]);
            secrets.providers.insert(account.to_owned(), key);
        }
        let secret = |text: &str| text.to_owned();
        let official = [("token", line::TOKEN), ("channel_secret", line::CHANNEL_SECRET)]
            .map(|(name, it)| (secret(name), secret(it)));
        secrets.providers.insert("official".to_owned(), official.into());
        let stack = Stack::start(Setup {
            data: directory.path().to_owned(),
            durability: Durability::Fast,
            clock: clock.clock(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            // A name of fixed length: the port's digits would change the parts of a text.
            link_base: Some("https://t.example.jp".to_owned()),
            sender: "つなぎ書店".to_owned(),
            particulars: Particulars {
                address: "〒101-0051 東京都千代田区神田神保町1-1".to_owned(),
                contact: "03-1234-5678".to_owned(),
            },
            secrets: secrets.clone(),
            provider: Provider::Sandbox(Box::new(SandboxSetup {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                kept_in: None,
                seed: 7,
                people: opening.people,
                faults: opening.provider,
                concurrency: 1,
                keep_texts: true,
                on_request: opening.on_request,
            })),
            faults: opening.faults,
        })
        .await?;
        let driver = Driver::new(Arc::clone(&stack.runtime), stack.sandbox.clone(), clock.clone())?;
        let table = stack.runtime.table("test")?;
        let shuffle = opening.shuffled.map(Shuffle::by);
        Ok(Self { stack, clock, table, secrets, http: providers::http::client(), driver, shuffle, directory })
    }

    /// The provider.
    pub fn sandbox(&self) -> Result<&Arc<Sandbox>> {
        self.stack.sandbox.as_ref().context("the shop has a sandbox")
    }

    /// Makes definitions current, as often as it takes when functions are killed.
    pub async fn apply(&self, definitions: &[&str]) -> Result<()> {
        let files = definitions.iter().enumerate();
        let files: Vec<(String, String)> =
            files.map(|(index, yaml)| (format!("{index}.yaml"), (*yaml).to_owned())).collect();
        let mut result = Ok(0);
        for _ in 0..ATTEMPTS {
            result = definitions::apply(&self.stack.runtime, &files).await;
            if result.is_ok() {
                break;
            }
        }
        result.map(|_| ())
    }

    /// Posts calls, as often as it takes; every one of them must be taken.
    pub async fn take(&self, calls: &[Value]) -> Result<()> {
        let mut result = self.stack.ingest(calls).await;
        for _ in 0..ATTEMPTS {
            if result.is_ok() {
                break;
            }
            result = self.stack.ingest(calls).await;
        }
        let answer = result?;
        ensure!(answer["accepted"] == calls.len(), "not everything was taken: {}", answer["rejected"]);
        Ok(())
    }

    /// Does all there is to do at this instant.
    pub async fn settle(&self) -> Result<()> {
        self.driver.settle().await
    }

    /// Lets time pass until `end` while the inbox delivers as it likes.
    async fn shuffled_until(&mut self, shuffle: &Shuffle, end: Timestamp) -> Result<()> {
        shuffle.settle(&self.stack, self.clock.now()).await?;
        while let Some(now) = self.driver.jump(end).await? {
            shuffle.settle(&self.stack, now).await?;
        }
        Ok(())
    }

    /// Lets time pass until `end`. A tick that was killed is made up for by the next one, as on Lambda.
    pub async fn until(&mut self, end: Timestamp) -> Result<()> {
        if let Some(shuffle) = self.shuffle.take() {
            let result = self.shuffled_until(&shuffle, end).await;
            self.shuffle = Some(shuffle);
            return result;
        }
        for _ in 0..KILLED_TICKS {
            match self.driver.run_until(end, |_| {}).await {
                Ok(()) => return Ok(()),
                Err(error) if error.to_string().ends_with("was killed") => {}
                Err(error) => return Err(error),
            }
        }
        anyhow::bail!("the clock's function was killed {KILLED_TICKS} times")
    }

    /// Lets so many seconds pass.
    pub async fn pass(&mut self, seconds: i64) -> Result<()> {
        self.until(self.clock.now().plus(seconds)).await
    }

    /// What a journey did.
    pub async fn report(&self, journey: &str) -> Result<Report> {
        let definitions = domain::definitions::Definitions::new(
            &self.table.definitions().await?,
            domain::message::CodeKey::none(),
        )
        .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))?;
        read_report(&self.table, &definitions, &JourneyName::parse(journey)?).await
    }

    /// What was used so far.
    pub fn used(&self) -> Snapshot {
        self.stack.runtime.region().meter().snapshot()
    }

    /// What functions asked of the table, the queues and the bus that the template's policies do not allow them: it would
    /// be refused on AWS.
    pub fn forbidden(&self) -> Vec<String> {
        let declared = &self.stack.runtime.template().functions;
        let used =
            self.used().0.into_iter().filter_map(|(name, counts)| Some((declared.get(&name)?, counts)));
        let asked = used.flat_map(|(function, counts)| {
            let table = counts.dynamodb.into_keys().flat_map(|operation| match operation.as_str() {
                // It is allowed by what it is made of.
                "TransactWriteItems" => vec!["dynamodb:PutItem".to_owned(), "dynamodb:DeleteItem".to_owned()],
                operation => vec![format!("dynamodb:{operation}")],
            });
            // Lambda's poller asks for the rest.
            let sends = counts.sqs.into_keys().filter_map(|operation| match operation.as_str() {
                "ReceiveMessage" | "DeleteMessageBatch" => None,
                _ => Some(format!("sqs:{}", operation.trim_end_matches("Batch"))),
            });
            let puts = (counts.events > 0).then(|| "events:PutEvents".to_owned());
            table.chain(sends).chain(puts).filter_map(|action| {
                let allowed = function.grants.iter().any(|(granted, _)| *granted == action);
                (!allowed).then(|| format!("{}: {action}", function.logical_id))
            })
        });
        asked.collect()
    }

    /// The messages that the provider accepted, oldest first.
    pub fn accepted(&self) -> Result<Vec<sandbox::Entry>> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|entry: &sandbox::Entry| entry.number);
            let page = self.sandbox()?.inbox(&InboxQuery { to: None, limit: Some(1000), after });
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// What lies in the dead-letter queues.
    pub async fn dead_letters(&self) -> Result<Vec<Received>> {
        let queues = self.stack.runtime.region().queues();
        let mut letters = Vec::new();
        for queue in queues.names().await? {
            if queue.ends_with("DeadLetters") {
                letters.extend(queues.peek(&queue, 1000).await?);
            }
        }
        Ok(letters)
    }
}
