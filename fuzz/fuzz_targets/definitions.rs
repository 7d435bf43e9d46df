//! Any text as a definition: it is taken or refused with its mistakes, and what was taken is evaluated.
#![no_main]

use domain::customer::Customer;
use domain::definitions::{Definitions, Version, examine, read};
use domain::message::CodeKey;
use domain::names::CustomerId;
use domain::step::step;
use domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|yaml: &str| {
    let examined = examine(yaml);
    let Ok((kind, name)) = read(yaml) else {
        assert!(!examined.mistakes.is_empty(), "it is refused without a mistake");
        return;
    };
    assert!(examined.mistakes.is_empty(), "it is taken with mistakes: {:?}", examined.mistakes);
    let version = Version { kind, name, number: 1, yaml: yaml.to_owned() };
    // What refers to other definitions does not stand alone.
    let Ok(definitions) = Definitions::gather(&[version], CodeKey::none()) else {
        panic!("what was taken does not read");
    };
    let Ok(id) = CustomerId::parse("1") else { return };
    let now = Timestamp::from_seconds(1_795_305_600);
    let stepped = step(&Customer::new(id), &[], now, &definitions);
    assert!(stepped.next.is_none_or(|due| due.at > now), "due in the past");
});
