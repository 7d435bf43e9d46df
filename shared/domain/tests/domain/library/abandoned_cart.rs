use domain::contact::Channel;
use insta::assert_snapshot;

use super::tale::Shop;

#[test]
fn left_for_good() {
    let shop = Shop::of("abandoned-cart");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 14:00", "Product Added", &[]);
    // A second thing in the same cart begins nothing of its own.
    hana.tells("2026-02-03 14:20", "Product Added", &[]).until("2026-03-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 14:00  enters abandoned-cart
    2026-02-03 Tue 14:20  does not enter abandoned-cart: already in it
    2026-02-03 Tue 17:00  left → hana@example.jp: 「カートにお品が残っています」花様⏎⏎つなぎ商店です。カートにお品が残っています。よろしければ、続きからお手続きください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-04 Wed 12:00  takes `not read`
    2026-02-04 Wed 12:00  nudge → +819012345678 (1 part): つなぎ商店です。カートにお品が残っています https://t.example.jp/l/… 停止はSTOP返信
    2026-02-07 Sat 12:01  ends abandoned-cart: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-02-03 Tue 17:00 left", "2026-02-04 Wed 12:00 nudge"]);
}

#[test]
fn left_at_night_and_in_english() {
    let shop = Shop::of("abandoned-cart");
    let mut emma = shop.person(&[("name", "Emma"), ("language", "en")]);
    emma.tells("2026-02-03 19:30", "Product Added", &[]).until("2026-03-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 19:30  enters abandoned-cart
    2026-02-03 Tue 22:30  left waits until 2026-02-04 Wed 09:00: quiet hours
    2026-02-04 Wed 09:00  left → hana@example.jp: 「Still in your cart」Something is still in your cart at つなぎ商店. You can go on from where you left:⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-05 Thu 12:00  takes `not read`
    2026-02-05 Thu 12:00  nudge → +819012345678 (2 parts): つなぎ商店: something is still in your cart https://t.example.jp/l/… Reply STOP to stop
    2026-02-08 Sun 12:01  ends abandoned-cart: all steps taken
    ");
    assert_eq!(emma.got(), ["2026-02-04 Wed 09:00 left", "2026-02-05 Thu 12:00 nudge"]);
}

/// Who buys, empties the cart, has read the e-mail or opted out meanwhile is not written to.
#[test]
fn why_others_get_less() {
    let shop = Shop::of("abandoned-cart");
    let added = |when: &str| {
        let mut person = shop.person(&[]);
        person.tells(when, "Product Added", &[]);
        person
    };
    let mut bought = added("2026-02-03 14:00");
    bought.tells("2026-02-03 16:59", "Order Completed", &[]).until("2026-03-01 00:00");
    assert_snapshot!(bought.told, @"
    2026-02-03 Tue 14:00  enters abandoned-cart
    2026-02-03 Tue 16:59  ends abandoned-cart: goal reached
    ");
    let mut emptied = added("2026-02-03 14:00");
    emptied.tells("2026-02-03 18:00", "Cart Emptied", &[]).until("2026-03-01 00:00");
    assert_snapshot!(emptied.told, @"
    2026-02-03 Tue 14:00  enters abandoned-cart
    2026-02-03 Tue 17:00  left → hana@example.jp: 「カートにお品が残っています」花様⏎⏎つなぎ商店です。カートにお品が残っています。よろしければ、続きからお手続きください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-03 Tue 18:00  ends abandoned-cart: exit condition held
    ");
    let mut read = added("2026-02-03 14:00");
    read.clicks("2026-02-03 21:00", "left").until("2026-03-01 00:00");
    assert_snapshot!(read.told, @"
    2026-02-03 Tue 14:00  enters abandoned-cart
    2026-02-03 Tue 17:00  left → hana@example.jp: 「カートにお品が残っています」花様⏎⏎つなぎ商店です。カートにお品が残っています。よろしければ、続きからお手続きください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-04 Wed 12:00  takes `read`
    2026-02-04 Wed 12:00  ends abandoned-cart: all steps taken
    ");
    let mut refused = added("2026-02-03 14:00");
    refused.refuses("2026-02-03 15:00", Channel::Email).refuses("2026-02-03 15:00", Channel::Sms);
    refused.until("2026-03-01 00:00");
    assert_snapshot!(refused.told, @"
    2026-02-03 Tue 14:00  enters abandoned-cart
    2026-02-03 Tue 17:00  left is left out: no consent
    2026-02-04 Wed 12:00  takes `not read`
    2026-02-04 Wed 12:00  nudge is left out: no consent
    2026-02-07 Sat 12:00  ends abandoned-cart: all steps taken
    ");
    assert_eq!(refused.got(), [""; 0]);
    // It was in the sender's queue when she bought: nothing of it leaves.
    let mut queued = shop.person(&[]);
    queued.queued_minutes = 30;
    queued.tells("2026-02-03 14:00", "Product Added", &[]).tells("2026-02-03 17:10", "Order Completed", &[]);
    queued.until("2026-03-01 00:00");
    assert_snapshot!(queued.told, @"
    2026-02-03 Tue 14:00  enters abandoned-cart
    2026-02-03 Tue 17:10  ends abandoned-cart: goal reached
    2026-02-03 Tue 17:30  left does not leave: journey ended before sending
    2026-02-03 Tue 18:00  left does not leave: journey ended before sending
    ");
    assert_eq!(queued.got(), [""; 0]);
}
