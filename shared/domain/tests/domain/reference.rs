//! What JOURNEYS.md shows is accepted.

use domain::definitions::read;

const REFERENCE: &str = include_str!("../../../../JOURNEYS.md");

/// The examples of one kind, by their first word.
fn examples(begins: &str) -> Vec<&'static str> {
    let blocks = REFERENCE.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.starts_with(begins)).collect()
}

fn indented(block: &str) -> String {
    block.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

/// A journey of which one part is the example.
fn journey(part: &str) -> String {
    let mut yaml = format!("journey:\n  name: example\n  purpose: marketing\n{}", indented(part));
    for (key, usual) in [("enter:", "enter: request"), ("steps:", "steps: [{ wait: 1d }]")] {
        if !part.starts_with(key) {
            yaml += &indented(usual);
        }
    }
    yaml + if part.contains("key: ") { "  reentry: per_key\n" } else { "  reentry: never\n" }
}

#[test]
fn every_example_is_accepted() {
    let enters: Vec<&str> = examples("enter:").iter().flat_map(|block| block.lines()).collect();
    assert!(enters.len() >= 11, "{enters:?}");
    let parts = enters.into_iter().chain(examples("steps:")).chain(examples("policy:"));
    let others = examples("shop:").into_iter().chain(examples("providers:"));
    let whole = parts.map(journey).chain(others.map(ToOwned::to_owned));
    for yaml in whole {
        let mistakes = read(&yaml).err().unwrap_or_default();
        assert!(mistakes.is_empty(), "{yaml}\n{}", mistakes[0]);
    }
    assert!(examples("steps:").len() + examples("policy:").len() + examples("shop:").len() == 4);
    assert_eq!(examples("providers:").len(), 1);
}
