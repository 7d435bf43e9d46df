//! Turns at the one connection to the tables.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long a thread asks for its turn before it sleeps: two or three writes. To be woken takes as long as a write, and
/// threads that write in turns would each sleep every time.
const EAGER: Duration = Duration::from_micros(300);

/// Something that one thread at a time uses, each for less time than it takes to wake another.
pub(super) struct Turns<T> {
    shared: T,
    turn: Mutex<()>,
}

/// A turn.
pub(super) struct Turn<'a, T> {
    shared: &'a T,
    _guard: MutexGuard<'a, ()>,
}

impl<T> Turns<T> {
    pub(super) const fn new(shared: T) -> Self {
        Self { shared, turn: Mutex::new(()) }
    }

    /// For what can wait its turn asleep.
    pub(super) const fn get(&self) -> &T {
        &self.shared
    }

    /// Waits for a turn.
    pub(super) fn lock(&self) -> Turn<'_, T> {
        Turn { shared: &self.shared, _guard: self.wait() }
    }

    fn wait(&self) -> MutexGuard<'_, ()> {
        let began = Instant::now();
        while began.elapsed() < EAGER {
            match self.turn.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => (0..20).for_each(|_| std::hint::spin_loop()),
            }
        }
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.shared
    }
}
