//! An opt-out that arrives while messages are queued, by a tap on the page or by a reply, at any point among all that senders
//! do: no message leaves whose check comes after the opt-out was acknowledged, and check and call are at most two seconds
//! apart. Shown over a thousand worlds drawn by chance, in which the table is slow and senders die at any call; each is
//! drawn again from its number.

#![expect(clippy::expect_used, reason = "an opt-out that is not acknowledged ends the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use axum::http::StatusCode;
use cloud::keyed::AddressKey;
use domain::contact::Channel;
use domain::time::Timestamp;
use local::faults::{Call, Fault, Faults, Service};
use local::runtime::{Feed, Runtime};
use local::virtual_time::VirtualClock;
use providers::receipts::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use sandbox::{Hook, InboxQuery, Phase};
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

/// Worlds in all, and over how many shops they are spread: each shop is one thread's.
const WORLDS: u32 = 1_000;
const SHOPS: u32 = 2;

/// People whose messages are queued in each world.
const PEOPLE: u32 = 4;

/// The most seconds that lie between a check and its call.
const APART: i64 = 2;

const DEFINITIONS: [&str; 3] = [
    "shop:
  time_zone: Asia/Tokyo
  policy: { hours: { from: \"00:00\", until: \"24:00\" } }
",
    "journey:
  name: earlier
  purpose: marketing
  enter: { event: Came }
  reentry: never
  steps: [{ sms: { name: hello, text: \"{{ sender }} {{ optout }}\" } }]
",
    "journey:
  name: sale
  purpose: marketing
  enter: { event: Asked }
  reentry: never
  steps: [{ sms: { name: sale, text: \"{{ sender }} {{ optout }}\" } }]
",
];

/// What happens between the sender and everybody else, and what was seen of it, in order.
struct World {
    clock: VirtualClock,
    runtime: OnceLock<Weak<Runtime>>,
    secret: OnceLock<Secret>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What chance decides by; nothing happens by chance where there is none.
    random: Option<fastrand::Rng>,
    /// People who may opt out at any moment: their number, and the code of a message they have.
    may_opt_out: Vec<(String, String)>,
    /// Whether the table is slow. Messages then leave one after the other: what lets time pass for one must not make a request
    /// of another late that is on its way to the provider.
    slow: bool,
    /// How often in a thousand calls someone does.
    opt_outs: u32,
    /// The place of the next thing that happens.
    next: u64,
    /// Where the sender last began to read whether each number opted out, and when, by the number's hash.
    read: BTreeMap<String, (u64, Timestamp)>,
    /// Where each number's opt-out was acknowledged.
    acknowledged: BTreeMap<String, u64>,
    /// Calls to the provider: the message, where, and when.
    calls: Vec<(String, u64, Timestamp)>,
    /// By the message: where the check began that its call rests on, of whom, and when.
    checks: BTreeMap<String, BTreeMap<String, (u64, Timestamp)>>,
    killed: bool,
    /// Where each message went that the provider accepted, and the number of the last one that was looked at.
    accepted: BTreeMap<String, String>,
    looked: Option<u32>,
    /// A message that each number has.
    codes: BTreeMap<String, String>,
}

/// What was seen in all worlds together.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    calls: usize,
    opt_outs: usize,
    /// Messages that did not leave because of an opt-out.
    stopped: usize,
    /// Opt-outs that were acknowledged between a check and the call that rests on it.
    between: usize,
    deaths: usize,
}

impl State {
    fn place(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn chance(&mut self, of_a_thousand: u32) -> bool {
        self.random.as_mut().is_some_and(|random| random.u32(0..1_000) < of_a_thousand)
    }

    /// Who opts out at this moment, if anyone does, and whether by a reply.
    fn opts_out(&mut self) -> Option<(String, String, bool)> {
        let rate = self.opt_outs;
        if self.may_opt_out.is_empty() || !self.chance(rate) {
            return None;
        }
        let random = self.random.as_mut()?;
        let (number, code) = self.may_opt_out.swap_remove(random.usize(0..self.may_opt_out.len()));
        Some((number, code, random.bool()))
    }
}

impl World {
    fn new() -> Arc<Self> {
        let clock = VirtualClock::at(MORNING);
        Arc::new(Self { clock, runtime: OnceLock::new(), secret: OnceLock::new(), state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A shop whose people came before and have a message each.
    async fn shop(self: &Arc<Self>, people: std::ops::Range<u32>) -> Result<Shop> {
        let faults = Some(Arc::clone(self) as Arc<dyn Faults>);
        let (clock, world) = (Some(self.clock.clone()), Arc::clone(self));
        let hook: Hook = Arc::new(move |phase, reference| {
            if phase == Phase::BeforeAccept {
                world.called(reference);
            }
            false
        });
        let shop =
            Shop::open(Opening { faults, clock, on_request: Some(hook), ..Opening::at(MORNING) }).await?;
        ensure!(self.runtime.set(Arc::downgrade(&shop.stack.runtime)).is_ok(), "one shop a world");
        ensure!(self.secret.set(Secret::parse(&shop.secrets.callback_secret)?).is_ok(), "one shop a world");
        shop.apply(&DEFINITIONS).await?;
        shop.settle().await?;
        let now = shop.clock.now();
        let numbers: Vec<u32> = people.collect();
        for some in numbers.chunks(200) {
            let calls = some.iter().map(|number| Someone::willing(*number));
            let calls: Vec<Value> =
                calls.flat_map(|it| [it.identify(now), it.event("Came", "1", now, &json!({}))]).collect();
            shop.take(&calls).await?;
        }
        shop.settle().await?;
        self.look(&shop)?;
        Ok(shop)
    }

    fn called(&self, reference: &str) {
        let now = self.clock.now();
        let mut state = self.state();
        let place = state.place();
        let checks = state.read.clone();
        state.checks.insert(reference.to_owned(), checks);
        state.calls.push((reference.to_owned(), place, now));
    }

    /// Opts someone out as people do, and notes when that was acknowledged. Whoever injects faults can't wait for a task of
    /// its own thread, so another one does it.
    fn opt_out(&self, (number, code, by_reply): &(String, String, bool)) -> Result<()> {
        let runtime = self.runtime.get().and_then(Weak::upgrade).context("the shop is open")?;
        let now = self.clock.now();
        let (path, headers, body) = if *by_reply {
            let body = json!({ "type": "reply", "from": number, "to_reference": null, "text": "停止", "at": now, "id": number });
            let (body, secret) = (body.to_string(), self.secret.get().context("a secret")?);
            let signature = sign(secret, number, now, body.as_bytes());
            let headers = json!({ ID_HEADER: number, TIMESTAMP_HEADER: now.seconds().to_string(), SIGNATURE_HEADER: signature });
            ("/callbacks/sandbox".to_owned(), headers, body)
        } else {
            (format!("/o/{code}"), json!({}), "List-Unsubscribe=One-Click".to_owned())
        };
        let function = if *by_reply { "callback" } else { "link" };
        let event = json!({
            "version": "2.0", "routeKey": "", "rawPath": path, "rawQueryString": "", "headers": headers,
            "requestContext": {
                "accountId": "", "apiId": "local", "domainName": "localhost", "requestId": "", "routeKey": "", "stage": "$default",
                "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
                "time": "", "timeEpoch": 0,
            },
            "body": body, "isBase64Encoded": false,
        });
        let ask = || alone(async { Ok(runtime.request(function, event).await?.status()) });
        let status = std::thread::scope(|scope| scope.spawn(ask).join()).expect("the thread ends")?;
        ensure!(status == StatusCode::OK, "an opt-out was answered with {status}");
        let mut state = self.state();
        let place = state.place();
        state.acknowledged.insert(number.clone(), place);
        Ok(())
    }

    /// Looks at what the provider accepted since the last time.
    fn look(&self, shop: &Shop) -> Result<()> {
        let mut state = self.state();
        loop {
            let query = InboxQuery { to: None, limit: Some(1_000), after: state.looked };
            let page = shop.sandbox()?.inbox(&query);
            let Some(last) = page.last() else { return Ok(()) };
            state.looked = Some(last.number);
            for entry in page {
                state.codes.entry(entry.to.clone()).or_insert_with(|| entry.reference.clone());
                state.accepted.insert(entry.reference, entry.to);
            }
        }
    }

    /// Lets those opt out at any moment who have a message.
    fn let_opt_out(&self, people: &[Someone]) {
        let mut state = self.state();
        let numbers = people.iter().map(Someone::e164);
        let may = numbers.filter_map(|number| Some((number.clone(), state.codes.get(&number)?.clone())));
        let may: Vec<(String, String)> = may.collect();
        state.may_opt_out = may;
    }

    fn maybe_opt_out(&self) {
        let who = self.state().opts_out();
        if let Some(who) = who {
            self.opt_out(&who).expect("the opt-out is acknowledged");
        }
    }
}

impl Faults for World {
    fn on(&self, call: &Call) -> Fault {
        if call.function != "send-sms" {
            return Fault::None;
        }
        self.maybe_opt_out();
        let mut state = self.state();
        if state.slow && state.chance(80) {
            let seconds = state.random.as_mut().map_or(0, |random| random.i64(1..=3));
            self.clock.set(self.clock.now().plus(seconds));
        }
        if call.service == Service::DynamoDb && call.operation.ends_with("GetItem") {
            let now = self.clock.now();
            let place = state.place();
            for found in call.key.split("S#sms#").skip(1) {
                let hash = found.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c));
                state.read.insert(hash.collect(), (place, now));
            }
        }
        if !state.chance(16) {
            return Fault::None;
        }
        state.killed = true;
        if state.chance(500) { Fault::KillBefore } else { Fault::KillAfter }
    }
}

/// Hands to the sender what was asked for, while people opt out.
async fn play(
    world: &Arc<World>,
    shop: &mut Shop,
    seed: u64,
    people: &[Someone],
    opt_outs: u32,
) -> Result<Seen> {
    let feeds = shop.stack.runtime.feeds();
    let feed = |function: &str| feeds.iter().find(|feed| feed.function == function).context("a feed");
    let (advance, sender): (&Feed, &Feed) = (feed("advance")?, feed("send-sms")?);
    let slow = seed.is_multiple_of(2);
    let sender = Feed { batch_size: if slow { 1 } else { sender.batch_size }, ..sender.clone() };
    let now = shop.clock.now();
    let calls: Vec<Value> = people.iter().map(|it| it.event("Asked", "1", now, &json!({}))).collect();
    for some in calls.chunks(500) {
        shop.take(some).await?;
    }
    while shop.stack.runtime.poll(advance).await? > 0 {}
    {
        let mut state = world.state();
        state.random = Some(fastrand::Rng::with_seed(seed));
        state.opt_outs = opt_outs;
        state.slow = slow;
        (state.calls, state.checks, state.read) = Default::default();
        state.killed = false;
    }
    world.maybe_opt_out();
    let mut polled = 1;
    while polled > 0 {
        // A batch whose sender died comes again when its visibility ends.
        polled = shop.stack.runtime.poll(&sender).await.unwrap_or(1);
        world.maybe_opt_out();
    }
    let deaths = {
        let mut state = world.state();
        state.random = None;
        usize::from(state.killed)
    };
    if deaths > 0 {
        shop.pass(600).await?;
    }
    judge(world, shop, people, deaths)
}

/// Looks at every call that was made.
fn judge(world: &World, shop: &Shop, people: &[Someone], deaths: usize) -> Result<Seen> {
    let numbers: BTreeSet<String> = people.iter().map(Someone::e164).collect();
    world.look(shop)?;
    let key = AddressKey::parse(&shop.secrets.address_key).context("a key")?;
    let state = world.state();
    let mut seen = Seen { deaths, ..Seen::default() };
    for (reference, called, at) in &state.calls {
        let to = state.accepted.get(reference).context("a call that was not accepted")?;
        seen.calls += 1;
        let checks = state.checks.get(reference).context("the checks of a call")?;
        let hash = key.address(Channel::Sms, to);
        let (checked, since) = checks.get(&hash).context("a call without a check")?;
        ensure!(at.since(*since) <= APART, "a check was {} s old when its message left", at.since(*since));
        if let Some(acknowledged) = state.acknowledged.get(to) {
            ensure!(
                acknowledged >= checked,
                "a message left whose check came after the opt-out was acknowledged"
            );
            seen.between += usize::from(acknowledged < called);
        }
    }
    let opted_out: BTreeSet<&String> =
        state.acknowledged.keys().filter(|number| numbers.contains(*number)).collect();
    let called: BTreeSet<&String> =
        state.calls.iter().filter_map(|(reference, ..)| state.accepted.get(reference)).collect();
    seen.opt_outs = opted_out.len();
    seen.stopped = opted_out.difference(&called).count();
    let missing =
        numbers.iter().filter(|number| !called.contains(number) && !opted_out.contains(number)).count();
    ensure!(missing == 0, "{missing} people who did not opt out got nothing");
    Ok(seen)
}

fn worlds(first: u32, count: u32) -> Result<Seen> {
    let world = World::new();
    alone(async {
        let mut shop = world.shop(first * PEOPLE..(first + count) * PEOPLE).await?;
        let mut all = Seen::default();
        for number in first..first + count {
            let people: Vec<Someone> =
                (number * PEOPLE..(number + 1) * PEOPLE).map(Someone::willing).collect();
            world.let_opt_out(&people);
            let seen = play(&world, &mut shop, number.into(), &people, 120).await;
            let seen = seen.with_context(|| format!("world {number}"))?;
            all.calls += seen.calls;
            all.opt_outs += seen.opt_outs;
            all.stopped += seen.stopped;
            all.between += seen.between;
            all.deaths += seen.deaths;
        }
        Ok(all)
    })
}

#[test]
fn a_thousand_worlds_in_which_people_opt_out_while_messages_are_queued() -> Result<()> {
    let began = Instant::now();
    let each = WORLDS / SHOPS;
    let shops: Vec<Seen> = std::thread::scope(|scope| {
        let shops: Vec<_> = (0..SHOPS).map(|shop| scope.spawn(move || worlds(shop * each, each))).collect();
        shops.into_iter().map(|shop| shop.join().expect("the thread ends")).collect::<Result<_>>()
    })?;
    println!("{WORLDS} worlds in {:?}: {shops:?}", began.elapsed());
    for seen in shops {
        // Otherwise nothing would be shown.
        ensure!(seen.opt_outs > 300 && seen.stopped > 100 && seen.between > 20, "{seen:?}");
        ensure!(seen.calls > 500 && seen.deaths > 20, "{seen:?}");
    }
    Ok(())
}

#[test]
#[ignore = "long: ten thousand messages are queued"]
fn people_opt_out_while_ten_thousand_messages_are_queued() -> Result<()> {
    let world = World::new();
    alone(async {
        let mut shop = world.shop(0..10_000).await?;
        let people: Vec<Someone> = (0..10_000).map(Someone::willing).collect();
        world.let_opt_out(&people);
        let seen = play(&world, &mut shop, 1, &people, 30).await?;
        println!("{seen:?}");
        ensure!(seen.opt_outs > 200 && seen.stopped > 100 && seen.calls > 9_000, "{seen:?}");
        Ok(())
    })
}
