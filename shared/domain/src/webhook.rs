//! Webhooks: where one goes, and what it says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::customer::{Customer, Value};
use crate::event::Properties;
use crate::input::WebhookTask;
use crate::journey::WebhookStep;
use crate::names::{CustomerId, JourneyName, StepName};

/// The most traits one webhook may tell of.
pub const TRAITS_LIMIT: usize = 50;

/// The most characters of an address.
const URL_LIMIT: usize = 2_000;

/// Addresses as they are usually written.
const PATTERN: &str = "^(https://[^{}]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])([:/?][^{}]*)?)$";

/// Where a webhook goes: an address that is fixed in the definition, so that nothing a customer says leads it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = PATTERN))]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads an address: https, or plain http to this machine.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            let example = "write it as https://shop.example.jp/hooks (http:// only to localhost)";
            Err(format!("`{text}` is no address for a webhook: {why}; {example}"))
        };
        if text.contains(['{', '}']) {
            return wrong("it is the same for every customer, without variables");
        }
        if text.chars().count() > URL_LIMIT {
            return Err(format!("an address of more than {URL_LIMIT} characters; use a shorter one"));
        }
        let Ok(url) = Url::parse(text) else { return wrong("it can't be read") };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return wrong("what it says would travel unencrypted"),
            _ => return wrong("it is no web address"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it holds a password; the signature tells the receiver who writes");
        }
        if url.fragment().is_some() {
            return wrong("what stands behind # reaches no server");
        }
        Ok(Self(url))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether what it is told travels encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The JSON that a webhook posts.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    at: String,
    journey: &'a JourneyName,
    version: u32,
    step: &'a StepName,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    customer: &'a CustomerId,
    traits: BTreeMap<&'a str, &'a Value>,
    event: &'a Properties,
}

/// What a webhook says: of the customer the id and, as they stand by now, the traits that the step lists; one that is not
/// known is null.
pub fn body(task: &WebhookTask, step: &WebhookStep, customer: &Customer) -> serde_json::Result<String> {
    let of = |name: &'_ String| customer.traits.get(name).map_or(&Value::Absent, |stamped| &stamped.0);
    serde_json::to_string(&Body {
        id: task.code.as_str(),
        at: task.at.to_string(),
        journey: &task.journey,
        version: task.version,
        step: &step.name,
        key: task.key.as_deref(),
        customer: &task.customer,
        traits: step.traits.iter().map(|name| (name.as_str(), of(name))).collect(),
        event: &task.event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_taken() {
        for text in [
            "https://shop.example.jp/hooks",
            "https://shop.example.jp:8443/hooks?shop=7",
            "https://日本語.example.jp/hooks",
            "https://10.0.0.7/hooks",
            "http://localhost:4000/",
            "http://127.0.0.1:4000/hooks",
            "http://[::1]:4000/hooks",
        ] {
            assert!(WebhookUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn addresses_that_are_refused_say_why() {
        for (text, why) in [
            ("https://{{ customer.host }}/hooks", "without variables"),
            ("http://shop.example.jp/hooks", "would travel unencrypted"),
            ("http://localhost.example.jp/hooks", "would travel unencrypted"),
            ("http://127.0.0.1.example.jp/hooks", "would travel unencrypted"),
            ("shop.example.jp/hooks", "it can't be read"),
            ("https://", "it can't be read"),
            ("ftp://shop.example.jp/hooks", "it is no web address"),
            ("mailto:shop@example.jp", "it is no web address"),
            ("https://me:secret@shop.example.jp/hooks", "it holds a password"),
            ("https://localhost@shop.example.jp/hooks", "it holds a password"),
            ("https://shop.example.jp/hooks#top", "reaches no server"),
            ("", "it can't be read"),
        ] {
            let error = WebhookUrl::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
