use insta::assert_snapshot;

use super::tale::Shop;

const SHOES: [(&str, &str); 1] = [("category", "shoes")];

#[test]
fn three_looks_within_a_week() {
    let shop = Shop::of("interests");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 08:00", "Product Viewed", &SHOES);
    hana.tells("2026-02-05 08:00", "Product Viewed", &SHOES);
    hana.tells("2026-02-06 08:00", "Product Viewed", &SHOES).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-06 Fri 08:00  enters interests
    2026-02-06 Fri 19:00  shoes → hana@example.jp: 「靴の新着をまとめました」花様⏎⏎つなぎ商店です。ご覧いただいた靴に合わせて、新着をまとめました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-13 Fri 19:01  ends interests: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-02-06 Fri 19:00 shoes"]);
    // At night: the evening after.
    let mut emma = shop.person(&[("language", "en")]);
    for minute in ["20:00", "20:10", "20:20"] {
        emma.tells(&format!("2026-02-06 {minute}"), "Product Viewed", &SHOES);
    }
    emma.until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-06 Fri 20:20  enters interests
    2026-02-07 Sat 19:00  shoes → hana@example.jp: 「New shoes」つなぎ商店: more of the shoes you looked at.⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-14 Sat 19:01  ends interests: all steps taken
    ");
}

#[test]
fn why_others_get_nothing() {
    let shop = Shop::of("interests");
    let mut slow = shop.person(&[]);
    for day in ["2026-02-03", "2026-02-08", "2026-02-12"] {
        slow.tells(&format!("{day} 08:00"), "Product Viewed", &SHOES);
    }
    slow.until("2026-06-01 00:00");
    assert_eq!(slow.told, "");
    let mut other = shop.person(&[]);
    for hour in ["08", "09", "10"] {
        other.tells(&format!("2026-02-03 {hour}:00"), "Product Viewed", &[("category", "hats")]);
    }
    other.until("2026-06-01 00:00");
    assert_eq!(other.told, "");
    let mut buys = shop.person(&[]);
    for hour in ["08", "09", "10"] {
        buys.tells(&format!("2026-02-03 {hour}:00"), "Product Viewed", &SHOES);
    }
    buys.tells("2026-02-03 12:00", "Order Completed", &[]).until("2026-06-01 00:00");
    assert_snapshot!(buys.told, @"
    2026-02-03 Tue 10:00  enters interests
    2026-02-03 Tue 12:00  ends interests: goal reached
    ");
    // A second bout of interest within thirty days.
    let mut again = shop.person(&[]);
    for day in ["03", "04", "05", "20", "21", "22"] {
        again.tells(&format!("2026-02-{day} 08:00"), "Product Viewed", &SHOES);
    }
    again.until("2026-06-01 00:00");
    assert_snapshot!(again.told, @"
    2026-02-05 Thu 08:00  enters interests
    2026-02-05 Thu 19:00  shoes → hana@example.jp: 「靴の新着をまとめました」花様⏎⏎つなぎ商店です。ご覧いただいた靴に合わせて、新着をまとめました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-12 Thu 19:01  ends interests: all steps taken
    2026-02-22 Sun 08:00  does not enter interests: its re-entry rule
    ");
}
