//! The time, handed to handlers.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;

/// Where a handler reads the time: the system's clock, or one that a runtime moves.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::from_millis(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// A clock that answers what `millis` answers: milliseconds since 1970-01-01T00:00:00Z.
    pub fn from_millis(millis: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(millis))
    }

    /// The instant, to the second.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now_millis().div_euclid(1000))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_millis(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
