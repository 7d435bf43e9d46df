//! Instants and lengths of time, in whole seconds.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds in a day of 24 hours.
pub const DAY: i64 = 86_400;

/// Seconds in an hour.
pub const HOUR: i64 = 3_600;

/// Seconds in a minute.
pub const MINUTE: i64 = 60;

/// An instant, in seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant that is `seconds` after 1970-01-01T00:00:00Z.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The instant `seconds` later (earlier when negative); it stops at the ends of the range.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this instant; negative when `earlier` is the later one.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads an RFC 3339 instant such as `1998-07-01T00:00:00+09:00`; parts of a second are dropped.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        match text.trim().parse::<jiff::Timestamp>() {
            Ok(instant) => Ok(Self(instant.as_second())),
            Err(_) => Err(TimestampError),
        }
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(instant) => instant.fmt(f),
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

/// A length of time, written `3d`, `12h`, `30m` or `1d 12h`; a day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = LENGTH))]
pub struct Length {
    /// Seconds.
    pub seconds: i64,
}

/// Lengths as they are usually written; others that jiff reads, such as ISO 8601, are taken as well.
const LENGTH: &str = "^(\\s*[0-9]+\\s*(w|d|h|m|min|days?|hours?|hrs?|minutes?|mins?|weeks?))+\\s*$|^P";

impl TryFrom<String> for Length {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time; write it as 3d, 12h, 30m or 1d 12h");
        let span: jiff::Span = text.parse().map_err(|_| wrong())?;
        let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
        if length.as_secs() < 60 || length.as_secs() > 3 * 366 * DAY || length.as_secs() % 60 != 0 {
            return Err(format!("`{text}` is out of range; a wait is whole minutes, from 1m to 1098d"));
        }
        Ok(Self { seconds: length.as_secs() })
    }
}

/// The text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instant; write it as 2026-11-22T09:00:00+09:00 or 2026-11-22T00:00:00Z")]
pub struct TimestampError;
