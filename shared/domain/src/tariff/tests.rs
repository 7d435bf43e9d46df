use proptest::prelude::*;

use super::*;

const HANA: &str = "+819012345678";

fn tariffs(yaml: &str) -> Tariffs {
    serde_saphyr::from_str(yaml).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

const DOMESTIC: &str = "
- { from: 2026-04-01, currency: JPY, per_part: { docomo: 9, au: 9, softbank: 9, rakuten: 9, international: 12 } }
- { from: 2026-10-01, currency: JPY, per_part: { docomo: 10, au: \"9.5\", softbank: 12, rakuten: 9 } }
";

const DOLLARS: &str = "
- { from: 2026-04-01, currency: USD, yen_per: 150, per_part: { international: \"0.0745\" } }
- { from: 2026-05-01, currency: USD, yen_per: \"160.5\", per_part: { international: 0.0745 } }
";

#[test]
fn an_entry_holds_from_its_day_in_japan_until_the_next() {
    let tariffs = tariffs(DOMESTIC);
    let from = |text: &str| tariffs.at(at(text)).map(|tariff| tariff.from.to_string());
    assert_eq!(from("2026-03-31T23:59:59+09:00"), None);
    assert_eq!(from("2026-04-01T00:00:00+09:00").as_deref(), Some("2026-04-01"));
    assert_eq!(from("2026-09-30T14:59:59Z").as_deref(), Some("2026-04-01"));
    assert_eq!(from("2026-09-30T15:00:00Z").as_deref(), Some("2026-10-01"));
}

#[test]
fn a_text_is_quoted_by_what_each_carrier_counts() {
    let tariffs = tariffs(DOMESTIC);
    let spring = tariffs.at(at("2026-05-01T12:00:00+09:00")).unwrap();
    assert_eq!(spring.quote("あ", HANA), Some(Quote { parts: 1, dearest: Yen(9), likely_sen: 900 }));
    // SoftBank bills up to 670 characters as one.
    let long = "あ".repeat(71);
    let two = Quote { parts: 2, dearest: Yen(18), likely_sen: 74 * 18 + 26 * 9 };
    assert_eq!(spring.quote(&long, HANA), Some(two));
    assert_eq!(two.likely(), Yen(16));
    // Abroad a text of Latin letters is counted by sevens of bits.
    let abroad = spring.quote(&"a".repeat(160), "+14155550100");
    assert_eq!(abroad, Some(Quote { parts: 1, dearest: Yen(12), likely_sen: 1_200 }));
    let autumn = tariffs.at(at("2026-11-01T12:00:00+09:00")).unwrap();
    assert_eq!(
        autumn.quote("あ", HANA),
        Some(Quote { parts: 1, dearest: Yen(12), likely_sen: 400 + 300 + 26 * 12 + 36 })
    );
    assert_eq!(autumn.quote("a", "+14155550100"), None);
    assert_eq!(autumn.of_parts(2, Network::Japan), Some(Yen(21)));
}

#[test]
fn foreign_prices_become_yen_by_the_rate_of_the_day_and_are_rounded_up() {
    let tariffs = tariffs(DOLLARS);
    let (april, may) = (at("2026-04-15T00:00:00Z"), at("2026-05-15T00:00:00Z"));
    // 0.0745 × 150 = 11.175, × 160.5 = 11.957; two parts are rounded together.
    let dearest = |at, text: &str| tariffs.at(at).unwrap().quote(text, HANA).unwrap().dearest;
    assert_eq!((dearest(april, "あ"), dearest(may, "あ")), (Yen(12), Yen(12)));
    assert_eq!(dearest(april, &"あ".repeat(71)), Yen(23));
    let yen = |amount, currency, at| tariffs.yen(&Price::read(amount, currency).unwrap(), at);
    assert_eq!(yen(-0.0745, "USD", april), Some(Yen(12)));
    assert_eq!(yen(0.149, "usd", april), Some(Yen(23)));
    assert_eq!(yen(0.149, "USD", may), Some(Yen(24)));
    assert_eq!(yen(-8.4, "JPY", april), Some(Yen(9)));
    assert_eq!(yen(0.0745, "EUR", april), None);
    assert_eq!(yen(0.0745, "USD", at("2026-03-01T00:00:00Z")), None);
}

#[test]
fn a_price_is_an_amount_of_a_currency() {
    for (amount, currency) in [(f64::NAN, "USD"), (1e300, "USD"), (1.0, "dollars"), (1.0, "")] {
        assert_eq!(Price::read(amount, currency), None, "{amount} {currency}");
    }
    assert_eq!(Price::of_yen(-1), None);
    assert_eq!(Price::of_yen(17).unwrap().in_yen(), Some(Yen(17)));
    assert_eq!(Price::read(17.0, "JPY"), Price::of_yen(17));
    assert_eq!(Price::read(0.0745, "USD").unwrap().in_yen(), None);
    let written = serde_json::to_value(Price::read(0.149, "USD")).unwrap();
    assert_eq!(written, serde_json::json!({ "amount": "0.149", "currency": "USD" }));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let told = |yaml: &str| {
        let mistakes = tariffs(yaml).mistakes("prices");
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(DOMESTIC), [""; 0]);
    assert_eq!(
        told(
            "
- { from: 2026-04-01, currency: USD, per_part: { international: 1 } }
- { from: 2026-04-01, currency: JPY, yen_per: 1, per_part: { docomo: 9, au: 9 } }
- { from: 2026-05-01, currency: JPY, per_part: {} }
"
        ),
        [
            "prices[0].yen_per: is needed: how many yen one unit of the currency is, such as \"151.2\"",
            "prices[1].yen_per: is for prices in another currency; leave it out",
            "prices[1].per_part: lacks a carrier: docomo, au, softbank and rakuten have a price each, or none",
            "prices[1].from: two entries begin on this day; leave one",
            "prices[2].per_part: has no price; write `{ docomo: 9, au: 9, softbank: 9, rakuten: 9 }`, or `{ international: 12 }`",
        ]
    );
    for wrong in ["\"1e3\"", "\"-1\"", "-1", "\"0.0000001\"", "1000001", "\"\"", "\".5\"", "[9]"] {
        let yaml = format!("- {{ from: 2026-04-01, currency: JPY, per_part: {{ international: {wrong} }} }}");
        assert!(serde_saphyr::from_str::<Tariffs>(&yaml).is_err(), "{wrong}");
    }
    for wrong in ["yen", "Yen", "¥"] {
        let yaml = format!("- {{ from: 2026-04-01, currency: {wrong}, per_part: {{ international: 1 }} }}");
        assert!(serde_saphyr::from_str::<Tariffs>(&yaml).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn amounts_are_read_as_they_are_written(millionths in 0..=AMOUNT_LIMIT) {
        let amount = Amount(millionths);
        prop_assert_eq!(Amount::parse(&amount.to_string()), Some(amount));
    }

    /// No message costs more than it was quoted, whichever carrier it turns out to be for, nor less than its exact price.
    #[test]
    fn nothing_costs_more_than_the_dearest(
        price in 1..200_000_000_i64,
        rate in 1..400_000_000_i64,
        length in 1..660_usize,
    ) {
        let per_part = PerPart { international: Some(Amount(price)), ..PerPart::default() };
        let from = Day(jiff::civil::date(2026, 4, 1));
        let tariff = Tariff { from, currency: Currency("USD".to_owned()), yen_per: Some(Amount(rate)), per_part };
        let quote = tariff.quote(&"あ".repeat(length), HANA).unwrap();
        let exact = price as f64 * rate as f64 / 1e12 * f64::from(quote.parts);
        prop_assert!(quote.dearest.0 as f64 >= exact - 1e-6 && (quote.dearest.0 as f64) < exact + 1.000_001);
        prop_assert_eq!(quote.likely(), quote.dearest);
    }
}
