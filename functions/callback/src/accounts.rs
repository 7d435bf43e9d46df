//! Whose a post is: the accounts that the shop defines, each with the provider that checks and reads what is posted to it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use cloud::config::Vars;
use cloud::definitions::Cache;
use domain::contact::Channel;
use domain::definitions::Definitions;
use domain::names::AccountName;
use domain::routes::{AccountSource, serves};
use providers::account::{Account, Secrets};
use providers::addresses::Addresses;
use providers::sms::SmsProvider;
use tokio::time::timeout;

use crate::READING;

/// The accounts, opened when something is first posted to them.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    definitions: Cache,
    secrets: Secrets,
    vars: Vars,
    opened: Arc<Mutex<BTreeMap<AccountName, (AccountSource, Opened)>>>,
    /// The definitions that were read last, for when the table does not answer.
    last: Arc<Mutex<Option<Arc<Definitions>>>>,
}

/// An account at its provider, and its address.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) provider: Arc<SmsProvider>,
    /// Where the provider posts, without a query.
    pub(crate) url: String,
    /// Where its posts come from.
    addresses: Addresses,
}

impl Opened {
    /// Whether its provider may post from an address.
    pub(crate) fn takes(&self, from: Option<IpAddr>) -> bool {
        self.addresses.take(from)
    }
}

impl Accounts {
    pub(crate) fn new(definitions: Cache, vars: &Vars) -> Result<Self> {
        Ok(Self {
            definitions,
            secrets: Secrets::from_vars(vars)?,
            vars: vars.clone(),
            opened: Arc::default(),
            last: Arc::default(),
        })
    }

    /// The definitions in force, or the last that were when the table does not tell within a second.
    pub(crate) async fn definitions(&self) -> Result<Arc<Definitions>> {
        let read = timeout(READING, self.definitions.at_least(0)).await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read.context("reading definitions").flatten() {
            Ok(definitions) => {
                *last = Some(Arc::clone(&definitions));
                Ok(definitions)
            }
            Err(error) => last.clone().ok_or(error),
        }
    }

    /// The account of this name; none when the shop has none that is posted to.
    pub(crate) fn named(&self, name: &str, definitions: &Definitions) -> Result<Option<Opened>> {
        let Ok(name) = AccountName::parse(name) else { return Ok(None) };
        let Some(source) = definitions.providers.as_ref().and_then(|all| all.accounts.get(&name)) else {
            return Ok(None);
        };
        if !serves(Channel::Sms).contains(&source.provider.as_str()) {
            return Ok(None);
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = opened.get(&name).filter(|(of, _)| of == source) {
            return Ok(Some(known.clone()));
        }
        let account = Account::of(&name, source, &self.secrets, &self.vars);
        let Some(url) = account.callback.clone() else { bail!("LINK_BASE_URL is not set") };
        let provider = Arc::new(SmsProvider::open(&source.provider, &account, &self.vars)?);
        let known = Opened { provider, url, addresses: Addresses::of(&account)? };
        opened.insert(name, (source.clone(), known.clone()));
        Ok(Some(known))
    }
}
