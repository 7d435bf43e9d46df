//! A stand-in of LINE's Messaging API: it takes each retry key once, as the documentation says, and posts what people do.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::time::Timestamp;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

/// What webhooks are signed with.
pub const CHANNEL_SECRET: &str = "8c570fa6dd201bb328f1c1eac23a96d8";

/// What pushes are authorised by.
pub const TOKEN: &str = "line-token";

/// A message that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The retry key.
    pub key: String,
    /// To whom.
    pub to: String,
    /// The text.
    pub text: String,
}

/// The stand-in.
#[derive(Clone)]
pub struct LineApi {
    /// Where it is reached.
    pub url: String,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    taken: Vec<Taken>,
    /// How often each key came.
    keys: BTreeMap<String, usize>,
    /// How many answers break off after their message was taken.
    to_lose: usize,
    /// Whether it answers 503 to everything.
    down: bool,
    /// How many requests from now on are too many.
    too_many: usize,
}

impl LineApi {
    /// Starts one on a free port; it ends with the runtime of the test.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let told = Arc::new(Mutex::new(Told::default()));
        let router = Router::new()
            .route("/v2/bot/message/push", post(push))
            .route("/v2/bot/info", get(async || Json(json!({ "basicId": "@216ru" }))))
            .with_state(Arc::clone(&told));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, told })
    }

    /// The definition of an account here, which all messages by LINE go through.
    pub fn providers(&self) -> String {
        let url = &self.url;
        format!(
            "providers:
  accounts: {{ official: {{ provider: line, url: \"{url}\" }} }}
  routes: [{{ channel: line, to: {{ official: 1 }} }}]
"
        )
    }

    /// So many answers from now on never arrive, though their messages are taken.
    pub fn lose_answers(&self, count: usize) {
        lock(&self.told).to_lose = count;
    }

    /// Whether it is down from now on.
    pub fn down(&self, down: bool) {
        lock(&self.told).down = down;
    }

    /// So many requests from now on are one too many: they are answered by 429, and nothing is done.
    pub fn throttle(&self, count: usize) {
        lock(&self.told).too_many = count;
    }

    /// Forgets every retry key, as it does after 24 hours.
    pub fn forget_keys(&self) {
        lock(&self.told).keys.clear();
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.told).taken.clone()
    }

    /// How often it was asked with the key of each message that it took, in their order.
    pub fn asked(&self) -> Vec<usize> {
        let told = lock(&self.told);
        told.taken.iter().map(|taken| told.keys.get(&taken.key).copied().unwrap_or_default()).collect()
    }
}

async fn push(State(told): State<Arc<Mutex<Told>>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refuse =
        |status: StatusCode, message: &str| (status, Json(json!({ "message": message }))).into_response();
    if header("authorization") != format!("Bearer {TOKEN}") {
        return refuse(StatusCode::UNAUTHORIZED, "Authentication failed");
    }
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| said.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
    let (Some(to), Some(text)) = (text("/to"), text("/messages/0/text")) else {
        return refuse(StatusCode::BAD_REQUEST, "The request body has 1 error(s)");
    };
    let key = header("x-line-retry-key").to_owned();
    let mut told = lock(&told);
    if told.down {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "down");
    }
    if told.too_many > 0 {
        told.too_many -= 1;
        return refuse(StatusCode::TOO_MANY_REQUESTS, "You have reached your limit of requests");
    }
    let times = told.keys.entry(key.clone()).or_default();
    *times += 1;
    if *times > 1 {
        let message = json!({ "message": "The retry key is already accepted" });
        return (StatusCode::CONFLICT, [("x-line-accepted-request-id", "1")], Json(message)).into_response();
    }
    told.taken.push(Taken { key, to, text });
    if told.to_lose > 0 {
        told.to_lose -= 1;
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        return Body::from_stream(stream::iter([Ok("{\"sent"), Err(broken)])).into_response();
    }
    let id = told.taken.len().to_string();
    Json(json!({ "sentMessages": [{ "id": id, "quoteToken": "q" }] })).into_response()
}

/// A webhook about one thing that a person did, and its signature. `did` is what is said beside who and when, such as
/// `{ "type": "unfollow" }`.
pub fn webhook(user: &str, did: &Value, at: Timestamp) -> (String, String) {
    let mut event = json!({
        "mode": "active", "timestamp": at.seconds() * 1_000, "source": { "type": "user", "userId": user },
        "webhookEventId": format!("01FZ{}", at.seconds()), "deliveryContext": { "isRedelivery": false },
    });
    for (name, value) in did.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    let body = json!({ "destination": "Uffffffffffffffffffffffffffffffff", "events": [event] }).to_string();
    let signature = sign(&body, CHANNEL_SECRET);
    (body, signature)
}

/// What LINE puts in `x-line-signature`.
pub fn sign(body: &str, secret: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mac = mac.map(|mac| mac.chain_update(body.as_bytes()).finalize().into_bytes());
    mac.map(|mac| STANDARD.encode(mac)).unwrap_or_default()
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
