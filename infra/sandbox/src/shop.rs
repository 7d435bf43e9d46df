//! The shop in which people fill carts and buy.

use std::sync::Arc;

use domain::time::Timestamp;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::chance::hash;
use crate::listing::Channel;

/// Takes one purchase; false means it did not, and is asked again later.
pub type PurchaseSink = Arc<dyn Fn(Purchase) -> BoxFuture<'static, bool> + Send + Sync>;
/// Finds the shop's user id of a number or address.
pub type UserIds = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where carts and purchases go.
#[derive(Clone)]
pub enum Shop {
    /// Nowhere: nobody buys.
    Nothing,
    /// To a function of the caller's.
    Sink(PurchaseSink),
    /// To the product's ingest API, `{callback_url}/v1/batch`, as Segment's e-commerce events.
    Ingest {
        /// The write key, sent as the user of Basic authentication.
        write_key: String,
        /// Who is behind an address; purchases of strangers are dropped and counted.
        user_ids: UserIds,
    },
}

/// A cart or a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The person's number or address.
    pub address: String,
    /// How the message came that this follows.
    pub channel: Channel,
    /// That message.
    pub reference: String,
    /// Cart or purchase.
    pub kind: PurchaseKind,
    /// When.
    pub at: Timestamp,
    /// Its worth in yen.
    pub amount_yen: u32,
    /// The order: a cart and the purchase it ends in have the same.
    pub order_id: String,
}

/// Cart or purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PurchaseKind {
    /// Someone begins to pay.
    CheckoutStarted,
    /// Someone has paid.
    Bought,
}

impl Purchase {
    /// The order of a purchase that follows `reference`, or is spontaneous after it.
    pub(crate) fn order_id(seed: u64, channel: Channel, reference: &str, spontaneous: bool) -> String {
        let why = if spontaneous { "spontaneous" } else { "followed" };
        format!("sandbox-{:016x}", hash(seed, &["order", why, channel.name(), reference]))
    }

    /// The call to Segment's HTTP tracking API: <https://segment.com/docs/connections/spec/ecommerce/v2/>.
    pub fn track(&self, user_id: &str) -> Value {
        let (event, amount, ends) = match self.kind {
            PurchaseKind::CheckoutStarted => ("Checkout Started", "value", "checkout"),
            PurchaseKind::Bought => ("Order Completed", "total", "order"),
        };
        json!({
            "type": "track",
            "userId": user_id,
            "event": event,
            "messageId": format!("{}-{ends}", self.order_id),
            "timestamp": self.at.to_string(),
            "properties": { "order_id": self.order_id, amount: self.amount_yen, "currency": "JPY" },
        })
    }
}
