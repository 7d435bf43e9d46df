//! The purchases of CDNOW: 23,570 customers, and the tenth of them that the literature fits.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use domain::population::{BgNbd, Fit, GammaGamma, Purchases};
use flate2::read::GzDecoder;
use jiff::civil::{Date, date};

use super::{CDNOW, CDNOW_VALUE, close, fits, naive};

const RECORDS: &[u8] = include_bytes!("../../../../../infra/local/data/cdnow-master.txt.gz");

/// The numbers of the 2,357 customers in the tenth (`CDNOW_sample`, from Fader and Hardie's data page at brucehardie.com).
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
    // The note leaves the first purchase out: those who returned, and what they spent since.
    let returned: Vec<Purchases> = tenth()
        .values()
        .filter_map(|days| {
            let all = purchases(days, CALIBRATION)?;
            let later = days.iter().skip(1).map(|(day, cents)| (*day, *cents)).collect();
            let later = purchases(&later, CALIBRATION)?;
            Some(Purchases { mean_yen: later.mean_yen, ..later }).filter(|_| all.repeats > 0)
        })
        .collect();
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
            assert!(one.repeats > 0 || alive == 1.0);
            sum += alive;
            expected += paper;
        }
        close(sum, expected, 1e-12);
    }
}

#[test]
fn what_is_expected_of_the_second_half_comes() {
    // Fader, Hardie and Lee (2005), figures 2 and 3: the tenth's repeats of weeks 40 to 78 are met within some per cent.
    let shop = tenth();
    let model = BgNbd::fit(&all(&shop, CALIBRATION)).0.unwrap();
    let days = f64::from((date(1998, 6, 30) - CALIBRATION).get_days());
    let (mut expected, mut came) = (0.0, 0.0);
    for bought in shop.values() {
        expected += model.expected(&purchases(bought, CALIBRATION).unwrap(), days);
        came += bought.range(CALIBRATION.tomorrow().unwrap()..).count() as f64;
    }
    close(expected, came, 0.1);
    close(
        model.expected(&super::bought(0, 0.0, 272.0), days),
        CDNOW.expected(&super::bought(0, 0.0, 272.0), days),
        2e-3,
    );
}
