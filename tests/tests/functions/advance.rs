//! `advance`: one message that can't be handled hurts no other, and what was given up may be driven back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use cloud::batch::RECEIVES_LIMIT;
use cloud::inbox::Inbox;
use domain::event::{Event, EventId, Properties};
use domain::input::{Input, SendTask};
use domain::message::Code;
use domain::money::Yen;
use domain::names::CustomerId;
use domain::time::DAY;
use local::faults::{Call, Fault, Faults};
use local::sqs::Outgoing;
use serde::Serialize;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop};

const INBOX: &str = "InboxQueue";
const DEAD: &str = "InboxDeadLetters";

/// Longer than a message is tried again.
const GIVEN_UP: i64 = 3600;

async fn put(shop: &Shop, queue: &str, bodies: Vec<String>) -> Result<()> {
    let outgoing = bodies.into_iter().map(|body| Outgoing { body, ..Outgoing::default() }).collect();
    shop.stack.runtime.region().queues().send(queue, outgoing).await?;
    Ok(())
}

fn text(message: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(message)?)
}

fn id(number: u32) -> Result<CustomerId> {
    Ok(CustomerId::parse(&Someone::willing(number).id)?)
}

fn viewed(number: u32) -> Result<Inbox> {
    let event = Event {
        id: EventId::of("view"),
        name: "Page Viewed".to_owned(),
        at: MORNING,
        yen: Yen(0),
        properties: Properties::new(),
    };
    Ok(Inbox::new(id(number)?, vec![Input::Track { event }]))
}

/// Writes a document that no version of the product wrote.
async fn spoil(shop: &Shop, number: u32) -> Result<()> {
    let runtime = &shop.stack.runtime;
    let client = aws_sdk_dynamodb::Client::new(&runtime.region().sdk_config("test"));
    let table = runtime.template().tables.keys().next().context("the template has no table")?;
    let key = |text: String| AttributeValue::S(text);
    let request = client.update_item().table_name(table).update_expression("SET doc = :doc");
    let request = request.key("pk", key(format!("C#{}", id(number)?))).key("sk", key("customer".to_owned()));
    let doc = r#"{"id":"c00001","traits":"秘密の花子"}"#.to_owned();
    request.expression_attribute_values(":doc", key(doc)).send().await?;
    Ok(())
}

async fn viewed_by(shop: &Shop, number: u32) -> Result<bool> {
    let stored = shop.table.customer(&id(number)?).await?.context("a customer is gone")?;
    Ok(stored.customer.events.contains_key("Page Viewed"))
}

/// In one batch: what is no message, one for a customer whose document does not read, and two that are well.
#[test]
fn a_poison_message_hurts_no_other() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop(Opening::at(MORNING), 3).await?;
        spoil(&shop, 1).await?;
        let bodies = [text(&viewed(0)?)?, "{\"v\":1,".to_owned(), text(&viewed(1)?)?, text(&viewed(2)?)?];
        put(&shop, INBOX, bodies.to_vec()).await?;
        let task = |number| text(&SendTask { customer: id(number)?, code: code()? });
        put(&shop, "SmsQueue", vec![task(1)?, task(2)?]).await?;
        shop.settle().await?;
        for number in [0, 2] {
            ensure!(viewed_by(&shop, number).await?, "customer {number} waits for another one's message");
        }
        let queues = shop.stack.runtime.region().queues();
        let waiting = queues.peek("SmsQueue", 10).await?;
        ensure!(waiting.len() == 1 && waiting[0].body.contains("c00001"), "{waiting:?}");
        let unreadable = queues.peek(DEAD, 10).await?;
        ensure!(unreadable.len() == 1 && unreadable[0].body == bodies[1], "{unreadable:?}");

        shop.pass(GIVEN_UP).await?;
        let mut causes = Vec::new();
        for letter in shop.dead_letters().await? {
            causes.push(letter.attributes["cause"]["StringValue"].as_str().unwrap_or_default().to_owned());
        }
        causes.sort();
        let document = "a customer's document does not read at line 1 column 41";
        let cut_off = "a message of the inbox does not read at line 1 column 7";
        ensure!(causes == [document, document, cut_off], "{causes:?}");

        // A definition reaches everyone else all the same.
        shop.apply(&["segment:\n  name: bought\n  when: { event: { name: Order Completed } }\n"]).await?;
        shop.settle().await?;
        let member = async |number| -> Result<bool> {
            let stored = shop.table.customer(&id(number)?).await?.context("a customer is gone")?;
            Ok(stored.customer.segments.keys().any(|name| name.to_string() == "bought"))
        };
        ensure!(
            member(0).await? && member(2).await?,
            "a recomputation stopped at a document that does not read"
        );
        Ok(())
    })
}

