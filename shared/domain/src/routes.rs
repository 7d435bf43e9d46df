//! Through which accounts at providers messages go: accounts, and routes to them by channel, purpose and country.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chance::draw;
use crate::consent::Purpose;
use crate::contact::Channel;
use crate::definition::Mistake;
use crate::names::AccountName;

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
pub const EMAIL_PROVIDERS: [&str; 1] = ["sandbox"];

/// The most accounts, and the most routes.
const LIMIT: usize = 50;

/// The most weight of one account of a route.
const WEIGHT_LIMIT: u32 = 1_000;

/// The accounts a shop sends through, and which of them takes what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// Accounts at providers, by names of the shop's own. Their secrets stand elsewhere: in the environment variable
    /// `PROVIDER_SECRETS`, the template's parameter `ProviderSecrets`.
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
    /// How many messages a second each instance of the sending function hands over: on one machine there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Of a generic provider: what its requests, answers and receipts look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generic: Option<Value>,
}

/// A route of messages to accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which messages: their channel.
    pub channel: Channel,
    /// Why they are sent; for any purpose, when none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub purposes: BTreeSet<Purpose>,
    /// To phones of which countries, by their calling codes such as `81`; to all, when none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub countries: BTreeSet<u16>,
    /// The accounts among which they are shared out, each with its weight.
    pub to: BTreeMap<AccountName, u32>,
    /// The accounts that take over, in order, when one has certainly not taken a message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<AccountName>,
}

/// A message that asks for its accounts.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Its channel.
    pub channel: Channel,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The number in E.164, or the address.
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
        let known: Vec<&str> = SMS_PROVIDERS.into_iter().chain(EMAIL_PROVIDERS).collect();
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
        }
        for (index, route) in self.routes.iter().enumerate() {
            let place = format!("routes[{index}]");
            if route.to.is_empty() {
                wrong(format!("{place}.to"), "names no account; write `to: { main: 1 }`".to_owned());
            }
            if route.to.values().any(|weight| !(1..=WEIGHT_LIMIT).contains(weight)) {
                wrong(format!("{place}.to"), format!("a weight goes from 1 to {WEIGHT_LIMIT}"));
            }
            if route.channel == Channel::Email && !route.countries.is_empty() {
                wrong(
                    format!("{place}.countries"),
                    "an e-mail address has no country; leave it out".to_owned(),
                );
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
routes:
  - { channel: sms, purposes: [marketing], countries: [81], to: { main: 3, backup: 1 }, then: [backup, main] }
  - { channel: sms, countries: [81], to: { main: 1 } }
  - { channel: sms, to: { abroad: 1 } }
  - { channel: email, to: { mail: 1 } }
";

    #[test]
    fn the_first_route_that_fits_is_taken_and_shared_by_weight() {
        let providers = providers(TWO);
        assert_eq!(providers.mistakes(), []);
        let asked = |channel, purpose, to: &str, code: &str| {
            let accounts = providers.accounts_of(Asking { channel, purpose, to, code });
            accounts.into_iter().map(AccountName::as_str).collect::<Vec<_>>().join(" ")
        };
        let code = |number: u32| format!("{number:012}");
        let first = |number| asked(Channel::Sms, Purpose::Marketing, "+819012345678", &code(number));
        let main = (0..4_000).filter(|number| first(*number) == "main backup").count();
        assert!((2_880..3_120).contains(&main), "{main}");
        assert!((0..100).all(|number| ["main backup", "backup main"].contains(&first(number).as_str())));
        assert_eq!(asked(Channel::Sms, Purpose::Transactional, "+819012345678", &code(1)), "main");
        assert_eq!(asked(Channel::Sms, Purpose::Marketing, "+14155550100", &code(1)), "abroad");
        assert_eq!(asked(Channel::Email, Purpose::Marketing, "hana@example.jp", &code(1)), "mail");
        assert_eq!(first(7), first(7));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let providers = providers(
            "
accounts:
  main: { provider: twillio, per_second: 0 }
  text: { provider: twilio, generic: {} }
routes:
  - { channel: sms, to: { mian: 1 }, then: [text] }
  - { channel: email, countries: [81], to: {} }
  - { channel: email, to: { text: 0 } }
",
        );
        let told: Vec<String> = providers.mistakes().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "accounts.main.provider: there is no provider `twillio`; did you mean `twilio`?",
                "accounts.main.per_second: goes from 1",
                "accounts.text.generic: belongs to `provider: generic`, which needs it",
                "routes[0].to: there is no account `mian`; did you mean `main`?",
                "routes[1].to: names no account; write `to: { main: 1 }`",
                "routes[1].countries: an e-mail address has no country; leave it out",
                "routes[2].to: a weight goes from 1 to 1000",
                "routes[2].to: `text` is an account at `twilio`, which takes no email",
            ]
        );
    }
}
