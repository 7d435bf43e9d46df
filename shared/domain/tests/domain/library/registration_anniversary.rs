use insta::assert_snapshot;

use super::tale::Shop;

#[test]
fn every_year_from_the_second_on() {
    let shop = Shop::of("registration-anniversary");
    let mut hana = shop.person(&[("registered_on", "2026-02-03")]);
    hana.until("2028-03-01 00:00");
    assert_snapshot!(hana.told, @"
    2027-02-03 Wed 10:00  enters registration-anniversary
    2027-02-03 Wed 10:00  thanks → hana@example.jp: 「今日はご登録の記念日です」花様⏎⏎2026年2月3日(火)につなぎ商店へご登録いただきました。⏎いつもありがとうございます。お礼の品をご用意しました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2027-02-17 Wed 10:01  ends registration-anniversary: all steps taken
    2028-02-03 Thu 10:00  enters registration-anniversary
    2028-02-03 Thu 10:00  thanks → hana@example.jp: 「今日はご登録の記念日です」花様⏎⏎2026年2月3日(火)につなぎ商店へご登録いただきました。⏎いつもありがとうございます。お礼の品をご用意しました。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2028-02-17 Thu 10:01  ends registration-anniversary: all steps taken
    ");
    assert_eq!(hana.got(), ["2027-02-03 Wed 10:00 thanks", "2028-02-03 Thu 10:00 thanks"]);
    let mut emma = shop.person(&[("language", "en"), ("registered_on", "2024-02-29")]);
    emma.tells("2026-03-02 12:00", "Order Completed", &[]).until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-28 Sat 10:00  enters registration-anniversary
    2026-02-28 Sat 10:00  thanks → hana@example.jp: 「An anniversary」You joined つなぎ商店 on Thu 29 Feb 2024. Thank you for staying.⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-03-02 Mon 12:00  ends registration-anniversary: goal reached
    ");
}

#[test]
fn why_others_get_nothing() {
    let shop = Shop::of("registration-anniversary");
    let mut unknown = shop.person(&[]);
    unknown.until("2027-06-01 00:00");
    assert_eq!(unknown.told, "");
    let mut unreachable = shop.person(&[("registered_on", "2025-02-03"), ("email", "")]);
    unreachable.until("2026-06-01 00:00");
    assert_snapshot!(unreachable.told, @"
    2026-02-03 Tue 10:00  enters registration-anniversary
    2026-02-03 Tue 10:00  thanks is left out: no address
    2026-02-17 Tue 10:00  ends registration-anniversary: all steps taken
    ");
}
