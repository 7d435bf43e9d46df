//! What conditions may not ask, each with the place of it and what would be right.

use domain::customer::Customer;
use domain::definitions::{Definitions, Kind, Version, read};
use domain::names::CustomerId;
use domain::step::step;
use domain::time::Timestamp;

use crate::key;

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
        ("event: { name: A, at_least: 1.5 }", "event.at_least", "`1.5` times; write a whole number from 0"),
        ("event: { name: A, at_least: 1e16 }", "event", "not a number that can be compared"),
        (
            "event: { name: A, at_least: 101, within_days: 9 }",
            "event.at_least",
            "at most 100 are kept one by one, and only those can be counted by window or `where`; `at_least` goes to 100",
        ),
        ("event: { name: A, last: {} }", "event.last", "say when: `within_days` or `at_least_days_ago`"),
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

/// A condition that always or never holds, the place of it, and what is said of it.
const IN_VAIN: &[(&str, &str, &str)] = &[
    (
        "event: { name: A, at_least: 3, at_most: 2 }",
        "event",
        "nothing is at least 3 and at most 2; lower `at_least` or raise `at_most`",
    ),
    ("event: { name: ' ' }", "event.name", "names no event; write its name, such as `Order Completed`"),
    ("no_event: { name: '' }", "no_event.name", "names no event"),
    ("event: { name: A, sum: '', at_least: 1 }", "event.sum", "names no property; write `yen`"),
    ("event: { name: A, average: '', at_least: 1 }", "event.average", "names no property"),
    (
        "event: { name: A, at_least: 0 }",
        "event.at_least",
        "always holds: everything happened 0 times or more; count from 1",
    ),
    (
        "event: { name: A, since: A }",
        "event.since",
        "nothing comes after its own last time; name an event other than `A`, or ask for days with `within_days`",
    ),
    (
        "no_event: { name: A, since: A }",
        "no_event.since",
        "nothing comes after its own last time; name an event other than `A`, or ask for days with `for_days`",
    ),
    (
        "no_event: { name: A, since: '' }",
        "no_event.since",
        "names no event; write its name, or leave `since` out",
    ),
    (
        "event: { name: A, at_most: 100, within_days: 9 }",
        "event.at_most",
        "always holds: of an event the latest 100 are kept one by one, and only those can be counted by window or `where`; `at_most` goes to 99",
    ),
    ("event: { name: A, at_most: 100, since: B }", "event.at_most", "always holds"),
    ("event: { name: A, at_most: 250, where: [{ name: page, is: shoes }] }", "event.at_most", "always holds"),
    (
        "event: { name: A, first: { within_days: 9 }, last: { at_least_days_ago: 9 } }",
        "event",
        "what happened for the first time within 9 days",
    ),
    (
        "event: { name: A, first: { at_least_days_ago: 9, within_days: 9 } }",
        "event.first",
        "nothing is 9 days ago or more and within 9 days; raise `within_days` or lower `at_least_days_ago`",
    ),
    (
        "event: { name: A, where: [{ name: b, above: 5, below: 5 }] }",
        "event.where[0]",
        "nothing is above 5 and below 5; lower `above` or raise `below`",
    ),
    (
        "no_event: { name: A, where: [{ name: b, is: 3, above: 5 }] }",
        "no_event.where[0]",
        "what is asked for with `is` fails another test beside it",
    ),
    (
        "trait: { name: a, at_least: 10, below: 5 }",
        "trait",
        "nothing is at least 10 and below 5; lower `at_least` or raise `below`",
    ),
    ("trait: { name: a, at_least: 5, below: 5 }", "trait", "nothing is at least 5 and below 5"),
    ("trait: { name: a, above: 5, at_most: 5 }", "trait", "nothing is above 5 and at most 5"),
    (
        "trait: { name: a, at_least: 1, above: 5, at_most: 9, below: 5 }",
        "trait",
        "nothing is above 5 and below 5",
    ),
    (
        "trait: { name: a, after: 2026-05-01, before: 2026-04-01 }",
        "trait",
        "no day is after 2026-05-01 and before 2026-04-01; neither day itself counts",
    ),
    (
        "trait: { name: a, after: 2026-04-01, before: 2026-04-02 }",
        "trait",
        "no day is after 2026-04-01 and before 2026-04-02",
    ),
    (
        "trait: { name: a, within_last_days: 5, at_least_days_ago: 10 }",
        "trait",
        "no day is within the last 5 days and 10 days ago or more",
    ),
    (
        "trait: { name: a, within_next_days: 5, at_least_days_ago: 1 }",
        "trait",
        "no day is ahead and 1 days ago or more",
    ),
    (
        "trait: { name: a, is: o, one_of: [p, q] }",
        "trait",
        "what is asked for with `is` fails another test beside it; keep one of them",
    ),
    ("trait: { name: a, is: 東京都, starts_with: 大阪 }", "trait", "what is asked for with `is` fails"),
    ("trait: { name: a, is: true, at_least: 1 }", "trait", "what is asked for with `is` fails"),
    (
        "trait: { name: a, one_of: [p, q], contains: z }",
        "trait",
        "everything named in `one_of` fails another test beside it",
    ),
    (
        "trait: { name: a, contains: '' }",
        "trait.contains",
        "an empty text is in every text; write what is looked for, or ask with `exists: true`",
    ),
    ("trait: { name: a, starts_with: '' }", "trait.starts_with", "an empty text is in every text"),
    ("predicted: { alive: { below: 0 } }", "predicted.alive.below", "nothing is predicted below 0"),
];

