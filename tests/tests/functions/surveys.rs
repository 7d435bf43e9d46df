//! A survey learns of all customers together what definitions ask for, and memberships follow.

use anyhow::{Context, Result, ensure};
use cloud::bus::Bus;
use cloud::table::runs::{Run, RunId, RunKind};
use domain::definitions::Definitions;
use domain::input::List;
use domain::message::CodeKey;
use domain::names::{CustomerId, SegmentName};
use domain::step::step;
use domain::time::{DAY, Timestamp};
use local::faults::Fault;
use recompute::{RECOMPUTE_ASKED, RecomputeAsked};
use serde_json::Value;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// Longer than a task stays hidden after its invocation died, twice, and until the second time.
const OVER: i64 = 1200;

/// The fifth who bought longest ago.
const LAPSED: &str = "segment:\n  name: lapsed\n  when: { rfm: { recency: { at_most: 1 } } }\n";

/// Asks nothing of all customers together.
const BUYERS: &str = "segment:\n  name: buyers\n  when: { event: { name: Order Completed } }\n";

/// A shop of customers of whom each bought so many days ago as its number says, and some before that.
async fn shop(opening: Opening, people: u32) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    buy(&shop, people).await?;
    Ok(shop)
}

async fn buy(shop: &Shop, people: u32) -> Result<()> {
    let calls: Vec<Value> = (0..people)
        .flat_map(|number| {
            let someone = Someone::willing(number);
            let order = |before: u32| {
                let at = MORNING.plus(-i64::from(1 + number + 30 * before) * DAY);
                someone.order(&before.to_string(), at, 1_000 + i64::from(number) * 10)
            };
            let orders: Vec<Value> = (0..=number % 4).map(order).collect();
            [someone.identify(MORNING.plus(-400 * DAY))].into_iter().chain(orders).collect::<Vec<Value>>()
        })
        .collect();
    shop.take(&calls).await?;
    shop.settle().await
}

async fn definitions(shop: &Shop) -> Result<Definitions> {
    Definitions::new(&shop.table.definitions().await?, CodeKey::none())
        .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))
}

async fn surveys(shop: &Shop) -> Result<Vec<Run>> {
    let runs = shop.table.runs().await?.into_iter();
    Ok(runs.filter(|run| run.id.kind == RunKind::Survey).collect())
}

async fn ask(shop: &Shop, run: RunId) -> Result<()> {
    let config = shop.stack.runtime.region().sdk_config("test");
    let bus = Bus::new(aws_sdk_eventbridge::Client::new(&config), "Bus".to_owned());
    bus.put(&[(RECOMPUTE_ASKED, RecomputeAsked { run })]).await
}

/// Checks that a fifth of the customers are in the segment and that an evaluation from scratch changes nobody.
async fn follows(shop: &Shop, people: u32) -> Result<()> {
    let definitions = definitions(shop).await?;
    let population = definitions.population.as_ref().context("nothing was learnt")?;
    ensure!(population.customers == u64::from(people) && population.rfm.is_some(), "{population:?}");
    let list = List::Segment(SegmentName::parse("lapsed")?);
    let (members, fifth) = (shop.table.count_members(&list).await?, u64::from(people / 5));
    ensure!(members.abs_diff(fifth) <= 1 + fifth / 10, "{members} of {people} are the last fifth");
    for number in 0..people {
        let id = CustomerId::parse(&Someone::willing(number).id)?;
        let stored = shop.table.customer(&id).await?.context("a customer is gone")?;
        let again = step(&stored.customer, &[], shop.clock.now(), &definitions);
        ensure!(!again.changed, "customer {number} was not evaluated");
    }
    ensure!(shop.dead_letters().await?.is_empty(), "there are dead letters");
    Ok(())
}

