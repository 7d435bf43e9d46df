use super::tale::Shop;

#[test]
fn birthdays() {
    let shop = Shop::of("occasions");
    let mut hana = shop.person(&[("birthday", "1980-04-12")]);
    for (when, segments) in [
        ("2026-03-31 23:59", ""),
        ("2026-04-01 00:00", "birthday-month"),
        ("2026-04-05 00:00", "birthday-month birthday-soon"),
        ("2026-04-12 23:59", "birthday-month birthday-soon"),
        ("2026-04-13 00:00", "birthday-month"),
        ("2026-05-01 00:00", ""),
    ] {
        assert_eq!(hana.segments(when), segments, "{when}");
    }
}

#[test]
fn carts_and_first_purchases() {
    let shop = Shop::of("occasions");
    let mut hana = shop.person(&[("registered_on", "2026-01-01")]);
    assert_eq!(hana.segments("2026-01-30 23:59"), "");
    assert_eq!(hana.segments("2026-01-31 00:00"), "never-bought");
    hana.tells("2026-02-03 10:00", "Product Added", &[]);
    assert_eq!(hana.segments("2026-02-03 10:00"), "cart-left never-bought");
    assert_eq!(hana.segments("2026-02-06 10:00"), "never-bought");
    hana.tells("2026-02-10 10:00", "Order Completed", &[]);
    assert_eq!(hana.segments("2026-02-10 10:00"), "first-purchase-week");
    hana.tells("2026-02-11 10:00", "Product Added", &[]);
    assert_eq!(hana.segments("2026-02-11 10:00"), "cart-left first-purchase-week");
    hana.tells("2026-02-11 12:00", "Order Completed", &[]);
    assert_eq!(hana.segments("2026-02-11 12:00"), "first-purchase-week");
    assert_eq!(hana.segments("2026-02-17 10:00"), "");
}
