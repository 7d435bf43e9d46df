//! Through which accounts at providers messages go: accounts, and routes to them by channel, purpose and country.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chance::draw;
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::definition::Mistake;
use crate::money::Yen;
use crate::names::AccountName;
use crate::tariff::{Billed, Tariffs};

/// Providers of SMS, as accounts name them.
pub const SMS_PROVIDERS: [&str; 10] = [
    "aws",
    "cm",
    "generic",
    "infobip",
    "karaden",
    "media-sms",
    "sandbox",
    "twilio",
    "vonage",
    "zettai-reach",
];

/// Providers of e-mail.
pub const EMAIL_PROVIDERS: [&str; 3] = ["sandbox", "ses", "smtp"];

/// Providers of messages by LINE.
pub const LINE_PROVIDERS: [&str; 2] = ["line", "sandbox"];

/// The most accounts, and the most routes.
const LIMIT: usize = 50;

/// The most weight of one account of a route.
const WEIGHT_LIMIT: u32 = 1_000;

/// The accounts a shop sends through, and which of them takes what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// Accounts at providers, by names of the shop's own. Their secrets stand elsewhere: in the environment variable
    /// `PROVIDER_SECRETS`, a key of the stack's secret.
    pub accounts: BTreeMap<AccountName, AccountSource>,
    /// Which account takes what: the first route that fits a message is its own.
    pub routes: Vec<Route>,
}

/// An account at a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSource {
    /// Which provider: `twilio`, `zettai-reach` …
    pub provider: String,
    /// Where its API is reached, when that is not the provider's usual address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the provider needs to know beside secrets, such as `sender`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// How many messages a second the contract allows. Each instance of the sending function takes an equal share, rounded
    /// down, of so many instances as may run (the template's parameter `SmsConcurrency`; on one machine there is one). A rate
    /// below the number of instances becomes one message in several seconds for each, so it holds over those seconds and not
    /// over every single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// What a part costs, by currency and from which day on; the shop's `prices` hold where there is none.
    #[serde(default, skip_serializing_if = "Tariffs::is_empty")]
    pub prices: Tariffs,
    /// Whether the provider charges for all that it accepted or only for what was delivered.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub billed: Billed,
    /// The most yen that all messages through the account may cost in a month of the shop's calendar, whatever their purpose.
    /// One that would cost more goes to the next account of its route, and is left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u32>")]
    pub monthly_limit: Option<Yen>,
    /// Of a generic provider: what its requests, answers and receipts look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generic: Option<Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde's skip_serializing_if asks for")]
fn is_usual(billed: &Billed) -> bool {
    *billed == Billed::default()
}

/// A route of messages to accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which messages: their channel.
    pub channel: Channel,
    /// Why they are sent; for any purpose, when none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub purposes: BTreeSet<RoutePurpose>,
    /// To phones of which countries, by their calling codes such as `81`; to all, when none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub countries: BTreeSet<u16>,
    /// The accounts among which they are shared out, each with its weight.
    pub to: BTreeMap<AccountName, u32>,
    /// The accounts that take over, in order, when one has certainly not taken a message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<AccountName>,
}

/// Why a message is sent, as routes tell: one-time codes are nobody's consent and have a queue of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutePurpose {
    /// Advertisement.
    Marketing,
    /// Notices of contract or performance.
    Transactional,
    /// One-time codes.
    OneTimeCode,
}

impl From<Purpose> for RoutePurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Marketing => Self::Marketing,
            Purpose::Transactional => Self::Transactional,
        }
    }
}

/// A message that asks for its accounts.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Its channel.
    pub channel: Channel,
    /// Why it is sent.
    pub purpose: RoutePurpose,
    /// The number in E.164, the address, or the LINE id.
    pub to: &'a str,
    /// Its code: the same message has the same accounts whenever it asks.
    pub code: &'a str,
}

