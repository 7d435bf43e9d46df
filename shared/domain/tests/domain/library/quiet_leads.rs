use insta::assert_snapshot;

use super::tale::{Person, Shop};

const SALES: [(&str, &str); 2] = [("sales_name", "佐藤みのり"), ("sales_email", "sato@shop.example.jp")];

/// Looked at a page on 3 February at noon: quiet from 4 April, a Saturday, on.
fn quiet<'a>(shop: &'a Shop, traits: &[(&str, &str)]) -> Person<'a> {
    let mut person = shop.person(traits);
    person.tells("2026-02-03 12:00", "Page Viewed", &[]);
    person
}

#[test]
fn in_the_name_of_their_sales_person() {
    let shop = Shop::of("quiet-leads");
    let mut hana = quiet(&shop, &SALES);
    hana.until("2026-07-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-04-04 Sat 12:00  enters quiet-leads-letter
    2026-04-07 Tue 10:00  letter → hana@example.jp from 佐藤みのり, replies to sato@shop.example.jp: 「その後いかがでしょうか」花様⏎⏎つなぎ商店の佐藤みのりです。その後いかがでしょうか。⏎このメールにそのままご返信いただければ、私に届きます。⏎⏎配信の停止: https://t.example.jp/o/…
    2026-04-21 Tue 10:01  ends quiet-leads-letter: all steps taken
    ");
    assert_eq!(hana.got(), ["2026-04-07 Tue 10:00 letter"]);
    let english = [SALES.as_slice(), &[("name", "Emma"), ("language", "en")]].concat();
    let mut emma = quiet(&shop, &english);
    emma.until("2026-07-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-04-04 Sat 12:00  enters quiet-leads-letter
    2026-04-07 Tue 10:00  letter → hana@example.jp from 佐藤みのり, replies to sato@shop.example.jp: 「How are you getting on?」This is 佐藤みのり of つなぎ商店. How are you getting on?⏎A reply to this mail reaches me.⏎⏎Unsubscribe: https://t.example.jp/o/…
    2026-04-21 Tue 10:01  ends quiet-leads-letter: all steps taken
    ");
}

#[test]
fn never_those_in_talks() {
    let shop = Shop::of("quiet-leads");
    let mut in_talks = quiet(&shop, &[SALES.as_slice(), &[("in_talks", "true")]].concat());
    in_talks.until("2026-07-01 00:00");
    assert_eq!(in_talks.told, "");
    // Talks begin while the letter waits for Tuesday.
    let mut begins = quiet(&shop, &SALES);
    begins.becomes("2026-04-06 15:00", "in_talks", "true").until("2026-07-01 00:00");
    assert_snapshot!(begins.told, @"
    2026-04-04 Sat 12:00  enters quiet-leads-letter
    2026-04-06 Mon 15:00  ends quiet-leads-letter: exit condition held
    ");
    // Talks begin while it lies in the sender's queue.
    let mut queued = quiet(&shop, &SALES);
    queued.queued_minutes = 20;
    queued.becomes("2026-04-07 10:10", "in_talks", "true").until("2026-07-01 00:00");
    assert_snapshot!(queued.told, @"
    2026-04-04 Sat 12:00  enters quiet-leads-letter
    2026-04-07 Tue 10:10  ends quiet-leads-letter: exit condition held
    2026-04-07 Tue 10:20  letter does not leave: journey ended before sending
    ");
    assert_eq!(queued.got(), [""; 0]);
    let mut nobodys = quiet(&shop, &[]);
    nobodys.until("2026-07-01 00:00");
    assert_eq!(nobodys.told, "");
}
