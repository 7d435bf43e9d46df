//! One-time codes: a shop asks for one, a person types it, the shop is told whether it was the right one.
//!
//! Each request is a verification of its own with a code of its own. Asking again for the same number makes another one, and
//! the one before stops counting; so an SMS whose fate is not known is never sent a second time, and nobody waits for it.

mod limits;
mod secret;
mod settings;
mod text;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::base62;
use crate::message::Code;
use crate::money::Yen;
use crate::time::Timestamp;

pub use self::limits::{Count, Decision, Limit, Limits, counts, decide};
pub use self::secret::{CodeHash, LinkHash, LinkTag, LinkToken, OneTimeCode, is_code};
pub use self::settings::{Codes, Host, HostError, Texts};
pub use self::text::{Said, say};

/// How often a code may be typed wrong.
pub const TRIES: u32 = 5;

/// The name of a verification: twelve characters, drawn at random. Providers are given it as the message's reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Code);

impl Id {
    /// The name that follows from random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Option<Self> {
        Self::parse(&base62(u128::from_be_bytes(bytes), crate::message::CODE_LENGTH))
    }

    /// Reads a name; `None` when the text can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        Code::parse(text).map(Self)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<Code> for Id {
    fn from(code: Code) -> Self {
        Self(code)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the SMS says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// The code.
    #[default]
    Code,
    /// The code, where to type it, how long it is valid, and not to pass it on.
    CodeWithHelp,
    /// A link to a page with a button, instead of a code.
    Link,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Code, Self::CodeWithHelp, Self::Link];

    /// The name in calls.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::CodeWithHelp => "code_with_help",
            Self::Link => "link",
        }
    }
}

/// The language of an SMS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

impl Locale {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The name in calls.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }
}

/// How a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for the code, or for the button behind the link.
    Pending {
        /// How often the code may still be typed.
        tries_left: u32,
    },
    /// The button behind the link was pressed; the shop has not asked yet.
    Confirmed,
    /// The shop was told that it is approved; that is said once.
    Used,
    /// Its time is over.
    Expired,
    /// The code was typed wrong too often.
    Exhausted,
    /// A later one for the same number took its place.
    Replaced,
}

/// What is kept of how a verification stands: time and tries do the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    /// Nothing has come of it.
    Pending,
    /// The button was pressed.
    Confirmed,
    /// It was approved.
    Used,
    /// A later one took its place, or its person was erased.
    Replaced,
}

impl Stands {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Used => "used",
            Self::Replaced => "replaced",
        }
    }

    /// Reads the name in the table.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Confirmed, Self::Used, Self::Replaced]
            .into_iter()
            .find(|stands| stands.name() == text)
    }
}

/// A verification, without the number that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Its name.
    pub id: Id,
    /// What the SMS says.
    pub shape: Shape,
    /// In which language.
    pub locale: Locale,
    /// The site on which the code is typed.
    pub host: Option<Host>,
    /// What has come of it.
    pub stands: Stands,
    /// How often the code may still be typed.
    pub tries_left: u32,
    /// How long it is valid.
    pub expires_at: Timestamp,
    /// For how many minutes it was made, as its text says.
    pub minutes: u32,
    /// What was taken for it out of a day's amount.
    pub taken: Taken,
}

/// What travels in the queue of codes: a name, and nothing of the person or the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTask {
    /// The verification whose SMS is to be sent.
    pub id: Id,
}

/// What was taken for an SMS out of a day's amount, before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The day, by the shop's calendar.
    pub day: String,
    /// How much.
    pub yen: Yen,
}

impl Verification {
    /// How it stands at an instant.
    pub fn state(&self, now: Timestamp) -> State {
        match self.stands {
            Stands::Used => State::Used,
            Stands::Replaced => State::Replaced,
            Stands::Pending | Stands::Confirmed if now >= self.expires_at => State::Expired,
            Stands::Confirmed => State::Confirmed,
            Stands::Pending if self.tries_left == 0 => State::Exhausted,
            Stands::Pending => State::Pending { tries_left: self.tries_left },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    pub(super) fn id() -> Id {
        Id::parse("k3Jd02aB9xYz").unwrap()
    }

    #[test]
    fn names_are_twelve_characters() {
        assert_eq!(Id::from_random([0; 16]).unwrap().as_str(), "000000000000");
        let (one, other) = (Id::from_random([7; 16]).unwrap(), Id::from_random([8; 16]).unwrap());
        assert_ne!(one, other);
        assert_eq!(Id::parse(one.as_str()), Some(one));
        assert_eq!(Id::parse("../x"), None);
    }

    #[test]
    fn how_it_stands() {
        let mut verification = Verification {
            id: id(),
            shape: Shape::Code,
            locale: Locale::Ja,
            host: None,
            stands: Stands::Pending,
            tries_left: 5,
            expires_at: NOW.plus(300),
            minutes: 5,
            taken: Taken { day: "2026-11-18".to_owned(), yen: Yen(10) },
        };
        assert_eq!(verification.state(NOW), State::Pending { tries_left: 5 });
        assert_eq!(verification.state(NOW.plus(299)), State::Pending { tries_left: 5 });
        assert_eq!(verification.state(NOW.plus(300)), State::Expired);
        verification.tries_left = 0;
        assert_eq!(verification.state(NOW), State::Exhausted);
        for (stands, now, later) in [
            (Stands::Confirmed, State::Confirmed, State::Expired),
            (Stands::Used, State::Used, State::Used),
            (Stands::Replaced, State::Replaced, State::Replaced),
        ] {
            verification.stands = stands;
            assert_eq!((verification.state(NOW), verification.state(NOW.plus(300))), (now, later));
            assert_eq!(Stands::parse(stands.name()), Some(stands));
        }
    }
}
