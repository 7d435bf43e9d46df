//! LINE as a channel: what a step of it may say, who gets it, and what it costs.

use std::collections::BTreeMap;

use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definition::{Definition, Shop, parse};
use domain::definitions::read;
use domain::enrollment::{Enrollment, Message, Status, Visit};
use domain::message::{Asks, Code, HoldReason, Moment, Permission, Rules, SkipReason, Tightened, permission};
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName};
use domain::rendering::{Filled, Sender, Unfilled, fill};
use domain::time::{DAY, Timestamp};

use crate::{at, definitions};

const USER: &str = "U4af4980629f1b2c3d4e5f60718293a4b";

fn journey(line: &str) -> String {
    format!(
        "journey: {{ name: j, purpose: marketing, enter: {{ event: Asked }}, reentry: never, steps: [{{ line: {line} }}] }}"
    )
}

fn mistakes(line: &str) -> Vec<String> {
    read(&journey(line)).err().into_iter().flatten().map(|mistake| mistake.to_string()).collect()
}

/// LINE is not covered by 特定電子メール法: neither a sender nor an opt-out is asked of an advertisement there.
#[test]
fn what_a_step_may_say() {
    assert_eq!(mistakes("{ name: a, text: 春の新作です }"), [""; 0]);
    assert_eq!(mistakes("{ name: a, text: \"{{ sender }} {{ optout }}\" }"), [""; 0]);
    assert_eq!(
        mistakes("{ name: a, text: \"{{ links.shop }}\", links: { shop: \"https://shop.example.jp\" } }"),
        [""; 0]
    );
    let told = mistakes("{ name: a, text: \"{{ sendr }}\", links: { shop: \"https://shop.example.jp\" } }");
    assert!(told[0].contains("there is no variable `sendr`; did you mean `sender`?"), "{told:?}");
    assert!(told[1].contains("steps[0].line.links.shop: "), "{told:?}");
    let fits = "あ".repeat(5_000);
    assert_eq!(mistakes(&format!("{{ name: a, text: \"{fits}{{{{ optout }}}}\" }}")), [""; 0]);
    // An emoji is two UTF-16 code units.
    let long = "😀".repeat(2_501);
    let told = mistakes(&format!("{{ name: a, text: {{ ja: 短い, en: {long} }} }}"));
    let expected = "steps[0].line.text.en: 5002 characters; LINE takes at most 5000 (an emoji counts as two)";
    assert!(told.len() == 1 && told[0].ends_with(expected), "{told:?}");
    assert_eq!(mistakes("{ name: a, text: b, at_most_parts: 2 }").len(), 1);
}

fn someone(traits: &[(&str, &str)]) -> Customer {
    let mut customer = Customer::new(CustomerId::parse("hana").unwrap());
    let traits = traits.iter().map(|(name, said)| ((*name).to_owned(), Value::Text((*said).to_owned())));
    customer.identify(&traits.collect::<BTreeMap<_, _>>(), Timestamp::default());
    customer
}

/// Someone's message, with `{{ customer.note }}` in its text.
fn filled(note: &str, shop: &str) -> Result<Filled, Unfilled> {
    let yamls = [journey("{ name: a, text: \"{{ customer.note }}\" }"), shop.to_owned()];
    let definitions = definitions(&yamls);
    let (_, journey) = definitions.current(&JourneyName::parse("j").unwrap()).unwrap();
    let customer = someone(&[("line_id", USER), ("note", note)]);
    let enrollment: Enrollment =
        serde_json::from_str(r#"{"journey":"j","version":1,"entered":0,"state":{"starting":{"step":0}}}"#)
            .unwrap();
    let code = Code::parse("000000000000").unwrap();
    let sender = Sender { base: "https://t.example.jp", name: "つなぎ商店" };
    fill(&customer, (&enrollment, journey), journey.message(0).unwrap(), &code, &definitions, sender)
}

#[test]
fn a_message_has_no_parts_and_the_shops_price() {
    let usual = filled("こんにちは", "shop: { time_zone: Asia/Tokyo }").unwrap();
    assert_eq!((usual.to.as_str(), usual.text.as_str()), (USER, "こんにちは"));
    assert_eq!((usual.estimate.clone(), usual.yen()), (None, Some((Yen(3), Yen(3)))));
    let planned = filled("こんにちは", "shop: { time_zone: Asia/Tokyo, prices: { line: 0 } }").unwrap();
    assert_eq!(planned.yen(), Some((Yen(0), Yen(0))));
    let refused = |note: &str| filled(note, "shop: { time_zone: Asia/Tokyo }").unwrap_err().reason;
    assert!(filled(&"あ".repeat(5_000), "shop: { time_zone: Asia/Tokyo }").is_ok());
    assert_eq!(refused(&"あ".repeat(5_001)), SkipReason::TooLong);
    assert_eq!(refused("  "), SkipReason::MissingValue);
}

#[test]
fn who_may_get_it_and_when() {
    let yaml =
        "shop: { time_zone: Asia/Tokyo, policy: { caps: [{ channel: line, at_most: 1, within_days: 1 }] } }";
    let Ok(Definition::Shop(Shop { policy, .. })) = parse(yaml) else { panic!("{yaml}") };
    let (zone, tightened) = (jiff::tz::TimeZone::get("Asia/Tokyo").unwrap(), Tightened::default());
    let rules = Rules { policy: &policy, zone: &zone };
    let may = |customer: &Customer, channel, now| {
        let asks = Asks { channel, purpose: Purpose::Marketing, tightened: &tightened };
        permission(customer, asks, rules, Moment::Planning, now)
    };
    let noon = at("2026-03-03T12:00:00+09:00");
    let mut hana = someone(&[("phone", "+819012345678")]);
    assert_eq!(may(&hana, Channel::Line, noon), Permission::Skip(SkipReason::NoAddress));
    hana.identify(
        &BTreeMap::from([("line_id".to_owned(), Value::Text(USER.to_owned()))]),
        Timestamp::from_seconds(1),
    );
    // Agreed by SMS is not agreed by LINE.
    let said = |channel| ConsentSaid::new(channel, Purpose::Marketing, true);
    hana.said(&said(Channel::Sms), Timestamp::default());
    assert_eq!(may(&hana, Channel::Line, noon), Permission::Skip(SkipReason::NoConsent));
    hana.said(&said(Channel::Line), Timestamp::default());
    assert_eq!(may(&hana, Channel::Line, noon), Permission::Send);
    let night = at("2026-03-03T23:00:00+09:00");
    let morning = at("2026-03-04T09:00:00+09:00");
    assert_eq!(may(&hana, Channel::Line, night), Permission::Hold(morning, HoldReason::QuietHours));
    let sent = |channel| {
        let code = Code::parse("000000000000").unwrap();
        Visit::Message(Message::new((0, code), (channel, Purpose::Marketing), noon, Status::Accepted))
    };
    let mut enrollment: Enrollment =
        serde_json::from_str(r#"{"journey":"j","version":1,"entered":0,"state":{"starting":{"step":0}}}"#)
            .unwrap();
    enrollment.visits = vec![sent(Channel::Sms)];
    hana.enrollments.push(enrollment);
    assert_eq!(may(&hana, Channel::Line, noon.plus(60)), Permission::Send);
    hana.enrollments[0].visits.push(sent(Channel::Line));
    let capped = Permission::Hold(noon.plus(DAY), HoldReason::FrequencyCap);
    assert_eq!(may(&hana, Channel::Line, noon.plus(60)), capped);
    assert_eq!(may(&hana, Channel::Sms, noon.plus(60)), Permission::Send);
}
