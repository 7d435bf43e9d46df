//! Many mistakes in one definition: all are told at once, each at its line, and none that another one only causes.

use domain::definition::DEFINITION_BYTES;
use domain::definitions::read;
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::cases;

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
const CARD: &str = include_str!("../../../../infra/local/scenarios/win-back/birthday-card.yaml");

/// What is right, what was written in its place, and what is said of it. None adds a line or takes one away.
type Slip = (&'static str, &'static str, &'static str);

const WIN_BACK_SLIPS: &[Slip] = &[
    ("name: win-back", "name: Win Back", "`Win Back` is not a name"),
    ("purpose: marketing", "purpose: markting", "did you mean `marketing`?"),
    ("enter: { segment:", "enter: { segmnt:", "did you mean `segment`?"),
    ("allowed: { not", "alowed: { not", "did you mean `allowed`?"),
    ("in_audience: cards-only } }", "in_audience: Cards } }", "`Cards` is not a name"),
    ("after_days: 365", "after_days: soon", "a whole number from 0 on belongs here"),
    ("goal: Order Completed", "gaol: Order Completed", "did you mean `goal`?"),
    ("  steps:\n    - sms", "  setps:\n    - sms", "did you mean `steps`?"),
    ("name: hello", "name: Hello", "`Hello` is not a name"),
    ("\"https://shop.example.jp/welcome-back\"", "shop.example.jp", "is no web address"),
    ("- wait: 3d", "- wait: three days", "`three days` is not a length of time"),
    ("- email:\n        name: letter", "- emial:\n        name: letter", "did you mean `email`?"),
    ("subject: \"{{ customer.name", "subject: \"{{ custmer.name", "did you mean `customer`?"),
    ("links: { shop: \"https://shop.example.jp/letter\" }", "links: 3", "keys belong here"),
    ("- wait: 4d", "- wiat: 4d", "did you mean `wait`?"),
    ("name: click, no response", "name: [click]", "a text belongs here"),
    ("all: [{ clicked: hello }", "all: [{ clicked: helo }", "there is no step `helo`"),
    ("{{ sender }}です。10%", "{{ sender です。10%", "the text is broken"),
    ("name: nudge", "nmae: nudge", "did you mean `name`?"),
    ("name: click and response", "name: \"\"", "is no name for a way"),
    ("event: Checkout Started", "evnt: Checkout Started", "did you mean `event`?"),
    ("within: 14d", "within: 14x", "`14x` is not a length of time"),
    ("- wait: 1h", "- wait: 1s", "`1s` is out of range"),
    ("{{ links.cart }}", "{{ links.card }}", "there is no link `card`; did you mean `cart`?"),
    ("when: { responded: letter }", "when: { resp: letter }", "`resp` is not known here"),
    ("- add_to_audience: cards-only", "- add_to_audience: [cards-only]", "a text belongs here"),
    ("# An order of the time", "reentry: never #", "`reentry` stands here twice"),
    ("# No more campaigns; the", "- colour: red #", "`colour` is not known here"),
    ("in_segment: lapsed", "in_segmet: lapsed", "did you mean `in_segment`?"),
];

const LAPSED_SLIPS: &[Slip] = &[
    ("name: lapsed", "nme: lapsed", "did you mean `name`?"),
    ("title:", "titel:", "did you mean `title`?"),
    ("when:", "wehn:", "did you mean `when`?"),
    ("- event:", "- evnet:", "did you mean `event`?"),
    ("for_days: 180", "for_days: -3", "a whole number from 0 on belongs here"),
    ("no_event: { name:", "no_event: { naem:", "did you mean `name`?"),
];

const SHOP_SLIPS: &[Slip] = &[
    ("Asia/Tokyo", "Asia/Edo", "`Asia/Edo` is not a time zone"),
    ("policy:", "plicy:", "did you mean `policy`?"),
    ("hours:", "hurs:", "did you mean `hours`?"),
    ("\"09:00\"", "9am", "`9am` is not a time of day"),
    ("until:", "untl:", "did you mean `until`?"),
    ("caps:", "cpas:", "did you mean `caps`?"),
    ("sms", "fax", "`fax` is not known here"),
    ("at_most: 4", "at_most: four", "a whole number from 0 on belongs here"),
    ("within_days", "within_dayz", "did you mean `within_days`?"),
];

const CARD_SLIPS: &[Slip] = &[
    ("\"10:00\"", "\"24:00\"", "24:00 is the next day"),
    ("times: 3", "times: 13", "`times` goes from 1 to 12"),
    ("name: card", "name: {}", "a text belongs here"),
    ("wait: 14d", "wait: ~", "nothing is written here"),
];

/// The line on which the first part stands.
fn line_of(yaml: &str, part: &str) -> usize {
    let (before, _) = yaml.split_once(part).unwrap();
    before.matches('\n').count() + 1
}

/// Makes the slips, and checks that exactly they are told.
fn all_are_told(yaml: &str, slips: &[Slip]) {
    let mut wrong = yaml.to_owned();
    for (right, slip, _) in slips {
        assert!(wrong.contains(right), "`{right}` is not in the definition");
        wrong = wrong.replacen(right, slip, 1);
    }
    let mistakes = read(&wrong).err().unwrap_or_default();
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    for (_, slip, said) in slips {
        let line = format!("{}:", line_of(&wrong, slip));
        let found = told.iter().any(|told| told.starts_with(&line) && told.contains(said));
        assert!(found, "{line} `{said}` is not among\n{}\nof\n{wrong}", told.join("\n"));
    }
    assert_eq!(told.len(), slips.len(), "{}\nof\n{wrong}", told.join("\n"));
}

#[test]
fn each_alone_and_all_together() {
    let definitions =
        [(WIN_BACK, WIN_BACK_SLIPS), (LAPSED, LAPSED_SLIPS), (SHOP, SHOP_SLIPS), (CARD, CARD_SLIPS)];
    for (yaml, slips) in definitions {
        for slip in slips {
            all_are_told(yaml, &[*slip]);
        }
        all_are_told(yaml, slips);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_of_them_are_told_at_once(
        journey in subsequence(WIN_BACK_SLIPS.to_vec(), 0..=WIN_BACK_SLIPS.len()),
        segment in subsequence(LAPSED_SLIPS.to_vec(), 0..=LAPSED_SLIPS.len()),
        shop in subsequence(SHOP_SLIPS.to_vec(), 0..=SHOP_SLIPS.len()),
    ) {
        all_are_told(WIN_BACK, &journey);
        all_are_told(LAPSED, &segment);
        all_are_told(SHOP, &shop);
    }

    /// Whatever is written, it is read to the end, and every place is one of the text.
    #[test]
    fn any_text_is_read_to_the_end(text in "[a-z:{}\\[\\]&*!?|>'\"#%@`,. \n\t-]{0,200}") {
        for mistake in read(&text).err().unwrap_or_default() {
            let line: usize = mistake.place.split(':').next().unwrap().parse().unwrap();
            prop_assert!(line <= text.matches('\n').count() + 2, "{mistake} of {text}");
        }
    }

    /// Definitions with parts left out, doubled and swapped.
    #[test]
    fn a_definition_in_pieces_is_read_to_the_end(cuts in prop::collection::vec((0..2_000_usize, 0..60_usize), 0..6)) {
        let mut characters: Vec<char> = WIN_BACK.chars().collect();
        for (at, length) in cuts {
            let at = at % characters.len();
            let end = (at + length).min(characters.len());
            let taken: Vec<char> = characters.drain(at..end).collect();
            if length % 2 == 0 {
                let to = (at * 7) % (characters.len() + 1);
                characters.splice(to..to, taken);
            }
        }
        let _ = read(&characters.into_iter().collect::<String>());
    }
}

#[test]
fn what_is_missing_is_told_together() {
    let yaml =
        "journey:\n  name: hello\n  steps:\n    - sms: { name: hello }\n    - wait_for: { then: [] }\n";
    let told = read(yaml).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told, @"
    3:3: missing field `enter`
    3:3: missing field `purpose`
    3:3: missing field `reentry`: say how often a customer may begin the journey: `never`, `{ after_days: 365 }`, `{ at_most: { times: 3, within_days: 365 } }` or `per_key`
    4:14: missing field `text`
    5:19: missing field `within`
    ");
}

#[test]
fn two_definitions_in_one_file() {
    let told =
        |yaml: &str| read(yaml).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told("segment: { name: one, when: { any: [] } }\nshop: { time_zone: Asia/Tokyo }\n"), @"2:1: a second definition; move `shop` to a file of its own");
    assert_snapshot!(told("shop: { time_zone: Asia/Tokyo }\n---\nshop: { time_zone: Asia/Tokyo }\n"), @"3:1: a second definition; move it to a file of its own");
    assert_snapshot!(told(""), @"1:1: nothing is written here; a definition begins with `segment:`, `journey:`, `shop:` or `list:`");
    assert_snapshot!(told("# nothing\n"), @"2:1: nothing is written here; a definition begins with `segment:`, `journey:`, `shop:` or `list:`");
    assert_snapshot!(told("population: { of: everyone }\n"), @"1:1: `population` is not known here; there are: segment, journey, shop, list, providers");
    assert_snapshot!(told("- segment"), @"1:1: a word, or a key with its value, belongs here");
}

/// What those who write in Japanese slip over most, and those who meet YAML for the first time.
#[test]
fn slips_of_every_day() {
    let told =
        |yaml: &str| read(yaml).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told("segment:\n  name: a\n  when:\n    - event: { name: A }\n    - trait: { name: b }\n"), @"4:5: a list of conditions; begin with `all:` or `any:`, and put the list under it");
    assert_snapshot!(told("segment:\n  name: a\n  when:\n    not:\n      - event: { name: A }\n"), @"5:7: a list of conditions; begin with `all:` or `any:`, and put the list under it");
    assert_snapshot!(told("segment:\n  name: a\n  when:\n    all:\n      - - event: { name: A }\n"), @"5:9: a list of conditions; begin with `all:` or `any:`, and put the list under it");
    assert_snapshot!(told("segment:\nname: a\nwhen: { in_audience: x }\n"), @"
    2:1: `name` belongs to `segment`; indent it, and what it holds, by two spaces
    3:1: `when` belongs to `segment`; indent it, and what it holds, by two spaces
    ");
    assert_snapshot!(told("segment:\n  name: a\nwhen: { in_audience: x }\n"), @"3:1: `when` belongs to `segment`; indent it, and what it holds, by two spaces");
    assert_snapshot!(told("segment:\n  name: a\n  when: { in_audience: x }\ncolour: red\n"), @"4:1: `colour` is not known here; what belongs to `segment` is indented by two spaces");
    assert_snapshot!(told("segment:\n\u{3000}name: a\n\u{3000}whne: { in_audience: x }\n"), @"
    2:1: a full-width space (U+3000) as indentation; indent with plain spaces, two for each
    3:1: a full-width space (U+3000) as indentation; indent with plain spaces, two for each
    3:2: `whne` is not known here; did you mean `when`? There are: name, title, description, when
    ");
    assert_snapshot!(told("segment:\n  name: a\n\u{3000}when:\n\u{3000}\u{3000}all:\n\u{3000}\u{3000}\u{3000}- in_audience: x\n"), @"
    3:1: a full-width space (U+3000) as indentation; indent with plain spaces, two for each
    4:1: a full-width space (U+3000) as indentation; indent with plain spaces, two for each
    5:1: a full-width space (U+3000) as indentation; indent with plain spaces, two for each
    ");
    assert_snapshot!(told("segment：\n  name：a\n  when: { in_audience：X }\n"), @"
    1:8: a full-width colon (`：`) after a key; write `: `
    2:7: a full-width colon (`：`) after a key; write `: `
    3:22: a full-width colon (`：`) after a key; write `: `
    3:23: `X` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`
    ");
    assert_snapshot!(told("segment:\n  name: a\n  when：\n    in_audience: x\n"), @"3:7: a full-width colon (`：`) after a key; write `: `");
    assert_snapshot!(told("segment:\n  name: a\n  description: これは: だめ\n  when: { in_audience: x }\n"), @r#"3:19: a second `: ` on one line; put a text that holds one in quotes: "…""#);
    assert_snapshot!(told("segment:\n  name: a\n   when: { in_audience: x }\n"), @"
    2:9: `a when` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`
    3:8: this line stands further in or out than its neighbours; begin it as far in as the keys beside it
    ");
    assert_snapshot!(told("segment:\n  name: a\n  when: { trait: { name: a, is: これは: だめ } }\n"), @"3:36: a `,` or `}` is missing before this; put a text that holds `:` or `,` in quotes");
    assert_snapshot!(told("segment:\n\tname: a\n"), @"2:2: a tab; indent with spaces");
    assert_snapshot!(told("segment:\n  name: a\n  description: @x\n  when: { in_audience: x }\n"), @"3:16: a text cannot begin with this character; put it in quotes");
    assert_snapshot!(told("segment:\n  name: a\n  description: *x\n  when: { in_audience: x }\n"), @"3:16: a text cannot begin with `*`; put it in quotes");
    assert_snapshot!(told("segment:\n  name: a\n  when: { reachable: SMS }\n"), @"3:22: `SMS` is not known here; did you mean `sms`? There are: sms, email, line");
    assert_snapshot!(told("segment:\n  name: a\n  when: { reachable: fax }\n"), @"3:22: `fax` is not known here; there are: sms, email, line");
    assert_snapshot!(told("list: &l\n  name: x\n  ids: [*l]\n"), @"3:9: `*name` repeats itself without end; write out what is meant");
    let deep = format!(
        "segment: {{ name: deep, when: {}{{ in_audience: a }}{} }}",
        "{ not: ".repeat(70),
        " }".repeat(70)
    );
    assert_snapshot!(told(&deep), @"1:464: nested too deep; at most 64 levels. Make a segment of a part of it, and ask for that with `in_segment`");
    let doubled =
        (1..9).map(|level| format!("  k{level}: &k{level} [{}]\n", format!("*k{}, ", level - 1).repeat(9)));
    let bomb = format!("list:\n  k0: &k0 x\n{}", doubled.collect::<String>());
    assert_snapshot!(told(&bomb), @"
    2:3: `k0` is not known here; there are: name, ids
    7:17: what `*name` repeats is too much; write out what is meant
    ");
}

/// Full-width characters in texts are what was meant, whatever else is wrong.
#[test]
fn full_width_texts_stay_as_they_are() {
    let yaml = WIN_BACK.replacen(
        "        text: \"",
        "        text: |\n          \u{3000}name: x\n          name：x\n          ",
        1,
    );
    let yaml = yaml.replacen("        name: letter", "        nmae: letter # name：x", 1);
    let told = read(&yaml).unwrap_err();
    assert!(told.iter().all(|told| !told.what.contains("full-width")), "{told:?}");
}

/// As many mistakes as a text has room for, and texts that unfold: told in a moment, and not all of them.
#[test]
fn however_much_is_wrong() {
    let keys: Vec<String> = (0..10_000).map(|index| format!("  k{index}: x\n")).collect();
    let ids = "bad\\u0007, ".repeat(10_000).replace("bad\\u0007", "\"bad\\u0007\"");
    let bomb =
        (1..9).map(|level| format!("  k{level}: &k{level} [{}]\n", format!("*k{}, ", level - 1).repeat(9)));
    let steps = "    - foo: bar\n    - sms: {}\n".repeat(5_000);
    for yaml in [
        format!("segment:\n{}", keys.concat()),
        format!("list: {{ name: l, ids: [{ids}] }}"),
        format!("segment:\n  k0: &k0 x\n{}", bomb.collect::<String>()),
        format!("journey:\n  steps:\n{steps}"),
        format!("journey:\n  steps: {}{}\n", "[".repeat(3_000), "]".repeat(3_000)),
        format!("shop:\n  time_zone: {}\n", "x".repeat(DEFINITION_BYTES)),
        format!("? {}: x\n: y\n", "[a, ".repeat(200)),
        "shop: {time_zone: Asia/Tokyo, ".repeat(2_000),
        "a: b\n".repeat(50_000),
        "list: &l\n  name: x\n  ids: [*l]\n".to_owned(),
    ] {
        let mistakes = read(&yaml).unwrap_err();
        assert!((1..=101).contains(&mistakes.len()), "{}", mistakes.len());
    }
}
