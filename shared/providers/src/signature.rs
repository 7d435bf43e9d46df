//! Signatures after Standard Webhooks (<https://www.standardwebhooks.com>).

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::receipts::ReceiptError;

/// The header that names the post.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the instant of signing, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures, parted by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// How far the instant of signing may lie from now, either way, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;
/// The shortest secret, in bytes: what the specification asks for.
pub const MIN_SECRET_BYTES: usize = 24;

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The secret that a provider and its callback share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(SecretError)?;
        let bytes = BASE64.decode(encoded).map_err(|_| SecretError)?;
        if bytes.len() < MIN_SECRET_BYTES { Err(SecretError) } else { Ok(Self(bytes)) }
    }

    /// A secret of these bytes, of which there should be at least [`MIN_SECRET_BYTES`].
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// The secret as [`Secret::parse`] reads it.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The text is no secret. It is not repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a webhook secret; write whsec_ and the base64 of at least 24 random bytes")]
pub struct SecretError;

/// The value of `webhook-signature` for a post: base64 of the HMAC-SHA256 of `id.timestamp.body`.
pub fn sign(secret: &Secret, id: &str, at: Timestamp, body: &[u8]) -> String {
    format!("{VERSION}{}", BASE64.encode(digest(secret, id, &at.seconds().to_string(), body)))
}

/// Checks a post's signature, then its age.
pub(crate) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secret: &Secret,
    now: Timestamp,
) -> Result<(), ReceiptError> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(ReceiptError::Forged);
    let timestamp = header(TIMESTAMP_HEADER)?;
    let expected = digest(secret, header(ID_HEADER)?, timestamp, body);
    let mut matched = Choice::from(0);
    for signature in header(SIGNATURE_HEADER)?.split(' ').filter_map(|one| one.strip_prefix(VERSION)) {
        let signature = BASE64.decode(signature).unwrap_or_default();
        matched |= signature.ct_eq(&expected);
    }
    if !bool::from(matched) {
        return Err(ReceiptError::Forged);
    }
    let at = timestamp.parse().map(Timestamp::from_seconds).map_err(|_| ReceiptError::Forged)?;
    if now.since(at).unsigned_abs() > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(ReceiptError::Stale);
    }
    Ok(())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn digest(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("HMAC takes keys of any length");
    for piece in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(piece);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own test suites.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_seconds(1_614_265_330);
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_checked_and_never_shown() {
        assert_eq!(Secret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Err(SecretError));
        assert_eq!(Secret::parse("whsec_c2hvcnQ="), Err(SecretError));
        let secret = Secret::from_bytes([7; 32]);
        assert_eq!(Secret::parse(&secret.reveal()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
