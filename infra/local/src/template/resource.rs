//! The properties of queues and functions, as `CloudFormation` and SAM write them.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::reference::{logical_id, plain_text};
use super::{DeadLetters, FUNCTIONS, Function, Queue, Source, TemplateError};
use crate::events::DEFAULT_BUS;

/// What SQS and Lambda take when the template does not say.
const VISIBILITY_SECONDS: u32 = 30;
const TIMEOUT_SECONDS: u32 = 3;
const MEMORY_MB: u32 = 128;
const BATCH_SIZE: u32 = 10;

/// Reads a resource's properties; `at` is its logical id.
pub(super) fn properties<T: DeserializeOwned>(
    at: &str,
    kind: &str,
    properties: Value,
) -> Result<T, TemplateError> {
    serde_json::from_value(properties).map_err(|error| {
        TemplateError::new(at, error.to_string(), format!("write it as the one-machine runtime reads {kind}"))
    })
}

/// `FifoQueue` and whatever else is not here would make the laptop differ from AWS, so it is refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct QueueProperties {
    visibility_timeout: Option<u32>,
    delay_seconds: Option<u32>,
    redrive_policy: Option<RedrivePolicy>,
    #[serde(rename = "MessageRetentionPeriod")]
    _message_retention_period: Option<IgnoredAny>,
    #[serde(rename = "SqsManagedSseEnabled")]
    _sqs_managed_sse_enabled: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: u32,
}

pub(super) fn queue(id: &str, value: Value) -> Result<Queue, TemplateError> {
    let value = if value.is_null() { Value::Object(serde_json::Map::new()) } else { value };
    let queue: QueueProperties = properties(id, "AWS::SQS::Queue", value)?;
    Ok(Queue {
        visibility_seconds: queue.visibility_timeout.unwrap_or(VISIBILITY_SECONDS),
        delay_seconds: queue.delay_seconds.unwrap_or(0),
        dead_letters: queue.redrive_policy.map(|policy| DeadLetters {
            queue: logical_id(&policy.dead_letter_target_arn).to_owned(),
            max_receives: policy.max_receive_count,
        }),
    })
}

/// How many metrics an alarm reads: those of its `Metrics` that are no expression, or the one that it names itself.
pub(super) fn metrics(alarm: &Value) -> u32 {
    alarm["Metrics"].as_array().map_or(1, |metrics| {
        let read = metrics.iter().filter(|metric| metric.get("MetricStat").is_some());
        u32::try_from(read.count()).unwrap_or(u32::MAX)
    })
}

/// What `Globals` says of every function.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Defaults {
    timeout: Option<u32>,
    memory_size: Option<u32>,
    environment: Environment,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Globals {
    function: Defaults,
}

pub(super) fn defaults(globals: Value) -> Result<Defaults, TemplateError> {
    let globals: Option<Globals> = properties("Globals", "Globals", globals)?;
    Ok(globals.unwrap_or_default().function)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    code_uri: String,
    role: String,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Deserialize)]
