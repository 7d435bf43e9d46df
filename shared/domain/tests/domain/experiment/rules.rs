//! What is known of single cases.

use domain::experiment::{
    Confidence, Counts, Group, Interval, LEAST_CUSTOMERS_PER_SIDE, Lift, Plan, Sequential, Side, Verdict,
    compare_counts, compare_in_order, newcombe, wilson,
};
use domain::money::Yen;
use proptest::prelude::*;

use super::{counts, rounded};

const SURE: Confidence = Confidence::NINETY_FIVE;

#[test]
fn differences_are_those_newcombe_published() {
    // Newcombe (1998), table II, method 10; (h) ends at 1.
    for (variant, baseline, low, high) in [
        ((56, 70), (48, 80), "0.0524", "0.3339"),
        ((9, 10), (3, 10), "0.1705", "0.8090"),
        ((6, 7), (2, 7), "0.0582", "0.8062"),
        ((5, 56), (0, 29), "-0.0381", "0.1926"),
        ((0, 10), (0, 20), "-0.1611", "0.2775"),
        ((0, 10), (0, 10), "-0.2775", "0.2775"),
        ((10, 10), (0, 20), "0.6791", "1.0000"),
        ((10, 10), (0, 10), "0.6075", "1.0000"),
    ] {
        let found = newcombe(counts(baseline.0, baseline.1), counts(variant.0, variant.1), SURE);
        assert_eq!(rounded(found), (low.to_owned(), high.to_owned()), "{variant:?} {baseline:?}");
    }
}

#[test]
fn rates_are_those_newcombe_published() {
    // Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I.
    for (converted, customers, low, high) in
        [(81, 263, "0.2553", "0.3662"), (15, 148, "0.0624", "0.1605"), (0, 20, "0.0000", "0.1611")]
    {
        let found = wilson(counts(converted, customers), SURE);
        assert_eq!((format!("{:.4}", found.low), format!("{:.4}", found.high)), (low.into(), high.into()));
    }
}

#[test]
fn nobody_says_nothing() {
    let (nobody, some) = (Counts::default(), counts(5, 10));
    assert_eq!(wilson(nobody, SURE), Interval { low: 0.0, high: 1.0 });
    for (baseline, variant) in [(nobody, some), (some, nobody), (nobody, nobody)] {
        let found = newcombe(baseline, variant, SURE);
        assert_eq!((found.value, found.interval), (None, Interval::ANY_DIFFERENCE));
        assert_eq!(found.verdict(), Verdict::CannotTellYet);
    }
    assert_eq!(Counts::new(1, 2), None);
    assert!([0.0, 1.0, f64::NAN].iter().all(|level| Confidence::new(*level).is_none()));
    assert!([0.0, -0.1, 1.1, f64::NAN].iter().all(|least| Plan::new(SURE, *least).is_none()));
}

