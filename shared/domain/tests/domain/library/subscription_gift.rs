use domain::contact::Channel;
use insta::assert_snapshot;

use super::tale::{Person, Shop};

#[test]
fn with_the_twelfth_delivery() {
    let shop = Shop::of("subscription-gift");
    let renews = |traits: &[(&str, &str)]| {
        let mut person = shop.person(traits);
        for month in 1..=12 {
            person.tells(&format!("2026-{month:02}-05 09:30"), "Subscription Renewed", &[]);
        }
        person.tells("2027-01-05 09:30", "Subscription Renewed", &[]).until("2027-06-01 00:00");
        assert_eq!(person.got(), ["2026-12-05 Sat 09:30 thanks"]);
        person.told
    };
    assert_snapshot!(renews(&[]), @"
    2026-12-05 Sat 09:30  enters subscription-gift
    2026-12-05 Sat 09:30  takes `card`
    2026-12-05 Sat 09:30  thanks → hana@example.jp: 「12回目のお届けに、贈り物を」花様⏎⏎つなぎ商店です。12回目のお届けとなりました。長くお続けいただき、ありがとうございます。⏎感謝をこめて、今回のお届けに贈り物を添えます。
    2026-12-05 Sat 09:31  ends subscription-gift: all steps taken
    ");
    assert_snapshot!(renews(&[("language", "en")]), @"
    2026-12-05 Sat 09:30  enters subscription-gift
    2026-12-05 Sat 09:30  takes `card`
    2026-12-05 Sat 09:30  thanks → hana@example.jp: 「A gift with your twelfth delivery」Your twelfth delivery from つなぎ商店: thank you for staying so long. There is a gift in the parcel.
    2026-12-05 Sat 09:31  ends subscription-gift: all steps taken
    ");
    let mut eleven = shop.person(&[]);
    for month in 1..=11 {
        eleven.tells(&format!("2026-{month:02}-05 09:30"), "Subscription Renewed", &[]);
    }
    eleven.until("2027-06-01 00:00");
    assert_eq!(eleven.told, "");
}

/// So many deliveries, one a month from January 2026 on.
fn renews<'a, 'b>(person: &'b mut Person<'a>, deliveries: u32) -> &'b mut Person<'a> {
    for month in 0..deliveries {
        let when = format!("{}-{:02}-05 09:30", 2026 + month / 12, 1 + month % 12);
        person.tells(&when, "Subscription Renewed", &[]);
    }
    person
}

#[test]
fn why_others_are_not_thanked() {
    let shop = Shop::of("subscription-gift");
    let mut silent = shop.person(&[]);
    silent.wants_none("2026-01-02 10:00", Channel::Email);
    renews(&mut silent, 13).until("2027-06-01 00:00");
    assert_snapshot!(silent.told, @"
    2026-12-05 Sat 09:30  enters subscription-gift
    2026-12-05 Sat 09:30  takes `card`
    2026-12-05 Sat 09:30  thanks is left out: no consent
    2026-12-05 Sat 09:30  ends subscription-gift: all steps taken
    ");
    let mut without_address = shop.person(&[("email", "")]);
    renews(&mut without_address, 13).until("2027-06-01 00:00");
    assert_snapshot!(without_address.told, @"
    2026-12-05 Sat 09:30  enters subscription-gift
    2026-12-05 Sat 09:30  takes `card`
    2026-12-05 Sat 09:30  thanks is left out: no address
    2026-12-05 Sat 09:30  ends subscription-gift: all steps taken
    ");
    // It is no advertisement: who wants none of those is thanked.
    let mut no_advertisements = shop.person(&[]);
    no_advertisements.refuses("2026-01-02 10:00", Channel::Email);
    renews(&mut no_advertisements, 12).until("2027-06-01 00:00");
    assert_eq!(no_advertisements.got(), ["2026-12-05 Sat 09:30 thanks"]);
}

/// The sixth and the twenty-fourth are milestones of other journeys, and so is a twelfth order that is no delivery.
#[test]
fn at_another_milestone_nobody_is_thanked() {
    let shop = Shop::of("subscription-gift");
    let mut sixth = shop.person(&[]);
    assert_eq!(renews(&mut sixth, 6).segments("2026-06-06 00:00"), "");
    assert_eq!(sixth.until("2027-06-01 00:00").told, "");
    let mut twelve_orders = shop.person(&[]);
    for month in 1..=12 {
        twelve_orders.tells(&format!("2026-{month:02}-05 09:30"), "Order Completed", &[]);
    }
    assert_eq!(twelve_orders.until("2027-06-01 00:00").told, "");
    let mut twenty_fourth = shop.person(&[]);
    assert_eq!(renews(&mut twenty_fourth, 12).segments("2026-12-06 00:00"), "subscription-twelve");
    for month in 1..=12 {
        twenty_fourth.tells(&format!("2027-{month:02}-05 09:30"), "Subscription Renewed", &[]);
    }
    assert_eq!(twenty_fourth.segments("2027-12-06 00:00"), "");
    assert_eq!(twenty_fourth.got(), ["2026-12-05 Sat 09:30 thanks"]);
}
