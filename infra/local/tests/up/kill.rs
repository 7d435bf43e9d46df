//! `kill -9` of `tsunagi up`, again and again in the middle of a campaign, and at the worst of moments: every message
//! reaches the provider once.

use std::time::Duration;

use crate::shop::Shop;

/// Customers, each of whom gets one message.
const CUSTOMERS: u32 = 10_000;

const KILLS: u32 = 20;

#[tokio::test]
async fn twenty_kills_in_a_campaign_of_ten_thousand_lose_and_repeat_nothing() {
    let mut shop = Shop::with_a_provider_apart();
    shop.import(CUSTOMERS).await;
    shop.apply();
    let mut random = fastrand::Rng::with_seed(1);
    // The kills are spread over the campaign: each comes at a random moment of its own share of the messages.
    let share = CUSTOMERS / (KILLS + 1);
    for kill in 0..KILLS {
        let enough = u64::from(kill * share + random.u32(0..share));
        shop.wait_until("messages are accepted", async |shop| shop.stats().await.accepted >= enough).await;
        tokio::time::sleep(Duration::from_millis(random.u64(0..300))).await;
        shop.kill();
    }
    let all = u64::from(CUSTOMERS);
    shop.wait_until("everyone is accounted for", async |shop| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let report = shop.report();
        report.audience == all && report.delivered + report.unknown == all && shop.queued().is_empty()
    })
    .await;
    let (report, stats) = (shop.report(), shop.stats().await);
    // The provider can be asked, so nothing needs to stay unknown.
    assert_eq!((report.sent, report.unknown, report.failed, report.skipped), (all, 0, 0, 0), "{report:?}");
    assert_eq!((stats.accepted, stats.distinct, stats.duplicates), (all, all, 0), "{stats:?}");
}

/// The provider dies with the process that asked it, and still knows afterwards what it accepted.
#[tokio::test]
async fn a_kill_between_acceptance_and_record_repeats_nothing() {
    let mut shop = Shop::with_faults(r#"{"unanswered":1.0}"#);
    shop.import(1).await;
    shop.apply();
    shop.wait_until("the message is accepted", async |shop| shop.stats().await.accepted == 1).await;
    let accepted = shop.provider("/inbox").await;
    shop.kill();
    shop.wait_until("its outcome is known", async |shop| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shop.report().delivered == 1 && shop.queued().is_empty()
    })
    .await;
    let (report, stats) = (shop.report(), shop.stats().await);
    assert_eq!((report.audience, report.sent, report.unknown), (1, 1, 0), "{report:?}");
    assert_eq!((stats.accepted, stats.distinct, stats.duplicates), (1, 1, 0), "{stats:?}");
    let listed = shop.provider("/inbox").await;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["times"]), (Some(1), &1.into()), "{listed}");
    // The acceptance that it had before, not one of later.
    for field in ["id", "to", "accepted_at"] {
        assert_eq!(listed[0][field], accepted[0][field], "{field}");
    }
}
