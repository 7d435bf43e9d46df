//! Double opt-in for e-mail in random lives: whatever is said in whatever order and number, the same customer results, nobody
//! gets marketing by e-mail who did not confirm the address it goes to, and nobody is asked twice within a week.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::event::{Event, EventId, Properties};
use domain::input::Input;
use domain::money::Yen;
use domain::time::{DAY, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::library::tale::scenario;
use crate::world::{Delivery, Script, Seen, World, messages};
use crate::{at, cases, definitions};

const START: &str = "2026-03-02T00:00:00Z";
const MINUTES: i64 = 20 * 1440;
const ADDRESSES: [&str; 2] = ["hana@example.jp", "hana.new@example.jp"];

/// Two journeys that write marketing by e-mail: a campaign's worth of messages, at all hours.
const NEWS: [&str; 2] = [
    "journey: { name: news, purpose: marketing, enter: { event: Page Viewed }, reentry: { after_days: 1 }, steps: [{ email: { name: hello, \
     subject: hello, text: '{{ sender }} {{ optout }}' } }] }",
    "shop: { time_zone: UTC, policy: { hours: { from: '00:00', until: '24:00' } } }",
];

#[derive(Clone, Debug)]
enum Happening {
    /// A word on marketing by e-mail, said so many minutes ago.
    Word { given: bool, source: usize, said: i64 },
    /// The owner of an address confirms, by one of the doors.
    Confirm { address: usize, door: usize },
    /// The address becomes known, or another one.
    Address(usize),
    /// The journey that advertises may begin.
    Viewed,
}

fn life() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let said = prop_oneof![3 => Just(0), 1 => 0..4000_i64];
    let happening = prop_oneof![
        4 => (prop::bool::weighted(0.8), 0..Source::ALL.len(), said)
            .prop_map(|(given, source, said)| Happening::Word { given, source, said }),
        2 => (0..ADDRESSES.len(), 0..3_usize).prop_map(|(address, door)| Happening::Confirm { address, door }),
        1 => (0..ADDRESSES.len()).prop_map(Happening::Address),
        6 => Just(Happening::Viewed),
    ];
    // Many things at few minutes, so that several reach the customer at one instant.
    let minute = prop_oneof![0..MINUTES, (0..10_i64).prop_map(|n| n * 2000)];
    prop::collection::vec((minute, happening), 1..24).prop_map(|mut life| {
        life.insert(0, (0, Happening::Address(0)));
        life
    })
}

fn word(given: bool, source: Source, address: Option<&str>) -> ConsentSaid {
    let proof = Proof { address: address.map(ToOwned::to_owned), ..Proof::of(source) };
    ConsentSaid { proof, ..ConsentSaid::new(Channel::Email, Purpose::Marketing, given) }
}

fn input(index: usize, minute: i64, happening: &Happening) -> Input {
    let now = at(START).plus(minute * 60);
    let says = |word, at| Input::Identify { traits: BTreeMap::new(), consents: vec![word], at };
    match happening {
        Happening::Word { given, source, said } => {
            says(word(*given, Source::ALL[*source], None), now.plus(-60 * said))
        }
        Happening::Confirm { address, door } => {
            let through = |source| word(true, source, Some(ADDRESSES[*address]));
            match door {
                0 => says(through(Source::DoubleOptIn), now),
                // The page behind a mail to the address, and an answer to one.
                1 => says(through(Source::Link), now),
                _ => Input::OptIn { channel: Channel::Email, at: now, proof: through(Source::Reply).proof },
            }
        }
        Happening::Address(address) => {
            let address = Value::Text(ADDRESSES[*address].to_owned());
            Input::Identify { traits: [("email".to_owned(), address)].into(), consents: Vec::new(), at: now }
        }
        Happening::Viewed => Input::Track {
            event: Event {
                id: EventId::of(&index.to_string()),
                name: "Page Viewed".to_owned(),
                at: now,
                yen: Yen::ZERO,
                properties: Properties::new(),
            },
        },
    }
}

fn shop() -> Definitions {
    let mut yamls: Vec<String> =
        scenario("email-double-opt-in").into_iter().filter(|yaml| !yaml.contains("\nshop:")).collect();
    yamls.extend(NEWS.map(ToOwned::to_owned));
    definitions(&yamls)
}

