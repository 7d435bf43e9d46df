//! Runs of `recompute`: one of each number, the later over the earlier, and only those written whom they change.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::table::runs::{Part, PartState, RunId, RunKind};
use domain::definitions::{Kind, Version};
use domain::input::List;
use domain::names::{CustomerId, SegmentName};
use domain::time::{DAY, Timestamp};
use local::definitions;
use local::functions::Function;
use recompute::{DEFINITION_APPLIED, DefinitionApplied};
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// Until the second time is over.
const OVER: i64 = 300;

const PEOPLE: u32 = 40;

/// Of so many customers one bought.
const OF: u32 = 4;

/// Who did something.
pub fn segment(name: &str, event: &str) -> String {
    format!("segment:\n  name: {name}\n  when: {{ event: {{ name: {event} }} }}\n")
}

/// A shop of customers of whom every fourth bought.
async fn shop() -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    let at = MORNING.plus(-30 * DAY);
    let someone = |number: u32| {
        let someone = Someone::willing(number);
        let bought = number.is_multiple_of(OF).then(|| someone.order("first", at, 3000));
        [Some(someone.identify(at)), bought].into_iter().flatten()
    };
    shop.take(&(0..PEOPLE).flat_map(someone).collect::<Vec<Value>>()).await?;
    shop.settle().await?;
    Ok(shop)
}

const fn run(number: u32) -> RunId {
    RunId { kind: RunKind::Recompute, number, again: 0 }
}

async fn members(shop: &Shop, name: &str) -> Result<u64> {
    shop.table.count_members(&List::Segment(SegmentName::parse(name)?)).await
}

fn sum(parts: &[Part], count: fn(&Part) -> u64) -> u64 {
    parts.iter().map(count).sum()
}

fn applied(number: u32) -> Result<Value> {
    let detail = serde_json::to_value(DefinitionApplied { number })?;
    Ok(json!({ "source": "tsunagi", "detail-type": DEFINITION_APPLIED, "detail": detail }))
}

/// Stores a definition without telling anyone.
async fn store(shop: &Shop, yaml: &str) -> Result<u32> {
    match definitions::put(&shop.table, &[("a.yaml".to_owned(), yaml.to_owned())]).await? {
        Ok((_, number)) => Ok(number),
        Err(mistakes) => anyhow::bail!("{mistakes:?}"),
    }
}

/// Two processes that are told at the same moment, each twice, and the night after.
#[test]
fn one_run_of_a_number_however_often_it_is_told() -> Result<()> {
    alone(async {
        let mut shop = shop().await?;
        let number = store(&shop, &segment("bought", "Order Completed")).await?;
        let runtime = Arc::clone(&shop.stack.runtime);
        let declared = &runtime.template().functions["recompute"];
        let start = || Function::start("recompute", declared, runtime.region());
        let before = shop.used();
        let (one, other) =
            (Box::pin(start()?.event(applied(number)?)), Box::pin(start()?.event(applied(number)?)));
        let (one, other) = tokio::join!(one, other);
        one.and(other)?;
        shop.settle().await?;
        shop.pass(OVER).await?;
        // Whatever is told once the run is on its way is not even sent.
        let sent = shop.used().since(&before).0["recompute"].sqs["SendMessageBatch"];
        for _ in 0..2 {
            start()?.event(applied(number)?).await?;
        }
        runtime.tick("recompute").await?;
        let used = shop.used().since(&before);
        // The night has a segment counted.
        ensure!(used.0["recompute"].sqs["SendMessageBatch"] == sent + 1, "{used:?}");

        ensure!(shop.table.runs().await?.len() == 1, "{:?}", shop.table.runs().await?);
        let parts = shop.table.parts(run(number)).await?;
        // Two hops each: what was sent twice did not go on twice.
        ensure!(parts.iter().all(|part| part.hop == 2 && part.state == PartState::Done), "{parts:?}");
        ensure!(sum(&parts, |part| part.read) == u64::from(PEOPLE), "{parts:?}");
        let scans = used.0["recompute"].dynamodb["Scan"];
        ensure!(
            scans <= 8 + 8 + 8,
            "{scans} pages of eight parts: the first time twice, the second time once"
        );
        ensure!(members(&shop, "bought").await? == u64::from(PEOPLE / OF), "members are missing");
        ensure!(shop.dead_letters().await?.is_empty(), "there are dead letters");
        Ok(())
    })
}

