use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use domain::input::Input;

use super::tale::{Person, Shop, tokyo};

/// What is said of marketing by e-mail: by a form, or on the page behind the link.
fn says(person: &mut Person<'_>, when: &str, given: bool, proof: Proof) {
    let said = ConsentSaid { proof, ..ConsentSaid::new(Channel::Email, Purpose::Marketing, given) };
    let at = tokyo(when);
    person.happens(at, Input::Identify { traits: [].into(), consents: vec![said], at });
}

fn signs_up(person: &mut Person<'_>, when: &str) {
    says(person, when, true, Proof::of(Source::Form));
}

fn refuses(person: &mut Person<'_>, when: &str) {
    says(person, when, false, Proof::of(Source::Form));
}

fn confirms(person: &mut Person<'_>, when: &str, address: &str) {
    let address = Some(address.to_owned());
    says(person, when, true, Proof { address, ..Proof::of(Source::DoubleOptIn) });
    person.tells(when, "Consent Confirmed", &[]);
}

#[test]
fn one_e_mail_asks_and_the_page_confirms() {
    let shop = Shop::of("email-double-opt-in");
    let mut hana = shop.stranger(&[]);
    signs_up(&mut hana, "2026-02-03 21:00");
    // Whatever sends the customer again asks nobody again.
    signs_up(&mut hana, "2026-02-04 03:00");
    confirms(&mut hana, "2026-02-05 12:00", "hana@example.jp");
    signs_up(&mut hana, "2026-02-20 03:00");
    hana.until("2026-06-01 00:00");
    assert_eq!(hana.got(), ["2026-02-03 Tue 21:00 confirm"], "{}", hana.told);
    assert!(hana.told.contains("hana@example.jp: 「【つなぎ商店】メール配信のご確認」"), "{}", hana.told);
    assert!(hana.told.contains("https://t.example.jp/c/"), "{}", hana.told);
    // The new address is somebody's, too.
    hana.becomes("2026-06-02 10:00", "email", "hana.new@example.jp");
    confirms(&mut hana, "2026-06-02 10:30", "hana.new@example.jp");
    hana.until("2026-09-01 00:00");
    let both = ["2026-02-03 Tue 21:00 confirm", "2026-06-02 Tue 10:00 confirm"];
    assert_eq!(hana.got(), both, "{}", hana.told);
    assert!(hana.told.contains("confirm → hana.new@example.jp"), "{}", hana.told);
}

#[test]
fn who_does_not_confirm_is_asked_once_in_seven_days() {
    let shop = Shop::of("email-double-opt-in");
    let mut hana = shop.stranger(&[("language", "en")]);
    signs_up(&mut hana, "2026-02-03 21:00");
    refuses(&mut hana, "2026-02-04 10:00");
    signs_up(&mut hana, "2026-02-04 11:00");
    hana.until("2026-02-20 00:00");
    signs_up(&mut hana, "2026-02-21 10:00");
    hana.until("2026-06-01 00:00");
    let both = ["2026-02-03 Tue 21:00 confirm", "2026-02-21 Sat 10:00 confirm"];
    assert_eq!(hana.got(), both, "{}", hana.told);
    assert!(hana.told.contains("「つなぎ商店: please confirm your address」"), "{}", hana.told);
}
