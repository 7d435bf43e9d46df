//! What a message is expected to cost, by the account that it goes through.

use crate::definitions::Definitions;
use crate::money::Yen;
use crate::names::AccountName;
use crate::parts::{Network, estimate};
use crate::routes::{AccountSource, Asking};
use crate::tariff::Quote;
use crate::time::Timestamp;

impl Definitions {
    /// An account of the shop's own.
    pub fn account(&self, name: &AccountName) -> Option<&AccountSource> {
        self.providers.as_ref()?.accounts.get(name)
    }

    /// The account that a message goes through unless something is in its way; none where no accounts are defined.
    pub fn account_for(&self, asking: Asking<'_>) -> Option<&AccountName> {
        self.providers.as_ref()?.accounts_of(asking).into_iter().next()
    }

    /// What a text costs to a number through an account: by the account's prices of the day; where it has none for that, by
    /// the shop's `prices`.
    pub fn quote(&self, account: Option<&AccountName>, to: &str, text: &str, at: Timestamp) -> Quote {
        let tariff = account.and_then(|name| self.account(name)).and_then(|account| account.prices.at(at));
        tariff.and_then(|tariff| tariff.quote(text, to)).unwrap_or_else(|| self.usual_quote(text, to))
    }

    /// What a text costs at most to a number, whichever account takes it.
    pub fn dearest(&self, asking: Asking<'_>, text: &str, at: Timestamp) -> Yen {
        let accounts = self.providers.iter().flat_map(|providers| providers.accounts_of(asking));
        let ways = accounts.map(|account| self.quote(Some(account), asking.to, text, at).dearest);
        ways.max().unwrap_or_else(|| self.quote(None, asking.to, text, at).dearest)
    }

    fn usual_quote(&self, text: &str, to: &str) -> Quote {
        match estimate(text, Network::of(to), &self.shop.prices) {
            Ok(estimate) => {
                let dearest = estimate.yen().1;
                let mean = estimate.routes.values().map(|bill| bill.yen.0.saturating_mul(100)).sum::<i64>();
                let routes = i64::try_from(estimate.routes.len()).unwrap_or(1).max(1);
                Quote { parts: estimate.most_parts(), dearest, likely_sen: mean / routes }
            }
            // It is refused before it leaves.
            Err(_) => Quote { parts: 0, dearest: Yen::ZERO, likely_sen: 0 },
        }
    }
}
