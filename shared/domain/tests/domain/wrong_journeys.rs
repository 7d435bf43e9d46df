//! Typical mistakes in journeys, and what is said of each.

use std::fmt::Write as _;

use domain::definitions::{Dangling, Definitions, read};
use insta::assert_snapshot;

use crate::{key, version};

/// A journey that is right, in one line, into which mistakes are made.
const RIGHT: &str =
    "journey: { name: j, purpose: marketing, enter: { segment: new }, reentry: never, steps: [STEPS] }";
const SMS: &str = "sms: { name: hello, text: '{{ sender }} {{ optout }}' }";

/// What is written, in place of steps or of a part of the journey.
const MISTAKES: &[(&str, &str)] = &[
    // Steps.
    ("STEPS", "{ smss: { name: hello, text: '{{ sender }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { nmae: hello, text: '{{ sender }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: Hello!, text: '{{ sender }} {{ optout }}' } }"),
    ("STEPS", "{ SMS }, { SMS }"),
    ("STEPS", ""),
    ("STEPS", "{ wait: 0d }, { SMS }"),
    ("STEPS", "{ wait: 3 }, { SMS }"),
    ("STEPS", "{ wait: 10s }, { SMS }"),
    ("STEPS", "{ wait_until: { at: '25:00' } }, { SMS }"),
    ("STEPS", "{ wait_until: { weekdays: [monday] } }, { SMS }"),
    ("STEPS", "{ wait_until: { at: '10:00', weekdays: [mondy] } }, { SMS }"),
    ("STEPS", "{ wait_until: { date: { trait: interview_at, days: -1 } } }, { SMS }"),
    ("STEPS", "{ wait_until: { date: { days: -1, at: '18:00' } } }, { SMS }"),
    ("STEPS", "{ wait_until: { at: '10:00', when_passed: exit } }, { SMS }"),
    ("STEPS", "{ wait_until: { date: { trait: interview_at, before: 2h }, when_passed: skip } }, { SMS }"),
    ("STEPS", "{ wait_for: { within: 3d } }, { SMS }"),
    ("STEPS", "{ wait_for: { event: Order Completed } }, { SMS }"),
    ("STEPS", "{ SMS }, { wait_for: { event: Order Completed, when: { clicked: hello }, within: 3d } }"),
    ("STEPS", "{ SMS }, { wait_for: { when: { clicked: helo }, within: 3d } }"),
    ("STEPS", "{ SMS }, { branch: [{ name: a, when: { clicked_link: { step: hello, link: shop } } }] }"),
    ("STEPS", "{ SMS }, { branch: [{ name: a, when: { replied_with: { step: hello, one_of: [] } } }] }"),
    ("STEPS", "{ branch: [{ name: a, when: { clicked: hello } }] }, { SMS }"),
    ("STEPS", "{ branch: [] }, { SMS }"),
    ("STEPS", "{ branch: [{ name: a, when: { in_audience: vip } }, { name: a }] }, { SMS }"),
    // Unreachable.
    ("STEPS", "{ branch: [{ name: a }, { name: b, when: { in_audience: vip } }] }, { SMS }"),
    (
        "STEPS",
        "{ branch: [{ name: a, when: { in_audience: vip } }, { name: b, when: { in_audience: vip } }] }, { SMS }",
    ),
    ("STEPS", "exit, { SMS }"),
    (
        "STEPS",
        "{ branch: [{ name: a, when: { in_audience: vip }, steps: [exit] }, { name: b, steps: [exit] }] }, { SMS }",
    ),
    ("STEPS", "{ branch: [{ name: a, when: { all: [] } }] }, { SMS }"),
    ("STEPS", "{ split: [{ name: a, steps: [{ SMS }] }] }"),
    ("STEPS", "{ split: [{ name: a, weight: 0 }, { name: b, steps: [{ SMS }] }] }"),
    ("STEPS", "{ set: { trait: '', to: 1 } }, { SMS }"),
    // Texts.
    ("STEPS", "{ sms: { name: hello, text: '{{ sendr }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ links.shop }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender } {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ customer.name | samaa }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {% if customer.vip %} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '10% OFF {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} 10% OFF' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ optout }}', at_most_parts: 0 } }"),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ sender }} {{ optout }}', links: { shop: shop.example.jp } } }",
    ),
    ("STEPS", "{ email: { name: letter, text: '{{ sender }} {{ optout }}' } }"),
    ("STEPS", "{ notify: { name: call, subject: Lead, text: '{{ customer.name }}' } }"),
    (
        "STEPS",
        "{ sms: { name: hello, text: { ja: '{{ sendr }} {{ x | samaa }} {{ y | yeen }} {{ links.shp }} {{ optout }}', en: '{{ customer.name | smaa }} {{ sender' }, links: { shop: https://shop.example.jp } } }",
    ),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ sender }} {{ optout }}', links: { shop: https://shop.example.jp } } }",
    ),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ event.order_id }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ shop.fone }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ shop.opening_hours }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ forms.emial }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ forms }} {{ optout }}' } }"),
    ("STEPS", "{ SMS }, { sms: { name: again, text: '{{ sender }} {{ steps.helo.reply }} {{ optout }}' } }"),
    ("STEPS", "{ SMS }, { sms: { name: again, text: '{{ sender }} {{ steps.hello.sent }} {{ optout }}' } }"),
    ("STEPS", "{ SMS }, { sms: { name: again, text: '{{ sender }} {{ steps[\"hello\"] }} {{ optout }}' } }"),
    (
        "STEPS",
        "{ SMS }, { sms: { name: again, text: '{{ sender }} {% if steps.again.clicked %}!{% endif %} {{ optout }}' } }",
    ),
    (
        "STEPS",
        "{ split: [{ name: a, steps: [{ SMS }] }, { name: b, steps: [{ sms: { name: again, text: '{{ sender }} {{ steps.hello.reply }} {{ optout }}' } }] }] }",
    ),
    (
        "STEPS",
        "{ webhook: { name: crm, url: https://crm.example.jp/hooks } }, { sms: { name: hello, text: '{{ sender }} {{ steps.crm.sent_at }} {{ optout }}' } }",
    ),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ sender.name }} {{ optout }}' } }"),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ shop.name.kana }} {{ shop.name }} {{ customer.id.x }} {{ customer.rank.gold }} {{ optout }}' } }",
    ),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ customer | sama }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {% include \"footer\" %} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {{ off }}{% assign off = 10 %} {{ optout }}' } }"),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ sender }} {% for x in customer.interests %}{{ x }}{% endfor %} {{ forloop.index }} {{ optout }}' } }",
    ),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ sender }} {{ customer.points | divided_by: 0 }} {{ optout }}' } }",
    ),
    ("STEPS", "{ sms: { name: hello, text: '{{ customer.sales_name | default: sender }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender | truncate: 0 }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{% assign sender = 1 %}{{ sender }} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {% break %} {{ optout }}' } }"),
    ("STEPS", "{ sms: { name: hello, text: '{{ sender }} {% comment %}{% endif %}STOP{% endcomment %}' } }"),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ sender }} {{ links.shop.url }} {{ optout }}', links: { shop: 'https://shop.example.jp' } } }",
    ),
    (
        "STEPS",
        "{ SMS }, { sms: { name: again, text: '{{ sender }} {{ steps.hello.sent_at.day }} {{ steps.hello.reply.x | default: 1 }} {{ optout }}' } }",
    ),
    (
        "STEPS",
        "{ sms: { name: hello, text: '{{ sender }} {{ event.id | default: 0 }} {{ event.id }} {{ optout }}' } }",
    ),
    ("STEPS", "{ notify: { name: call, to: sales, subject: Lead, text: '{{ customer.name }}' } }"),
    // The journey itself.
    ("purpose: marketing", "purpose: ads"),
    ("enter: { segment: new }", "enter: { segmnt: new }"),
    ("enter: { segment: new }", "enter: { segment: nwe }"),
    ("enter: { segment: new }", "enter: { birthday: '24:00' }"),
    ("enter: { segment: new }", "enter: { schedule: { at: '10:00', days: [32] } }"),
    ("enter: { segment: new }", "enter: { campaign: { segment: new, at: tomorrow } }"),
    (
        "enter: { segment: new }",
        "enter: { date: { trait: interview_at, days: -1, at: '18:00', before: 2h } }",
    ),
    ("enter: { segment: new }", "enter: { event: { name: '', key: order_id } }"),
    ("enter: { segment: new }", "enter: { event: '' }"),
    ("enter: { segment: new }", "enter: { event: [Order Completed] }"),
    ("enter: { segment: new }", "enter: { event: { name: Order Completed, kye: order_id } }"),
    ("reentry: never", "reentry: per_key"),
    ("reentry: never", "reentry: { after_days: -1 }"),
    ("reentry: never", "priority: 1"),
    ("reentry: never", "reentry: never, holdout_percent: 90"),
    (
        "reentry: never",
        "reentry: never, goal: { name: Order Completed, where: [{ name: yen, at_least: 5, at_most: 3 }] }",
    ),
    ("reentry: never", "reentry: never, exit: { clicked: helo }"),
    ("reentry: never", "reentry: never, exit: { in_segment: new }"),
    (
        "enter: { segment: new }",
        "enter: { left_segment: new }, exit: { any: [{ in_audience: vip }, { not: { in_segment: new } }] }",
    ),
    (
        "enter: { segment: new }",
        "enter: { campaign: { segment: new, at: 2026-12-01T10:00 } }, exit: { in_segment: new }",
    ),
    ("reentry: never", "reentry: never, policy: { hours: { from: '20:00', until: '09:00' } }"),
    ("reentry: never", "reentry: never, policy: { hours: { from: '21:00', until: '23:00' } }"),
    (
        "reentry: never",
        "reentry: never, policy: { hours: { from: '22:00', until: '23:00' }, reminds_of_payment: true }",
    ),
    ("reentry: never", "reentry: never, policy: { caps: [{ at_most: 0, within_days: 7 }] }"),
    ("reentry: never", "reentry: never, policy: { budget_yen_per_month: 0 }"),
    ("reentry: never", "reentry: never, when_late: drop"),
];

