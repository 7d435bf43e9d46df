use proptest::prelude::*;

use super::*;

const ROUTES: [Route; 5] = [Route::Docomo, Route::Au, Route::Softbank, Route::Rakuten, Route::International];

#[test]
fn parts_at_their_edges() {
    for (unit, route, edges) in [
        // Septets.
        (
            "a",
            Route::International,
            &[(0, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)][..],
        ),
        ("€", Route::International, &[(80, 1), (81, 2), (152, 2), (153, 3)]),
        // UTF-16 code units.
        ("あ", Route::International, &[(70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)]),
        ("あ", Route::Au, &[(70, 1), (71, 2), (134, 2), (135, 3), (603, 9), (604, 10), (660, 10)]),
        (
            "あ",
            Route::Docomo,
            &[(70, 1), (71, 2), (132, 2), (133, 3), (198, 3), (199, 4), (594, 9), (660, 10)],
        ),
        ("あ", Route::Rakuten, &[(70, 1), (71, 2), (132, 2), (133, 3), (660, 10)]),
        ("あ", Route::Softbank, &[(70, 1), (71, 1), (660, 1)]),
        ("a", Route::Docomo, &[(70, 1), (71, 2)]),
        ("🎂", Route::Docomo, &[(35, 1), (36, 2), (66, 2), (67, 3)]),
        // 67 units hold 33 of them, and one is left over.
        ("🎂", Route::Au, &[(35, 1), (36, 2), (66, 2), (67, 3)]),
    ] {
        for (count, expected) in edges {
            let text = unit.repeat(*count);
            assert_eq!(parts(&text, route), *expected, "{count} × {unit} to {route:?}");
        }
    }
}

#[test]
fn one_text_is_billed_as_3_3_and_1() {
    let estimate = estimate(&"あ".repeat(180), Network::Japan, &Prices::default()).unwrap();
    let parts: Vec<_> = estimate.routes.iter().map(|(route, bill)| (route.describe(), bill.parts)).collect();
    assert_eq!(parts, [("docomo", 3), ("au", 3), ("SoftBank", 1), ("Rakuten", 3)]);
    assert_eq!((estimate.length, estimate.encoding), (180, Encoding::Ucs2));
    assert_eq!(estimate.yen(), (Yen(10), Yen(30)));
    assert_eq!((estimate.cheapest.0, estimate.dearest.0), (Route::Softbank, Route::Docomo));
    assert_eq!(estimate.warnings, []);
}

