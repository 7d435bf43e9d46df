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
use domain::time::Timestamp;
use providers::account::{Account, AccountError, Secrets};
use providers::addresses::Addresses;
use providers::post::Post;
use providers::push::LineProvider;
use providers::receipts::{Notice, ReceiptError};
use providers::sms::SmsProvider;
use providers::sns::{self, Sns};
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
    pub(crate) provider: Arc<Provider>,
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

/// What checks and reads a post.
#[derive(Debug)]
pub(crate) enum Provider {
    /// A provider of SMS.
    Sms(SmsProvider),
    /// A provider of messages by LINE.
    Line(LineProvider),
    /// Topics of SNS, through which AWS posts whatever an account there is for.
    Topics(Sns),
}

impl Provider {
    /// The provider of an account; none where nothing is posted to it.
    fn open(name: &str, account: &Account, vars: &Vars) -> Result<Option<Self>, AccountError> {
        if sns::PROVIDERS.contains(&name) {
            return Sns::new(account).map(Self::Topics).map(Some);
        }
        if serves(Channel::Sms).contains(&name) {
            return SmsProvider::open(name, account, vars).map(Self::Sms).map(Some);
        }
        if serves(Channel::Line).contains(&name) {
            return LineProvider::open(name, account, vars).map(Self::Line).map(Some);
        }
        Ok(None)
    }

    /// Checks and reads what was posted.
    pub(crate) async fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        match self {
            Self::Sms(provider) => provider.notices(post, now),
            Self::Line(provider) => provider.notices(post, now),
            Self::Topics(topics) => topics.notices(post, now).await,
        }
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
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = opened.get(&name).filter(|(of, _)| of == source) {
            return Ok(Some(known.clone()));
        }
        let account = Account::of(&name, source, &self.secrets, &self.vars);
        let Some(url) = account.callback.clone() else { bail!("LINK_BASE_URL is not set") };
        let Some(provider) = Provider::open(&source.provider, &account, &self.vars)? else { return Ok(None) };
        let known = Opened { provider: Arc::new(provider), url, addresses: Addresses::of(&account)? };
        opened.insert(name, (source.clone(), known.clone()));
        Ok(Some(known))
    }
}
