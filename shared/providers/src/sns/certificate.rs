//! The certificates that SNS signs with.
//!
//! A certificate is fetched over TLS from the topic's own SNS, and that is what makes its key SNS's: SNS serves it alone,
//! without those it was issued by, so there is no chain of its own to follow. Its period is checked at every use.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::time::Timestamp;
use reqwest::Url;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use tokio::sync::Mutex;
use x509_cert::Certificate as X509;

use super::envelope::{Envelope, Version};
use crate::receipts::ReceiptError;

/// How long a certificate may take to fetch: SNS waits 15 seconds for an answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(4);

/// Certificates that are kept. SNS changes its own every few months.
const KEPT: usize = 8;

/// The certificates that were fetched, by their addresses.
#[derive(Default)]
pub(super) struct Certificates(Mutex<BTreeMap<String, Arc<Certificate>>>);

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

impl Certificates {
    /// The certificate at `url`, fetched once. That it can't be had proves nothing about the post.
    pub(super) async fn at(
        &self,
        client: &reqwest::Client,
        url: Url,
    ) -> Result<Arc<Certificate>, ReceiptError> {
        let mut kept = self.0.lock().await;
        if let Some(certificate) = kept.get(url.as_str()) {
            return Ok(Arc::clone(certificate));
        }
        let name = url.to_string();
        let certificate = fetch(client, url)
            .await
            .ok_or(ReceiptError::Later { reason: "the certificate of SNS could not be fetched" })?;
        if kept.len() >= KEPT {
            kept.clear();
        }
        let certificate = Arc::new(certificate);
        kept.insert(name, Arc::clone(&certificate));
        Ok(certificate)
    }
}

async fn fetch(client: &reqwest::Client, url: Url) -> Option<Certificate> {
    let answer = client.get(url).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    Certificate::read(&answer.bytes().await.ok()?)
}

/// A certificate.
pub(super) struct Certificate {
    /// When it begins and when it ends, in seconds since 1970.
    period: std::ops::RangeInclusive<u64>,
    /// The key as PKCS #1 writes it.
    key: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate in PEM, the first where there are several.
    fn read(pem: &[u8]) -> Option<Self> {
        let chain = X509::load_pem_chain(pem).ok()?;
        let certificate = chain.first()?.tbs_certificate();
        let validity = certificate.validity();
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
        let key = certificate.subject_public_key_info().subject_public_key.as_bytes()?.to_vec();
        Some(Self { period: seconds(validity.not_before)..=seconds(validity.not_after), key })
    }

    /// Whether the certificate's key signed a post, and may at `now`.
    pub(super) fn signed(&self, envelope: &Envelope, now: Timestamp) -> bool {
        let algorithm = match envelope.version {
            Version::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Version::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let valid = u64::try_from(now.seconds()).is_ok_and(|now| self.period.contains(&now));
        let key = UnparsedPublicKey::new(algorithm, &self.key);
        valid && key.verify(envelope.signed_text().as_bytes(), &envelope.signature).is_ok()
    }
}
