//! The ways a message may go: accounts at providers, each with its circuit and its pace.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use cloud::config::Vars;
use domain::contact::Channel;
use domain::definitions::Definitions;
use domain::money::Yen;
use domain::names::AccountName;
use domain::routes::{Asking, Providers};
use domain::tariff::Tariffs;
use domain::time::Timestamp;
use providers::account::{Account, AccountError, Secrets};
use providers::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError};
use tokio::time::Instant;

use crate::circuit::Circuit;
use crate::pace::{Late, Pace};
use crate::{Rendered, Transport};

/// What accounts are opened as.
pub trait Opened: Debug + Send + Sync + 'static {
    /// The channel it serves.
    const CHANNEL: Channel;

    /// The way through an account at a provider of this name.
    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError>
    where
        Self: Sized;
}

impl<T: Transport> Opened for T {
    const CHANNEL: Channel = <T as Transport>::CHANNEL;

    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        <T as Transport>::open(provider, account, vars)
    }
}

/// The variable that says how many instances of the function may run at once: the event source's `MaximumConcurrency`. Where
/// it is not set there is one.
const INSTANCES: &str = "SEND_CONCURRENCY";

/// One way to a provider.
#[derive(Debug)]
pub struct Way<T> {
    /// The account; none of the one that is configured for all messages where no accounts are defined.
    pub name: Option<AccountName>,
    /// What makes its requests.
    pub transport: T,
    /// Of messages.
    sends: Mutex<Circuit>,
    /// Of questions after messages, which may be answered while messages are not taken, or the other way round.
    asks: Mutex<Circuit>,
    pace: Option<Pace>,
    /// What the account charges.
    prices: Tariffs,
}

impl<T> Way<T> {
    fn new(name: Option<AccountName>, transport: T, pace: Option<Pace>, prices: Tariffs) -> Self {
        Self { name, transport, sends: Mutex::default(), asks: Mutex::default(), pace, prices }
    }

    /// What the account said that a message costs, if it did, by its rates of the day.
    pub fn price(&self, accepted: &Accepted, now: Timestamp) -> Option<Yen> {
        self.prices.yen(accepted.price.as_ref()?, now)
    }

    /// Whether a message may be handed over now.
    pub fn allows(&self, now: Timestamp) -> bool {
        open(&self.sends).allows(now)
    }

    /// Whether it may be asked after a message now.
    pub fn answers(&self, now: Timestamp) -> bool {
        open(&self.asks).allows(now)
    }

    /// In how many seconds a message is tried again that it did not take; none while it takes messages.
    pub fn again_in(&self, now: Timestamp) -> Option<i64> {
        open(&self.sends).again_in(now)
    }

    /// In how many seconds it is asked again after a message; none while it answers.
    pub fn asked_again_in(&self, now: Timestamp) -> Option<i64> {
        open(&self.asks).again_in(now)
    }

    /// Takes how handing a message over went.
    pub fn record<A>(&self, result: &Result<A, SendError>, now: Timestamp) {
        open(&self.sends).record(has_failed(result), now);
    }

    /// Takes how a question went. That a message was accepted proves that the account takes messages, whatever it answered.
    pub fn record_answer(&self, looked: &Result<LookUp, SendError>, now: Timestamp) {
        if !matches!(looked, Err(error) if *error == CANNOT_BE_ASKED) {
            open(&self.asks).record(has_failed(looked), now);
        }
        if matches!(looked, Ok(LookUp::Accepted(_))) {
            open(&self.sends).prove();
        }
    }

    /// Takes the next turn to hand a message over.
    pub fn turn(&self) -> Result<Instant, Late> {
        let now = Instant::now();
        self.pace.as_ref().map_or(Ok(now), |pace| pace.turn(now))
    }
}

/// Whether the account failed, whatever became of the message.
const fn has_failed<A>(result: &Result<A, SendError>) -> bool {
    match result {
        Ok(_) | Err(SendError::Permanent { .. }) => false,
        Err(
            SendError::Temporary { .. }
            | SendError::Configuration { .. }
            | SendError::Unclear { .. }
            | SendError::Unknown { .. },
        ) => true,
    }
}

fn open(circuit: &Mutex<Circuit>) -> std::sync::MutexGuard<'_, Circuit> {
    circuit.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All ways of a channel.
