//! What texts speak of: earlier steps of the enrollment, the shop, and nothing that is not there.

use std::collections::BTreeSet;

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::customer::{Customer, Value};
use domain::definitions::{Definitions, Kind, Version, read};
use domain::enrollment::{Enrollment, Message, State, Status, Visit};
use domain::event::Properties;
use domain::message::{Code, SkipReason};
use domain::names::{CustomerId, JourneyName};
use domain::rendering::{Sender, fill};
use domain::time::Timestamp;
use insta::assert_snapshot;

use crate::{at, key, version};

const SENDER: Sender<'_> = Sender { base: "https://t.example.jp", name: "つなぎ商店" };

/// A message, and after it one that speaks of it and of the shop.
fn journey(text: &str) -> String {
    format!(
        "journey:\n  name: j\n  purpose: transactional\n  enter: request\n  reentry: never\n  steps:\n    - sms: {{ name: hello, text: はい / いいえ }}\n    - sms:\n        name: again\n        text: \"{text}\"\n"
    )
}

fn code() -> Code {
    Code::parse("000000000000").unwrap()
}

/// The first message as it was sent, and what was replied.
fn hello(reply: Option<&str>) -> Visit {
    let at = at("2026-11-01T09:30:00+09:00");
    Visit::Message(Message {
        step: 0,
        code: code(),
        channel: Channel::Sms,
        purpose: Purpose::Transactional,
        at,
        status: Status::Delivered,
        asked: 0,
        parts: None,
        yen: None,
        billed: false,
        clicked: None,
        links: BTreeSet::new(),
        scanned: None,
        opened: None,
        replied: reply.map(|_| at.plus(60)),
        reply: reply.map(ToOwned::to_owned),
    })
}

/// The second message, of the latest version of the shop.
fn again(text: &str, shops: &[&str], visits: Vec<Visit>) -> Result<String, SkipReason> {
    let shops = (1..).zip(shops).map(|(number, shop)| version(shop, number));
    let versions: Vec<_> = shops.chain([version(&journey(text), 1)]).collect();
    let definitions = Definitions::new(&versions, key()).unwrap();
    let (_, journey) = definitions.current(&JourneyName::parse("j").unwrap()).unwrap();
    let mut customer = Customer::new(CustomerId::parse("1").unwrap());
    let phone = ("phone".to_owned(), Value::Text("+819012345678".to_owned()));
    customer.identify(&[phone].into(), Timestamp::default());
    let enrollment = Enrollment {
        journey: journey.name.clone(),
        version: 1,
        entered: Timestamp::default(),
        key: None,
        date: None,
        by: None,
        event: Properties::new(),
        held_out: false,
        goal_before: false,
        state: State::Sending { step: 1 },
        visits,
        holds: Vec::new(),
        goal: None,
    };
    let step = journey.message(1).unwrap();
    let filled = fill(&customer, (&enrollment, journey), step, &code(), &definitions, SENDER);
    filled.map(|filled| filled.text).map_err(|unfilled| unfilled.reason)
}

#[test]
fn a_later_text_says_what_became_of_an_earlier_message() {
    let text = "{{ steps.hello.sent_at | date_ja }}のご返信「{{ steps['hello'].reply | default: 'なし' }}」{% if steps.hello.clicked %}見た{% endif %}";
    assert_eq!(again(text, &[], vec![hello(Some("はい"))]).unwrap(), "11月1日(日)のご返信「はい」");
    assert_eq!(again(text, &[], vec![hello(None)]).unwrap(), "11月1日(日)のご返信「なし」");
    // It never left, so that there is no day to show.
    assert_eq!(again(text, &[], Vec::new()), Err(SkipReason::MissingValue));
    assert_eq!(again("{{ steps.hello.reply }}", &[], vec![hello(None)]), Err(SkipReason::MissingValue));
}

/// The customer has no name: with a word for it at one place only, the message would go out with a hole at the other.
#[test]
fn a_word_for_one_place_is_none_for_another() {
    let polite = "{{ customer.name | default: 'お客さま' | sama }}";
    assert_eq!(again(&format!("{polite}、ご予約です"), &[], Vec::new()).unwrap(), "お客さま、ご予約です");
    for text in [
        format!("{polite}、{{{{ customer.name }}}}様のご予約です"),
        format!("{{{{ customer.name }}}}様、{polite}のご予約です"),
    ] {
        assert_eq!(again(&text, &[], Vec::new()), Err(SkipReason::MissingValue), "{text}");
    }
    let reply = "{{ steps.hello.reply | default: 'なし' }}{{ steps.hello.reply }}";
    assert_eq!(again(reply, &[], vec![hello(None)]), Err(SkipReason::MissingValue));
    assert_eq!(again(reply, &[], vec![hello(Some("はい"))]).unwrap(), "はいはい");
}

