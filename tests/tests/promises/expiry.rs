//! What has expired is removed from the table.

use std::time::Duration;

use anyhow::Result;
use cloud::clock::Clock;
use cloud::table::messages::MessageItem;
use domain::contact::Channel;
use domain::message::Code;
use domain::names::CustomerId;
use domain::time::{DAY, Timestamp};
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

fn message(code: &str, expires: Timestamp) -> Result<MessageItem> {
    Ok(MessageItem {
        code: Code::parse(code).ok_or_else(|| anyhow::anyhow!("no code: {code}"))?,
        customer: CustomerId::parse("c1")?,
        channel: Channel::Sms,
        to: "+819012345678".to_owned(),
        links: Vec::new(),
        asks_email: false,
        claimed_at: MORNING,
        attempt: "1".to_owned(),
        account: None,
        charge: None,
        outcome: None,
        expires,
    })
}

/// By the system's clock, as the embedded tables have no other.
#[test]
fn a_message_that_has_expired_is_gone_and_the_others_stay() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let now = Clock::system().now();
        let old = message("AAAAAAAAAAAA", now.plus(-DAY))?;
        let young = message("BBBBBBBBBBBB", now.plus(DAY))?;
        for message in [&old, &young] {
            shop.table.claim(message).await?;
        }
        assert!(shop.table.message(&old.code).await?.is_some());
        shop.stack.runtime.run()?;
        let removed = async {
            while shop.table.message(&old.code).await?.is_some() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(30), removed).await??;
        assert!(shop.table.message(&young.code).await?.is_some());
        Ok(())
    })
}
