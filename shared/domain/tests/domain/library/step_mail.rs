use domain::contact::Channel;
use insta::assert_snapshot;

use super::tale::Shop;

/// On days 0, 3 and 10, at whatever hour someone registered.
#[test]
fn three_mails() {
    let shop = Shop::of("step-mail");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 14:20", "Signed Up", &[]).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 14:20  enters step-mail
    2026-02-03 Tue 14:20  welcome → hana@example.jp: 「花様、ご登録ありがとうございます」花様⏎⏎つなぎ商店へのご登録ありがとうございます。⏎私たちのことを、少しだけご紹介させてください。⏎⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-06 Fri 10:00  favorites → hana@example.jp: 「はじめての方に選ばれている品」花様⏎⏎つなぎ商店です。はじめての方によく選ばれている品を集めました。⏎⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-13 Fri 10:00  coupon → hana@example.jp: 「10%引きの券をお贈りします」花様⏎⏎つなぎ商店です。初めてのお買い物に30日間お使いいただける、10%引きの券をお贈りします。⏎⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-03-15 Sun 10:01  ends step-mail: all steps taken
    ");
    for hour in ["00:10", "09:00", "10:00", "19:59"] {
        let mut person = shop.person(&[]);
        person.tells(&format!("2026-02-03 {hour}"), "Signed Up", &[]).until("2026-06-01 00:00");
        let got = person.got();
        assert!(got[0].starts_with("2026-02-03"), "{hour}: {got:?}");
        assert_eq!(got[1..], ["2026-02-06 Fri 10:00 favorites", "2026-02-13 Fri 10:00 coupon"], "{hour}");
    }
    // At night the first is held until the morning, and the others keep their distance from it.
    let mut emma = shop.person(&[("name", "Emma"), ("language", "en")]);
    emma.tells("2026-02-03 22:00", "Signed Up", &[]).until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 22:00  enters step-mail
    2026-02-03 Tue 22:00  welcome waits until 2026-02-04 Wed 09:00: quiet hours
    2026-02-04 Wed 09:00  welcome → hana@example.jp: 「Welcome, Emma」Thank you for joining つなぎ商店. May we introduce ourselves?⏎⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-07 Sat 10:00  favorites → hana@example.jp: 「What others begin with」What those who come to つなぎ商店 for the first time choose:⏎⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-02-14 Sat 10:00  coupon → hana@example.jp: 「Ten percent for your first order」Ten percent off your first order at つなぎ商店, for 30 days:⏎⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-03-16 Mon 10:01  ends step-mail: all steps taken
    ");
}

#[test]
fn why_others_get_less() {
    let shop = Shop::of("step-mail");
    let mut buys = shop.person(&[]);
    buys.tells("2026-02-03 14:20", "Signed Up", &[]);
    buys.tells("2026-02-06 09:59", "Order Completed", &[]).until("2026-06-01 00:00");
    assert_snapshot!(buys.told, @"
    2026-02-03 Tue 14:20  enters step-mail
    2026-02-03 Tue 14:20  welcome → hana@example.jp: 「花様、ご登録ありがとうございます」花様⏎⏎つなぎ商店へのご登録ありがとうございます。⏎私たちのことを、少しだけご紹介させてください。⏎⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-06 Fri 09:59  ends step-mail: goal reached
    ");
    let mut refuses = shop.person(&[]);
    refuses.tells("2026-02-03 14:20", "Signed Up", &[]).refuses("2026-02-04 08:00", Channel::Email);
    refuses.until("2026-06-01 00:00");
    assert_snapshot!(refuses.told, @"
    2026-02-03 Tue 14:20  enters step-mail
    2026-02-03 Tue 14:20  welcome → hana@example.jp: 「花様、ご登録ありがとうございます」花様⏎⏎つなぎ商店へのご登録ありがとうございます。⏎私たちのことを、少しだけご紹介させてください。⏎⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2026-02-06 Fri 10:00  favorites is left out: no consent
    2026-02-13 Fri 10:00  coupon is left out: no consent
    2026-03-15 Sun 10:00  ends step-mail: all steps taken
    ");
    let mut again = shop.person(&[]);
    again.tells("2026-02-03 14:20", "Signed Up", &[]).until("2026-04-01 00:00").told.clear();
    again.tells("2026-04-02 12:00", "Signed Up", &[]).until("2026-06-01 00:00");
    assert_snapshot!(again.told, @"2026-04-02 Thu 12:00  does not enter step-mail: its re-entry rule");
}
