//! A text in one language or two.

use super::Text;
use crate::customer::Customer;

/// The trait that says which language a customer reads, such as `ja` or `en-US`; Japanese where it says nothing.
pub const LANGUAGE: &str = "language";

/// A text in one language or two.
#[derive(Clone, Debug)]
pub struct Wording {
    /// For everyone, or for those who read no English.
    pub text: Text,
    /// For those who read English, where there is one of its own.
    pub english: Option<Text>,
}

impl Wording {
    /// The text in the language that a customer reads.
    pub fn of(&self, customer: &Customer) -> &Text {
        let english = customer
            .text(LANGUAGE)
            .is_some_and(|language| language.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("en")));
        self.english.as_ref().filter(|_| english).unwrap_or(&self.text)
    }

    /// Every text, each with where it stands below the wording.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &Text)> {
        let first = if self.english.is_some() { ".ja" } else { "" };
        [(first, &self.text)].into_iter().chain(self.english.iter().map(|text| (".en", text)))
    }
}
