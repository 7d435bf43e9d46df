//! The key with which a shop's own systems speak to the API, as the user name of Basic authentication.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use subtle::ConstantTimeEq;

/// What a client is told that does not know the key.
pub const CHALLENGE: &str = "Basic realm=\"write key\", charset=\"UTF-8\"";

/// The key that a client must know.
#[derive(Clone)]
pub struct WriteKey {
    /// What Basic authentication carries: the key as user name, a colon, and no password.
    credentials: Vec<u8>,
}

impl WriteKey {
    /// The key, as `WRITE_KEY` has it.
    pub fn new(key: &str) -> Self {
        Self { credentials: format!("{key}:").into_bytes() }
    }

    /// Whether the client knows the key; compared in a time that depends on lengths only.
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|value| value.split_once(' '));
        let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let sent = sent.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()).unwrap_or_default();
        bool::from(sent.ct_eq(&self.credentials))
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteKey(…)")
    }
}
