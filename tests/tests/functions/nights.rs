//! Every night, and after each run, the members of segments are counted.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::names::SegmentName;
use domain::time::{DAY, Timestamp};
use serde_json::Value;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;
use local::faults::Fault;

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// From the morning until after the next night.
const NIGHT: i64 = 18 * 3_600;

/// Who has not bought for two days.
const LAPSED: &str = "segment:
  name: lapsed
  when: { all: [{ event: { name: Order Completed } }, { no_event: { name: Order Completed, for_days: 2 } }] }
";

async fn days(shop: &Shop) -> Result<Vec<(String, u64)>> {
    let counts = shop.table.counts(&SegmentName::parse("lapsed")?).await?;
    Ok(counts.into_iter().map(|count| (count.day, count.members)).collect())
}

fn expected(days: &[(&str, u64)]) -> Vec<(String, u64)> {
    days.iter().map(|(day, members)| ((*day).to_owned(), *members)).collect()
}

/// One customer a day bought, the last of them on Sunday evening; so one a day lapses, in the evening.
async fn shop(opening: Opening) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    let calls: Vec<Value> = (0..5_u32)
        .flat_map(|number| {
            let at = MORNING.plus(-12 * 3_600 - i64::from(number) * DAY);
            let someone = Someone::willing(number);
            [someone.identify(at), someone.order("first", at, 3000)]
        })
        .collect();
    shop.take(&calls).await?;
    shop.settle().await?;
    shop.apply(&[LAPSED]).await?;
    shop.settle().await?;
    Ok(shop)
}

#[test]
fn a_row_a_day_in_the_shops_zone() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        shop.pass(600).await?;
        // When the run was over.
        ensure!(days(&shop).await? == expected(&[("2026-03-02", 3)]), "{:?}", days(&shop).await?);
        shop.pass(3 * DAY).await?;
        let nights = [("2026-03-02", 3), ("2026-03-03", 4), ("2026-03-04", 5), ("2026-03-05", 5)];
        ensure!(days(&shop).await? == expected(&nights), "{:?}", days(&shop).await?);

        // Once more on the same day: the same row, with the later count.
        let someone = Someone::willing(0);
        shop.take(&[someone.order("second", shop.clock.now(), 3000)]).await?;
        shop.settle().await?;
        shop.stack.runtime.tick("recompute").await?;
        shop.settle().await?;
        let nights = [("2026-03-02", 3), ("2026-03-03", 4), ("2026-03-04", 5), ("2026-03-05", 4)];
        ensure!(days(&shop).await? == expected(&nights), "{:?}", days(&shop).await?);
        let forbidden = shop.forbidden();
        ensure!(forbidden.is_empty(), "{forbidden:?}");
        Ok(())
    })
}

#[test]
fn a_night_that_was_killed_is_made_up_for() -> Result<()> {
    alone(async {
        let deaths = AtCall::of("recompute");
        let mut shop = shop(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }).await?;
        shop.pass(600).await?;
        deaths.watch();
        shop.pass(NIGHT).await?;
        let calls = deaths.made();
        ensure!(calls > 16, "only {calls} calls");
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            for call in 0..calls {
                deaths.arm(call, fault);
                shop.pass(DAY).await?;
                ensure!(deaths.made() > call, "call {call} was never made");
                let today = days(&shop).await?.pop().context("nothing was counted")?;
                let zone = jiff::tz::TimeZone::get("Asia/Tokyo")?;
                let now = jiff::Timestamp::from_second(shop.clock.now().seconds())?;
                let date = zone.to_datetime(now).date().to_string();
                ensure!(today.0 == date, "{fault:?} at call {call}: {date} is missing");
            }
        }
        ensure!(shop.dead_letters().await?.is_empty(), "there are dead letters");
        Ok(())
    })
}

/// The machine was off at night: its start makes up for that.
#[test]
fn a_night_that_was_missed_is_made_up_for_at_the_start() -> Result<()> {
    alone(async {
        let shop = shop(Opening::at(MORNING)).await?;
        ensure!(days(&shop).await?.is_empty(), "the run is over already");
        shop.stack.runtime.run()?;
        let counted = async {
            while days(&shop).await?.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(30), counted).await??;
        ensure!(days(&shop).await? == expected(&[("2026-03-02", 3)]), "{:?}", days(&shop).await?);
        Ok(())
    })
}
