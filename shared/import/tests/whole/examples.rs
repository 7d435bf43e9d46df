//! The example files, as shops' programs write them.

use std::fmt::Write;

use super::*;

/// All that comes of an example file.
fn example(kind: Kind, name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/local/data/example/");
    let Outcome { calls, summary, rejected } =
        import(kind, fs::read(format!("{folder}{name}")).unwrap()).unwrap();
    let mut text = format!("{summary}\n");
    for call in calls {
        writeln!(text, "{call:#}").unwrap();
    }
    text + &rejected.unwrap_or_default()
}

#[test]
fn ec_cube_customers() {
    insta::assert_snapshot!(example(Kind::Customers, "ec-cube-customers.csv"));
}

#[test]
fn ec_cube_orders() {
    insta::assert_snapshot!(example(Kind::Orders, "ec-cube-orders.csv"));
}

#[test]
fn rakuten_orders() {
    insta::assert_snapshot!(example(Kind::Orders, "rakuten-orders.csv"));
}

#[test]
fn rakuten_customers_are_read_from_the_orders() {
    insta::assert_snapshot!(example(Kind::Customers, "rakuten-orders.csv"));
}

#[test]
fn shopify_customers() {
    insta::assert_snapshot!(example(Kind::Customers, "shopify-customers.csv"));
}

#[test]
fn shopify_orders() {
    insta::assert_snapshot!(example(Kind::Orders, "shopify-orders.csv"));
}

#[test]
fn events() {
    insta::assert_snapshot!(example(Kind::Events, "events.csv"));
}

/// Customers and orders of one format go by the same ids.
#[test]
fn who_bought_is_who_is_known() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/local/data/example/");
    for (customers, orders) in
        [("shopify-customers.csv", "shopify-orders.csv"), ("rakuten-orders.csv", "rakuten-orders.csv")]
    {
        let ids = |kind, name| {
            let calls = import(kind, fs::read(format!("{folder}{name}")).unwrap()).unwrap().calls;
            calls.iter().map(|call| call["userId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let known = ids(Kind::Customers, customers);
        let bought = ids(Kind::Orders, orders);
        assert!(!bought.is_empty() && bought.iter().all(|id| known.contains(id)), "{bought:?} {known:?}");
    }
}
