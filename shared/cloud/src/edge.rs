//! The distribution that stands before the API where a shop has a firewall: what comes past it is turned away, and of what
//! comes through it, it is the distribution that knows who calls.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Request, StatusCode};
use lambda_http::request::RequestContext;
use subtle::ConstantTimeEq;

use crate::config::Vars;

/// What the distribution adds to every request, and only it knows.
const KEY: &str = "x-edge-key";
/// Where the distribution says who calls, whatever the caller put there.
const VIEWER: &str = "x-viewer-address";

/// The way in.
#[derive(Clone)]
pub struct Edge(Option<Arc<str>>);

impl Edge {
    /// By `EDGE_KEY`; where it is not set, there is no distribution.
    pub fn from_vars(vars: &Vars) -> Self {
        Self(vars.get("EDGE_KEY").map(Arc::from))
    }

    /// Lets a request in, with its caller's address as the distribution saw it.
    ///
    /// # Errors
    /// When there is a distribution and the request did not come through it.
    pub fn admit<B>(&self, mut request: Request<B>) -> Result<Request<B>, StatusCode> {
        let Some(key) = &self.0 else { return Ok(request) };
        let sent = request.headers().get(KEY).map(HeaderValue::as_bytes).unwrap_or_default();
        if !bool::from(sent.ct_eq(key.as_bytes())) {
            tracing::warn!(edge.passed = 1, "a request that did not come through the distribution");
            return Err(StatusCode::FORBIDDEN);
        }
        let viewer = request.headers().get(VIEWER).and_then(|value| value.to_str().ok());
        let viewer = viewer.and_then(|viewer| viewer.parse::<IpAddr>().ok());
        if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions_mut().get_mut() {
            context.http.source_ip = viewer.map(|viewer| viewer.to_string());
        }
        Ok(request)
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edge(…)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::caller;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::new(());
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let context =
            json!({ "http": { "sourceIp": "192.0.2.1", "method": "GET", "path": "/" }, "timeEpoch": 0 });
        let context = RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap());
        request.extensions_mut().insert(context);
        request
    }

    fn caller_of(edge: &Edge, headers: &[(&str, &str)]) -> Result<Option<String>, StatusCode> {
        let admitted = edge.admit(request(headers))?;
        Ok(caller::address(admitted.extensions()).map(|address| address.to_string()))
    }

    #[test]
    fn what_a_caller_says_of_itself_counts_through_the_distribution_only() {
        let none = Edge::from_vars(&Vars::new(|_| None));
        assert_eq!(caller_of(&none, &[(VIEWER, "203.0.113.9")]), Ok(Some("192.0.2.1".to_owned())));
        let edge = Edge::from_vars(&Vars::new(|name| (name == "EDGE_KEY").then(|| "ek_0123".to_owned())));
        let through = |viewer| caller_of(&edge, &[(KEY, "ek_0123"), (VIEWER, viewer)]);
        assert_eq!(through("203.0.113.9"), Ok(Some("203.0.113.9".to_owned())));
        assert_eq!(through("2001:db8::7"), Ok(Some("2001:db8::7".to_owned())));
        assert_eq!(through("nonsense"), Ok(None));
    }

    #[test]
    fn what_comes_past_the_distribution_is_turned_away() {
        let edge = Edge::from_vars(&Vars::new(|name| (name == "EDGE_KEY").then(|| "ek_0123".to_owned())));
        assert_eq!(caller_of(&edge, &[(VIEWER, "203.0.113.9")]), Err(StatusCode::FORBIDDEN));
        assert_eq!(caller_of(&edge, &[(KEY, "ek_0124")]), Err(StatusCode::FORBIDDEN));
        assert_eq!(caller_of(&edge, &[(KEY, "")]), Err(StatusCode::FORBIDDEN));
    }
}
