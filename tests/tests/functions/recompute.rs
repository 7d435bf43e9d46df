//! `recompute` goes through everyone, whatever it dies of and whoever still knows the definitions before.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::Row;
use cloud::table::runs::{PartState, RunId, RunKind};
use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::definitions::Definitions;
use domain::event::{Event, EventId, ORDER_COMPLETED, Properties};
use domain::input::{Input, List};
use domain::message::CodeKey;
use domain::money::Yen;
use domain::names::{CustomerId, SegmentName};
use domain::step::step;
use domain::time::{DAY, Timestamp};
use local::faults::Fault;
use local::functions::Function;
use recompute::PAGES_LIMIT;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

const LONG_AGO: Timestamp = MORNING.plus(-30 * DAY);

/// Customers, of whom every other one bought.
const PEOPLE: u32 = 60;

/// What each of them said about messages: so much that a part has more pages than one invocation reads.
const WORDS: i64 = 350;

/// Longer than a task stays hidden after its invocation died, twice, and until the second time.
const OVER: i64 = 1200;

/// Who bought.
fn buyers(name: &str) -> String {
    format!("segment:\n  name: {name}\n  when: {{ event: {{ name: Order Completed }} }}\n")
}

/// What makes customers, of whom every other one bought.
fn calls_of(people: u32) -> Vec<Value> {
    let someone = |number: u32| {
        let someone = Someone::willing(number);
        let bought = bought_something(number).then(|| someone.order("first", LONG_AGO, 3000));
        [Some(someone.identify(LONG_AGO)), bought].into_iter().flatten()
    };
    (0..people).flat_map(someone).collect()
}

async fn shop_with_long_records(opening: Opening) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    shop.take(&calls_of(PEOPLE)).await?;
    shop.settle().await?;
    let at = LONG_AGO;
    let said = ConsentSaid::new(Channel::Email, Purpose::Marketing, true);
    for number in 0..PEOPLE {
        let customer = CustomerId::parse(&Someone::willing(number).id)?;
        let words = (0..WORDS).map(|word| Row::consent(&customer, &said, at.plus(-word)));
        shop.table.put_all(words.collect::<Result<_>>()?).await?;
    }
    Ok(shop)
}

/// Checks that the recomputation of the current definitions is over: its parts are done and read everyone, whoever is to
/// be in the segment is, and an evaluation from scratch would change nothing.
async fn complete(shop: &Shop, people: u32, segment: &str, is_in: impl Fn(u32) -> bool) -> Result<()> {
    let definitions = Definitions::new(&shop.table.definitions().await?, CodeKey::none())
        .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))?;
    let id = RunId { kind: RunKind::Recompute, number: definitions.number, again: 0 };
    let run = shop.table.run(id).await?.context("there was no run")?;
    let parts = shop.table.parts(id).await?;
    let done = parts.iter().filter(|part| part.state == PartState::Done).count();
    let read: u64 = parts.iter().map(|part| part.read).sum();
    ensure!((parts.len(), done, read) == (8, 8, u64::from(people)), "{parts:?}");
    ensure!(run.finished.is_some(), "{run:?} is not finished");
    let segment = SegmentName::parse(segment)?;
    for number in 0..people {
        let id = CustomerId::parse(&Someone::willing(number).id)?;
        let stored = shop.table.customer(&id).await?.context("a customer is gone")?;
        let member = stored.customer.is_member(&segment);
        ensure!(member == is_in(number), "customer {number}: member is {member}");
        let again = step(&stored.customer, &[], shop.clock.now(), &definitions);
        ensure!(!again.changed, "customer {number} was not evaluated");
    }
    let expected = (0..people).filter(|number| is_in(*number)).count() as u64;
    let members = shop.table.count_members(&List::Segment(segment.clone())).await?;
    ensure!(members == expected, "{members} on the list");
    let days = shop.table.counts(&segment).await?;
    ensure!(days.last().is_some_and(|day| day.members == expected), "{expected} were not counted: {days:?}");
    ensure!(shop.dead_letters().await?.is_empty(), "there are dead letters");
    Ok(())
}

fn bought_something(number: u32) -> bool {
    number.is_multiple_of(2)
}

