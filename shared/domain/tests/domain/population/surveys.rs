//! The survey: the same however it is split, scores as exact quantiles would give them, small as it is stored.

use domain::customer::Customer;
use domain::money::Yen;
use domain::population::{BgNbd, Fit, GammaGamma, Quintiles, Rfm, SAMPLE_LIMIT, Sketch, Survey};
use domain::time::{DAY, Timestamp};
use jiff::civil::date;
use proptest::prelude::*;

use super::{cdnow, purchases::customer};
use crate::chance::Chance;
use crate::{at, cases};

fn now() -> Timestamp {
    at("1998-07-01T00:00:00+09:00")
}

/// As the demonstration takes them in: at noon, a dollar for 120 yen.
fn cdnow_customers() -> Vec<Customer> {
    let noon = |day: jiff::civil::Date| {
        let days = i64::from((day - date(1970, 1, 1)).get_days());
        Timestamp::from_seconds(days * DAY + 3 * 3_600)
    };
    cdnow::shop()
        .iter()
        .map(|(id, days)| {
            let orders: Vec<(Timestamp, i64)> =
                days.iter().map(|(day, cents)| (noon(*day), cents * 120 / 100)).collect();
            customer(id, &orders)
        })
        .collect()
}

fn survey<'a>(customers: impl IntoIterator<Item = &'a Customer>) -> Survey {
    let mut survey = Survey::new();
    customers.into_iter().for_each(|customer| survey.add(customer, now()));
    survey
}

/// The fifths by sorting: the least value that so many fifths of all do not exceed.
fn exact<T: Ord + Copy>(mut values: Vec<T>) -> [T; 4] {
    values.sort_unstable();
    std::array::from_fn(|n| values[((n + 1) * values.len()).div_ceil(5) - 1])
}

fn within(found: i64, exact: i64) -> bool {
    exact <= found && found <= exact + exact / 512 && (exact >= 1_024 || found == exact)
}

#[test]
fn cdnow_is_surveyed_the_same_in_any_parts_and_order() {
    let mut customers = cdnow_customers();
    let whole = survey(&customers);
    let population = whole.conclude(None, now());
    let mut chance = Chance::new(5);
    chance.shuffle(&mut customers);
    let mut parts: Vec<Survey> =
        (0..16).map(|part| survey(customers.iter().skip(part).step_by(16))).collect();
    chance.shuffle(&mut parts);
    let mut merged = Survey::new();
    for part in parts {
        // As it is handed on from run to run.
        let text = serde_json::to_string(&part).unwrap();
        merged.merge(serde_json::from_str(&text).unwrap());
    }
    assert!(merged == whole);
    assert_eq!(merged.conclude(None, now()), population);
    let text = serde_json::to_string(&whole).unwrap();
    assert!(text.len() < 250_000, "{} bytes", text.len());

    assert_eq!(population.customers, 23_570);
    let Some(Fit::Fitted { customers: fitted, .. }) = population.purchases_fit else { panic!() };
    assert_eq!(fitted, SAMPLE_LIMIT as u64);
    let rfms: Vec<Rfm> = customers.iter().map(|customer| Rfm::of(customer, now()).unwrap()).collect();
    let quintiles = population.rfm.unwrap();
    assert_eq!(quintiles.frequency, exact(rfms.iter().map(|rfm| rfm.frequency).collect()));
    let recency = exact(rfms.iter().map(|rfm| rfm.recency).collect());
    let money = exact(rfms.iter().map(|rfm| rfm.money.0).collect());
    for n in 0..4 {
        assert!(within(quintiles.recency[n], recency[n]), "{quintiles:?} {recency:?}");
        assert!(within(quintiles.money[n].0, money[n]), "{quintiles:?} {money:?}");
    }
    // Half of them bought on one day only, and score 1.
    assert_eq!((quintiles.frequency_score(1), quintiles.frequency_score(2)), (1, 3));
}

#[test]
fn the_sample_s_fit_is_that_of_all_within_its_errors() {
    let customers = cdnow_customers();
    let population = survey(&customers).conclude(None, now());
    let all: Vec<_> = customers
        .iter()
        .map(|customer| domain::population::Purchases::of(customer, now()).unwrap())
        .collect();
    let (sample, everyone) = (population.purchases.unwrap(), BgNbd::fit(&all).0.unwrap());
    let Some(Fit::Fitted { standard_errors, .. }) = population.purchases_fit else { panic!() };
    for (name, sample, everyone) in [
        ("r", sample.r, everyone.r),
        ("alpha", sample.alpha, everyone.alpha),
        ("a", sample.a, everyone.a),
        ("b", sample.b, everyone.b),
    ] {
        assert!((sample - everyone).abs() <= 3.0 * standard_errors[name], "{name}: {sample} {everyone}");
    }
    let returned: Vec<_> = all.into_iter().filter(|one| one.repeats > 0).collect();
    let (sample, everyone) = (population.value.unwrap(), GammaGamma::fit(&returned).0.unwrap());
    let Some(Fit::Fitted { standard_errors, .. }) = population.value_fit else { panic!() };
    for (name, sample, everyone) in
        [("p", sample.p, everyone.p), ("q", sample.q, everyone.q), ("gamma", sample.gamma, everyone.gamma)]
    {
        assert!((sample - everyone).abs() <= 3.0 * standard_errors[name], "{name}: {sample} {everyone}");
    }
}

