//! What the shops of the benchmark know: customers who all bought once on one day, and definitions by which all of
//! them are due at one instant.

use domain::time::{DAY, Timestamp};
use serde_json::{Value, json};

/// Seconds after which a customer who does not buy has lapsed, by [`DEFINITIONS`].
pub(super) const LAPSE_SECONDS: i64 = 180 * DAY;

/// One SMS to whoever lapses, at any hour.
pub(super) const DEFINITIONS: [(&str, &str); 2] = [
    (
        "lapsed.yaml",
        "segment:
  name: lapsed
  when:
    all:
      - event: { name: Order Completed }
      - no_event: { name: Order Completed, for_days: 180 }
",
    ),
    (
        "notice.yaml",
        "journey:
  name: notice
  purpose: transactional
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms:
        name: notice
        text: \"{{ customer.name }}様 {{ sender }}よりお知らせです {{ links.shop }}\"
        links: { shop: \"https://shop.example.jp/notice\" }
",
    ),
];

/// A segment that nobody is in: who applies it has all customers read and evaluated, and nobody written.
pub(super) const NOBODY: (&str, &str) = (
    "nobody.yaml",
    "segment:
  name: nobody
  when:
    event: { name: Order Completed, at_least: 1000 }
",
);

/// The calls that make a customer: who they are, and the order they completed at `bought`.
pub(super) fn customer(number: u32, bought: Timestamp) -> [Value; 2] {
    let identify = json!({
        "type": "identify",
        "userId": user_id(number),
        "messageId": format!("bench-identify-{number}"),
        "timestamp": bought.to_string(),
        "traits": {
            "name": "山田 花子",
            "phone": format!("+8190{}", 10_000_000 + number),
            "birthday": "1980-04-01",
            "address": { "state": "東京都" },
            "consents": { "sms": { "marketing": true } },
        },
    });
    let order = json!({
        "type": "track",
        "event": "Order Completed",
        "userId": user_id(number),
        "messageId": format!("bench-order-{number}"),
        "timestamp": bought.to_string(),
        "properties": {
            "order_id": format!("A{number}"),
            "total": 3_980,
            "currency": "JPY",
            "products": [{ "quantity": 1 }],
        },
    });
    [identify, order]
}

/// A call that changes no journey.
pub(super) fn event(number: u32, at: Timestamp) -> Value {
    json!({
        "type": "track",
        "event": "Product Viewed",
        "userId": user_id(number),
        "messageId": format!("bench-view-{number}"),
        "timestamp": at.to_string(),
        "properties": { "product_id": "507f1f77", "price": 1_980 },
    })
}

fn user_id(number: u32) -> String {
    format!("{number:07}")
}
