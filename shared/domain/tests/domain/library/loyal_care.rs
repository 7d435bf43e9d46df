use insta::assert_snapshot;

use super::tale::{Person, Shop};

/// Buys for ¥6,000 at noon on each of the first days of February: for ¥60,000 with the tenth.
fn buys<'a>(shop: &'a Shop, traits: &[(&str, &str)], times: u32) -> Person<'a> {
    let mut person = shop.person(traits);
    for day in 1..=times {
        person.tells(&format!("2026-02-{day:02} 12:00"), "Order Completed", &[]);
    }
    person
}

#[test]
fn welcomed_and_missed() {
    let shop = Shop::of("loyal-care");
    let mut hana = buys(&shop, &[], 10);
    hana.until("2026-12-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-10 Tue 12:00  enters loyal-welcome
    2026-02-10 Tue 12:00  takes `card`
    2026-02-10 Tue 12:00  first-access → hana@example.jp: 「ひと足先にご覧ください」花様⏎⏎つなぎ商店です。いつものお礼に、新作をひと足先にご覧いただけます。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-10 Tue 12:01  ends loyal-welcome: all steps taken
    2026-05-11 Mon 12:00  enters loyal-at-risk
    2026-05-12 Tue 11:00  miss-you → +819012345678 (1 part): つなぎ商店です。日頃のお礼に券をお贈りします https://t.example.jp/l/… 停止はSTOP返信
    2026-05-26 Tue 11:01  ends loyal-at-risk: all steps taken
    ");
    // Ninety days after the tenth of February, and a day.
    assert_eq!(hana.got(), ["2026-02-10 Tue 12:00 first-access", "2026-05-12 Tue 11:00 miss-you"]);
    let mut emma = buys(&shop, &[("language", "en")], 10);
    emma.until("2026-12-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-10 Tue 12:00  enters loyal-welcome
    2026-02-10 Tue 12:00  takes `card`
    2026-02-10 Tue 12:00  first-access → hana@example.jp: 「See it first」From つなぎ商店, with thanks: the new collection, before others see it.⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-10 Tue 12:01  ends loyal-welcome: all steps taken
    2026-05-11 Mon 12:00  enters loyal-at-risk
    2026-05-12 Tue 11:00  miss-you → +819012345678 (2 parts): つなぎ商店 misses you. A coupon: https://t.example.jp/l/… Reply STOP to stop
    2026-05-26 Tue 11:01  ends loyal-at-risk: all steps taken
    ");
}

#[test]
fn why_others_get_less() {
    let shop = Shop::of("loyal-care");
    let mut nearly = buys(&shop, &[], 9);
    nearly.until("2026-12-01 00:00");
    assert_eq!(nearly.told, "");
    // Back within the day, which is the goal.
    let mut back = buys(&shop, &[], 10);
    back.tells("2026-05-12 10:00", "Order Completed", &[]).until("2026-06-01 00:00");
    assert_snapshot!(back.told, @"
    2026-02-10 Tue 12:00  enters loyal-welcome
    2026-02-10 Tue 12:00  takes `card`
    2026-02-10 Tue 12:00  first-access → hana@example.jp: 「ひと足先にご覧ください」花様⏎⏎つなぎ商店です。いつものお礼に、新作をひと足先にご覧いただけます。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-10 Tue 12:01  ends loyal-welcome: all steps taken
    2026-05-11 Mon 12:00  enters loyal-at-risk
    2026-05-12 Tue 10:00  does not enter loyal-welcome: its re-entry rule
    2026-05-12 Tue 10:00  ends loyal-at-risk: goal reached
    ");
}