#[test]
fn only_those_whom_it_changes_are_written() -> Result<()> {
    alone(async {
        let mut shop = shop().await?;
        let before = shop.used();
        shop.apply(&[&segment("bought", "Order Completed")]).await?;
        shop.pass(OVER).await?;
        let used = shop.used().since(&before);
        let changed = u64::from(PEOPLE / OF);
        let advance = &used.0["advance"];
        // Each of them: the customer, and its row in the segment.
        assert_eq!(advance.dynamodb.get("PutItem"), Some(&(2 * changed)), "{advance:?}");
        assert!((advance.write_units - 2.0 * changed as f64).abs() < 0.1, "{advance:?}");
        for number in 0..PEOPLE {
            let id = CustomerId::parse(&Someone::willing(number).id)?;
            let stored = shop.table.customer(&id).await?.context("a customer is gone")?;
            let revision = 1 + u64::from(number.is_multiple_of(OF));
            ensure!(stored.revision == revision, "customer {number} is at revision {}", stored.revision);
        }
        let parts = shop.table.parts(run(1)).await?;
        assert_eq!(sum(&parts, |part| part.changed), changed, "{parts:?}");

        // The same again by hand finds nobody.
        let before = shop.used();
        local::runs::ask(&shop.stack.runtime).await?;
        shop.pass(OVER).await?;
        let used = shop.used().since(&before);
        assert!(!used.0.contains_key("advance"), "{used:?}");
        assert_eq!(shop.table.runs().await?.len(), 2);
        Ok(())
    })
}

/// Who asks by hand joins a run that has yet to read everyone, and none that read everyone already.
#[test]
fn a_run_is_joined_while_it_reads() -> Result<()> {
    alone(async {
        let mut shop = shop().await?;
        shop.apply(&[&segment("bought", "Order Completed")]).await?;
        let asked = local::runs::ask(&shop.stack.runtime).await?;
        ensure!((asked.run, asked.began, asked.survey) == (run(1), false, None), "{asked:?}");
        shop.settle().await?;
        let waiting = shop.table.parts(run(1)).await?;
        ensure!(waiting.iter().all(|part| part.state == PartState::Again), "{waiting:?}");
        let asked = local::runs::ask(&shop.stack.runtime).await?;
        ensure!((asked.run, asked.began) == (run(1).once_more(), true), "{asked:?}");
        shop.pass(OVER).await?;
        let again = shop.table.parts(asked.run).await?;
        ensure!(sum(&again, |part| part.read) == u64::from(PEOPLE), "{again:?}");
        let runs = shop.table.runs().await?;
        ensure!(runs.len() == 2 && runs.iter().all(|run| run.finished.is_some()), "{runs:?}");
        Ok(())
    })
}

/// The second of two runs that overlap does the work of the first.
#[test]
fn a_later_run_supersedes_an_earlier_one() -> Result<()> {
    alone(async {
        let mut shop = shop().await?;
        shop.apply(&[&segment("bought", "Order Completed")]).await?;
        // Three of its parts have begun when the next definition comes.
        let feeds = shop.stack.runtime.feeds();
        let feed = feeds.iter().find(|feed| feed.function == "recompute").context("a queue")?;
        for _ in 0..3 {
            shop.stack.runtime.poll(feed).await?;
        }
        shop.apply(&[&segment("bought-too", "Order Completed")]).await?;
        shop.pass(OVER).await?;
        let (first, second) = (shop.table.parts(run(1)).await?, shop.table.parts(run(2)).await?);
        ensure!(first.iter().all(|part| part.state == PartState::Superseded), "{first:?}");
        ensure!(second.iter().all(|part| part.state == PartState::Done), "{second:?}");
        ensure!(sum(&second, |part| part.read) == u64::from(PEOPLE), "{second:?}");
        let runs = shop.table.runs().await?;
        ensure!(runs.len() == 2 && runs.iter().all(|run| run.finished.is_some()), "{runs:?}");
        for name in ["bought", "bought-too"] {
            ensure!(members(&shop, name).await? == u64::from(PEOPLE / OF), "{name} lacks members");
        }
        Ok(())
    })
}

