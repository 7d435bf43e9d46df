//! Names that come from outside, each read by one `parse`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NameError {
    what: String,
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("pattern" = "^[a-z0-9-]{1,40}$"))]
        pub struct $name(String);

        impl $name {
            /// Reads a name of 1 to 40 lower-case letters, digits and hyphens.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if text.is_empty() || text.len() > 40 || !text.chars().all(fits) {
                    return Err(NameError {
                        what: format!("`{text}` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`"),
                    });
                }
                Ok(Self(text.to_owned()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug!(
    /// The name of a journey.
    JourneyName
);
slug!(
    /// The name of a segment.
    SegmentName
);
slug!(
    /// The name of a list of customers from a file.
    ListName
);
slug!(
    /// The name of an audience: a list that a journey keeps for other systems.
    AudienceName
);
slug!(
    /// The word of journeys of which a customer is in one at a time.
    GroupName
);
slug!(
    /// The name of a card that is sent by post.
    CardName
);
slug!(
    /// The name of a step within its journey.
    StepName
);
slug!(
    /// The shop's own name of an account at a provider.
    AccountName
);

/// The shop's own id of a customer: 1 to 128 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("type" = ["string", "integer"], "minLength" = 1, "maxLength" = 128))]
pub struct CustomerId(String);

impl CustomerId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let length = text.chars().count();
        if length == 0 || length > 128 || text.chars().any(char::is_control) {
            return Err(NameError {
                what: format!(
                    "an id of {length} characters; use 1 to 128 characters without control characters"
                ),
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands in the place of the id of someone who was erased, made of a keyed hash.
    #[must_use]
    pub fn erased(hash: &str) -> Self {
        Self(format!("{ERASED}{hash}"))
    }

    /// The id as people are shown it.
    pub fn shown(&self) -> &str {
        if self.is_erased() { "erased" } else { &self.0 }
    }

    /// The id as it stands in a key of ours: one that was given, or what stands in the place of one.
    pub fn kept(text: &str) -> Result<Self, NameError> {
        text.strip_prefix(ERASED).map_or_else(|| Self::parse(text), |hash| Ok(Self::erased(hash)))
    }

    /// Whether it stands in the place of the id of someone who was erased.
    pub fn is_erased(&self) -> bool {
        self.0.starts_with(ERASED)
    }
}

/// What stands in the place of an id begins so: with a control character, which no id has.
const ERASED: char = '\u{7f}';

impl TryFrom<String> for CustomerId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<CustomerId> for String {
    fn from(id: CustomerId) -> Self {
        id.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
