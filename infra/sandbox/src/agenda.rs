//! What people have yet to do.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use domain::time::Timestamp;

use crate::people::Action;

/// How long after each failure an errand is tried again, in seconds; after the last it is given up.
const RETRY_SECONDS: [i64; 5] = [5, 30, 120, 600, 3600];

/// One action that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Errand {
    /// When it is done, or tried again.
    pub(crate) due: Timestamp,
    /// When it happened as far as the product is told.
    pub(crate) at: Timestamp,
    pub(crate) action: Action,
    /// The message in the inbox.
    pub(crate) index: u32,
    /// How often it failed.
    pub(crate) failures: u8,
}

impl Errand {
    /// The same errand later, or nothing when it failed often enough.
    pub(crate) fn again(self, now: Timestamp) -> Option<Self> {
        let seconds = RETRY_SECONDS.get(usize::from(self.failures))?;
        Some(Self { due: now.plus(*seconds), failures: self.failures + 1, ..self })
    }
}

/// What a message shows a reader to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Link,
    /// The link once more, for a mail gateway.
    Scanned,
    Pixel,
}

#[derive(Default)]
pub(crate) struct Agenda {
    errands: BinaryHeap<Reverse<Errand>>,
    /// Only of messages whose people will follow them, so that texts need not be kept for it.
    targets: HashMap<(u32, Target), Box<str>>,
}

impl Agenda {
    pub(crate) fn push(&mut self, errand: Errand) {
        self.errands.push(Reverse(errand));
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.errands.peek().map(|Reverse(errand)| errand.due)
    }

    /// Takes what is due at `now`, in no order to rely on: whole seconds from the earliest, until there are enough.
    pub(crate) fn take_due(&mut self, now: Timestamp, enough: usize) -> Vec<Errand> {
        let mut due: Vec<Errand> = Vec::new();
        while let Some(at) = self.next() {
            let full = due.len() >= enough && due.last().is_some_and(|last| last.due < at);
            if at > now || full {
                break;
            }
            due.extend(self.errands.pop().map(|Reverse(errand)| errand));
        }
        due
    }

    pub(crate) fn set_target(&mut self, index: u32, target: Target, url: Option<String>) {
        if let Some(url) = url {
            self.targets.insert((index, target), url.into_boxed_str());
        }
    }

    pub(crate) fn target(&self, index: u32, target: Target) -> Option<&str> {
        self.targets.get(&(index, target)).map(AsRef::as_ref)
    }

    pub(crate) fn forget_target(&mut self, index: u32, target: Target) {
        self.targets.remove(&(index, target));
    }
}
