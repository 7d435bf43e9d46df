//! A circuit in front of an account: one at which too many calls fail is left alone, and asked by one call a minute whether
//! it is well again. Each instance of a function has its own; nothing is shared but what they all see.

use std::collections::VecDeque;

use domain::time::{MINUTE, Timestamp};

/// For how long a call counts, in seconds.
const WINDOW_SECONDS: i64 = MINUTE;

/// The fewest calls by which a rate is told.
const CALLS: usize = 10;

/// The most calls that are remembered: of more in a minute the latest tell.
const CALLS_LIMIT: usize = 100;

/// Of how many calls one must have failed for the circuit to open: of two, that is half of them.
const ONE_IN: usize = 2;

/// How often an open circuit lets a call through, in seconds.
const PROBE_SECONDS: i64 = MINUTE;

/// How soon a message is tried again that found the circuit open, in seconds: as long as it has been open, within these.
const AGAIN_SECONDS: (i64, i64) = (5 * MINUTE, 30 * MINUTE);

/// Whether calls are made, by how the latest went.
#[derive(Debug, Default)]
pub struct Circuit {
    /// The calls of the last minute, the earliest first, and whether each failed.
    calls: VecDeque<(Timestamp, bool)>,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    since: Timestamp,
    probe_at: Timestamp,
    /// Whether a probe is under way. What else comes in was begun before it opened, and tells nothing of now.
    probing: bool,
}

impl Circuit {
    /// Whether a call may be made now. While it is open, one is every minute.
    pub fn allows(&mut self, now: Timestamp) -> bool {
        let Some(open) = &mut self.open else { return true };
        let probe = now >= open.probe_at;
        if probe {
            open.probe_at = now.plus(PROBE_SECONDS);
            open.probing = true;
        }
        probe
    }

    /// Takes how a call went: whether the account failed, whatever became of the message. It opens when half of the last
    /// minute's calls failed, of at least ten; a probe that goes well closes it, and what was before no longer counts.
    pub fn record(&mut self, failed: bool, now: Timestamp) {
        if let Some(open) = &mut self.open {
            if !failed && open.probing {
                *self = Self::default();
            } else {
                open.probing = false;
            }
            return;
        }
        self.calls.push_back((now, failed));
        let gone = |(at, _): &(Timestamp, bool)| now.since(*at) >= WINDOW_SECONDS;
        while self.calls.len() > CALLS_LIMIT || self.calls.front().is_some_and(gone) {
            self.calls.pop_front();
        }
        let failures = self.calls.iter().filter(|(_, failed)| *failed).count();
        if self.calls.len() >= CALLS && failures * ONE_IN >= self.calls.len() {
            self.open = Some(Open { since: now, probe_at: now.plus(PROBE_SECONDS), probing: false });
        }
    }

    /// Takes that a call went well of which it was thought that it failed: it closes.
    pub fn prove(&mut self) {
        *self = Self::default();
    }

    /// In how many seconds a message is tried again that found it open; none while it is closed.
    pub fn again_in(&self, now: Timestamp) -> Option<i64> {
        let (least, most) = AGAIN_SECONDS;
        self.open.map(|open| now.since(open.since).clamp(least, most))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    fn after(calls: impl IntoIterator<Item = bool>) -> Circuit {
        let mut circuit = Circuit::default();
        calls.into_iter().for_each(|failed| circuit.record(failed, NOW));
        circuit
    }

    #[test]
    fn it_opens_when_half_of_ten_calls_failed_and_closes_by_one_success() {
        let mut circuit = after((0..9).map(|_| true));
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
        // One that was begun before it opened, and one that was not.
        circuit.record(false, NOW.plus(123));
        assert!(!circuit.allows(NOW.plus(124)) && circuit.allows(NOW.plus(180)));
        circuit.record(false, NOW.plus(180));
        assert!(circuit.allows(NOW.plus(181)) && circuit.again_in(NOW.plus(181)).is_none());
    }

    #[test]
    fn it_opens_by_the_rate_and_not_by_a_row() {
        // Nine in a row among many that go well, and every other one.
        assert!(after((0..100).map(|call| (50..59).contains(&call))).allows(NOW));
        assert!(!after((0..10).map(|call| call % 2 == 0)).allows(NOW));
        assert!(after((0..100).map(|call| call % 3 == 0)).allows(NOW));
    }

    #[test]
    fn what_was_a_minute_ago_does_not_count() {
        let mut circuit = after((0..9).map(|_| true));
        circuit.record(true, NOW.plus(60));
        assert!(circuit.allows(NOW.plus(60)));
    }

    proptest! {
        /// By another way to count: it is open after the first call at which, of the last minute's, at least ten were made and
        /// half failed; scattered failures below that leave it closed whatever their order.
        #[test]
        fn it_opens_at_the_rate_and_nowhere_else(calls in prop::collection::vec((0..20_i64, any::<bool>()), 0..80)) {
            let mut circuit = Circuit::default();
            let (mut now, mut made): (Timestamp, Vec<(Timestamp, bool)>) = (NOW, Vec::new());
            for (apart, failed) in calls {
                now = now.plus(apart);
                circuit.record(failed, now);
                made.push((now, failed));
                let lately: Vec<bool> =
                    made.iter().filter(|(at, _)| now.since(*at) < 60).map(|(_, failed)| *failed).collect();
                let failures = lately.iter().filter(|failed| **failed).count();
                let open = lately.len() >= 10 && failures * 2 >= lately.len();
                prop_assert_eq!(circuit.again_in(now).is_some(), open);
                if open {
                    break;
                }
            }
        }

        /// However long it was open and however many probes failed, the first that goes well closes it, and no more than one a
        /// minute is made before.
        #[test]
        fn it_closes_by_the_first_probe_that_goes_well(failing in 0..200_i64, each in 1..50_i64) {
            let mut circuit = after((0..10).map(|_| true));
            let (mut now, mut probes) = (NOW, 0);
            for _ in 0..failing {
                now = now.plus(each);
                if circuit.allows(now) {
                    probes += 1;
                    circuit.record(true, now);
                }
            }
            prop_assert!(probes <= now.since(NOW) / 60);
            let probe = now.plus(60);
            prop_assert!(circuit.allows(probe));
            circuit.record(false, probe);
            prop_assert!(circuit.allows(probe) && circuit.again_in(probe).is_none());
        }
    }
}
