use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use super::*;

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn validator() -> Validator {
    jsonschema::validator_for(&domain::schema::schema()).unwrap()
}

/// The YAML files of all scenarios.
fn files() -> Vec<(PathBuf, String)> {
    let scenarios = fs::read_dir(library()).unwrap().map(|entry| entry.unwrap().path());
    let files = scenarios.filter(|path| path.is_dir()).flat_map(|scenario| fs::read_dir(scenario).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    yaml.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn value(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

#[test]
fn the_schema_that_ships_is_the_current_one() {
    let shipped = fs::read_to_string(library().join(FILE)).unwrap();
    assert!(shipped == text().unwrap(), "run: cargo run --release -- schema > infra/local/scenarios/{FILE}");
}

#[test]
fn every_scenario_is_right_and_names_its_schema() {
    let (validator, files) = (validator(), files());
    assert!(!files.is_empty());
    for (path, yaml) in files {
        assert!(yaml.starts_with("# yaml-language-server: $schema=../tsunagi.schema.json\n"), "{path:?}");
        let wrong: Vec<String> =
            validator.iter_errors(&value(&yaml)).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{path:?}: {wrong:?}");
        assert_eq!(domain::definitions::read(&yaml).err(), None, "{path:?}");
    }
}

/// What the schema lets through, editors do not mark.
#[test]
fn slips_are_refused() {
    let validator = validator();
    let files = files();
    for (file, right, wrong) in [
        ("win-back/win-back.yaml", "name: win-back", "name: Win Back"),
        ("win-back/win-back.yaml", "purpose: marketing", "purpose: markting"),
        ("win-back/win-back.yaml", "enter: { segment", "enter: { segmnt"),
        ("win-back/win-back.yaml", "  steps:\n    - sms", "  setps:\n    - sms"),
        ("win-back/win-back.yaml", "wait: 3d", "wait: three days"),
        ("win-back/win-back.yaml", "wait: 3d", "wiat: 3d"),
        ("win-back/win-back.yaml", "reentry: { after_days: 365 }", "reentry: sometimes"),
        ("win-back/win-back.yaml", "reentry: { after_days: 365 }", "# none"),
        ("win-back/win-back.yaml", "https://shop.example.jp/welcome-back", "shop.example.jp"),
        ("win-back/lapsed.yaml", "at_least_days_ago: 180", "at_least_days_ago: half a year"),
        ("win-back/lapsed.yaml", "at_least_days_ago: 180", "days: 180"),
        ("win-back/lapsed.yaml", "title: { ja: 離反, en: Lapsed }", "title: { jp: 離反 }"),
        ("win-back/shop.yaml", "\"09:00\"", "\"9am\""),
        ("win-back/shop.yaml", "channel: sms", "channel: fax"),
    ] {
        let (_, yaml) = files.iter().find(|(path, _)| path.ends_with(file)).unwrap();
        assert!(yaml.contains(right), "{right}");
        let slip = yaml.replacen(right, wrong, 1);
        assert!(!validator.is_valid(&value(&slip)), "{file}: `{wrong}` is let through");
        assert!(domain::definitions::read(&slip).is_err(), "{file}: {wrong}");
    }
}

#[test]
fn titles_in_each_language_and_lists_are_let_through() {
    for yaml in [
        "segment: { name: a, title: { ja: 優良, en: Loyal }, description: よく買う, when: { in_audience: x } }",
        "list: { name: a, ids: [1, a-2, \"会員 3\"] }",
        "shop: { time_zone: Asia/Tokyo }",
    ] {
        assert!(validator().is_valid(&value(yaml)), "{yaml}");
        assert_eq!(domain::definitions::read(yaml).err(), None);
    }
}
