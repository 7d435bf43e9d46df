//! How fast conditions are evaluated in memory: the customers of CDNOW and the five ties, on one core.
//!
//! `cargo bench -p domain` prints customers a second, and the same of a pass that only looks up the last purchase, so that
//! the ratio tells more than the machine. "Just read" is a customer that lies in the processor's cache, as one does whose
//! row was read a moment ago; "from memory" is one of 23,570 in turn, each of which waits for memory first.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use domain::condition::Subject;
use domain::customer::Customer;
use domain::definitions::{Definitions, Kind, Version};
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::message::CodeKey;
use domain::money::Yen;
use domain::names::CustomerId;
use domain::population::Survey;
use domain::time::Timestamp;

const RECORDS: &[u8] = include_bytes!("../../../infra/local/data/cdnow-master.txt.gz");

macro_rules! files {
    ($folder:literal: $($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../infra/local/scenarios/", $folder, "/", $name, ".yaml")))),*]
    };
}

fn main() {
    let now = Timestamp::parse("1998-07-01T00:00:00+09:00").unwrap();
    let customers = customers();
    let mut survey = Survey::new();
    for customer in &customers {
        survey.add(customer, now);
    }
    let population = survey.conclude(None, now);
    let lookups = speeds(&customers, |customer| {
        black_box(customer.events.get(ORDER_COMPLETED).and_then(|history| history.last_at(now)));
    });
    println!("{:>24} {:>20} {:>20}", "customers/s", "just read (ratio)", "from memory (ratio)");
    print("one look-up", lookups, lookups);
    let ties = files!("five-ties": "new", "loyal", "nearly-loyal", "repeat", "drifting", "lapsed");
    let scores = files!(
        "five-ties-rfm": "rfm-new", "rfm-loyal", "rfm-nearly-loyal", "rfm-repeat", "rfm-drifting", "rfm-lapsed"
    );
    let predicted = files!("predicted": "fading", "promising");
    let sets: [(&str, &[(&str, &str)]); 4] = [
        ("six ties", &ties),
        ("five ties", &ties[1..]),
        ("six ties by scores", &scores),
        ("two predictions", &predicted),
    ];
    for (name, files) in sets {
        let definitions = definitions(files, &population);
        let speed = speeds(&customers, |customer| {
            let subject = Subject { customer, enrollment: None, definitions: &definitions };
            for segment in definitions.segments.values() {
                black_box(segment.when.evaluate(subject, now));
            }
        });
        print(name, speed, lookups);
    }
}

/// Customers a second, just read and from memory.
type Speeds = [f64; 2];

fn print(name: &str, speeds: Speeds, lookups: Speeds) {
    let [read, memory] = [0, 1].map(|n| format!("{:.0} ({:.3})", speeds[n], speeds[n] / lookups[n]));
    println!("{name:>24} {read:>20} {memory:>20}");
}

fn speeds(customers: &[Customer], look: impl Fn(&Customer)) -> Speeds {
    [256, customers.len()].map(|at_a_time| {
        let began = Instant::now();
        let mut count = 0;
        for block in customers.chunks(at_a_time).cycle() {
            for _ in 0..16 {
                block.iter().for_each(&look);
                count += block.len();
            }
            if began.elapsed() > Duration::from_secs(2) {
                break;
            }
        }
        count as f64 / began.elapsed().as_secs_f64()
    })
}

fn definitions(files: &[(&str, &str)], population: &domain::population::Population) -> Definitions {
    let version = |(name, yaml): &(&str, &str)| Version {
        kind: Kind::Segment,
        name: (*name).to_owned(),
        number: 1,
        yaml: (*yaml).to_owned(),
    };
    let versions: Vec<Version> = files.iter().map(version).collect();
    let mut definitions = Definitions::new(&versions, CodeKey::none()).unwrap();
    definitions.population = Some(population.clone());
    definitions
}

fn customers() -> Vec<Customer> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(RECORDS).read_to_string(&mut text).unwrap();
    let mut customers: BTreeMap<String, Customer> = BTreeMap::new();
    for (index, row) in text.lines().skip(1).enumerate() {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let day = fields[1];
        let at =
            Timestamp::parse(&format!("{}-{}-{}T12:00:00+09:00", &day[..4], &day[4..6], &day[6..])).unwrap();
        let customer = customers
            .entry(fields[0].to_owned())
            .or_insert_with(|| Customer::new(CustomerId::parse(fields[0]).unwrap()));
        let (id, name) = (EventId::of(&index.to_string()), ORDER_COMPLETED.to_owned());
        let yen = Yen(fields[3].replace('.', "").parse().unwrap());
        customer.track(&Event { id, name, at, yen, properties: Properties::new() });
    }
    customers.into_values().collect()
}
