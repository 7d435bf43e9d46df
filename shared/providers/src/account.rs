//! An account at a provider: what configuration says of it, and its secrets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cloud::config::{ConfigError, Vars};
use domain::names::AccountName;
use domain::routes::AccountSource;

use crate::settings::is_base_url;

/// The secrets of all accounts: `{"main": {"token": "…", "callback": "…"}}`.
#[derive(Clone, Default)]
pub struct Secrets(Arc<BTreeMap<String, BTreeMap<String, String>>>);

impl Secrets {
    /// Reads `PROVIDER_SECRETS`; there are none where it is not set.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        const NAME: &str = "PROVIDER_SECRETS";
        let Some(text) = vars.get(NAME) else { return Ok(Self::default()) };
        // The error of serde would quote what it could not read.
        let wrong = |_| ConfigError {
            name: NAME,
            what: "is wrong: JSON such as {\"main\": {\"token\": \"…\"}}, by the names of accounts"
                .to_owned(),
        };
        Ok(Self(Arc::new(serde_json::from_str(&text).map_err(wrong)?)))
    }

    /// Those of one account.
    pub fn of(&self, account: &str) -> BTreeMap<String, String> {
        self.0.get(account).cloned().unwrap_or_default()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// An account at a provider. Several may be at one provider, such as one for advertisement and one for notices.
#[derive(Clone)]
pub struct Account {
    /// What routes and callbacks call it.
    pub name: String,
    /// Where its API is reached, when that is not the provider's usual address.
    pub url: Option<String>,
    /// What the provider needs to know beside secrets, such as `sender`.
    pub settings: BTreeMap<String, String>,
    /// Of a generic provider: what its requests, answers and receipts look like.
    pub generic: Option<serde_json::Value>,
    /// Its secrets, such as `token`.
    pub secrets: BTreeMap<String, String>,
    /// Where the provider posts what became of messages: the public address of `callback` for this account, with the secret
    /// segment of its path. None where receipts do not come over HTTP.
    pub callback: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Something is missing or wrong in an account. What stands there is not repeated: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("account `{account}`: {place}: {what}")]
pub struct AccountError {
    /// The account.
    pub account: String,
    /// Where, such as `settings.sender`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Account {
    /// An account as it is defined, with its secrets. `LINK_BASE_URL` is where its callback is reached: at
    /// `/callbacks/NAME`, and below it at the secret `callback` where it has one.
    pub fn of(name: &AccountName, source: &AccountSource, secrets: &Secrets, vars: &Vars) -> Self {
        let secrets = secrets.of(name.as_str());
        let segment = secrets.get("callback").map(|segment| format!("/{segment}")).unwrap_or_default();
        let base = vars.get("LINK_BASE_URL");
        Self {
            callback: base.map(|base| format!("{}/callbacks/{name}{segment}", base.trim_end_matches('/'))),
            name: name.to_string(),
            url: source.url.clone(),
            settings: source.settings.clone(),
            generic: source.generic.clone(),
            secrets,
        }
    }

    /// A setting that must be there; `expected` says what it is.
    pub fn setting(&self, name: &str, expected: &str) -> Result<&str, AccountError> {
        let found = self.settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        found.ok_or_else(|| self.error(&format!("settings.{name}"), &format!("is not set: {expected}")))
    }

    /// A secret that must be there; `expected` says what it is.
    pub fn secret(&self, name: &str, expected: &str) -> Result<&str, AccountError> {
        let found = self.secrets.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        found.ok_or_else(|| self.error(&format!("secrets.{name}"), &format!("is not set: {expected}")))
    }

    /// Where the API is reached, without a slash at the end. A secret travels with every request, so plain HTTP is for
    /// loopback only.
    pub fn base_url(&self, usual: &str) -> Result<String, AccountError> {
        let url = self.url.as_deref().unwrap_or(usual).trim();
        if !is_base_url(url) {
            return Err(self.error("url", "is wrong: an https:// URL (http:// on 127.0.0.1 or localhost)"));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// An error about one place of it.
    pub fn error(&self, place: &str, what: &str) -> AccountError {
        AccountError { account: self.name.clone(), place: place.to_owned(), what: what.to_owned() }
    }
}
