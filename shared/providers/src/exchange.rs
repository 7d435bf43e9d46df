//! One request to a provider, and its answer whole.

use std::fmt;

use http::{HeaderMap, header};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use crate::answer::{SendError, sort_failure};

/// What a provider answered. The body may repeat a number or a text, so it is not shown.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A request with a form as its body.
pub(crate) fn with_form<'a>(
    request: RequestBuilder,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// Makes a request, once.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<Answer, SendError> {
    let response = request.send().await.map_err(|error| sort_failure(&error))?;
    let status = response.status();
    let headers = response.headers().clone();
    let body = match response.bytes().await {
        Ok(body) => body.to_vec(),
        // A refusal is one by its status alone; an acceptance whose body is lost stays unreadable.
        Err(_) => Vec::new(),
    };
    Ok(Answer { status, headers, body })
}
