//! `EventBridge` in this process: entries matched against the template's rules and delivered to their targets.

mod pattern;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use cloud::clock::Clock;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::pattern::check as check_pattern;
use crate::region::{ACCOUNT, Answer, NAME};

/// Entries per `PutEvents`.
const MAX_ENTRIES: usize = 10;
/// Bytes per entry, and per request.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
const MAX_BYTES: usize = 256 * 1024;
/// The bus that every account has, on which AWS's own services tell what happens.
pub const DEFAULT_BUS: &str = "default";

/// Sends what matches a pattern to targets.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule's name.
    pub name: String,
    /// The bus it listens on.
    pub bus: String,
    /// An event pattern; see [`check_pattern`] for what is understood.
    pub pattern: Value,
    /// The targets' names, as the sink knows them.
    pub targets: Vec<String>,
}

/// Takes an event to a target: (target, envelope). An entry is accepted when all of its targets have it.
pub type Sink = Arc<dyn Fn(String, Value) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// The buses of a region.
pub struct Bus {
    clock: Clock,
    wiring: RwLock<Wiring>,
    sequence: AtomicU64,
    unmatched: AtomicU64,
}

#[derive(Default, Clone)]
struct Wiring {
    rules: Arc<[Rule]>,
    sink: Option<Sink>,
}

#[derive(Deserialize)]
struct PutEvents {
    #[serde(rename = "Entries")]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    /// Seconds since 1970.
    time: Option<f64>,
}

