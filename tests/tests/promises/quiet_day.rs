//! A day in which nothing happens but time: what is done is in proportion to who changes, not to who is there.

use anyhow::{Context, Result, ensure};
use domain::time::DAY;
use serde_json::Value;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

macro_rules! ties {
    ($($name:literal),*) => {
        [$(include_str!(concat!("../../../infra/local/scenarios/five-ties/", $name, ".yaml"))),*]
    };
}

/// Customers in one post.
const POST: usize = 800;

/// The last purchases of the customers lie in the last 200 days, evenly: every day one in a hundred changes its tie.
const DAYS: i64 = 200;

#[test]
fn a_day_of_time_alone() -> Result<()> {
    day(2_000)
}

#[test]
#[ignore = "long: a hundred thousand customers"]
fn a_day_of_time_alone_for_many() -> Result<()> {
    day(100_000)
}

fn day(people: u32) -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        shop.apply(&ties!("new", "loyal", "nearly-loyal", "repeat", "drifting", "lapsed")).await?;
        for numbers in (0..people).collect::<Vec<u32>>().chunks(POST) {
            let calls = numbers.iter().flat_map(|number| {
                let at = MORNING.plus(-i64::from(*number) * DAYS * DAY / i64::from(people));
                [Someone::willing(*number).order("last", at, 3000)]
            });
            shop.take(&calls.collect::<Vec<Value>>()).await?;
            shop.settle().await?;
        }
        // The run that the definitions began is over, and nobody is late.
        shop.pass(1200).await?;
        let (from, before) = (shop.clock.now(), shop.used());
        shop.pass(DAY).await?;
        let used = shop.used().since(&before).0;
        let mut changed = 0_u32;
        let mut after = None;
        loop {
            let page = shop.table.scan(0, 1, after.as_ref()).await?;
            let moved = page.customers().filter(|it| it.customer.segments.values().any(|it| it.since > from));
            changed += u32::try_from(moved.count())?;
            after.clone_from(&page.next);
            if after.is_none() {
                break;
            }
        }
        let advance = used.get("advance").context("advance was invoked")?;
        let schedule = used.get("schedule").context("schedule was invoked")?;
        let expected = f64::from(people) * 2.0 / DAYS as f64;
        ensure!((f64::from(changed) / expected - 1.0).abs() < 0.1, "{changed} changed, not {expected}");
        // The customer, the tie that ended and the one that began.
        let puts = advance.dynamodb.get("PutItem").copied().unwrap_or(0);
        ensure!(puts == 3 * u64::from(changed), "{puts} items put for {changed} who changed");
        // A look is half a unit; definitions are read once a minute in which anyone is due.
        let looks = 1.1 * 0.5 * f64::from(changed) + 2.0 * schedule.invocations as f64;
        ensure!(advance.read_units <= looks, "{} RRU, at most {looks}", advance.read_units);
        eprintln!(
            "{people} customers, {changed} changed: advance {} RRU {} WRU, schedule {} RRU in {} invocations",
            advance.read_units, advance.write_units, schedule.read_units, schedule.invocations
        );
        Ok(())
    })
}