#[derive(Debug)]
pub struct Ways<T> {
    /// The configured one, for shops that define no accounts.
    usual: Option<Arc<Way<T>>>,
    vars: Vars,
    secrets: Secrets,
    /// How many instances of the function may run at once, this one among them.
    instances: u32,
    known: Mutex<Known<T>>,
}

/// The accounts of a definition, opened.
#[derive(Debug)]
struct Known<T> {
    of: Option<Arc<Providers>>,
    ways: BTreeMap<AccountName, Arc<Way<T>>>,
}

impl<T: Opened> Ways<T> {
    /// The ways that configuration gives; `usual` is the one of shops that define no accounts.
    pub fn new(usual: Option<T>, vars: &Vars) -> anyhow::Result<Self> {
        Ok(Self {
            usual: usual.map(|transport| Arc::new(Way::new(None, transport, None, Tariffs::default()))),
            vars: vars.clone(),
            secrets: Secrets::from_vars(vars)?,
            instances: vars.get(INSTANCES).map_or(Ok(1), |_| vars.parsed(INSTANCES))?,
            known: Mutex::new(Known { of: None, ways: BTreeMap::new() }),
        })
    }

    /// The ways a message may go, in the order in which they are tried.
    pub(crate) fn of(&self, definitions: &Definitions, message: &Rendered) -> Vec<Arc<Way<T>>> {
        let (purpose, to, code) = (message.purpose.into(), message.to.as_str(), message.code.as_str());
        self.taking(definitions, Asking { channel: T::CHANNEL, purpose, to, code })
    }

    /// The ways of whatever asks for some, in the order in which they are tried. A channel of which the shop's routes say
    /// nothing goes the configured way.
    pub fn taking(&self, definitions: &Definitions, asking: Asking<'_>) -> Vec<Arc<Way<T>>> {
        let routed =
            |providers: &&Arc<Providers>| providers.routes.iter().any(|route| route.channel == T::CHANNEL);
        let Some(providers) = definitions.providers.as_ref().filter(routed) else {
            return self.usual.iter().cloned().collect();
        };
        let ways = self.opened(providers);
        providers.accounts_of(asking).into_iter().filter_map(|name| ways.get(name).cloned()).collect()
    }

    /// Whether there is any way at all, be it one that can't be used for now.
    pub fn has_account(&self, definitions: &Definitions) -> bool {
        let routes = definitions.providers.iter().flat_map(|providers| &providers.routes);
        self.usual.is_some() || routes.into_iter().any(|route| route.channel == T::CHANNEL)
    }

    /// The way a message went that was claimed for an account.
    pub fn named(&self, definitions: &Definitions, account: Option<&AccountName>) -> Option<Arc<Way<T>>> {
        match (account, &definitions.providers) {
            (None, _) => self.usual.clone(),
            (Some(name), Some(providers)) => self.opened(providers).get(name).cloned(),
            (Some(_), None) => None,
        }
    }

    /// The accounts of a definition. One that stays as it was keeps its circuit; one that can't be opened is told of, and left
    /// out: what would go through it goes the next way.
    fn opened(&self, providers: &Arc<Providers>) -> BTreeMap<AccountName, Arc<Way<T>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.of.as_ref() == Some(providers) {
            return known.ways.clone();
        }
        let mut ways = BTreeMap::new();
        for (name, source) in &providers.accounts {
            if !domain::routes::serves(T::CHANNEL).contains(&source.provider.as_str()) {
                continue;
            }
            let same = known.of.as_ref().is_some_and(|of| of.accounts.get(name) == Some(source));
            if let Some(way) = known.ways.get(name).filter(|_| same) {
                ways.insert(name.clone(), Arc::clone(way));
                continue;
            }
            let account = Account::of(name, source, &self.secrets, &self.vars);
            match T::open(&source.provider, &account, &self.vars) {
                Ok(transport) => {
                    let pace = source.per_second.map(|rate| Pace::share(rate, self.instances));
                    let way = Way::new(Some(name.clone()), transport, pace, source.prices.clone());
                    ways.insert(name.clone(), Arc::new(way));
                }
                Err(error) => tracing::error!(%error, "an account can't be used"),
            }
        }
        *known = Known { of: Some(Arc::clone(providers)), ways };
        known.ways.clone()
    }
}
