//! The secret segment of a callback's path: how a post is known to be the provider's where the provider signs nothing.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::account::{Account, AccountError};
use crate::post::Post;
use crate::receipts::ReceiptError;

/// The shortest secret segment, in characters.
const MIN_CHARACTERS: usize = 16;
const EXPECTED: &str = "at least 16 random letters and digits, which the callback's address ends with";

/// An account's secret segment; none where the account has no callback, and then nothing that is posted is its provider's.
#[derive(Clone)]
pub(crate) struct Segment(Option<String>);

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Segment(…)")
    }
}

impl Segment {
    /// The account's secret `callback`.
    pub(crate) fn of(account: &Account) -> Result<Self, AccountError> {
        if account.callback.is_none() && !account.secrets.contains_key("callback") {
            return Ok(Self(None));
        }
        let segment = account.secret("callback", EXPECTED)?;
        if segment.chars().count() < MIN_CHARACTERS {
            return Err(account.error("secrets.callback", &format!("is too short: {EXPECTED}")));
        }
        Ok(Self(Some(segment.to_owned())))
    }

    /// Whether a post came by the secret path.
    pub(crate) fn verify(&self, post: &Post<'_>) -> Result<(), ReceiptError> {
        let came = post.segment.unwrap_or_default();
        let ours = self.0.as_deref().ok_or(ReceiptError::Forged)?;
        if bool::from(came.as_bytes().ct_eq(ours.as_bytes())) { Ok(()) } else { Err(ReceiptError::Forged) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::{HeaderMap, Method};

    use super::*;

    fn account(callback: Option<&str>, secret: Option<&str>) -> Account {
        Account {
            name: "notices".to_owned(),
            url: None,
            settings: BTreeMap::new(),
            secrets: secret.map(|secret| ("callback".to_owned(), secret.to_owned())).into_iter().collect(),
            generic: None,
            callback: callback.map(ToOwned::to_owned),
        }
    }

    fn came(segment: Option<&str>, to: &Account) -> Result<(), ReceiptError> {
        let (method, headers) = (Method::POST, HeaderMap::new());
        let post =
            Post { method: &method, url: "https://shop.example/c", segment, headers: &headers, body: b"" };
        Segment::of(to).unwrap().verify(&post)
    }

    #[test]
    fn only_the_secret_path_is_the_providers() {
        let account = account(Some("https://shop.example/c/0123456789abcdef"), Some("0123456789abcdef"));
        assert_eq!(came(Some("0123456789abcdef"), &account), Ok(()));
        for segment in [None, Some(""), Some("0123456789abcdeF"), Some("0123456789abcdef0")] {
            assert_eq!(came(segment, &account), Err(ReceiptError::Forged), "{segment:?}");
        }
    }

    #[test]
    fn without_a_callback_every_post_is_forged() {
        assert_eq!(came(Some(""), &account(None, None)), Err(ReceiptError::Forged));
        assert_eq!(came(None, &account(None, None)), Err(ReceiptError::Forged));
    }

    #[test]
    fn a_callback_needs_a_secret_that_cannot_be_guessed() {
        for secret in [None, Some(""), Some("short")] {
            let error = Segment::of(&account(Some("https://shop.example/c"), secret)).unwrap_err();
            assert_eq!(error.place, "secrets.callback");
            assert!(error.what.ends_with(EXPECTED), "{error}");
        }
    }
}
