//! What happens to customers reaches the targets of rules on the bus, the same each time it is told.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use domain::time::{DAY, Timestamp};
use local::events::Rule;
use local::faults::Fault;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);

/// Who bought within two days.
const RECENT: &str = "segment:
  name: recent
  when: { event: { name: Order Completed, within_days: 2 } }
";

const JOURNEY: &str = "journey:
  name: welcome
  purpose: marketing
  enter: { segment: recent }
  reentry: never
  steps:
    - add_to_audience: greeted
    - wait: 1d
    - remove_from_audience: greeted
";

type Heard = Arc<Mutex<Vec<Value>>>;

/// Has a target hear of all that Tsunagi says of customers.
fn listen(shop: &Shop) -> Result<Heard> {
    let heard = Heard::default();
    let sink = Arc::clone(&heard);
    let types = ["Segment Entered", "Segment Left", "Audience Entered", "Audience Left"];
    let rule = Rule {
        name: "webhook".to_owned(),
        bus: "Bus".to_owned(),
        pattern: json!({ "source": ["tsunagi"], "detail-type": types }),
        targets: vec!["webhook".to_owned()],
    };
    let sink = move |target: String, envelope: Value| {
        let sink = Arc::clone(&sink);
        let deliver: futures_util::future::BoxFuture<'static, Result<()>> = Box::pin(async move {
            ensure!(target == "webhook", "{target} is no target");
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(envelope);
            Ok(())
        });
        deliver
    };
    shop.stack.runtime.region().bus().wire(vec![rule], Arc::new(sink))?;
    Ok(heard)
}

fn take(heard: &Heard) -> Vec<Value> {
    std::mem::take(&mut heard.lock().unwrap_or_else(PoisonError::into_inner))
}

fn lines(heard: &[Value]) -> Vec<String> {
    let line = |event: &Value| {
        let detail = &event["detail"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{}: {} {}", text(&event["detail-type"]), detail["list"], text(&detail["id"]))
    };
    heard.iter().map(line).collect()
}

#[test]
fn entering_and_leaving_are_heard_of_by_segment_and_audience() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        shop.apply(&[RECENT, JOURNEY]).await?;
        shop.settle().await?;
        let heard = listen(&shop)?;
        let someone = Someone::willing(1);
        shop.take(&[someone.identify(MORNING), someone.order("first", MORNING, 3000)]).await?;
        shop.settle().await?;
        assert_eq!(
            lines(&take(&heard)),
            [
                r#"Segment Entered: {"segment":"recent"} c00001/segment/recent/1772413200/on"#,
                r#"Audience Entered: {"audience":"greeted"} c00001/audience/greeted/1772413200/on"#,
            ]
        );
        shop.pass(3 * DAY).await?;
        assert_eq!(
            lines(&take(&heard)),
            [
                r#"Audience Left: {"audience":"greeted"} c00001/audience/greeted/1772499600/off"#,
                r#"Segment Left: {"segment":"recent"} c00001/segment/recent/1772586000/off"#,
            ]
        );
        Ok(())
    })
}

/// `advance` dies once at each of its calls, before it and after: the news comes at least once, and always by one id.
#[test]
fn news_keeps_its_id_when_it_is_told_again() -> Result<()> {
    alone(async {
        let deaths = AtCall::of("advance");
        let mut shop = Shop::open(Opening { faults: Some(deaths.clone()), ..Opening::at(MORNING) }).await?;
        shop.apply(&[RECENT]).await?;
        shop.settle().await?;
        let heard = listen(&shop)?;
        let mut number = 0;
        let mut buy = async |shop: &mut Shop| {
            number += 1;
            let (someone, at) = (Someone::willing(number), shop.clock.now());
            shop.take(&[someone.order("first", at, 3000)]).await?;
            shop.pass(600).await?;
            anyhow::Ok(format!("{}/segment/recent/{}/on", someone.id, at.seconds()))
        };
        deaths.watch();
        let id = buy(&mut shop).await?;
        let once = take(&heard);
        ensure!(once.len() == 1 && once[0]["detail"]["id"] == id.as_str(), "{once:?}");
        let (calls, mut twice) = (deaths.made(), 0);
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            for call in 0..calls {
                deaths.arm(call, fault);
                let id = buy(&mut shop).await?;
                ensure!(deaths.made() > call, "call {call} was never made");
                let told = take(&heard);
                // Of the instant when it was written, however much later that is.
                let prefix = id.rsplitn(3, '/').nth(2).unwrap_or_default();
                ensure!(!told.is_empty(), "{fault:?} at call {call}: nothing was heard");
                let first = &told[0]["detail"]["id"];
                ensure!(first.as_str().is_some_and(|id| id.starts_with(prefix)), "{first}");
                ensure!(told.iter().all(|event| event["detail"]["id"] == *first), "{told:?}");
                twice += usize::from(told.len() > 1);
            }
        }
        ensure!(twice > 0, "nothing was ever told twice");
        Ok(())
    })
}
