//! Whoever tries codes out is stopped. A code has 71 random bits, so nobody finds one by trying; but each try reads the table,
//! and someone is to pay for it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cloud::caller;
use cloud::clock::Clock;
use domain::time::{MINUTE, Timestamp};

/// Codes that lead nowhere, of one caller in one minute, after which it is stopped for the rest of the minute. Many phones
/// share an address of their carrier's, but few of them follow links that expired.
const MISSES: u32 = 30;

/// The most callers that are remembered at once; of more in one minute, the first are.
const CALLERS: usize = 10_000;

/// What each instance of the function remembers of those who missed in this minute.
#[derive(Clone, Debug)]
pub(crate) struct Guesses {
    clock: Clock,
    missed: Arc<Mutex<(i64, HashMap<IpAddr, u32>)>>,
}

impl Guesses {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, missed: Arc::default() }
    }

    /// Whether a caller missed too often in the minute of an instant.
    fn are_too_many(&self, caller: IpAddr, now: Timestamp) -> bool {
        self.at(now, |missed| missed.get(&network(caller)).is_some_and(|count| *count >= MISSES))
    }

    fn missed(&self, caller: IpAddr, now: Timestamp) {
        self.at(now, |missed| {
            let caller = network(caller);
            if missed.contains_key(&caller) || missed.len() < CALLERS {
                *missed.entry(caller).or_default() += 1;
            }
        });
    }

    fn at<T>(&self, now: Timestamp, look: impl FnOnce(&mut HashMap<IpAddr, u32>) -> T) -> T {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.seconds().div_euclid(MINUTE);
        if missed.0 != minute {
            *missed = (minute, HashMap::new());
        }
        look(&mut missed.1)
    }
}

/// Who calls: an address, or the network of 64 bits in which a household or a server has all of its addresses.
fn network(caller: IpAddr) -> IpAddr {
    match caller.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Answers whoever guesses before the table is asked, and counts what led nowhere.
pub(crate) async fn stop(State(guesses): State<Guesses>, request: Request, next: Next) -> Response {
    // Many people may share an address, and who wants no more messages is stopped by nobody's guesses: a code is needed.
    let opts_out = request.method() == Method::POST && request.uri().path().starts_with("/o/");
    let caller = caller::address(request.extensions()).filter(|_| !opts_out);
    let Some(caller) = caller else { return next.run(request).await };
    if guesses.are_too_many(caller, guesses.clock.now()) {
        tracing::warn!(link.guessed = 1, "someone tries codes out");
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], "Too many requests\n")
            .into_response();
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        guesses.missed(caller, guesses.clock.now());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_413_200);

    fn guesses() -> Guesses {
        Guesses::new(Clock::from_millis(|| NOW.seconds() * 1000))
    }

    #[test]
    fn whoever_misses_too_often_is_stopped_for_the_minute() {
        let (guesses, caller) = (guesses(), IpAddr::from([203, 0, 113, 7]));
        for _ in 0..MISSES {
            assert!(!guesses.are_too_many(caller, NOW));
            guesses.missed(caller, NOW);
        }
        assert!(guesses.are_too_many(caller, NOW));
        assert!(!guesses.are_too_many(IpAddr::from([203, 0, 113, 8]), NOW));
        assert!(!guesses.are_too_many(caller, NOW.plus(MINUTE)));
    }

    #[test]
    fn a_network_of_the_newer_kind_is_one_caller() {
        let guesses = guesses();
        for number in 0..MISSES {
            guesses.missed(format!("2001:db8::{number:x}").parse().unwrap(), NOW);
        }
        assert!(guesses.are_too_many("2001:db8::ffff:1".parse().unwrap(), NOW));
        assert!(!guesses.are_too_many("2001:db8:0:1::1".parse().unwrap(), NOW));
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let guesses = guesses();
        for number in 0..20_000_u32 {
            guesses.missed(std::net::Ipv4Addr::from_bits(number).into(), NOW);
        }
        assert_eq!(guesses.at(NOW, |missed| missed.len()), CALLERS);
    }
}
