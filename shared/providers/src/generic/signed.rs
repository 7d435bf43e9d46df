//! A post that is signed by an HMAC of its body.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::HeaderName;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::settings::{Algorithm, Encoding, SignatureSettings};
use super::setup::Setup;
use crate::account::AccountError;
use crate::post::Post;
use crate::receipts::ReceiptError;

/// How a post's signature is checked.
#[derive(Clone)]
pub(super) struct Signed {
    header: HeaderName,
    algorithm: Algorithm,
    encoding: Encoding,
    prefix: String,
    secret: String,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Signed {
    pub(super) fn new(
        setup: &Setup<'_>,
        place: &str,
        settings: &SignatureSettings,
    ) -> Result<Self, AccountError> {
        let what = "is no name of a header: letters, digits and -";
        let header = HeaderName::from_bytes(settings.header.as_bytes())
            .map_err(|_| setup.account.error(&format!("{place}.header"), what))?;
        Ok(Self {
            header,
            algorithm: settings.algorithm,
            encoding: settings.encoding,
            prefix: settings.prefix.clone(),
            secret: setup
                .account
                .secret(&settings.secret, "what the provider signs its posts with")?
                .to_owned(),
        })
    }

    pub(super) fn verify(&self, post: &Post<'_>) -> Result<(), ReceiptError> {
        let came = post.headers.get(&self.header).and_then(|value| value.to_str().ok());
        let came =
            came.and_then(|came| came.trim().strip_prefix(&self.prefix)).ok_or(ReceiptError::Forged)?;
        let came = match self.encoding {
            Encoding::Hex => from_hex(came),
            Encoding::Base64 => STANDARD.decode(came).ok(),
        };
        let expected = match self.algorithm {
            Algorithm::HmacSha256 => digest::<Hmac<Sha256>>(&self.secret, post.body),
            Algorithm::HmacSha1 => digest::<Hmac<Sha1>>(&self.secret, post.body),
        };
        let same = came.is_some_and(|came| bool::from(came.ct_eq(&expected)));
        if same { Ok(()) } else { Err(ReceiptError::Forged) }
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn digest<M: Mac + KeyInit>(secret: &str, body: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.chain_update(body).finalize().into_bytes().to_vec()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(from_hex("00fFa1"), Some(vec![0, 255, 161]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("0g"), None);
        assert_eq!(from_hex("停止"), None);
    }
}