/// Every definition is a further run over the same shop: the first undisturbed, each other one killed at one call.
#[test]
fn a_part_goes_on_where_an_invocation_died() -> Result<()> {
    alone(async {
        let deaths = AtCall::of("recompute");
        let mut shop =
            shop_with_long_records(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }).await?;
        let before = shop.used();
        deaths.watch();
        shop.apply(&[&buyers("undisturbed")]).await?;
        shop.pass(OVER).await?;
        complete(&shop, PEOPLE, "undisturbed", bought_something).await?;
        let calls = deaths.made();
        // It is begun, reads eight parts twice, one of which is too long for one invocation, and counts a segment.
        let used = shop.used().since(&before);
        let part = shop.table.part(first_run(), 0).await?.context("there is no part")?;
        let hops = part.items.div_ceil(1000).div_ceil(PAGES_LIMIT as u64);
        ensure!(hops > 1, "{part:?}");
        assert_eq!(used.0["recompute"].invocations, 1 + 2 * (7 + hops) + 1, "{used:?}");
        let forbidden = shop.forbidden();
        ensure!(forbidden.is_empty(), "{forbidden:?}");

        let fatal = (0..calls).step_by(calls / 8);
        for (run, call) in fatal.enumerate() {
            let fault = if run.is_multiple_of(2) { Fault::KillBefore } else { Fault::KillAfter };
            let name = format!("run-{run}");
            deaths.arm(call, fault);
            shop.apply(&[&buyers(&name)]).await?;
            shop.pass(OVER).await?;
            ensure!(deaths.made() > call, "call {call} was never made");
            complete(&shop, PEOPLE, &name, bought_something)
                .await
                .with_context(|| format!("{fault:?} at call {call}"))?;
        }
        Ok(())
    })
}

/// A small shop whose one segment is turned around by each version: every run changes everyone, and dies once.
#[test]
fn every_call_of_a_run_may_be_the_last_of_its_process() -> Result<()> {
    const FEW: u32 = 6;
    let turned = |run: usize| {
        let event = "event: { name: Order Completed }";
        let when = if run.is_multiple_of(2) { event.to_owned() } else { format!("not: {{ {event} }}") };
        // Two versions of one text would be one.
        format!("segment:\n  name: turned\n  title: \"{run}\"\n  when: {{ {when} }}\n")
    };
    let is_in = |run: usize| move |number: u32| number.is_multiple_of(2) == run.is_multiple_of(2);
    alone(async {
        let deaths = AtCall::of("recompute");
        let mut shop = Shop::open(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }).await?;
        shop.take(&calls_of(FEW)).await?;
        shop.settle().await?;
        deaths.watch();
        shop.apply(&[&turned(0)]).await?;
        shop.pass(OVER).await?;
        complete(&shop, FEW, "turned", is_in(0)).await?;
        let calls = deaths.made();
        ensure!(calls > 100, "only {calls} calls");
        let faults = [Fault::KillBefore, Fault::KillAfter];
        let all = faults.iter().flat_map(|fault| (0..calls).map(move |call| (*fault, call)));
        for (run, (fault, call)) in all.enumerate().map(|(run, fatal)| (run + 1, fatal)) {
            deaths.arm(call, fault);
            shop.apply(&[&turned(run)]).await?;
            shop.pass(OVER).await?;
            ensure!(deaths.made() > call, "call {call} was never made");
            complete(&shop, FEW, "turned", is_in(run))
                .await
                .with_context(|| format!("{fault:?} at call {call} of {calls}"))?;
        }
        Ok(())
    })
}

/// Between two invocations customers buy: some whom the scan has passed, and some to whom it has yet to come.
#[test]
fn customers_who_change_in_the_middle_of_a_scan() -> Result<()> {
    alone(async {
        let mut shop = shop_with_long_records(Opening::at(MORNING)).await?;
        shop.apply(&[&buyers("bought")]).await?;
        let feeds = shop.stack.runtime.feeds();
        let feed = feeds.iter().find(|feed| feed.function == "recompute").context("a queue")?;
        let mut read = 0;
        while read <= u64::from(PEOPLE) / 2 {
            shop.stack.runtime.poll(feed).await?;
            read = shop.table.part(first_run(), 0).await?.context("the first part did not begin")?.read;
        }
        ensure!(read < u64::from(PEOPLE), "all {read} were read");
        let late = |number: u32| number.is_multiple_of(3);
        let buy = |number: u32| Someone::willing(number).order("late", shop.clock.now(), 3000);
        shop.take(&(0..PEOPLE).filter(|number| late(*number)).map(buy).collect::<Vec<Value>>()).await?;
        shop.pass(OVER).await?;
        complete(&shop, PEOPLE, "bought", |number| bought_something(number) || late(number)).await
    })
}

