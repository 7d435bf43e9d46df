//! A small shop: definitions of one SMS, and customers who lapsed.

use anyhow::Result;
use domain::time::{DAY, Timestamp};
use serde_json::Value;
use tests::customers::Someone;
use tests::shop::{Opening, Shop};

/// Monday, 2 March 2026, 10:00 in Japan.
pub const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// Who has not bought for thirty days.
pub const LAPSED: &str = "segment:
  name: lapsed
  when: { all: [{ event: { name: Order Completed } }, { no_event: { name: Order Completed, for_days: 30 } }] }
";

/// One SMS.
pub const ONE_SMS: &str = "journey:
  name: one-sms
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  goal: Order Completed
  steps:
    - wait: 1d
    - sms:
        name: hello
        text: \"{{ customer.name }}様 {{ sender }} {{ links.shop }} 停止はSTOP返信\"
        links: { shop: \"https://shop.example.jp/welcome\" }
    - wait: 30d
";

/// A shop of [`ONE_SMS`] whose `people` lapsed, the definitions applied and settled.
pub async fn lapsed_shop(opening: Opening, people: u32) -> Result<Shop> {
    lapsed_shop_of(opening, people, ONE_SMS).await
}

/// The same, of another journey.
pub async fn lapsed_shop_of(opening: Opening, people: u32, journey: &str) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    let long_ago = shop.clock.now().plus(-60 * DAY);
    let calls: Vec<Value> = (0..people)
        .map(Someone::willing)
        .flat_map(|someone| [someone.identify(long_ago), someone.order("first", long_ago, 3000)])
        .collect();
    shop.take(&calls).await?;
    shop.settle().await?;
    shop.apply(&[LAPSED, journey]).await?;
    shop.settle().await?;
    Ok(shop)
}
