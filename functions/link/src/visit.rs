//! What a request for a link is: who makes it, where it names, and where it leads.

use std::convert::Infallible;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use cloud::caller;
use domain::input::Visitor;
use domain::time::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Who asks for a link or a picture, as far as the request tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By {
    /// Whether it only looks, or fetches before anyone asked.
    pub(crate) ahead: bool,
    /// Who follows a link, by the name it gives itself. Pictures are another matter: mailboxes fetch them in their own name when a person reads.
    visitor: Visitor,
}

/// A link that is followed so soon after its message went to the provider was followed by a program on the way: until a
/// person has it, sees it and reads it, more time goes by. Mail gateways that pose as browsers are known by it. Seconds.
const SCAN_SECONDS: i64 = 3;

/// Headers that say why something is fetched: <https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header>,
/// and what browsers sent before it; `preview` is Safari's.
const PURPOSES: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// What the names of programs have in them and those of browsers do not: crawlers and previews, most of which tell an
/// address where to ask about them, gateways that look into mail, and what scripts are written with.
const PROGRAMS: [&str; 15] = [
    "bot/",
    "http:",
    "https:",
    "crawl",
    "spider",
    "preview",
    "externalhit",
    "headless",
    "scanner",
    "barracuda",
    "proofpoint",
    "mimecast",
    "ciscosecure",
    "fortinet",
    "sophos",
];

impl By {
    /// Who follows a link `at` an instant, of a message that was claimed for its provider at another.
    pub(crate) fn visitor(self, claimed: Timestamp, at: Timestamp) -> Visitor {
        if at.since(claimed) < SCAN_SECONDS { Visitor::Program } else { self.visitor }
    }

    fn of(method: &Method, headers: &HeaderMap) -> Self {
        let lower = |name: &str| {
            let value =
                headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
            value.unwrap_or_default()
        };
        let purpose = |name: &&str| ["prefetch", "preview"].iter().any(|word| lower(name).contains(word));
        let ahead = *method == Method::HEAD || PURPOSES.iter().any(purpose);
        // RFC 9110, 10.1.5, leaves the name free; every browser begins it like this.
        let agent = lower("user-agent");
        let browser = agent.starts_with("mozilla/") && !PROGRAMS.iter().any(|word| agent.contains(word));
        Self { ahead, visitor: if ahead || !browser { Visitor::Program } else { Visitor::Person } }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.method, &parts.headers))
    }
}

/// The internet address that a request comes from, as API Gateway saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(caller::address(&parts.extensions).map(|address| address.to_string())))
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
    use axum::http::header::USER_AGENT;

    use super::*;

    /// Names as they were sent.
    #[test]
    fn programs_are_known_by_what_they_call_themselves() {
        let browsers = [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 \
             Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 15; SM-S931Q; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
             Chrome/138.0.7204.63 Mobile Safari/537.36 Line/15.11.1/IAB",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 \
             YJApp-IOS jp.co.yahoo.ipn.appli/4.158.0",
            "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile \
             Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 \
             Edg/138.0.0.0",
        ];
        let programs = [
            "",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 \
             Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 \
             Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
            "facebookexternalhit/1.1;line-poker/1.0",
            "Barracuda Sentinel (EE)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0 Safari/537.36",
            "curl/8.14.1",
            "Python/3.13 aiohttp/3.12.13",
        ];
        let by = |agent: &str| {
            let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_str(agent).unwrap())]);
            By::of(&Method::GET, &headers).visitor
        };
        assert_eq!(browsers.map(by), browsers.map(|_| Visitor::Person));
        assert_eq!(programs.map(by), programs.map(|_| Visitor::Program));
        assert_eq!(By::of(&Method::GET, &HeaderMap::new()).visitor, Visitor::Program);
    }

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
