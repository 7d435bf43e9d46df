//! The budgets of the design, counted by the meter.

use anyhow::{Context, Result};
use domain::time::DAY;
use local::meter::{Counts, Snapshot};
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop};

/// What the functions used, without the test's own looking.
fn functions(shop: &Shop, since: &Snapshot) -> Counts {
    let declared = &shop.stack.runtime.template().functions;
    let used = shop.used().since(since).0.into_iter();
    Snapshot(used.filter(|(name, _)| declared.contains_key(name)).collect()).total()
}

#[test]
fn an_event_that_changes_no_journey_is_one_read_and_one_write() -> Result<()> {
    alone(async {
        let shop = lapsed_shop(Opening::at(MORNING), 1).await?;
        let someone = Someone::willing(0);
        for id in ["first", "second"] {
            let before = shop.used();
            shop.take(&[someone.event("Page Viewed", id, shop.clock.now(), &json!({}))]).await?;
            shop.settle().await?;
            let used = functions(&shop, &before);
            assert_eq!(used.dynamodb.get("BatchGetItem"), Some(&1), "{used:?}");
            assert_eq!(used.dynamodb.get("PutItem"), Some(&1), "{used:?}");
            assert_eq!(used.dynamodb_calls(), 2, "{used:?}");
            assert!(used.read_units <= 0.5 && used.write_units <= 1.0, "{used:?}");
        }
        Ok(())
    })
}

#[test]
fn a_message_from_its_timer_to_its_receipt() -> Result<()> {
    for people in [1, 100] {
        alone(async {
            let mut shop = lapsed_shop(Opening::at(MORNING), people).await?;
            shop.pass(DAY - 60).await?;
            let before = shop.used();
            shop.pass(3600).await?;
            let used = functions(&shop, &before);
            let report = shop.report("one-sms").await?;
            assert_eq!((report.total.sent, report.total.delivered), (u64::from(people), u64::from(people)));
            let each = f64::from(people);
            assert!(used.write_units / each <= 16.0, "{} WRU a message of {people}", used.write_units / each);
            // Eight shards are looked into whether one is due or a hundred.
            let looks = 2.0 * 8.0 * 0.5;
            assert!(
                (used.read_units - looks) / each <= 6.0,
                "{} RRU a message of {people}",
                used.read_units / each
            );
            Ok(())
        })?;
    }
    Ok(())
}

/// The same through an account with a price table and a monthly limit, which is held by a counter and watched by others.
#[test]
fn a_message_through_an_account_with_a_limit() -> Result<()> {
    alone(async {
        let people = 100;
        let mut shop = lapsed_shop(Opening::at(MORNING), people).await?;
        let url = shop.sandbox()?.url();
        let providers = format!(
            "providers:
  accounts:
    main:
      provider: sandbox
      url: \"{url}\"
      prices: [{{ from: 2026-01-01, currency: JPY, per_part: {{ docomo: 12, au: 12, softbank: 12, rakuten: 12 }} }}]
      monthly_limit: 100000
  routes:
    - {{ channel: sms, to: {{ main: 1 }} }}
"
        );
        shop.apply(&[&providers]).await?;
        shop.pass(DAY - 60).await?;
        let before = shop.used();
        shop.pass(3600).await?;
        let used = functions(&shop, &before);
        let report = shop.report("one-sms").await?;
        assert_eq!((report.total.sent, report.total.delivered), (u64::from(people), u64::from(people)));
        let each = used.write_units / f64::from(people);
        println!("{each} WRU a message through an account with a limit");
        assert!(each <= 16.0, "{each} WRU a message");
        Ok(())
    })
}

#[test]
fn a_minute_in_which_nobody_is_due() -> Result<()> {
    alone(async {
        let shop = lapsed_shop(Opening::at(MORNING), 20).await?;
        for _ in 0..3 {
            let before = shop.used();
            shop.stack.runtime.tick("schedule").await?;
            let used = functions(&shop, &before);
            assert!(used.read_units <= 8.0 * 0.5, "{used:?}");
            assert_eq!((used.write_units, used.sqs_requests()), (0.0, 0), "{used:?}");
        }
        Ok(())
    })
}

/// Customers lapse one after the other as time passes: each is looked at when it does, and hardly ever else.
#[test]
fn looks_per_membership_change_when_only_time_passes() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        shop.apply(&[crate::world::LAPSED]).await?;
        let people = 60;
        let calls: Vec<Value> = (0..people)
            .flat_map(|number| {
                let (someone, at) = (Someone::willing(number), MORNING.plus(-i64::from(number) * DAY / 3));
                [someone.identify(at), someone.order("first", at, 3000)]
            })
            .collect();
        shop.take(&calls).await?;
        shop.settle().await?;
        let before = shop.used();
        shop.pass(40 * DAY).await?;
        let used = shop.used().since(&before);
        let advance = used.0.get("advance").context("advance was invoked")?;
        let looks = advance.dynamodb.get("BatchGetItem").copied().unwrap_or(0);
        assert!(looks as f64 <= 1.1 * f64::from(people), "{looks} looks for {people} changes");
        let list = domain::input::List::Segment(domain::names::SegmentName::parse("lapsed")?);
        assert_eq!(shop.table.count_members(&list).await?, u64::from(people));
        Ok(())
    })
}
