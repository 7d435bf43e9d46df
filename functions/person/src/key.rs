//! The key that reading and erasing people asks for.

use std::fmt;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

/// The least bytes of a key.
const BYTES: usize = 16;

/// The key.
#[derive(Clone)]
pub(crate) struct AdminKey {
    /// What Basic authentication carries: the key as user name, a colon, and no password.
    credentials: Vec<u8>,
}

impl AdminKey {
    /// Takes a key of at least 16 bytes.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        (key.len() >= BYTES).then(|| Self { credentials: format!("{key}:").into_bytes() })
    }

    /// Whether a request carries it; compared in a time that depends on lengths only.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|value| value.split_once(' '));
        let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let sent = sent.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()).unwrap_or_default();
        sent.ct_eq(&self.credentials).into()
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(…)")
    }
}
