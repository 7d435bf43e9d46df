//! Hashes under a key in the place of addresses and ids: who knows an address finds what is kept of it, and what is kept
//! tells nobody the address.
//!
//! Without the key, the hashes of all ten-digit mobile numbers are tried in seconds: hence a key, and one of its own. It
//! stays as long as the installation does, for what was hashed under another one is not found again: opt-outs would be
//! forgotten.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::contact::Channel;
use domain::names::CustomerId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::{ConfigError, Vars};

/// The least bytes of a key.
const BYTES: usize = 32;

/// How much of a hash stands in the place of an id or a key in the ledger: 96 bits.
const SHORT: usize = 16;

/// The secret that addresses and ids are hashed under.
#[derive(Clone)]
pub struct AddressKey(Hmac<Sha256>);

impl AddressKey {
    /// Reads the key from `ADDRESS_KEY`.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        let secret = vars.required("ADDRESS_KEY")?;
        let wrong = || ConfigError {
            name: "ADDRESS_KEY",
            what: format!("is too short; use at least {BYTES} random characters"),
        };
        Self::parse(&secret).ok_or_else(wrong)
    }

    /// Takes a secret of at least 32 bytes.
    pub fn parse(secret: &str) -> Option<Self> {
        let mac = Hmac::new_from_slice(secret.as_bytes()).ok();
        mac.filter(|_| secret.len() >= BYTES).map(Self)
    }

    /// What stands for an address of a channel in keys: base64url of an HMAC-SHA256 over both.
    pub fn address(&self, channel: Channel, address: &str) -> String {
        self.hash(channel.name(), address)
    }

    /// What stands for the id of someone who was erased.
    pub fn customer(&self, id: &CustomerId) -> String {
        self.hash("customer", id.as_str())
    }

    /// What stands in the ledger for someone who was erased: the same in all rows, so that what is counted by person is,
    /// and another than [`Self::customer`].
    pub fn in_ledger(&self, id: &CustomerId) -> CustomerId {
        CustomerId::erased(&self.hash("ledger", id.as_str())[..SHORT])
    }

    /// What stands in the ledger for the key of an enrollment whose person was erased.
    pub fn mask(&self, key: &str) -> String {
        self.hash("key", key)[..SHORT].to_owned()
    }

    fn hash(&self, kind: &str, text: &str) -> String {
        let mac =
            self.0.clone().chain_update(kind.as_bytes()).chain_update(b"\n").chain_update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_key_and_on_what_is_hashed() {
        let key = |letter: &str| AddressKey::parse(&letter.repeat(BYTES)).unwrap();
        let number = "+819012345678";
        let one = key("a").address(Channel::Sms, number);
        assert_eq!(one, key("a").address(Channel::Sms, number));
        assert_eq!(one.len(), 43);
        assert_ne!(one, key("b").address(Channel::Sms, number));
        assert_ne!(one, key("a").address(Channel::Email, number));
        assert_ne!(one, key("a").address(Channel::Sms, "+819012345679"));
        let id = CustomerId::parse(number).unwrap();
        assert_ne!(key("a").customer(&id)[..SHORT], key("a").in_ledger(&id).as_str()[1..]);
        assert!(key("a").in_ledger(&id).is_erased());
        assert!(AddressKey::parse("short").is_none());
    }
}
