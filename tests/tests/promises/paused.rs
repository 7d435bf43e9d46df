//! A journey that stands still for a week: nothing leaves, and afterwards nothing is missing and nothing comes twice.

use std::collections::BTreeMap;

use anyhow::Result;
use domain::definitions::{Kind, Switch, SwitchedTo, Version, number};
use domain::time::DAY;
use local::definitions::{add, announce};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop_of};

fn journey(when_late: &str) -> String {
    format!(
        "journey:
  name: two
  purpose: marketing
  enter: {{ segment: lapsed }}
  reentry: never
  when_late: {when_late}
  steps:
    - sms: {{ name: one, text: \"{{{{ sender }}}} {{{{ optout }}}}\" }}
    - wait: 2d
    - sms: {{ name: two, text: \"{{{{ sender }}}} {{{{ optout }}}}\" }}
"
    )
}

/// What `tsunagi journeys pause|resume|stop --now` store.
async fn switch(shop: &Shop, to: SwitchedTo) -> Result<()> {
    store(shop, Kind::Switch, serde_json::to_string(&Switch { at: shop.clock.now(), to })?).await
}

/// What `tsunagi journeys stop --finish` stores: a version without a word.
async fn finish(shop: &Shop) -> Result<()> {
    store(shop, Kind::Journey, String::new()).await
}

async fn store(shop: &Shop, kind: Kind, yaml: String) -> Result<()> {
    let mut versions = shop.table.definitions().await?;
    let name = "two".to_owned();
    let again = versions.iter().filter(|version| version.kind == kind && version.name == name).count();
    versions.push(Version { kind, name, number: u32::try_from(again)? + 1, yaml });
    add(&shop.table, &versions[versions.len() - 1..]).await?;
    announce(&shop.stack.runtime, number(&versions)).await?;
    shop.settle().await
}

/// How many messages each number got.
fn by_number(shop: &Shop) -> Result<BTreeMap<String, usize>> {
    let mut count = BTreeMap::new();
    for entry in shop.accepted()? {
        assert_eq!(entry.times, 1, "sent twice");
        *count.entry(entry.to).or_default() += 1;
    }
    Ok(count)
}

async fn a_week(when_late: &str) -> Result<Shop> {
    let mut shop = lapsed_shop_of(Opening::at(MORNING), 20, &journey(when_late)).await?;
    shop.pass(DAY).await?;
    assert_eq!(shop.accepted()?.len(), 20);
    switch(&shop, SwitchedTo::Paused).await?;
    shop.pass(3 * DAY).await?;
    let long_ago = shop.clock.now().plus(-60 * DAY);
    let late = (20..25).map(Someone::willing);
    let calls: Vec<_> =
        late.flat_map(|it| [it.identify(long_ago), it.order("first", long_ago, 3000)]).collect();
    shop.take(&calls).await?;
    shop.pass(4 * DAY).await?;
    assert_eq!(shop.accepted()?.len(), 20, "nothing leaves while it stands still");
    switch(&shop, SwitchedTo::Running).await?;
    shop.pass(5 * DAY).await?;
    Ok(shop)
}

#[test]
fn a_week_of_standing_still_loses_and_repeats_nothing() -> Result<()> {
    alone(async {
        let shop = a_week("send").await?;
        let got = by_number(&shop)?;
        assert_eq!((got.len(), got.values().filter(|count| **count == 2).count()), (25, 25));
        let report = shop.report("two").await?;
        assert!(report.is_complete());
        assert_eq!((report.total.entered, report.total.sent, report.waiting), (25, 25, 0));
        Ok(())
    })
}

#[test]
fn what_is_late_is_left_out_when_the_journey_says_so() -> Result<()> {
    alone(async {
        let shop = a_week("skip").await?;
        let twenty: Vec<String> = (0..20).map(|index| Someone::willing(index).e164()).collect();
        let got = by_number(&shop)?;
        assert!(twenty.iter().all(|number| got[number] == 1), "their second message was late");
        let report = shop.report("two").await?;
        assert!(report.steps[1].skipped >= 20 && report.is_complete());
        Ok(())
    })
}

#[test]
fn stopped_at_once_nobody_hears_of_it_again() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 20, &journey("send")).await?;
        shop.pass(DAY).await?;
        switch(&shop, SwitchedTo::Stopped { version: 1 }).await?;
        shop.pass(5 * DAY).await?;
        assert_eq!(shop.accepted()?.len(), 20);
        let report = shop.report("two").await?;
        assert!(report.is_complete() && report.waiting == 0);
        assert_eq!(report.ended.values().sum::<u64>(), 20);
        Ok(())
    })
}

#[test]
fn finished_it_takes_nobody_in_and_goes_on_for_who_is_in_it() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 20, &journey("send")).await?;
        shop.pass(DAY).await?;
        assert_eq!(shop.accepted()?.len(), 20);
        finish(&shop).await?;
        let long_ago = shop.clock.now().plus(-60 * DAY);
        let late = (20..25).map(Someone::willing);
        let calls: Vec<_> =
            late.flat_map(|it| [it.identify(long_ago), it.order("first", long_ago, 3000)]).collect();
        shop.take(&calls).await?;
        shop.pass(5 * DAY).await?;
        let both: BTreeMap<String, usize> =
            (0..20).map(|index| (Someone::willing(index).e164(), 2)).collect();
        assert_eq!(by_number(&shop)?, both, "those in it got both messages, and nobody else any");
        let report = shop.report("two").await?;
        assert!(report.is_complete());
        assert_eq!((report.total.entered, report.total.sent, report.waiting), (20, 20, 0));
        assert_eq!(report.ended, [("all steps taken".to_owned(), 20)].into());
        Ok(())
    })
}
