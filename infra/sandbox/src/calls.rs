//! The requests that people's actions become.

use domain::time::Timestamp;
use providers::receipts::{ID_HEADER, Notice, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;

use crate::agenda::Errand;
use crate::chance::hash;
use crate::people::Action;
use crate::sandbox::Shared;
use crate::shop::Purchase;

/// What people's browsers call themselves.
const BROWSER: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                       (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

/// What mail gateways call themselves.
const GATEWAY: &str = "Barracuda Sentinel (EE)";

/// One request, and the errands that hang on it.
pub(crate) struct Outcome {
    pub(crate) errands: Vec<Errand>,
    pub(crate) done: bool,
    pub(crate) status: Option<StatusCode>,
}

/// The id is of the content, so that the same post again carries the same id, as Standard Webhooks asks.
pub(crate) async fn post_notices(shared: &Shared, batch: Vec<(Errand, Notice)>) -> Outcome {
    let errands = batch.iter().map(|(errand, _)| *errand).collect();
    let notices: Vec<&Notice> = batch.iter().map(|(_, notice)| notice).collect();
    let body = serde_json::to_string(&notices).unwrap_or_default();
    let id = format!("msg_{:016x}", hash(shared.options.seed, &["post", &body]));
    let signed_at = Timestamp::from_seconds((shared.options.clock)().div_euclid(1000));
    let signature = sign(&shared.options.secret, &id, signed_at, body.as_bytes());
    let request = shared
        .client
        .post(format!("{}/callbacks/sandbox", shared.options.callback_url))
        .header(CONTENT_TYPE, "application/json")
        .header(ID_HEADER, id)
        .header(TIMESTAMP_HEADER, signed_at.seconds())
        .header(SIGNATURE_HEADER, signature)
        .body(body);
    post(request, errands).await
}

pub(crate) async fn post_events(
    shared: &Shared,
    write_key: &str,
    batch: Vec<(Errand, Purchase, String)>,
) -> Outcome {
    let errands = batch.iter().map(|(errand, ..)| *errand).collect();
    let events: Vec<_> = batch.iter().map(|(_, purchase, user_id)| purchase.track(user_id)).collect();
    let request = shared
        .client
        .post(format!("{}/v1/batch", shared.options.callback_url))
        .basic_auth(write_key, Some(""))
        .json(&json!({ "batch": events }));
    post(request, errands).await
}

async fn post(request: RequestBuilder, errands: Vec<Errand>) -> Outcome {
    let status = request.send().await.ok().map(|response| response.status());
    Outcome { errands, done: status.is_some_and(|status| status.is_success()), status }
}

/// A person or a gateway looks once; only when nothing came back do they look again.
pub(crate) async fn fetch(shared: &Shared, errand: Errand, url: String) -> Outcome {
    let agent = if errand.action == Action::Scan { GATEWAY } else { BROWSER };
    let response = shared.client.get(url).header(USER_AGENT, agent).send().await.ok();
    let status = response.map(|response| response.status());
    let done = status.is_some_and(|status| !status.is_server_error());
    Outcome { errands: vec![errand], done, status }
}