/// A run that was late from its beginning on: nobody it reads can still be written by who knew earlier definitions only.
#[test]
fn the_second_time_ends_where_the_first_was_late_enough() -> Result<()> {
    alone(async {
        let mut shop = shop_with_long_records(Opening::at(MORNING)).await?;
        let before = shop.used();
        shop.apply(&[&buyers("bought")]).await?;
        shop.clock.set(MORNING.plus(120));
        shop.pass(OVER).await?;
        complete(&shop, PEOPLE, "bought", bought_something).await?;
        let part = shop.table.part(first_run(), 0).await?.context("there is no part")?;
        let pages = part.items.div_ceil(1000);
        let scans = shop.used().since(&before).0["recompute"].dynamodb["Scan"];
        // Of the second time one page, and perhaps the one that was asked for ahead.
        // Where it stood names a customer, and is forgotten.
        ensure!(part.settled.is_none() && pages > 20, "{part:?}");
        ensure!((pages + 1..=pages + 2).contains(&(scans - 2 * 7)), "{scans} pages read of {pages} and 7");
        Ok(())
    })
}

const fn first_run() -> RunId {
    RunId { kind: RunKind::Recompute, number: 1, again: 0 }
}

/// A second process of `advance` that read the definitions just before they changed, and writes a customer when the scan
/// has passed it: nobody but the second time can find that.
#[test]
fn the_second_time_finds_who_was_written_under_earlier_definitions() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        let (known, late) = (Someone::willing(1), Someone::willing(2));
        shop.take(&[known.identify(MORNING), late.identify(MORNING)]).await?;
        shop.settle().await?;
        let runtime = &shop.stack.runtime;
        let declared = &runtime.template().functions["advance"];
        let earlier = Function::start("advance", declared, runtime.region())?;
        // What it reads of definitions, it keeps.
        let response = earlier.clone().batch(batch(&bought(&known)?)?).await?;
        ensure!(response.batch_item_failures.is_empty(), "{response:?}");

        shop.apply(&[&buyers("bought")]).await?;
        shop.settle().await?;
        shop.clock.set(MORNING.plus(25));
        let response = earlier.clone().batch(batch(&bought(&late)?)?).await?;
        ensure!(response.batch_item_failures.is_empty(), "{response:?}");

        let members = async |shop: &Shop| {
            let mut members = BTreeMap::new();
            for someone in [&known, &late] {
                let stored = shop.table.customer(&CustomerId::parse(&someone.id)?).await?.context("gone")?;
                members.insert(someone.id.clone(), stored.customer.segments.len());
            }
            anyhow::Ok(members)
        };
        let now = members(&shop).await?;
        ensure!(now[&known.id] == 1 && now[&late.id] == 0, "the earlier definitions were not kept: {now:?}");
        shop.pass(120).await?;
        let then = members(&shop).await?;
        ensure!(then[&late.id] == 1, "the second time did not find who was written in between");
        Ok(())
    })
}

/// What the inbox says of a purchase.
fn bought(someone: &Someone) -> Result<Inbox> {
    let event = Event {
        id: EventId::of(&someone.id),
        name: ORDER_COMPLETED.to_owned(),
        at: MORNING,
        yen: Yen(3000),
        properties: Properties::new(),
    };
    Ok(Inbox::new(CustomerId::parse(&someone.id)?, vec![Input::Track { event }]))
}

/// A batch of one message, as Lambda hands it over.
fn batch<T: DeserializeOwned>(body: &Inbox) -> Result<T> {
    let record = json!({
        "messageId": "1",
        "receiptHandle": "1",
        "body": serde_json::to_string(body)?,
        "attributes": { "ApproximateReceiveCount": "1" },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    });
    Ok(serde_json::from_value(json!({ "Records": [record] }))?)
}
