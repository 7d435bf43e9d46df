//! Codes and links: derived from the name of a verification when its SMS is sent, and kept as hashes only.
//!
//! Neither the code nor the link stands in the table or in a queue. A code has a million values, so its hash has a key;
//! the tag of a link has 71 bits, so its hash needs none, and the page behind it needs no key.

use std::fmt;

use hmac::Mac;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Id;
use crate::event::base62;
use crate::message::{CODE_LENGTH, CodeKey};

/// How many codes there are.
const CODES: u64 = 1_000_000;

/// The numbers below it are as many for each code: what lies above is drawn again, so that no code is likelier.
const EVEN: u64 = u64::MAX / CODES * CODES;

/// Draws until a number lies below [`EVEN`]: of one it is certain but for one in 18 trillion.
const DRAWS: u32 = 16;

/// Six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(…)")
    }
}

impl OneTimeCode {
    /// The code of a verification: an HMAC under the key of message codes.
    pub fn derive(key: &CodeKey, id: &Id) -> Self {
        let drawn = |draw: u32| number(&mac(key, &["code", id.as_str(), &draw.to_string()]));
        let even = (0..DRAWS).map(drawn).find(|number| *number < EVEN);
        Self(format!("{:06}", even.unwrap_or(0) % CODES))
    }

    /// One that stands for all others where only the length of a text matters.
    pub fn sample() -> Self {
        Self("000000".to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keyed hash of a code, in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeHash(String);

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(…)")
    }
}

impl CodeHash {
    /// The hash of what was sent, or typed.
    pub fn of(key: &CodeKey, id: &Id, code: &str) -> Self {
        Self(hex(&mac(key, &["hash", id.as_str(), code])))
    }

    /// One that was kept.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether what was typed is the code whose hash is kept. It is the same work whether there is one or not, and takes a time
/// that does not depend on what was typed.
pub fn is_code(key: &CodeKey, id: &Id, kept: Option<&CodeHash>, typed: &str) -> bool {
    let typed = CodeHash::of(key, id, typed);
    let nothing = CodeHash("0".repeat(typed.0.len()));
    let same = typed.0.as_bytes().ct_eq(kept.unwrap_or(&nothing).0.as_bytes());
    bool::from(same) && kept.is_some()
}

/// What makes a link one that cannot be guessed: 71 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkTag(String);

impl fmt::Debug for LinkTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkTag(…)")
    }
}

impl LinkTag {
    /// The tag of a verification.
    pub fn derive(key: &CodeKey, id: &Id) -> Self {
        let digest = mac(key, &["link", id.as_str()]);
        let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self(base62(number, CODE_LENGTH))
    }
}

/// What stands in a link: the name of the verification, and its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkToken {
    /// The verification.
    pub id: Id,
    /// Its tag, as it came.
    pub tag: LinkTag,
}

impl LinkToken {
    /// The link of a verification.
    pub fn derive(key: &CodeKey, id: &Id) -> Self {
        Self { id: id.clone(), tag: LinkTag::derive(key, id) }
    }

    /// Reads a token; `None` when the text can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, tag) = text.split_at_checked(CODE_LENGTH)?;
        let tag = Id::parse(tag)?;
        Some(Self { id: Id::parse(id)?, tag: LinkTag(tag.as_str().to_owned()) })
    }

    /// The link's address, below `base`, which has no slash at its end.
    pub fn address(&self, base: &str) -> String {
        format!("{base}/v/{}{}", self.id, self.tag.0)
    }
}

/// The hash of a link's tag, in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkHash(String);

impl fmt::Debug for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkHash(…)")
    }
}

impl LinkHash {
    /// The hash of a token's tag.
    pub fn of(token: &LinkToken) -> Self {
        Self(hex(&Sha256::digest(format!("{}\n{}", token.id, token.tag.0))))
    }

