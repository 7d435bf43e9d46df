//! What the models say of one customer.

use domain::population::{BgNbd, GammaGamma};
use proptest::prelude::*;

use super::{CDNOW, CDNOW_VALUE, bought, close, naive, simulated};
use crate::cases;
use crate::chance::Chance;

/// Shops of every kind: few or many returning, ties that end early or late, a on both sides of 1.
const SHOPS: [BgNbd; 4] = [
    CDNOW,
    BgNbd { r: 1.5, alpha: 60.0, a: 0.3, b: 3.0 },
    BgNbd { r: 4.0, alpha: 200.0, a: 2.5, b: 10.0 },
    BgNbd { r: 0.05, alpha: 3.0, a: 1.3, b: 1.1 },
];

/// With a and b from `10^least`.
fn models(least: f64) -> impl Strategy<Value = BgNbd> {
    let log10 = |from: f64, to: f64| (from..to).prop_map(libm::exp10);
    (log10(-2.0, 2.0), log10(-1.0, 4.0), log10(least, 2.0), log10(least, 2.0))
        .prop_map(|(r, alpha, a, b)| BgNbd { r, alpha, a, b })
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn alive_is_a_probability_that_falls_with_silence(
        model in models(-2.0), x in 0_u32..500,
        last in 0.0..4_000.0_f64, silence in 0.0..4_000.0_f64, more in 0.1..400.0_f64,
    ) {
        let last = if x == 0 { 0.0 } else { last };
        let earlier = model.alive(&bought(x, last, last + silence));
        let later = model.alive(&bought(x, last, last + silence + more));
        prop_assert!((0.0..=1.0).contains(&earlier) && (0.0..=1.0).contains(&later));
        if x == 0 {
            prop_assert!(earlier >= 1.0 && later >= 1.0);
        } else {
            prop_assert!(later < earlier || later == 0.0 || earlier - later == 0.0 && earlier > 1.0 - 1e-12);
        }
    }

    #[test]
    fn expected_purchases_equal_the_integral(
        model in models(-1.0), x in 0_u32..60,
        last in 0.0..1_000.0_f64, silence in 0.0..500.0_f64, days in 0.5..1_000.0_f64,
    ) {
        let one = bought(x, if x == 0 { 0.0 } else { last }, last + silence);
        let (expected, integral) = (model.expected(&one, days), naive::expected_by_integral(&model, &one, days));
        prop_assert!((expected - integral).abs() <= 1e-9 * integral.abs() + 1e-200, "{expected} {integral}");
    }

    #[test]
    fn expected_purchases_grow_with_the_time_asked_about(
        model in models(-2.0), x in 0_u32..60,
        last in 0.0..1_000.0_f64, silence in 0.0..500.0_f64, days in 0.5..1_000.0_f64,
    ) {
        let one = bought(x, if x == 0 { 0.0 } else { last }, last + silence);
        let (sooner, later) = (model.expected(&one, days), model.expected(&one, days * 1.5));
        prop_assert!(later.is_finite() && 0.0 <= sooner && sooner <= later);
    }
}

#[test]
fn expected_purchases_equal_the_published_formula() {
    for model in SHOPS {
        for (x, last, age) in
            [(0, 0.0, 1.0), (0, 0.0, 272.0), (1, 20.0, 300.0), (7, 250.0, 260.0), (40, 700.0, 720.0)]
        {
            for days in [1.0, 30.0, 365.0, 1_500.0] {
                let one = bought(x, last, age);
                close(model.expected(&one, days), naive::expected(&model, &one, days), 1e-10);
            }
        }
    }
    // The worked example of Fader and Hardie's spreadsheet note: two repeats, the last after 30.43 of 38.86 weeks; in
    // 39 more.
    close(CDNOW.expected(&bought(2, 30.43 * 7.0, 38.86 * 7.0), 39.0 * 7.0), 1.226, 1e-3);
}

#[test]
fn expected_purchases_do_not_break_where_the_published_formula_does() {
    let one = bought(3, 100.0, 150.0);
    let at = |a| BgNbd { a, ..CDNOW }.expected(&one, 90.0);
    close(at(1.0), f64::midpoint(at(1.0 - 1e-6), at(1.0 + 1e-6)), 1e-10);
    // One who buys twice a day for ten years, a term of the sum of which begins below the smallest number there is.
    let eager = bought(7_300, 3_650.0, 3_650.0);
    let integral = naive::expected_by_integral(&CDNOW, &eager, 3_650.0);
    close(CDNOW.expected(&eager, 3_650.0), integral, 1e-8);
    // Somebody just met in a shop of which next to nothing is known: a bound instead of a million terms.
    let shop = BgNbd { r: 0.3, alpha: 0.03, a: 0.5, b: 0.5 };
    let (bound, integral) = (
        shop.expected(&bought(0, 0.0, 0.0), 3_650.0),
        naive::expected_by_integral(&shop, &bought(0, 0.0, 0.0), 3_650.0),
    );
    assert!(bound <= integral * (1.0 + 1e-9) && bound > 0.9 * integral, "{bound} {integral}");
    for days in [0.0, -5.0, f64::NAN] {
        assert!(CDNOW.expected(&one, days) == 0.0);
    }
    assert!(CDNOW.expected(&one, f64::INFINITY).is_finite());
}

#[test]
fn what_the_models_say_happens_in_simulated_shops() {
    let mut chance = Chance::new(7);
    for model in SHOPS {
        let (mut said, mut alive, mut expected, mut came) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..40_000 {
            let seed = chance.below(usize::MAX) as u64;
            let (whole, _) = simulated::customer(&model, &CDNOW_VALUE, 500.0, &mut Chance::new(seed));
            // The same chance makes the same customer, seen earlier.
            let (one, lives) = simulated::customer(&model, &CDNOW_VALUE, 300.0, &mut Chance::new(seed));
            said += model.alive(&one);
            alive += f64::from(u8::from(lives));
            expected += model.expected(&one, 200.0);
            came += f64::from(whole.repeats - one.repeats);
        }
        close(said, alive, 0.01);
        close(expected, came, 0.05);
    }
}

#[test]
fn value_lies_between_the_customer_s_own_and_everyone_s() {
    let everyone = CDNOW_VALUE.p * CDNOW_VALUE.gamma / (CDNOW_VALUE.q - 1.0);
    for own in [1.0, 20.0, 35.0, 500.0] {
        let mut before = everyone;
        for repeats in [0, 1, 5, 50, 5_000] {
            let value = CDNOW_VALUE
                .mean_yen(&domain::population::Purchases { mean_yen: own, ..bought(repeats, 1.0, 2.0) });
            assert!((value - own).abs() < (before - own).abs(), "{own} {repeats}");
            before = value;
        }
        close(before, own, 0.02);
    }
    let heavy = GammaGamma { p: 0.2, q: 0.5, gamma: 10.0 };
    close(heavy.mean_yen(&bought(0, 0.0, 1.0)), 3_000.0, 1e-15);
}
