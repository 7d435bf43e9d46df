//! What a shop says of its one-time codes.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Limits, Locale, Shape, text};
use crate::contact::Phone;
use crate::definition::Mistake;
use crate::words::Words;

/// Calling code of the country whose numbers get codes where the shop lists none.
const JAPAN: u16 = 81;

/// The most minutes a code is valid.
const MINUTES_LIMIT: u32 = 60;

/// The most characters of a text.
const TEXT_LIMIT: usize = 300;

/// The most characters of a host (RFC 1035, 2.3.4), and of what stands between two of its dots.
const HOST_LIMITS: (usize, usize) = (253, 63);

/// One-time codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Codes {
    /// The site on which codes are typed, such as `example.jp`: phones then fill the code in there, and nowhere else. A call
    /// may name another.
    pub domain: Option<String>,
    /// For how many minutes a code is valid: from 1 to 60.
    #[schemars(range(min = 1, max = 60))]
    pub valid_minutes: u32,
    /// To numbers of which countries codes are sent, by their calling codes such as `81`.
    pub countries: BTreeSet<u16>,
    /// How many are sent at most.
    pub limits: Limits,
    /// What their SMS say.
    pub texts: Texts,
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            domain: None,
            valid_minutes: 5,
            countries: BTreeSet::from([JAPAN]),
            limits: Limits::default(),
            texts: Texts::default(),
        }
    }
}

/// Texts of one-time codes, where the shop has its own: `{{ code }}` or `{{ link }}` in each, beside them `{{ sender }}` and
/// `{{ minutes }}`. A text is one for all, or one in each language as `{ ja: …, en: … }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// The code.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub code: Words,
    /// The code, where to type it, and how long it is valid.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub code_with_help: Words,
    /// The link.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub link: Words,
}

impl Texts {
    /// The text of a shape, if the shop has its own.
    pub const fn of(&self, shape: Shape) -> &Words {
        match shape {
            Shape::Code => &self.code,
            Shape::CodeWithHelp => &self.code_with_help,
            Shape::Link => &self.link,
        }
    }
}

impl Codes {
    /// Whether nothing is said that differs from what is usual.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether numbers of this country get codes.
    pub fn serves(&self, to: &Phone) -> bool {
        let number = to.as_str().trim_start_matches('+');
        self.countries.iter().any(|country| number.starts_with(&country.to_string()))
    }

    /// What is wrong with it; places begin with `at`.
    pub fn mistakes(&self, at: &str) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut wrong = |place: &str, what: String| {
            mistakes.push(Mistake { place: format!("{at}.{place}"), what });
        };
        if let Some(Err(error)) = self.domain.as_deref().map(Host::parse) {
            wrong("domain", error.to_string());
        }
        if !(1..=MINUTES_LIMIT).contains(&self.valid_minutes) {
            wrong("valid_minutes", format!("goes from 1 to {MINUTES_LIMIT}"));
        }
        if self.countries.is_empty() {
            wrong("countries", "no country is left; Japan is 81".to_owned());
        }
        for shape in Shape::ALL {
            for text in self.texts.of(shape).texts() {
                let place = format!("texts.{}", shape.name());
                if let Err(what) = text::check(text, shape) {
                    wrong(&place, what);
                }
                if text.chars().count() > TEXT_LIMIT {
                    wrong(&place, format!("has more than {TEXT_LIMIT} characters"));
                }
            }
        }
        for locale in Locale::ALL {
            let named =
                |shape: Shape| matches!(self.texts.of(shape), Words::Each(each) if !each_has(each, locale));
            for shape in Shape::ALL.into_iter().filter(|shape| named(*shape)) {
                let what =
                    format!("has no text in `{}`; write both languages, or one text for all", locale.name());
                wrong(&format!("texts.{}", shape.name()), what);
            }
        }
        mistakes
    }
}

fn each_has(each: &crate::words::Languages, locale: Locale) -> bool {
    let text = match locale {
        Locale::Ja => &each.ja,
        Locale::En => &each.en,
    };
    !text.trim().is_empty()
}

/// The name of a site, such as `example.jp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(String);

/// The text is no name of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a site; write it as example.jp, without https:// and in plain letters")]
pub struct HostError;

impl Host {
    /// Reads a name of letters, digits, hyphens and dots.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (most, most_of_label) = HOST_LIMITS;
        let label = |label: &str| {
            (1..=most_of_label).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let last = text.rsplit('.').next().unwrap_or_default();
        let fits = text.len() <= most
            && text.contains('.')
            && text.split('.').all(label)
            && last.bytes().any(|byte| byte.is_ascii_alphabetic());
        if fits { Ok(Self(text.to_ascii_lowercase())) } else { Err(HostError) }
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites() {
        for text in ["example.jp", "Login.Example.co.jp", "xn--eckwd4c7c.jp"] {
            assert_eq!(Host::parse(text).unwrap().as_str(), text.to_ascii_lowercase());
        }
        for text in [
            "",
            "example",
            "https://example.jp",
            "example.jp/x",
            "a..jp",
            "-a.jp",
            "例え.jp",
            "a.jp\n#1",
            "192.0.2.1",
        ] {
            assert_eq!(Host::parse(text), Err(HostError), "{text}");
        }
    }

    #[test]
    fn japan_only_unless_others_are_listed() {
        let codes = Codes::default();
        let phone = |text| Phone::parse(text).unwrap();
        assert!(codes.serves(&phone("09012345678")));
        assert!(!codes.serves(&phone("+14155550100")));
        let codes: Codes = serde_saphyr::from_str("countries: [81, 1]").unwrap();
        assert!(codes.serves(&phone("+14155550100")) && codes.serves(&phone("09012345678")));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let codes: Codes = serde_saphyr::from_str(
            "
domain: https://example.jp
valid_minutes: 61
countries: []
texts:
  code: '{{ code }} {{ customer.name }}'
  code_with_help: { ja: '{{ sender }}' }
  link: '{{ link'
",
        )
        .unwrap();
        let told: Vec<String> = codes.mistakes("codes").iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "codes.domain: not the name of a site; write it as example.jp, without https:// and in plain letters",
                "codes.valid_minutes: goes from 1 to 60",
                "codes.countries: no country is left; Japan is 81",
                "codes.texts.code: there is no `{{ customer.name }}` here; there are `code`, `sender` and `minutes`",
                "codes.texts.code_with_help: says no code; write `{{ code }}` once",
                "codes.texts.link: a `{{` is not closed by `}}`",
                "codes.texts.code_with_help: has no text in `en`; write both languages, or one text for all",
            ]
        );
        assert_eq!(Codes::default().mistakes("codes"), []);
    }
}
