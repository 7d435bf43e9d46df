use insta::assert_snapshot;

use super::tale::Shop;

fn order(id: &str) -> [(&str, &str); 2] {
    [("order_id", id), ("category", "consumable")]
}

#[test]
fn each_purchase_is_followed_by_itself() {
    let shop = Shop::of("replenishment");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 21:00", "Order Completed", &order("A-1")).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 21:00  enters replenishment
    2026-02-28 Sat 12:00  refill → +819012345678 (1 part): つなぎ商店です。そろそろなくなるころです https://t.example.jp/l/… 停止はSTOP返信
    2026-03-10 Tue 12:01  ends replenishment: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-02-28 Sat 12:00 refill"]);
    // Buys again early, and then not.
    let mut early = shop.person(&[("language", "en")]);
    early.tells("2026-02-03 21:00", "Order Completed", &order("A-1"));
    early.tells("2026-02-13 21:00", "Order Completed", &order("A-2")).until("2026-06-01 00:00");
    assert_snapshot!(early.told, @"
    2026-02-03 Tue 21:00  enters replenishment
    2026-02-13 Fri 21:00  enters replenishment
    2026-02-13 Fri 21:00  ends replenishment: goal reached
    2026-03-10 Tue 12:00  refill → +819012345678 (2 parts): つなぎ商店: about to run out? https://t.example.jp/l/… Reply STOP to stop
    2026-03-20 Fri 12:01  ends replenishment: all steps taken
    ");
    assert_eq!(early.got(), ["2026-03-10 Tue 12:00 refill"]);
}

#[test]
fn why_others_get_nothing() {
    let shop = Shop::of("replenishment");
    let mut durable = shop.person(&[]);
    let lamp = [("order_id", "A-1"), ("category", "lamp")];
    durable.tells("2026-02-03 21:00", "Order Completed", &lamp).until("2026-06-01 00:00");
    assert_eq!(durable.told, "");
    // The purchase of a lamp is no refill.
    let mut both = shop.person(&[("phone", "")]);
    both.tells("2026-02-03 21:00", "Order Completed", &order("A-1"));
    both.tells("2026-02-05 21:00", "Order Completed", &lamp).until("2026-06-01 00:00");
    assert_snapshot!(both.told, @"
    2026-02-03 Tue 21:00  enters replenishment
    2026-02-28 Sat 12:00  refill is left out: no address
    2026-03-10 Tue 12:00  ends replenishment: all steps taken
    ");
}
