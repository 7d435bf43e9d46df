//! What can begin a journey, what its steps can wait for and ask, and what operators can do to it, each by an example.

use std::fmt::Write as _;

use std::collections::BTreeMap;

use domain::customer::{Customer, Value};
use domain::definitions::{Definitions, Kind, Switch, SwitchedTo, Version};
use domain::enrollment::EndReason;
use domain::event::{Event, EventId, Properties};
use domain::input::{Effect, Input, WebhookTask};
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName};
use domain::project;
use domain::step::step;
use domain::time::Timestamp;
use insta::assert_snapshot;

use crate::story::{Story, order, tokyo, track};
use crate::{definitions, key, version};

const SMS: &str = "{ name: hello, text: '{{ sender }} STOP' }";

/// A journey with one SMS.
fn journey(head: &str, steps: &str) -> String {
    format!("journey:\n  name: j\n  purpose: transactional\n  {head}\n  steps: {steps}")
}

fn story(yamls: &[&str]) -> Story {
    let yamls: Vec<String> = yamls.iter().map(|yaml| (*yaml).to_owned()).collect();
    Story::of_hana(tokyo("01-01 10:00"), definitions(&yamls))
}

fn one(head: &str, steps: &str) -> Story {
    story(&[&journey(head, steps)])
}

fn told(name: &str, at: Timestamp, properties: &[(&str, &str)]) -> Input {
    let properties: Properties = properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
        .collect();
    let id = EventId::of(&format!("{name} {at} {properties:?}"));
    Input::Track { event: Event { id, name: name.to_owned(), at, yen: Yen::ZERO, properties } }
}

impl Story {
    fn tells(&mut self, when: &str, name: &str, properties: &[(&str, &str)]) -> &mut Self {
        self.happens(tokyo(when), told(name, tokyo(when), properties));
        self
    }

    /// The picture of a letter is loaded.
    fn opens(&mut self, when: &str, name: &str) -> &mut Self {
        let at = tokyo(when);
        self.pass(at);
        let code = self.message(name).code;
        self.happens(at, Input::Open { code, at });
        self
    }

    fn sets(&mut self, when: &str, name: &str, value: &str) -> &mut Self {
        self.identify(
            when,
            name,
            if value.is_empty() { Value::Absent } else { Value::Text(value.to_owned()) },
        )
    }

    /// The webhook that the customer as it stands calls for.
    fn webhook(&self) -> WebhookTask {
        let mut tasks = project::all(&self.customer).into_iter().filter_map(|effect| match effect {
            Effect::Webhook(task) => Some(task),
            Effect::Send { .. }
            | Effect::Ledger { .. }
            | Effect::Member { .. }
            | Effect::Announce(_)
            | Effect::Alias { .. } => None,
        });
        tasks.next_back().unwrap()
    }

    fn switch(&mut self, versions: &[String], when: &str, to: &[(&str, SwitchedTo)]) {
        let mut all: Vec<Version> = versions.iter().map(|yaml| version(yaml, 1)).collect();
        for (number, (at, to)) in (1..).zip(to) {
            let yaml = serde_json::to_string(&Switch { at: tokyo(at), to: *to }).unwrap();
            all.push(Version { kind: Kind::Switch, name: "j".to_owned(), number, yaml });
        }
        self.definitions = Definitions::new(&all, key()).unwrap();
        let number = self.definitions.number;
        self.happens(tokyo(when), Input::Evaluate { definitions: number });
    }
}