#[test]
fn too_little_changes_nothing() {
    let before = survey(&cdnow_customers()).conclude(None, now());
    let few = survey(&[customer("1", &[(now().plus(-DAY), 500)])]);
    let later = few.conclude(Some(&before), now().plus(DAY));
    assert_eq!((later.customers, later.as_of), (1, now().plus(DAY)));
    assert_eq!((later.purchases, later.value), (before.purchases, before.value));
    assert!(matches!(later.purchases_fit, Some(Fit::TooFew { customers: (1, 100), repeats: (0, 100) })));
    assert_eq!(later.rfm.unwrap().money, [Yen(500); 4]);
    let nobody = Survey::new().conclude(Some(&before), now());
    assert_eq!((nobody.customers, nobody.rfm), (0, before.rfm));
    assert_eq!(Survey::new().conclude(None, now()).rfm, None);
}

#[test]
fn a_survey_stays_small_whatever_customers_are_like() {
    let mut chance = Chance::new(11);
    let mut survey = Survey::new();
    for n in 0..60_000 {
        let mut up_to = |bits: usize| {
            let bits = chance.below(bits);
            i64::try_from(chance.below(1 << bits)).unwrap()
        };
        let orders = [(); 3].map(|()| (now().plus(-up_to(31)), up_to(40)));
        survey.add(&customer(&n.to_string(), &orders), now());
    }
    let text = serde_json::to_string(&survey).unwrap();
    assert!(text.len() < 300_000, "{} bytes", text.len());
    assert!(serde_json::from_str::<Survey>(&text).unwrap() == survey);
    for wrong in ["", "*", "AAAA", &text[1..text.len() / 2]] {
        assert!(Survey::try_from(wrong.to_owned()).is_err());
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn fifths_are_exact_within_what_is_said_in_any_order_and_parts(
        numbers in prop::collection::vec(prop_oneof![0_i64..5, 0_i64..3_000, 0_i64..1_000_000_000_000], 1..300),
        parts in 1_usize..6, seed in any::<u64>(),
    ) {
        let mut shuffled = numbers.clone();
        Chance::new(seed).shuffle(&mut shuffled);
        let sketch = |numbers: &mut dyn Iterator<Item = &i64>| {
            let mut sketch = Sketch::default();
            numbers.for_each(|number| sketch.add(*number));
            sketch
        };
        let mut merged = Sketch::default();
        for part in 0..parts {
            merged.merge(&sketch(&mut shuffled.iter().skip(part).step_by(parts)));
        }
        prop_assert_eq!(&merged, &sketch(&mut numbers.iter()));
        let fifths = merged.fifths().unwrap();
        for (found, exact) in fifths.iter().zip(exact(numbers.clone())) {
            prop_assert!(within(*found, exact), "{} {}", found, exact);
        }
        prop_assert!(fifths.is_sorted());
    }

    #[test]
    fn scores_are_monotone_and_from_1_to_5(
        mut boundaries in prop::array::uniform4(0_u32..50), one in 0_u32..60, other in 0_u32..60,
    ) {
        boundaries.sort_unstable();
        let quintiles = Quintiles {
            recency: boundaries.map(i64::from),
            frequency: boundaries,
            money: boundaries.map(|yen| Yen(i64::from(yen))),
        };
        let (less, more) = (one.min(other), one.max(other));
        prop_assert!(quintiles.frequency_score(less) <= quintiles.frequency_score(more));
        prop_assert!(quintiles.money_score(Yen(less.into())) <= quintiles.money_score(Yen(more.into())));
        prop_assert!(quintiles.recency_score(less.into()) >= quintiles.recency_score(more.into()));
        let exceeded = boundaries.iter().filter(|boundary| one > **boundary).count();
        prop_assert_eq!(usize::from(quintiles.frequency_score(one)), 1 + exceeded);
        prop_assert_eq!(usize::from(quintiles.money_score(Yen(one.into()))), 1 + exceeded);
        prop_assert_eq!(usize::from(quintiles.recency_score(one.into())), 5 - exceeded);
    }
}

#[test]
fn numbers_at_the_ends_of_the_range_are_taken() {
    let mut sketch = Sketch::default();
    for number in [i64::MIN, -1, 0, i64::MAX] {
        sketch.add(number);
    }
    assert_eq!(sketch.fifths(), Some([0, 0, 0, i64::MAX]));
    assert_eq!(Sketch::default().fifths(), None);
}
