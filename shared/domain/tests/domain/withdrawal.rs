//! Definitions that are taken out of force, and what becomes of those who are in them.

use std::collections::BTreeSet;

use domain::customer::{Customer, Value};
use domain::definitions::{Definitions, Kind, Version, number};
use domain::enrollment::Enrollment;
use domain::input::Input;
use domain::names::{CustomerId, JourneyName, ListName, SegmentName};
use domain::step::step;
use insta::assert_snapshot;

use crate::{at, key, version};

const VIPS: &str = "segment: { name: vips, when: { trait: { name: vip } } }";
const HELLO: &str = "
journey:
  name: hello
  purpose: transactional
  enter: { segment: vips }
  reentry: never
  steps: [{ wait: 3d }]
";
const INVITED: &str = r#"list: { name: invited, ids: ["1", "2"] }"#;

fn withdrawn(yaml: &str, number: u32) -> Version {
    Version { yaml: String::new(), number, ..version(yaml, 1) }
}

/// A customer who is a member of `vips` and in the journey `hello`.
fn begun() -> Customer {
    let definitions = Definitions::new(&[version(VIPS, 1), version(HELLO, 1)], key()).unwrap();
    let traits = [("vip".to_owned(), Value::Boolean(true))].into();
    let now = at("2026-11-22T09:00:00+09:00");
    let told = Input::Identify { traits, consents: Vec::new(), at: now };
    let stepped = step(&Customer::new(CustomerId::parse("1").unwrap()), &[told], now, &definitions);
    assert!(stepped.customer.enrollments.first().is_some_and(Enrollment::is_live));
    stepped.customer
}

#[test]
fn a_segment_leaves_and_its_members_with_it() {
    let versions = [version(VIPS, 1), withdrawn(VIPS, 2)];
    let definitions = Definitions::new(&versions, key()).unwrap();
    assert!(definitions.segments.is_empty());
    let stepped = step(&begun(), &[], at("2026-11-23T09:00:00+09:00"), &definitions);
    let membership = stepped.customer.segments[&SegmentName::parse("vips").unwrap()];
    assert_eq!((membership.member, membership.since), (false, at("2026-11-23T09:00:00+09:00")));
}

#[test]
fn nobody_begins_a_journey_that_was_withdrawn_and_who_is_in_it_finishes() {
    let name = JourneyName::parse("hello").unwrap();
    let versions = [version(VIPS, 1), version(HELLO, 1), withdrawn(HELLO, 2)];
    let definitions = Definitions::new(&versions, key()).unwrap();
    assert!(definitions.current(&name).is_none());
    assert!(definitions.version(&name, 1).is_some());
    let in_it = begun();
    let goes_on = |when| step(&in_it, &[], at(when), &definitions).customer.enrollments[0].is_live();
    assert!(goes_on("2026-11-25T08:59:59+09:00"));
    assert!(!goes_on("2026-11-25T09:00:00+09:00"));
    // Someone who enters the segment.
    let nobody = Customer { enrollments: Vec::new(), segments: [].into(), ..in_it };
    let stepped = step(&nobody, &[], at("2026-11-25T09:00:00+09:00"), &definitions);
    assert!(stepped.customer.is_member(&SegmentName::parse("vips").unwrap()));
    assert!(stepped.customer.enrollments.is_empty());
}

#[test]
fn what_is_applied_again_is_in_force_again() {
    let versions = [version(VIPS, 1), version(HELLO, 1), withdrawn(HELLO, 2), version(HELLO, 3)];
    let definitions = Definitions::new(&versions, key()).unwrap();
    let current = definitions.current(&JourneyName::parse("hello").unwrap());
    assert_eq!(current.map(|(number, _)| number), Some(3));
}

#[test]
fn what_something_current_refers_to_stays() {
    let refused = |versions: &[Version]| {
        let mistakes = Definitions::new(versions, key()).unwrap_err();
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let versions = [version(VIPS, 1), version(HELLO, 1), withdrawn(VIPS, 2)];
    assert_snapshot!(refused(&versions), @"journey hello: enter.segment: there is no segment `vips`, and no other");
    let both = [version(VIPS, 1), version(HELLO, 1), withdrawn(VIPS, 2), withdrawn(HELLO, 2)];
    assert!(Definitions::new(&both, key()).is_ok());
}

#[test]
fn a_list_is_read_and_withdrawn() {
    let name = ListName::parse("invited").unwrap();
    let definitions = Definitions::new(&[version(INVITED, 1)], key()).unwrap();
    let on_it = |id: &str| definitions.lists[&name].contains(&CustomerId::parse(id).unwrap());
    assert_eq!((on_it("1"), on_it("2"), on_it("3")), (true, true, false));
    let definitions = Definitions::new(&[version(INVITED, 1), withdrawn(INVITED, 2)], key()).unwrap();
    assert!(definitions.lists.is_empty());
}

#[test]
fn the_number_grows_with_every_change_whatever_is_kept() {
    let learnt = |number| Version { kind: Kind::Population, name: "all".into(), number, yaml: "?".into() };
    let mut versions = vec![version(VIPS, 1), version(HELLO, 1)];
    let mut numbers = vec![number(&versions)];
    for next in [withdrawn(HELLO, 2), version(HELLO, 3), learnt(1)] {
        versions.push(next);
        numbers.push(number(&versions));
    }
    // Its latest version takes the place of the one before.
    versions.pop();
    versions.push(learnt(2));
    numbers.push(number(&versions));
    assert_eq!(numbers, [2, 3, 4, 5, 6]);
    let definitions = Definitions::new(&versions, key()).unwrap();
    assert_eq!((definitions.number, definitions.withdrawn), (6, BTreeSet::new()));
}