    /// One that was kept.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a token is the one that was sent, in a time that does not depend on it.
    pub fn is_of(&self, token: &LinkToken) -> bool {
        bool::from(Self::of(token).0.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

/// The keyed hash of what a counter counts: a number, the range it is in, an address.
pub(super) fn hidden(key: &CodeKey, limit: &str, what: &str) -> String {
    let mut hash = hex(&mac(key, &["count", limit, what]));
    hash.truncate(32);
    hash
}

/// An HMAC over parts that nothing else of this key is made over: no id or name of a customer has a zero in it.
fn mac(key: &CodeKey, parts: &[&str]) -> Vec<u8> {
    let mut mac = key.mac().chain_update(b"\0verification");
    for part in parts {
        mac.update(b"\0");
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

fn number(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::id;
    use super::*;

    fn key() -> CodeKey {
        CodeKey::parse("0123456789abcdef").unwrap()
    }

    fn ids() -> impl Iterator<Item = Id> {
        (0..20_000_u128).map(|number| Id::from_random(number.to_be_bytes()).unwrap())
    }

    #[test]
    fn codes_are_six_digits_and_each_digit_is_as_likely() {
        let mut digits = [[0_u32; 10]; 6];
        for id in ids() {
            let code = OneTimeCode::derive(&key(), &id);
            assert_eq!(code.as_str().len(), 6);
            for (place, digit) in code.as_str().bytes().enumerate() {
                digits[place][usize::from(digit - b'0')] += 1;
            }
        }
        // Six standard deviations of 2,000.
        assert!(digits.iter().flatten().all(|count| (1_745..2_255).contains(count)), "{digits:?}");
        assert_eq!(EVEN % CODES, 0);
        const { assert!(u64::MAX - EVEN < CODES) };
    }

    #[test]
    fn only_the_code_of_this_verification_and_key_is_the_code() {
        let code = OneTimeCode::derive(&key(), &id());
        let kept = CodeHash::of(&key(), &id(), code.as_str());
        assert!(is_code(&key(), &id(), Some(&kept), code.as_str()));
        assert!(is_code(&key(), &id(), Some(&CodeHash::kept(kept.as_str())), code.as_str()));
        assert!(!kept.as_str().contains(code.as_str()));
        let other = Id::from_random([9; 16]).unwrap();
        let another_key = CodeKey::parse("fedcba9876543210").unwrap();
        assert!(!is_code(&key(), &other, Some(&kept), code.as_str()));
        assert!(!is_code(&another_key, &id(), Some(&kept), code.as_str()));
        for typed in ["", "000000", "12345", &format!("{} ", code.as_str()), &"9".repeat(10_000)] {
            assert!(!is_code(&key(), &id(), Some(&kept), typed), "{typed}");
        }
        // Nothing was sent: there is nothing that could be right.
        assert!(!is_code(&key(), &id(), None, code.as_str()));
    }

    #[test]
    fn links_are_read_back_and_not_to_be_guessed() {
        let token = LinkToken::derive(&key(), &id());
        let address = token.address("https://t.example.jp");
        let read = LinkToken::parse(address.strip_prefix("https://t.example.jp/v/").unwrap()).unwrap();
        assert_eq!(read, token);
        let kept = LinkHash::of(&token);
        assert!(kept.is_of(&read));
        let guessed = LinkToken::parse(&format!("{}{}", id(), "A".repeat(12))).unwrap();
        assert!(!kept.is_of(&guessed));
        let elsewhere = LinkToken { id: Id::from_random([9; 16]).unwrap(), tag: token.tag.clone() };
        assert!(!kept.is_of(&elsewhere));
        for text in ["", "k3Jd02aB9xYz", "k3Jd02aB9xYzAAAAAAAAAAA", "日本語日本語日本語日本語"] {
            assert_eq!(LinkToken::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_counted_cannot_be_read_from_its_key() {
        let number = hidden(&key(), "number", "+819012345678");
        assert_eq!(number.len(), 32);
        assert!(!number.contains("9012"));
        assert_ne!(number, hidden(&key(), "prefix", "+819012345678"));
        assert_eq!(format!("{:?}", OneTimeCode::derive(&key(), &id())), "OneTimeCode(…)");
    }
}
