//! The HTTP API: the template's routes on a port of loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::runtime::Runtime;

/// The most bytes of a request that API Gateway takes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Answers the template's routes, and those of `extra`, on `listener` until the process ends.
pub fn serve(listener: TcpListener, runtime: &Arc<Runtime>, extra: Router) -> Result<()> {
    let mut router = extra;
    for route in &runtime.template().routes {
        let method = MethodFilter::try_from(route.method.parse::<Method>()?).map_err(|_| {
            anyhow::anyhow!("the route {} {} has a method that is not served", route.method, route.path)
        })?;
        let (runtime, function, key) =
            (Arc::clone(runtime), route.function.clone(), format!("{} {}", route.method, route.path));
        router = router
            .route(&route.path, on(method, move |request: Request| answer(runtime, function, key, request)));
    }
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(())
}

async fn answer(runtime: Arc<Runtime>, function: String, route: String, request: Request) -> Response {
    let Ok(event) = event(&route, request).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the request is too large").into_response();
    };
    match runtime.request(&function, event).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(function, error = format!("{error:#}"), "a request failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
        }
    }
}

/// An HTTP API event, payload format 2.0:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.
async fn event(route: &str, request: Request) -> Result<Value> {
    let (head, body) = request.into_parts();
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string();
    let body = to_bytes(body, BODY_LIMIT).await.context("reading a request")?;
    let mut headers = Map::new();
    for (name, value) in &head.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name.as_str()) {
            Some(Value::String(kept)) => {
                kept.push(',');
                kept.push_str(&text);
            }
            _ => {
                headers.insert(name.as_str().to_owned(), Value::from(text));
            }
        }
    }
    let (body, encoded) = match std::str::from_utf8(&body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&body), true),
    };
    let (method, path) = (head.method.as_str(), head.uri.path());
    Ok(json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": crate::region::ACCOUNT,
            "apiId": "local",
            "domainName": "localhost",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": peer, "userAgent": "" },
            "requestId": "local",
            "routeKey": route,
            "stage": "$default",
            "time": "",
            "timeEpoch": 0,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }))
}

/// The body of a response, for callers without a socket.
pub async fn text(response: Response<Body>) -> Result<String> {
    let body = to_bytes(response.into_body(), BODY_LIMIT).await.context("reading a response")?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