/// An order, an appointment or an invoice has an enrollment of its own; what is said of one of them ends that one.
#[test]
fn an_enrollment_for_each_order() {
    let head = "enter: { event: { name: Order Placed, key: order_id } }\n  reentry: per_key\n  \
                goal: { name: Order Paid, matching: order_id }";
    let mut story = one(head, &format!("[{{ wait: 3d }}, {{ sms: {SMS} }}]"));
    story.tells("02-01 10:00", "Order Placed", &[("order_id", "A")]);
    story.tells("02-01 11:00", "Order Placed", &[("order_id", "B")]);
    story.tells("02-01 12:00", "Order Placed", &[("order_id", "A"), ("again", "yes")]);
    story.tells("02-01 13:00", "Order Placed", &[]);
    story.tells("02-02 10:00", "Order Paid", &[("order_id", "A")]);
    assert_snapshot!(story.until("03-01 00:00").told, @r#"
    02-01 10:00  enters j; → row j
    02-01 11:00  enters j; → row j
    02-01 12:00  does not enter: AlreadyIn(JourneyName("j"))
    02-02 10:00  ends j: goal reached; → row j; → news goal of j, ¥0
    02-04 11:00  hands over hello; → sms hello
    02-04 11:01  ends j: all steps taken; → row j
    "#);
}

/// Whether a letter was opened is asked once, when the branch is reached: who opens it later took the other way.
#[test]
fn a_letter_that_was_opened_or_not() {
    let steps = format!(
        "[{{ email: {{ name: letter, subject: s, text: t }} }}, {{ wait: 2d }}, {{ branch: [\
         {{ name: opened, when: {{ opened: letter }}, steps: [{{ card: postcard }}] }}, \
         {{ name: unopened, steps: [{{ sms: {SMS} }}] }}] }}]"
    );
    let begun = || {
        let mut story = one("enter: { event: Signed Up }\n  reentry: never", &steps);
        story.tells("02-01 10:00", "Signed Up", &[]);
        story
    };
    let mut opened = begun();
    opened.opens("02-02 09:00", "letter");
    assert_snapshot!(opened.until("03-01 00:00").told, @"
    02-01 10:00  enters j; hands over letter; → email letter; → row j
    02-01 10:01  → row j
    02-02 09:00  → row j
    02-03 10:01  takes `opened`; takes `card`; ends j: all steps taken; → row j
    ");
    let mut late = begun();
    late.opens("02-04 09:00", "letter");
    assert_snapshot!(late.until("03-01 00:00").told, @"
    02-01 10:00  enters j; hands over letter; → email letter; → row j
    02-01 10:01  → row j
    02-03 10:01  takes `unopened`; hands over hello; → sms hello; → row j
    02-03 10:02  ends j: all steps taken; → row j
    02-04 09:00  → row j
    ");
    assert!(!begun().until("03-01 00:00").told.contains("takes `opened`"));
}

/// What is told long after it happened begins nothing: an import of last year's orders writes to nobody.
#[test]
fn history_begins_nothing() {
    let mut story =
        one("enter: { event: Order Completed }\n  reentry: never", &format!("[{{ sms: {SMS} }}]"));
    story.happens(tokyo("02-03 10:00"), order(tokyo("02-01 10:00")));
    assert_snapshot!(format!("{}{:?}", story.told, story.customer.notes), @r#"[Note { at: Timestamp(886294800), what: LateEvent(JourneyName("j")) }]"#);
}

/// A date of the customer: moved, the journey begins at the new one, and one that had begun for the old one ends.
#[test]
fn a_date_that_moves() {
    let head = "enter: { date: { trait: interview_at, days: -1, at: '18:00' } }\n  reentry: per_key";
    let steps = format!(
        "[{{ sms: {SMS} }}, {{ wait_until: {{ date: {{ trait: interview_at, after: 1h }} }} }}, {{ card: thanks }}]"
    );
    let mut story = one(head, &steps);
    story.sets("02-01 10:00", "interview_at", "1998-02-10T14:00:00+09:00");
    story.sets("02-02 10:00", "interview_at", "1998-02-12T14:00:00+09:00");
    // The evening before it is told of: moved by two days.
    story.sets("02-11 20:00", "interview_at", "1998-02-14T14:00:00+09:00");
    assert_snapshot!(story.until("03-01 00:00").told, @"
    02-11 18:00  enters j; hands over hello; → sms hello; → row j
    02-11 18:01  → row j
    02-11 20:00  ends j: its date was moved or taken away; → row j
    02-13 18:00  enters j; hands over hello; → sms hello; → row j
    02-13 18:01  → row j
    02-14 15:00  takes `card`; ends j: all steps taken; → row j
    ");
    let mut gone = one(head, &steps);
    gone.sets("02-01 10:00", "interview_at", "1998-02-10T14:00:00+09:00");
    gone.sets("02-09 19:00", "interview_at", "");
    assert_snapshot!(gone.until("03-01 00:00").told, @"
    02-09 18:00  enters j; hands over hello; → sms hello; → row j
    02-09 18:01  → row j
    02-09 19:00  ends j: its date was moved or taken away; → row j
    ");
}

/// A date that becomes known, or is moved, when its instant has passed begins nothing and is noted once; what is a month
/// old is history, and an anniversary comes again.
#[test]
fn a_date_that_had_passed() {
    let head = "enter: { date: { trait: interview_at, days: -1, at: '18:00' } }\n  reentry: per_key";
    let mut story = one(head, &format!("[{{ sms: {SMS} }}]"));
    story.sets("02-01 19:00", "interview_at", "1998-02-02T14:00+09:00");
    // Nobody says anything else of it.
    story.sets("02-01 20:00", "name", "花子").sets("02-01 21:00", "interview_at", "1998-02-02T05:00Z");
    story.sets("02-02 10:00", "interview_at", "1998-02-03T14:00+09:00");
    story.sets("02-02 19:00", "interview_at", "1998-02-03T15:00+09:00");
    // The evening before comes an hour earlier in Japan than where she lived until then.
    story.sets("02-10 10:00", "time_zone", "Asia/Shanghai");
    story.sets("02-10 11:00", "interview_at", "1998-02-12T14:00");
    story.sets("02-11 18:30", "time_zone", "Asia/Tokyo");
    story.sets("02-12 10:00", "interview_at", "1998-01-12T14:00").until("12-31 00:00");
    assert_snapshot!(story.told, @r#"
    02-01 19:00  does not enter: DatePassed(JourneyName("j"))
    02-02 18:00  enters j; hands over hello; → sms hello; → row j
    02-02 18:01  ends j: all steps taken; → row j
    02-02 19:00  does not enter: DatePassed(JourneyName("j"))
    02-11 18:30  does not enter: DatePassed(JourneyName("j"))
    "#);
    let passed = |head: &str, when: &str| {
        let mut story = one(head, &format!("[{{ sms: {SMS} }}]"));
        story.sets("02-01 10:00", "interview_at", when);
        story.customer.notes.len()
    };
    assert_eq!((passed(head, "1998-01-04"), passed(head, "1998-01-02")), (1, 0));
    let yearly =
        "enter: { anniversary: { trait: interview_at, at: '10:00' } }\n  reentry: { after_days: 300 }";
    assert_eq!(passed(yearly, "1998-01-04"), 0);
}

/// Whoever a date is not for is told so at its instant; of a schedule that would be everyone, every time.
#[test]
fn a_date_for_others() {
    let allowed = "allowed: { trait: { name: member } }";
    let head =
        format!("enter: {{ date: {{ trait: visit_at, before: 2h }} }}\n  reentry: per_key\n  {allowed}");
    let mut story = one(&head, &format!("[{{ sms: {SMS} }}]"));
    story.sets("02-01 10:00", "visit_at", "1998-02-03T12:00+09:00").until("02-04 00:00");
    story.sets("02-05 10:00", "visit_at", "1998-02-06T12:00+09:00").sets("02-06 09:59", "member", "yes");
    assert_snapshot!(story.until("12-31 00:00").told, @r#"
    02-03 10:00  does not enter: NotWhere(JourneyName("j"))
    02-06 10:00  enters j; hands over hello; → sms hello; → row j
    02-06 10:01  ends j: all steps taken; → row j
    "#);
    let head =
        format!("enter: {{ schedule: {{ at: '10:00' }} }}\n  reentry: {{ after_days: 1 }}\n  {allowed}");
    let mut story = one(&head, &format!("[{{ sms: {SMS} }}]"));
    let before = story.customer.clone();
    story.until("03-01 00:00");
    assert_eq!((story.next, &story.customer), (None, &before));
}

/// The same instant in other words is no other date: the enrollment goes on, and none begins beside it or after it.
#[test]
fn a_date_in_other_words() {
    let head = "enter: { date: { trait: interview_at, days: -1, at: '18:00' } }\n  reentry: per_key";
    let mut story = one(head, &format!("[{{ wait: 3h }}, {{ sms: {SMS} }}]"));
    story.sets("02-01 10:00", "interview_at", "1998-02-10T14:00:00+09:00");
    story.sets("02-09 19:00", "interview_at", "1998-02-10T05:00:00Z");
    story.sets("02-09 20:00", "interview_at", "1998-02-10 14:00");
    // By the clock of where she moves, the evening is still to come: it has begun for that date.
    story.sets("02-10 10:00", "interview_at", "1998-02-12T14:00");
    story.sets("02-11 18:10", "interview_at", "1998-02-12 14:00:00");
    story.sets("02-11 18:30", "time_zone", "Asia/Shanghai");
    assert_snapshot!(story.until("12-31 00:00").told, @r#"
    02-09 18:00  enters j; → row j
    02-09 21:00  hands over hello; → sms hello
    02-09 21:01  ends j: all steps taken; → row j
    02-11 18:00  enters j; → row j
    02-11 19:00  does not enter: AlreadyIn(JourneyName("j"))
    02-11 21:00  hands over hello; → sms hello
    02-11 21:01  ends j: all steps taken; → row j
    "#);
}

/// A reminder that would come too late: whoever comes to a wait after its date goes on at once, unless it says otherwise.
/// What is looked at late was on time.
#[test]
fn a_wait_for_a_date_that_had_passed() {
    let steps = |rule: &str| {
        format!(
            "[{{ wait: 1d }}, {{ wait_until: {{ date: {{ trait: visit_at, before: 2h }}{rule} }} }}, {{ sms: {SMS} }}]"
        )
    };
    let head = "enter: { event: Order Completed }\n  reentry: never";
    let visit = |rule: &str, at: &str, moved: &str| {
        let mut story = one(head, &steps(rule));
        story.sets("02-01 10:00", "visit_at", &format!("1998-{at}+09:00")).order("02-03 11:00");
        if !moved.is_empty() {
            story.sets("02-04 18:00", "visit_at", &format!("1998-{moved}+09:00"));
        }
        story.until("12-31 00:00");
        (story.told.contains("hands over hello"), story.ended().unwrap())
    };
    let (sent, over) = ((true, EndReason::Finished), (false, EndReason::DatePassed));
    for (at, moved, exits) in [
        ("02-04T12:00", "", true),
        ("02-04T13:00", "", false),
        ("02-05T13:00", "", false),
        ("02-05T13:00", "02-04T19:00", true),
        ("02-05T13:00", "02-04T20:00", false),
    ] {
        assert_eq!(visit("", at, moved), sent, "{at} {moved}");
        assert_eq!(visit(", when_passed: go_on", at, moved), sent, "{at} {moved}");
        assert_eq!(visit(", when_passed: exit", at, moved), if exits { over } else { sent }, "{at} {moved}");
    }
    let mut late = one(head, &steps(", when_passed: exit"));
    late.sets("02-01 10:00", "visit_at", "1998-02-05T13:00+09:00").order("02-03 11:00").until("02-04 12:00");
    late.step(tokyo("02-05 11:20"), &[Input::Timer]);
    assert!(late.told.contains("hands over hello"), "{}", late.told);
}

#[test]
fn anniversaries_and_schedules() {
    let head = "enter: { anniversary: { trait: registered_on, days: -7, at: '10:00' } }\n  reentry: { after_days: 300 }";
    let mut story = one(head, &format!("[{{ sms: {SMS} }}]"));
    story.sets("02-01 10:00", "registered_on", "1998-01-20");
    assert_snapshot!(story.until("2000-12-31 00:00").told, @"
    01-13 10:00  enters j; hands over hello; → sms hello; → row j
    01-13 10:01  ends j: all steps taken; → row j
    01-13 10:00  enters j; hands over hello; → sms hello; → row j
    01-13 10:01  ends j: all steps taken; → row j
    ");
    let head = "enter: { schedule: { at: '10:00', days: [31] } }\n  reentry: { after_days: 1 }\n  \
                allowed: { trait: { name: member } }";
    let mut story = one(head, &format!("[{{ sms: {SMS} }}]"));
    story.sets("01-15 10:00", "member", "yes").sets("04-15 10:00", "member", "");
    assert_snapshot!(story.until("12-31 00:00").told, @"
    01-31 10:00  enters j; hands over hello; → sms hello; → row j
    01-31 10:01  ends j: all steps taken; → row j
    02-28 10:00  enters j; hands over hello; → sms hello; → row j
    02-28 10:01  ends j: all steps taken; → row j
    03-31 10:00  enters j; hands over hello; → sms hello; → row j
    03-31 10:01  ends j: all steps taken; → row j
    ");
}

/// A campaign is for those who are in its segment at its instant, whenever they are looked at.
#[test]
fn a_campaign_reaches_who_was_there() {
    let segment = "segment: { name: members, when: { trait: { name: member } } }";
    let campaign = journey(
        "enter: { campaign: { segment: members, at: 1998-03-01T10:00 } }\n  reentry: never",
        &format!("[{{ sms: {SMS} }}]"),
    );
    for (since, until, entered) in [
        ("02-01 10:00", "", true),
        ("03-01 10:00", "", true),
        // A segment that is applied together with the campaign is looked at meanwhile.
        ("03-01 11:00", "", true),
        ("03-01 11:01", "", false),
        ("02-01 10:00", "03-01 09:00", false),
    ] {
        let mut story = story(&[segment, &campaign]);
        story.sets(since, "member", "yes");
        if !until.is_empty() {
            story.sets(until, "member", "");
        }
        story.until("12-31 00:00");
        assert_eq!(
            story.told.matches("enters j").count(),
            usize::from(entered),
            "{since} {until}\n{}",
            story.told
        );
    }
    // It was applied after its time, and the scan came to her two days later.
    let members = vec![segment.to_owned()];
    let mut late = Story::of_hana(tokyo("01-01 10:00"), definitions(&members));
    late.sets("02-01 10:00", "member", "yes");
    late.definitions = definitions(&[segment.to_owned(), campaign]);
    late.happens(tokyo("03-03 09:00"), Input::Evaluate { definitions: late.definitions.number });
    late.happens(tokyo("03-03 19:00"), Input::Timer);
    assert_eq!(late.until("12-31 00:00").told.matches("enters j").count(), 1, "{}", late.told);
}

#[test]
fn leaving_a_segment() {
    let mut story = story(&[
        "segment: { name: trial, when: { trait: { name: plan, is: trial } } }",
        &journey("enter: { left_segment: trial }\n  reentry: never", &format!("[{{ sms: {SMS} }}]")),
    ]);
    story.sets("02-01 10:00", "plan", "trial").sets("02-08 10:00", "plan", "regular");
    assert_snapshot!(story.until("12-31 00:00").told, @"
    02-01 10:00  → member +trial; → news +trial
    02-08 10:00  enters j; hands over hello; → sms hello; → row j; → member -trial; → news -trial
    02-08 10:01  ends j: all steps taken; → row j
    ");
}

/// Of two journeys of a group that could begin at one instant the one that comes first does; the other is told why not.
#[test]
fn one_of_a_group() {
    let of = |name: &str, priority: i32| {
        format!(
            "journey: {{ name: {name}, purpose: transactional, enter: {{ event: {{ name: Order Completed }} }}, reentry: never, \
             group: orders, priority: {priority}, steps: [{{ wait: 1d }}, {{ sms: {SMS} }}] }}"
        )
    };
    let mut story = story(&[&of("a", 0), &of("b", 1), &of("c", 1)]);
    assert_snapshot!(story.order("02-01 10:00").until("12-31 00:00").told, @r#"
    02-01 10:00  enters b; does not enter: Exclusive(JourneyName("c"), JourneyName("b")); does not enter: Exclusive(JourneyName("a"), JourneyName("b")); → row b
    02-02 10:00  hands over hello; → sms hello
    02-02 10:01  ends b: all steps taken; → row b
    "#);
}

#[test]
fn waits_until_a_time_of_day_and_a_day_of_the_week() {
    let steps = format!(
        "[{{ wait_until: {{ at: '10:00', weekdays: [monday, thursday] }} }}, {{ card: a }}, {{ wait_until: {{ at: '10:00' }} }}, {{ sms: {SMS} }}]"
    );
    let mut story = one("enter: { event: { name: Order Completed } }\n  reentry: never", &steps);
    // 1998-02-03 is a Tuesday. Who arrives at ten goes on at ten.
    assert_snapshot!(story.order("02-03 11:00").until("12-31 00:00").told, @"
    02-03 11:00  enters j; → row j
    02-05 10:00  takes `card`; hands over hello; → sms hello; → row j
    02-05 10:01  ends j: all steps taken; → row j
    ");
}

/// Days of the calendar, whatever the hour: three days after Tuesday is Friday.
#[test]
fn waits_for_days() {
    for (when, told) in
        [("02-03 00:00", "02-06 10:00"), ("02-03 10:01", "02-06 10:00"), ("02-03 23:59", "02-06 10:00")]
    {
        let head = "enter: { event: { name: Order Completed } }\n  reentry: never";
        let mut story =
            one(head, &format!("[{{ wait_until: {{ days: 3, at: '10:00' }} }}, {{ sms: {SMS} }}]"));
        story.order(when).until("12-31 00:00");
        assert!(story.told.contains(&format!("{told}  hands over hello")), "{when}\n{}", story.told);
    }
    let weekday = "[{ wait_until: { days: 4, at: '10:00', weekdays: [friday] } }, { card: a }]";
    let mut story = one("enter: { event: { name: Order Completed } }\n  reentry: never", weekday);
    story.order("02-03 11:00").until("12-31 00:00");
    assert!(story.told.contains("02-13 10:00  takes `card`"), "{}", story.told);
}

/// What the last step does may be a reason to end, too: the enrollment ends once.
#[test]
fn ends_once() {
    let head = "enter: { event: { name: Order Completed } }\n  reentry: never\n  exit: { trait: { name: done, is: true } }";
    let mut story = one(head, "[{ wait: 1d }, { set: { trait: done, to: true } }]");
    assert_snapshot!(story.order("02-03 11:00").until("12-31 00:00").told, @"
    02-03 11:00  enters j; → row j
    02-04 11:00  ends j: all steps taken; → row j
    ");
}

/// The answer to a survey, in whatever width it is typed.
#[test]
fn branches_on_the_answer() {
    let steps = "[
        { sms: { name: ask, text: 'よかったら1、だめなら2を返信 {{ sender }}' } },
        { wait_for: { when: { replied: ask }, within: 2d,
            then: [{ branch: [
              { name: good, when: { replied_with: { step: ask, one_of: ['1', はい] } }, steps: [{ set: { trait: liked, to: true } }] },
              { name: bad, when: { replied_with: { step: ask, one_of: ['2'] } }, steps: [{ notify: { name: tell, to: sales@shop.example.jp, subject: 不満, text: お客さまが不満 } }] },
              { name: other } ] }],
            otherwise: [{ card: silent }] } }]";
    let head = "enter: { event: { name: Order Completed } }\n  reentry: never";
    let mut told = String::new();
    for word in [Some("1"), Some("2"), None] {
        let mut story = one(head, steps);
        story.order("02-03 11:00");
        let reply = |word: &str| {
            let (channel, at) = (domain::contact::Channel::Sms, tokyo("02-04 12:00"));
            Input::Reply { code: None, channel, word: domain::message::reply_word(word), at }
        };
        match word {
            Some("1") => story.happens(tokyo("02-04 12:00"), reply("　１ ")),
            Some(word) => story.happens(tokyo("02-04 12:00"), reply(word)),
            None => {}
        }
        told.push_str(&story.until("12-31 00:00").told);
        writeln!(told, "liked: {:?}\n", story.customer.value("liked")).unwrap();
    }
    assert_snapshot!(told, @"
    02-03 11:00  enters j; hands over ask; → sms ask; → row j
    02-03 11:01  → row j
    02-04 12:00  takes `came`; takes `good`; ends j: all steps taken; → row j
    liked: Some(Boolean(true))

    02-03 11:00  enters j; hands over ask; → sms ask; → row j
    02-03 11:01  → row j
    02-04 12:00  takes `came`; takes `bad`; hands over tell; → email tell; → row j
    02-04 12:01  ends j: all steps taken; → row j
    liked: None

    02-03 11:00  enters j; hands over ask; → sms ask; → row j
    02-03 11:01  → row j
    02-05 11:01  takes `timed out`; takes `card`; ends j: all steps taken; → row j
    liked: None
    ");
}

#[test]
fn branches_on_what_was_not_sent() {
    let steps = "[{ email: { name: mail, subject: s, text: t } }, { branch: [{ name: by post, when: { skipped_because: { step: mail, why: no_address } }, steps: [{ card: letter }] }] }]";
    let mut story = one("enter: { event: { name: Order Completed } }\n  reentry: never", steps);
    story.sets("02-01 10:00", "email", "");
    assert_snapshot!(story.order("02-03 11:00").until("12-31 00:00").told, @"02-03 11:00  enters j; skips: no address; takes `by post`; takes `card`; ends j: all steps taken; → row j");
}

/// Held-out customers go the same way without messages; who they are is settled by their ids.
#[test]
fn who_is_held_out() {
    let yaml = journey(
        "enter: request\n  reentry: per_key\n  holdout_percent: 30",
        &format!("[{{ sms: {SMS} }}, {{ wait: 1d }}]"),
    );
    let definitions = definitions(&[yaml]);
    let (name, now) = (JourneyName::parse("j").unwrap(), tokyo("02-01 10:00"));
    let held_out = |number: u32| {
        let mut customer = Customer::new(CustomerId::parse(&number.to_string()).unwrap());
        for key in ["spring", "autumn"] {
            let (journey, key) = (name.clone(), key.to_owned());
            let enroll = Input::Enroll { journey, key, at: now, event: Properties::new() };
            customer = step(&customer, &[enroll], now, &definitions).customer;
        }
        let each: Vec<bool> = customer.enrollments.iter().map(|it| it.held_out).collect();
        // Whatever the key: who is written to under one is no measure of what would come without.
        assert!(each == [true, true] || each == [false, false], "{number}: {each:?}");
        each[0]
    };
    let held_out = (0..1_000).filter(|number| held_out(*number)).count();
    assert!((250..350).contains(&held_out), "{held_out}");
}

/// A journey stands still for a week: nothing is lost, nothing is sent twice, and what came late is sent or left out as the
/// definition says.
#[test]
fn paused_and_resumed() {
    for (rule, sent) in [("send", 3), ("skip", 2)] {
        let yamls = vec![journey(
            &format!(
                "enter: {{ event: {{ name: Order Placed, key: id }} }}\n  reentry: per_key\n  when_late: {rule}"
            ),
            &format!("[{{ wait: 1d }}, {{ sms: {SMS} }}, {{ wait: 30d }}, {{ card: end }}]"),
        )];
        let mut story = Story::of_hana(tokyo("01-01 10:00"), definitions(&yamls));
        // One waits when the journey is paused, which ends meanwhile; the waits of those who begin meanwhile begin afterwards.
        story.tells("02-01 10:00", "Order Placed", &[("id", "waits")]);
        let paused = ("02-02 09:00", SwitchedTo::Paused);
        story.switch(&yamls, "02-02 09:00", &[paused]);
        story.tells("02-03 10:00", "Order Placed", &[("id", "begins")]);
        story.until("02-08 23:00");
        assert!(!story.told.contains("hands over"), "{}", story.told);
        story.tells("02-08 23:30", "Order Placed", &[("id", "after")]);
        story.switch(&yamls, "02-09 09:00", &[paused, ("02-09 09:00", SwitchedTo::Running)]);
        story.until("05-01 00:00");
        assert_eq!(story.told.matches("hands over").count(), sent, "{rule}\n{}", story.told);
        assert_eq!(story.told.matches("skips: journey paused").count(), 3 - sent, "{rule}\n{}", story.told);
        assert_eq!(story.told.matches("ends j: all steps taken").count(), 3, "{rule}\n{}", story.told);
    }
}

/// A wait whose limit passed while the journey stood still is judged as of its limit: what came afterwards is too late, and
/// what held then has come, though it holds no longer.
#[test]
fn a_wait_that_ends_in_a_pause() {
    let ask = "sms: { name: ask, text: '1か2を返信 {{ sender }} STOP' }";
    let replies = "{ replied_with: { step: ask, one_of: ['1'] } }";
    let viewed = "{ event: { name: Page Viewed, within_days: 2 } }";
    for (when, told_at, way) in [
        (replies, "02-02 12:00", "came"),
        (replies, "02-05 12:00", "timed out"),
        (viewed, "02-02 12:00", "came"),
        (viewed, "02-05 12:00", "timed out"),
    ] {
        let yamls = vec![journey(
            "enter: { event: Order Completed }\n  reentry: never",
            &format!("[{{ {ask} }}, {{ wait_for: {{ when: {when}, within: 2d }} }}]"),
        )];
        let mut story = Story::of_hana(tokyo("01-01 10:00"), definitions(&yamls));
        story.order("02-01 10:00");
        let paused = ("02-02 09:00", SwitchedTo::Paused);
        story.switch(&yamls, "02-02 09:00", &[paused]);
        let at = tokyo(told_at);
        let word = Some("1".to_owned());
        story.happens(at, Input::Reply { code: None, channel: domain::contact::Channel::Sms, word, at });
        story.happens(at, track("Page Viewed", at));
        story.switch(&yamls, "02-08 09:00", &[paused, ("02-08 09:00", SwitchedTo::Running)]);
        assert!(
            story.told.contains(&format!("02-08 09:00  takes `{way}`")),
            "{when} {told_at}\n{}",
            story.told
        );
    }
}

/// Stopped at once, everyone in the journey leaves it, and what is in a sender's queue does not go out; a later version
/// begins anew.
#[test]
fn stopped_at_once() {
    let yamls = vec![journey(
        "enter: { event: { name: Order Placed, key: id } }\n  reentry: per_key",
        &format!("[{{ wait: 1d }}, {{ sms: {SMS} }}]"),
    )];
    let mut story = Story::of_hana(tokyo("01-01 10:00"), definitions(&yamls));
    story.tells("02-01 10:00", "Order Placed", &[("id", "a")]);
    story.switch(&yamls, "02-01 12:00", &[("02-01 12:00", SwitchedTo::Stopped { version: 1 })]);
    story.tells("02-01 13:00", "Order Placed", &[("id", "b")]);
    assert_snapshot!(story.until("05-01 00:00").told, @"
    02-01 10:00  enters j; → row j
    02-01 12:00  ends j: journey stopped; → row j
    ");
}

/// Whoever is taken out of a journey leaves it, and can be put into it again.
#[test]
fn removed_and_enrolled() {
    let mut story =
        one("enter: request\n  reentry: { after_days: 1 }", &format!("[{{ wait: 2d }}, {{ sms: {SMS} }}]"));
    let name = JourneyName::parse("j").unwrap();
    let enroll = |story: &mut Story, when: &str, key: &str| {
        let (journey, key, at) = (name.clone(), key.to_owned(), tokyo(when));
        story.happens(at, Input::Enroll { journey, key, at, event: Properties::new() });
    };
    enroll(&mut story, "02-01 10:00", "1");
    // In it already, whatever the key.
    enroll(&mut story, "02-01 11:00", "other");
    story.happens(tokyo("02-01 12:00"), Input::Remove { journey: name.clone(), until: tokyo("02-01 12:00") });
    enroll(&mut story, "02-01 13:00", "2");
    // Refused before, and asked for again.
    enroll(&mut story, "02-03 13:00", "2");
    // Asked for and taken out of it at once.
    let (journey, key, at) = (name.clone(), "4".to_owned(), tokyo("03-01 10:00"));
    let both = [
        Input::Remove { journey: name.clone(), until: at },
        Input::Enroll { journey, key, at, event: Properties::new() },
    ];
    story.pass(at);
    story.step(at, &both);
    assert_snapshot!(story.until("05-01 00:00").told, @r#"
    02-01 10:00  enters j; → row j
    02-01 11:00  does not enter: AlreadyIn(JourneyName("j"))
    02-01 12:00  ends j: taken out of it; → row j
    02-01 13:00  does not enter: ReEntry(JourneyName("j"))
    02-03 13:00  enters j; → row j
    02-05 13:00  hands over hello; → sms hello
    02-05 13:01  ends j: all steps taken; → row j
    "#);
}

/// What the event said can be asked about, and the enrollment's own later events are told from others'.
#[test]
fn what_the_event_said() {
    let steps = format!(
        "[{{ branch: [{{ name: dear, when: {{ entry: {{ name: plan, is: gold }} }}, steps: [{{ sms: {SMS} }}] }}] }}, \
                 {{ wait_for: {{ event: {{ name: Answered, matching: id }}, within: 3d, then: [{{ card: thanks }}] }} }}]"
    );
    let mut story = one("enter: { event: { name: Asked, key: id } }\n  reentry: per_key", &steps);
    story.tells("02-01 10:00", "Asked", &[("id", "1"), ("plan", "gold")]);
    story.tells("02-01 11:00", "Asked", &[("id", "2"), ("plan", "iron")]);
    story.tells("02-02 10:00", "Answered", &[("id", "2")]);
    story.happens(tokyo("02-02 11:00"), track("Answered", tokyo("02-02 11:00")));
    assert_snapshot!(story.until("05-01 00:00").told, @"
    02-01 10:00  enters j; takes `dear`; hands over hello; → sms hello; → row j
    02-01 10:01  → row j
    02-01 11:00  enters j; takes `none`; → row j
    02-02 10:00  takes `came`; takes `card`; ends j: all steps taken; → row j
    02-04 10:01  takes `timed out`; ends j: all steps taken; → row j
    ");
}

/// A split draws by the person: each variant gets its share, and a person the same one again.
#[test]
fn shares_of_a_split() {
    let steps = "[{ split: [{ name: a, weight: 3 }, { name: b, weight: 1 }] }]";
    let yaml = journey("enter: request\n  reentry: per_key", steps);
    let mut story = Story::of_hana(tokyo("01-01 10:00"), definitions(&[yaml]));
    let name = JourneyName::parse("j").unwrap();
    let mut ways: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..1_000 {
        story.step(
            tokyo("02-01 10:00"),
            &[Input::Enroll {
                journey: name.clone(),
                key: number.to_string(),
                at: tokyo("02-01 10:00"),
                event: Properties::new(),
            }],
        );
    }
    for way in ["a", "b"] {
        ways.insert(way, story.told.matches(&format!("takes `{way}`")).count());
    }
    assert!((700..800).contains(&ways["a"]) && ways["a"] + ways["b"] == 1_000, "{ways:?}");
}

/// The journey does not wait for the receiver of a webhook; what it is told of the person is what the step lists, and what
/// the event said that began it.
#[test]
fn webhooks_and_cards() {
    let head = "enter: { event: { name: Order Placed, key: order_id } }\n  reentry: per_key";
    let hook = "{ name: tell-crm, url: 'https://shop.example.jp/hooks', traits: [name, rank] }";
    let steps = format!("[{{ webhook: {hook} }}, {{ card: thanks }}, {{ sms: {SMS} }}]");
    let mut story = one(head, &steps);
    story.sets("01-31 10:00", "name", "花").sets("01-31 10:00", "secret", "x");
    story.tells("02-01 10:00", "Order Placed", &[("order_id", "A"), ("shop", "銀座")]);
    assert_snapshot!(story.until("03-01 00:00").told, @"
    02-01 10:00  enters j; takes `webhook`; takes `card`; hands over hello; → sms hello; → webhook of j, step 0; → row j
    02-01 10:01  ends j: all steps taken; → row j
    ");
    let task = story.webhook();
    let journey = story.definitions.version(&task.journey, task.version).unwrap();
    let body = domain::webhook::body(&task, journey.webhook(task.step).unwrap(), &story.customer).unwrap();
    assert_snapshot!(body, @r#"{"id":"n3qIkFJzUkHL","at":"1998-02-01T01:00:00Z","journey":"j","version":1,"step":"tell-crm","key":"A","customer":"hana","traits":{"name":"花","rank":null},"event":{"order_id":"A","shop":"銀座"}}"#);
}

/// Who is held out gets no message and no card, but a system of the shop's own is told of them all the same.
#[test]
fn webhooks_of_who_is_held_out() {
    let head =
        "enter: { event: { name: Order Placed, key: order_id } }\n  reentry: per_key\n  holdout_percent: 50";
    let steps = format!(
        "[{{ webhook: {{ name: tell-crm, url: 'https://shop.example.jp/hooks' }} }}, {{ card: thanks }}, {{ sms: {SMS} }}]"
    );
    // Of the one journey hana is held out, of the other she is not.
    for (name, taken) in
        [("k", ["takes `held out`", "skips: held out"]), ("j", ["takes `card`", "hands over hello"])]
    {
        let mut story = story(&[&journey(head, &steps).replace("name: j", &format!("name: {name}"))]);
        story.tells("02-01 10:00", "Order Placed", &[("order_id", "A")]);
        let told = story.until("03-01 00:00").told.clone();
        assert!(taken.iter().all(|what| told.contains(what)) && told.contains("takes `webhook`"), "{told}");
    }
}

/// Feeds come in bundles: an order and its payment are heard of together, in whatever order, a while after both happened.
/// Whoever has paid is not reminded; what is waited for and what happened since count as well.
#[test]
fn heard_of_later_than_it_happened() {
    let head = "enter: { event: { name: Order Placed, key: id } }\n  reentry: per_key";
    let both_late = |head: &str, steps: &str| {
        let mut story = one(head, steps);
        let event = |name: &str, at: &str| Input::Track {
            event: Event {
                id: EventId::of(name),
                name: name.to_owned(),
                at: tokyo(at),
                yen: Yen::ZERO,
                properties: Properties::from([("id".to_owned(), Value::Text("1".to_owned()))]),
            },
        };
        let both = [event("Order Paid", "02-01 10:01"), event("Order Placed", "02-01 10:00")];
        story.step(tokyo("02-01 12:00"), &both);
        story.until("05-01 00:00").told.clone()
    };
    let goal = format!("{head}\n  goal: {{ name: Order Paid, matching: id }}");
    assert_snapshot!(both_late(&goal, &format!("[{{ sms: {SMS} }}]")), @"02-01 12:00  enters j; ends j: goal reached; → row j; → news goal of j, ¥0");
    let exit = format!("{head}\n  exit: {{ happened: {{ name: Order Paid, matching: id }} }}");
    assert_snapshot!(both_late(&exit, &format!("[{{ sms: {SMS} }}]")), @"02-01 12:00  enters j; ends j: exit condition held; → row j");
    let wait = format!(
        "[{{ wait_for: {{ event: {{ name: Order Paid, matching: id }}, within: 3d, then: [exit], otherwise: [{{ sms: {SMS} }}] }} }}]"
    );
    assert_snapshot!(both_late(head, &wait), @"02-01 12:00  enters j; takes `came`; ends j: all steps taken; → row j");
}
