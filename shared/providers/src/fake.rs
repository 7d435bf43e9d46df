//! A provider on loopback, for tests: it answers as it is told, and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::any;
use tokio::net::TcpListener;

use crate::account::Account;
use crate::post::Post;
use crate::sms::{Purpose, SmsRequest};

/// The secret segment of every account's callback.
pub(crate) const SEGMENT: &str = "0123456789abcdef";
pub(crate) const CALLBACK: &str = "https://shop.example/callbacks/notices/0123456789abcdef";

/// A message to a number of Japan.
pub(crate) const REQUEST: SmsRequest<'static> = SmsRequest {
    reference: "k3Jd02aB9xYz",
    to: "+819012345678",
    text: "「つなぎ」商店です & 100% {{ text }}\n\"http://127.0.0.1/l/k3Jd02aB9xYz\"",
    purpose: Purpose::Marketing,
};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The fields of a form, or of the query.
    pub(crate) fn fields(&self) -> BTreeMap<String, String> {
        let query = self.uri.split_once('?').map_or("", |(_, query)| query);
        let encoded = if self.body.is_empty() { query } else { &self.body };
        url::form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
    }
}

/// A server that answers everything alike.
pub(crate) struct Fake {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(crate) async fn answering(status: u16, body: &str) -> Self {
        Self::with_headers(status, &[], body).await
    }

    pub(crate) async fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let named = |(name, value): &(&str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        let (headers, body): (HeaderMap, _) = (headers.iter().map(named).collect(), body.to_owned());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let answer = any(move |method: Method, uri: Uri, came: HeaderMap, text: Bytes| async move {
            let text = String::from_utf8(text.to_vec()).unwrap();
            kept.lock().unwrap().push(Asked { method, uri: uri.to_string(), headers: came, body: text });
            (status, headers, body)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// Everything it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The one request that it was sent.
    pub(crate) fn once(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}

/// An account at a provider that is reached at `url`.
pub(crate) fn account(url: &str, settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> Account {
    let owned = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let mut secrets = owned(secrets);
    secrets.insert("callback".to_owned(), SEGMENT.to_owned());
    Account {
        name: "notices".to_owned(),
        url: Some(url.to_owned()),
        settings: owned(settings),
        secrets,
        generic: None,
        callback: Some(CALLBACK.to_owned()),
    }
}

/// Hands what a provider posted to `read`.
pub(crate) fn posted<T>(segment: Option<&str>, body: &str, read: impl FnOnce(&Post<'_>) -> T) -> T {
    let (method, headers) = (Method::POST, HeaderMap::new());
    read(&Post { method: &method, url: CALLBACK, segment, headers: &headers, body: body.as_bytes() })
}
