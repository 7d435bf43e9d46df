//! Random journeys, written out as definitions.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// A journey's steps before they have names.
#[derive(Clone, Debug)]
pub enum Plan {
    Sms,
    Email,
    Wait(i64),
    WaitFor { event: usize, minutes: i64, then: Vec<Plan>, otherwise: Vec<Plan> },
    Branch(Vec<(Asked, Vec<Plan>)>),
    Audience { add: bool },
    Exit,
}

/// What a branch asks; a message is an earlier one, by number.
#[derive(Clone, Debug)]
pub enum Asked {
    Clicked(usize),
    Responded(usize),
    Delivered(usize),
    Sent(usize),
    Event(usize),
    Cards,
    Vip,
    Lapsed,
    Not(Box<Asked>),
}

/// A journey.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub marketing: bool,
    pub steps: Vec<Plan>,
    pub goal: bool,
    pub exit: Option<Asked>,
    pub again: bool,
}

/// Events that journeys wait for and that happen.
pub const EVENTS: [&str; 3] = ["Signed Up", "Page Viewed", "Order Completed"];

fn asked() -> impl Strategy<Value = Asked> {
    let plain = prop_oneof![
        (0..8_usize).prop_map(Asked::Clicked),
        (0..8_usize).prop_map(Asked::Responded),
        (0..8_usize).prop_map(Asked::Delivered),
        (0..8_usize).prop_map(Asked::Sent),
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
        5 => minutes().prop_map(Plan::Wait),
        1 => any::<bool>().prop_map(|add| Plan::Audience { add }),
        1 => Just(Plan::Exit),
    ];
    let step = leaf.prop_recursive(3, 16, 3, move |inner| {
        let inside = || prop::collection::vec(inner.clone(), 0..3);
        let listen = (0..EVENTS.len(), minutes(), inside(), inside())
            .prop_map(|(event, minutes, then, otherwise)| Plan::WaitFor { event, minutes, then, otherwise });
        let branch = prop::collection::vec((asked(), inside()), 1..4).prop_map(Plan::Branch);
        prop_oneof![listen, branch]
    });
    prop::collection::vec(step, 1..6)
}

pub fn sketch() -> impl Strategy<Value = Sketch> {
    let exit = prop_oneof![7 => Just(None), 1 => asked().prop_map(Some)];
    (prop::bool::weighted(0.8), steps(), any::<bool>(), exit, any::<bool>())
        .prop_map(|(marketing, steps, goal, exit, again)| Sketch { marketing, steps, goal, exit, again })
}

impl Sketch {
    /// The journey as a definition; JSON is YAML.
    pub fn written(&self, name: &str, enter: &Json) -> String {
        let mut writer = Writer { messages: Vec::new() };
        let steps = writer.steps(&self.steps);
        let reentry =
            if self.again { json!({"at_most": {"times": 3, "within_days": 2}}) } else { json!("never") };
        let mut journey = json!({
            "name": name,
            "purpose": if self.marketing { "marketing" } else { "transactional" },
            "enter": enter,
            "reentry": reentry,
            "steps": steps,
        });
        if self.goal {
            journey["goal"] = json!("Order Completed");
        }
        if let Some(exit) = &self.exit {
            journey["exit"] = writer.asked(exit);
        }
        json!({ "journey": journey }).to_string()
    }
}

struct Writer {
    messages: Vec<String>,
}

impl Writer {
    fn steps(&mut self, plans: &[Plan]) -> Vec<Json> {
        plans.iter().map(|plan| self.step(plan)).collect()
    }

    fn step(&mut self, plan: &Plan) -> Json {
        match plan {
            Plan::Sms => json!({"sms": {
                "name": self.name(), "text": "{{ sender }} {{ links.shop }} 停止はSTOP", "links": {"shop": "https://shop.example.jp"},
            }}),
            Plan::Email => json!({"email": {
                "name": self.name(), "subject": "お元気ですか", "text": "{{ sender }} 配信の停止: {{ optout }}",
            }}),
            Plan::Wait(minutes) => json!({"wait": format!("{minutes}m")}),
            Plan::WaitFor { event, minutes, then, otherwise } => {
                let (then, otherwise) = (self.steps(then), self.steps(otherwise));
                let within = format!("{minutes}m");
                json!({"wait_for": {"event": EVENTS[*event], "within": within, "then": then, "otherwise": otherwise}})
            }
            Plan::Branch(ways) => {
                let way = |(index, (asked, steps)): (usize, &(Asked, Vec<Plan>))| {
                    let when = self.asked(asked);
                    json!({"name": format!("way {index}"), "when": when, "steps": self.steps(steps)})
                };
                json!({"branch": ways.iter().enumerate().map(way).collect::<Vec<_>>()})
            }
            Plan::Audience { add: true } => json!({"add_to_audience": "cards"}),
            Plan::Audience { add: false } => json!({"remove_from_audience": "cards"}),
            Plan::Exit => json!("exit"),
        }
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
            Asked::Event(event) => json!({"event": {"name": EVENTS[*event], "within_days": 1}}),
            Asked::Cards => json!({"in_audience": "cards"}),
            Asked::Vip => json!({"trait": {"name": "vip", "is": true}}),
            Asked::Lapsed => json!({"in_segment": "drifting"}),
            Asked::Not(asked) => json!({"not": self.asked(asked)}),
        }
    }
}
