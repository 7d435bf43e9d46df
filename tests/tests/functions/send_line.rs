//! `send-line` of a shop that has no account at LINE: its messages fail with a word for why, and its journeys go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use local::faults::{Fault, Faults};
use local::functions::Function;
use local::template;
use serde_json::json;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;
use crate::world::MORNING;

const JOURNEY: &str = "journey:
  name: shipped
  purpose: transactional
  enter: { event: Shipped }
  reentry: never
  steps:
    - line: { name: by-line, text: 発送しました }
    - branch:
        - { name: by SMS, when: { not: { sent: by-line } }, steps: [{ sms: { name: by-sms, text: 発送しました } }] }
";

/// The function as the template declares it, without the provider's variables: what a stack has whose parameters are left
/// at their defaults.
fn without_account(shop: &Shop) -> Result<Function> {
    let runtime = &shop.stack.runtime;
    let declared = runtime.template().functions.get("send-line").context("the template has send-line")?;
    let environment = declared.environment.iter().map(|(name, value)| {
        let empty = name.starts_with("LINE_PROVIDER");
        (name.clone(), if empty { String::new() } else { value.clone() })
    });
    let declared = template::Function {
        logical_id: declared.logical_id.clone(),
        timeout_seconds: declared.timeout_seconds,
        memory_mb: declared.memory_mb,
        environment: environment.collect(),
        sources: Vec::new(),
        role: declared.role.clone(),
        grants: BTreeSet::new(),
    };
    Function::start("send-line", &declared, runtime.region())
}

#[test]
fn without_an_account_the_journey_goes_on() -> Result<()> {
    alone(async {
        let dies = AtCall::of("send-line");
        let faults = Some(Arc::clone(&dies) as Arc<dyn Faults>);
        let mut shop = Shop::open(Opening { faults, ..Opening::at(MORNING) }).await?;
        shop.apply(&[JOURNEY]).await?;
        shop.settle().await?;
        let hana = Someone::willing(1);
        let mut identify = hana.identify(shop.clock.now());
        identify["traits"]["line_id"] = json!("U4af4980629f1b2c3d4e5f60718293a4b");
        // The one with a provider dies before it does anything, and leaves the task.
        dies.arm(0, Fault::KillBefore);
        shop.take(&[identify, hana.event("Shipped", "1", shop.clock.now(), &json!({}))]).await?;
        shop.settle().await?;
        let tasks = shop.stack.runtime.region().queues().peek("LineQueue", 10).await?;
        let [task] = tasks.as_slice() else { anyhow::bail!("{} tasks", tasks.len()) };
        let event = json!({ "Records": [{ "messageId": "1", "body": task.body, "attributes": {}, "messageAttributes": {} }] });
        let answer = without_account(&shop)?.batch(serde_json::from_value(event)?).await?;
        ensure!(answer.batch_item_failures.is_empty(), "{answer:?}");
        shop.pass(60).await?;
        let report = shop.report("shipped").await?;
        ensure!(report.steps[0].failed == 1 && report.is_complete(), "{report:?}");
        let by_sms: Vec<_> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        ensure!(by_sms == [hana.e164()], "{by_sms:?}");
        Ok(())
    })
}