/// Two people apply different segments at once. Neither knows of the other's, so both say the same number; the run that
/// the first began knows one segment only.
#[test]
fn two_who_apply_at_once_both_get_their_segment() -> Result<()> {
    alone(async {
        let mut shop = shop().await?;
        let (one, other) = (segment("one", "Order Completed"), segment("other", "Order Completed"));
        let number = store(&shop, &one).await?;
        definitions::announce(&shop.stack.runtime, number).await?;
        shop.settle().await?;
        // What `other` says had it looked before `one` was stored.
        store(&shop, &other).await?;
        definitions::announce(&shop.stack.runtime, number).await?;
        shop.pass(OVER).await?;
        for name in ["one", "other"] {
            ensure!(members(&shop, name).await? == u64::from(PEOPLE / OF), "{name} lacks members");
        }

        // And at the very same moment, over one table.
        let (one, other) = (segment("one", "Page Viewed"), segment("third", "Order Completed"));
        let (one, other) = tokio::join!(store(&shop, &one), store(&shop, &other));
        for number in [one?, other?] {
            definitions::announce(&shop.stack.runtime, number).await?;
        }
        shop.pass(OVER).await?;
        ensure!(members(&shop, "one").await? == 0, "someone stayed in a segment that was changed");
        ensure!(members(&shop, "third").await? == u64::from(PEOPLE / OF), "members are missing");
        Ok(())
    })
}

/// Segment and journey are withdrawn while customers are on their way: memberships end, nobody else begins, and who is in
/// the journey finishes it.
#[test]
fn what_is_withdrawn_lets_those_finish_who_are_in_it() -> Result<()> {
    const JOURNEY: &str = "journey:
  name: thanks
  purpose: transactional
  enter: { segment: bought }
  reentry: never
  steps:
    - wait: 1d
    - sms: { name: thanks, text: \"{{ customer.name }}様 {{ sender }} ありがとうございます\" }
";
    alone(async {
        let mut shop = shop().await?;
        shop.apply(&[&segment("bought", "Order Completed"), JOURNEY]).await?;
        shop.pass(OVER).await?;
        let bought = u64::from(PEOPLE / OF);
        ensure!(members(&shop, "bought").await? == bought, "members are missing");
        let withdrawn = [(Kind::Segment, "bought"), (Kind::Journey, "thanks")].map(|(kind, name)| Version {
            kind,
            name: name.to_owned(),
            number: 2,
            yaml: String::new(),
        });
        ensure!(shop.table.put_definitions(&withdrawn.each_ref()).await?, "they were changed meanwhile");
        definitions::announce(&shop.stack.runtime, 4).await?;
        shop.pass(OVER).await?;
        ensure!(members(&shop, "bought").await? == 0, "someone is in a segment that is not there");
        let late = Someone::willing(1);
        shop.take(&[late.order("late", shop.clock.now(), 3000)]).await?;
        shop.pass(2 * DAY).await?;
        let report = shop.report("thanks").await?;
        ensure!((report.total.entered, report.total.sent) == (bought, bought), "{report:?}");
        ensure!(report.is_complete() && report.waiting == 0, "{report:?}");
        let stored = shop.table.customer(&CustomerId::parse(&late.id)?).await?.context("gone")?;
        ensure!(stored.customer.enrollments.is_empty(), "someone began a journey that is not there");
        Ok(())
    })
}
