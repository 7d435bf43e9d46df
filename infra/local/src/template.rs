//! The system's wiring, read from `infra/template.yaml`: what the one-machine runtime creates, and what triggers what.
//!
//! The template is written for AWS; whatever this reader does not know is an error rather than something left out, so
//! that the laptop runs what will be deployed.

mod document;
mod reference;
mod resource;
mod table;
#[cfg(test)]
mod tests;
mod wiring;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// The template this command was built with.
pub const EMBEDDED: &str = include_str!("../../template.yaml");

/// The folders under `functions/` that a function's `CodeUri` may name.
pub const FUNCTIONS: [&str; 14] = [
    "ingest",
    "advance",
    "schedule",
    "recompute",
    "send-sms",
    "send-email",
    "send-line",
    "send-webhook",
    "send-code",
    "callback",
    "link",
    "verify",
    "person",
    "erase",
];

/// What nothing corresponds to on one machine: who is told of alarms, what is kept of logs, how a domain is reached, and what
/// services of AWS may do for each other. Rules are read from the functions' events; the others pass events on.
const ELSEWHERE: [&str; 14] = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::Events::Rule",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Route53::RecordSet",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
];

/// What a stack is given.
#[derive(Clone, Default)]
pub struct Given {
    /// Values of parameters, over their defaults.
    pub parameters: BTreeMap<String, String>,
    /// What the stack's secret holds, by its keys.
    pub secrets: BTreeMap<String, String>,
}

/// What a template creates and how it is tied together, with every reference resolved and every tie checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// Tables by name, which is their logical id.
    pub tables: BTreeMap<String, Table>,
    /// Queues by logical id; [`crate::region::queue_url`] gives their address.
    pub queues: BTreeMap<String, Queue>,
    /// Names of event buses, which are their logical ids.
    pub buses: BTreeSet<String>,
    /// Functions by the folder they are in under `functions/`.
    pub functions: BTreeMap<String, Function>,
    /// What the HTTP API answers.
    pub routes: Vec<Route>,
    /// Alarms by logical id, and how many metrics each reads: they ring on AWS alone, and cost by the metric.
    pub alarms: BTreeMap<String, u32>,
    /// Dashboards by logical id.
    pub dashboards: BTreeSet<String>,
    /// Secrets that values are taken from, as the template writes their names.
    pub secrets: BTreeSet<String>,
}

/// A `DynamoDB` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its primary key.
    pub key: Key,
    /// The types of all key attributes, those of indexes included.
    pub attributes: BTreeMap<String, AttributeType>,
    /// Global secondary indexes by name.
    pub indexes: BTreeMap<String, Index>,
    /// The attribute that holds when an item expires, in seconds since 1970.
    pub expires: Option<String>,
}

/// The key of a table or an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The partition (hash) attribute.
    pub partition: String,
    /// The sort (range) attribute.
    pub sort: Option<String>,
}

/// The type of a key attribute.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub enum AttributeType {
    /// Text.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its key.
    pub key: Key,
    /// What of an item it holds.
    pub projection: Projection,
}

/// What an index holds of an item.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Projection {
    /// Every attribute.
    All,
    /// The keys of the table and of the index.
    KeysOnly,
}

/// An SQS queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// For how long a received message is hidden from other receivers.
    pub visibility_seconds: u32,
    /// For how long a sent message is hidden at first.
    pub delay_seconds: u32,
    /// Where messages go that cannot be handled.
    pub dead_letters: Option<DeadLetters>,
}

/// Where a queue's messages go that cannot be handled.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetters {
    /// The queue that takes them.
    pub queue: String,
    /// How often a message is received before it goes there.
    pub max_receives: u32,
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// What the template calls it.
    pub logical_id: String,
    /// How long one invocation may take.
    pub timeout_seconds: u32,
    /// Its memory, in MB, by which its time is paid.
    pub memory_mb: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// What invokes it besides HTTP.
    pub sources: Vec<Source>,
    /// The logical id of its role.
    pub role: String,
    /// What its role allows: an action and the resource it may be used on.
    pub grants: BTreeSet<(String, String)>,
}

