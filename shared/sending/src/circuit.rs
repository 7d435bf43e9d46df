//! A circuit in front of an account: one that fails again and again is left alone, and asked by one message a minute whether
//! it is well again. Each instance of a function has its own; nothing is shared but what they all see.

use domain::time::{MINUTE, Timestamp};

/// How many calls must have failed in a row for the circuit to open.
const FAILURES: u32 = 10;

/// How often an open circuit lets a call through, in seconds.
const PROBE_SECONDS: i64 = MINUTE;

/// How soon a message is tried again that found the circuit open, in seconds: as long as it has been open, within these.
const AGAIN_SECONDS: (i64, i64) = (5 * MINUTE, 30 * MINUTE);

/// Whether calls are made, by how the latest went.
#[derive(Debug, Default)]
pub struct Circuit {
    /// How many of the latest calls failed, one after the other.
    failures: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    since: Timestamp,
    probe_at: Timestamp,
}

impl Circuit {
    /// Whether a call may be made now. While it is open, one is every minute.
    pub fn allows(&mut self, now: Timestamp) -> bool {
        let Some(open) = &mut self.open else { return true };
        let probe = now >= open.probe_at;
        if probe {
            open.probe_at = now.plus(PROBE_SECONDS);
        }
        probe
    }

    /// Takes how a call went: whether the account failed, whatever became of the message.
    pub fn record(&mut self, failed: bool, now: Timestamp) {
        if !failed {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.open.is_none() && self.failures >= FAILURES {
            self.open = Some(Open { since: now, probe_at: now.plus(PROBE_SECONDS) });
        }
    }

    /// In how many seconds a message is tried again that found it open; none while it is closed.
    pub fn again_in(&self, now: Timestamp) -> Option<i64> {
        let (least, most) = AGAIN_SECONDS;
        self.open.map(|open| now.since(open.since).clamp(least, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    #[test]
    fn it_opens_at_ten_failures_and_closes_by_one_success() {
        let mut circuit = Circuit::default();
        for _ in 0..9 {
            circuit.record(true, NOW);
        }
        assert!(circuit.allows(NOW) && circuit.again_in(NOW).is_none());
        circuit.record(true, NOW);
        assert!(!circuit.allows(NOW));
        assert_eq!(circuit.again_in(NOW), Some(300));
        assert_eq!(circuit.again_in(NOW.plus(600)), Some(600));
        assert_eq!(circuit.again_in(NOW.plus(7_200)), Some(1_800));
        // One a minute, whoever it is.
        assert!(!circuit.allows(NOW.plus(59)));
        assert!(
            circuit.allows(NOW.plus(60)) && !circuit.allows(NOW.plus(61)) && circuit.allows(NOW.plus(120))
        );
        circuit.record(true, NOW.plus(121));
        assert!(!circuit.allows(NOW.plus(122)));
        circuit.record(false, NOW.plus(180));
        assert!(circuit.allows(NOW.plus(181)) && circuit.again_in(NOW.plus(181)).is_none());
    }

    #[test]
    fn one_success_among_failures_keeps_it_closed() {
        let mut circuit = Circuit::default();
        for call in 0..100 {
            circuit.record(call % 9 != 0, NOW);
            assert!(circuit.allows(NOW), "{call}");
        }
    }
}
