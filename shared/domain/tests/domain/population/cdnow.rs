//! The purchases of CDNOW: 23,570 customers, and the tenth of them that the literature fits.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use domain::population::{BgNbd, Fit, GammaGamma, Purchases};
use flate2::read::GzDecoder;
use jiff::civil::{Date, date};

use super::{CDNOW, CDNOW_VALUE, close, fits, naive};

const RECORDS: &[u8] = include_bytes!("../../../../../infra/local/data/cdnow-master.txt.gz");

/// The numbers of the 2,357 customers in the tenth (`CDNOW_sample`, from Fader and Hardie's data at brucehardie.com).
const SAMPLE: &str = include_str!("cdnow_sample.txt");

/// The last day of the literature's 39 weeks.
const CALIBRATION: Date = date(1997, 9, 30);

/// Cents by day of each customer.
pub type Shop = BTreeMap<String, BTreeMap<Date, i64>>;

pub fn shop() -> Shop {
    let mut text = String::new();
    GzDecoder::new(RECORDS).read_to_string(&mut text).unwrap();
    let mut shop = Shop::new();
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let day = Date::strptime("%Y%m%d", fields[1]).unwrap();
        let cents: i64 = fields[3].replace('.', "").parse().unwrap();
        *shop.entry(fields[0].to_owned()).or_default().entry(day).or_default() += cents;
    }
    assert_eq!(shop.len(), 23_570);
    shop
}

fn tenth() -> Shop {
    let sample: BTreeSet<&str> = SAMPLE.lines().collect();
    let tenth: Shop = shop().into_iter().filter(|(id, _)| sample.contains(id.as_str())).collect();
    assert_eq!(tenth.len(), 2_357);
    tenth
}

/// In dollars, up to the end of `until`. Those who first bought later are left out.
fn purchases(days: &BTreeMap<Date, i64>, until: Date) -> Option<Purchases> {
    let days: Vec<(Date, i64)> = days.range(..=until).map(|(day, cents)| (*day, *cents)).collect();
    let since = |from: Date, to: Date| f64::from((to - from).get_days());
    let (first, last) = (days.first()?.0, days.last()?.0);
    let cents: i64 = days.iter().map(|day| day.1).sum();
    Some(Purchases {
        repeats: u32::try_from(days.len()).unwrap() - 1,
        last_days: since(first, last),
        age_days: since(first, until),
        mean_yen: cents as f64 / 100.0 / days.len() as f64,
        count: u32::try_from(days.len()).unwrap(),
    })
}

/// Up to the end of the calibration, the first left out, as in Fader and Hardie's note.
fn later_purchases(days: &BTreeMap<Date, i64>) -> Option<Purchases> {
    purchases(&days.iter().skip(1).map(|(day, cents)| (*day, *cents)).collect(), CALIBRATION)
}

fn all(shop: &Shop, until: Date) -> Vec<Purchases> {
    shop.values().filter_map(|days| purchases(days, until)).collect()
}

/// To as many digits as were published.
#[track_caller]
fn rounds_to(value: f64, published: f64, digits: u32) {
    assert!((value - published).abs() <= 0.5 * libm::exp10(-f64::from(digits)), "{value} is not {published}");
}

#[test]
fn the_tenth_s_purchases_fit_as_published() {
    let customers = all(&tenth(), CALIBRATION);
    let (found, fit) = BgNbd::fit(&customers);
    let BgNbd { r, alpha, a, b } = found.unwrap();
    rounds_to(r, 0.243, 3);
    rounds_to(alpha / 7.0, 4.414, 3);
    rounds_to(a, 0.793, 3);
    rounds_to(b, 2.426, 3);
    // The published likelihood is of time in weeks: each repeat's density is seven times as high.
    let Fit::Fitted { log_likelihood, .. } = fit else { panic!("{fit}") };
    let repeats: f64 = customers.iter().map(|one| f64::from(one.repeats)).sum();
    rounds_to(log_likelihood + repeats * libm::log(7.0), -9_582.4, 1);
}

