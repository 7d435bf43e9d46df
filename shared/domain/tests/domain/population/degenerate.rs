//! Shops from which nothing can be learnt: that is said, nothing changes, and nothing breaks.

use domain::population::{BgNbd, Fit, GammaGamma, Population, Purchases};
use domain::time::Timestamp;
use proptest::prelude::*;

use super::{CDNOW, CDNOW_VALUE, bought};
use crate::cases;

fn many(customer: Purchases) -> Vec<Purchases> {
    vec![customer; 500]
}

#[test]
fn too_little_is_said_in_words() {
    let few =
        [vec![], vec![bought(3, 10.0, 20.0)], vec![bought(3, 10.0, 20.0); 99], many(bought(0, 0.0, 90.0))];
    for customers in few {
        for (found, fit) in [
            (BgNbd::fit(&customers).0.is_some(), BgNbd::fit(&customers).1),
            (GammaGamma::fit(&customers).0.is_some(), GammaGamma::fit(&customers).1),
        ] {
            assert!(!found && matches!(fit, Fit::TooFew { .. }), "{fit:?}");
        }
    }
    insta::assert_snapshot!(BgNbd::fit(&many(bought(0, 0.0, 90.0))).1, @"too little to learn from: 500 customers with 0 repeat purchases; at least 100 with 100 are needed; nothing was changed");
}

#[test]
fn customers_all_alike_have_no_best_parameters() {
    for customers in [
        many(bought(1, 30.0, 60.0)),
        many(bought(5, 0.0, 0.0)),
        many(bought(1, 1e9, 1e9)),
        many(bought(50_000, 1e12, 1e15)),
        many(Purchases { mean_yen: 1e18, ..bought(2, 5.0, 9.0) }),
        many(Purchases { mean_yen: 1e-9, ..bought(2, 5.0, 9.0) }),
    ] {
        let (purchases, fit) = BgNbd::fit(&customers);
        assert_eq!(purchases, None, "{fit:?}");
        assert!(matches!(fit, Fit::AtBound { .. } | Fit::NotConverged), "{fit:?}");
        let (value, fit) = GammaGamma::fit(&customers);
        assert_eq!(value, None, "{fit:?}");
        assert!(matches!(fit, Fit::AtBound { .. } | Fit::NotConverged), "{fit:?}");
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn whatever_a_shop_is_like_a_fit_ends_and_is_sound(
        rows in prop::collection::vec((0_u32..4, -3.0..9.0_f64, 0.0..=1.0_f64, -3.0..17.0_f64), 100..160),
    ) {
        let customers: Vec<Purchases> = rows
            .iter()
            .map(|(x, age, last, yen)| {
                let age = libm::exp10(*age);
                let last = if *x == 0 { 0.0 } else { age * last };
                Purchases { mean_yen: libm::exp10(*yen), ..bought(*x, last, age) }
            })
            .collect();
        if let Some(model) = BgNbd::fit(&customers).0 {
            for one in &customers {
                prop_assert!((0.0..=1.0).contains(&model.alive(one)));
                prop_assert!(model.expected(one, 90.0).is_finite());
            }
        }
        if let Some(model) = GammaGamma::fit(&customers).0 {
            prop_assert!(customers.iter().all(|one| model.mean_yen(one).is_finite()));
        }
    }
}

#[test]
fn what_an_earlier_version_wrote_is_read_and_what_is_written_reads_back() {
    let earlier: Population = serde_json::from_str(r#"{"as_of":899218800}"#).unwrap();
    assert_eq!(
        earlier,
        Population {
            as_of: Timestamp::from_seconds(899_218_800),
            customers: 0,
            rfm: None,
            purchases: None,
            value: None,
            purchases_fit: None,
            value_fit: None,
        }
    );
    for fit in [
        BgNbd::fit(&many(bought(0, 0.0, 90.0))).1,
        BgNbd::fit(&many(bought(1, 30.0, 60.0))).1,
        BgNbd::fit(&super::simulated::shop(&CDNOW, &CDNOW_VALUE, 1_000, (180.0, 540.0), 2)).1,
        Fit::NotConverged,
    ] {
        let written = Population { purchases: Some(CDNOW), value_fit: Some(fit), ..earlier.clone() };
        let text = serde_json::to_string(&written).unwrap();
        assert_eq!(serde_json::from_str::<Population>(&text).unwrap(), written, "{text}");
    }
}
