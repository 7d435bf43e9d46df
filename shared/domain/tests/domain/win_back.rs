//! The win-back journey as it stands in the scenario, told step by step.

use domain::consent::Proof;
use domain::contact::Channel;
use domain::customer::Value;
use domain::definitions::{Definitions, Version};
use domain::enrollment::{EndReason, Status};
use domain::input::{Input, Outcome};
use domain::message::{Permission, SkipReason};
use domain::money::Yen;
use domain::names::JourneyName;
use domain::walk::check_at_sending;
use insta::assert_snapshot;

use crate::story::{Story, order, tokyo, track};
use crate::{at, definitions, key, version};

fn scenario(file: &str) -> String {
    let path = format!("{}/../../infra/local/scenarios/win-back/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files() -> [String; 4] {
    ["shop", "lapsed", "win-back", "birthday-card"].map(scenario)
}

/// Hana, who bought on New Year's Day at this hour, agreed to SMS and e-mail, and has not been heard of since: on
/// 30 June, 180 days later, she lapses.
fn hana(hour: &str, definitions: Definitions) -> Story {
    let bought = at(&format!("1998-01-01T{hour}:00+09:00"));
    let mut story = Story::of_hana(bought, definitions);
    story.happens(bought, order(bought));
    story.told.clear();
    story
}

fn at_noon() -> Story {
    hana("12:00", definitions(&files()))
}

#[test]
fn neither_clicks_nor_responds() {
    assert_snapshot!(at_noon().until("12-31 00:00").told, @"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:01  → row win-back
    07-03 12:01  hands over letter; → email letter
    07-03 12:02  → row win-back
    07-07 12:02  takes `neither`; → row win-back; → member +cards-only; → news +cards-only
    07-14 12:02  ends win-back: all steps taken; → row win-back
    ");
}

#[test]
fn clicks_the_sms_only() {
    assert_snapshot!(at_noon().click("07-01 08:00", "hello").until("12-31 00:00").told, @"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:01  → row win-back
    07-01 08:00  → row win-back
    07-03 12:01  hands over letter; → email letter
    07-03 12:02  → row win-back
    07-07 12:02  takes `click, no response`; hands over nudge; → sms nudge; → row win-back; → member +retargeting; → news +retargeting
    07-07 12:03  → row win-back
    07-14 12:03  ends win-back: all steps taken; → row win-back
    ");
}

#[test]
fn clicks_both_and_leaves_a_cart() {
    let mut story = at_noon();
    story.click("07-01 08:00", "hello").click("07-04 08:00", "letter");
    story.happens(tokyo("07-10 15:00"), track("Checkout Started", tokyo("07-10 15:00")));
    assert_snapshot!(story.until("12-31 00:00").told, @"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:01  → row win-back
    07-01 08:00  → row win-back
    07-03 12:01  hands over letter; → email letter
    07-03 12:02  → row win-back
    07-04 08:00  → row win-back
    07-07 12:02  takes `click and response`; hands over picks; → email picks; → row win-back; → member +retargeting; → news +retargeting
    07-07 12:03  → row win-back
    07-10 15:00  takes `came`; → row win-back
    07-10 16:00  hands over cart; → sms cart
    07-10 16:01  → row win-back
    07-17 16:01  ends win-back: all steps taken; → row win-back
    ");
}

#[test]
fn responds_to_the_letter_only_and_waits_in_vain() {
    assert_snapshot!(at_noon().click("07-04 08:00", "letter").until("12-31 00:00").told, @"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:01  → row win-back
    07-03 12:01  hands over letter; → email letter
    07-03 12:02  → row win-back
    07-04 08:00  → row win-back
    07-07 12:02  takes `response, no click`; hands over picks-letter; → email picks-letter; → row win-back; → member +retargeting; → news +retargeting
    07-07 12:03  → row win-back
    07-21 12:03  takes `timed out`; → row win-back
    07-28 12:03  ends win-back: all steps taken; → row win-back
    ");
}

#[test]
fn a_reply_is_a_response() {
    let mut story = at_noon();
    story.happens(
        tokyo("07-05 08:00"),
        Input::Reply { code: None, channel: Channel::Email, word: None, at: tokyo("07-05 08:00") },
    );
    story.until("07-07 12:05");
    assert!(story.told.contains("takes `response, no click`"), "{}", story.told);
}

#[test]
fn holds_until_nine() {
    assert_snapshot!(hana("23:00", definitions(&files())).until("07-01 10:00").told, @r#"
    06-30 23:00  enters win-back; holds until 07-01 09:00: quiet hours; → row win-back; → member +lapsed; → news +lapsed
    07-01 09:00  hands over hello; → sms hello
    07-01 09:01  → row win-back
    "#);
}

/// A purchase at any point is the goal: nothing is handed over after it, and what is in a sender's queue does not leave.
#[test]
fn the_goal_at_every_point() {
    let evening = || hana("23:00", definitions(&files()));
    let clicked = || {
        let mut story = at_noon();
        story.click("07-01 08:00", "hello").click("07-04 08:00", "letter");
        story
    };
    let carted = || {
        let mut story = clicked();
        story.happens(tokyo("07-10 15:00"), track("Checkout Started", tokyo("07-10 15:00")));
        story
    };
    for (point, mut story, when) in [
        ("while the first SMS is held", evening(), "07-01 08:59"),
        ("in the first wait", at_noon(), "07-02 12:00"),
        ("in the second wait", at_noon(), "07-05 12:00"),
        ("while listening", clicked(), "07-09 12:00"),
        ("in the hour after the cart", carted(), "07-10 15:30"),
    ] {
        story.order(when);
        let before = story.told.clone();
        assert!(before.ends_with("→ news goal of win-back, ¥6,000\n"), "{point}:\n{before}");
        assert_eq!(story.ended(), Some(EndReason::Goal), "{point}");
        story.until("12-01 00:00");
        assert_eq!(story.told, before, "{point}");
    }
}

#[test]
fn the_goal_while_sending() {
    let mut story = at_noon();
    story.report = None;
    story.order("06-30 12:05");
    let code = story.message("hello").code;
    assert_eq!(story.ended(), Some(EndReason::Goal));
    let may = check_at_sending(&story.customer, &code, &story.definitions, tokyo("06-30 12:06"));
    assert_eq!(may, Permission::Skip(SkipReason::Ended));
    let skipped = Outcome::Settled { status: Status::Skipped(SkipReason::Ended), parts: None, yen: None };
    story.happens(tokyo("06-30 12:06"), Input::Outcome { code, outcome: skipped });
    assert_snapshot!(story.until("10-01 00:00").told, @r#"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:05  ends win-back: goal reached; → row win-back; → member -lapsed; → news -lapsed; → news goal of win-back, ¥6,000
    06-30 12:06  → row win-back
    "#);
}

#[test]
fn no_consent_to_sms_and_the_letter_still_goes() {
    let mut story = at_noon();
    story.happens(
        tokyo("06-01 12:00"),
        Input::OptOut { channel: Channel::Sms, at: tokyo("06-01 12:00"), proof: Proof::default() },
    );
    assert_snapshot!(story.until("07-04 00:00").told, @r#"
    06-30 12:00  enters win-back; skips: no consent; → row win-back; → member +lapsed; → news +lapsed
    07-03 12:00  hands over letter; → email letter
    07-03 12:01  → row win-back
    "#);
}

#[test]
fn no_number_and_the_letter_still_goes() {
    let mut story = at_noon();
    story.identify("06-01 12:00", "phone", Value::Absent);
    assert_snapshot!(story.until("07-04 00:00").told, @r#"
    06-30 12:00  enters win-back; skips: no address; → row win-back; → member +lapsed; → news +lapsed
    07-03 12:00  hands over letter; → email letter
    07-03 12:01  → row win-back
    "#);
}

/// With one SMS in 30 days the second waits until the first is 30 days old, to the minute.
#[test]
fn the_cap_holds_the_second_sms() {
    let [shop, lapsed, win_back, card] = files();
    let mut story =
        hana("12:00", definitions(&[shop.replace("at_most: 4", "at_most: 1"), lapsed, win_back, card]));
    assert_snapshot!(story.click("07-01 08:00", "hello").until("12-31 00:00").told, @"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:01  → row win-back
    07-01 08:00  → row win-back
    07-03 12:01  hands over letter; → email letter
    07-03 12:02  → row win-back
    07-07 12:02  takes `click, no response`; holds until 07-30 12:00: frequency cap; → row win-back; → member +retargeting; → news +retargeting
    07-30 12:00  hands over nudge; → sms nudge
    07-30 12:01  → row win-back
    08-06 12:01  ends win-back: all steps taken; → row win-back
    ");
}

/// Back by a purchase in July 1998, lapsed again in January 1999: too early for a second round. Lapsed in August: in time.
#[test]
fn again_after_a_year() {
    let mut story = at_noon();
    story.order("07-02 12:00").until("1999-01-31 00:00").order("1999-02-10 12:00").until("1999-08-09 12:00");
    let entries: Vec<&str> = story.told.lines().filter(|line| line.contains("enter")).collect();
    assert_snapshot!(entries.join("\n"), @r#"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    12-29 12:00  does not enter: ReEntry(JourneyName("win-back")); → member +lapsed; → news +lapsed
    08-09 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    "#);
}

/// Four birthdays within a year, by way of corrections: three cards.
#[test]
fn three_birthday_cards_in_a_year() {
    let mut story = at_noon();
    story.until("07-15 00:00");
    story.told.clear();
    for (said, birthday) in [("08-01", "08-10"), ("09-01", "09-10"), ("10-01", "10-10"), ("11-01", "11-10")] {
        story.identify(&format!("{said} 12:00"), "birthday", Value::Text(format!("1970-{birthday}")));
    }
    story.until("1999-11-30 00:00");
    assert_snapshot!(story.told, @r#"
    08-10 10:00  enters birthday-card; hands over card; → email card; → row birthday-card
    08-10 10:01  → row birthday-card
    08-24 10:01  ends birthday-card: all steps taken; → row birthday-card
    09-10 10:00  enters birthday-card; hands over card; → email card; → row birthday-card
    09-10 10:01  → row birthday-card
    09-24 10:01  ends birthday-card: all steps taken; → row birthday-card
    10-10 10:00  enters birthday-card; hands over card; → email card; → row birthday-card
    10-10 10:01  → row birthday-card
    10-24 10:01  ends birthday-card: all steps taken; → row birthday-card
    11-10 10:00  does not enter: ReEntry(JourneyName("birthday-card"))
    11-10 10:00  enters birthday-card; hands over card; → email card; → row birthday-card
    11-10 10:01  → row birthday-card
    11-24 10:01  ends birthday-card: all steps taken; → row birthday-card
    "#);
}

/// The order was made in June and is heard of in July: no goal, but no longer lapsed either, so nothing more is sent.
#[test]
fn an_order_from_before_is_no_goal() {
    let mut story = at_noon();
    story.happens(tokyo("07-02 12:00"), order(tokyo("06-29 12:00")));
    assert_snapshot!(story.until("07-03 12:05").told, @r#"
    06-30 12:00  enters win-back; hands over hello; → sms hello; → row win-back; → member +lapsed; → news +lapsed
    06-30 12:01  → row win-back
    07-02 12:00  ends win-back: exit condition held; → row win-back; → member -lapsed; → news -lapsed
    "#);
}

#[test]
fn a_receipt_after_the_end() {
    let mut story = at_noon();
    story.order("07-01 12:00");
    story.told.clear();
    let code = story.message("hello").code;
    let receipt = Input::Receipt { code, status: Status::Delivered, parts: Some(2), yen: Some(Yen(18)) };
    story.happens(tokyo("07-03 12:00"), receipt);
    assert_snapshot!(story.told, @"07-03 12:00  → row win-back");
    let hello = story.message("hello");
    assert_eq!((hello.status, hello.parts, hello.yen), (Status::Delivered, Some(2), Some(Yen(18))));
    assert_eq!(story.ended(), Some(EndReason::Goal));
}

/// Who is under way finishes on the version they began; who begins later, on the new one.
#[test]
fn a_new_version_is_for_those_who_begin_later() {
    let [shop, lapsed, win_back, card] = files();
    let mut versions: Vec<Version> = [&shop, &lapsed, &win_back, &card].map(|yaml| version(yaml, 1)).to_vec();
    versions.push(version(&win_back.replacen("- wait: 3d", "- wait: 5d", 1), 2));
    let both = Definitions::new(&versions, key()).unwrap();
    let mut story = at_noon();
    story.until("07-01 00:00");
    story.definitions = both.clone();
    let now = tokyo("07-01 00:00");
    story.step(now, &[Input::Evaluate { definitions: both.number }]);
    story.until("07-03 12:05");
    assert!(story.message("letter").at == tokyo("07-03 12:01"));
    let mut later = hana("12:00", both);
    later.until("07-05 12:05");
    assert!(later.message("letter").at == tokyo("07-05 12:01"));
    let name = JourneyName::parse("win-back").unwrap();
    let version =
        |story: &Story| story.customer.enrollments.iter().find(|it| it.journey == name).map(|it| it.version);
    assert_eq!((version(&story), version(&later)), (Some(1), Some(2)));
}
