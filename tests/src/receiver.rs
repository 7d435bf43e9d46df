//! A system of the shop's own, to which webhooks go.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that it was sent.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where to.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// What it says.
    pub body: Vec<u8>,
}

impl Post {
    /// What it says, read as JSON.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The id by which one that comes twice is known.
    pub fn id(&self) -> Result<String> {
        Ok(self.headers.get("webhook-id").context("a post without an id")?.to_str()?.to_owned())
    }
}

/// The system; it takes whatever comes unless it is told what to answer.
#[derive(Clone)]
pub struct Receiver {
    /// Where webhooks go.
    pub url: String,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    posts: Vec<Post>,
    answers: VecDeque<u16>,
}

impl Receiver {
    /// Starts one on a free port; it ends with the runtime of the test.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/hooks", listener.local_addr()?);
        let told = Arc::new(Mutex::new(Told::default()));
        let router = Router::new().fallback(take).with_state(Arc::clone(&told));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, told })
    }

    /// What it answers next, one after the other; 204 after that.
    pub fn answers(&self, statuses: &[u16]) {
        lock(&self.told).answers = statuses.iter().copied().collect();
    }

    /// What it was sent, in order.
    pub fn posts(&self) -> Vec<Post> {
        lock(&self.told).posts.clone()
    }
}

async fn take(State(told): State<Arc<Mutex<Told>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut told = lock(&told);
    told.posts.push(Post { path: uri.path().to_owned(), headers, body: body.to_vec() });
    let status = told.answers.pop_front().and_then(|status| StatusCode::from_u16(status).ok());
    (status.unwrap_or(StatusCode::NO_CONTENT), [(LOCATION, "/elsewhere")]).into_response()
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
