//! Whose a post is: the accounts that the shop defines, each with the provider that checks and reads what is posted to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use cloud::config::Vars;
use cloud::definitions::Cache;
use domain::contact::Channel;
use domain::names::AccountName;
use domain::routes::{AccountSource, serves};
use providers::account::{Account, Secrets};
use providers::sms::SmsProvider;
use providers::sns::{self, Sns};

/// The accounts, opened when something is first posted to them.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    definitions: Cache,
    secrets: Secrets,
    vars: Vars,
    opened: Arc<Mutex<BTreeMap<AccountName, (AccountSource, Opened)>>>,
}

/// An account at its provider, and its address.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) reader: Reader,
    /// Where the provider posts, without a query.
    pub(crate) url: String,
}

/// What checks and reads what is posted to an account.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    /// Its provider.
    Provider(Arc<SmsProvider>),
    /// Topics of SNS, through which AWS posts whatever an account there is for.
    Topics(Arc<Sns>),
}

impl Accounts {
    pub(crate) fn new(definitions: Cache, vars: &Vars) -> Result<Self> {
        Ok(Self {
            definitions,
            secrets: Secrets::from_vars(vars)?,
            vars: vars.clone(),
            opened: Arc::default(),
        })
    }

    /// The account of this name; none when the shop has none that is posted to.
    pub(crate) async fn named(&self, name: &str) -> Result<Option<Opened>> {
        let Ok(name) = AccountName::parse(name) else { return Ok(None) };
        let definitions = self.definitions.at_least(0).await?;
        let Some(source) = definitions.providers.as_ref().and_then(|all| all.accounts.get(&name)) else {
            return Ok(None);
        };
        let by_topics = sns::PROVIDERS.contains(&source.provider.as_str());
        if !by_topics && !serves(Channel::Sms).contains(&source.provider.as_str()) {
            return Ok(None);
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = opened.get(&name).filter(|(of, _)| of == source) {
            return Ok(Some(known.clone()));
        }
        let account = Account::of(&name, source, &self.secrets, &self.vars);
        let Some(url) = account.callback.clone() else { bail!("LINK_BASE_URL is not set") };
        let reader = if by_topics {
            Reader::Topics(Arc::new(Sns::new(&account)?))
        } else {
            Reader::Provider(Arc::new(SmsProvider::open(&source.provider, &account, &self.vars)?))
        };
        let known = Opened { reader, url };
        opened.insert(name, (source.clone(), known.clone()));
        Ok(Some(known))
    }
}
