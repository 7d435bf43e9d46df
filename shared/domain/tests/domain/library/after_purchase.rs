use insta::assert_snapshot;

use super::tale::Shop;

const ORDER: [(&str, &str); 1] = [("order_id", "A-1001")];

#[test]
fn thanks_and_arrival_of_each_order() {
    let shop = Shop::of("after-purchase");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 22:30", "Order Completed", &ORDER);
    hana.tells("2026-02-04 09:00", "Order Completed", &[("order_id", "A-1002")]);
    // Only the first arrives within three weeks.
    hana.tells("2026-02-06 15:00", "Order Delivered", &ORDER).until("2026-03-31 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 22:30  enters thanks
    2026-02-03 Tue 22:30  thanks → hana@example.jp: 「ご注文ありがとうございます」花様⏎⏎つなぎ商店です。ご注文ありがとうございます。ご注文番号 A-1001 をたしかにお受けしました。
    2026-02-04 Wed 09:00  enters thanks
    2026-02-04 Wed 09:00  thanks → hana@example.jp: 「ご注文ありがとうございます」花様⏎⏎つなぎ商店です。ご注文ありがとうございます。ご注文番号 A-1002 をたしかにお受けしました。
    2026-02-06 Fri 15:00  takes `came`
    2026-02-07 Sat 11:00  arrived → +819012345678 (1 part): つなぎ商店です。お品は無事に届きましたか。お困りのときはこちら https://t.example.jp/l/…
    2026-02-07 Sat 11:01  ends thanks: all steps taken
    2026-02-25 Wed 09:01  takes `timed out`
    2026-02-25 Wed 09:01  ends thanks: all steps taken
    ");
    assert_eq!(hana.got().last(), Some(&"2026-02-07 Sat 11:00 arrived"));
    let mut emma = shop.person(&[("name", ""), ("language", "en")]);
    emma.tells("2026-02-03 22:30", "Order Completed", &ORDER);
    emma.tells("2026-02-06 15:00", "Order Delivered", &ORDER).until("2026-03-31 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 22:30  enters thanks
    2026-02-03 Tue 22:30  thanks → hana@example.jp: 「Thank you for your order」Thank you. つなぎ商店 has received your order A-1001.
    2026-02-06 Fri 15:00  takes `came`
    2026-02-07 Sat 11:00  arrived → +819012345678 (2 parts): つなぎ商店: did it arrive well? If anything is wrong: https://t.example.jp/l/…
    2026-02-07 Sat 11:01  ends thanks: all steps taken
    ");
}

#[test]
fn unpaid_orders() {
    let shop = Shop::of("after-purchase");
    let placed = |traits: &[(&str, &str)], payment: &str| {
        let mut person = shop.person(traits);
        let said = [("order_id", "A-1001"), ("payment", payment)];
        person.tells("2026-02-03 22:30", "Order Placed", &said);
        person
    };
    let mut unpaid = placed(&[], "transfer");
    unpaid.until("2026-03-31 00:00");
    assert_snapshot!(unpaid.told, @"
    2026-02-03 Tue 22:30  enters unpaid
    2026-02-06 Fri 10:00  reminder → +819012345678 (2 parts): つなぎ商店です。ご注文A-1001のお振込をお待ちしています。お済みの際はご容赦ください https://t.example.jp/l/…
    2026-02-10 Tue 10:00  last → +819012345678 (2 parts): つなぎ商店です。ご注文A-1001はお振込がなければ3日後に取消となります https://t.example.jp/l/…
    2026-02-13 Fri 10:01  ends unpaid: all steps taken
    ");
    assert_eq!(unpaid.got(), ["2026-02-06 Fri 10:00 reminder", "2026-02-10 Tue 10:00 last"]);
    let mut english = placed(&[("language", "en-GB")], "transfer");
    english.until("2026-03-31 00:00");
    assert_snapshot!(english.told, @"
    2026-02-03 Tue 22:30  enters unpaid
    2026-02-06 Fri 10:00  reminder → +819012345678 (2 parts): つなぎ商店: order A-1001 awaits your transfer. If it is under way, thank you. https://t.example.jp/l/…
    2026-02-10 Tue 10:00  last → +819012345678 (2 parts): つなぎ商店: without your transfer, order A-1001 will be cancelled in three days https://t.example.jp/l/…
    2026-02-13 Fri 10:01  ends unpaid: all steps taken
    ");
    // Another order's payment is no reason to stop; this one's is.
    let mut paid = placed(&[], "transfer");
    paid.tells("2026-02-05 10:00", "Order Paid", &[("order_id", "A-0999")]);
    paid.tells("2026-02-09 10:00", "Order Paid", &ORDER).until("2026-03-31 00:00");
    assert_snapshot!(paid.told, @"
    2026-02-03 Tue 22:30  enters unpaid
    2026-02-06 Fri 10:00  reminder → +819012345678 (2 parts): つなぎ商店です。ご注文A-1001のお振込をお待ちしています。お済みの際はご容赦ください https://t.example.jp/l/…
    2026-02-09 Mon 10:00  ends unpaid: goal reached
    ");
    let mut cancelled = placed(&[], "transfer");
    cancelled.tells("2026-02-05 10:00", "Order Cancelled", &ORDER).until("2026-03-31 00:00");
    assert_snapshot!(cancelled.told, @"
    2026-02-03 Tue 22:30  enters unpaid
    2026-02-05 Thu 10:00  ends unpaid: exit condition held
    ");
    let mut by_card = placed(&[], "card");
    by_card.until("2026-03-31 00:00");
    assert_eq!(by_card.told, "");
}

/// The sender's queue stood still until the evening: a reminder of a payment does not leave between 21:00 and 8:00.
#[test]
fn a_reminder_that_is_late() {
    let shop = Shop::of("after-purchase");
    let mut hana = shop.person(&[]);
    hana.queued_minutes = 11 * 60;
    hana.tells("2026-02-03 12:00", "Order Placed", &[("order_id", "A-1001"), ("payment", "transfer")]);
    hana.until("2026-02-07 07:59");
    assert_eq!(hana.got(), [""; 0]);
    hana.queued_minutes = 0;
    hana.until("2026-02-07 12:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 12:00  enters unpaid
    2026-02-06 Fri 21:00  reminder is put back until 2026-02-07 Sat 08:00: quiet hours
    2026-02-07 Sat 08:00  reminder → +819012345678 (2 parts): つなぎ商店です。ご注文A-1001のお振込をお待ちしています。お済みの際はご容赦ください https://t.example.jp/l/…
    ");
    assert_eq!(hana.got(), ["2026-02-07 Sat 08:00 reminder"]);
}
