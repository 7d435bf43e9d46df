//! `explain`: every decision about a customer, when it was taken and why.

use anyhow::{Context, Result};
use domain::names::CustomerId;
use domain::time::DAY;
use local::commands::describe;
use local::definitions;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING};

const RULES: &str = "shop:
  time_zone: Asia/Tokyo
  policy:
    hours: { from: \"09:00\", until: \"20:00\" }
    caps:
      - { channel: sms, at_most: 1, within_days: 3 }
";

const TWO_SMS: &str = "journey:
  name: two
  purpose: marketing
  enter: { segment: lapsed }
  goal: Order Completed
  reentry: never
  steps:
    - sms:
        name: first
        text: \"{{ sender }} {{ links.shop }} 停止はSTOP返信\"
        links: { shop: \"https://shop.example.jp/\" }
    - sms:
        name: second
        text: \"{{ sender }} {{ links.shop }} 停止はSTOP返信\"
        links: { shop: \"https://shop.example.jp/\" }
    - wait: 30d
";

#[test]
fn every_hold_way_and_end_stands_at_its_time_with_its_reason() -> Result<()> {
    alone(async {
        // 23:00 in Japan.
        let mut shop = Shop::open(Opening::at(MORNING.plus(13 * 3600))).await?;
        let someone = Someone::willing(0);
        let long_ago = shop.clock.now().plus(-60 * DAY);
        shop.take(&[someone.identify(long_ago), someone.order("first", long_ago, 3000)]).await?;
        shop.settle().await?;
        shop.apply(&[LAPSED, RULES, TWO_SMS]).await?;
        shop.settle().await?;
        shop.pass(10 * DAY).await?;
        shop.take(&[someone.order("second", shop.clock.now(), 5000)]).await?;
        shop.settle().await?;
        let current = definitions::current(&shop.table).await?;
        let id = CustomerId::parse(&someone.id)?;
        let stored = shop.table.customer(&id).await?.context("the customer")?;
        let consents = shop.table.consents(&id).await?;
        let text = describe(&stored.customer, &consents, &current, stored.due_at);
        insta::assert_snapshot!(text);
        Ok(())
    })
}