#[test]
fn what_is_asked_for_is_learnt_at_once_and_renewed_at_night() -> Result<()> {
    const PEOPLE: u32 = 150;
    alone(async {
        let mut shop = shop(Opening::at(MORNING), PEOPLE).await?;
        shop.apply(&[BUYERS]).await?;
        shop.pass(DAY).await?;
        ensure!(surveys(&shop).await?.is_empty(), "nobody asked for a survey");

        shop.apply(&[LAPSED]).await?;
        shop.pass(OVER).await?;
        follows(&shop, PEOPLE).await?;
        let survey = surveys(&shop).await?.pop().context("there was no survey")?;
        let result = survey.result.context("it came to nothing")?;
        ensure!(result.starts_with("150 customers had bought\npurchases: "), "{result}");
        let parts = shop.table.parts(survey.id).await?;
        ensure!(parts.iter().all(|part| part.learnt.is_none()), "what was learnt stays in the parts");
        // Two that were applied, and what was learnt.
        ensure!(definitions(&shop).await?.number == 3, "{}", definitions(&shop).await?.number);

        // The same once more comes to the same, and is not written.
        ask(&shop, RunId { again: 1, ..survey.id }).await?;
        shop.pass(OVER).await?;
        let again = surveys(&shop).await?.pop().context("it did not begin")?;
        ensure!(again.result.is_some_and(|result| result.ends_with("\nas before")), "it was written");
        ensure!(definitions(&shop).await?.number == 3, "a version was written");

        // A month in which nobody buys moves the fifths, night by night; memberships follow.
        shop.pass(30 * DAY).await?;
        follows(&shop, PEOPLE).await?;
        let nights = surveys(&shop).await?;
        ensure!(nights.len() >= 30 && nights.iter().all(|run| run.finished.is_some()), "{nights:?}");
        ensure!(definitions(&shop).await?.number > 5, "the fifths did not move");
        let stored = shop.table.definitions().await?;
        ensure!(stored.len() == 3, "{} versions are kept", stored.len());
        let forbidden = shop.forbidden();
        ensure!(forbidden.is_empty(), "{forbidden:?}");
        Ok(())
    })
}

/// Definitions come before customers: what a survey of nobody found is nothing, and does not wait for the night.
#[test]
fn what_was_asked_of_nobody_is_learnt_when_it_is_asked_for_again() -> Result<()> {
    const PEOPLE: u32 = 40;
    let again = |by_hand: bool| {
        alone(async move {
            let mut shop = Shop::open(Opening::at(MORNING)).await?;
            shop.apply(&[LAPSED]).await?;
            shop.pass(OVER).await?;
            let first = surveys(&shop).await?.pop().context("there was no survey")?;
            ensure!(first.result.is_some_and(|result| result.starts_with("0 customers had bought")));
            ensure!(definitions(&shop).await?.population.is_none(), "something was learnt of nobody");
            buy(&shop, PEOPLE).await?;
            if by_hand {
                let asked = local::runs::ask(&shop.stack.runtime).await?;
                ensure!(asked.began && asked.survey == Some(first.id.once_more()), "{asked:?}");
                // Asked twice at once, it is one.
                let twice = local::runs::ask(&shop.stack.runtime).await?;
                ensure!(!twice.began && twice.survey == asked.survey && twice.run == asked.run, "{twice:?}");
                ask(&shop, first.id.once_more()).await?;
            } else {
                shop.apply(&[BUYERS]).await?;
            }
            shop.pass(OVER).await?;
            follows(&shop, PEOPLE).await?;
            let surveys = surveys(&shop).await?;
            ensure!(surveys.len() == 2 && surveys.iter().all(|run| run.finished.is_some()), "{surveys:?}");

            // What is known is learnt anew whenever someone asks, and not whenever something is applied.
            shop.apply(&["segment:\n  name: other\n  when: { in_segment: lapsed }\n"]).await?;
            shop.pass(OVER).await?;
            let asked = local::runs::ask(&shop.stack.runtime).await?;
            ensure!(asked.survey == Some(first.id.once_more().once_more()), "{asked:?}");
            shop.pass(OVER).await?;
            follows(&shop, PEOPLE).await
        })
    };
    again(true)?;
    again(false)
}

/// The first survey of a shop, killed at one call or another.
#[test]
fn a_survey_goes_on_where_an_invocation_died() -> Result<()> {
    dies_at([(Fault::KillAfter, 12), (Fault::KillBefore, 29)])
}

#[test]
#[ignore = "long: every call of a survey is once its last"]
fn a_survey_goes_on_wherever_an_invocation_died() -> Result<()> {
    dies_at([(Fault::KillAfter, 1), (Fault::KillBefore, 1)])
}

/// Kills at every so many calls.
fn dies_at(faults: [(Fault, usize); 2]) -> Result<()> {
    const FEW: u32 = 20;
    let killed = |fatal: Option<(Fault, usize)>| {
        alone(async move {
            let deaths = AtCall::of("recompute");
            let mut shop =
                shop(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }, FEW).await?;
            deaths.watch();
            if let Some((fault, call)) = fatal {
                deaths.arm(call, fault);
            }
            shop.apply(&[LAPSED]).await?;
            shop.pass(OVER).await?;
            follows(&shop, FEW).await?;
            let surveys = surveys(&shop).await?;
            ensure!(surveys.len() == 1 && surveys[0].finished.is_some(), "{surveys:?}");
            ensure!(definitions(&shop).await?.number == 2, "it was written twice");
            Ok(deaths.made())
        })
    };
    let calls = killed(None)?;
    ensure!(calls > 150, "only {calls} calls");
    for (fault, every) in faults {
        for call in (0..calls).step_by(every) {
            killed(Some((fault, call))).with_context(|| format!("{fault:?} at call {call} of {calls}"))?;
        }
    }
    Ok(())
}