/// A journey that was accepted with it still reads.
#[test]
fn what_nobody_would_read_is_refused_where_it_is_not_accepted_yet() {
    let yaml = journey("{{ sender.name }}");
    let told = mistakes(&yaml);
    assert!(
        told.ends_with("`sender.name` leads nowhere: `sender` is one value; write {{ sender }}"),
        "{told}"
    );
    let accepted = Version { kind: Kind::Journey, name: "j".to_owned(), number: 1, yaml };
    assert!(Definitions::new(&[accepted], key()).is_ok());
}

#[test]
fn texts_say_what_the_shop_says_by_now() {
    let before = "shop: { time_zone: Asia/Tokyo, details: { phone: 03-1234-5678 } }";
    let after = "shop: { time_zone: Asia/Tokyo, details: { phone: 06-1234-5678 } }";
    let text = "{{ shop.name }} {{ shop.phone }}";
    assert_eq!(again(text, &[before], Vec::new()).unwrap(), "つなぎ商店 03-1234-5678");
    assert_eq!(again(text, &[before, after], Vec::new()).unwrap(), "つなぎ商店 06-1234-5678");
    // What was accepted reads when the shop says it no more; who would get it is left out.
    let silent = "shop: { time_zone: Asia/Tokyo }";
    assert_eq!(again(text, &[before, silent], Vec::new()), Err(SkipReason::MissingValue));
}

#[test]
fn a_detail_that_the_shop_does_not_say_is_told_where_it_stands() {
    let yaml = journey("{{ shop.fone }} {{ shop['name'] }}");
    let shop = "shop: { time_zone: Asia/Tokyo, details: { phone: 03-1234-5678 } }";
    let versions = [version(&yaml, 1), version(shop, 1)];
    let unsaid = Definitions::new(&versions, key()).unwrap().unsaid();
    assert!(unsaid.iter().all(domain::definitions::Dangling::is_of_the_shop));
    let told: Vec<String> = unsaid.iter().flat_map(|it| it.in_text(&yaml)).map(|it| it.to_string()).collect();
    assert_snapshot!(told.join("\n"), @"10:15: there is no detail of the shop `fone`; there are: name, phone. The shop says it with `details: { fone: … }`");
    let right = [version(&journey("{{ shop.phone }}"), 1), version(shop, 1)];
    assert_eq!(Definitions::new(&right, key()).unwrap().unsaid(), []);
}

