use domain::contact::Channel;
use insta::assert_snapshot;

use super::tale::{Person, Shop};

/// Looked at a page on 20 January and never again: dormant a year later.
fn quiet<'a>(shop: &'a Shop, traits: &[(&str, &str)]) -> Person<'a> {
    let mut person = shop.person(traits);
    person.tells("2026-01-20 21:00", "Page Viewed", &[]);
    person
}

#[test]
fn asked_twice_and_silent() {
    let shop = Shop::of("dormant");
    let mut silent = quiet(&shop, &[]);
    silent.until("2027-06-01 00:00");
    assert_snapshot!(silent.told, @"
    2027-01-20 Wed 21:00  enters dormant-confirm
    2027-01-21 Thu 10:00  confirm → hana@example.jp: 「ご登録を続けられますか」花様⏎⏎ご無沙汰しております。つなぎ商店です。⏎ご登録を続けられる場合は、こちらを押してください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2027-02-04 Thu 10:01  takes `timed out`
    2027-02-04 Thu 10:01  remind → +819012345678 (1 part): つなぎ商店です。ご登録の継続はこちらから https://t.example.jp/l/… 停止はSTOP返信
    2027-02-18 Thu 10:02  takes `timed out`
    2027-02-18 Thu 10:02  takes `silent`
    2027-02-18 Thu 10:02  ends dormant-confirm: all steps taken
    2027-02-18 Thu 10:02  is put on the list to-be-erased
    ");
    assert_eq!(silent.got(), ["2027-01-21 Thu 10:00 confirm", "2027-02-04 Thu 10:01 remind"]);
}

#[test]
fn who_answers_is_invited_back() {
    let shop = Shop::of("dormant");
    let mut stays = quiet(&shop, &[]);
    stays.clicks("2027-01-25 18:00", "confirm").until("2027-06-01 00:00");
    assert_snapshot!(stays.told, @"
    2027-01-20 Wed 21:00  enters dormant-confirm
    2027-01-21 Thu 10:00  confirm → hana@example.jp: 「ご登録を続けられますか」花様⏎⏎ご無沙汰しております。つなぎ商店です。⏎ご登録を続けられる場合は、こちらを押してください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2027-01-25 Mon 18:00  takes `came`
    2027-01-25 Mon 18:00  takes `back`
    2027-01-25 Mon 18:00  welcome-back → hana@example.jp: 「おかえりなさい」花様⏎⏎つなぎ商店です。ご登録を続けていただき、ありがとうございます。⏎次のお買い物にお使いいただける10%引きの券をお贈りします。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2027-01-25 Mon 18:01  ends dormant-confirm: all steps taken
    ");
    // Reads the SMS, and looks around at once: the letter of welcome is written all the same.
    let mut emma = quiet(&shop, &[("name", "Emma"), ("language", "en")]);
    emma.clicks("2027-02-04 21:00", "remind").tells("2027-02-04 21:00", "Page Viewed", &[]);
    emma.until("2027-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2027-01-20 Wed 21:00  enters dormant-confirm
    2027-01-21 Thu 10:00  confirm → hana@example.jp: 「Shall we keep your registration?」It has been a while. To keep your registration at つなぎ商店, follow this link:⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2027-02-04 Thu 10:01  takes `timed out`
    2027-02-04 Thu 10:01  remind → +819012345678 (2 parts): つなぎ商店: keep your registration here https://t.example.jp/l/… Reply STOP to stop
    2027-02-04 Thu 21:00  takes `came`
    2027-02-04 Thu 21:00  takes `back`
    2027-02-04 Thu 21:00  welcome-back waits until 2027-02-05 Fri 09:00: quiet hours
    2027-02-04 Thu 21:00  does not enter dormant-return: its condition did not hold
    2027-02-05 Fri 09:00  welcome-back → hana@example.jp: 「Welcome back」Thank you for staying with つなぎ商店. Ten percent off your next order:⏎https://t.example.jp/l/…⏎⏎Unsubscribe: https://t.example.jp/o/…
    2027-02-05 Fri 09:01  ends dormant-confirm: all steps taken
    ");
    let mut buys = quiet(&shop, &[]);
    buys.tells("2027-01-23 12:00", "Order Completed", &[]).until("2027-06-01 00:00");
    assert_snapshot!(buys.told, @"
    2027-01-20 Wed 21:00  enters dormant-confirm
    2027-01-21 Thu 10:00  confirm → hana@example.jp: 「ご登録を続けられますか」花様⏎⏎ご無沙汰しております。つなぎ商店です。⏎ご登録を続けられる場合は、こちらを押してください。⏎https://t.example.jp/l/…⏎⏎配信の停止: https://t.example.jp/o/…
    2027-01-23 Sat 12:00  does not enter dormant-return: its condition did not hold
    2027-01-23 Sat 12:00  ends dormant-confirm: goal reached
    ");
}

/// Who could not be asked is not put on the list to be erased; who comes back later is taken off it.
#[test]
fn nobody_is_erased_unasked() {
    let shop = Shop::of("dormant");
    let mut refuses = quiet(&shop, &[]);
    refuses.refuses("2026-06-01 12:00", Channel::Email).refuses("2026-06-01 12:00", Channel::Sms);
    refuses.until("2027-06-01 00:00");
    assert_snapshot!(refuses.told, @"
    2027-01-20 Wed 21:00  enters dormant-confirm
    2027-01-21 Thu 10:00  confirm is left out: no consent
    2027-02-04 Thu 10:00  takes `timed out`
    2027-02-04 Thu 10:00  remind is left out: no consent
    2027-02-18 Thu 10:00  takes `timed out`
    2027-02-18 Thu 10:00  takes `not asked`
    2027-02-18 Thu 10:00  ends dormant-confirm: all steps taken
    ");
    let mut returns = quiet(&shop, &[]);
    returns.until("2027-04-01 00:00").told.clear();
    returns.tells("2027-04-02 12:00", "Page Viewed", &[]).until("2027-06-01 00:00");
    assert_snapshot!(returns.told, @"
    2027-04-02 Fri 12:00  enters dormant-return
    2027-04-02 Fri 12:00  ends dormant-return: all steps taken
    2027-04-02 Fri 12:00  is taken off the list to-be-erased
    ");
}
