//! A run of `recompute` gives way to what customers do.

use anyhow::{Context, Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::customers::Stored;
use cloud::table::runs::{Part, RunId, RunKind};
use domain::input::{Input, List};
use domain::names::{CustomerId, SegmentName};
use domain::time::Timestamp;
use local::runtime::Feed;
use local::sqs::Outgoing;
use recompute::BACKLOG_LIMIT;
use serde_json::json;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);
const INBOX: &str = "InboxQueue";
const RUN: RunId = RunId { kind: RunKind::Recompute, number: 1, again: 0 };

/// Everyone.
const EVERYONE: &str = "segment:
  name: everyone
  when: { not: { event: { name: Order Completed, at_least: 1000 } } }
";

fn feed(shop: &Shop, function: &str) -> Result<Feed> {
    shop.stack.runtime.feeds().into_iter().find(|feed| feed.function == function).context("a queue")
}

async fn waiting(shop: &Shop) -> Result<u64> {
    Ok(shop.stack.runtime.region().queues().counts(INBOX).await?.visible)
}

async fn parts(shop: &Shop) -> Result<Vec<Part>> {
    shop.table.parts(RUN).await
}

#[test]
fn a_full_inbox_comes_first_and_events_keep_flowing() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        let someone = Someone::willing(1);
        shop.take(&[someone.identify(MORNING)]).await?;
        shop.settle().await?;
        let timer = |number: u64| {
            let customer = CustomerId::parse(&format!("nobody-{number}"))?;
            let body = serde_json::to_string(&Inbox::new(customer, vec![Input::Timer]))?;
            Ok(Outgoing { body, ..Outgoing::default() })
        };
        let busy = (0..BACKLOG_LIMIT).map(timer).collect::<Result<Vec<_>>>()?;
        shop.stack.runtime.region().queues().send(INBOX, busy).await?;

        shop.apply(&[EVERYONE]).await?;
        let recompute = feed(&shop, "recompute")?;
        while shop.stack.runtime.poll(&recompute).await? > 0 {}
        let asleep = parts(&shop).await?;
        ensure!(asleep.len() == 8, "{asleep:?}");
        for part in &asleep {
            ensure!((part.waits, part.read) == (1, 0) && part.due > MORNING, "{part:?}");
        }
        // What a customer does is handled while the run waits.
        shop.take(&[someone.event("Page Viewed", "1", MORNING, &json!({}))]).await?;
        let advance = feed(&shop, "advance")?;
        while shop.stack.runtime.poll(&advance).await? > 0 {}
        let id = CustomerId::parse(&someone.id)?;
        let stored = shop.table.customer(&id).await?.context("gone")?;
        ensure!(stored.customer.events.contains_key("Page Viewed"), "the event was not handled");
        ensure!(parts(&shop).await? == asleep, "the run did not wait");

        shop.pass(300).await?;
        let done = parts(&shop).await?;
        ensure!(done.iter().all(|part| part.state.is_over()), "{done:?}");
        let list = List::Segment(SegmentName::parse("everyone")?);
        ensure!(shop.table.count_members(&list).await? == 1, "the run did nothing");
        Ok(())
    })
}

/// A run that changes everyone does not fill the inbox faster than it is emptied.
#[test]
fn a_run_fills_the_inbox_up_to_its_limit_and_a_page() -> Result<()> {
    const PAGE: u64 = 1_000;
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        let people = BACKLOG_LIMIT + 3 * PAGE;
        for number in 0..people {
            let stored = Stored::absent(CustomerId::parse(&format!("c{number:05}"))?);
            shop.table.commit(&stored, &stored.customer, None).await?;
        }
        shop.apply(&[EVERYONE]).await?;
        let recompute = feed(&shop, "recompute")?;
        while shop.stack.runtime.poll(&recompute).await? > 0 {}
        let put = waiting(&shop).await?;
        ensure!((BACKLOG_LIMIT..=BACKLOG_LIMIT + PAGE).contains(&put), "{put} wait in the inbox");
        ensure!(parts(&shop).await?.iter().any(|part| part.waits == 1), "no part waits");
        shop.pass(300).await?;
        let list = List::Segment(SegmentName::parse("everyone")?);
        let members = shop.table.count_members(&list).await?;
        ensure!(members == people, "{members} of {people} are in the segment");
        Ok(())
    })
}
