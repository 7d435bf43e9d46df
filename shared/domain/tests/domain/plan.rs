//! Random journeys, written out as definitions.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// A journey's steps before they have names.
#[derive(Clone, Debug)]
pub enum Plan {
    Sms,
    Email,
    Line,
    Wait(i64),
    WaitFor { event: usize, minutes: i64, then: Vec<Plan>, otherwise: Vec<Plan> },
    WaitWhen { asked: Asked, minutes: i64, then: Vec<Plan>, otherwise: Vec<Plan> },
    UntilClock { hour: u8, weekdays: bool, days: u32 },
    UntilVisit(i64),
    Branch(Vec<(Asked, Vec<Plan>)>),
    Split(Vec<Vec<Plan>>),
    Audience { add: bool },
    SetVip(bool),
    Notify,
    Webhook,
    Card,
    Exit,
}

/// What a branch asks; a message is an earlier one, by number.
#[derive(Clone, Debug)]
pub enum Asked {
    Clicked(usize),
    Responded(usize),
    Delivered(usize),
    Sent(usize),
    ClickedLink(usize),
    Opened(usize),
    Replied(usize),
    RepliedWith(usize),
    Bounced(usize),
    Skipped(usize),
    SkippedBecause(usize),
    Happened(usize),
    Entry,
    Event(usize),
    Cards,
    Vip,
    Lapsed,
    Not(Box<Asked>),
}

/// A journey.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub struct Sketch {
    pub marketing: bool,
    pub steps: Vec<Plan>,
    pub goal: bool,
    pub exit: Option<Asked>,
    pub again: bool,
    pub enter: usize,
    pub group: bool,
    pub priority: i32,
    pub holdout: bool,
    pub policy: usize,
    pub allowed: Option<Asked>,
}

/// What begins journeys, and whether it has a key.
pub fn enters() -> Vec<(Json, bool)> {
    vec![
        (json!({"segment": "fresh"}), false),
        (json!({"segment": "drifting"}), false),
        (json!({"left_segment": "drifting"}), false),
        (json!({"birthday": "10:00"}), false),
        (json!({"anniversary": {"trait": "birthday", "days": -1, "at": "12:00"}}), false),
        (json!({"event": {"name": "Page Viewed", "key": "page"}}), true),
        (json!({"event": {"name": "Page Viewed", "where": [{"name": "page", "is": "a"}]}}), false),
        (json!({"event": {"name": "Order Completed", "where": [{"name": "yen", "at_least": 500}]}}), false),
        (json!({"date": {"trait": "visit_at", "days": -1, "at": "18:00"}}), true),
        (json!({"date": {"trait": "visit_at", "before": "2h"}}), true),
        (json!({"event": "Signed Up"}), false),
        (json!({"schedule": {"at": "12:00"}}), false),
        (json!({"schedule": {"at": "02:30", "weekdays": ["saturday", "sunday"]}}), false),
        (json!({"campaign": {"segment": "drifting", "at": "2026-03-29T10:00"}}), false),
        (json!("request"), true),
    ]
}