impl Providers {
    /// The accounts that may take a message, in the order in which they are tried; none where no route fits.
    pub fn accounts_of(&self, asking: Asking<'_>) -> Vec<&AccountName> {
        let Some(route) = self.routes.iter().find(|route| route.fits(asking)) else { return Vec::new() };
        let all = route.to.values().fold(0_u32, |sum, weight| sum.saturating_add(*weight));
        let mut rest = draw(&[asking.code, "account"], all);
        let mut drawn = None;
        for (account, weight) in &route.to {
            if rest < *weight {
                drawn = Some(account);
                break;
            }
            rest -= weight;
        }
        let mut accounts: Vec<&AccountName> = drawn.into_iter().collect();
        for account in &route.then {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        accounts
    }

    /// What is wrong with them.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut wrong = |place: String, what: String| mistakes.push(Mistake { place, what });
        if self.accounts.is_empty() {
            wrong("accounts".to_owned(), "there is none; add at least one".to_owned());
        }
        for (what, count) in [("accounts", self.accounts.len()), ("routes", self.routes.len())] {
            if count > LIMIT {
                wrong(what.to_owned(), format!("there are {count}, at most {LIMIT} fit"));
            }
        }
        let mut known: Vec<&str> = Channel::ALL.into_iter().flat_map(serves).copied().collect();
        known.sort_unstable();
        known.dedup();
        for (name, account) in &self.accounts {
            let place = format!("accounts.{name}");
            if !known.contains(&account.provider.as_str()) {
                wrong(
                    format!("{place}.provider"),
                    crate::check::unknown("provider", &account.provider, &known),
                );
            }
            if (account.provider == "generic") != account.generic.is_some() {
                wrong(
                    format!("{place}.generic"),
                    "belongs to `provider: generic`, which needs it".to_owned(),
                );
            }
            if account.per_second == Some(0) {
                wrong(format!("{place}.per_second"), "goes from 1".to_owned());
            }
            if account.monthly_limit.is_some_and(|limit| limit.0 < 0) {
                wrong(format!("{place}.monthly_limit"), "goes from 0 yen".to_owned());
            }
            for mistake in account.prices.mistakes(&format!("{place}.prices")) {
                wrong(mistake.place, mistake.what);
            }
        }
        for (index, route) in self.routes.iter().enumerate() {
            let place = format!("routes[{index}]");
            if route.to.is_empty() {
                wrong(format!("{place}.to"), "names no account; write `to: { main: 1 }`".to_owned());
            }
            if route.to.values().any(|weight| !(1..=WEIGHT_LIMIT).contains(weight)) {
                wrong(format!("{place}.to"), format!("a weight goes from 1 to {WEIGHT_LIMIT}"));
            }
            let stateless = match route.channel {
                Channel::Sms => None,
                Channel::Email => Some("an e-mail address"),
                Channel::Line => Some("a LINE id"),
            };
            if let Some(what) = stateless.filter(|_| !route.countries.is_empty()) {
                wrong(format!("{place}.countries"), format!("{what} has no country; leave it out"));
            }
            let named =
                route.to.keys().map(|name| ("to", name)).chain(route.then.iter().map(|name| ("then", name)));
            for (key, name) in named {
                let accounts: Vec<&str> = self.accounts.keys().map(AccountName::as_str).collect();
                match self.accounts.get(name) {
                    None => wrong(
                        format!("{place}.{key}"),
                        crate::check::unknown("account", name.as_str(), &accounts),
                    ),
                    Some(account) if !serves(route.channel).contains(&account.provider.as_str()) => wrong(
                        format!("{place}.{key}"),
                        format!(
                            "`{name}` is an account at `{}`, which takes no {}",
                            account.provider, route.channel
                        ),
                    ),
                    Some(_) => {}
                }
            }
        }
        mistakes
    }
}

impl Route {
    fn fits(&self, asking: Asking<'_>) -> bool {
        let to = |country: &u16| {
            asking.to.strip_prefix('+').is_some_and(|number| number.starts_with(&country.to_string()))
        };
        self.channel == asking.channel
            && (self.purposes.is_empty() || self.purposes.contains(&asking.purpose))
            && (self.countries.is_empty() || self.countries.iter().any(to))
    }
}