/// What always or never holds. In a segment and in a journey it is refused, and what was accepted before still reads.
#[test]
fn conditions_in_vain() {
    let told = |yaml: &str| {
        let mistakes = read(yaml).err().unwrap_or_default();
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for (condition, place, what) in IN_VAIN {
        let yaml = format!("segment:\n  name: it\n  when:\n    all:\n      - {condition}\n");
        let mistakes = told(&yaml);
        let expected = format!(": when.all[0].{place}: {what}");
        assert!(mistakes.len() == 1 && mistakes[0].contains(&expected), "{condition}: {mistakes:?}");
        assert!(mistakes[0].starts_with("5:"), "{mistakes:?}");
        let journey = format!(
            "journey:\n  name: it\n  purpose: transactional\n  enter: {{ segment: it }}\n  reentry: never\n  \
             allowed: {{ {condition} }}\n  exit: {{ {condition} }}\n  steps: [{{ branch: [{{ name: a, when: {{ {condition} }} }}] }}]\n"
        );
        let told = told(&journey);
        assert!(told.len() == 3 && told.iter().all(|told| told.contains(what)), "{condition}: {told:?}");
        let stored = [(Kind::Segment, yaml), (Kind::Journey, journey)];
        let stored = stored.map(|(kind, yaml)| Version { kind, name: "it".to_owned(), number: 1, yaml });
        let definitions = Definitions::new(&stored, key()).unwrap();
        let customer = Customer::new(CustomerId::parse("1").unwrap());
        step(&customer, &[], Timestamp::default(), &definitions);
    }
}

/// Neighbours of those that hold for someone.
#[test]
fn conditions_that_can_hold() {
    for condition in [
        "event: { name: A, at_least: 0, at_most: 3 }",
        "event: { name: A, at_least: 100, within_days: 9 }",
        "event: { name: A, at_most: 99, within_days: 9 }",
        "event: { name: A, at_most: 100 }",
        "event: { name: A, sum: yen, at_most: 100, within_days: 9 }",
        "event: { name: A, sum: yen, at_least: 0 }",
        "event: { name: A, first: { within_days: 9 }, last: { at_least_days_ago: 8 } }",
        "trait: { name: a, at_least: 5, at_most: 5 }",
        "trait: { name: a, after: 2026-04-01, before: 2026-04-03 }",
        "trait: { name: a, within_last_days: 5, at_least_days_ago: 5 }",
        "trait: { name: a, within_next_days: 5, at_least_days_ago: 0 }",
        "trait: { name: a, within_last_days: 5, within_next_days: 5 }",
        "trait: { name: a, is: '3', one_of: [3, 4], at_least: 3 }",
        "trait: { name: a, is: true, one_of: ['TRUE'] }",
        "trait: { name: a, one_of: [p, qz], contains: z }",
        "trait: { name: a, is: 30, starts_with: '3' }",
    ] {
        let yaml = format!("segment: {{ name: it, when: {{ {condition} }} }}");
        assert_eq!(read(&yaml).err(), None, "{condition}");
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
