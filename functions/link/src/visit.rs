//! What a request for a link is: who makes it, where it names, and where it leads.

use std::convert::Infallible;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Who asks for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A person, as far as the request tells.
    Person,
    /// A program that looks where the link leads, or fetches it before anyone asked: nobody clicked.
    Program,
}

impl By {
    fn of(method: &Method, mut purposes: impl Iterator<Item = HeaderValue>) -> Self {
        // https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header; the others are what browsers sent
        // before it, and `preview` is Safari's.
        let ahead = |value: &HeaderValue| {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            value.contains("prefetch") || value.contains("preview")
        };
        if *method == Method::HEAD || purposes.any(|value| ahead(&value)) {
            Self::Program
        } else {
            Self::Person
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let names = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
        Ok(Self::of(&parts.method, names.iter().filter_map(|name| parts.headers.get(*name).cloned())))
    }
}

/// What stands in a path; nothing when its escapes are not UTF-8, which no code is either.
pub(crate) fn named<T: Default>(path: Result<Path<T>, PathRejection>) -> T {
    path.map_or_else(|_| T::default(), |Path(named)| named)
}

/// What a URI can't hold beside controls and what is not ASCII; `%` stays, for it begins what is encoded already
/// (RFC 3986, 2.1).
const FORBIDDEN: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A link's target as a `Location` may carry it.
pub(crate) fn location(url: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(utf8_percent_encode(url, &FORBIDDEN).to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_holds_only_what_a_uri_can() {
        let cases = [
            ("https://shop.example.jp/a?b=c&d=%E6%98%A5#e", "https://shop.example.jp/a?b=c&d=%E6%98%A5#e"),
            ("https://shop.example.jp/商品", "https://shop.example.jp/%E5%95%86%E5%93%81"),
            ("https://shop.example.jp/a b\"\r\nx: y", "https://shop.example.jp/a%20b%22%0D%0Ax:%20y"),
        ];
        for (url, expected) in cases {
            assert_eq!(location(url).unwrap(), expected);
        }
    }
}