fn written(part: &str, wrong: &str) -> String {
    let journey = RIGHT.replace(part, wrong).replace("STEPS", "{ SMS }");
    journey.replace("{ SMS }", &format!("{{ {SMS} }}"))
}

/// What is wrong with a journey by itself, or else beside a shop and a segment.
fn told(yaml: &str) -> Vec<String> {
    let mistakes = read(yaml).err().unwrap_or_else(|| {
        let new = "segment: { name: new, when: { event: { name: Signed Up } } }";
        let shop = "shop: { time_zone: Asia/Tokyo, details: { phone: 03-1234-5678 } }";
        let versions = [yaml, new, shop].map(|yaml| version(yaml, 1));
        let unsaid = Definitions::gather(&versions, key()).unwrap().unsaid();
        let unsaid = unsaid.iter().map(Dangling::mistake);
        Definitions::new(&versions, key()).err().into_iter().flatten().chain(unsaid).collect()
    });
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn without_a_mistake_nothing_is_said() {
    assert_eq!(told(&written("STEPS", "{ SMS }")), Vec::<String>::new());
}

#[test]
fn every_mistake_is_told() {
    let mut all = String::new();
    for (part, wrong) in MISTAKES {
        let told = told(&written(part, wrong));
        assert!(!told.is_empty(), "nothing is said of {wrong}");
        let wrong = wrong.replace("{ SMS }", "…");
        writeln!(
            all,
            "{}\n    {}",
            if wrong.is_empty() { "(no steps)" } else { &wrong },
            told.join("\n    ")
        )
        .unwrap();
    }
    assert!(MISTAKES.len() >= 40);
    assert_snapshot!(all);
}