fn code() -> Result<Code> {
    Code::parse("Unknown00000").context("a code")
}

/// The queue of SMS takes nothing: `advance` dies of it, and the last time it is told so.
#[derive(Default)]
struct SmsDown {
    down: AtomicBool,
    deliveries: AtomicU32,
}

impl Faults for SmsDown {
    fn on(&self, call: &Call) -> Fault {
        let sends = call.function == "advance" && call.key.starts_with("SmsQueue/");
        if !sends || !self.down.load(Ordering::Relaxed) {
            Fault::None
        } else if self.deliveries.load(Ordering::Relaxed) < RECEIVES_LIMIT {
            Fault::KillBefore
        } else {
            Fault::Throttle
        }
    }

    fn batch(&self, function: &str, deliveries: u32) {
        if function == "advance" {
            self.deliveries.store(deliveries, Ordering::Relaxed);
        }
    }
}

/// A timer is given up after its customer was written and before its SMS was asked for. Driven back before or after the
/// watch asked for it, and twice: the SMS leaves once.
#[test]
fn what_is_driven_back_sends_nothing_twice() -> Result<()> {
    for driven_back_first in [true, false] {
        alone(async {
            let faults = Arc::new(SmsDown::default());
            let opening = Opening { faults: Some(faults.clone()), ..Opening::at(MORNING) };
            let mut shop = lapsed_shop(opening, 1).await?;
            faults.down.store(true, Ordering::Relaxed);
            shop.pass(DAY + GIVEN_UP).await?;
            faults.down.store(false, Ordering::Relaxed);
            ensure!(shop.accepted()?.is_empty(), "the queue was not down");
            let queues = Arc::clone(shop.stack.runtime.region().queues());
            let letters = queues.peek(DEAD, 10).await?;
            ensure!(!letters.is_empty(), "nothing was given up");
            for letter in &letters {
                let cause = letter.attributes["cause"]["StringValue"].as_str().unwrap_or_default();
                ensure!(cause.starts_with("sending to a queue"), "{cause}");
            }
            if !driven_back_first {
                shop.pass(DAY / 2).await?;
                ensure!(shop.accepted()?.len() == 1, "the watch did not ask for the SMS");
            }
            for _ in 0..2 {
                let back = letters.iter().map(|letter| Outgoing {
                    body: letter.body.clone(),
                    delay_seconds: None,
                    attributes: Some(letter.attributes.clone().into_iter().collect()),
                });
                queues.send(INBOX, back.collect()).await?;
                shop.settle().await?;
                ensure!(
                    shop.accepted()?.len() == 1,
                    "{} SMS after a letter was driven back",
                    shop.accepted()?.len()
                );
            }
            shop.pass(3 * DAY).await?;
            let report = shop.report("one-sms").await?;
            ensure!((report.total.sent, report.total.delivered, report.unknown) == (1, 1, 0), "{report:?}");
            ensure!(shop.sandbox()?.stats().duplicates == 0, "the provider was asked twice");
            Ok(())
        })?;
    }
    Ok(())
}

/// What a function asks of the table, the template allows it.
#[test]
fn what_advance_asks_of_the_table_is_allowed() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop(Opening::at(MORNING), 2).await?;
        shop.pass(2 * DAY).await?;
        // Twice the same, so that there is nothing to write.
        for _ in 0..2 {
            put(&shop, INBOX, vec![text(&viewed(0)?)?]).await?;
            shop.settle().await?;
        }
        let forbidden = shop.forbidden();
        ensure!(forbidden.is_empty(), "allow it in Policies: {forbidden:?}");
        ensure!(shop.used().0["advance"].dynamodb.contains_key("GetItem"), "nothing was read again");
        Ok(())
    })
}
