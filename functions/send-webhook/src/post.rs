//! One request, signed after Standard Webhooks (<https://www.standardwebhooks.com>).

use std::fmt;

use anyhow::anyhow;
use cloud::batch::Failure;
use cloud::config::{ConfigError, Vars};
use domain::time::Timestamp;
use domain::webhook::WebhookUrl;
use http::header::{CONTENT_TYPE, USER_AGENT};
use providers::receipts::Secret;
use providers::signature::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};

use crate::answer::{sort, sort_failure};

const SECRETS: &str = "WEBHOOK_SECRET";

/// What it takes to make requests.
#[derive(Clone)]
pub(crate) struct Post {
    client: reqwest::Client,
    /// More than one while receivers change from one to the next.
    secrets: Vec<Secret>,
    /// Whether plain HTTP may be used, to this machine.
    plain: bool,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post")
    }
}

impl Post {
    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        let secrets =
            vars.required(SECRETS)?.split_whitespace().map(Secret::parse).collect::<Result<Vec<_>, _>>();
        let secrets =
            secrets.map_err(|error| ConfigError { name: SECRETS, what: format!("is wrong: {error}") })?;
        if secrets.is_empty() {
            return Err(ConfigError { name: SECRETS, what: "is not set".to_owned() });
        }
        let plain = vars.get("STAGE").is_none_or(|stage| !stage.trim().eq_ignore_ascii_case("production"));
        Ok(Self { client: providers::http::client(), secrets, plain })
    }

    /// Makes one request and sorts its answer.
    pub(crate) async fn send(
        &self,
        url: &WebhookUrl,
        id: &str,
        at: Timestamp,
        body: String,
    ) -> Result<(), Failure> {
        if !url.is_encrypted() && !self.plain {
            return Err(Failure::Fail(anyhow!(
                "its address is plain http to this machine, which is for trying out; give it an https:// address"
            )));
        }
        let signatures: Vec<String> =
            self.secrets.iter().map(|secret| sign(secret, id, at, body.as_bytes())).collect();
        let request = self
            .client
            .post(url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("tsunagi/", env!("CARGO_PKG_VERSION")))
            .header(ID_HEADER, id)
            .header(TIMESTAMP_HEADER, at.seconds().to_string())
            .header(SIGNATURE_HEADER, signatures.join(" "))
            .body(body);
        // What stands in the answer says nothing to us, so it is not waited for.
        let answer = request.send().await.map_err(|error| sort_failure(&error))?;
        sort(answer.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn post(secrets: &str, stage: &str) -> Result<Post, String> {
        let (secrets, stage) = (secrets.to_owned(), stage.to_owned());
        let vars = Vars::new(move |name| match name {
            SECRETS => Some(secrets.clone()),
            "STAGE" => Some(stage.clone()),
            _ => None,
        });
        Post::from_vars(&vars).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_are_read_and_never_shown() {
        assert_eq!(post(SECRET, "development").unwrap().secrets.len(), 1);
        let second = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(post(&format!("{SECRET} {second}"), "production").unwrap().secrets.len(), 2);
        assert_eq!(post(" ", "development").unwrap_err(), "environment variable WEBHOOK_SECRET is not set");
        let error = post(&format!("{SECRET} secret"), "development").unwrap_err();
        assert!(
            error.starts_with("environment variable WEBHOOK_SECRET is wrong: not a webhook secret"),
            "{error}"
        );
        assert!(!error.contains(SECRET), "{error}");
    }

    #[tokio::test]
    async fn plain_http_is_refused_in_production() {
        let url = WebhookUrl::parse("http://127.0.0.1:9/").unwrap();
        let post = post(SECRET, "production").unwrap();
        let refused = post.send(&url, "1", Timestamp::from_seconds(0), "{}".to_owned()).await;
        assert!(matches!(refused, Err(Failure::Fail(error)) if error.to_string().contains("https://")));
    }
}
