//! A dry run: what journeys would have done with real customers, on a virtual clock. The very [`step`] decides; nothing
//! leaves.

mod past;
mod played;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

use crate::customer::Customer;
use crate::definitions::Definitions;
use crate::event::Properties;
use crate::input::Input;
use crate::money::Yen;
use crate::names::JourneyName;
use crate::rendering::Sender;
use crate::step::step;
use crate::time::Timestamp;

pub use self::past::as_of;
use self::played::Played;
pub use self::tally::{JourneyTally, Tally};

/// Customers that are played together: what is assumed of people is drawn evenly among them, whatever happens with others,
/// so that blocks can be played in any order.
pub const BLOCK: usize = 1_000;

/// Of 2³², the golden ratio: multiples of it spread evenly.
const GOLDEN: u32 = 2_654_435_769;

/// What is assumed of people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Assumed {
    /// Of messages with a link, the part that is clicked, an hour after it was sent.
    pub click_rate: f64,
    /// Of those who clicked, the part that reaches the goal (buys, where the journey has none), an hour after the click.
    pub conversion_rate: f64,
    /// What that is worth.
    pub goal_yen: Yen,
}

/// A dry run.
#[derive(Debug)]
pub struct Simulation<'a> {
    /// The definitions as they are to be.
    pub definitions: &'a Definitions,
    /// The same without journeys: by them customers are members of segments at the beginning, and enter none.
    pub before: &'a Definitions,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What is assumed of people.
    pub assumed: Assumed,
    /// Who sends, for the lengths of texts.
    pub sender: Sender<'a>,
    /// A journey that everyone is asked to begin at the beginning, as by a file of customers.
    pub asked: Option<&'a JourneyName>,
}

impl Simulation<'_> {
    /// Plays the customers of one block, each from their real history. The same customers under the same number come to the
    /// same.
    pub fn play(&self, customers: &[Customer], block: u32) -> Tally {
        let mut tally = Tally::default();
        let (mut clicked, mut converted) = (Share::of(block), Share::of(block));
        for customer in customers {
            let (customer, later) = as_of(customer, self.from);
            let mut played = Played {
                simulation: self,
                tally: &mut tally,
                clicked: &mut clicked,
                converted: &mut converted,
                coming: BTreeMap::new(),
                reached: BTreeSet::new(),
                converts: BTreeSet::new(),
            };
            for event in later.into_iter().filter(|event| event.at <= self.until) {
                played.comes(event.at, Input::Track { event });
            }
            if let Some(journey) = self.asked {
                let (key, event) = ("dry run".to_owned(), Properties::new());
                played
                    .comes(self.from, Input::Enroll { journey: journey.clone(), key, at: self.from, event });
            }
            let known = step(&customer, &[], self.from, self.before).customer;
            let reached = played.run(known);
            tally.count(&reached);
        }
        tally
    }
}

/// Draws a part of many evenly, so that of 10,000 a tenth are 1,000.
#[derive(Clone, Copy, Debug)]
struct Share(f64);

impl Share {
    /// The share of a block, which begins at a place of its own: else the rest that is never drawn would be lost in each.
    fn of(block: u32) -> Self {
        Self(f64::from(block.wrapping_mul(GOLDEN)) / (f64::from(u32::MAX) + 1.0))
    }

    fn draw(&mut self, rate: f64) -> bool {
        self.0 += rate.clamp(0.0, 1.0);
        // A tenth ten times is a little less than one.
        let drawn = self.0 > 1.0 - 1e-9;
        if drawn {
            self.0 -= 1.0;
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_many_is_drawn_exactly_in_blocks_of_any_number() {
        for (rate, of_block) in [(0.1, 100), (0.02, 20), (1.0, 1_000), (0.0, 0)] {
            for block in 0..50 {
                let mut share = Share::of(block);
                let drawn = (0..BLOCK).filter(|_| share.draw(rate)).count();
                assert_eq!(drawn, of_block, "{rate} of block {block}");
            }
        }
        // What is drawn seldom is not lost, though no block has one of its own.
        let drawn: usize = (0..1_000)
            .map(|block| {
                let mut share = Share::of(block);
                (0..100).filter(|_| share.draw(0.001)).count()
            })
            .sum();
        assert!((98..=102).contains(&drawn), "{drawn}");
    }
}
