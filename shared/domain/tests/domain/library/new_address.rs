use insta::assert_snapshot;

use super::tale::Shop;

const ORDER: [(&str, &str); 1] = [("order_id", "A-1001")];

#[test]
fn a_receipt_comes_back() {
    let shop = Shop::of("new-address");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 21:00", "Order Completed", &ORDER).bounces("2026-02-03 21:05", "receipt");
    // What the form tells when it is filled in.
    hana.becomes("2026-02-04 12:00", "email", "hana.new@example.jp");
    hana.tells("2026-02-04 12:00", "Address Updated", &[]).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 21:00  enters new-address
    2026-02-03 Tue 21:00  receipt → hana@example.jp: 「ご注文の控え(A-1001)」つなぎ商店です。ご注文ありがとうございます。ご注文番号は A-1001 です。
    2026-02-03 Tue 21:05  takes `came`
    2026-02-04 Wed 10:00  ask → +819012345678 (1 part): つなぎ商店です。メールが届きませんでした。新しいアドレスはこちらへ https://t.example.jp/f/…
    2026-02-04 Wed 12:00  takes `came`
    2026-02-04 Wed 12:00  receipt-again → hana.new@example.jp: 「ご注文の控え(A-1001)」つなぎ商店です。アドレスをお知らせいただきありがとうございます。ご注文番号は A-1001 です。
    2026-02-04 Wed 12:01  ends new-address: all steps taken
    ");
    assert!(hana.told.contains("receipt-again → hana.new@example.jp"));
    let mut emma = shop.person(&[("language", "en")]);
    emma.tells("2026-02-03 21:00", "Order Completed", &ORDER).bounces("2026-02-04 11:05", "receipt");
    emma.until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 21:00  enters new-address
    2026-02-03 Tue 21:00  receipt → hana@example.jp: 「Your receipt (A-1001)」つなぎ商店: thank you for your order A-1001.
    2026-02-04 Wed 11:05  takes `came`
    2026-02-05 Thu 10:00  ask → +819012345678 (2 parts): つなぎ商店: our e-mail came back. Your new address, please: https://t.example.jp/f/…
    2026-02-19 Thu 10:01  takes `timed out`
    2026-02-19 Thu 10:01  ends new-address: all steps taken
    ");
}

#[test]
fn why_others_are_not_asked() {
    let shop = Shop::of("new-address");
    let mut reached = shop.person(&[]);
    reached.tells("2026-02-03 21:00", "Order Completed", &ORDER).until("2026-06-01 00:00");
    assert_snapshot!(reached.told, @"
    2026-02-03 Tue 21:00  enters new-address
    2026-02-03 Tue 21:00  receipt → hana@example.jp: 「ご注文の控え(A-1001)」つなぎ商店です。ご注文ありがとうございます。ご注文番号は A-1001 です。
    2026-02-06 Fri 21:01  takes `timed out`
    2026-02-06 Fri 21:01  ends new-address: all steps taken
    ");
    let mut without_phone = shop.person(&[("phone", "")]);
    without_phone.tells("2026-02-03 21:00", "Order Completed", &ORDER).bounces("2026-02-03 21:05", "receipt");
    without_phone.until("2026-06-01 00:00");
    assert_snapshot!(without_phone.told, @"
    2026-02-03 Tue 21:00  enters new-address
    2026-02-03 Tue 21:00  receipt → hana@example.jp: 「ご注文の控え(A-1001)」つなぎ商店です。ご注文ありがとうございます。ご注文番号は A-1001 です。
    2026-02-03 Tue 21:05  takes `came`
    2026-02-04 Wed 10:00  ask is left out: no address
    2026-02-18 Wed 10:00  takes `timed out`
    2026-02-18 Wed 10:00  ends new-address: all steps taken
    ");
}
