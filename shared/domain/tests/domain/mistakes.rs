//! Mistakes in definitions: each says what is wrong, where, and what would be right.

use domain::customer::Customer;
use domain::definitions::{Definitions, Version, read};
use domain::names::CustomerId;
use domain::step::step;
use domain::time::Timestamp;
use insta::assert_snapshot;

use crate::{key, version};

/// Win-back in one language, as a shop writes it: where something stands in it is not moved by the library.
const WIN_BACK: &str = include_str!("win_back_ja.yaml");
/// Who lapsed, in as many words as it takes to slip in each.
const LAPSED: &str = "# yaml-language-server: $schema=../tsunagi.schema.json
# Bought at least once, and the last purchase is 180 days of 24 hours ago or longer.
segment:
  name: lapsed
  title: 離反 / Lapsed
  when:
    all:
      - event: { name: Order Completed }
      - no_event: { name: Order Completed, for_days: 180 }
";
const SHOP: &str = include_str!("../../../../infra/local/scenarios/win-back/shop.yaml");

/// The mistakes of the definition after a slip of the pen.
fn slip(yaml: &str, right: &str, wrong: &str) -> String {
    assert!(yaml.contains(right), "`{right}` is not in the definition");
    let mistakes = read(&yaml.replacen(right, wrong, 1)).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The mistakes of definitions that are right each by itself.
fn together(yamls: &[&str]) -> String {
    let versions: Vec<_> = yamls.iter().map(|yaml| version(yaml, 1)).collect();
    let mistakes = Definitions::new(&versions, key()).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_scenario_is_right() {
    assert!([WIN_BACK, LAPSED, SHOP].into_iter().all(|yaml| read(yaml).is_ok()));
}

#[test]
fn a_wrong_key() {
    assert_snapshot!(slip(WIN_BACK, "  steps:\n    - sms", "  setps:\n    - sms"), @"11:3: `setps` is not known here; did you mean `steps`?");
}

#[test]
fn a_wrong_kind_of_step() {
    assert_snapshot!(slip(WIN_BACK, "- wait: 3d", "- wiat: 3d"), @"16:7: `wiat` is not known here; did you mean `wait`?");
}

#[test]
fn a_wrong_kind_of_definition() {
    assert_snapshot!(slip(WIN_BACK, "journey:", "jorney:"), @"3:1: `jorney` is not known here; did you mean `journey`? There are: segment, journey, shop, list, providers");
}

#[test]
fn a_wrong_length_of_time() {
    assert_snapshot!(slip(WIN_BACK, "wait: 3d", "wait: three days"), @"16:13: `three days` is not a length of time; write it as 3d, 12h, 30m or 1d 12h");
}

#[test]
fn a_wait_out_of_range() {
    assert_snapshot!(slip(WIN_BACK, "wait: 3d", "wait: 30s"), @"16:13: `30s` is out of range; a wait is whole minutes, from 1m to 1098d");
}

#[test]
fn a_wrong_name() {
    assert_snapshot!(slip(WIN_BACK, "name: win-back", "name: Win Back"), @"4:9: `Win Back` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`");
}

#[test]
fn no_word_on_reentry() {
    assert_snapshot!(slip(WIN_BACK, "  reentry: { after_days: 365 }\n", ""), @"90:3: missing field `reentry`: say how often a customer may begin the journey: `never`, `{ after_days: 365 }`, `{ at_most: { times: 3, within_days: 365 } }` or `per_key`");
}

#[test]
fn a_bracket_that_is_left_open() {
    assert_snapshot!(slip(WIN_BACK, "enter: { segment: lapsed }", "enter: { segment: lapsed"), @"
    7:21: `lapsed allowed` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`
    8:10: a `,` or `}` is missing before this; put a text that holds `:` or `,` in quotes
    ");
}

#[test]
fn an_unknown_link() {
    assert_snapshot!(slip(WIN_BACK, "{{ links.cart }}", "{{ links.card }}"), @"61:29: steps[4].branch[1].steps[2].wait_for.then[1].sms.text: there is no link `card`; did you mean `cart`?");
}

#[test]
fn an_unknown_variable() {
    let name = "{{ customer.name | default: 'お客さま' }}様 {{ sender }}より";
    assert_snapshot!(slip(WIN_BACK, name, "{{ custmer.name | default: 'お客さま' }}様 {{ sender }}より"), @"14:15: steps[0].sms.text: there is no variable `custmer`; did you mean `customer`?");
    assert_snapshot!(slip(WIN_BACK, name, "{{ name }}様 {{ sender }}より"), @"14:15: steps[0].sms.text: there is no variable `name`; there are: customer, event, forms, links, optout, sender, shop, steps");
    assert_snapshot!(slip(WIN_BACK, "\"{{ customer.name | default: 'お客さま' }}様、お元気ですか", "\"{{ customr.name }}様、お元気ですか"), @"19:18: steps[2].email.subject: there is no variable `customr`; did you mean `customer`?");
}

/// A misspelt variable skips people, but their enrollments go on.
#[test]
fn a_misspelt_variable_that_was_accepted_still_reads() {
    let yaml = WIN_BACK.replacen("{{ customer.name", "{{ custmer.name", 1);
    assert!(read(&yaml).is_err());
    let win_back = Version { yaml, ..version(WIN_BACK, 1) };
    assert!(Definitions::new(&[win_back, version(LAPSED, 1), version(SHOP, 1)], key()).is_ok());
}

#[test]
fn an_unknown_step() {
    assert_snapshot!(slip(WIN_BACK, "{ clicked: hello }", "{ clicked: helo }"), @"33:25: steps[4].branch[0].when.all[0]: there is no step `helo`; did you mean `hello`?");
}

#[test]
fn a_way_without_a_condition_before_the_last() {
    assert_snapshot!(slip(WIN_BACK, "          when: { clicked: hello }\n", ""), @"40:11: steps[4].branch[1]: only the last way can go without `when`: the ones after it would never be taken");
}

#[test]
fn a_broken_text() {
    assert_snapshot!(slip(WIN_BACK, "{{ sender }}です。10%", "{{ sender です。10%"), @"38:23: steps[4].branch[0].steps[1].sms.text: the text is broken at its 1:4: expected Literal; variables are written {{ customer.name }}");
}

#[test]
fn an_advertisement_without_sender_or_way_out() {
    let text = "{{ sender }}です。10%引の券はあと3日です {{ links.shop }} 停止はSTOP返信";
    assert_snapshot!(slip(WIN_BACK, text, "券はあと3日 {{ links.shop }}"), @r#"
    38:23: steps[4].branch[0].steps[1].sms.text: an advertisement names its sender (特定電子メール法 art. 4): add {{ sender }}, outside of {% if %}
    38:23: steps[4].branch[0].steps[1].sms.text: an advertisement says how to opt out (特定電子メール法 art. 4): add {{ optout }}, or a word to reply with such as STOP, outside of {% if %}
    "#);
}

#[test]
fn a_way_out_that_is_none() {
    let stop = |way_out: &str| {
        if way_out.contains("links.stop") { "stop: \"https://shop.example.jp/stop\", " } else { "" }
    };
    for (way_out, accepted) in [
        ("停止はＳＴＯＰ返信", true),
        ("配信停止は「停止」と返信", true),
        ("{{ optout }}", true),
        ("NONSTOPセール", false),
        ("営業停止", false),
        ("{% if customer.vip %}停止はSTOP返信 {{ optout }}{% endif %}", false),
        ("{{ links.stop }}", false),
    ] {
        let linked = WIN_BACK.replacen("links: { shop:", &format!("links: {{ {}shop:", stop(way_out)), 1);
        let mistakes = read(&linked.replacen("停止はSTOP返信", way_out, 1)).err().unwrap_or_default();
        assert_eq!(mistakes.is_empty(), accepted, "{way_out}: {mistakes:?}");
        for mistake in mistakes {
            assert!(mistake.to_string().starts_with("14:15: steps[0].sms.text: "), "{way_out}: {mistake}");
            assert!(mistake.what.contains("add {{ optout }}, or a word to reply with such as STOP"));
        }
    }
}

#[test]
fn an_e_mail_that_offers_a_reply_as_the_way_out() {
    assert_snapshot!(slip(WIN_BACK, "配信の停止: {{ optout }}", "停止はSTOP返信"), @"21:11: steps[2].email.text: an advertisement says how to opt out (特定電子メール法 art. 4): add {{ optout }}, outside of {% if %}; not every provider passes on what is replied to an e-mail");
}

#[test]
fn html_without_sender_or_way_out() {
    let html = "        html: \"<p>{{ links.shop }}</p>\"\n        links: { shop: \"https://shop.example.jp/letter\" }";
    assert_snapshot!(slip(WIN_BACK, "        links: { shop: \"https://shop.example.jp/letter\" }", html), @r#"
    29:15: steps[2].email.html: an advertisement names its sender (特定電子メール法 art. 4): add {{ sender }}, outside of {% if %}
    29:15: steps[2].email.html: an advertisement says how to opt out (特定電子メール法 art. 4): add {{ optout }}, outside of {% if %}; not every provider passes on what is replied to an e-mail
    "#);
    let right =
        html.replace("{{ links.shop }}", "{{ sender }} {{ links.shop }} <a href='{{ optout }}'>停止</a>");
    let yaml = WIN_BACK.replacen("        links: { shop: \"https://shop.example.jp/letter\" }", &right, 1);
    assert!(read(&yaml).is_ok());
}

/// What the law asks may grow; what was accepted before it did still reads.
#[test]
fn the_law_is_for_what_is_new() {
    let yaml = WIN_BACK.replacen("停止はSTOP返信", "", 1);
    assert!(read(&yaml).is_err());
    let win_back = Version { yaml, ..version(WIN_BACK, 1) };
    let stored = [win_back, version(LAPSED, 1), version(SHOP, 1)];
    assert!(Definitions::new(&stored, key()).is_ok());
}

#[test]
fn a_notice_needs_no_way_out() {
    let yaml = WIN_BACK.replacen("marketing", "transactional", 1).replacen("停止はSTOP返信", "", 1);
    assert!(read(&yaml).is_ok());
}

#[test]
fn who_is_allowed_cannot_depend_on_messages() {
    assert_snapshot!(slip(WIN_BACK, "{ not: { in_audience: cards-only } }", "{ not: { clicked: hello } }"), @"8:19: allowed.not: who is allowed to begin does not know the step `hello`; messages can be asked about by the steps after it and by `exit`");
}

#[test]
fn a_segment_that_asks_about_messages_and_nothing() {
    assert_snapshot!(slip(LAPSED, "- event: { name: Order Completed }", "- clicked: hello\n      - any: []"), @r#"
    8:9: when.all[0]: a segment does not know the step `hello`; messages can be asked about by the steps after it and by `exit`
    9:14: when.all[1].any: an empty list of conditions; name at least one
    "#);
}

#[test]
fn days_that_are_none() {
    assert_snapshot!(slip(LAPSED, "for_days: 180", "for_days: 0"), @"9:54: when.all[1].no_event.for_days: goes from 1 to 36525 days");
}

#[test]
fn hours_that_permit_nothing() {
    assert_snapshot!(slip(SHOP, "from: \"09:00\", until: \"20:00\"", "from: \"20:00\", until: \"09:00\""), @"5:12: policy.hours: no minute is permitted; `from` is earlier than `until`, such as 09:00 and 20:00");
}

#[test]
fn a_time_of_day_that_is_none() {
    assert_snapshot!(slip(SHOP, "\"09:00\"", "\"9am\""), @"5:20: `9am` is not a time of day; write it as 09:00, from 00:00 to 24:00");
}

#[test]
fn a_zone_that_is_none() {
    assert_snapshot!(slip(SHOP, "Asia/Tokyo", "Asia/Edo"), @"3:14: time_zone: `Asia/Edo` is not a time zone; write it as Asia/Tokyo");
}

#[test]
fn an_unknown_segment() {
    let typo = WIN_BACK.replacen("segment: lapsed", "segment: laped", 1);
    assert_snapshot!(together(&[&typo, LAPSED]), @"journey win-back: enter.segment: there is no segment `laped`; did you mean `lapsed`?");
}

#[test]
fn an_unknown_list() {
    let segment = "segment: { name: guests, when: { in_list: invted } }";
    let list = "list: { name: invited, ids: [] }";
    assert_snapshot!(together(&[segment, list]), @"segment guests: there is no list `invted`; did you mean `invited`?");
}

#[test]
fn segments_in_a_circle() {
    let one = "segment: { name: one, when: { in_segment: two } }";
    let two = "segment: { name: two, when: { not: { in_segment: three } } }";
    let three =
        "segment: { name: three, when: { any: [{ in_segment: one }, { event: { name: Page Viewed } }] } }";
    assert_snapshot!(together(&[one, two, three]), @r#"
    segment one: its condition leads back to itself; break the circle of `in_segment`
    segment three: its condition leads back to itself; break the circle of `in_segment`
    segment two: its condition leads back to itself; break the circle of `in_segment`
    "#);
}

#[test]
fn a_webhook_that_leads_nowhere_good() {
    let hook = |hook: &str| {
        let steps = "{ sms: { name: hello, text: hello } }";
        let yaml = format!(
            "journey: {{ name: j, purpose: transactional, enter: request, reentry: never, steps: [\n  {steps},\n  {{ webhook: {hook} }}] }}"
        );
        let mistakes = read(&yaml).unwrap_err();
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(
        [
            hook("{ name: crm, url: http://crm.example.jp/hooks }"),
            hook("{ name: crm, url: 'https://{{ customer.host }}/hooks' }"),
            hook("{ name: crm, url: crm.example.jp }"),
            hook("{ name: crm }"),
            hook("{ name: hello, url: https://crm.example.jp/hooks }"),
            hook("{ name: crm, url: https://crm.example.jp/hooks, traits: [name, phone, name, ''] }"),
            hook("{ name: crm, url: https://crm.example.jp/hooks, trait: [name] }"),
            hook("{ name: crm, url: https://crm.example.jp/hooks } }, { branch: [{ name: a, when: { delivered: crm } }, { name: b }]"),
        ]
        .join("\n"),
        @"
    3:32: `http://crm.example.jp/hooks` is no address for a webhook: what it says would travel unencrypted; write it as https://shop.example.jp/hooks (http:// only to localhost)
    3:32: `https://{{ customer.host }}/hooks` is no address for a webhook: it is the same for every customer, without variables; write it as https://shop.example.jp/hooks (http:// only to localhost)
    3:32: `crm.example.jp` is no address for a webhook: it can't be read; write it as https://shop.example.jp/hooks (http:// only to localhost)
    3:16: missing field `url`
    3:22: steps[1].webhook.name: the name `hello` is taken by an earlier step; choose another
    3:84: steps[1].webhook.traits[2]: `name` stands here twice; keep one of them
    3:90: steps[1].webhook.traits[3]: the name is empty; name a trait
    3:62: `trait` is not known here; did you mean `traits`? There are: name, url, traits
    3:94: steps[2].branch[0].when: `crm` is a webhook, of which nothing can be asked; name a message
    "
    );
}

/// Conditions within conditions within conditions: refused, or taken and evaluated, but never the end of the process.
#[test]
fn however_deep_it_is() {
    for depth in [10, 100, 1_000, 10_000] {
        let (open, close) = ("{ not: ".repeat(depth), " }".repeat(depth));
        let yaml = format!("segment: {{ name: deep, when: {open}{{ trait: {{ name: vip }} }}{close} }}");
        if read(&yaml).is_ok() {
            let definitions = Definitions::new(&[version(&yaml, 1)], key()).unwrap();
            let nobody = Customer::new(CustomerId::parse("1").unwrap());
            let stepped = step(&nobody, &[], Timestamp::default(), &definitions);
            assert_eq!(stepped.customer.segments.len(), usize::from(depth % 2 == 1));
        }
    }
}
