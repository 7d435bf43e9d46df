//! Who calls over HTTP, as API Gateway saw it.

use std::net::IpAddr;

use http::Extensions;
use lambda_http::request::RequestContext;

/// The address that a request came from: the other end of its connection, or what [`crate::edge`] put in its place; never what
/// a header says that whoever calls can write as they like.
pub fn address(extensions: &Extensions) -> Option<IpAddr> {
    let RequestContext::ApiGatewayV2(context) = extensions.get::<RequestContext>()? else { return None };
    context.http.source_ip.as_deref()?.parse().ok()
}
