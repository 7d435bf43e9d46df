//! Ends one function at one call of those it makes from now on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use local::faults::{Call, Fault, Faults};

/// Counts the calls of one function, and breaks one of them when it is told to.
pub struct AtCall {
    function: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    made: usize,
    broken: Option<(usize, Fault)>,
}

impl AtCall {
    /// One that watches `function`.
    pub fn of(function: &'static str) -> Arc<Self> {
        Arc::new(Self { function, state: Mutex::default() })
    }

    /// Breaks the call that comes after `before` others from now on.
    pub fn arm(&self, before: usize, fault: Fault) {
        *self.state() = State { made: 0, broken: Some((before, fault)) };
    }

    /// Counts from the beginning and breaks nothing.
    pub fn watch(&self) {
        *self.state() = State::default();
    }

    /// How many calls the function made since.
    pub fn made(&self) -> usize {
        self.state().made
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults for AtCall {
    fn on(&self, call: &Call) -> Fault {
        if call.function != self.function {
            return Fault::None;
        }
        let mut state = self.state();
        let number = state.made;
        state.made += 1;
        match &state.broken {
            Some((broken, fault)) if *broken == number => *fault,
            _ => Fault::None,
        }
    }
}
