//! Looking after every customer: how often a difference is seen where there is none, and how soon where there is one.

use domain::experiment::{Confidence, Plan, Sequential, Side, Verdict, compare_in_order};

use crate::chance::Chance;

/// An experiment: rates of baseline and variant and the share of customers that get the variant in 1/10,000, how many
/// customers come, and the smallest difference worth noticing.
#[derive(Clone, Copy, Debug)]
struct Setting {
    rates: [usize; 2],
    share: usize,
    customers: u32,
    worth: f64,
}

const fn setting(rates: [usize; 2], share: usize, customers: u32, worth: f64) -> Setting {
    Setting { rates, share, customers, worth }
}

impl Setting {
    fn truth(&self) -> f64 {
        let [baseline, variant] = self.rates.map(|rate| rate as f64 / 10_000.0);
        variant - baseline
    }

    /// Runs until `done` or until no more customers come.
    fn run(&self, chance: &mut Chance, done: impl Fn(&Sequential) -> bool) -> Sequential {
        let mut comparison = Sequential::new(Plan::new(Confidence::NINETY_FIVE, self.worth).unwrap());
        let [baseline, variant] = self.rates;
        for _ in 0..self.customers {
            let drawn = chance.below(100_000_000);
            let (side, rate) = if drawn % 10_000 < self.share {
                (Side::Variant, variant)
            } else {
                (Side::Baseline, baseline)
            };
            comparison.observe(side, drawn / 10_000 < rate);
            if done(&comparison) {
                break;
            }
        }
        comparison
    }
}

fn decided(comparison: &Sequential) -> bool {
    comparison.verdict() != Verdict::CannotTellYet
}

#[test]
fn where_there_is_no_difference_few_see_one() {
    let mut chance = Chance::new(2022);
    for (runs, setting) in [
        (10_000, setting([200, 200], 5_000, 2_000, 0.01)),
        (10_000, setting([500, 500], 5_000, 2_000, 0.01)),
        (10_000, setting([1_000, 1_000], 9_000, 2_000, 0.05)),
        (10_000, setting([5_000, 5_000], 5_000, 2_000, 0.1)),
        // Long enough for what is small to be seen.
        (1_000, setting([200, 200], 9_000, 20_000, 0.01)),
        (1_000, setting([500, 500], 5_000, 20_000, 0.01)),
        (2_000, setting([3_000, 3_000], 5_000, 10_000, 0.1)),
    ] {
        let alarms = (0..runs).filter(|_| decided(&setting.run(&mut chance, decided))).count();
        let share = alarms as f64 / f64::from(runs);
        eprintln!("false alarms {setting:?}: {share:.4} of {runs}");
        assert!(share <= 0.05, "{setting:?}: {share}");
    }
}

#[test]
fn intervals_contain_the_true_difference_at_all_times() {
    let mut chance = Chance::new(2015);
    for (runs, setting) in [
        (10_000, setting([200, 300], 5_000, 2_000, 0.01)),
        (10_000, setting([500, 1_000], 9_000, 2_000, 0.03)),
        (500, setting([500, 700], 9_000, 20_000, 0.01)),
        (500, setting([700, 500], 9_000, 20_000, 0.01)),
    ] {
        let wrong = |comparison: &Sequential| !comparison.difference().interval.contains(setting.truth());
        let missed = (0..runs).filter(|_| wrong(&setting.run(&mut chance, wrong))).count();
        let share = missed as f64 / f64::from(runs);
        eprintln!("intervals that missed {setting:?}: {share:.4} of {runs}");
        assert!(share <= 0.05, "{setting:?}: {share}");
    }
}

#[test]
fn where_there_is_a_difference_most_see_it() {
    let mut chance = Chance::new(1952);
    for setting in [
        setting([200, 400], 5_000, 20_000, 0.01),
        setting([500, 700], 5_000, 20_000, 0.01),
        setting([700, 500], 5_000, 20_000, 0.01),
        setting([500, 700], 5_000, 20_000, 0.003),
        setting([500, 700], 5_000, 20_000, 0.05),
        setting([300, 500], 9_000, 40_000, 0.01),
        setting([1_000, 1_500], 5_000, 20_000, 0.01),
    ] {
        let (mut right, mut wrong, mut took) = (0, 0, Vec::new());
        for _ in 0..400 {
            let comparison = setting.run(&mut chance, decided);
            match comparison.verdict() {
                Verdict::Better { .. } if setting.truth() > 0.0 => right += 1,
                Verdict::Worse { .. } if setting.truth() < 0.0 => right += 1,
                Verdict::Better { .. } | Verdict::Worse { .. } => wrong += 1,
                Verdict::CannotTellYet => {}
            }
            took.push(comparison.decided_after().unwrap_or(u64::MAX));
        }
        took.sort_unstable();
        let (median, most) = (took[took.len() / 2], took[took.len() * 8 / 10]);
        eprintln!("decided {setting:?}: {right} of 400, {wrong} wrongly; half by {median}, 80 % by {most}");
        assert!(right >= 360 && wrong <= 4, "{setting:?}: {right} {wrong}");
    }
}

#[test]
fn among_several_variants_that_are_alike_few_see_a_difference() {
    let mut chance = Chance::new(1936);
    let runs = 1_000_u32;
    let alarms = (0..runs)
        .filter(|_| {
            let outcomes = (0..4_000).map(|_| (chance.below(4), chance.below(10_000) < 500));
            let plan = Plan::new(Confidence::NINETY_FIVE, 0.03).unwrap();
            compare_in_order(&0, 1..4, plan, outcomes).values().any(|one| one.decided_after().is_some())
        })
        .count();
    let share = alarms as f64 / f64::from(runs);
    eprintln!("false alarms among four variants: {share:.4} of {runs}");
    assert!(share <= 0.05, "{share}");
}
