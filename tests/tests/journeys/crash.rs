//! A crash at every boundary: every call that a function makes during a campaign, and every request to a provider, is
//! once the last thing its process does, and once the thing it died before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Result, ensure};
use domain::time::{DAY, Timestamp};
use local::faults::{Fault, Faults};
use local::virtual_time::VirtualClock;
use tests::picture::{Picture, differences};
use tests::shop::{Opening, Shop, alone};

use crate::campaign::{SMS_DAY, START, check, live};
use crate::killer::{Calls, Killer, Plan, lock};

/// The most runs of one series.
const RUNS_LIMIT: usize = 150;

#[test]
fn killed_before_every_call() {
    series(Fault::KillBefore).unwrap();
}

#[test]
fn killed_after_every_call() {
    series(Fault::KillAfter).unwrap();
}

/// Runs the campaign until every call of the run without faults was fatal once. A death moves what follows it: the day on
/// which people enter, from which the codes of their messages follow, takes turns with the days after.
fn series(fault: Fault) -> Result<()> {
    let began = Instant::now();
    let (baseline, calls) = alone(watched())?;
    println!("{fault:?}: {} calls in a run of {:.1?}: {:?}", calls.len(), began.elapsed(), by_kind(&calls));
    let all = calls.len();
    let plan = Arc::new(Mutex::new(Plan { fault, pending: calls, chosen: early }));
    let (mut runs, mut deaths) = (0, 0);
    while !lock(&plan).pending.is_empty() {
        ensure!(
            runs < RUNS_LIMIT,
            "{} calls were never fatal: {:?}",
            lock(&plan).pending.len(),
            sample(&plan)
        );
        let anything = |chosen: fn(Timestamp) -> bool| lock(&plan).pending.values().any(|at| chosen(*at));
        let chosen: fn(Timestamp) -> bool = match (runs % 2 == 0, anything(early), anything(late)) {
            (true, true, _) | (false, true, false) => early,
            _ => late,
        };
        lock(&plan).chosen = chosen;
        let (picture, died) = alone(killed(&plan, &baseline))?;
        ensure!(picture.is_empty(), "run {runs}, which killed {died}: {}", picture.join("\n"));
        ensure!(died > 0, "a run came to none of {} calls: {:?}", lock(&plan).pending.len(), sample(&plan));
        runs += 1;
        deaths += died;
    }
    println!("{fault:?}: {all} calls were fatal in {deaths} deaths of {runs} runs, {:.1?}", began.elapsed());
    Ok(())
}

fn early(at: Timestamp) -> bool {
    at < START.plus(SMS_DAY * DAY)
}

fn late(at: Timestamp) -> bool {
    at < START.plus(DAY) || !early(at)
}

/// The campaign without faults: what the table holds in the end, and every call.
async fn watched() -> Result<(Picture, Calls)> {
    let clock = VirtualClock::at(START);
    let watching = Killer::watching(&clock);
    let mut shop = open(clock, Arc::clone(&watching) as Arc<dyn Faults>).await?;
    live(&mut shop).await?;
    Ok((check(&shop).await?, watching.seen()))
}

/// The campaign under a plan: where its table differs, and how many deaths there were.
async fn killed(plan: &Arc<Mutex<Plan>>, baseline: &Picture) -> Result<(Vec<String>, u32)> {
    let clock = VirtualClock::at(START);
    let killer = Killer::by(plan, &clock);
    let mut shop = open(clock, Arc::clone(&killer) as Arc<dyn Faults>).await?;
    live(&mut shop).await?;
    Ok((differences(baseline, &check(&shop).await?), killer.deaths()))
}

async fn open(clock: VirtualClock, faults: Arc<dyn Faults>) -> Result<Shop> {
    let opening = Opening { faults: Some(faults), clock: Some(clock), ..Opening::at(START) };
    Shop::open(opening).await
}

fn by_kind(calls: &Calls) -> BTreeMap<String, u32> {
    let mut kinds = BTreeMap::new();
    for call in calls.keys() {
        *kinds.entry(format!("{} {}", call.function, call.operation)).or_default() += 1;
    }
    kinds
}

fn sample(plan: &Mutex<Plan>) -> Vec<String> {
    let plan = lock(plan);
    let mut pending: Vec<_> = plan.pending.iter().map(|(call, at)| (*at, format!("{call:?}"))).collect();
    pending.sort();
    pending.into_iter().take(5).map(|(at, call)| format!("{at} {call}")).collect()
}
