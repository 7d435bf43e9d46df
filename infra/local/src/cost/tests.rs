use std::collections::BTreeMap;

use domain::contact::Channel;
use domain::enrollment::Status;
use domain::journey::{Journey, Step};
use domain::ledger::{Row, Sent};
use domain::names::JourneyName;
use domain::time::Timestamp;

use super::{
    Architecture, Basis, Item, Line, Prices, TOKYO, Ticked, Used, bill, each, idle, per_month, sum, times,
    transitions, yen, yen_beyond_free,
};
use crate::definitions::check::check;
use crate::definitions::files::File;
use crate::demo::win_back;
use crate::meter::{Counts, Snapshot};
use crate::schedule::Schedule;
use crate::template::{Function, Route, Source, Template};

/// A dollar at 100 yen, so that yen are cents.
fn prices() -> Prices {
    Prices::parse(&TOKYO.replace("{ yen: 155,", "{ yen: 100,")).unwrap()
}

fn near(is: f64, wanted: f64) {
    assert!((is - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{is} is not {wanted}");
}

fn line(what: &str, item: Item, quantity: f64) -> Line {
    Line::new(what, item, quantity)
}

/// A function without triggers and grants.
fn function(memory_mb: u32, sources: Vec<Source>) -> Function {
    Function {
        logical_id: String::new(),
        timeout_seconds: 30,
        memory_mb,
        environment: BTreeMap::new(),
        sources,
        role: String::new(),
        grants: std::collections::BTreeSet::new(),
    }
}

fn queue() -> Source {
    Source::Queue { queue: String::new(), batch_size: 10, window_seconds: 0, concurrency: None }
}

fn schedule(expression: &str) -> Source {
    let (name, time_zone) = (String::new(), "Asia/Tokyo".to_owned());
    Source::Schedule { name, expression: expression.to_owned(), time_zone }
}

#[test]
fn prices_are_for_so_many_units() {
    let prices = prices();
    // $0.40 a million; $0.10 each; $0.025 a thousand; $0.0745 a part.
    near(prices.yen(Item::QueueRequests, 1_000_000.0), 40.0);
    near(prices.yen(Item::AlarmMetrics, 20.0), 200.0);
    near(prices.yen(Item::Transitions, 2.0), 0.005);
    near(prices.yen(Item::SmsParts, 3.0), 22.35);
    near(prices.yen(Item::LambdaSecondsX86, 400_000.0), 666.668);
}

#[test]
fn what_is_free_goes_to_the_lines_in_their_order() {
    let lines = [
        line("polling", Item::QueueRequests, 600_000.0),
        line("alarms", Item::AlarmMetrics, 12.0),
        line("queues", Item::QueueRequests, 900_000.0),
        line("secret", Item::Secrets, 1.0),
    ];
    let bill = bill(&lines, &prices());
    let beyond: Vec<f64> = bill.iter().map(|priced| priced.yen_beyond_free).collect();
    // A million requests are free: all of the first line, and 400,000 of the third. Ten metrics are; no secret is.
    for (is, wanted) in beyond.iter().zip([0.0, 20.0, 20.0, 40.0]) {
        near(*is, wanted);
    }
    near(yen(&bill), 24.0 + 120.0 + 36.0 + 40.0);
    near(yen_beyond_free(&bill), 80.0);
}

#[test]
fn a_message_is_what_comes_on_top_of_the_clock() {
    let campaign = [
        line("table", Item::TableReads, 260.0),
        line("table", Item::TableReads, 40.0),
        line("logs", Item::LogGigabytes, 5.0),
    ];
    let clock = [line("table", Item::TableReads, 100.0), line("logs", Item::LogGigabytes, 5.0)];
    assert_eq!(each(&campaign, &clock, 100), [line("table", Item::TableReads, 2.0)]);
    let twice = sum(times(&campaign, 2.0));
    assert_eq!(twice, [line("table", Item::TableReads, 600.0), line("logs", Item::LogGigabytes, 10.0)]);
}

#[test]
fn schedules_in_a_month() {
    let count = |expression| per_month(&Schedule::parse(expression, "Asia/Tokyo").unwrap());
    near(count("rate(1 minute)"), 43_800.0);
    near(count("cron(0 3 * * ? *)"), 365.0 / 12.0);
}

#[test]
fn an_idle_month_of_a_small_template() {
    let mut template = Template::default();
    template.functions.insert("schedule".to_owned(), function(256, vec![schedule("rate(1 minute)")]));
    template.functions.insert("advance".to_owned(), function(512, vec![queue()]));
    template.functions.insert("erase".to_owned(), function(256, vec![queue(), queue()]));
    template.alarms = [("dead".to_owned(), 10), ("late".to_owned(), 1)].into();
    template.dashboards.insert("Dashboard".to_owned());
    template.secrets.insert("${Secret}".to_owned());
    let counts = Counts { invocations: 15, read_units: 60.0, ..Counts::default() };
    let used = Used { meter: Snapshot([("schedule".to_owned(), counts)].into()), ..Used::default() };
    let ticked = [("schedule".to_owned(), Ticked { used, ticks: 15 })].into();
    let prices = prices();
    let basis = Basis { template: &template, prices: &prices, architecture: Architecture::X86 };

    let lines = idle(basis, &ticked).unwrap();
    let quantity = |item: Item| lines.iter().filter(|line| line.item == item).map(|line| line.quantity).sum();
    // Three queues, five pollers each, three requests a minute; 43,800 minutes.
    near(quantity(Item::QueueRequests), 1_971_000.0);
    near(quantity(Item::AlarmMetrics), 11.0);
    near(quantity(Item::Dashboards) + quantity(Item::Secrets), 2.0);
    near(quantity(Item::ClockInvocations), 43_800.0);
    near(quantity(Item::LambdaRequests), 43_800.0);
    near(quantity(Item::TableReads), 4.0 * 43_800.0);
    near(quantity(Item::KeyRequests), 8_760.0);
    // A quarter of a GB, for 3 ms.
    near(quantity(Item::LambdaSecondsX86), 43_800.0 * 0.25 * 0.003);
    near(quantity(Item::LogGigabytes), 43_800.0 * 700.0 / 1e9);
}

#[test]
fn what_is_metered_becomes_units_that_are_paid() {
    let mut template = Template::default();
    template.functions.insert("callback".to_owned(), function(256, vec![queue()]));
    template.functions.insert("send-sms".to_owned(), function(512, vec![queue()]));
    template.routes.push(Route {
        method: "POST".to_owned(),
        path: "/callbacks/{account}".to_owned(),
        function: "callback".to_owned(),
    });
    let named =
        |named: &[(&str, u64)]| named.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let callback = Counts {
        invocations: 10,
        dynamodb: named(&[("UpdateItem", 10)]),
        write_units: 10.0,
        sqs: named(&[("SendMessage", 10), ("ReceiveMessage", 2), ("DeleteMessageBatch", 2)]),
        ..Counts::default()
    };
    let send = Counts {
        invocations: 1,
        dynamodb: named(&[("BatchGetItem", 1), ("PutItem", 10)]),
        read_units: 10.0,
        write_units: 10.0,
        sqs: named(&[("ReceiveMessage", 1), ("DeleteMessageBatch", 1)]),
        events: 1,
    };
    let used = Used {
        meter: Snapshot([("callback".to_owned(), callback), ("send-sms".to_owned(), send)].into()),
        provider_calls: [("send-sms".to_owned(), 10)].into(),
        log_bytes: 1_000,
    };
    let prices = prices();
    let basis = Basis { template: &template, prices: &prices, architecture: Architecture::Arm };
    let lines = used.lines(basis);
    let quantity = |item: Item| lines.iter().filter(|line| line.item == item).map(|line| line.quantity).sum();
    near(quantity(Item::TableWrites), 20.0);
    near(quantity(Item::QueueRequests), 16.0);
    // Two of ten invocations brought a batch of the queue.
    near(quantity(Item::ApiRequests), 8.0);
    // callback: 10 × 3 ms and 20 calls of 6 ms, at 256 MB; send-sms: 3 ms, 12 calls and 10 of the provider, at 512 MB.
    near(quantity(Item::LambdaSecondsArm), 0.25 * 0.150 + 0.5 * (0.003 + 0.072 + 2.0));
    near(quantity(Item::LambdaSecondsX86), 0.0);
    near(quantity(Item::LogGigabytes), (1_000.0 + 11.0 * 700.0 + 8.0 * 250.0) / 1e9);
}

#[test]
fn a_price_file_with_a_mistake_is_refused_by_its_field() {
    assert!(Prices::parse(TOKYO).is_ok());
    let cases = [
        (
            "as_of: 2026-09-01\nregion",
            "as_of: September\nregion",
            "as_of: `September` is not a date; write it as 2026-04-01",
        ),
        ("currency: USD", "currency: JPY", "currency: prices are read in USD, not in JPY"),
        (
            "  queue_requests:",
            "  queue_request:",
            "prices.queue_request: unknown variant `queue_request`, expected one of",
        ),
        ("usd: 0.715", "usd: -0.715", "prices.table_writes: -0.715 is below 0; write what is paid, or 0"),
        ("usd: 0.715", "usd: cheap", "prices.table_writes: invalid type: string \"cheap\", expected f64"),
        ("usd: 0.715, per: 1000000", "usd: 0.715, per: 0", "prices.table_writes: 0 is too little"),
        ("usd: 0.715, per: 1000000", "usd: 0.715", "prices.table_writes: missing field `per`"),
        ("usd: 0.715,", "usd: 0.715, yen: 1,", "prices.table_writes: unknown field `yen`"),
        ("yen: 155", "yen: 0", "yen_per_dollar: 0 is too little"),
        ("  pollers: 5\n", "", "assumptions: missing field `pollers`"),
        ("prices:\n", "price:\n", "unknown field `price`"),
        ("as_of: 2026-09-01\nregion", "region", "missing field `as_of`"),
        ("as_of", "{as_of", "it is no YAML"),
    ];
    for (from, to, wanted) in cases {
        let yaml = TOKYO.replacen(from, to, 1);
        assert_ne!(yaml, TOKYO, "{from} is not in the file");
        let error = format!("{:#}", Prices::parse(&yaml).unwrap_err());
        assert!(error.contains(wanted), "{to:?}: {error:?} does not say {wanted:?}");
    }
    let emails = TOKYO.find("  emails:").unwrap();
    let after = emails + TOKYO[emails..].find("\n\n").unwrap();
    let error = Prices::parse(&(TOKYO[..emails].to_owned() + &TOKYO[after..])).unwrap_err().to_string();
    assert_eq!(error, "prices.emails: it is missing");
}

/// The campaign's journey, and where it has steps of a kind.
fn journey() -> (std::sync::Arc<Journey>, impl Fn(&str) -> usize) {
    let files: Vec<File> =
        win_back().iter().map(|(path, yaml)| File::definition(path, yaml.clone())).collect();
    let definitions = check(&files, Vec::new()).unwrap().definitions().unwrap();
    let journey = definitions.journeys[&JourneyName::parse("win-back").unwrap()][&1].clone();
    let steps = journey.clone();
    let position = move |name: &str| {
        steps.steps.iter().enumerate().find_map(|(position, step)| {
            let is = match step {
                Step::Branch { .. } => name == "branch",
                Step::Message(message) => message.name.as_str() == name,
                Step::Wait { .. }
                | Step::Listen { .. }
                | Step::Split { .. }
                | Step::Audience { .. }
                | Step::Set { .. }
                | Step::Webhook(_)
                | Step::Card { .. }
                | Step::Exit => false,
            };
            is.then_some(position)
        })
    };
    (journey, move |name| position(name).unwrap())
}

fn sent(step: usize, channel: Channel) -> Sent {
    Sent {
        step,
        channel,
        at: Timestamp::from_seconds(0),
        code: None,
        status: Status::Delivered,
        parts: None,
        yen: None,
        clicked: None,
        scanned: None,
        links: std::collections::BTreeSet::new(),
        opened: None,
        replied: None,
        reply: None,
    }
}

#[test]
fn transitions_are_the_steps_that_someone_came_to() {
    let (journey, at) = journey();
    let (hello, letter, branch) = (at("hello"), at("letter"), at("branch"));
    let row = |messages: Vec<Sent>, took: &[(usize, &str)]| Row {
        version: 1,
        key: None,
        held_out: false,
        ended: None,
        messages,
        outstanding: false,
        took: took.iter().map(|(step, way)| (*step, (*way).to_owned())).collect(),
        passed: Vec::new(),
        goal: None,
    };
    // Who bought before the first message left.
    assert_eq!(transitions(&row(Vec::new(), &[]), &journey), 0);
    // The SMS and the wait after it.
    let one = vec![sent(hello, Channel::Sms)];
    assert_eq!(transitions(&row(one, &[]), &journey), 2);
    // SMS, wait, e-mail, wait, branch, audience, and the last wait.
    let two = vec![sent(hello, Channel::Sms), sent(letter, Channel::Email)];
    assert_eq!(transitions(&row(two.clone(), &[(branch, "neither")]), &journey), 7);
    // A third message on the way, and no wait for anything.
    let mut three = two;
    three.push(sent(at("nudge"), Channel::Sms));
    assert_eq!(transitions(&row(three, &[(branch, "click, no response")]), &journey), 8);
}
