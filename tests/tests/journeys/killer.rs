//! Kills functions at the calls they make, each call once, whatever the order in which runs come to them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::time::Timestamp;
use local::faults::{Call, Fault, Faults};
use local::virtual_time::VirtualClock;

use crate::campaign::{APART_SECONDS, START};

/// By how much the faults of a run may move a call from where it was in the run without faults, in seconds: more than a
/// few redeliveries take, less than lies between two stages of the campaign.
const MOVED_SECONDS: i64 = 25 * 60;

/// How often a batch may be delivered before it is left alone: far less than its queue puts up with, and little enough that
/// what was put off does not meet the next group.
const DELIVERIES_LIMIT: u32 = 3;

/// Calls by what they are, with the instant at which the run without faults made them. [`Call::nth`] counts
/// what is made again after a death as the same call.
pub type Calls = HashMap<Call, Timestamp>;

/// What is still to be killed, over all runs.
pub struct Plan {
    /// How a function dies.
    pub fault: Fault,
    /// Where it has yet to die.
    pub pending: Calls,
    /// Which of these this run may take.
    pub chosen: fn(Timestamp) -> bool,
}

/// Watches every call of the functions, and kills at those that the plan has yet to see killed.
pub struct Killer {
    clock: VirtualClock,
    plan: Option<Arc<Mutex<Plan>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counts: HashMap<Call, u32>,
    seen: Calls,
    deaths: u32,
    /// How often the batch that a function is at work on was delivered.
    deliveries: HashMap<String, u32>,
    /// Calls of the batch each function is at work on.
    batches: HashMap<String, HashSet<Call>>,
    /// Calls of batches whose function died; they will be made again.
    dead: HashSet<Call>,
}

/// Callers that are no functions.
const OTHERS: [&str; 5] = ["test", "driver", "shop", "tsunagi", "runtime"];

impl Killer {
    /// One that watches only.
    pub fn watching(clock: &VirtualClock) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), plan: None, state: Mutex::default() })
    }

    /// One that kills by the plan.
    pub fn by(plan: &Arc<Mutex<Plan>>, clock: &VirtualClock) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), plan: Some(Arc::clone(plan)), state: Mutex::default() })
    }

    /// Every call that was made.
    pub fn seen(&self) -> Calls {
        lock(&self.state).seen.clone()
    }

    /// How often a function died.
    pub fn deaths(&self) -> u32 {
        lock(&self.state).deaths
    }
}

impl Faults for Killer {
    fn on(&self, call: &Call) -> Fault {
        if OTHERS.contains(&call.function.as_str()) {
            return Fault::None;
        }
        let now = self.clock.now();
        let kind = kind(call, now);
        let function = &kind.function;
        let mut state = lock(&self.state);
        state.batches.entry(function.clone()).or_default().insert(kind.clone());
        if state.dead.remove(&kind) {
            return Fault::None;
        }
        let count = state.counts.entry(kind.clone()).or_default();
        let call = Call { nth: *count, ..kind.clone() };
        *count += 1;
        state.seen.insert(call.clone(), now);
        let Some(plan) = &self.plan else { return Fault::None };
        let mut plan = lock(plan);
        let fits = |at: &Timestamp| now.since(*at).abs() <= MOVED_SECONDS && (plan.chosen)(*at);
        let alone = state.deliveries.get(function).is_some_and(|deliveries| *deliveries > DELIVERIES_LIMIT);
        if alone || !plan.pending.get(&call).is_some_and(fits) {
            return Fault::None;
        }
        plan.pending.remove(&call);
        state.deaths += 1;
        let made = state.batches.remove(function).unwrap_or_default();
        state.dead.extend(made);
        plan.fault
    }

    fn batch(&self, function: &str, deliveries: u32) {
        let mut state = lock(&self.state);
        state.batches.remove(function);
        state.deliveries.insert(function.to_owned(), deliveries);
    }
}

/// What a call is, whichever time it is made: what hangs on the instant is taken out of its key. A tick is told by the
/// group whose time it is; an enrollment by its customer.
fn kind(call: &Call, now: Timestamp) -> Call {
    let group = now.since(START).div_euclid(APART_SECONDS);
    let key = match (call.function.as_str(), call.operation.as_str()) {
        ("schedule", "Query") => {
            let shard = call.key.split(":shard:").nth(1).and_then(|rest| rest.split('}').next());
            format!("{} {group}", shard.unwrap_or_default())
        }
        ("schedule", _) => format!("{} {group}", call.key),
        ("advance", "PutItem") => match (call.key.split_once("{pk:{S:\"J#"), call.key.rsplit_once('#')) {
            (Some(_), Some((_, customer))) => format!("ledger {customer}"),
            _ => call.key.clone(),
        },
        _ => call.key.clone(),
    };
    Call { key, nth: 0, ..call.clone() }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
