use insta::assert_snapshot;

use super::tale::Shop;

const SALES: [(&str, &str); 2] = [("company", "株式会社みなと"), ("sales_email", "sato@shop.example.jp")];

#[test]
fn sales_hear_of_a_score() {
    let shop = Shop::of("lead-nurturing");
    let mut warm = shop.person(&SALES);
    warm.tells("2026-02-03 14:00", "Document Downloaded", &[]);
    warm.becomes("2026-02-04 10:00", "score", "40").becomes("2026-02-20 22:00", "score", "85");
    warm.until("2026-06-01 00:00");
    assert_snapshot!(warm.told, @"
    2026-02-03 Tue 14:00  enters lead-nurturing
    2026-02-03 Tue 15:00  guide → hana@example.jp: 「資料をご覧いただきありがとうございます」花様⏎⏎つなぎ商店です。資料をご覧いただきありがとうございます。⏎あわせて読まれている手引きをご紹介します。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-07 Sat 15:01  takes `timed out`
    2026-02-07 Sat 15:01  cases → hana@example.jp: 「導入された方のお話」花様⏎⏎つなぎ商店です。導入された方のお話をまとめました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-20 Fri 22:00  takes `came`
    2026-02-20 Fri 22:00  tell-sales → sato@shop.example.jp: 「点数が80に届きました: 株式会社みなと」株式会社みなと 花様の点数が85になりました。ご連絡をお願いします。
    2026-02-20 Fri 22:01  ends lead-nurturing: all steps taken
    ");
    assert_eq!(warm.is("in_talks"), Some(&domain::customer::Value::Boolean(true)));
    // At once: the cases are not needed.
    let mut hot = shop.person(&[("name", "Emma"), ("language", "en")]);
    hot.tells("2026-02-03 14:00", "Document Downloaded", &[]);
    hot.becomes("2026-02-04 10:00", "score", "95").until("2026-06-01 00:00");
    assert_snapshot!(hot.told, @"
    2026-02-03 Tue 14:00  enters lead-nurturing
    2026-02-03 Tue 15:00  guide → hana@example.jp: 「Thank you for your interest」Thank you for your interest in つなぎ商店. What others read next:⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-04 Wed 10:00  takes `came`
    2026-02-04 Wed 10:00  takes `came`
    2026-02-04 Wed 10:00  tell-sales → sales@shop.example.jp: 「The score reached 80: no company」Emma of no company has a score of 95. Please get in touch.
    2026-02-04 Wed 10:01  ends lead-nurturing: all steps taken
    ");
}

#[test]
fn never_those_in_talks() {
    let shop = Shop::of("lead-nurturing");
    let mut in_talks = shop.person(&[("in_talks", "true")]);
    in_talks.tells("2026-02-03 14:00", "Document Downloaded", &[]).until("2026-06-01 00:00");
    assert_snapshot!(in_talks.told, @"2026-02-03 Tue 14:00  does not enter lead-nurturing: its condition did not hold");
    let mut begins_to_talk = shop.person(&SALES);
    begins_to_talk.tells("2026-02-03 14:00", "Document Downloaded", &[]);
    begins_to_talk.becomes("2026-02-05 14:00", "in_talks", "true").becomes("2026-02-06 14:00", "score", "90");
    begins_to_talk.until("2026-06-01 00:00");
    assert_snapshot!(begins_to_talk.told, @"
    2026-02-03 Tue 14:00  enters lead-nurturing
    2026-02-03 Tue 15:00  guide → hana@example.jp: 「資料をご覧いただきありがとうございます」花様⏎⏎つなぎ商店です。資料をご覧いただきありがとうございます。⏎あわせて読まれている手引きをご紹介します。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-05 Thu 14:00  ends lead-nurturing: exit condition held
    ");
    let mut cold = shop.person(&SALES);
    cold.tells("2026-02-03 14:00", "Document Downloaded", &[]).until("2026-06-01 00:00");
    assert_snapshot!(cold.told, @"
    2026-02-03 Tue 14:00  enters lead-nurturing
    2026-02-03 Tue 15:00  guide → hana@example.jp: 「資料をご覧いただきありがとうございます」花様⏎⏎つなぎ商店です。資料をご覧いただきありがとうございます。⏎あわせて読まれている手引きをご紹介します。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-07 Sat 15:01  takes `timed out`
    2026-02-07 Sat 15:01  cases → hana@example.jp: 「導入された方のお話」花様⏎⏎つなぎ商店です。導入された方のお話をまとめました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-03-09 Mon 15:02  takes `timed out`
    2026-03-09 Mon 15:02  ends lead-nurturing: all steps taken
    ");
}
