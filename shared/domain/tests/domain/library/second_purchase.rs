use insta::assert_snapshot;

use super::tale::Shop;

const SHIPPED: [(&str, &str); 2] = [("order_id", "A-1"), ("shipped_on", "2026-02-05")];

#[test]
fn twenty_days_after_it_was_shipped() {
    let shop = Shop::of("second-purchase");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 21:00", "Order Completed", &[]);
    // Told a day after it happened.
    hana.tells("2026-02-06 08:00", "Order Shipped", &SHIPPED).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-06 Fri 08:00  enters second-purchase
    2026-02-25 Wed 11:00  invitation → +819012345678 (1 part): つなぎ商店です。2回目のお買い物は10%引です https://t.example.jp/l/… 停止はSTOP返信
    2026-03-11 Wed 11:01  ends second-purchase: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-02-25 Wed 11:00 invitation"]);
    let mut emma = shop.person(&[("language", "en")]);
    emma.tells("2026-02-03 21:00", "Order Completed", &[]);
    emma.tells("2026-02-05 18:00", "Order Shipped", &SHIPPED).until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-05 Thu 18:00  enters second-purchase
    2026-02-25 Wed 11:00  invitation → +819012345678 (2 parts): つなぎ商店: how do you like it? 10% off your second order https://t.example.jp/l/… Reply STOP to stop
    2026-03-11 Wed 11:01  ends second-purchase: all steps taken
    ");
}

#[test]
fn why_others_get_nothing() {
    let shop = Shop::of("second-purchase");
    let mut buys_again = shop.person(&[]);
    buys_again.tells("2026-02-03 21:00", "Order Completed", &[]);
    buys_again.tells("2026-02-05 18:00", "Order Shipped", &SHIPPED);
    buys_again.tells("2026-02-25 10:59", "Order Completed", &[]).until("2026-06-01 00:00");
    assert_snapshot!(buys_again.told, @"
    2026-02-05 Thu 18:00  enters second-purchase
    2026-02-25 Wed 10:59  ends second-purchase: goal reached
    ");
    let mut regular = shop.person(&[]);
    regular.tells("2026-01-20 21:00", "Order Completed", &[]).tells(
        "2026-02-03 21:00",
        "Order Completed",
        &[],
    );
    regular.tells("2026-02-05 18:00", "Order Shipped", &SHIPPED).until("2026-06-01 00:00");
    assert_snapshot!(regular.told, @"2026-02-05 Thu 18:00  does not enter second-purchase: its condition did not hold");
    let mut undated = shop.person(&[]);
    undated.tells("2026-02-05 18:00", "Order Shipped", &[("order_id", "A-1")]).until("2026-06-01 00:00");
    assert_snapshot!(undated.told, @"
    2026-02-05 Thu 18:00  enters second-purchase
    2026-02-05 Thu 18:00  ends second-purchase: its date was moved or taken away
    ");
}
