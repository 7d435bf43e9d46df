use insta::assert_snapshot;

use super::tale::Shop;

const TRIAL: [(&str, &str); 1] = [("plan", "trial")];
const REGULAR: [(&str, &str); 1] = [("plan", "regular")];

#[test]
fn over_the_five_walls() {
    let shop = Shop::of("five-walls");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 21:00", "Order Completed", &TRIAL).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 21:00  enters five-walls
    2026-02-06 Fri 10:00  trust → hana@example.jp: 「私たちがつくっています」つなぎ商店です。お試しいただきありがとうございます。つくり手の話をお聞きください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-09 Mon 10:00  safety → hana@example.jp: 「安心してお使いいただくために」つなぎ商店です。原料と検査、返金のお約束についてお伝えします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-12 Thu 10:00  opportunity → hana@example.jp: 「こんなときにお使いください」つなぎ商店です。毎日の中での使いどきをまとめました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-15 Sun 10:00  effect → hana@example.jp: 「お使いの方の声」つなぎ商店です。続けてお使いの方の声をお届けします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-18 Wed 10:00  purchase → +819012345678 (1 part): つなぎ商店です。本商品が初回半額になります https://t.example.jp/l/… 停止はSTOP返信
    2026-03-04 Wed 10:01  ends five-walls: all steps taken
    ");
    assert_eq!(
        hana.got(),
        [
            "2026-02-06 Fri 10:00 trust",
            "2026-02-09 Mon 10:00 safety",
            "2026-02-12 Thu 10:00 opportunity",
            "2026-02-15 Sun 10:00 effect",
            "2026-02-18 Wed 10:00 purchase"
        ]
    );
    let mut emma = shop.person(&[("language", "en")]);
    emma.tells("2026-02-03 21:00", "Order Completed", &TRIAL).until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 21:00  enters five-walls
    2026-02-06 Fri 10:00  trust → hana@example.jp: 「Who makes it」Thank you for trying つなぎ商店. Meet the people who make it:⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-09 Mon 10:00  safety → hana@example.jp: 「Safe to use」つなぎ商店 on ingredients, tests, and your money back:⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-12 Thu 10:00  opportunity → hana@example.jp: 「When to use it」つなぎ商店: the moments it is made for.⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-15 Sun 10:00  effect → hana@example.jp: 「What others say」つなぎ商店: in the words of those who stayed with it.⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-18 Wed 10:00  purchase → +819012345678 (2 parts): つなぎ商店: half off your first regular order https://t.example.jp/l/… Reply STOP to stop
    2026-03-04 Wed 10:01  ends five-walls: all steps taken
    ");
}

/// Another trial is no goal; the regular product is, and nothing follows it.
#[test]
fn the_wall_that_is_passed() {
    let shop = Shop::of("five-walls");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 21:00", "Order Completed", &TRIAL);
    hana.tells("2026-02-07 12:00", "Order Completed", &TRIAL);
    hana.tells("2026-02-10 12:00", "Order Completed", &REGULAR);
    hana.tells("2026-02-11 12:00", "Order Completed", &TRIAL).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 21:00  enters five-walls
    2026-02-06 Fri 10:00  trust → hana@example.jp: 「私たちがつくっています」つなぎ商店です。お試しいただきありがとうございます。つくり手の話をお聞きください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-09 Mon 10:00  safety → hana@example.jp: 「安心してお使いいただくために」つなぎ商店です。原料と検査、返金のお約束についてお伝えします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-10 Tue 12:00  ends five-walls: goal reached
    ");
    let mut without_email = shop.person(&[("email", "")]);
    without_email.tells("2026-02-03 21:00", "Order Completed", &TRIAL).until("2026-06-01 00:00");
    assert_snapshot!(without_email.told, @"
    2026-02-03 Tue 21:00  enters five-walls
    2026-02-06 Fri 10:00  trust is left out: no address
    2026-02-09 Mon 10:00  safety is left out: no address
    2026-02-12 Thu 10:00  opportunity is left out: no address
    2026-02-15 Sun 10:00  effect is left out: no address
    2026-02-18 Wed 10:00  purchase → +819012345678 (1 part): つなぎ商店です。本商品が初回半額になります https://t.example.jp/l/… 停止はSTOP返信
    2026-03-04 Wed 10:01  ends five-walls: all steps taken
    ");
    let mut regular_from_the_start = shop.person(&[]);
    regular_from_the_start.tells("2026-02-03 21:00", "Order Completed", &REGULAR).until("2026-06-01 00:00");
    assert_eq!(regular_from_the_start.told, "");
}