/// Why an entry was not accepted: `EventBridge`'s code and text.
type Refusal = (&'static str, String);

impl Bus {
    /// A region's buses, without rules.
    pub fn new(clock: Clock) -> Self {
        Self { clock, wiring: RwLock::default(), sequence: AtomicU64::new(0), unmatched: AtomicU64::new(0) }
    }

    /// Sets the rules and where their targets are. An error names the rule whose pattern is not understood.
    pub fn wire(&self, rules: Vec<Rule>, sink: Sink) -> anyhow::Result<()> {
        for rule in &rules {
            check_pattern(&rule.pattern)
                .map_err(|error| error.context(format!("event rule {}", rule.name)))?;
        }
        let wiring = Wiring { rules: rules.into(), sink: Some(sink) };
        *self.wiring.write().unwrap_or_else(PoisonError::into_inner) = wiring;
        Ok(())
    }

    /// Events that matched no rule, and so went nowhere.
    pub fn unmatched(&self) -> u64 {
        self.unmatched.load(Ordering::Relaxed)
    }

    /// Answers one request, with the number of entries in it.
    pub(crate) async fn call(&self, operation: &str, body: &[u8]) -> (Answer, u64) {
        if operation != "PutEvents" {
            return (Answer::refuse("UnknownOperationException", operation), 0);
        }
        let request: PutEvents = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(error) => return (Answer::refuse("SerializationException", &error.to_string()), 0),
        };
        let count = request.entries.len();
        if !(1..=MAX_ENTRIES).contains(&count) {
            let text = format!(
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have \
                 length between 1 and {MAX_ENTRIES}, inclusive"
            );
            return (Answer::refuse("ValidationException", &text), 0);
        }
        let bytes: usize = request.entries.iter().map(Entry::size).sum();
        if bytes > MAX_BYTES {
            let text = "Total size of the entries in the request is over the limit.";
            return (Answer::refuse("ValidationException", text), 0);
        }
        let mut results = Vec::with_capacity(count);
        let mut failed = 0_u64;
        for entry in request.entries {
            results.push(match self.put(entry).await {
                Ok(id) => json!({"EventId": id}),
                Err((code, text)) => {
                    failed += 1;
                    json!({"ErrorCode": code, "ErrorMessage": text})
                }
            });
        }
        let answer = json!({"FailedEntryCount": failed, "Entries": results});
        (Answer { status: 200, body: answer.to_string().into_bytes(), code: None }, count as u64)
    }

    async fn put(&self, entry: Entry) -> Result<String, Refusal> {
        let bus = entry.event_bus_name.clone().unwrap_or_else(|| DEFAULT_BUS.to_owned());
        // A bus may be named by its ARN.
        let bus = bus.rsplit('/').next().unwrap_or(DEFAULT_BUS).to_owned();
        if entry.source.as_deref().is_some_and(|source| source.starts_with("aws.")) {
            let source = entry.source.unwrap_or_default();
            return Err((
                "NotAuthorizedForSourceException",
                format!("Not authorized for the source {source}."),
            ));
        }
        self.deliver(&bus, entry).await
    }

    /// Takes what a service of AWS tells on the default bus, which nobody else may put there. No such service is here, so
    /// this is for whoever stands for one. An error is the one of a rule's target.
    pub async fn told_by_aws(&self, source: &str, detail_type: &str, detail: &Value) -> anyhow::Result<()> {
        let entry = Entry {
            source: Some(source.to_owned()),
            detail_type: Some(detail_type.to_owned()),
            detail: Some(detail.to_string()),
            event_bus_name: None,
            resources: Vec::new(),
            time: None,
        };
        match self.deliver(DEFAULT_BUS, entry).await {
            Ok(_) => Ok(()),
            Err((code, text)) => anyhow::bail!("{code}: {text}"),
        }
    }

    async fn deliver(&self, bus: &str, entry: Entry) -> Result<String, Refusal> {
        let (id, envelope) = self.envelope(entry)?;
        let wiring = self.wiring.read().unwrap_or_else(PoisonError::into_inner).clone();
        let matching: Vec<_> = wiring
            .rules
            .iter()
            .filter(|rule| rule.bus == bus && pattern::matches(&rule.pattern, &envelope))
            .collect();
        if matching.is_empty() {
            self.unmatched.fetch_add(1, Ordering::Relaxed);
        }
        let Some(sink) = wiring.sink else { return Ok(id) };
        for target in matching.into_iter().flat_map(|rule| &rule.targets) {
            sink(target.clone(), envelope.clone())
                .await
                .map_err(|error| ("InternalFailure", format!("{target}: {error:#}")))?;
        }
        Ok(id)
    }

    fn envelope(&self, entry: Entry) -> Result<(String, Value), Refusal> {
        let source = required("Source", entry.source)?;
        let detail_type = required("DetailType", entry.detail_type)?;
        let detail = required("Detail", entry.detail)?;
        let detail: Value = serde_json::from_str(&detail)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| ("MalformedDetail", "Detail is malformed.".to_owned()))?;
        let now = self.clock.now_millis();
        let seconds = entry.time.map_or(now.div_euclid(1000), whole_seconds);
        let time = Timestamp::from_second(seconds)
            .map_err(|_| ("InvalidArgument", "Parameter Time is not valid.".to_owned()))?;
        // In the form of a UUID: the instant and a sequence number, so that a run can be replayed.
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}-{:04x}-4000-8000-{sequence:012x}", now >> 16, now & 0xffff);
        let envelope = json!({
            "version": "0", "id": id, "detail-type": detail_type, "source": source, "account": ACCOUNT,
            "time": time.to_string(), "region": NAME, "resources": entry.resources, "detail": detail,
        });
        Ok((id, envelope))
    }
}

impl Entry {
    /// Bytes as `PutEvents` counts them: the time counts 14.
    fn size(&self) -> usize {
        let texts =
            [&self.source, &self.detail_type, &self.detail].into_iter().flatten().chain(&self.resources);
        texts.map(String::len).sum::<usize>() + self.time.map_or(0, |_| 14)
    }
}

fn required(name: &str, value: Option<String>) -> Result<String, Refusal> {
    let text = || format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
    value.filter(|value| !value.is_empty()).ok_or_else(|| ("InvalidArgument", text()))
}

#[expect(clippy::cast_possible_truncation, reason = "the envelope's time has no fraction; seconds fit")]
fn whole_seconds(seconds: f64) -> i64 {
    seconds.floor() as i64
}
