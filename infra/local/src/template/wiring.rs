//! Whether what a template ties together fits: what `CloudFormation` accepts, and only the running system would show.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::reference::{arn, logical_id};
use super::resource::properties;
use super::{Function, Queue, Route, Source, Template, TemplateError};
use crate::events::DEFAULT_BUS;
use crate::region::queue_url;
use crate::schedule::Schedule;

/// AWS's advice: a throttled batch is tried again several times before its messages show up a second time.
const VISIBILITY_PER_TIMEOUT: u32 = 6;
/// The limits that Lambda takes to how many batches of a queue are under way.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html>
const CONCURRENCY: std::ops::RangeInclusive<u32> = 2..=1000;
/// The largest batch that Lambda takes from a queue without waiting for it to fill.
const BATCH_SIZE_WITHOUT_WINDOW: u32 = 10;

/// Gives each function what its role allows.
pub(super) fn grant(
    template: &mut Template,
    roles: &BTreeMap<String, BTreeSet<(String, String)>>,
) -> Result<(), TemplateError> {
    for function in template.functions.values_mut() {
        let grants = roles.get(&function.role).ok_or_else(|| {
            TemplateError::new(
                &function.logical_id,
                format!("its role is {}, which is no role", function.role),
                "set Role to the Arn of a role of this template",
            )
        })?;
        function.grants.clone_from(grants);
    }
    Ok(())
}

/// Checks queues, event sources and permissions.
pub(super) fn check(template: &Template) -> Result<(), TemplateError> {
    for (id, queue) in &template.queues {
        if let Some(dead) = &queue.dead_letters
            && !template.queues.contains_key(&dead.queue)
        {
            return Err(TemplateError::new(
                id,
                format!("its dead letters go to {}, which is no queue", dead.queue),
                "name the Arn of a queue of this template",
            ));
        }
    }
    for function in template.functions.values() {
        for source in &function.sources {
            check_source(template, function, source)?;
        }
        check_grants(template, function)?;
    }
    Ok(())
}

fn check_source(template: &Template, function: &Function, source: &Source) -> Result<(), TemplateError> {
    let id = &function.logical_id;
    match source {
        Source::Queue { queue, batch_size, window_seconds, concurrency } => {
            let Some(properties) = template.queues.get(queue) else {
                return Err(TemplateError::new(
                    id,
                    format!("it takes batches from {queue}, which is no queue"),
                    "name the Arn of a queue of this template",
                ));
            };
            if *batch_size > BATCH_SIZE_WITHOUT_WINDOW && *window_seconds == 0 {
                return Err(TemplateError::new(
                    id,
                    format!("batches of {batch_size} from {queue} without a batching window"),
                    "set MaximumBatchingWindowInSeconds to 1 or more",
                ));
            }
            if let Some(limit) = concurrency.filter(|limit| !CONCURRENCY.contains(limit)) {
                return Err(TemplateError::new(
                    id,
                    format!("MaximumConcurrency {limit} for {queue} is out of range"),
                    format!("set it to {} to {}", CONCURRENCY.start(), CONCURRENCY.end()),
                ));
            }
            check_visibility(queue, properties, function, *window_seconds)
        }
        Source::Schedule { expression, time_zone, .. } => Schedule::parse(expression, time_zone)
            .map(|_| ())
            .map_err(|error| TemplateError::new(id, error.problem, error.remedy)),
        Source::Rule { bus, .. } if bus != DEFAULT_BUS && !template.buses.contains(bus) => {
            Err(TemplateError::new(
                id,
                format!("its rule is on {bus}, which is no bus"),
                "name an event bus of this template",
            ))
        }
        Source::Rule { .. } => Ok(()),
    }
}

fn check_visibility(
    id: &str,
    queue: &Queue,
    function: &Function,
    window_seconds: u32,
) -> Result<(), TemplateError> {
    let least = VISIBILITY_PER_TIMEOUT * function.timeout_seconds + window_seconds;
    if queue.visibility_seconds >= least {
        return Ok(());
    }
    Err(TemplateError::new(
        id,
        format!(
            "messages are hidden for {} s while {} may take {} s",
            queue.visibility_seconds, function.logical_id, function.timeout_seconds
        ),
        format!("set VisibilityTimeout to {least} or more"),
    ))
}