#[test]
fn prices_decide_what_is_dear() {
    let prices: Prices = serde_json::from_str(r#"{"softbank": 40, "au": 9}"#).unwrap();
    let estimate = estimate(&"あ".repeat(71), Network::Japan, &prices).unwrap();
    assert_eq!(estimate.dearest, (Route::Softbank, Bill { parts: 1, yen: Yen(40) }));
    assert_eq!(estimate.cheapest, (Route::Au, Bill { parts: 2, yen: Yen(18) }));
    assert_eq!(estimate.most_parts(), 2);
    assert!(serde_json::from_str::<Prices>(r#"{"sofbank": 40}"#).is_err());
    assert!(serde_json::from_str::<Prices>(r#"{"au": -1}"#).is_err());
}

#[test]
fn a_network_takes_so_much() {
    let taken =
        |text: &str, network| estimate(text, network, &Prices::default()).map(|found| found.most_parts());
    assert_eq!(taken(&"あ".repeat(660), Network::Japan), Ok(10));
    assert_eq!(taken(&"あ".repeat(661), Network::Japan), Err(TooLong { length: 661, limit: 660 }));
    // 331 emoji are 662 units.
    assert_eq!(taken(&"🎂".repeat(331), Network::Japan), Err(TooLong { length: 662, limit: 660 }));
    assert_eq!(taken(&"€".repeat(800), Network::International), Ok(11));
    assert_eq!(taken(&"€".repeat(801), Network::International), Err(TooLong { length: 1_602, limit: 1_600 }));
}

#[test]
fn what_a_reader_takes_for_one_is_not_split() {
    for whole in ["🎂", "👨‍👩‍👧‍👦", "🇯🇵", "❤️", "👍🏽", "か\u{3099}", "葛󠄀", "\r\n"]
    {
        for before in 60..75 {
            let text = format!("{}{whole}{}", "あ".repeat(before), "あ".repeat(70));
            for route in ROUTES {
                let found = split(&text, route);
                assert_eq!(found.concat(), text);
                assert!(found.iter().any(|part| part.contains(whole)), "{whole} after {before} to {route:?}");
            }
        }
    }
    // An extension character and its escape stay together.
    let text = format!("{}€{}", "a".repeat(152), "a".repeat(10));
    assert_eq!(
        split(&text, Route::International).iter().map(|part| part.chars().count()).collect::<Vec<_>>(),
        [152, 11]
    );
    // One that alone is longer than a part is split between characters.
    let endless = format!("あ{}", "\u{301}".repeat(200));
    assert_eq!(split(&endless, Route::Docomo).len(), 4);
}

#[test]
fn warnings_of_a_text() {
    let warnings = |text: &str, network| estimate(text, network, &Prices::default()).unwrap().warnings;
    let lost = Warning::LostAtAu(vec!["〜".to_owned(), "髙".to_owned()]);
    assert_eq!(lost.to_string(), "phones of au will not show 〜 髙; write it another way");
    assert_eq!(warnings("10時〜20時、髙島店〜", Network::Japan), [lost]);
    assert_eq!(warnings("10時〜20時、髙島店〜", Network::International), []);
    let lines = format!("{}\n{}", "あ".repeat(34), "あ".repeat(35));
    assert_eq!(warnings(&lines, Network::Japan), [Warning::LineBreaks { parts: 2 }]);
    assert_eq!(warnings("あ\nあ", Network::Japan), []);
}

/// Texts of what makes counting hard.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "€",
        "あ",
        "🎂",
        "👨‍👩‍👧‍👦",
        "🇯🇵",
        "🇯",
        "\u{200d}",
        "\u{fe0f}",
        "\u{301}",
        "か\u{3099}",
        "\n",
        "\r\n",
        "\r",
        "ｶﾞ",
        "髙",
    ]);
    let runs = (pieces, 1_usize..60).prop_map(|(piece, count)| piece.repeat(count));
    prop_oneof![
        prop::collection::vec(runs, 0..12).prop_map(|runs| runs.concat()),
        "[a-z€{}\\n]{0,400}",
        "\\PC{0,200}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_are_the_text_and_none_is_too_long(text in texts()) {
        for route in ROUTES {
            let encoding = Encoding::of(&text, route.network());
            let sizes = route.rule().sizes(encoding);
            let found = split(&text, route);
            prop_assert_eq!(found.concat(), text.clone());
            let most = if found.len() == 1 { sizes.alone } else { sizes.each };
            prop_assert!(found.iter().all(|part| encoding.length(part) <= most));
            prop_assert!(found.len() == 1 || found.iter().all(|part| !part.is_empty()));
        }
    }

    #[test]
    fn a_longer_text_has_no_fewer_parts(text in texts(), more in texts()) {
        for route in ROUTES {
            let mut longer = text.clone();
            let mut last = parts(&longer, route);
            for c in more.chars() {
                longer.push(c);
                let next = parts(&longer, route);
                prop_assert!(last <= next, "{:?} to {route:?}: {last}, then {next}", longer);
                last = next;
            }
        }
    }

    #[test]
    fn an_estimate_is_within_its_bounds(text in texts(), docomo in 0_u32..30, softbank in 0_u32..30) {
        let prices = Prices { docomo, softbank, ..Prices::default() };
        for network in [Network::Japan, Network::International] {
            let Ok(found) = estimate(&text, network, &prices) else { continue };
            let (least, most) = found.yen();
            prop_assert!(found.routes.values().all(|bill| least <= bill.yen && bill.yen <= most));
            prop_assert_eq!(found.routes[&found.dearest.0], found.dearest.1);
            prop_assert_eq!(found.routes[&found.cheapest.0], found.cheapest.1);
        }
    }
}
