//! The pace of a contract, kept by every instance of a function for itself: of the messages a second that all may hand over
//! together, each hands over its share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a message waits for its turn within an invocation. Together with the longest request it is well below the
/// function's time-out; whose turn comes later goes back to the queue.
const WAIT: Duration = Duration::from_secs(10);

/// When the next call may be made.
#[derive(Debug)]
pub struct Pace {
    apart: Duration,
    next: Mutex<Option<Instant>>,
}

/// The turn is too far ahead to be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// After how long to come again.
    pub again_in: Duration,
}

impl Pace {
    /// The share of one of so many instances: a whole number of messages a second, or one in several seconds.
    pub fn share(per_second: u32, instances: u32) -> Self {
        let second = Duration::from_secs(1);
        let (per_second, instances) = (per_second.max(1), instances.max(1));
        let apart = match per_second / instances {
            0 => second * instances / per_second,
            whole => second / whole,
        };
        Self { apart, next: Mutex::default() }
    }

    /// Takes the next turn, when it comes soon.
    pub fn turn(&self, now: Instant) -> Result<Instant, Late> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.map_or(now, |next| next.max(now));
        let wait = at.duration_since(now);
        if wait > WAIT {
            return Err(Late { again_in: wait });
        }
        *next = Some(at + self.apart);
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// When calls are made by so many instances, each of which has more to do than it may, for so many seconds of a clock of
    /// our own: in each instance sixteen at once wait for their turn, call, and take the next one.
    fn calls(per_second: u32, instances: u32, seconds: u64) -> Vec<Duration> {
        let began = Instant::now();
        let end = Duration::from_secs(seconds);
        let paces: Vec<Pace> = (0..instances).map(|_| Pace::share(per_second, instances)).collect();
        // They begin at any time.
        let starts =
            |instance: u32, worker: u32| Duration::from_millis(u64::from(instance * 137 + worker * 11));
        let mut workers: BTreeMap<(u32, u32), Duration> = BTreeMap::new();
        for instance in 0..instances {
            workers.extend((0..16).map(|worker| ((instance, worker), starts(instance, worker))));
        }
        let mut made = Vec::new();
        while let Some((worker, at)) =
            workers.iter().min_by_key(|(_, at)| **at).map(|(worker, at)| (*worker, *at))
        {
            if at >= end {
                break;
            }
            let next = match paces[worker.0 as usize].turn(began + at) {
                Ok(turn) => {
                    made.push(turn.duration_since(began));
                    turn.duration_since(began)
                }
                Err(late) => at + late.again_in,
            };
            workers.insert(worker, next);
        }
        made.sort_unstable();
        made.retain(|at| *at < end);
        made
    }

    /// The most calls within any so many seconds.
    fn most(calls: &[Duration], seconds: u64) -> usize {
        let within = |from: &Duration| {
            calls.iter().filter(|at| **at >= *from && **at < *from + Duration::from_secs(seconds)).count()
        };
        calls.iter().map(within).max().unwrap_or(0)
    }

    #[test]
    fn instances_together_never_exceed_the_contract_in_any_second() {
        for (per_second, instances) in [(1, 1), (2, 2), (10, 1), (10, 4), (20, 4), (7, 3), (100, 10)] {
            let calls = calls(per_second, instances, 30);
            let most = most(&calls, 1);
            assert!(most <= per_second as usize, "{most} calls in a second of {per_second}/{instances}");
            // Each takes its whole share.
            let shares = per_second / instances * instances;
            assert!(calls.len() >= shares as usize * 28, "{} calls of {per_second}/{instances}", calls.len());
        }
    }

    #[test]
    fn below_one_a_second_it_holds_over_several() {
        for (per_second, instances) in [(1_u32, 4_u32), (2, 5)] {
            let calls = calls(per_second, instances, 60);
            let seconds = u64::from(instances);
            let most = most(&calls, seconds);
            assert!(
                most <= (per_second * instances) as usize,
                "{most} in {seconds} s of {per_second}/{instances}"
            );
            assert!(calls.len() >= per_second as usize * 50, "{}", calls.len());
        }
    }

    #[test]
    fn who_would_wait_too_long_is_sent_away_and_takes_no_turn() {
        let (pace, began) = (Pace::share(1, 4), Instant::now());
        let turn = |pace: &Pace, at: u64| {
            let turn = pace.turn(began + Duration::from_secs(at));
            turn.map(|at| at.duration_since(began).as_secs()).map_err(|late| late.again_in.as_secs())
        };
        assert_eq!([0, 0, 0, 0, 0].map(|at| turn(&pace, at)), [Ok(0), Ok(4), Ok(8), Err(12), Err(12)]);
        assert_eq!([3, 3, 20].map(|at| turn(&pace, at)), [Ok(12), Err(13), Ok(20)]);
    }
}
