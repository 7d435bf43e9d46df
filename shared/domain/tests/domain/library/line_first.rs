use insta::assert_snapshot;

use super::tale::Shop;

const ORDER: [(&str, &str); 1] = [("order_id", "A-1001")];
const LINE_ID: (&str, &str) = ("line_id", "U4af4980629f1b2c3d4e5f60718293a4b");

#[test]
fn by_line_where_there_is_an_id_and_by_sms_where_there_is_none() {
    let shop = Shop::of("line-first");
    let mut hana = shop.person(&[LINE_ID]);
    hana.tells("2026-02-03 21:00", "Order Shipped", &ORDER).until("2026-03-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 21:00  enters line-first
    2026-02-03 Tue 21:00  by-line → U4af4980629f1b2c3d4e5f60718293a4b: 花様、ご注文 A-1001 を発送しました。お届け状況はこちらです: https://t.example.jp/l/…
    2026-02-03 Tue 21:01  takes `by LINE`
    2026-02-03 Tue 21:01  ends line-first: all steps taken
    ");
    let mut ken = shop.person(&[("language", "en")]);
    ken.tells("2026-02-03 21:00", "Order Shipped", &ORDER).until("2026-03-01 00:00");
    assert_snapshot!(ken.told, @"
    2026-02-03 Tue 21:00  enters line-first
    2026-02-03 Tue 21:00  by-line is left out: no address
    2026-02-03 Tue 21:00  takes `by SMS`
    2026-02-03 Tue 21:00  by-sms → +819012345678 (2 parts): つなぎ商店: your order A-1001 is on its way https://t.example.jp/l/…
    2026-02-03 Tue 21:01  ends line-first: all steps taken
    ");
}

#[test]
fn who_is_refused_by_line_is_told_by_sms() {
    let shop = Shop::of("line-first");
    let mut hana = shop.person(&[LINE_ID]);
    hana.wants_none("2026-01-02 10:00", domain::contact::Channel::Line);
    hana.tells("2026-02-03 21:00", "Order Shipped", &ORDER).until("2026-03-01 00:00");
    assert!(hana.told.contains("by-line is left out: no consent"), "{}", hana.told);
    assert!(hana.told.contains("by-sms → +819012345678"), "{}", hana.told);
}
