//! `recompute` goes through everyone, whatever it dies of and whoever still knows the definitions before.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::Row;
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
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// Customers, of whom every other one bought.
const PEOPLE: u32 = 60;

/// What each of them said about messages: so much that a part has more pages than one invocation reads.
const WORDS: i64 = 350;

/// Longer than a part stays hidden after its invocation died, and until the second time.
const OVER: i64 = 1200;

/// Who bought.
fn buyers(name: &str) -> String {
    format!("segment:\n  name: {name}\n  when: {{ event: {{ name: Order Completed }} }}\n")
}

async fn shop_with_long_records(opening: Opening) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    let at = MORNING.plus(-30 * DAY);
    let someone = |number| {
        let someone = Someone::willing(number);
        let bought = number.is_multiple_of(2).then(|| someone.order("first", at, 3000));
        [Some(someone.identify(at)), bought].into_iter().flatten()
    };
    shop.take(&(0..PEOPLE).flat_map(someone).collect::<Vec<Value>>()).await?;
    shop.settle().await?;
    let said = ConsentSaid { channel: Channel::Email, purpose: Purpose::Marketing, given: true };
    for number in 0..PEOPLE {
        let customer = CustomerId::parse(&Someone::willing(number).id)?;
        let words = (0..WORDS).map(|word| Row::consent(&customer, &said, "import", at.plus(-word)));
        shop.table.put_all(words.collect::<Result<_>>()?).await?;
    }
    Ok(shop)
}

/// Checks that a recomputation that began at `began` is over: its parts are done and read everyone twice, who bought is
/// in the segment, and an evaluation from scratch would change nothing.
async fn complete(shop: &Shop, segment: &str, began: Timestamp) -> Result<()> {
    let definitions = Definitions::new(&shop.table.definitions().await?, CodeKey::none())
        .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))?;
    let parts = shop.table.progress(&format!("{}-{}", definitions.number, began.seconds())).await?;
    let sum = |name: &str| parts.iter().filter_map(|part| part.get(name)).sum::<i64>();
    let rows = (parts.len(), sum("done"), sum("read"));
    ensure!(rows == (8, 8, 2 * i64::from(PEOPLE)), "{rows:?} parts, done, read");
    let segment = SegmentName::parse(segment)?;
    for number in 0..PEOPLE {
        let id = CustomerId::parse(&Someone::willing(number).id)?;
        let stored = shop.table.customer(&id).await?.context("a customer is gone")?;
        let member = stored.customer.segments.get(&segment).is_some_and(|membership| membership.member);
        ensure!(member == number.is_multiple_of(2), "customer {number}: member is {member}");
        let again = step(&stored.customer, &[], shop.clock.now(), &definitions);
        ensure!(!again.changed, "customer {number} was not evaluated");
    }
    let members = shop.table.count_members(&List::Segment(segment)).await?;
    ensure!(members == PEOPLE as usize / 2, "{members} on the list");
    ensure!(shop.dead_letters().await?.is_empty(), "there are dead letters");
    Ok(())
}

/// Every definition is a further run over the same shop: the first undisturbed, each other one killed at one call.
#[test]
fn a_part_goes_on_where_an_invocation_died() -> Result<()> {
    alone(async {
        let deaths = AtCall::of("recompute");
        let mut shop =
            shop_with_long_records(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }).await?;
        let (before, began) = (shop.used(), shop.clock.now());
        deaths.watch();
        shop.apply(&[&buyers("undisturbed")]).await?;
        shop.pass(OVER).await?;
        complete(&shop, "undisturbed", began).await?;
        let calls = deaths.made();
        // It is begun, and reads eight parts twice, one of which is too long for one invocation.
        let used = shop.used().since(&before);
        assert_eq!(used.0["recompute"].invocations, 1 + 2 * (8 + 1), "{used:?}");

        let fatal = (0..calls).step_by(calls / 8);
        for (run, call) in fatal.enumerate() {
            let fault = if run.is_multiple_of(2) { Fault::KillBefore } else { Fault::KillAfter };
            let (name, began) = (format!("run-{run}"), shop.clock.now());
            deaths.arm(call, fault);
            shop.apply(&[&buyers(&name)]).await?;
            shop.pass(OVER).await?;
            ensure!(deaths.made() > call, "call {call} was never made");
            complete(&shop, &name, began).await.with_context(|| format!("{fault:?} at call {call}"))?;
        }
        Ok(())
    })
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
