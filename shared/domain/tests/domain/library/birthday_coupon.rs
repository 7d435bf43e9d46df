use domain::contact::Channel;
use insta::assert_snapshot;

use super::tale::Shop;

#[test]
fn seven_days_before_and_after() {
    let shop = Shop::of("birthday-coupon");
    let mut hana = shop.person(&[("birthday", "1980-02-20")]);
    hana.until("2027-02-15 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-13 Fri 10:00  enters birthday-coupon
    2026-02-13 Fri 10:00  coupon → hana@example.jp: 「花様、もうすぐお誕生日ですね」花様⏎⏎つなぎ商店より、お誕生日の前後7日間にお使いいただける券をお贈りします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-24 Tue 10:00  last-days → +819012345678 (1 part): つなぎ商店です。お誕生日の券はまもなく終わります https://t.example.jp/l/… 停止はSTOP返信
    2026-02-28 Sat 00:00  ends birthday-coupon: exit condition held
    2027-02-13 Sat 10:00  enters birthday-coupon
    2027-02-13 Sat 10:00  coupon → hana@example.jp: 「花様、もうすぐお誕生日ですね」花様⏎⏎つなぎ商店より、お誕生日の前後7日間にお使いいただける券をお贈りします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    ");
    assert_eq!(
        hana.got(),
        ["2026-02-13 Fri 10:00 coupon", "2026-02-24 Tue 10:00 last-days", "2027-02-13 Sat 10:00 coupon"]
    );
    // Ten in the morning is that of where she lives.
    let mut emma = shop.person(&[
        ("name", "Emma"),
        ("birthday", "1980-02-20"),
        ("language", "en"),
        ("time_zone", "America/New_York"),
    ]);
    emma.until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-13 Fri 10:00  enters birthday-coupon
    2026-02-13 Fri 10:00  coupon → hana@example.jp: 「Your birthday is near, Emma」From つなぎ商店: a coupon, good from seven days before your birthday until seven days after it.⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-24 Tue 10:00  last-days → +819012345678 (2 parts): つなぎ商店: your birthday coupon ends in a few days https://t.example.jp/l/… Reply STOP to stop
    2026-02-28 Sat 00:00  ends birthday-coupon: exit condition held
    ");
}

#[test]
fn why_others_get_less() {
    let shop = Shop::of("birthday-coupon");
    let mut used = shop.person(&[("birthday", "1980-02-20")]);
    used.tells("2026-02-19 12:00", "Order Completed", &[]).until("2026-06-01 00:00");
    assert_snapshot!(used.told, @"
    2026-02-13 Fri 10:00  enters birthday-coupon
    2026-02-13 Fri 10:00  coupon → hana@example.jp: 「花様、もうすぐお誕生日ですね」花様⏎⏎つなぎ商店より、お誕生日の前後7日間にお使いいただける券をお贈りします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-19 Thu 12:00  ends birthday-coupon: goal reached
    ");
    // The reminder lay in its sender's queue until the coupon had ended.
    let mut late = shop.person(&[("birthday", "1980-02-20")]);
    late.until("2026-02-24 09:00").queued_minutes = 4 * 24 * 60;
    late.until("2026-06-01 00:00");
    assert_snapshot!(late.told, @"
    2026-02-13 Fri 10:00  enters birthday-coupon
    2026-02-13 Fri 10:00  coupon → hana@example.jp: 「花様、もうすぐお誕生日ですね」花様⏎⏎つなぎ商店より、お誕生日の前後7日間にお使いいただける券をお贈りします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-28 Sat 00:00  ends birthday-coupon: exit condition held
    2026-02-28 Sat 10:00  last-days does not leave: journey ended before sending
    ");
    assert_eq!(late.got(), ["2026-02-13 Fri 10:00 coupon"]);
    let mut corrected = shop.person(&[("birthday", "1980-02-20")]);
    corrected.becomes("2026-02-15 12:00", "birthday", "1980-08-20").until("2026-08-14 00:00");
    assert_snapshot!(corrected.told, @"
    2026-02-13 Fri 10:00  enters birthday-coupon
    2026-02-13 Fri 10:00  coupon → hana@example.jp: 「花様、もうすぐお誕生日ですね」花様⏎⏎つなぎ商店より、お誕生日の前後7日間にお使いいただける券をお贈りします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-15 Sun 12:00  ends birthday-coupon: exit condition held
    2026-08-13 Thu 10:00  does not enter birthday-coupon: its re-entry rule
    ");
    let mut by_sms_only = shop.person(&[("birthday", "1980-02-20")]);
    by_sms_only.refuses("2026-02-01 12:00", Channel::Email).until("2026-06-01 00:00");
    assert_snapshot!(by_sms_only.told, @"
    2026-02-13 Fri 10:00  enters birthday-coupon
    2026-02-13 Fri 10:00  coupon is left out: no consent
    2026-02-24 Tue 10:00  last-days → +819012345678 (1 part): つなぎ商店です。お誕生日の券はまもなく終わります https://t.example.jp/l/… 停止はSTOP返信
    2026-02-28 Sat 00:00  ends birthday-coupon: exit condition held
    ");
    let mut unknown = shop.person(&[]);
    unknown.until("2027-06-01 00:00");
    assert_eq!(unknown.told, "");
}