#[serde(tag = "Type", content = "Properties")]
enum Event {
    #[serde(rename = "SQS")]
    Queue(QueueEvent),
    #[serde(rename = "ScheduleV2")]
    Schedule(ScheduleEvent),
    #[serde(rename = "EventBridgeRule")]
    Rule(RuleEvent),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct QueueEvent {
    queue: String,
    batch_size: Option<u32>,
    maximum_batching_window_in_seconds: Option<u32>,
    scaling_config: Option<ScalingConfig>,
    #[serde(default)]
    function_response_types: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScalingConfig {
    #[serde(deserialize_with = "whole_number")]
    maximum_concurrency: u32,
}

/// A number, or the text that a reference to a parameter becomes.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = plain_text(&value).unwrap_or_default();
    text.parse().map_err(|_| D::Error::custom(format!("{value} is not a whole number")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScheduleEvent {
    name: Option<String>,
    schedule_expression: String,
    schedule_expression_timezone: Option<String>,
    #[serde(rename = "RetryPolicy")]
    _retry_policy: Option<IgnoredAny>,
    #[serde(rename = "DeadLetterConfig")]
    _dead_letter_config: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleEvent {
    event_bus_name: Option<String>,
    pattern: Value,
    #[serde(rename = "DeadLetterConfig")]
    _dead_letter_config: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleProperties {
    policies: Vec<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_document: PolicyDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDocument {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: OneOrMany,
    resource: OneOrMany,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

/// What a role allows: an action and the resource it may be used on.
pub(super) fn role(id: &str, value: Value) -> Result<BTreeSet<(String, String)>, TemplateError> {
    let role: RoleProperties = properties(id, "AWS::IAM::Role", value)?;
    let statements = role.policies.iter().flat_map(|policy| &policy.policy_document.statement);
    let grants =
        statements.flat_map(|statement| {
            let resources = statement.resource.as_slice();
            statement.action.as_slice().iter().flat_map(move |action| {
                resources.iter().map(move |resource| (action.clone(), resource.clone()))
            })
        });
    Ok(grants.collect())
}

/// Reads a function and the folder it is in.
pub(super) fn function(
    id: &str,
    value: Value,
    defaults: &Defaults,
) -> Result<(String, Function), TemplateError> {
    let function: FunctionProperties = properties(id, "AWS::Serverless::Function", value)?;
    let folder = function.code_uri.rsplit('/').next().unwrap_or_default();
    if !FUNCTIONS.contains(&folder) {
        return Err(TemplateError::new(
            id,
            format!("CodeUri names functions/{folder}, which does not exist"),
            format!("end it in one of {}", FUNCTIONS.join(", ")),
        ));
    }
    let mut environment = BTreeMap::new();
    for (name, value) in defaults.environment.variables.iter().chain(&function.environment.variables) {
        let text = plain_text(value).ok_or_else(|| {
            TemplateError::new(
                id,
                format!("the environment variable {name} is not text"),
                "give it one value",
            )
        })?;
        environment.insert(name.clone(), text);
    }
    let mut sources = Vec::new();
    for (name, event) in function.events {
        sources.push(source(&format!("{id}.{name}"), event)?);
    }
    let role = logical_id(&function.role).to_owned();
    let timeout_seconds = function.timeout.or(defaults.timeout).unwrap_or(TIMEOUT_SECONDS);
    Ok((
        folder.to_owned(),
        Function {
            logical_id: id.to_owned(),
            timeout_seconds,
            memory_mb: function.memory_size.or(defaults.memory_size).unwrap_or(MEMORY_MB),
            environment,
            sources,
            role,
            grants: BTreeSet::new(),
        },
    ))
}

fn source(at: &str, event: Event) -> Result<Source, TemplateError> {
    match event {
        Event::Queue(event) => {
            if !event.function_response_types.contains("ReportBatchItemFailures") {
                return Err(TemplateError::new(
                    at,
                    "one failed message would bring its whole batch back",
                    "set FunctionResponseTypes: [ReportBatchItemFailures]",
                ));
            }
            Ok(Source::Queue {
                queue: logical_id(&event.queue).to_owned(),
                batch_size: event.batch_size.unwrap_or(BATCH_SIZE),
                window_seconds: event.maximum_batching_window_in_seconds.unwrap_or(0),
                concurrency: event.scaling_config.map(|scaling| scaling.maximum_concurrency),
            })
        }
        Event::Schedule(event) => Ok(Source::Schedule {
            name: event.name.ok_or_else(|| {
                TemplateError::new(
                    at,
                    "the schedule has no Name, so two stacks in one account collide",
                    "set one that begins with ${AWS::StackName}",
                )
            })?,
            expression: event.schedule_expression,
            time_zone: event.schedule_expression_timezone.unwrap_or_else(|| "UTC".to_owned()),
        }),
        Event::Rule(event) => {
            let bus = event.event_bus_name.as_deref().map_or(DEFAULT_BUS, logical_id);
            Ok(Source::Rule { bus: bus.to_owned(), pattern: event.pattern })
        }
    }
}
