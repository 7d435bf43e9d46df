//! Fictional customers in Japan: each is a pure function of a seed and a customer's number.
//!
//! Japan reserves no telephone numbers for fiction, so the numbers here are well formed and may belong to someone: they
//! are for the sandbox provider only. The e-mail addresses are in the domains reserved for examples (RFC 2606; JPRS
//! reserves example.jp).

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::names::{FAMILY, GIVEN, Name, PREFECTURES};

const FIRST_BIRTHDAY: Date = date(1930, 1, 1);
/// 1930-01-01 to 1980-12-31.
const BIRTHDAYS: i64 = 51 * 365 + 13;

/// In percent of the customers who gave consent to SMS or e-mail, whether or not they opted out later.
const SMS_CONSENT: u32 = 90;
const EMAIL_CONSENT: u32 = 80;
/// In percent of all customers.
const OPTED_OUT: u32 = 2;

/// Mobile ranges followed by 1 to 9 and seven digits.
const RANGES: [&str; 3] = ["70", "80", "90"];
const SUBSCRIBERS: u64 = 90_000_000;
const NUMBERS: u64 = SUBSCRIBERS * RANGES.len() as u64;
/// Shares no factor with [`NUMBERS`] (2, 3 and 5), so that multiplying by it only reorders them.
const STRIDE: u64 = 97_654_321;

/// A customer who does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Family name in kanji.
    pub family: &'static str,
    /// Given name in kanji or kana.
    pub given: &'static str,
    /// Mobile number in E.164; with one seed, no two customers share one.
    pub phone: String,
    /// E-mail address; no two customers share one.
    pub email: String,
    /// From 1930 to 1980.
    pub birthday: Date,
    /// Prefecture, as often as its share of Japan's population.
    pub prefecture: &'static str,
    /// Consent to marketing by SMS.
    pub sms_consent: Consent,
    /// Consent to marketing by e-mail.
    pub email_consent: Consent,
}

/// What a customer said about marketing on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Agreed to it.
    Given,
    /// Agreed and took it back.
    OptedOut,
    /// Never agreed.
    Never,
}

impl Consent {
    /// Whether marketing may be sent.
    pub const fn holds(self) -> bool {
        match self {
            Self::Given => true,
            Self::OptedOut | Self::Never => false,
        }
    }
}

/// The customer with this number. Numbers up to 270 million get distinct telephone numbers.
pub fn person(seed: u64, number: u32) -> Person {
    let mut random = fastrand::Rng::with_seed(mix(seed, u64::from(number)));
    let family = pick(&mut random, FAMILY);
    let given = pick(&mut random, GIVEN);
    let domain = ["example.com", "example.jp", "example.net"][random.usize(..3)];
    Person {
        family: family.kanji,
        given: given.kanji,
        phone: phone(seed, number),
        email: format!("{}.{}{number}@{domain}", given.romaji, family.romaji),
        birthday: FIRST_BIRTHDAY.saturating_add(random.i64(0..BIRTHDAYS).days()),
        prefecture: prefecture(&mut random),
        sms_consent: consent(&mut random, SMS_CONSENT),
        email_consent: consent(&mut random, EMAIL_CONSENT),
    }
}

fn phone(seed: u64, number: u32) -> String {
    let slot = (u64::from(number) * STRIDE + mix(seed, 0) % NUMBERS) % NUMBERS;
    let range = if slot < SUBSCRIBERS {
        RANGES[0]
    } else if slot < 2 * SUBSCRIBERS {
        RANGES[1]
    } else {
        RANGES[2]
    };
    format!("+81{range}{}", 10_000_000 + slot % SUBSCRIBERS)
}

fn pick(random: &mut fastrand::Rng, names: &'static [Name]) -> &'static Name {
    &names[random.usize(..names.len())]
}

fn prefecture(random: &mut fastrand::Rng) -> &'static str {
    let everyone: u32 = PREFECTURES.iter().map(|(_, people)| people).sum();
    let mut left = random.u32(..everyone);
    for (name, people) in PREFECTURES {
        if left < *people {
            return name;
        }
        left -= people;
    }
    PREFECTURES[0].0
}

fn consent(random: &mut fastrand::Rng, given: u32) -> Consent {
    match random.u32(..100) {
        roll if roll < OPTED_OUT => Consent::OptedOut,
        roll if roll < given => Consent::Given,
        _ => Consent::Never,
    }
}

/// `SplitMix64`'s finalizer (Steele, Lea and Flood 2014): neighbouring numbers get unrelated seeds.
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::contact::{Email, Phone};

    use super::*;

    const CUSTOMERS: u32 = 23_570;

    fn everyone(seed: u64) -> Vec<Person> {
        (1..=CUSTOMERS).map(|number| person(seed, number)).collect()
    }

    #[test]
    fn a_person_depends_on_the_seed_and_the_number_only() {
        assert_eq!(person(7, 42), person(7, 42));
        assert_ne!(person(7, 42), person(8, 42));
        assert_ne!(person(7, 42).phone, person(8, 42).phone);
    }

    #[test]
    fn addresses_are_unique_and_well_formed() {
        let all = everyone(1);
        assert_eq!(all.iter().map(|p| &p.phone).collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all.iter().map(|p| &p.email).collect::<BTreeSet<_>>().len(), all.len());
        for person in &all {
            let rest = person.phone.strip_prefix("+81").unwrap();
            assert!(["70", "80", "90"].contains(&&rest[..2]), "{}", person.phone);
            assert!(rest.len() == 10 && rest.as_bytes()[2] != b'0', "{}", person.phone);
            assert_eq!(Phone::parse(&person.phone).unwrap().as_str(), person.phone);
            assert_eq!(Email::parse(&person.email).unwrap().as_str(), person.email);
            let (_, domain) = person.email.split_once('@').unwrap();
            assert!(["example.com", "example.jp", "example.net"].contains(&domain), "{}", person.email);
        }
    }

    #[test]
    fn numbers_never_collide_even_at_the_ends_of_the_range() {
        let last = u32::try_from(NUMBERS).unwrap() - 1;
        let numbers: BTreeSet<String> =
            [0, 1, 2, 89_999_999, 90_000_000, last - 1, last].map(|n| phone(3, n)).into();
        assert_eq!(numbers.len(), 7);
        let shared = |prime| NUMBERS.is_multiple_of(prime) && STRIDE.is_multiple_of(prime);
        assert!(![2, 3, 5].into_iter().any(shared));
    }

    #[test]
    fn shares_are_as_promised() {
        let all = everyone(1);
        let percent = |holds: fn(&Person) -> bool| {
            f64::from(u32::try_from(all.iter().filter(|p| holds(p)).count()).unwrap()) * 100.0
                / f64::from(CUSTOMERS)
        };
        assert!((percent(|p| p.sms_consent != Consent::Never) - 90.0).abs() < 1.0);
        assert!((percent(|p| p.email_consent != Consent::Never) - 80.0).abs() < 1.0);
        assert!((percent(|p| p.sms_consent == Consent::OptedOut) - 2.0).abs() < 0.5);
        assert!((percent(|p| p.email_consent == Consent::OptedOut) - 2.0).abs() < 0.5);
        assert!(all.iter().all(|p| (1930..=1980).contains(&p.birthday.year())));
        assert_eq!(all.iter().map(|p| p.prefecture).collect::<BTreeSet<_>>().len(), 47);
    }

    #[test]
    fn the_last_birthday_is_the_last_day_of_1980() {
        assert_eq!(FIRST_BIRTHDAY.saturating_add((BIRTHDAYS - 1).days()), date(1980, 12, 31));
    }
}