#[test]
fn the_tenth_s_spending_fits_as_published() {
    let returned: Vec<Purchases> = tenth().values().filter_map(later_purchases).collect();
    assert_eq!(returned.len(), 946);
    let GammaGamma { p, q, gamma } = GammaGamma::fit(&returned).0.unwrap();
    rounds_to(p, CDNOW_VALUE.p, 2);
    rounds_to(q, CDNOW_VALUE.q, 2);
    rounds_to(gamma, CDNOW_VALUE.gamma, 2);
}

#[test]
fn the_fits_to_the_tenth_and_to_all_stand_at_the_top() {
    fits::both_stand_at_the_top(&all(&tenth(), CALIBRATION));
    fits::both_stand_at_the_top(&all(&shop(), date(1998, 6, 30)));
}

#[test]
fn every_customer_s_tie_is_as_alive_as_the_paper_says() {
    let shop = shop();
    let model = BgNbd::fit(&all(&shop, date(1998, 6, 30))).0.unwrap();
    for until in [date(1997, 9, 30), date(1998, 6, 30)] {
        let customers = all(&shop, until);
        assert_eq!(customers.len(), 23_570);
        let (mut sum, mut expected) = (0.0, 0.0);
        for one in &customers {
            let (alive, paper) = (model.alive(one), naive::alive(&model, one));
            assert!((0.0..=1.0).contains(&alive), "{alive} of {one:?}");
            assert!((alive - paper).abs() <= 1e-12, "{alive}, not {paper}, of {one:?}");
            assert!(one.repeats > 0 || alive >= 1.0);
            sum += alive;
            expected += paper;
        }
        close(sum, expected, 1e-12);
    }
}

#[test]
fn the_second_half_is_foretold_short_by_an_eighth() {
    // Some who look gone come back, which this model knows nothing of.
    let shop = tenth();
    let model = BgNbd::fit(&all(&shop, CALIBRATION)).0.unwrap();
    let days = f64::from((date(1998, 6, 30) - CALIBRATION).get_days());
    let (mut expected, mut came) = (0.0, 0);
    for bought in shop.values() {
        expected += model.expected(&purchases(bought, CALIBRATION).unwrap(), days);
        came += bought.range(CALIBRATION.tomorrow().unwrap()..).count();
    }
    assert_eq!(came, 1_882);
    close(expected, 1_653.0, 1e-3);
    close(
        model.expected(&super::bought(0, 0.0, 272.0), days),
        CDNOW.expected(&super::bought(0, 0.0, 272.0), days),
        2e-3,
    );
}

#[test]
fn spending_is_foretold_better_when_the_first_purchase_counts() {
    let shop = shop();
    let returned: Vec<Purchases> =
        all(&shop, CALIBRATION).into_iter().filter(|one| one.repeats > 0).collect();
    let later: Vec<Purchases> = shop.values().filter_map(later_purchases).collect();
    let (counting, leaving_out) = (GammaGamma::fit(&returned).0.unwrap(), GammaGamma::fit(&later).0.unwrap());
    let everyone = leaving_out.p * leaving_out.gamma / (leaving_out.q - 1.0);
    let (mut square, mut square_leaving_out) = (0.0, 0.0);
    for days in shop.values() {
        let afterwards: Vec<i64> =
            days.range(CALIBRATION.tomorrow().unwrap()..).map(|(_, cents)| *cents).collect();
        if afterwards.is_empty() {
            continue;
        }
        let spent = afterwards.iter().sum::<i64>() as f64 / 100.0 / afterwards.len() as f64;
        let foretold = counting.mean_yen(&purchases(days, CALIBRATION).unwrap());
        let by_the_note = later_purchases(days).map_or(everyone, |one| leaving_out.mean_yen(&one));
        square += (foretold - spent) * (foretold - spent);
        square_leaving_out += (by_the_note - spent) * (by_the_note - spent);
    }
    assert!(square < 0.97 * square_leaving_out, "{square} {square_leaving_out}");
}
