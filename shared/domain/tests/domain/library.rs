//! Every scenario of the library on a virtual clock: who gets which text, when by their own clock, and why others do not.

mod abandoned_cart;
mod after_purchase;
mod birthday_coupon;
mod dormant;
mod email_double_opt_in;
mod five_walls;
mod interests;
mod interview;
mod lead_nurturing;
mod line_first;
mod loyal_care;
mod new_address;
mod occasions;
mod payment_reminder;
mod predicted;
mod quiet_leads;
mod registration_anniversary;
mod replenishment;
mod second_purchase;
mod step_mail;
mod subscription_gift;
mod survey;
pub mod tale;

use std::fs;

use domain::definition::{Definition, parse};
use domain::definitions::read;

use self::tale::{library, scenario};

/// Scenarios of segments alone and the one of the demo, which have tests of their own beside these.
const TOLD_ELSEWHERE: [(&str, &str); 3] = [
    ("win-back", include_str!("win_back.rs")),
    ("five-ties", include_str!("ties.rs")),
    ("five-ties-rfm", include_str!("ties.rs")),
];

fn scenarios() -> Vec<String> {
    let folders = fs::read_dir(library()).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|it| it.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Each definition is accepted by itself, and all of a folder together beside the shop of win-back.
#[test]
fn every_scenario_is_valid() {
    assert!(scenarios().len() >= 23, "{:?}", scenarios());
    for name in scenarios() {
        let yamls = scenario(&name);
        for yaml in &yamls {
            if let Err(mistakes) = read(yaml) {
                panic!("{name}: {mistakes:?}");
            }
        }
        crate::definitions(&yamls);
        let defines =
            |yaml: &String| matches!(parse(yaml), Ok(Definition::Journey(_) | Definition::Segment(_)));
        assert!(yamls.iter().any(defines), "{name} defines nothing");
    }
}

/// A scenario without a test here fails: write `library/NAME.rs`.
#[test]
fn every_scenario_is_told() {
    let registered = include_str!("library.rs");
    for name in scenarios() {
        let quoted = format!("\"{name}\"");
        if let Some((_, tests)) = TOLD_ELSEWHERE.iter().find(|(told, _)| *told == name) {
            assert!(tests.contains("#[test]") && tests.contains(&format!("{name}/")), "{name}");
            continue;
        }
        let module = name.replace('-', "_");
        assert!(
            registered.contains(&format!("\nmod {module};\n")),
            "{name} has no test: write library/{module}.rs"
        );
        let path = format!("{}/tests/domain/library/{module}.rs", env!("CARGO_MANIFEST_DIR"));
        let tests = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(tests.contains("#[test]") && tests.contains(&quoted), "{path} does not tell {quoted}");
    }
}