fn run(
    definitions: &Definitions,
    life: &[(i64, Happening)],
    mood: u64,
    delivery: Delivery,
) -> (Customer, Seen) {
    let mut script = Script::new();
    for (index, (minute, happening)) in life.iter().enumerate() {
        script.entry(*minute).or_default().push(input(index, *minute, happening));
    }
    World::new(definitions, at(START), &script, mood).run(MINUTES, delivery)
}

/// Whether marketing by e-mail may leave at an instant, straight from what was told until then.
fn may_leave(life: &[(i64, Happening)], now: Timestamp) -> bool {
    let start = at(START);
    let told = || life.iter().filter(|(minute, _)| start.plus(minute * 60) <= now);
    let address = told().filter_map(|(minute, happening)| match happening {
        // Of two at one instant the greater text stands.
        Happening::Address(address) => Some((*minute, ADDRESSES[*address])),
        Happening::Word { .. } | Happening::Confirm { .. } | Happening::Viewed => None,
    });
    let address = address.max().map(|(_, address)| address);
    // What counts at once, and for which address; of two at one instant the refusal.
    let words = told().filter_map(|(minute, happening)| match happening {
        Happening::Word { given, source, said } => {
            let source = Source::ALL[*source];
            let counts = !given || !matches!(source, Source::Api | Source::Form | Source::Link);
            counts.then_some((minute - said, !given, None))
        }
        Happening::Confirm { address, .. } => Some((*minute, false, Some(ADDRESSES[*address]))),
        Happening::Address(_) | Happening::Viewed => None,
    });
    let words: Vec<(i64, bool, Option<&str>)> = words.collect();
    let Some((last, refused, _)) = words.iter().copied().max() else { return false };
    let confirmed =
        words.iter().filter(|(minute, ..)| *minute == last).filter_map(|(.., address)| *address).max();
    !refused && confirmed.is_none_or(|confirmed| Some(confirmed) == address)
}

proptest! {
    #![proptest_config(cases(256))]

    /// Invariants 6 and 7.
    #[test]
    fn however_it_is_delivered_the_same_customer_results(life in life(), mood in any::<u64>(), seed in any::<u64>()) {
        let definitions = shop();
        let (jumped, seen) = run(&definitions, &life, mood, Delivery::Jumping);
        for delivery in [Delivery::Ticking, Delivery::Shuffled(seed), Delivery::Repeated(seed)] {
            let (other, also) = run(&definitions, &life, mood, delivery);
            prop_assert_eq!(&jumped, &other, "{:?}", delivery);
            prop_assert_eq!(&seen.told, &also.told, "{:?}", delivery);
        }
    }

    #[test]
    fn nothing_is_advertised_before_it_is_confirmed(life in life(), mood in any::<u64>()) {
        let definitions = shop();
        let (customer, seen) = run(&definitions, &life, mood, Delivery::Jumping);
        let messages = messages(&customer);
        let mut asked: Vec<Timestamp> = Vec::new();
        for (now, code) in &seen.calls {
            let Some(message) = messages.get(code) else { continue };
            match message.purpose {
                Purpose::Marketing => prop_assert!(may_leave(&life, *now), "{code:?} left at {now}"),
                Purpose::Transactional => asked.push(*now),
            }
        }
        prop_assert!(asked.windows(2).all(|pair| pair[1].since(pair[0]) >= 6 * DAY), "{asked:?}");
    }
}

/// The lives are such that everything happens in them.
#[test]
fn all_of_it_happens() {
    let definitions = shop();
    let seen: RefCell<BTreeMap<String, u32>> = RefCell::default();
    let mut runner = TestRunner::new(cases(128));
    runner
        .run(&(life(), any::<u64>()), |(life, mood)| {
            let (customer, _) = run(&definitions, &life, mood, Delivery::Jumping);
            for message in messages(&customer).into_values() {
                let what = format!("{:?} {:?}", message.purpose, message.status);
                *seen.borrow_mut().entry(what).or_default() += 1;
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    for what in [
        "Marketing Skipped(Unconfirmed)",
        "Marketing Skipped(NoConsent)",
        "Marketing Delivered",
        "Transactional Delivered",
    ] {
        assert!(seen.borrow().get(what).is_some_and(|times| *times > 8), "{what} of {:?}", seen.borrow());
    }
}
