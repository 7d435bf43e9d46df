//! What reached `callback` from outside, before it is known whose it is.

use http::{HeaderMap, Method};

/// A request to an account's callback.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// The method: some providers tell by GET.
    pub method: &'a Method,
    /// The address as the provider was given it, and has signed it: scheme, host, path and query.
    pub url: &'a str,
    /// The secret segment of the path, when there was one.
    pub segment: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: &'a [u8],
}
