use domain::contact::Channel;
use domain::customer::Value;
use insta::assert_snapshot;

use super::tale::{Person, Shop};

fn delivered<'a>(shop: &'a Shop, traits: &[(&str, &str)]) -> Person<'a> {
    let mut person = shop.person(traits);
    person.tells("2026-02-03 15:00", "Order Delivered", &[("order_id", "A-1001")]);
    person
}

#[test]
fn each_answer_has_its_way() {
    let shop = Shop::of("survey");
    // At night, in full width: the request for a review waits until the morning.
    let mut happy = delivered(&shop, &[]);
    happy.replies("2026-02-06 22:00", "１").until("2026-06-01 00:00");
    assert_snapshot!(happy.told, @"
    2026-02-03 Tue 15:00  enters survey
    2026-02-06 Fri 12:00  ask → +819012345678 (1 part): つなぎ商店です。お品にご満足なら1、ご不満なら2とご返信ください。停止はSTOP返信
    2026-02-06 Fri 22:00  takes `came`
    2026-02-06 Fri 22:00  takes `happy`
    2026-02-06 Fri 22:00  review waits until 2026-02-07 Sat 09:00: quiet hours
    2026-02-07 Sat 09:00  review → +819012345678 (2 parts): つなぎ商店です。ありがとうございます。ご感想をお書きください https://t.example.jp/l/… 停止はSTOP返信
    2026-02-07 Sat 09:01  ends survey: all steps taken
    ");
    assert_eq!(happy.is("satisfied"), Some(&Value::Boolean(true)));
    assert_eq!(happy.got(), ["2026-02-06 Fri 12:00 ask", "2026-02-07 Sat 09:00 review"]);
    let mut unhappy = delivered(&shop, &[]);
    unhappy.replies("2026-02-06 22:00", "いいえ").until("2026-06-01 00:00");
    assert_snapshot!(unhappy.told, @"
    2026-02-03 Tue 15:00  enters survey
    2026-02-06 Fri 12:00  ask → +819012345678 (1 part): つなぎ商店です。お品にご満足なら1、ご不満なら2とご返信ください。停止はSTOP返信
    2026-02-06 Fri 22:00  takes `came`
    2026-02-06 Fri 22:00  takes `unhappy`
    2026-02-06 Fri 22:00  tell-the-shop → support@shop.example.jp: 「ご不満のお返事」ご注文 A-1001 の花様から、ご不満とのお返事がありました。
    2026-02-06 Fri 22:01  ends survey: all steps taken
    ");
    assert_eq!(unhappy.is("satisfied"), Some(&Value::Boolean(false)));
    let mut emma = delivered(&shop, &[("language", "en")]);
    emma.replies("2026-02-06 13:00", "Yes").until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 15:00  enters survey
    2026-02-06 Fri 12:00  ask → +819012345678 (1 part): つなぎ商店: happy with it? Reply 1 for yes, 2 for no. STOP to stop
    2026-02-06 Fri 13:00  takes `came`
    2026-02-06 Fri 13:00  takes `happy`
    2026-02-06 Fri 13:00  review → +819012345678 (2 parts): つなぎ商店: thank you. Would you write a review? https://t.example.jp/l/… STOP to stop
    2026-02-06 Fri 13:01  ends survey: all steps taken
    ");
    let mut other = delivered(&shop, &[]);
    other.replies("2026-02-06 13:00", "どちらでもない").until("2026-06-01 00:00");
    assert_snapshot!(other.told, @"
    2026-02-03 Tue 15:00  enters survey
    2026-02-06 Fri 12:00  ask → +819012345678 (1 part): つなぎ商店です。お品にご満足なら1、ご不満なら2とご返信ください。停止はSTOP返信
    2026-02-06 Fri 13:00  takes `came`
    2026-02-06 Fri 13:00  takes `something else`
    2026-02-06 Fri 13:00  ends survey: all steps taken
    ");
    assert_eq!(other.is("satisfied"), None);
}

#[test]
fn why_others_get_less() {
    let shop = Shop::of("survey");
    let mut silent = delivered(&shop, &[]);
    silent.until("2026-06-01 00:00");
    assert_snapshot!(silent.told, @"
    2026-02-03 Tue 15:00  enters survey
    2026-02-06 Fri 12:00  ask → +819012345678 (1 part): つなぎ商店です。お品にご満足なら1、ご不満なら2とご返信ください。停止はSTOP返信
    2026-02-09 Mon 12:01  takes `timed out`
    2026-02-09 Mon 12:01  ends survey: all steps taken
    ");
    let mut refuses = delivered(&shop, &[]);
    refuses.refuses("2026-02-05 12:00", Channel::Sms).until("2026-06-01 00:00");
    assert_snapshot!(refuses.told, @"
    2026-02-03 Tue 15:00  enters survey
    2026-02-06 Fri 12:00  ask is left out: no consent
    2026-02-09 Mon 12:00  takes `timed out`
    2026-02-09 Mon 12:00  ends survey: all steps taken
    ");
    // One survey within sixty days.
    let mut again = delivered(&shop, &[]);
    again.until("2026-03-01 00:00").told.clear();
    again.tells("2026-03-02 15:00", "Order Delivered", &[("order_id", "A-1002")]).until("2026-06-01 00:00");
    assert_snapshot!(again.told, @"2026-03-02 Mon 15:00  does not enter survey: its re-entry rule");
}
