use insta::assert_snapshot;

use super::tale::Shop;

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