/// What a function is told the address of, it must be allowed to use.
fn check_grants(template: &Template, function: &Function) -> Result<(), TemplateError> {
    for (variable, value) in &function.environment {
        let (service, action, resource) = if variable == "TABLE_NAME" {
            ("AWS::DynamoDB::Table", "dynamodb:", value.as_str())
        } else if variable == "BUS_NAME" {
            ("AWS::Events::EventBus", "events:PutEvents", value.as_str())
        } else if let Some(queue) = template.queues.keys().find(|queue| queue_url(queue) == *value) {
            ("AWS::SQS::Queue", "sqs:SendMessage", queue.as_str())
        } else {
            continue;
        };
        let arn = arn(service, resource).unwrap_or_default();
        if !function.grants.iter().any(|(allowed, on)| {
            allowed.starts_with(action) && (*on == arn || on.starts_with(&format!("{arn}/")))
        }) {
            return Err(TemplateError::new(
                &function.logical_id,
                format!("it is given {variable} but no permission to use {resource}"),
                format!("allow {action} on {resource} in its role, or take the variable away"),
            ));
        }
    }
    Ok(())
}

/// The HTTP API's parts, which refer to each other in any order.
#[derive(Default)]
pub(super) struct Http {
    /// Integrations, and the logical id of the function behind each.
    integrations: BTreeMap<String, String>,
    /// Logical ids of the functions that the API may invoke.
    permitted: BTreeSet<String>,
    routes: BTreeMap<String, RouteProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RouteProperties {
    route_key: String,
    target: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IntegrationProperties {
    integration_uri: String,
    payload_format_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PermissionProperties {
    function_name: String,
    principal: String,
}

impl Http {
    /// Takes a resource that is neither storage nor function.
    pub(super) fn add(&mut self, id: String, kind: &str, value: Value) -> Result<(), TemplateError> {
        match kind {
            "AWS::ApiGatewayV2::Integration" => {
                let integration: IntegrationProperties = properties(&id, kind, value)?;
                if integration.payload_format_version != "2.0" {
                    return Err(TemplateError::new(
                        id,
                        format!("the functions do not read payload {}", integration.payload_format_version),
                        "set PayloadFormatVersion to \"2.0\"",
                    ));
                }
                self.integrations.insert(id, logical_id(&integration.integration_uri).to_owned());
            }
            "AWS::ApiGatewayV2::Route" => {
                self.routes.insert(id.clone(), properties(&id, kind, value)?);
            }
            "AWS::Lambda::Permission" => {
                let permission: PermissionProperties = properties(&id, kind, value)?;
                if permission.principal == "apigateway.amazonaws.com" {
                    self.permitted.insert(logical_id(&permission.function_name).to_owned());
                }
            }
            _ => {
                return Err(TemplateError::new(
                    id,
                    format!("the one-machine runtime has no {kind}"),
                    "teach it the type (infra/local/src/template.rs) or leave the resource out",
                ));
            }
        }
        Ok(())
    }

    /// The routes, each with the folder of its function.
    pub(super) fn routes(self, functions: &BTreeMap<String, Function>) -> Result<Vec<Route>, TemplateError> {
        let mut routes = Vec::new();
        for (id, route) in self.routes {
            let Some((method, path)) = route.route_key.split_once(' ') else {
                return Err(TemplateError::new(
                    id,
                    format!("RouteKey {:?} is not a method and a path", route.route_key),
                    "write it like \"GET /l/{code}\"",
                ));
            };
            let Some(target) = self.integrations.get(logical_id(&route.target)) else {
                return Err(TemplateError::new(
                    id,
                    format!("its target {} is no integration", route.target),
                    "write it as !Sub \"integrations/${AnIntegration}\"",
                ));
            };
            let Some((folder, _)) = functions.iter().find(|(_, function)| function.logical_id == *target)
            else {
                return Err(TemplateError::new(
                    id,
                    format!("its integration invokes {target}, which is no function"),
                    "set IntegrationUri to the Arn of a function of this template",
                ));
            };
            if !self.permitted.contains(target) {
                return Err(TemplateError::new(
                    id,
                    format!("the API may not invoke {target}"),
                    "add an AWS::Lambda::Permission for apigateway.amazonaws.com",
                ));
            }
            routes.push(Route { method: method.to_owned(), path: path.to_owned(), function: folder.clone() });
        }
        Ok(routes)
    }
}
