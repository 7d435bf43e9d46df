//! The sandbox: a provider on loopback that delivers to an inbox instead of to people.

use std::fmt;

use cloud::config::{ConfigError, Vars};
use domain::tariff::Price;
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountError};
use crate::answer::{Accepted, LookUp, SendError, inconclusive, sort_failure, sort_status};
use crate::email::EmailRequest;
use crate::push::LineRequest;
use crate::settings::{Names, base_url, refuse_in_production, required};
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call the sandbox.
pub const NAME: &str = "sandbox";

/// What a look-up answers, with 404, when the reference was never accepted. Any other 404 is a wrong URL, which
/// proves nothing.
const NOT_ACCEPTED: &str = "not found";

/// A sandbox to talk to.
#[derive(Clone)]
pub struct Sandbox {
    client: reqwest::Client,
    base_url: String,
    key: String,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Sandbox {
    pub(crate) fn from_config(names: Names, vars: &Vars) -> Result<Self, ConfigError> {
        refuse_in_production(vars, names.provider)?;
        let base_url = base_url(vars, names.url)?;
        let key = required(vars, names.key, "the key that `tsunagi sandbox` was given")?;
        Ok(Self { client: crate::http::client(), base_url, key })
    }

    /// Through an account: `url` is where the sandbox listens, the secret `key` what it was given.
    pub(crate) fn open(account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        refuse_in_production(vars, "STAGE").map_err(|error| account.error("provider", &error.what))?;
        let base_url = account.base_url("http://127.0.0.1:8788")?;
        let key = account.secret("key", "the key that `tsunagi sandbox` was given")?.to_owned();
        Ok(Self { client: crate::http::client(), base_url, key })
    }

    pub(crate) async fn send_sms(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        let message = SmsMessage { reference: request.reference, to: request.to, text: request.text };
        self.send("/sms/messages", &message).await
    }

    pub(crate) async fn send_email(&self, request: &EmailRequest<'_>) -> Result<Accepted, SendError> {
        let message = EmailMessage {
            reference: request.reference,
            to: request.to,
            from: request.from,
            subject: request.subject,
            text: request.text,
            html: request.html,
            headers: request.headers,
        };
        self.send("/email/messages", &message).await
    }

    /// A message by LINE has what an SMS has.
    pub(crate) async fn send_line(&self, request: &LineRequest<'_>) -> Result<Accepted, SendError> {
        let message = SmsMessage { reference: request.reference, to: request.to, text: request.text };
        self.send("/line/messages", &message).await
    }

    pub(crate) async fn look_up_line(&self, reference: &str) -> Result<LookUp, SendError> {
        self.look_up("/line/messages", reference).await.map_err(inconclusive)
    }

    pub(crate) async fn look_up_sms(&self, reference: &str) -> Result<LookUp, SendError> {
        self.look_up("/sms/messages", reference).await.map_err(inconclusive)
    }

    pub(crate) async fn look_up_email(&self, reference: &str) -> Result<LookUp, SendError> {
        self.look_up("/email/messages", reference).await.map_err(inconclusive)
    }

    /// Asks after a message that never was.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        self.look_up_sms("tsunagi-check").await.map(|_| "the sandbox answers".to_owned())
    }

    async fn send(&self, path: &str, message: &impl Serialize) -> Result<Accepted, SendError> {
        let url = format!("{}{path}", self.base_url);
        let answer = self.call(self.client.post(url).json(message)).await?;
        answer.accepted().ok_or_else(|| answer.error())
    }

    async fn look_up(&self, path: &str, reference: &str) -> Result<LookUp, SendError> {
        let mut url = Url::parse(&format!("{}{path}", self.base_url))
            .map_err(|_| SendError::Configuration { reason: "the URL cannot be read".to_owned() })?;
        url.query_pairs_mut().append_pair("reference", reference);
        let answer = self.call(self.client.get(url)).await?;
        match answer.accepted() {
            Some(accepted) => Ok(LookUp::Accepted(accepted)),
            None if answer.status == StatusCode::NOT_FOUND
                && answer.refusal().as_deref() == Some(NOT_ACCEPTED) =>
            {
                Ok(LookUp::NotAccepted)
            }
            None => Err(answer.error()),
        }
    }

    async fn call(&self, request: RequestBuilder) -> Result<Answer, SendError> {
        let response = request.bearer_auth(&self.key).send().await.map_err(|error| sort_failure(&error))?;
        let status = response.status();
        let body = match response.bytes().await {
            Ok(body) => body.to_vec(),
            // A refusal is one by its status alone; an acceptance whose body is lost stays unreadable.
            Err(_) => Vec::new(),
        };
        Ok(Answer { status, body })
    }
}

struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    fn accepted(&self) -> Option<Accepted> {
        if !self.status.is_success() {
            return None;
        }
        let body: Acceptance = serde_json::from_slice(&self.body).ok()?;
        let price = body.price_yen.and_then(Price::of_yen);
        Some(Accepted { provider_id: body.id, parts: body.parts, price })
    }

    fn refusal(&self) -> Option<String> {
        serde_json::from_slice::<Refusal>(&self.body).ok().map(|body| body.error)
    }

    fn error(&self) -> SendError {
        sort_status(self.status, self.refusal().as_deref())
    }
}

#[derive(Serialize)]
struct SmsMessage<'a> {
    reference: &'a str,
    to: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct EmailMessage<'a> {
    reference: &'a str,
    to: &'a str,
    from: &'a str,
    subject: &'a str,
    text: &'a str,
    html: Option<&'a str>,
    headers: &'a [(String, String)],
}

#[derive(Deserialize)]
struct Acceptance {
    id: String,
    parts: u32,
    price_yen: Option<i64>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

#[cfg(test)]
mod tests;