#[test]
fn a_lift_counts_what_would_not_have_come() {
    let treated = Group { counts: counts(450, 9_000), revenue_yen: Yen(1_800_000) };
    let holdout = Group { counts: counts(30, 1_000), revenue_yen: Yen(120_000) };
    let lift = Lift::of(&treated, &holdout, Yen(81_000), SURE);
    assert_eq!(lift.incremental_conversions, Some(180));
    assert_eq!(lift.incremental_revenue_yen, Some(Yen(720_000)));
    assert_eq!(lift.cost_per_incremental_conversion_yen, Some(Yen(450)));
    assert!((lift.relative.unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert!(matches!(lift.verdict, Verdict::Better { difference, .. } if (difference - 0.02).abs() < 1e-12));
}

#[test]
fn a_lift_says_when_it_cannot_tell() {
    let holdout = Group { counts: counts(30, 1_000), revenue_yen: Yen(120_000) };
    let alike = Group { counts: counts(280, 9_000), revenue_yen: Yen(1_000_000) };
    let lift = Lift::of(&alike, &holdout, Yen(81_000), SURE);
    assert_eq!(
        (lift.verdict, lift.incremental_conversions, lift.cost_per_incremental_conversion_yen),
        (Verdict::CannotTellYet, Some(10), None)
    );
    let worse = Group { counts: counts(90, 9_000), revenue_yen: Yen(0) };
    let lift = Lift::of(&worse, &holdout, Yen(81_000), SURE);
    assert!(matches!(lift.verdict, Verdict::Worse { .. }));
    assert_eq!((lift.incremental_conversions, lift.cost_per_incremental_conversion_yen), (Some(-180), None));

    let lift = Lift::of(&alike, &Group::default(), Yen(81_000), SURE);
    assert_eq!((lift.verdict, lift.relative), (Verdict::CannotTellYet, None));
    assert_eq!((lift.incremental_conversions, lift.incremental_revenue_yen), (None, None));
}

#[test]
fn several_variants_are_held_to_more() {
    let (first, other) = (counts(100, 2_000), counts(129, 2_000));
    let alone = compare_counts(first, &[other], SURE);
    let among = compare_counts(first, &[other, first, first], SURE);
    assert!(matches!(alone[0].verdict(), Verdict::Better { .. }), "{alone:?}");
    assert_eq!(among[0].verdict(), Verdict::CannotTellYet, "{among:?}");
    let strict = Confidence::new(1.0 - 0.05 / 3.0).unwrap();
    assert_eq!(rounded(among[0]), rounded(newcombe(first, other, strict)));
    assert!(compare_counts(first, &[], SURE).is_empty());
}

#[test]
fn several_variants_in_order_are_as_many_comparisons() {
    let outcomes: Vec<(&str, bool)> =
        (0..9_000).map(|n| (["a", "b", "c", "gone"][n % 4], n % [20, 10, 21, 2][n % 4] < 4)).collect();
    let found = compare_in_order(&"a", ["a", "b", "c", "d"], Plan::default(), outcomes.iter().copied());
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["b", "c", "d"]);
    for (name, comparison) in &found {
        let own = outcomes.iter().filter_map(|(variant, converted)| match *variant {
            "a" => Some((Side::Baseline, *converted)),
            variant if variant == *name => Some((Side::Variant, *converted)),
            _ => None,
        });
        assert_eq!(*comparison, Sequential::of(Plan::default().shared_by(3), own));
    }
    assert!(matches!(found["b"].verdict(), Verdict::Better { .. }));
    assert_eq!(found["d"].verdict(), Verdict::CannotTellYet);
}

#[test]
fn nothing_is_concluded_from_few() {
    let least = LEAST_CUSTOMERS_PER_SIDE;
    let mut comparison = Sequential::new(Plan::new(SURE, 0.5).unwrap());
    for customer in 1..=2 * least {
        assert_eq!(
            (comparison.verdict(), comparison.p_value().to_bits()),
            (Verdict::CannotTellYet, 1_f64.to_bits())
        );
        let variant = customer % 2 == 0;
        comparison.observe(if variant { Side::Variant } else { Side::Baseline }, variant);
    }
    assert!(matches!(comparison.verdict(), Verdict::Better { .. }));
    assert_eq!(comparison.decided_after(), Some(2 * least));
}

#[test]
fn one_begins_anew_when_the_past_is_no_guide() {
    let at = |comparison: &mut Sequential, baseline: bool, variant: bool, pairs: u32| {
        for _ in 0..pairs {
            comparison.observe(Side::Baseline, baseline);
            comparison.observe(Side::Variant, variant);
        }
    };
    let mut comparison = Sequential::new(Plan::new(SURE, 0.3).unwrap());
    at(&mut comparison, false, true, 500);
    assert!(matches!(comparison.verdict(), Verdict::Better { .. }));
    at(&mut comparison, true, false, 500);
    assert_eq!((comparison.verdict(), comparison.decided_after()), (Verdict::CannotTellYet, None));
    assert!(comparison.p_value() > 0.05);
    at(&mut comparison, true, false, 500);
    assert!(matches!(comparison.verdict(), Verdict::Worse { .. }));
}

proptest! {
    #![proptest_config(crate::cases(300))]

    /// The p-value and the interval never disagree, both only sharpen, and everything stays within what rates allow.
    #[test]
    fn a_comparison_holds_together(
        outcomes in prop::collection::vec((any::<bool>(), any::<bool>()), 0..1_500),
        tilt in 0_usize..10,
        worth in 0.001_f64..1.0,
    ) {
        let mut comparison = Sequential::new(Plan::new(SURE, worth).unwrap());
        for (index, (variant, converted)) in outcomes.into_iter().enumerate() {
            let before = comparison;
            let side = if variant { Side::Variant } else { Side::Baseline };
            comparison.observe(side, converted || (variant && index % 10 < tilt));
            let (was, is) = (before.difference().interval, comparison.difference().interval);
            prop_assert!(-1.0 <= is.low && is.low <= is.high && is.high <= 1.0);
            prop_assert!(comparison.difference().value.is_none_or(|value| is.contains(value)));
            if was.low <= is.low && is.high <= was.high {
                prop_assert!(comparison.p_value() <= before.p_value());
            }
            let p_value = comparison.p_value();
            prop_assert!((0.0..=1.0).contains(&p_value));
            if (p_value - 0.05).abs() > 1e-9 {
                prop_assert_eq!(p_value < 0.05, comparison.verdict() != Verdict::CannotTellYet);
            }
        }
    }

    #[test]
    fn intervals_contain_what_was_counted(
        (customers, converted) in (1_u64..5_000).prop_flat_map(|most| (Just(most), 0..=most)),
        (base_size, base_converted) in (1_u64..5_000).prop_flat_map(|most| (Just(most), 0..=most)),
        level in 0.001_f64..0.999_999,
    ) {
        let (variant, baseline) = (counts(converted, customers), counts(base_converted, base_size));
        let level = Confidence::new(level).unwrap();
        let rate = wilson(variant, level);
        prop_assert!(0.0 <= rate.low && rate.high <= 1.0);
        prop_assert!(rate.low <= variant.rate().unwrap() + 1e-15 && variant.rate().unwrap() <= rate.high + 1e-15);
        let (there, back) = (newcombe(baseline, variant, level), newcombe(variant, baseline, level));
        let value = there.value.unwrap();
        prop_assert!(there.interval.low <= value && value <= there.interval.high);
        prop_assert!((there.interval.low + back.interval.high).abs() < 1e-12);
        prop_assert!((there.interval.high + back.interval.low).abs() < 1e-12);
    }
}
