//! What conditions may not ask, each with the place of it and what would be right.

use domain::definitions::read;

#[test]
fn conditions_out_of_bounds() {
    for (condition, place, what) in [
        ("event: { name: A, within_days: 0 }", "event.within_days", "goes from 1 to 36525 days"),
        (
            "event: { name: A, within_days: 9, since: B }",
            "event",
            "`within_days` and `since` exclude each other",
        ),
        (
            "event: { name: A, sum: yen, average: yen, at_least: 1 }",
            "event",
            "`sum` and `average` exclude each other",
        ),
        ("event: { name: A, sum: yen }", "event", "say how much: `at_least` or `at_most`"),
        ("event: { name: A, at_least: 3, at_most: 2 }", "event", "nothing is at least 3 and at most 2"),
        ("event: { name: A, at_least: 1.5 }", "event.at_least", "`1.5` times; write a whole number from 0"),
        ("event: { name: A, at_least: 1e16 }", "event", "not a number that can be compared"),
        (
            "event: { name: A, at_least: 101, within_days: 9 }",
            "event.at_least",
            "at most 100 are kept one by one",
        ),
        ("event: { name: A, last: {} }", "event.last", "say when: `within_days` or `at_least_days_ago`"),
        (
            "event: { name: A, first: { at_least_days_ago: 9, within_days: 9 } }",
            "event.first",
            "nothing is 9 days ago or more and within 9 days",
        ),
        (
            "event: { name: A, last: { within_days: 9 }, at_least: 2 }",
            "event",
            "`first` and `last` ask when it happened",
        ),
        (
            "event: { name: A, between: { from: 2026-02-02, until: 2026-02-01 } }",
            "event.between",
            "2026-02-02 is later than 2026-02-01",
        ),
        (
            "event: { name: A, where: [{ name: on, anniversary: today }] }",
            "event.where[0]",
            "a property of an event does not change with the calendar",
        ),
        (
            "no_event: { name: A, for_days: 1, since: B }",
            "no_event",
            "`for_days` and `since` exclude each other",
        ),
        ("trait: { name: '' }", "trait", "`name` is empty"),
        ("trait: { name: a, one_of: [] }", "trait.one_of", "an empty list"),
        (
            "trait: { name: a, exists: false, is: 1 }",
            "trait",
            "`exists: false` and another test exclude each other",
        ),
        (
            "trait: { name: a, within_next_days: 40000 }",
            "trait.within_next_days",
            "goes from 0 to 36525 days",
        ),
        (
            "trait: { name: a, anniversary: { within_days: 181 } }",
            "trait.anniversary",
            "`within_days` goes to 180",
        ),
        ("rfm: {}", "rfm", "name at least one of `recency`, `frequency` and `money`"),
        ("rfm: { money: { at_least: 4, at_most: 3 } }", "rfm.money", "scores go from 1 to 5"),
        ("rfm: { recency: { at_most: 6 } }", "rfm.recency", "scores go from 1 to 5"),
        ("predicted: {}", "predicted", "name at least one of `alive`, `purchases` and `yen`"),
        ("predicted: { alive: {} }", "predicted.alive", "say how much: `at_least` or `below`"),
        ("predicted: { alive: { below: 50 } }", "predicted.alive", "a probability goes from 0 to 1"),
        ("predicted: { yen: { at_least: 9 } }", "predicted", "`purchases` and `yen` need `within_days`"),
        (
            "predicted: { purchases: { at_least: 2, below: 1 }, within_days: 9 }",
            "predicted.purchases",
            "nothing is at least 2 and below 1",
        ),
    ] {
        // Within another one, so that the place is one of several.
        let yaml = format!("segment:\n  name: it\n  when:\n    all:\n      - {condition}\n");
        let mistakes: Vec<String> = read(&yaml).unwrap_err().iter().map(ToString::to_string).collect();
        let expected = format!(": when.all[0].{place}: {what}");
        assert!(mistakes.len() == 1 && mistakes[0].contains(&expected), "{condition}: {mistakes:?}");
        assert!(mistakes[0].starts_with("5:"), "{mistakes:?}");
    }
}

#[test]
fn days_that_are_none() {
    for day in ["2026-02-30", "2026-2-1", "tomorrow"] {
        let yaml = format!("segment: {{ name: it, when: {{ trait: {{ name: a, before: {day} }} }} }}");
        let mistakes = read(&yaml).unwrap_err();
        let told = format!("`{day}` is not a date; write it as 2026-04-01");
        assert!(mistakes.len() == 1 && mistakes[0].what.contains(&told), "{mistakes:?}");
    }
}
