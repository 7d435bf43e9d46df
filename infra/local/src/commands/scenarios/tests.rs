use std::collections::BTreeMap;

use super::*;

/// Whoever adds two scenarios to one shop applies both: neither may replace what the other brought.
#[test]
fn definitions_of_one_name_are_one() {
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    for scenario in LIBRARY.dirs() {
        for (file, text) in files(scenario) {
            let Some(held) = holds(&text) else { continue };
            let what: String = held.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            let of = format!("{}/{file}", name_of(scenario));
            let (first, same) = known.entry(what.clone()).or_insert_with(|| (of.clone(), text.clone()));
            assert_eq!(text, *same, "{what} is another in {of} than in {first}");
        }
    }
    assert!(known.contains_key("segment rfm-lapsed") && known.contains_key("segment lapsed"), "{known:?}");
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, 'ぁ'..='ヿ' | '一'..='龠'))
}

/// Each says in one line of each language what it is for, in the list and as data.
#[test]
fn every_scenario_says_what_it_is_for() {
    let (plain, data) = (list(), listed());
    assert_eq!(data.len(), LIBRARY.dirs().count());
    for entry in &data {
        let name = entry["name"].as_str().unwrap();
        let (ja, en) = (entry["purpose_ja"].as_str().unwrap(), entry["purpose_en"].as_str().unwrap());
        assert!(is_japanese(ja) && ja.ends_with('。'), "{name}: {ja}");
        assert!(!en.is_empty() && !is_japanese(en) && en.ends_with('.'), "{name}: {en}");
        let shown = format!("  {ja}\n  {en}\n");
        assert!(plain.contains(&shown) && plain.contains(&format!("{name}   ")), "{name} is not in\n{plain}");
        let files = entry["files"].as_array().unwrap();
        assert!(files.contains(&json!("README.md")), "{name}: {files:?}");
        let there = |file: &Value| LIBRARY.get_file(format!("{name}/{}", file.as_str().unwrap())).is_some();
        assert!(files.len() > 1 && files.iter().all(there), "{name}: {files:?}");
    }
}

#[test]
fn a_scenario_as_data() {
    let data = listed();
    let cart = data.iter().find(|entry| entry["name"] == "abandoned-cart").unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(cart).unwrap(), @r#"
    {
      "files": [
        "README.md",
        "abandoned-cart.yaml"
      ],
      "name": "abandoned-cart",
      "purpose_en": "Three hours after something was left in the cart an e-mail, the day after it an SMS.",
      "purpose_ja": "カートにお品を残されたお客さまに、3時間後にメール、翌日にSMSでご案内。"
    }
    "#);
}
