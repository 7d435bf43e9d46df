//! Counts of what people did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::people::Action;

/// Counts of what people did, once each however often it had to be tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleStats {
    /// Receipts that were taken.
    pub receipts: u64,
    /// Replies that were taken.
    pub replies: u64,
    /// Links followed by mail gateways.
    pub scans: u64,
    /// E-mails opened.
    pub opens: u64,
    /// Links followed.
    pub clicks: u64,
    /// Carts that were taken.
    pub checkouts: u64,
    /// Purchases that were taken.
    pub purchases: u64,
    /// Their worth in yen.
    pub bought_yen: u64,
    /// Scans, opens and clicks without a pixel or a link in the message.
    pub nothing_to_follow: u64,
    /// Carts and purchases of people whom the shop does not know.
    pub strangers: u64,
    /// Actions that failed and were put off.
    pub put_off: u64,
    /// Actions that failed too often.
    pub given_up: u64,
    /// Answers to scans, opens and clicks, by HTTP status.
    pub fetched: BTreeMap<u16, u64>,
    /// Answers to posts of receipts, replies and events, by HTTP status.
    pub posted: BTreeMap<u16, u64>,
}

impl PeopleStats {
    pub(crate) fn count(&mut self, action: Action) {
        match action {
            Action::Delivered | Action::Undelivered | Action::Bounced { .. } => self.receipts += 1,
            Action::Reply(_) => self.replies += 1,
            Action::Scan => self.scans += 1,
            Action::Open => self.opens += 1,
            Action::Click => self.clicks += 1,
            Action::StartCheckout { .. } => self.checkouts += 1,
            Action::Buy { amount_yen, .. } => {
                self.purchases += 1;
                self.bought_yen += u64::from(amount_yen);
            }
        }
    }
}