/// What invokes a function. A queue's batches are always answered with the items that failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Batches of messages from a queue.
    Queue {
        /// The queue's logical id.
        queue: String,
        /// How many messages a batch has at most.
        batch_size: u32,
        /// How long a batch waits to fill.
        window_seconds: u32,
        /// How many batches are under way at most, where there is a limit.
        concurrency: Option<u32>,
    },
    /// The clock.
    Schedule {
        /// The schedule's name.
        name: String,
        /// `rate(…)` or `cron(…)`, as `EventBridge` Scheduler writes them.
        expression: String,
        /// The IANA time zone the expression is read in.
        time_zone: String,
    },
    /// Events on a bus.
    Rule {
        /// The bus's name.
        bus: String,
        /// An `EventBridge` event pattern.
        pattern: Value,
    },
}

/// What the HTTP API does with a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The HTTP method.
    pub method: String,
    /// The path, with its parameters in braces.
    pub path: String,
    /// The folder of the function that answers.
    pub function: String,
}

impl Template {
    /// Reads a template with what its stack is given.
    pub fn parse(text: &str, given: &Given) -> Result<Self, TemplateError> {
        let document = document::read(text)?;
        let names = reference::Names::new(&document, given)?;
        let defaults = resource::defaults(names.resolve("Globals", document.globals)?)?;
        let mut template = Self { secrets: reference::secrets(text), ..Self::default() };
        let mut http = wiring::Http::default();
        let mut roles = BTreeMap::new();
        for (id, resource) in document.resources {
            if ELSEWHERE.contains(&resource.kind.as_str()) {
                continue;
            }
            if let Some(condition) = &resource.condition
                && !names.holds(&id, condition)?
            {
                continue;
            }
            if template.takes_watch(&id, &resource) {
                continue;
            }
            let properties = names.resolve(&id, resource.properties)?;
            match resource.kind.as_str() {
                "AWS::DynamoDB::Table" => {
                    template.tables.insert(id.clone(), table::table(&id, properties)?);
                }
                "AWS::SQS::Queue" => {
                    template.queues.insert(id.clone(), resource::queue(&id, properties)?);
                }
                "AWS::Events::EventBus" => {
                    template.buses.insert(id);
                }
                "AWS::IAM::Role" => {
                    let grants = resource::role(&id, properties)?;
                    roles.insert(id, grants);
                }
                "AWS::Serverless::Function" => {
                    let (folder, function) = resource::function(&id, properties, &defaults)?;
                    if let Some(other) = template.functions.insert(folder.clone(), function) {
                        return Err(TemplateError::new(
                            id,
                            format!("functions/{folder} is {} too", other.logical_id),
                            "give each folder under functions/ one function",
                        ));
                    }
                }
                kind => http.add(id, kind, properties)?,
            }
        }
        wiring::grant(&mut template, &roles)?;
        wiring::check(&template)?;
        template.routes = http.routes(&template.functions)?;
        Ok(template)
    }

    /// Takes what watches a stack on AWS. It is counted for what it costs, and its references are left as they are: what they
    /// name of AWS's own has no counterpart here.
    fn takes_watch(&mut self, id: &str, resource: &document::Resource) -> bool {
        match resource.kind.as_str() {
            "AWS::CloudWatch::Alarm" => {
                self.alarms.insert(id.to_owned(), resource::metrics(&resource.properties));
                true
            }
            "AWS::CloudWatch::Dashboard" => self.dashboards.insert(id.to_owned()),
            _ => false,
        }
    }

    /// The rules on a bus: the pattern of each, and the folder of the function that takes what matches.
    pub fn rules(&self, bus: &str) -> impl Iterator<Item = (&Value, &str)> {
        self.functions.iter().flat_map(move |(folder, function)| {
            function.sources.iter().filter_map(move |source| match source {
                Source::Rule { bus: on, pattern } if on == bus => Some((pattern, folder.as_str())),
                Source::Rule { .. } | Source::Queue { .. } | Source::Schedule { .. } => None,
            })
        })
    }
}

/// What is wrong with a template, where, and what would be right.
#[derive(Debug, PartialEq)]
pub struct TemplateError {
    /// The logical id, followed by the event's name where one is meant.
    at: String,
    problem: String,
    remedy: String,
}

impl TemplateError {
    fn new(at: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { at: at.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}; {}", self.at, self.problem, self.remedy)
    }
}

impl std::error::Error for TemplateError {}
