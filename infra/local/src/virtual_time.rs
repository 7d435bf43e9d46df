//! A clock that jumps: from one minute in which anything happens to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Result;
use cloud::clock::Clock;
use cloud::table::Table;
use cloud::table::customers::SWEEP_SECONDS;
use domain::time::Timestamp;
use sandbox::Sandbox;

use crate::runtime::{Feed, Runtime};
use crate::schedule::Schedule;

const MINUTE: i64 = 60;

/// A clock that stands still until it is set.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.seconds() * 1000)))
    }

    /// What functions read.
    pub fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::from_millis(move || millis.load(Ordering::Acquire))
    }

    /// The instant it stands at.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::Acquire).div_euclid(1000))
    }

    /// Sets it; it never goes back.
    pub fn set(&self, now: Timestamp) {
        self.0.fetch_max(now.seconds() * 1000, Ordering::AcqRel);
    }
}

/// Runs a region on a virtual clock: one invocation after the other, so that a run can be repeated exactly.
pub struct Driver {
    runtime: Arc<Runtime>,
    sandbox: Option<Arc<Sandbox>>,
    clock: VirtualClock,
    feeds: Vec<Feed>,
    table: Table,
    looked: Timestamp,
    swept: Timestamp,
    nights: Vec<Night>,
}

/// A function that the clock invokes at times of the day.
struct Night {
    function: String,
    schedule: Schedule,
    /// The first time that has not come yet.
    next: Option<Timestamp>,
}

impl Driver {
    /// A driver of `runtime`, whose clock must be `clock`.
    pub fn new(runtime: Arc<Runtime>, sandbox: Option<Arc<Sandbox>>, clock: VirtualClock) -> Result<Self> {
        let long_ago = Timestamp::from_seconds(0);
        let (feeds, table) = (runtime.feeds(), runtime.table("driver")?);
        let now = clock.now();
        let nights = runtime.schedules()?.into_iter().filter_map(|(function, schedule)| match schedule {
            // The driver itself knows when `schedule` has something to do.
            Schedule::Rate(_) => None,
            Schedule::Cron(..) => Some(Night { next: schedule.next(now), function, schedule }),
        });
        let nights = nights.collect();
        Ok(Self { runtime, sandbox, clock, feeds, table, looked: long_ago, swept: long_ago, nights })
    }

    /// Does everything there is to do at this instant. Of what has a limit to how much of it is under way, one batch at a
    /// time is taken, and what follows from it before the next: so it goes in real time.
    pub async fn settle(&self) -> Result<()> {
        loop {
            let mut worked = 0;
            for feed in &self.feeds {
                loop {
                    let count = self.runtime.poll(feed).await?;
                    worked += count;
                    if count == 0 || feed.limited {
                        break;
                    }
                }
            }
            if let Some(sandbox) = &self.sandbox {
                worked += sandbox.act(self.clock.now().seconds() * 1000).await;
            }
            if worked == 0 {
                return Ok(());
            }
        }
    }

    /// Handles what waits for one function, and nothing that follows from it elsewhere.
    pub async fn drain(&self, function: &str) -> Result<()> {
        for feed in self.feeds.iter().filter(|feed| feed.function == function) {
            while self.runtime.poll(feed).await? > 0 {}
        }
        Ok(())
    }

    /// Lets time pass until `end`; what would happen at `end` itself does not. `progress` hears of each instant.
    pub async fn run_until(&mut self, end: Timestamp, mut progress: impl FnMut(Timestamp)) -> Result<()> {
        self.settle().await?;
        while let Some(now) = self.jump(end).await? {
            progress(now);
            self.settle().await?;
        }
        Ok(())
    }

    /// Sets the clock to the next instant before `end` at which anything happens, and ticks when someone is due and at
    /// night; nothing else is done yet. `None`, and the clock at `end`, when nothing happens before it.
    pub async fn jump(&mut self, end: Timestamp) -> Result<Option<Timestamp>> {
        let Some(next) = self.next().await?.filter(|next| *next < end) else {
            self.clock.set(end);
            return Ok(None);
        };
        self.clock.set(next);
        if self.due().await?.is_some_and(|due| due <= next) {
            self.runtime.tick("schedule").await?;
            self.looked = next;
            if next.since(self.swept) >= SWEEP_SECONDS {
                self.swept = next;
            }
        }
        for night in &mut self.nights {
            if night.next.is_some_and(|at| at <= next) {
                self.runtime.tick(&night.function).await?;
                night.next = night.schedule.next(next);
            }
        }
        Ok(Some(next))
    }

    /// The next full minute in which anything happens: a message becomes visible, a person acts, a customer is due,
    /// a night comes.
    async fn next(&self) -> Result<Option<Timestamp>> {
        let mut earliest: Option<i64> = None;
        let mut at =
            |seconds: i64| earliest = Some(earliest.map_or(seconds, |earliest| earliest.min(seconds)));
        for feed in &self.feeds {
            if let Some(millis) = self.runtime.region().queues().next_visible_at(&feed.queue).await? {
                at(millis.div_euclid(1000) + i64::from(millis.rem_euclid(1000) > 0));
            }
        }
        if let Some(millis) = self.sandbox.as_ref().and_then(|sandbox| sandbox.next_action_at()) {
            at(millis.div_euclid(1000) + i64::from(millis.rem_euclid(1000) > 0));
        }
        if let Some(due) = self.due().await? {
            at(due.seconds());
        }
        for night in self.nights.iter().filter_map(|night| night.next) {
            at(night.seconds());
        }
        let now = self.clock.now().seconds();
        Ok(earliest.map(|seconds| {
            Timestamp::from_seconds((seconds.max(now + 1) + MINUTE - 1).div_euclid(MINUTE) * MINUTE)
        }))
    }

    /// When `schedule` would find someone: at the next key of the due index, or at its next sweep where there are keys
    /// it has passed already.
    async fn due(&self) -> Result<Option<Timestamp>> {
        let mut earliest: Option<Timestamp> = None;
        for shard in 0..self.table.due_shards() {
            let Some(first) = self.table.first_due(shard, Timestamp::from_seconds(0)).await? else {
                continue;
            };
            let at = if first > self.looked {
                Some(first)
            } else {
                let sweep = Some(self.swept.plus(SWEEP_SECONDS));
                sweep.into_iter().chain(self.table.first_due(shard, self.looked).await?).min()
            };
            earliest = earliest.into_iter().chain(at).min();
        }
        Ok(earliest)
    }
}