fn mistakes(yaml: &str) -> String {
    let mistakes = read(yaml).err().unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn details_that_are_none() {
    let shop = "shop: { time_zone: Asia/Tokyo, details: { name: つなぎ, Fax: 03-1, phone: ' ', url: 'https://{{ customer.host }}/' } }";
    assert_snapshot!(mistakes(shop), @"
    1:49: details.name: `name` is who sends, as `{{ sender }}` has it; choose another name
    1:59: details.Fax: a detail's name is of a-z and _, 1 to 40 of them
    1:72: details.phone: the text is empty; write it, or take the detail out
    1:82: details.url: a detail is the same in every text, without variables
    ");
    assert_snapshot!(mistakes("shop: { time_zone: Asia/Tokyo, detials: { phone: 03-1 } }"), @"1:32: `detials` is not known here; did you mean `details`? There are: time_zone, policy, details, prices, codes, replies");
}

/// A journey whose text speaks of its event is wrong only for what else is wrong with it.
#[test]
fn what_only_another_mistake_causes_is_not_told() {
    let wrong = |enter: &str, sms: &str| {
        mistakes(&format!(
            "journey: {{ name: j, purpose: transactional, reentry: never, enter: {enter}, steps: [{{ sms: {{ name: hello, {sms} }} }}] }}"
        ))
    };
    let all = [
        wrong("{ event: { nme: [x] } }", "text: '{{ event.id }}'"),
        wrong("{ schedule: { at: 25 } }", "text: '{{ event.id }}'"),
        wrong("request", "text: [], links: { shop: https://shop.example.jp }"),
        wrong("request", "text: '{{ links.shop }', links: { shop: https://shop.example.jp }"),
        wrong("request", "text: '{{ links.shoop }}', links: { shop: https://shop.example.jp }"),
        wrong("request", "text: ' ', links: { shop: https://shop.example.jp }"),
    ];
    assert_snapshot!(all.join("\n"), @"
    1:79: `nme` is not known here; did you mean `name`? There are: name, where, key
    1:84: a text belongs here
    1:86: `25` is not a time of day; write it as 09:00, from 00:00 to 24:00
    1:107: invalid type: sequence, expected a text, or one in each language as `{ ja: …, en: … }`
    1:113: steps[0].sms.text: the text is broken at its 1:4: expected Literal; variables are written {{ customer.name }}
    1:113: steps[0].sms.text: there is no link `shoop`; did you mean `shop`?
    1:113: steps[0].sms.text: the text is empty
    ");
}

#[test]
fn a_text_with_a_word_for_it_needs_no_event() {
    for (enter, text, right) in [
        ("{ birthday: '10:00' }", "{{ event.id }}", false),
        ("{ birthday: '10:00' }", "{{ event.id | default: '' }}", true),
        ("{ birthday: '10:00' }", "{% if event.id %}{{ event.id }}{% endif %}", true),
        ("{ segment: s }", "{% assign id = event['id'] %}{{ id }}", false),
        ("{ birthday: '10:00' }", "{{ event.id | default: '' }} {{ event.id }}", false),
        ("request", "{{ event.id }}", true),
        ("{ event: { name: Order Completed } }", "{{ event.id }}", true),
    ] {
        let yaml = format!(
            "journey: {{ name: j, purpose: transactional, reentry: never, enter: {enter}, steps: [{{ sms: {{ name: hello, text: \"{text}\" }} }}] }}"
        );
        assert_eq!(mistakes(&yaml).is_empty(), right, "{enter} {text}");
    }
}

#[test]
fn a_step_is_earlier_where_a_way_leads_from_it() {
    let journey = |first: &str, last: &str| {
        let yaml = format!(
            "journey: {{ name: j, purpose: transactional, reentry: never, enter: request, steps: [{first}, {{ sms: {{ name: last, text: \"{last}\" }} }}] }}"
        );
        mistakes(&yaml)
    };
    let sms = |name: &str| format!("{{ sms: {{ name: {name}, text: hello }} }}");
    let ways = |end: &str| {
        format!(
            "{{ branch: [{{ name: a, when: {{ in_audience: x }}, steps: [{}{end}] }}, {{ name: b }}] }}",
            sms("a")
        )
    };
    assert_eq!(journey(&ways(""), "{{ steps.a.clicked }}"), "");
    assert_snapshot!(journey(&ways(", exit"), "{{ steps.a.clicked }}"), @"1:228: steps[1].sms.text: `a` is not an earlier step: nobody comes here by way of it; no message comes before");
    let waits = format!("{{ wait_for: {{ event: X, within: 1d, then: [{}] }} }}", sms("2nd"));
    assert_eq!(journey(&waits, "{{ steps['2nd'].sent_at | default: '' }}"), "");
}

#[test]
fn the_traits_of_which_texts_speak() {
    let yaml = "journey: { name: j, purpose: transactional, reentry: never, enter: request, steps: [{ email: { name: hello, \
                subject: { ja: '{{ customer.name }}', en: '{{ customer.name | default: 1 }}' }, text: '{{ customer.rank | default: 1 }} {{ event.id }} {{ customer.plan | default: 1 }} {{ customer.plan }}', \
                from: { name: '{{ customer.sales_name }}', reply_to: '{{ customer.sales_email }}' } } }, \
                { notify: { name: call, to: '{{ customer.boss }}', subject: x, text: '{% if customer.vip %}x{% endif %}' } }] }";
    let definitions = Definitions::new(&[version(yaml, 1)], key()).unwrap();
    let (_, journey) = definitions.current(&JourneyName::parse("j").unwrap()).unwrap();
    let traits: BTreeSet<&str> = journey.spoken_traits().collect();
    assert_eq!(
        traits.into_iter().collect::<Vec<_>>(),
        ["boss", "name", "plan", "sales_email", "sales_name", "vip"]
    );
}

#[test]
fn an_exit_that_holds_only_for_some_is_right() {
    for (exit, right) in [
        ("{ not: { in_segment: s } }", true),
        ("{ in_segment: other }", true),
        ("{ all: [{ in_segment: s }, { in_audience: x }] }", true),
        ("{ any: [{ in_segment: s }, { in_audience: x }] }", false),
        ("{ all: [{ in_segment: s }] }", false),
    ] {
        let yaml = format!(
            "journey: {{ name: j, purpose: transactional, reentry: never, enter: {{ segment: s }}, exit: {exit}, steps: [{{ wait: 1d }}] }}"
        );
        assert_eq!(mistakes(&yaml).is_empty(), right, "{exit}: {}", mistakes(&yaml));
    }
}
