//! An inbox that delivers each message one to five times, in any order.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use domain::time::Timestamp;
use local::runtime::Feed;
use local::sqs::{MAX_RECEIVE, Outgoing};
use local::stack::Stack;
use serde_json::json;

/// How often a message is delivered at most.
const TIMES: usize = 5;

/// By how many seconds a delivery is late at most: less than the watch that asks after a message.
const LATE_SECONDS: u32 = 600;

/// The attribute of messages that were multiplied.
const MULTIPLIED: &str = "multiplied";

pub(crate) struct Shuffle(Mutex<fastrand::Rng>);

impl Shuffle {
    pub(crate) fn by(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// Does all there is to do at this instant.
    pub(crate) async fn settle(&self, stack: &Stack, now: Timestamp) -> Result<()> {
        let feeds = stack.runtime.feeds();
        loop {
            let mut worked = 0;
            for feed in &feeds {
                loop {
                    if feed.function == "advance" {
                        self.multiply(stack, feed).await?;
                    }
                    let count = stack.runtime.poll(feed).await?;
                    worked += count;
                    if count == 0 {
                        break;
                    }
                }
            }
            if let Some(sandbox) = &stack.sandbox {
                worked += sandbox.act(now.seconds() * 1000).await;
            }
            if worked == 0 {
                return Ok(());
            }
        }
    }

    /// Puts back what lies in the queue: what is new in one to five copies, some of them late, and all in disorder.
    async fn multiply(&self, stack: &Stack, feed: &Feed) -> Result<()> {
        let queues = stack.runtime.region().queues();
        let received = queues.receive(&feed.queue, MAX_RECEIVE).await?;
        let receipts = received.iter().map(|message| message.receipt.clone()).collect();
        let mut outgoing = Vec::new();
        {
            let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for message in received {
                let new = !message.attributes.contains_key(MULTIPLIED);
                let copies = if new { random.usize(1..=TIMES) } else { 1 };
                for _ in 0..copies {
                    let late = new && random.bool();
                    outgoing.push(Outgoing {
                        body: message.body.clone(),
                        delay_seconds: late.then(|| random.u32(0..LATE_SECONDS)),
                        attributes: Some(json!({ MULTIPLIED: { "DataType": "String", "StringValue": "1" } })),
                    });
                }
            }
            random.shuffle(&mut outgoing);
        }
        queues.send(&feed.queue, outgoing).await?;
        Ok(queues.delete(&feed.queue, receipts).await?)
    }
}
