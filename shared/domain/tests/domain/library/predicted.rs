use domain::population::{GammaGamma, Population};

use super::tale::{Person, Shop};
use crate::at;
use crate::population::CDNOW;

/// How CDNOW's customers bought; what they spent, in yen for cents.
fn shop() -> Shop {
    let population = Population {
        as_of: at("2026-01-01T00:00:00+09:00"),
        customers: 23_570,
        rfm: None,
        purchases: Some(CDNOW),
        value: Some(GammaGamma { p: 6.25, q: 3.74, gamma: 1_544.0 }),
        purchases_fit: None,
        value_fit: None,
    };
    Shop::learnt("predicted", population)
}

/// Bought on each of the first days of February.
fn buys<'a>(shop: &'a Shop, traits: &[(&str, &str)], times: u32) -> Person<'a> {
    let mut person = shop.person(traits);
    for day in 1..=times {
        person.tells(&format!("2026-02-{day:02} 12:00"), "Order Completed", &[]);
    }
    person
}

#[test]
fn promising_until_it_fades() {
    let shop = shop();
    let mut often = buys(&shop, &[], 5);
    assert_eq!(often.segments("2026-02-05 12:00"), "promising");
    assert_eq!(often.segments("2026-12-01 12:00"), "fading");
    often.tells("2026-12-02 12:00", "Order Completed", &[]);
    assert_eq!(often.segments("2026-12-02 12:00"), "");
    // Who bought once is alive by the model's own convention, however long ago.
    let mut once = buys(&shop, &[], 1);
    assert_eq!(once.segments("2026-02-05 12:00"), "");
    assert_eq!(once.segments("2028-12-01 12:00"), "");
}

#[test]
fn who_is_left_alone() {
    let shop = shop();
    let mut in_talks = buys(&shop, &[("in_talks", "true")], 5);
    assert_eq!(in_talks.segments("2026-12-01 12:00"), "");
    let mut unreachable = buys(&shop, &[("phone", ""), ("email", "")], 5);
    assert_eq!(unreachable.segments("2026-02-05 12:00"), "");
    let unlearnt = Shop::of("predicted");
    assert_eq!(buys(&unlearnt, &[], 5).segments("2026-12-01 12:00"), "");
}
