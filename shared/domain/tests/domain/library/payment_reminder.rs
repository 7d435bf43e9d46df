use insta::assert_snapshot;

use super::tale::{Person, Shop};

fn overdue<'a>(shop: &'a Shop, traits: &[(&str, &str)], tone: &str) -> Person<'a> {
    let mut person = shop.person(traits);
    let said = [("invoice_id", "I-1"), ("amount", "12800"), ("tone", tone)];
    person.tells("2026-02-03 23:10", "Invoice Overdue", &said);
    person
}

#[test]
fn plain() {
    let shop = Shop::of("payment-reminder");
    let mut hana = overdue(&shop, &[], "plain");
    hana.until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 23:10  enters payment-plain
    2026-02-04 Wed 10:00  overdue → +819012345678 (2 parts): つなぎ商店です。12,800円のお支払期日を過ぎています。お手続きをお願いします https://t.example.jp/l/…
    2026-02-11 Wed 10:00  again → +819012345678 (2 parts): つなぎ商店です。12,800円のお支払いを確認できておりません。ご相談もこちらへ https://t.example.jp/l/…
    2026-02-18 Wed 10:01  ends payment-plain: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-02-04 Wed 10:00 overdue", "2026-02-11 Wed 10:00 again"]);
    let mut emma = overdue(&shop, &[("language", "en")], "plain");
    emma.until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 23:10  enters payment-plain
    2026-02-04 Wed 10:00  overdue → +819012345678 (2 parts): つなぎ商店: ¥12,800 is overdue. Please pay here: https://t.example.jp/l/…
    2026-02-11 Wed 10:00  again → +819012345678 (2 parts): つなぎ商店: ¥12,800 is still unpaid. Pay or talk to us here: https://t.example.jp/l/…
    2026-02-18 Wed 10:01  ends payment-plain: all steps taken
    ");
}

#[test]
fn gentle() {
    let shop = Shop::of("payment-reminder");
    let mut hana = overdue(&shop, &[], "gentle");
    hana.until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 23:10  enters payment-gentle
    2026-02-05 Thu 10:00  gentle → +819012345678 (2 parts): つなぎ商店です。お支払いのご確認をお願いいたします。行き違いの際はご容赦ください https://t.example.jp/l/…
    2026-02-19 Thu 10:01  ends payment-gentle: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-02-05 Thu 10:00 gentle"]);
    let mut emma = overdue(&shop, &[("language", "en")], "gentle");
    emma.until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 23:10  enters payment-gentle
    2026-02-05 Thu 10:00  gentle → +819012345678 (2 parts): つなぎ商店: may we remind you of an invoice? If you have paid it, please forgive us. https://t.example.jp/l/…
    2026-02-19 Thu 10:01  ends payment-gentle: all steps taken
    ");
}

#[test]
fn why_others_are_not_reminded() {
    let shop = Shop::of("payment-reminder");
    let mut pays = overdue(&shop, &[], "plain");
    pays.tells("2026-02-04 10:30", "Invoice Paid", &[("invoice_id", "I-1")]).until("2026-06-01 00:00");
    assert_snapshot!(pays.told, @"
    2026-02-03 Tue 23:10  enters payment-plain
    2026-02-04 Wed 10:00  overdue → +819012345678 (2 parts): つなぎ商店です。12,800円のお支払期日を過ぎています。お手続きをお願いします https://t.example.jp/l/…
    2026-02-04 Wed 10:30  ends payment-plain: goal reached
    ");
    // One tone at a time; another invoice of the same tone is reminded of by itself.
    let mut two = overdue(&shop, &[], "plain");
    let said = |id, tone| [("invoice_id", id), ("amount", "500"), ("tone", tone)];
    two.tells("2026-02-04 12:00", "Invoice Overdue", &said("I-2", "gentle"));
    two.tells("2026-02-04 13:00", "Invoice Overdue", &said("I-3", "plain")).until("2026-02-06 00:00");
    assert_snapshot!(two.told, @"
    2026-02-03 Tue 23:10  enters payment-plain
    2026-02-04 Wed 10:00  overdue → +819012345678 (2 parts): つなぎ商店です。12,800円のお支払期日を過ぎています。お手続きをお願いします https://t.example.jp/l/…
    2026-02-04 Wed 12:00  does not enter payment-gentle: another one of its group goes on
    2026-02-04 Wed 13:00  enters payment-plain
    2026-02-05 Thu 10:00  overdue → +819012345678 (2 parts): つなぎ商店です。500円のお支払期日を過ぎています。お手続きをお願いします https://t.example.jp/l/…
    ");
}

/// Never between 21:00 and 8:00, whatever went wrong on the way.
#[test]
fn a_queue_that_stood_still() {
    for (tone, delay, left) in [
        ("plain", 10 * 60 + 59, "2026-02-04 Wed 20:59 overdue"),
        ("plain", 11 * 60, "2026-02-05 Thu 08:00 overdue"),
        ("plain", 21 * 60 + 58, "2026-02-05 Thu 08:00 overdue"),
        ("gentle", 11 * 60, "2026-02-06 Fri 08:00 gentle"),
    ] {
        let shop = Shop::of("payment-reminder");
        let mut hana = overdue(&shop, &[], tone);
        hana.queued_minutes = delay;
        hana.until("2026-02-04 10:00").until(if tone == "plain" {
            "2026-02-04 10:00"
        } else {
            "2026-02-05 10:00"
        });
        hana.queued_minutes = 0;
        hana.until("2026-02-07 00:00");
        assert_eq!(hana.got(), [left], "{tone} {delay}\n{}", hana.told);
    }
}
