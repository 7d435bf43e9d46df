//! The other side in tests: a server that keeps what it was asked and answers as a provider would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::{MethodRouter, any};
use domain::time::Timestamp;
use tokio::net::TcpListener;

use crate::account::Account;
use crate::answer::SendError;
use crate::post::Post;
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};
use crate::sms::{Purpose, SmsRequest};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// A provider on loopback.
#[derive(Clone, Debug)]
pub(crate) struct Counterpart {
    pub(crate) base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Counterpart {
    /// One that answers everything alike.
    pub(crate) async fn answering(status: u16, body: &'static str) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let status = StatusCode::from_u16(status).unwrap();
        let answer = any(move |method: Method, uri: Uri, headers: HeaderMap, body_: Bytes| async move {
            let body_ = String::from_utf8(body_.to_vec()).unwrap();
            kept.lock().unwrap().push(Asked { method, uri, headers, body: body_ });
            (status, body)
        });
        Self { base_url: serve(answer).await, asked }
    }

    /// One that takes a request and never answers.
    pub(crate) async fn silent() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let never = any(move |method: Method, uri: Uri, headers: HeaderMap| {
            kept.lock().unwrap().push(Asked { method, uri, headers, body: String::new() });
            std::future::pending::<()>()
        });
        Self { base_url: serve(never).await, asked }
    }

    /// The one request that came.
    pub(crate) fn only(&self) -> Asked {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn serve(answer: MethodRouter) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    base_url
}

/// The address of nobody: a connection to it is refused.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// An account.
pub(crate) fn account(base_url: &str, settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> Account {
    let map = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    Account {
        name: "notices".to_owned(),
        url: Some(base_url.to_owned()),
        settings: map(settings),
        secrets: map(secrets),
        generic: None,
        callback: Some(CALLBACK.to_owned()),
    }
}

/// The address of its callback.
pub(crate) const CALLBACK: &str = "https://shop.example/callbacks/notices/0123456789abcdef";
/// The secret segment of that.
pub(crate) const SEGMENT: &str = "0123456789abcdef";

/// The instant at which the recorded posts arrive.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

/// The SMS that is sent.
pub(crate) const REQUEST: SmsRequest<'static> = SmsRequest {
    reference: "k3Jd02aZ9QmX",
    to: "+819012345678",
    text: "つなぎ & 100% https://t.example/k3Jd02aZ9QmX",
    purpose: Purpose::Marketing,
};

/// A receipt of the message that was sent, which says nothing of parts and price.
pub(crate) fn receipt(status: ReceiptStatus) -> Notice {
    let reference = REQUEST.reference.to_owned();
    Notice::Receipt { reference, status, at: NOW, parts: None, price: None }
}

/// That it did not arrive.
pub(crate) fn undelivered(reason: &str) -> ReceiptStatus {
    ReceiptStatus::Undelivered { reason: reason.to_owned() }
}

/// An error in a post.
pub(crate) fn malformed(place: &str) -> ReceiptError {
    ReceiptError::Malformed { place: place.to_owned() }
}

/// That the account, its key or its sender is wrong.
pub(crate) fn configuration(reason: &str) -> SendError {
    SendError::Configuration { reason: reason.to_owned() }
}

/// That the message is refused.
pub(crate) fn permanent(code: &str) -> SendError {
    SendError::Permanent { code: code.to_owned() }
}

/// A post in JSON by the secret path.
pub(crate) fn json_post<'a>(headers: &'a HeaderMap, segment: &'a str, body: &'a [u8]) -> Post<'a> {
    Post { method: &Method::POST, url: CALLBACK, segment: Some(segment), headers, body }
}
