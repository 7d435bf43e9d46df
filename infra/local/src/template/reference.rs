//! What references and conditions stand for on one machine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::document::Document;
use super::{Given, TemplateError};
use crate::region::{ACCOUNT, NAME, queue_url};

const STACK: &str = "tsunagi";

/// The logical id of what an ARN names.
pub(super) fn logical_id(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

/// The ARN of a resource on one machine, if resources of its type are referred to by ARN.
pub(super) fn arn(kind: &str, id: &str) -> Option<String> {
    let (service, prefix) = match kind {
        "AWS::DynamoDB::Table" => ("dynamodb", "table/"),
        "AWS::SQS::Queue" => ("sqs", ""),
        "AWS::Events::EventBus" => ("events", "event-bus/"),
        "AWS::Serverless::Function" => ("lambda", "function:"),
        "AWS::IAM::Role" => ("iam", "role/"),
        "AWS::Logs::LogGroup" => ("logs", "log-group:"),
        _ => return None,
    };
    Some(format!("arn:aws:{service}:{NAME}:{ACCOUNT}:{prefix}{id}"))
}

/// Everything that a reference can name.
pub(super) struct Names {
    /// Parameters and pseudo parameters with their values.
    parameters: BTreeMap<String, String>,
    /// Resources with their types.
    resources: BTreeMap<String, String>,
    /// Conditions, as they are written.
    conditions: BTreeMap<String, Value>,
    /// What the stack's secret holds.
    secrets: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn new(document: &Document, given: &Given) -> Result<Self, TemplateError> {
        let Given { parameters: given, secrets } = given;
        if let Some(unknown) = given.keys().find(|name| !document.parameters.contains_key(*name)) {
            let known: Vec<_> = document.parameters.keys().map(String::as_str).collect();
            return Err(TemplateError::new(
                format!("parameter {unknown}"),
                "the template has none of this name",
                format!("use one of {}", known.join(", ")),
            ));
        }
        let mut parameters: BTreeMap<_, _> = [
            ("AWS::AccountId", ACCOUNT),
            ("AWS::Partition", "aws"),
            ("AWS::Region", NAME),
            ("AWS::StackName", STACK),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, parameter) in &document.parameters {
            let at = || format!("parameter {name}");
            let value = given.get(name).cloned().or_else(|| parameter.default.as_ref().and_then(plain_text));
            let value = value.ok_or_else(|| {
                TemplateError::new(at(), "no value is given and it has no default", "give it a value")
            })?;
            let allowed: Vec<_> = parameter.allowed_values.iter().filter_map(plain_text).collect();
            if !allowed.is_empty() && !allowed.contains(&value) {
                return Err(TemplateError::new(
                    at(),
                    format!("{value} is not allowed"),
                    format!("use one of {}", allowed.join(", ")),
                ));
            }
            parameters.insert(name.clone(), value);
        }
        let resources = document.resources.iter().map(|(id, r)| (id.clone(), r.kind.clone())).collect();
        Ok(Self { parameters, resources, conditions: document.conditions.clone(), secrets: secrets.clone() })
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, at: &str, name: &str) -> Result<bool, TemplateError> {
        let condition = self.conditions.get(name).ok_or_else(|| {
            TemplateError::new(
                at,
                format!("it depends on {name}, which is no condition"),
                "add it to Conditions or correct the name",
            )
        })?;
        self.truth(name, condition)
    }

    fn truth(&self, at: &str, condition: &Value) -> Result<bool, TemplateError> {
        let written = condition.as_object().and_then(|map| map.iter().next());
        let unknown = || {
            TemplateError::new(
                at,
                format!("{condition} is not known to the one-machine runtime"),
                "write it with Equals, Not, And, Or, or Condition",
            )
        };
        let (name, argument) = written.ok_or_else(unknown)?;
        match (name.as_str(), argument) {
            ("Condition", Value::String(name)) => self.holds(at, name),
            ("Fn::Equals", Value::Array(sides)) => {
                let sides = sides.iter().map(|side| self.resolve(at, side.clone()));
                let sides = sides.collect::<Result<Vec<_>, _>>()?;
                Ok(sides.windows(2).all(|pair| plain_text(&pair[0]) == plain_text(&pair[1])))
            }
            ("Fn::Not", Value::Array(of)) => {
                of.first().map_or_else(|| Err(unknown()), |of| Ok(!self.truth(at, of)?))
            }
            ("Fn::And", Value::Array(of)) => {
                of.iter().try_fold(true, |all, of| Ok(self.truth(at, of)? && all))
            }
            ("Fn::Or", Value::Array(of)) => {
                of.iter().try_fold(false, |any, of| Ok(self.truth(at, of)? || any))
            }
            _ => Err(unknown()),
        }
    }

    /// The value with every reference in it replaced by what it stands for.
    pub(super) fn resolve(&self, at: &str, value: Value) -> Result<Value, TemplateError> {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.resolve(at, item)).collect(),
            Value::Object(map) => self.resolve_map(at, map),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value),
        }
    }

    fn resolve_map(&self, at: &str, map: Map<String, Value>) -> Result<Value, TemplateError> {
        let mut entries = map.iter();
        if let (Some((name, argument)), None) = (entries.next(), entries.next())
            && (name == "Ref" || name.starts_with("Fn::"))
        {
            return match (name.as_str(), argument) {
                ("Fn::If", Value::Array(parts)) => self.chosen(at, parts),
                _ => self.call(at, name, argument).map(Value::String),
            };
        }
        let resolved = map.into_iter().map(|(key, value)| Ok((key, self.resolve(at, value)?)));
        resolved.collect::<Result<Map<_, _>, _>>().map(Value::Object)
    }

    /// The one of two values that the condition before them chooses.
    fn chosen(&self, at: &str, parts: &[Value]) -> Result<Value, TemplateError> {
        let [Value::String(condition), then, otherwise] = parts else {
            return Err(TemplateError::new(
                at,
                "an If does not read",
                "write it as !If [Condition, then, otherwise]",
            ));
        };
        let chosen = if self.holds(at, condition)? { then } else { otherwise };
        self.resolve(at, chosen.clone())
    }

    fn call(&self, at: &str, name: &str, argument: &Value) -> Result<String, TemplateError> {
        match (name, argument) {
            ("Ref", Value::String(target)) => self.referred(at, target),
            ("Fn::Sub", Value::String(text)) => self.revealed(at, self.substitute(at, text)?),
            ("Fn::GetAtt", Value::String(target)) => self.attribute(at, target),
            ("Fn::GetAtt", Value::Array(parts)) => {
                let parts: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
                self.attribute(at, &parts.join("."))
            }
            _ => Err(TemplateError::new(
                at,
                format!("{name} of {argument} is not known to the one-machine runtime"),
                "write it with Ref, GetAtt, If, or Sub of one string",
            )),
        }
    }

    fn referred(&self, at: &str, target: &str) -> Result<String, TemplateError> {
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        match self.resources.get(target).map(String::as_str) {
            Some("AWS::SQS::Queue") => Ok(queue_url(target)),
            Some(_) => Ok(target.to_owned()),
            None => Err(TemplateError::new(
                at,
                format!("it refers to {target}, which is neither a parameter nor a resource"),
                "add the resource or correct the name",
            )),
        }
    }

    /// The value of `X.Arn`.
    fn attribute(&self, at: &str, target: &str) -> Result<String, TemplateError> {
        let resource = target.strip_suffix(".Arn");
        resource.and_then(|id| arn(self.resources.get(id)?, id)).ok_or_else(|| {
            TemplateError::new(
                at,
                format!("it refers to {target}, which does not exist"),
                "use the Arn of a table, queue, bus or function of this template",
            )
        })
    }

    fn substitute(&self, at: &str, text: &str) -> Result<String, TemplateError> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (target, after) = after.split_once('}').ok_or_else(|| {
                TemplateError::new(at, format!("a ${{ in {text:?} is never closed"), "close it with }")
            })?;
            result.push_str(before);
            result.push_str(&match target.strip_prefix('!') {
                Some(literal) => ["${", literal, "}"].concat(),
                None if target.contains('.') => self.attribute(at, target)?,
                None => self.referred(at, target)?,
            });
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    /// What a dynamic reference to a key of the secret stands for; any other text as it is.
    fn revealed(&self, at: &str, text: String) -> Result<String, TemplateError> {
        let reference =
            text.strip_prefix("{{resolve:secretsmanager:").and_then(|rest| rest.strip_suffix("}}"));
        let Some(reference) = reference else { return Ok(text) };
        let key = reference.split_once(":SecretString:").and_then(|(_, rest)| rest.split(':').next());
        let key = key.unwrap_or_default();
        self.secrets.get(key).cloned().ok_or_else(|| {
            TemplateError::new(
                at,
                format!("the secret holds no {key:?}"),
                format!(
                    "name one of {}",
                    self.secrets.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
                ),
            )
        })
    }
}

/// The secrets that a template's dynamic references name, as they are written there.
pub(super) fn secrets(text: &str) -> BTreeSet<String> {
    let references = text.split("{{resolve:secretsmanager:").skip(1);
    references.filter_map(|rest| Some(rest.split_once(":SecretString:")?.0.to_owned())).collect()
}

/// A value as `CloudFormation` hands it on: every parameter and every environment variable is text.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
