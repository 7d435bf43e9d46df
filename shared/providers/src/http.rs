//! The HTTP client under every provider.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;

/// How long a connection may take to open. A connection that never opened proves that nothing was sent.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request may take, from its first byte to the last of its answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept: less than servers keep theirs, since a request that meets a closing
/// connection is one whose fate is unknown.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Unused connections kept per host.
pub const IDLE_CONNECTIONS: usize = 64;

/// A client for provider calls: ring and Mozilla's roots, HTTP/1.1 with kept connections. It follows no redirect
/// and repeats nothing, because a repeated request is a repeated message.
pub fn client() -> reqwest::Client {
    client_within(REQUEST_TIMEOUT)
}

#[expect(clippy::expect_used, reason = "ring supports TLS 1.2 and 1.3, and nothing here comes from outside")]
pub(crate) fn client_within(request_timeout: Duration) -> reqwest::Client {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(request_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .tcp_nodelay(true)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .build()
        .expect("the settings above are complete")
}
