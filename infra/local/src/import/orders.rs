//! Rows of orders as `track` calls.

use csv::StringRecord;
use serde_json::{Value, json};

use super::cells::{Reject, currency, instant, optional, required, text, yen};
use super::header::Header;
use super::message_id::message_id;

const KNOWN: [&str; 5] = ["order_id", "customer_id", "ordered_at", "total", "currency"];

/// Which column is where.
pub(super) struct OrderColumns {
    order_id: usize,
    customer_id: usize,
    ordered_at: usize,
    total: usize,
    currency: Option<usize>,
}

impl OrderColumns {
    pub fn new(header: &Header, warnings: &mut Vec<String>) -> anyhow::Result<Self> {
        header.refuse_misspelt(&KNOWN)?;
        let columns = Self {
            order_id: header.require("order_id", &KNOWN)?,
            customer_id: header.require("customer_id", &KNOWN)?,
            ordered_at: header.require("ordered_at", &KNOWN)?,
            total: header.require("total", &KNOWN)?,
            currency: header.find("currency"),
        };
        let unused = header.others(&KNOWN).map(|(_, name)| {
            format!("{}: column `{name}` in line {} is not used", header.file(), header.line())
        });
        warnings.extend(unused);
        Ok(columns)
    }

    /// The order as a call. Its `messageId` follows from `order_id` alone: an order that was imported stays as it was.
    pub fn call(&self, cells: &StringRecord) -> Result<Value, Reject> {
        let order = required(cells, self.order_id, "order_id", text)?;
        let customer = required(cells, self.customer_id, "customer_id", text)?;
        let at = required(cells, self.ordered_at, "ordered_at", instant)?;
        let total = required(cells, self.total, "total", yen)?;
        optional(cells, self.currency, "currency", currency)?;
        Ok(json!({
            "type": "track",
            "event": "Order Completed",
            "userId": customer,
            "messageId": message_id("order", order),
            "timestamp": at,
            "properties": { "order_id": order, "total": total, "currency": "JPY" },
        }))
    }
}
