//! What providers abroad have in common: numbers without `+`, times in UTC, forms, signatures of their own.

use domain::parts::{Route, parts};
use domain::time::Timestamp;
use hmac::{KeyInit, Mac};
use http::header::CONTENT_TYPE;
use reqwest::RequestBuilder;
use url::form_urlencoded::Serializer;

/// What an international number begins with where it is dialled.
const INTERNATIONAL_PREFIX: &str = "00";

/// A number in E.164 without its `+`.
pub(crate) fn digits(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// A number in E.164, as it is dialled: `00819012345678`.
pub(crate) fn dialled(number: &str) -> String {
    format!("{INTERNATIONAL_PREFIX}{}", digits(number))
}

/// A number that came as `819012345678`, `00819012345678` or `+819012345678`, in E.164. What is no number, such as a name,
/// stays as it is.
pub(crate) fn e164(number: &str) -> String {
    let number = number.trim();
    let rest = number.strip_prefix(INTERNATIONAL_PREFIX).unwrap_or(number);
    if !rest.is_empty() && !rest.starts_with('0') && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("+{rest}")
    } else {
        number.to_owned()
    }
}

/// Reads an instant: `2026-11-22 09:30:00` and `2026-11-22T09:30:00` are in UTC, and `2026-11-22T09:30:00.000+0900` says
/// where it is.
pub(crate) fn utc(text: &str) -> Option<Timestamp> {
    let text = text.trim().replacen(' ', "T", 1);
    Timestamp::parse(&text).or_else(|_| Timestamp::parse(&format!("{text}Z"))).ok()
}

/// Parts of a text, where the provider does not count them at once.
pub(crate) fn estimated_parts(text: &str) -> u32 {
    parts(text, Route::International)
}

/// Fields as `application/x-www-form-urlencoded`.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A request with a form.
pub(crate) fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(fields))
}

/// The MAC of a text, such as [`hmac::Hmac`] over SHA-1.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub(crate) fn mac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Bytes in hexadecimal, in small letters.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
pub(crate) mod counterpart;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_each_provider_wants_them() {
        assert_eq!(digits("+819012345678"), "819012345678");
        assert_eq!(dialled("+819012345678"), "00819012345678");
        for number in ["819012345678", "00819012345678", "+819012345678", " 819012345678 "] {
            assert_eq!(e164(number), "+819012345678", "{number}");
        }
        for number in ["Shop", "0005123456", "00", ""] {
            assert_eq!(e164(number), number);
        }
    }

    #[test]
    fn times_without_a_zone_are_in_utc() {
        let expected = Timestamp::parse("2026-11-22T00:30:00Z").ok();
        for text in [
            "2026-11-22 00:30:00",
            "2026-11-22T00:30:00",
            "2026-11-22T00:30:00.123",
            "2026-11-22T00:30:00Z",
            "2026-11-22T09:30:00.000+0900",
            "2026-11-22T09:30:00+09:00",
        ] {
            assert_eq!(utc(text), expected, "{text}");
        }
        for text in ["", "[CREATED_S]", "22-11-2026 00:30", "2026-13-22 00:30:00"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn a_form_keeps_what_is_japanese() {
        assert_eq!(encoded(&[("a", "停 &"), ("b", "+81")]), "a=%E5%81%9C+%26&b=%2B81");
    }
}