/// The providers of a channel.
pub const fn serves(channel: Channel) -> &'static [&'static str] {
    match channel {
        Channel::Sms => &SMS_PROVIDERS,
        Channel::Email => &EMAIL_PROVIDERS,
        Channel::Line => &LINE_PROVIDERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(yaml: &str) -> Providers {
        serde_saphyr::from_str(yaml).unwrap()
    }

    const TWO: &str = "
accounts:
  main: { provider: zettai-reach, settings: { sender: '00051234' } }
  backup: { provider: twilio }
  abroad: { provider: infobip }
  mail: { provider: sandbox }
  official: { provider: line }
  codes: { provider: cm }
routes:
  - { channel: sms, purposes: [one_time_code], to: { codes: 1 }, then: [main] }
  - { channel: sms, purposes: [marketing], countries: [81], to: { main: 3, backup: 1 }, then: [backup, main] }
  - { channel: sms, countries: [81], to: { main: 1 } }
  - { channel: sms, to: { abroad: 1 } }
  - { channel: email, to: { mail: 1 } }
  - { channel: line, to: { official: 1 } }
";

    #[test]
    fn the_first_route_that_fits_is_taken_and_shared_by_weight() {
        let providers = providers(TWO);
        assert_eq!(providers.mistakes(), []);
        let asked = |channel, purpose: RoutePurpose, to: &str, code: &str| {
            let accounts = providers.accounts_of(Asking { channel, purpose, to, code });
            accounts.into_iter().map(AccountName::as_str).collect::<Vec<_>>().join(" ")
        };
        let code = |number: u32| format!("{number:012}");
        let first = |number| asked(Channel::Sms, RoutePurpose::Marketing, "+819012345678", &code(number));
        let main = (0..4_000).filter(|number| first(*number) == "main backup").count();
        assert!((2_880..3_120).contains(&main), "{main}");
        assert!((0..100).all(|number| ["main backup", "backup main"].contains(&first(number).as_str())));
        assert_eq!(asked(Channel::Sms, RoutePurpose::Transactional, "+819012345678", &code(1)), "main");
        assert_eq!(asked(Channel::Sms, RoutePurpose::Marketing, "+14155550100", &code(1)), "abroad");
        assert_eq!(asked(Channel::Email, RoutePurpose::Marketing, "hana@example.jp", &code(1)), "mail");
        let line =
            asked(Channel::Line, RoutePurpose::Marketing, "U4af4980629f1b2c3d4e5f60718293a4b", &code(1));
        assert_eq!(line, "official");
        assert_eq!(first(7), first(7));
        assert_eq!(asked(Channel::Sms, RoutePurpose::OneTimeCode, "+819012345678", &code(1)), "codes main");
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let providers = providers(
            "
accounts:
  main: { provider: twillio, per_second: 0, monthly_limit: -1 }
  text: { provider: twilio, generic: {}, prices: [{ from: 2026-04-01, currency: USD, per_part: { international: 0.07 } }] }
routes:
  - { channel: sms, to: { mian: 1 }, then: [text] }
  - { channel: email, countries: [81], to: {} }
  - { channel: email, to: { text: 0 } }
  - { channel: line, countries: [81], to: { text: 1 } }
",
        );
        let told: Vec<String> = providers.mistakes().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "accounts.main.provider: there is no provider `twillio`; did you mean `twilio`?",
                "accounts.main.per_second: goes from 1",
                "accounts.main.monthly_limit: goes from 0 yen",
                "accounts.text.generic: belongs to `provider: generic`, which needs it",
                "accounts.text.prices[0].yen_per: is needed: how many yen one unit of the currency is, such as \"151.2\"",
                "routes[0].to: there is no account `mian`; did you mean `main`?",
                "routes[1].to: names no account; write `to: { main: 1 }`",
                "routes[1].countries: an e-mail address has no country; leave it out",
                "routes[2].to: a weight goes from 1 to 1000",
                "routes[2].to: `text` is an account at `twilio`, which takes no email",
                "routes[3].countries: a LINE id has no country; leave it out",
                "routes[3].to: `text` is an account at `twilio`, which takes no line",
            ]
        );
    }
}
