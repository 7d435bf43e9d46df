//! From which addresses an account's provider posts, where the shop knows them: one thing more to forge where the provider
//! signs nothing.

use std::net::IpAddr;

use crate::account::{Account, AccountError};

/// The setting that lists them.
const SETTING: &str = "callback_from";
const EXPECTED: &str =
    "addresses and networks with commas between them, such as 203.0.113.0/24, 2001:db8::/32";

/// The networks from which posts may come; from anywhere where none is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(Vec<Network>);

/// A network: what its addresses have in common, and how many bits that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    of: IpAddr,
    bits: u32,
}

impl Addresses {
    /// Those of an account's setting `callback_from`.
    pub fn of(account: &Account) -> Result<Self, AccountError> {
        let Some(listed) = account.settings.get(SETTING) else { return Ok(Self::default()) };
        let wrong = || account.error(&format!("settings.{SETTING}"), &format!("is wrong: {EXPECTED}"));
        let networks = listed.split(',').map(|one| Network::parse(one.trim()).ok_or_else(wrong));
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a post may come from an address; one of which it is not known where it came from, only where any may.
    pub fn take(&self, from: Option<IpAddr>) -> bool {
        self.0.is_empty()
            || from.is_some_and(|from| self.0.iter().any(|network| network.has(from.to_canonical())))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let of: IpAddr = address.parse().ok()?;
        let all = if of.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(all), |bits| bits.parse().ok().filter(|bits| *bits <= all))?;
        Some(Self { of, bits })
    }

    fn has(self, address: IpAddr) -> bool {
        match (self.of, address) {
            (IpAddr::V4(of), IpAddr::V4(address)) => {
                (of.to_bits() ^ address.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(of), IpAddr::V6(address)) => {
                (of.to_bits() ^ address.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::account;

    fn listed(networks: &str) -> Result<Addresses, AccountError> {
        Addresses::of(&account("https://sms.example", &[(SETTING, networks)], &[]))
    }

    #[test]
    fn only_listed_networks_may_post() {
        let addresses = listed("203.0.113.0/24, 198.51.100.7,2001:db8::/32").unwrap();
        for (from, taken) in [
            ("203.0.113.0", true),
            ("203.0.113.255", true),
            ("203.0.112.255", false),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("::ffff:203.0.113.9", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(addresses.take(from.parse().ok()), taken, "{from}");
        }
        assert!(!addresses.take(None));
        assert!(listed("0.0.0.0/0").unwrap().take("198.51.100.8".parse().ok()));
        let anyone = Addresses::of(&account("https://sms.example", &[], &[])).unwrap();
        assert!(anyone.take(None) && anyone.take("198.51.100.8".parse().ok()));
    }

    #[test]
    fn what_is_no_network_is_told_and_not_taken_for_everyone() {
        for networks in ["", "203.0.113.0/33", "203.0.113", "2001:db8::/129", "203.0.113.1,", "sms.example"] {
            let error = listed(networks).unwrap_err();
            assert_eq!(error.place, "settings.callback_from", "{networks}");
            assert!(error.what.ends_with(EXPECTED), "{error}");
        }
    }
}