/// What a journey allows beyond the shop, and the hours of the day in which its messages may leave then: marketing, and
/// what is not.
pub const POLICIES: [(Option<&str>, [std::ops::Range<i8>; 2]); 5] = [
    (None, [9..20, 0..24]),
    (Some(r#"{"hours": {"from": "12:00", "until": "18:00"}}"#), [12..18, 12..18]),
    (Some(r#"{"reminds_of_payment": true}"#), [9..20, 8..21]),
    (Some(r#"{"caps": [{"at_most": 2, "within_days": 1}]}"#), [9..20, 0..24]),
    (Some(r#"{"hours": {"from": "10:00", "until": "22:00"}, "reminds_of_payment": true}"#), [10..20, 10..21]),
];

/// The journey among these that has a cap of two marketing messages a day.
pub const CAPPED: usize = 3;

/// Events that journeys wait for and that happen.
pub const EVENTS: [&str; 3] = ["Signed Up", "Page Viewed", "Order Completed"];

fn asked() -> impl Strategy<Value = Asked> {
    let plain = prop_oneof![
        (0..8_usize).prop_map(Asked::Clicked),
        (0..8_usize).prop_map(Asked::Responded),
        (0..8_usize).prop_map(Asked::Delivered),
        (0..8_usize).prop_map(Asked::Sent),
        (0..8_usize).prop_map(Asked::ClickedLink),
        (0..8_usize).prop_map(Asked::Opened),
        (0..8_usize).prop_map(Asked::Replied),
        (0..8_usize).prop_map(Asked::RepliedWith),
        (0..8_usize).prop_map(Asked::Bounced),
        (0..8_usize).prop_map(Asked::Skipped),
        (0..8_usize).prop_map(Asked::SkippedBecause),
        (0..EVENTS.len()).prop_map(Asked::Happened),
        Just(Asked::Entry),
        (0..EVENTS.len()).prop_map(Asked::Event),
        Just(Asked::Cards),
        Just(Asked::Vip),
        Just(Asked::Lapsed),
    ];
    (plain, any::<bool>()).prop_map(|(asked, not)| if not { Asked::Not(Box::new(asked)) } else { asked })
}

/// What can be asked of whoever is in no journey yet.
fn person() -> impl Strategy<Value = Asked> {
    let plain = prop_oneof![
        (0..EVENTS.len()).prop_map(Asked::Event),
        Just(Asked::Cards),
        Just(Asked::Vip),
        Just(Asked::Lapsed),
    ];
    (plain, any::<bool>()).prop_map(|(asked, not)| if not { Asked::Not(Box::new(asked)) } else { asked })
}

fn steps() -> impl Strategy<Value = Vec<Plan>> {
    let minutes = || prop_oneof![1..90_i64, 60..1440_i64];
    let leaf = prop_oneof![
        8 => Just(Plan::Sms),
        6 => Just(Plan::Email),
        4 => Just(Plan::Line),
        5 => minutes().prop_map(Plan::Wait),
        1 => any::<bool>().prop_map(|add| Plan::Audience { add }),
        1 => any::<bool>().prop_map(Plan::SetVip),
        1 => Just(Plan::Notify),
        1 => Just(Plan::Webhook),
        1 => Just(Plan::Card),
        1 => (0..24_u8, any::<bool>(), 0..3_u32)
            .prop_map(|(hour, weekdays, days)| Plan::UntilClock { hour, weekdays, days }),
        1 => (-2000..2000_i64).prop_map(Plan::UntilVisit),
        1 => Just(Plan::Exit),
    ];
    let step = leaf.prop_recursive(3, 16, 3, move |inner| {
        let inside = || prop::collection::vec(inner.clone(), 0..3);
        let listen = (0..EVENTS.len(), minutes(), inside(), inside())
            .prop_map(|(event, minutes, then, otherwise)| Plan::WaitFor { event, minutes, then, otherwise });
        let branch = prop::collection::vec((asked(), inside()), 1..4).prop_map(Plan::Branch);
        let when = (asked(), minutes(), inside(), inside())
            .prop_map(|(asked, minutes, then, otherwise)| Plan::WaitWhen { asked, minutes, then, otherwise });
        let split = prop::collection::vec(inside(), 2..4).prop_map(Plan::Split);
        prop_oneof![listen, branch, when, split]
    });
    prop::collection::vec(step, 1..6)
}

pub fn sketch() -> impl Strategy<Value = Sketch> {
    let exit = prop_oneof![7 => Just(None), 1 => asked().prop_map(Some)];
    let policy = prop_oneof![3 => Just(0), 2 => 1..POLICIES.len()];
    let allowed = prop::option::weighted(0.2, person());
    let place =
        (0..enters().len(), prop::bool::weighted(0.3), -1..2_i32, prop::bool::weighted(0.2), policy, allowed);
    (prop::bool::weighted(0.8), steps(), any::<bool>(), exit, any::<bool>(), place).prop_map(
        |(marketing, steps, goal, exit, again, (enter, group, priority, holdout, policy, allowed))| Sketch {
            marketing,
            steps,
            goal,
            exit,
            again,
            enter,
            group,
            priority,
            holdout,
            policy,
            allowed,
        },
    )
}

impl Sketch {
    /// The journey as a definition; JSON is YAML.
    pub fn written(&self, name: &str) -> String {
        let (enter, keyed) = enters().swap_remove(self.enter);
        let mut writer = Writer { messages: Vec::new(), links: Vec::new(), webhooks: 0 };
        let steps = writer.steps(&self.steps);
        let reentry = match (self.again, keyed) {
            (true, true) => json!("per_key"),
            (true, false) => json!({"at_most": {"times": 3, "within_days": 2}}),
            (false, _) => json!("never"),
        };
        let mut journey = json!({
            "name": name,
            "purpose": if self.marketing { "marketing" } else { "transactional" },
            "enter": enter,
            "reentry": reentry,
            "steps": steps,
            "priority": self.priority,
        });
        if let Some(policy) = POLICIES[self.policy].0 {
            journey["policy"] = serde_json::from_str(policy).unwrap();
        }
        if self.group {
            journey["group"] = json!("one");
        }
        if self.holdout {
            journey["holdout_percent"] = json!(50);
        }
        if self.goal {
            journey["goal"] = json!("Order Completed");
        }
        if let Some(allowed) = &self.allowed {
            journey["allowed"] = writer.asked(allowed);
        }
        // One that holds for whoever begins is refused.
        let begins = ["segment", "campaign"].iter().any(|key| journey["enter"].get(key).is_some());
        let at_once = |exit: &Json| match exit.get("not") {
            Some(not) => {
                *not == writer.asked(&Asked::Lapsed) && journey["enter"].get("left_segment").is_some()
            }
            None => *exit == writer.asked(&Asked::Lapsed) && begins,
        };
        if let Some(exit) = self.exit.as_ref().map(|exit| writer.asked(exit)).filter(|exit| !at_once(exit)) {
            journey["exit"] = exit;
        }
        json!({ "journey": journey }).to_string()
    }
}

impl Plan {
    /// Whether every way through it ends the journey.
    fn ends(&self) -> bool {
        let all = |steps: &[Self]| steps.iter().any(Self::ends);
        match self {
            Self::Exit => true,
            Self::WaitFor { then, otherwise, .. } | Self::WaitWhen { then, otherwise, .. } => {
                all(then) && all(otherwise)
            }
            Self::Split(ways) => ways.iter().all(|steps| all(steps)),
            Self::Sms
            | Self::Email
            | Self::Line
            | Self::Wait(_)
            | Self::UntilClock { .. }
            | Self::UntilVisit(_)
            | Self::Branch(_)
            | Self::Audience { .. }
            | Self::SetVip(_)
            | Self::Notify
            | Self::Webhook
            | Self::Card => false,
        }
    }
}

struct Writer {
    messages: Vec<String>,
    /// Those with a link.
    links: Vec<String>,
    webhooks: usize,
}

impl Writer {
    /// Steps up to the one after which nobody goes on.
    fn steps(&mut self, plans: &[Plan]) -> Vec<Json> {
        let last = plans.iter().position(Plan::ends).map_or(plans.len(), |last| last + 1);
        plans[..last].iter().map(|plan| self.step(plan)).collect()
    }

    fn step(&mut self, plan: &Plan) -> Json {
        match plan {
            Plan::Sms => json!({"sms": {
                "name": self.linked(), "text": "{{ sender }} {{ links.shop }} 停止はSTOP", "links": {"shop": "https://shop.example.jp"},
            }}),
            Plan::Email => json!({"email": {
                "name": self.name(), "subject": "お元気ですか", "text": "{{ sender }} 配信の停止: {{ optout }}",
            }}),
            Plan::Line => json!({"line": {
                "name": self.linked(), "text": "春の新作です {{ links.shop }}", "links": {"shop": "https://shop.example.jp"},
            }}),
            Plan::Wait(minutes) => json!({"wait": format!("{minutes}m")}),
            Plan::WaitFor { event, minutes, then, otherwise } => {
                let (then, otherwise) = (self.steps(then), self.steps(otherwise));
                let within = format!("{minutes}m");
                json!({"wait_for": {"event": EVENTS[*event], "within": within, "then": then, "otherwise": otherwise}})
            }
            Plan::WaitWhen { asked, minutes, then, otherwise } => {
                let when = self.asked(asked);
                let (then, otherwise) = (self.steps(then), self.steps(otherwise));
                let within = format!("{minutes}m");
                json!({"wait_for": {"when": when, "within": within, "then": then, "otherwise": otherwise}})
            }
            Plan::UntilClock { hour, weekdays, days } => {
                let weekdays = if *weekdays { json!(["monday", "saturday"]) } else { json!([]) };
                json!({"wait_until": {"at": format!("{hour:02}:30"), "weekdays": weekdays, "days": days}})
            }
            Plan::UntilVisit(minutes) => {
                let side = if *minutes < 0 { "before" } else { "after" };
                let length = format!("{}m", minutes.abs().max(1));
                let when_passed = if minutes % 2 == 0 { "go_on" } else { "exit" };
                json!({"wait_until": {"date": {"trait": "visit_at", side: length}, "when_passed": when_passed}})
            }
            Plan::Split(ways) => {
                let ways: Vec<Json> = ways
                    .iter()
                    .enumerate()
                    .map(|(index, steps)| json!({"name": format!("variant {index}"), "weight": index + 1, "steps": self.steps(steps)}))
                    .collect();
                json!({ "split": ways })
            }
            Plan::SetVip(vip) => json!({"set": {"trait": "vip", "to": vip}}),
            Plan::Notify => json!({"notify": {
                "name": self.name(), "to": "sales@shop.example.jp", "subject": "{{ customer.vip }}", "text": "hello",
            }}),
            Plan::Webhook => {
                self.webhooks += 1;
                let name = format!("w{}", self.webhooks);
                json!({"webhook": {"name": name, "url": "https://shop.example.jp/hooks", "traits": ["vip", "name"]}})
            }
            Plan::Card => json!({"card": "spring"}),
            Plan::Branch(ways) => {
                let mut written: Vec<Json> = Vec::new();
                for (asked, steps) in ways {
                    let when = self.asked(asked);
                    if written.iter().all(|way| way["when"] != when) {
                        let name = format!("way {}", written.len());
                        written.push(json!({"name": name, "when": when, "steps": self.steps(steps)}));
                    }
                }
                json!({ "branch": written })
            }
            Plan::Audience { add: true } => json!({"add_to_audience": "cards"}),
            Plan::Audience { add: false } => json!({"remove_from_audience": "cards"}),
            Plan::Exit => json!("exit"),
        }
    }

    fn linked(&mut self) -> String {
        let name = self.name();
        self.links.push(name.clone());
        name
    }

    fn name(&mut self) -> String {
        let name = format!("m{}", self.messages.len());
        self.messages.push(name.clone());
        name
    }

    /// A condition; one about a message when there is none yet asks for an event.
    fn asked(&self, asked: &Asked) -> Json {
        let about = |what: &str, number: usize| match self.messages.get(number % self.messages.len().max(1)) {
            Some(name) => json!({ what: name }),
            None => json!({"event": {"name": EVENTS[number % EVENTS.len()]}}),
        };
        match asked {
            Asked::Clicked(number) => about("clicked", *number),
            Asked::Responded(number) => about("responded", *number),
            Asked::Delivered(number) => about("delivered", *number),
            Asked::Sent(number) => about("sent", *number),
            Asked::Opened(number) => about("opened", *number),
            Asked::Replied(number) => about("replied", *number),
            Asked::Bounced(number) => about("bounced", *number),
            Asked::Skipped(number) => about("skipped", *number),
            Asked::ClickedLink(number) => match self.links.get(number % self.links.len().max(1)) {
                Some(name) => json!({"clicked_link": {"step": name, "link": "shop"}}),
                None => json!({"happened": "Page Viewed"}),
            },
            Asked::RepliedWith(number) => match self.messages.get(number % self.messages.len().max(1)) {
                Some(name) => json!({"replied_with": {"step": name, "one_of": ["1", "はい"]}}),
                None => json!({"happened": "Order Completed"}),
            },
            Asked::SkippedBecause(number) => match self.messages.get(number % self.messages.len().max(1)) {
                Some(name) => json!({"skipped_because": {"step": name, "why": "no_consent"}}),
                None => json!({"entry": {"name": "page"}}),
            },
            Asked::Happened(event) => {
                json!({"happened": {"name": EVENTS[*event], "where": [{"name": "page", "one_of": ["a", "b"]}]}})
            }
            Asked::Entry => json!({"entry": {"name": "page", "is": "a"}}),
            Asked::Event(event) => json!({"event": {"name": EVENTS[*event], "within_days": 1}}),
            Asked::Cards => json!({"in_audience": "cards"}),
            Asked::Vip => json!({"trait": {"name": "vip", "is": true}}),
            Asked::Lapsed => json!({"in_segment": "drifting"}),
            Asked::Not(asked) => json!({"not": self.asked(asked)}),
        }
    }
}
